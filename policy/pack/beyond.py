"""What the configuration says of the world beyond the stack: where roles are on record, and the organization's SCPs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from policy.outside.lookup import DEFAULT_TIMEOUT, Lookup

DEFAULT_MAX_AGE: Final = 7
"""Days after which a record shows holes, and no longer that there is none."""

_TEXT: Final[dict[str, Any]] = {"type": "string", "minLength": 1}
KNOWN_ROLES: Final[dict[str, dict[str, Any]]] = {
    "known_stacks": {
        "type": "array",
        "items": _TEXT,
        "description": "exports of other stacks, folders of them, or a file backend's folder: their roles are judged so",
    },
    "known_roles": {
        "type": "array",
        "items": {
            "type": ["string", "object"],
            "properties": {
                "file": _TEXT,
                "as_of": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
            },
            "required": ["file"],
            "additionalProperties": False,
        },
        "description": "files of `aws iam get-account-authorization-details`: roles outside the stack are judged by them",
    },
    "known_roles_max_age": {
        "type": "number",
        "minimum": 0,
        "description": "days after which what is on record shows holes only, and not that there is none; 7",
    },
    "lookup": {
        "type": "string",
        "enum": ["aws"],
        "description": "with `aws`, roles outside the stack are looked up in the account that the credentials are of",
    },
    "lookup_timeout": {
        "type": "number",
        "minimum": 0,
        "description": "seconds that all look-ups of a run may take; 10",
    },
    "lookup_profile": {**_TEXT, "description": "profile of the AWS configuration that looks roles up"},
    "lookup_role": {**_TEXT, "description": "ARN of a role to assume for it"},
    "lookup_endpoint": {**_TEXT, "description": "URL that IAM and STS are asked at, instead of AWS's own"},
}
ORGANIZATION: Final[dict[str, dict[str, Any]]] = {
    "service_control_policies": {
        "type": "array",
        "items": {"type": "array", "items": {"type": ["string", "object"]}},
        "description": "the organization's SCPs, by level from the root to the account: files, or the policies themselves",
    },
}


@dataclass(frozen=True, slots=True)
class KnownRoles:
    """A file of an account's details, and of which day it is, where that is told."""

    file: str
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Beyond:
    """Where roles outside the stack are on record, and what binds all roles. `max_age` is in days."""

    known_stacks: tuple[str, ...] = ()
    known_roles: tuple[KnownRoles, ...] = ()
    max_age: float = DEFAULT_MAX_AGE
    lookup: Lookup | None = None
    service_control_policies: tuple[tuple[str, ...], ...] = ()


NOTHING: Final = Beyond()

Problem = Callable[[str, str], None]
"""Takes the path of an option, and what is wrong there."""


def read_beyond(config: Mapping[str, Any], problem: Problem) -> Beyond:
    """Read these options. What is wrong is told, and has no effect."""
    known = _list(config, "known_roles", problem)
    levels = _list(config, "service_control_policies", problem)
    max_age = _number(config, "known_roles_max_age", DEFAULT_MAX_AGE, problem)
    return Beyond(
        _texts(config, "known_stacks", problem),
        tuple(k for i, item in enumerate(known) if (k := _known(item, f"known_roles[{i}]", problem)) is not None),
        max_age,
        _lookup(config, problem),
        tuple(_level(item, f"service_control_policies[{i}]", problem) for i, item in enumerate(levels)),
    )


def _known(item: object, path: str, problem: Problem) -> KnownRoles | None:
    if isinstance(item, str) and item:
        return KnownRoles(item)
    if not isinstance(item, Mapping) or not isinstance(item.get("file"), str) or not item["file"]:
        problem(path, f"must be the path of a file, or an object with file and as_of, not {item!r}")
        return None
    for name in sorted(set(item) - {"file", "as_of"}):
        problem(f"{path}.{name}", "is not known; there are file and as_of")
    if "as_of" not in item:
        return KnownRoles(item["file"])
    try:
        return KnownRoles(item["file"], date.fromisoformat(item["as_of"]))
    except (TypeError, ValueError):
        problem(f"{path}.as_of", f"must be a day like 2026-12-31, not {item['as_of']!r}")
        return KnownRoles(item["file"])


def _lookup(config: Mapping[str, Any], problem: Problem) -> Lookup | None:
    timeout = _number(config, "lookup_timeout", DEFAULT_TIMEOUT, problem)
    texts = {name: text_option(config, f"lookup_{name}", problem) for name in ("profile", "role", "endpoint")}
    if "lookup" not in config:
        return None
    if config["lookup"] != "aws":
        problem("lookup", f'must be "aws", not {config["lookup"]!r}')
        return None
    return Lookup(timeout, **texts)


def _level(value: object, path: str, problem: Problem) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        problem(path, f"must be a list of files or policies, not {value!r}")
        return ()
    found = []
    for i, item in enumerate(value):
        if isinstance(item, Mapping):
            found.append(json.dumps(item))
        elif isinstance(item, str) and item:
            found.append(item)
        else:
            problem(f"{path}[{i}]", f"must be a file or a policy, not {item!r}")
    return tuple(found)


def _list(config: Mapping[str, Any], name: str, problem: Problem) -> list[Any] | tuple[Any, ...]:
    value = config.get(name, [])
    if isinstance(value, list | tuple):
        return value
    problem(name, f"must be a list, not {value!r}")
    return []


def _texts(config: Mapping[str, Any], name: str, problem: Problem) -> tuple[str, ...]:
    found = []
    for i, item in enumerate(_list(config, name, problem)):
        if isinstance(item, str) and item:
            found.append(item)
        else:
            problem(f"{name}[{i}]", f"must be the path of a file or a folder, not {item!r}")
    return tuple(found)


def _number(config: Mapping[str, Any], name: str, default: float, problem: Problem) -> float:
    value = config.get(name, default)
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return value
    problem(name, f"must be a number, and not below 0, not {value!r}")
    return default


def text_option(config: Mapping[str, Any], name: str, problem: Problem) -> str:
    """An option that is a text; empty where it is not given, or is none, which is told."""
    value = config.get(name)
    if isinstance(value, str) and value:
        return value
    if name in config:
        problem(name, f"must be a text, not {value!r}")
    return ""
