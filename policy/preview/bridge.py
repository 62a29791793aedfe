"""What the bridge between Terraform providers and Pulumi does to property values.

pulumi-aws is bridged: it shows a document in Terraform's normal form, and of a list that is not wholly known nothing.
Sources: pulumi-terraform-bridge (`TestUnknowns` in pkg/tfbridge/provider_test.go, `__defaults` in schema.go),
terraform-provider-aws (internal/verify/json.go); tests/recordings shows both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from .properties import SIGNATURE, UNKNOWN, Properties, as_secret, inside, is_secret, is_unknown, reveal

DEFAULTS: Final = "__defaults"
"""Where each object of the inputs names those of its properties that the bridge filled in."""

# Properties that hold the user's own keys: they are no objects to the bridge.
_MAPS: Final = frozenset(
    ("additionalVersionWeights", "endpoints", "environmentVariables", "tags", "tagsAll", "variables")
)

Change = Callable[[object], object]


def changed(properties: Properties, path: str, change: Change) -> dict[str, object]:
    """Give properties with what stands at a dotted path changed, in each element of a list on the way."""
    key, _, rest = path.partition(".")
    if key not in properties:
        return dict(properties)

    def inner(value: object) -> object:
        if isinstance(value, list):
            return [inside(item, inner) for item in value]
        return changed(value, rest, change) if isinstance(value, dict) else value

    return {**properties, key: inside(properties[key], inner if rest else change)}


def mark_defaults(properties: Properties) -> dict[str, object]:
    """Give each object inside of the properties its list of defaults, empty where it has none."""

    def marked(value: object) -> object:
        if isinstance(value, list):
            return [inside(item, marked) for item in value]
        return {DEFAULTS: [], **mark_defaults(value)} if isinstance(value, dict) and SIGNATURE not in value else value

    return {key: value if key in _MAPS else inside(value, marked) for key, value in properties.items()}


def without_defaults(properties: Properties) -> dict[str, object]:
    """Take the lists of defaults out: only inputs have them."""

    def plain(value: object) -> object:
        if isinstance(value, list):
            return [plain(item) for item in value]
        return without_defaults(value) if isinstance(value, dict) else value

    return {key: plain(value) for key, value in properties.items() if key != DEFAULTS}


def whole_lists(value: object) -> object:
    """Make each list with an unknown element unknown as a whole; an object with an unknown property stays.

    Terraform does so for sets and lists alike: how many elements there are in the end is not known.
    """
    if is_secret(value):
        return inside(value, whole_lists)
    if isinstance(value, list):
        if any(is_unknown(reveal(item)) for item in value):
            return as_secret(UNKNOWN) if any(map(is_secret, value)) else UNKNOWN
        return [whole_lists(item) for item in value]
    if isinstance(value, dict) and SIGNATURE not in value:
        return {key: whole_lists(item) for key, item in value.items()}
    return value


def sorted_document(document: object) -> object:
    """Give a JSON text as Terraform's `NormalizeJsonString` does: keys sorted, no white space. Other text stays."""
    content = _content(document)
    return document if content is None else _go_json(content)


def versioned_document(document: object) -> object:
    """Give a policy document as the AWS provider's `LegacyPolicyNormalize` does: so, but with its version first."""
    content = _content(document)
    if content is None or content.get("Version") != "2012-10-17":
        return sorted_document(document)
    rest = _go_json({key: value for key, value in content.items() if key != "Version"})
    return '{"Version":"2012-10-17"' + ("," if len(content) > 1 else "") + rest[1:]


def document_text(document: object) -> object:
    """Give the JSON text of a document that is an object: unknown as a whole where a part is, secret where any is."""
    secret, unknown = False, False

    def plain(value: object) -> object:
        nonlocal secret, unknown
        secret |= is_secret(value)
        value = reveal(value)
        unknown |= is_unknown(value)
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    text = json.dumps(plain(document), separators=(",", ":"), sort_keys=True)
    result = UNKNOWN if unknown else text
    return as_secret(result) if secret else result


def _content(document: object) -> dict[str, object] | None:
    try:
        content = json.loads(document, parse_float=_number) if isinstance(document, str) else None
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _number(text: str) -> float | int:
    return int(value) if (value := float(text)).is_integer() else value


def _go_json(content: object) -> str:
    """Write JSON as Go does, which escapes what HTML would take for markup, and no letters."""
    text = json.dumps(content, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
