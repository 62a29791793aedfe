"""The policy pack's configuration, read, merged and checked as the engine does.

Source: pulumi `pkg/resource/analyzer/config.go` (v3.259.0); the sentences of a refused value are gojsonschema's, which
the engine shows. Keywords of JSON schema that no policy here uses (references, formats) are not checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LEVELS = ("advisory", "mandatory", "remediate", "disabled")

Schema = Mapping[str, object]


@dataclass(frozen=True)
class PolicyConfig:
    """One policy's enforcement level (empty: not given) and properties."""

    level: str = ""
    properties: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class PolicyInfo:
    """What a pack says of one policy: its name, level and the schema of its configuration."""

    name: str
    level: str
    properties: Mapping[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()


class PackConfigError(Exception):
    """The configuration is refused; the message is one sentence that names the place and the value."""


def load(source: str | Path | Mapping[str, object] | None) -> dict[str, PolicyConfig]:
    """Read a `--policy-pack-config` file, or take the same content as a mapping. Raises PackConfigError."""
    if source is None:
        return {}
    if isinstance(source, Mapping):
        return _parse(source, "the policy pack configuration")
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackConfigError(f"the policy pack configuration {path} cannot be read: {_reason(error)}") from None
    if not text.strip():
        return {}
    try:
        content = json.loads(text)
    except ValueError as error:
        raise PackConfigError(f"the policy pack configuration {path} is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise PackConfigError(f"the policy pack configuration {path} must be a JSON object")
    return _parse(content, f"the policy pack configuration {path}")


def with_files(
    config: Mapping[str, PolicyConfig], policies: Iterable[str], options: Mapping[str, Sequence[str | Path]]
) -> dict[str, PolicyConfig]:
    """The configuration with more files in the lists of some options, for these policies.

    The pack runs in its own folder, so the paths become absolute. Raises PackConfigError for one that is not there: a role
    may not be asked for, and nobody would hear of it.
    """
    for file in (file for files in options.values() for file in files):
        if not Path(file).exists():
            raise PackConfigError(f"there is no file or folder {file}")
    more = {name: [str(Path(file).resolve()) for file in files] for name, files in options.items() if files}
    found = dict(config)
    for policy in policies if more else ():
        own = found.get(policy, PolicyConfig())
        lists = {name: [*_listed(own.properties.get(name)), *items] for name, items in more.items()}
        found[policy] = PolicyConfig(own.level, {**own.properties, **lists})
    return found


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def reconcile(
    policies: Sequence[PolicyInfo], initial: Mapping[str, PolicyConfig], given: Mapping[str, PolicyConfig]
) -> dict[str, PolicyConfig]:
    """Lay the given configuration over the pack's initial one and the schemas' defaults, and check the result.

    Raises PackConfigError for a value that a schema refuses, and for a policy that is configured but is not in the pack
    (the engine refuses that too, but only where no level is given, and then without a name).
    """
    result = {
        info.name: PolicyConfig(
            info.level, {key: schema["default"] for key, schema in info.properties.items() if "default" in schema}
        )
        for info in policies
    }
    names = set(result)
    for layer in (initial, given):
        unknown = sorted(set(layer) - names - {"all"})
        if unknown:
            raise PackConfigError(
                f"the policy pack configuration names {', '.join(unknown)}, which the pack does not have "
                f"(it has {', '.join(sorted(names))})"
            )
        everywhere = layer.get("all", PolicyConfig()).level
        for name, config in result.items():
            own = layer.get(name, PolicyConfig())
            level = own.level or everywhere or config.level
            result[name] = PolicyConfig(level, {**config.properties, **own.properties})
    problems = [
        f"{info.name}: {problem}"
        for info in policies
        for problem in violations(
            {"type": "object", "properties": info.properties, "required": list(info.required)},
            dict(result[info.name].properties),
        )
    ]
    if problems:
        raise PackConfigError(f"validating policy config: {'; '.join(sorted(problems))}")
    return result


def _parse(content: Mapping[str, object], where: str) -> dict[str, PolicyConfig]:
    result: dict[str, PolicyConfig] = {}
    for name, value in content.items():
        if name == "environments":
            raise PackConfigError(f"{where} names Pulumi ESC environments, which need Pulumi Cloud")
        if isinstance(value, str):
            level, properties = value, {}
        elif isinstance(value, Mapping):
            properties = {key: item for key, item in value.items() if key != "enforcementLevel"}
            level = value.get("enforcementLevel", "")
            if not isinstance(level, str):
                raise PackConfigError(f"{where}: parsing enforcement level for {name!r}: {level!r} must be a string")
        else:
            raise PackConfigError(
                f"{where}: parsing {name!r}: {value!r} is not a valid value; must be a string or object"
            )
        if (level or isinstance(value, str) or "enforcementLevel" in value) and level not in LEVELS:
            raise PackConfigError(
                f"{where}: parsing enforcement level for {name!r}: {level!r} is not a valid enforcement level"
            )
        result[name] = PolicyConfig(level, properties)
    return result


def violations(schema: Schema, value: object, path: str = "") -> Iterator[str]:
    """Give a sentence for each place where `value` does not fit a JSON schema."""
    at = f"{path}: " if path else ""
    expected = schema.get("type")
    types = [expected] if isinstance(expected, str) else expected if isinstance(expected, list) else []
    if types and not any(_is_type(value, str(kind)) for kind in types):
        yield f"{at}Invalid type. Expected: {'/'.join(map(str, types))}, given: {_type_of(value)}"
        return
    allowed = schema.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        yield f"{at}{path or '(root)'} must be one of the following: {', '.join(json.dumps(item) for item in allowed)}"
    if "const" in schema and value != schema["const"]:
        yield f"{at}{path or '(root)'} does not match: {json.dumps(schema['const'])}"
    if isinstance(value, str):
        yield from (at + text for text in _of_text(schema, value))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from (at + text for text in _of_number(schema, value))
    elif isinstance(value, list):
        yield from _of_list(schema, value, path, at)
    elif isinstance(value, dict):
        yield from _of_object(schema, value, path, at)
    for keyword, sentence in (
        ("anyOf", "Must validate at least one schema (anyOf)"),
        ("oneOf", "Must validate one and only one schema (oneOf)"),
        ("allOf", "Must validate all the schemas (allOf)"),
    ):
        options = schema.get(keyword)
        if isinstance(options, list):
            fitting = sum(1 for option in options if not any(violations(option, value)))
            enough = {"anyOf": fitting > 0, "oneOf": fitting == 1, "allOf": fitting == len(options)}[keyword]
            if not enough:
                yield at + sentence


def _of_text(schema: Schema, value: str) -> Iterator[str]:
    shortest, longest, pattern = schema.get("minLength"), schema.get("maxLength"), schema.get("pattern")
    if isinstance(shortest, (int, float)) and len(value) < shortest:
        yield f"String length must be greater than or equal to {shortest:g}"
    if isinstance(longest, (int, float)) and len(value) > longest:
        yield f"String length must be less than or equal to {longest:g}"
    if isinstance(pattern, str) and not re.search(pattern, value):
        yield f"Does not match pattern '{pattern}'"


def _of_number(schema: Schema, value: float) -> Iterator[str]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if isinstance(least, (int, float)) and value < least:
        yield f"Must be greater than or equal to {least:g}"
    if isinstance(most, (int, float)) and value > most:
        yield f"Must be less than or equal to {most:g}"


def _of_list(schema: Schema, value: list[object], path: str, at: str) -> Iterator[str]:
    fewest, most, items = schema.get("minItems"), schema.get("maxItems"), schema.get("items")
    if isinstance(fewest, (int, float)) and len(value) < fewest:
        yield f"{at}Array must have at least {fewest:g} items"
    if isinstance(most, (int, float)) and len(value) > most:
        yield f"{at}Array must have at most {most:g} items"
    if schema.get("uniqueItems") is True:
        for second, item in enumerate(value):
            if item in value[:second]:
                yield f"{at}array items[{value.index(item)},{second}] must be unique"
    if isinstance(items, Mapping):
        for index, item in enumerate(value):
            yield from violations(items, item, f"{path}.{index}" if path else str(index))


def _of_object(schema: Schema, value: Mapping[str, object], path: str, at: str) -> Iterator[str]:
    known, required, further = schema.get("properties"), schema.get("required"), schema.get("additionalProperties")
    known = known if isinstance(known, Mapping) else {}
    for key in required if isinstance(required, list) else []:
        if key not in value:
            yield f"{at}{key} is required"
    for key, item in value.items():
        inner = f"{path}.{key}" if path else key
        if key in known:
            yield from violations(known[key], item, inner)
        elif further is False:
            yield f"{at}Additional property {key} is not allowed"
        elif isinstance(further, Mapping):
            yield from violations(further, item, inner)


def _is_type(value: object, kind: str) -> bool:
    given = _type_of(value)
    return given == kind or (kind == "number" and given == "integer")


def _type_of(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if float(value).is_integer() else "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
