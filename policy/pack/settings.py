"""The configuration of the policies, as JSON schemas for the engine, and read into typed settings.

The engine refuses what the schema refuses. What no schema can (an impossible date, an unknown key: the SDK's schemas are
open) is a problem here: it is told, and the entry has no effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from policy.iam.matching import glob
from policy.iam.search import keys
from policy.iam.search.actions import KEPT_FROM_CODE
from policy.pack.beyond import KNOWN_ROLES, NOTHING, ORGANIZATION, Beyond, read_beyond, text_option
from policy.shared import names

_ENTRY: Final[dict[str, Any]] = {
    "match": {
        "type": "string",
        "minLength": 1,
        "description": "URN or name of a function, role or policy resource; `*` and `?` are wildcards",
    },
    "reason": {"type": "string", "minLength": 1, "description": "why; it is shown whenever the entry has an effect"},
    "until": {
        "type": "string",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        "description": "last day (UTC) on which the entry has an effect, YYYY-MM-DD",
    },
}
_ENTRIES: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": _ENTRY,
        "required": ["match", "reason"],
        "additionalProperties": False,
    },
}

EXEMPTIONS: Final[dict[str, dict[str, Any]]] = {
    "exemptions": {
        **_ENTRIES,
        "description": "what is accepted, by function, role or policy resource, each with a reason",
    },
    "exemption_tag": {
        "type": "string",
        "minLength": 1,
        "description": "key of a tag that exempts what has it, with `reason` or `reason; until=YYYY-MM-DD` for its value",
    },
}
EVERY_ACTION: Final = "all"
ACTIONS: Final[dict[str, dict[str, Any]]] = {
    "actions": {
        "type": ["array", "string"],
        "minItems": 1,
        "items": {"type": "string"},
        "pattern": f"^{EVERY_ACTION}$",
        "description": (
            f'the EC2 actions that code must not have, or "{EVERY_ACTION}" for every one on network interfaces; replaces '
            + ", ".join(KEPT_FROM_CODE)
        ),
    },
}
ELSEWHERE: Final[dict[str, dict[str, Any]]] = {
    "guarded_elsewhere": {
        **_ENTRIES,
        "description": "roles that something outside the stack guards, for example an SCP; `*` for the whole stack",
    },
}
SCOPE: Final[dict[str, dict[str, Any]]] = {
    "event_sources": {
        "type": "boolean",
        "description": "whether functions with an event source in a VPC (MSK, Kafka, MQ, DocumentDB) are judged; true",
    },
}
DO_NOT_GUARD: Final = "do not guard"
MAY_GUARD: Final = "may guard"
UNKNOWN_DOCUMENTS: Final[dict[str, dict[str, Any]]] = {
    "unknown_documents": {
        "type": "string",
        "enum": [DO_NOT_GUARD, MAY_GUARD],
        "description": (
            "whether a policy that is not known before the update excuses an open role: with `may guard` always, else only "
            "one that is made from the role, from a function on it, or from outside the stack"
        ),
    },
}
REMEDIATION: Final[dict[str, dict[str, Any]]] = {
    "remediate_standalone": {
        "type": "boolean",
        "description": "whether level `remediate` also guards policies that are not part of a role; false",
    },
}


_OF_THE_STACK: Final = {
    **ACTIONS, **EXEMPTIONS, **ELSEWHERE, **ORGANIZATION, **SCOPE, **UNKNOWN_DOCUMENTS, **KNOWN_ROLES,
}  # fmt: skip
# The options that each policy reads from its configuration.
OPTIONS: Final[Mapping[str, Mapping[str, dict[str, Any]]]] = {
    names.ROLE_GUARD: {**ACTIONS, **EXEMPTIONS, **ELSEWHERE, **ORGANIZATION, **REMEDIATION},
    **dict.fromkeys(names.STACK_POLICIES, _OF_THE_STACK),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An exemption, or, with `elsewhere`, a role that something outside the stack guards."""

    match: str
    reason: str
    until: date | None = None
    elsewhere: bool = False
    # The key of the tag that it is from, if it is from one; `match` is then the URN of the tagged resource.
    tag: str = ""

    def matches(self, *names: str) -> bool:
        """Whether one of the URNs or names is meant."""
        if self.tag:
            return self.match in names
        pattern = glob(self.match)
        return any(pattern.matches(name) for name in names)

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.until is not None and today > self.until


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of one policy. `problems` name path and value of what is wrong."""

    actions: tuple[str, ...] = KEPT_FROM_CODE
    exemptions: tuple[Entry, ...] = ()
    guarded_elsewhere: tuple[Entry, ...] = ()
    event_sources: bool = True
    remediate_standalone: bool = False
    problems: tuple[str, ...] = ()
    unknown_documents: str = DO_NOT_GUARD
    beyond: Beyond = NOTHING
    exemption_tag: str = ""

    def with_exemptions(self, entries: Iterable[Entry]) -> Settings:
        """The same with further exemptions."""
        return replace(self, exemptions=(*self.exemptions, *entries))


DEFAULTS: Final = Settings()


def read_settings(config: Mapping[str, Any], known: Iterable[str], *, writes: bool = False) -> Settings:
    """Read a policy's configuration. Never raises.

    `known` are the properties in its schema. With `writes` it judges what changes something, so that read-only actions
    alone would turn it off without a word.
    """
    if not config:
        return DEFAULTS
    reader = _Reader([])
    names = tuple(known)
    for name in sorted(set(config) - set(names)):
        reader.problem(name, f"is not an option of this policy; it has {', '.join(names)}")
    return Settings(
        reader.actions(config.get("actions", list(KEPT_FROM_CODE)), writes=writes),
        reader.entries("exemptions", config.get("exemptions", [])),
        reader.entries("guarded_elsewhere", config.get("guarded_elsewhere", [])),
        reader.flag("event_sources", config.get("event_sources", True), default=True),
        reader.flag("remediate_standalone", config.get("remediate_standalone", False), default=False),
        unknown_documents=reader.unknown_documents(config.get("unknown_documents", DO_NOT_GUARD)),
        beyond=read_beyond(config, reader.problem),
        exemption_tag=text_option(config, "exemption_tag", reader.problem),
        problems=tuple(reader.problems),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    problems: list[str]

    def problem(self, path: str, what: str) -> None:
        self.problems.append(f"`{path}` {what}")

    def actions(self, value: object, *, writes: bool) -> tuple[str, ...]:
        names = {name.lower(): name for name in keys.known_actions()}
        if value == EVERY_ACTION:
            return (*KEPT_FROM_CODE, *sorted(keys.known_actions() - set(KEPT_FROM_CODE)))
        if not isinstance(value, list) or not value:
            self.problem("actions", f'must be a list of EC2 actions or "{EVERY_ACTION}", not {value!r}')
            return KEPT_FROM_CODE
        found: dict[str, None] = {}
        for i, item in enumerate(value):
            name = names.get(item.lower()) if isinstance(item, str) else None
            if name is None:
                self.problem(f"actions[{i}]", f"must be an EC2 action on network interfaces, not {item!r}")
            else:
                found[name] = None
        if writes and found and all(keys.action(name).read_only for name in found):
            self.problem("actions", "lists nothing but read-only actions, which this policy does not report")
            return KEPT_FROM_CODE
        return tuple(found) or KEPT_FROM_CODE

    def entries(self, path: str, value: object) -> tuple[Entry, ...]:
        if not isinstance(value, list):
            self.problem(path, f"must be a list, not {value!r}")
            return ()
        found = (
            self.entry(f"{path}[{i}]", item, elsewhere=path == "guarded_elsewhere") for i, item in enumerate(value)
        )
        return tuple(entry for entry in found if entry is not None)

    def entry(self, path: str, value: object, *, elsewhere: bool) -> Entry | None:
        if not isinstance(value, Mapping):
            self.problem(path, f"must be an object with match and reason, not {value!r}")
            return None
        before = len(self.problems)
        for name in sorted(set(value) - set(_ENTRY)):
            self.problem(f"{path}.{name}", "is not known; there are match, reason and until")
        for name in ("match", "reason"):
            text = value.get(name)
            if not isinstance(text, str) or not text.strip():
                self.problem(f"{path}.{name}", "is missing" if text is None else f"must be a text, not {text!r}")
        until = self.day(f"{path}.until", value["until"]) if "until" in value else None
        return Entry(value["match"], value["reason"], until, elsewhere) if len(self.problems) == before else None

    def day(self, path: str, value: object) -> date | None:
        try:
            if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.problem(path, f"must be a day like 2026-12-31, not {value!r}")
        return None

    def unknown_documents(self, value: object) -> str:
        if isinstance(value, str) and value in (DO_NOT_GUARD, MAY_GUARD):
            return value
        self.problem("unknown_documents", f'must be "{DO_NOT_GUARD}" or "{MAY_GUARD}", not {value!r}')
        return DO_NOT_GUARD

    def flag(self, path: str, value: object, *, default: bool) -> bool:
        if isinstance(value, bool):
            return value
        self.problem(path, f"must be true or false, not {value!r}")
        return default
