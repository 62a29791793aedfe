"""Exemptions where the code is: tags of functions, roles and policies, where the configuration lets a tag exempt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from policy.pack.settings import Entry
from policy.shared.escapes import quoted
from policy.stack.resources import Resource

_UNTIL: Final = re.compile(r"(?P<reason>.*?)\s*;\s*until\s*=\s*(?P<day>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tagged:
    """The exemptions that tags give, and what is wrong with other tags, a sentence each."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()


def exemptions_of(tag: str, resources: Iterable[Resource]) -> Tagged:
    """What the tag of that key says: `reason` or `reason; until=YYYY-MM-DD`. Nothing without a tag.

    Only a resource's own tags count: those that its provider gives to everything would exempt everything. A value that is
    not known yet exempts nothing.
    """
    entries: list[Entry] = []
    problems: list[str] = []
    for resource in resources if tag else ():
        for value in _values(resource.props.get("tags"), tag):
            try:
                entries.append(_entry(resource.urn, tag, value))
            except ValueError as error:
                problems.append(f"the tag {quoted(tag)} of {quoted(resource.name)} exempts nothing: {error}")
    return Tagged(tuple(entries), tuple(problems))


def _values(tags: Any, tag: str) -> Iterator[str]:
    """The values of one tag: the classic provider has an object, the native one a list of pairs."""
    if isinstance(tags, Mapping):
        found = [tags.get(tag)]
    elif isinstance(tags, list):
        found = [item.get("value") for item in tags if isinstance(item, Mapping) and item.get("key") == tag]
    else:
        found = []
    yield from (value for value in found if isinstance(value, str))


def _entry(urn: str, tag: str, value: str) -> Entry:
    """Raises ValueError, which says what is wrong with the value."""
    parts = _UNTIL.fullmatch(value)
    reason, day = (parts["reason"], parts["day"].strip()) if parts else (value, None)
    if not reason.strip():
        raise ValueError("it gives no reason")
    if day is None:
        return Entry(urn, reason.strip(), tag=tag)
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day):
        raise ValueError("its last day is not like until=2026-12-31")
    try:
        return Entry(urn, reason.strip(), date.fromisoformat(day), tag=tag)
    except ValueError:
        raise ValueError("its last day is not a day") from None
