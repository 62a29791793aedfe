"""A template as it is written, JSON or YAML, as plain objects. Short tags become the functions that they stand for.

Texts stay texts: CloudFormation has neither timestamps nor octal numbers, so `Version: 2012-10-17` is no date, and
`Account: 012345678901` no number. YAML is read by its events, and not by building objects: nothing in a template can then
run, nest without end, or grow out of a few aliases.

Source: CloudFormation User Guide, "CloudFormation template formats", "Intrinsic function reference" (short forms) and
"Understand CloudFormation quotas".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from policy.iam.truth import Unknown

# CloudFormation takes a template of at most 1 MB. What is larger is not read at all.
_MOST_CHARACTERS: Final = 1_000_000
# No template that CloudFormation takes has so many values, and none is nested so deeply.
_MOST_VALUES: Final = 100_000
_MOST_DEPTH: Final = 100


class Read(NamedTuple):
    """A template, or why there is none: the end of a sentence that begins with what holds it."""

    value: Mapping[str, Any] | None
    problem: str = ""


class _RefusedError(Exception):
    """Something that no template has."""


def read_template(source: object) -> Read:
    """Read a template, given as text or as an object that may hold unknown values. Never raises."""
    if isinstance(source, Unknown):
        return Read(None, "is not known")
    try:
        value = _parse(source) if isinstance(source, str) else source
        if not isinstance(value, Mapping):
            return Read(None, "is no template: that is an object")
        _measure(value)
    except _RefusedError as refused:
        return Read(None, f"cannot be read: {refused}")
    return Read(value)


def read_json(source: object) -> Read:
    """Read an object that is given as JSON text. Never raises."""
    if isinstance(source, Unknown):
        return Read(None, "is not known")
    try:
        value = _parse_json(source) if isinstance(source, str) and len(source) <= _MOST_CHARACTERS else None
        if not isinstance(value, Mapping):
            return Read(None, "is no object in JSON")
        _measure(value)
    except _RefusedError as refused:
        return Read(None, f"cannot be read: {refused}")
    except ValueError:
        return Read(None, "is not JSON")
    return Read(value)


def _measure(value: object) -> None:
    """Refuse what is larger or deeper than any template."""
    left, count = [(value, 1)], 0
    while left:
        item, depth = left.pop()
        count += 1
        if count > _MOST_VALUES:
            raise _RefusedError("it has more values than any template that CloudFormation takes")
        if depth > _MOST_DEPTH:
            raise _RefusedError("it is nested more deeply than any template that CloudFormation takes")
        inside = item.values() if isinstance(item, Mapping) else item if isinstance(item, list | tuple) else ()
        left.extend((found, depth + 1) for found in inside)


# ---- JSON


def _parse(text: str) -> object:
    if len(text) > _MOST_CHARACTERS:
        raise _RefusedError(f"it has {len(text):,} characters; CloudFormation takes at most {_MOST_CHARACTERS:,}")
    if text.lstrip().startswith("{"):
        try:
            return _parse_json(text)
        except ValueError:
            pass  # YAML has such objects too, with looser rules
    return _parse_yaml(text)


def _parse_json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=str)
    except RecursionError:
        raise _RefusedError("it is nested more deeply than any template that CloudFormation takes") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        # Which of the two counts is nowhere promised, so neither is believed.
        raise _RefusedError("a key stands twice in one object")
    return found


# ---- YAML


def _parse_yaml(text: str) -> object:
    import yaml  # a tenth of a second that a stack without templates does not wait for; `pulumi` needs it as well

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise _RefusedError(f"it is neither JSON nor YAML{where}") from None
    except (yaml.YAMLError, UnicodeError, RecursionError, ValueError):
        raise _RefusedError("it is neither JSON nor YAML") from None
    return builder.root


@dataclass(slots=True)
class _Open:
    """A mapping or a sequence that has not ended. `before` is how many values there were when it began."""

    kind: str
    tag: str | None
    anchor: str | None
    before: int
    items: list[Any] = field(default_factory=list)


class _Builder:
    """Puts the events of a YAML stream together, without recursion and within bounds."""

    def __init__(self) -> None:
        self.root: object = None
        self._documents = 0
        self._open: list[_Open] = []
        self._values = 0
        self._anchors: dict[str, tuple[Any, int]] = {}

    def take(self, event: Any) -> None:
        """Take the next event."""
        kind = type(event).__name__
        if kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise _RefusedError("it holds several documents")
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            if len(self._open) >= _MOST_DEPTH:
                raise _RefusedError("it is nested more deeply than any template that CloudFormation takes")
            self._open.append(_Open(kind, event.tag, event.anchor, self._values))
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            ended = self._open.pop()
            value = _mapping(ended.items) if kind == "MappingEndEvent" else ended.items
            self._put(_tagged(ended.tag, value), ended.anchor, ended.before)
        elif kind == "ScalarEvent":
            # A key is a text as it stands: `Null` is a condition operator.
            scalar = event.value if self._at_key() else _tagged(event.tag, _scalar(event))
            self._put(scalar, event.anchor, self._values)
        elif kind == "AliasEvent":
            if event.anchor not in self._anchors:
                raise _RefusedError("it has an alias without its anchor")
            value, size = self._anchors[event.anchor]
            self._values += size
            self._put(value, None, self._values)

    def _at_key(self) -> bool:
        return bool(self._open) and self._open[-1].kind == "MappingStartEvent" and len(self._open[-1].items) % 2 == 0

    def _put(self, value: object, anchor: str | None, before: int) -> None:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise _RefusedError("it has more values than any template that CloudFormation takes")
        if anchor is not None:
            self._anchors[anchor] = value, self._values - before
        if self._open:
            self._open[-1].items.append(value)
        else:
            self.root = value


def _mapping(items: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str):
            raise _RefusedError("a key in it is no text")
        if key == "<<":
            raise _RefusedError("it has a merge (`<<`), which CloudFormation does not take")
        if key in found:
            raise _RefusedError("a key stands twice in one object")
        found[key] = value
    return found


_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
# YAML 1.1, which CloudFormation speaks.
_BOOLEANS: Final = {
    **{word: True for base in ("yes", "true", "on") for word in (base, base.capitalize(), base.upper())},
    **{word: False for base in ("no", "false", "off") for word in (base, base.capitalize(), base.upper())},
}


def _scalar(event: Any) -> object:
    """A text; null and booleans where a plain text means them."""
    text: str = event.value
    if not event.implicit[0]:
        return text
    return None if text in _NULLS else _BOOLEANS.get(text, text)


def _tagged(tag: str | None, value: object) -> object:
    """The value of a short form such as `!GetAtt Role.Arn`."""
    if tag is None or not tag.startswith("!") or tag == "!":
        return value
    name = tag[1:]
    if name in ("Ref", "Condition"):
        return {name: value}
    if name == "GetAtt" and isinstance(value, str) and "." in value:
        return {"Fn::GetAtt": list(value.partition(".")[::2])}
    return {f"Fn::{name}": value}
