"""What code can make of the tags of its own role, on which its permissions may hang.

Sources: IAM API Reference, TagRole (a tag of that name is overwritten) and UntagRole; Service Authorization Reference for
IAM (both are authorised on the role, with the tags of the request in `aws:RequestTag` and `aws:TagKeys`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

from policy.iam.conditions import Condition
from policy.iam.document import PolicyDocument, parse_document
from policy.iam.matching import WILDCARDS
from policy.iam.search import keys
from policy.iam.search.subject import Subject
from policy.iam.trust import variables
from policy.iam.truth import UNKNOWN, Truth, Unknown, all_of

TAG: Final = "iam:TagRole"
UNTAG: Final = "iam:UntagRole"

_OF_THE_ROLE: Final = (keys.PRINCIPAL_TAG, *keys.RESOURCE_TAGS)
_GIVEN: Final = "aws:requesttag/"
# How many tags are told apart, and how many values of each. What is past it is not known.
_MOST: Final = 4

# Whether a call, with this Deny on it, is allowed to the code.
May = Callable[[str, PolicyDocument], Truth]


class Tagging:
    """The conditions on tags in all documents that bind a role, and what a caller can do about these tags."""

    def __init__(self, documents: Iterable[PolicyDocument]) -> None:
        self._conditions = [c for document in documents for s in document.statements for c in s.conditions]
        asked = dict.fromkeys(key for c in self._conditions for key in (c.key, *variables(c)))
        self._names = list(dict.fromkeys(_name(key) for key in asked if key.startswith(_OF_THE_ROLE)))

    def __bool__(self) -> bool:
        """Whether anything hangs on a tag of the role."""
        return bool(self._names)

    def after(self, code: Subject, may: May) -> Iterator[tuple[Truth, Subject]]:
        """The caller once it has changed tags of the role, in each way that matters, and whether it can."""
        if len(self._names) > _MOST:
            yield Truth.UNKNOWN, replace(code, role_tags=None)
        settable: list[str] = []
        for name in self._names[:_MOST]:
            values = list(islice(self._values(name), _MOST))
            given: list[tuple[Truth, str | Unknown]] = [
                (may(TAG, _deny(TAG, {"StringNotEquals": {_GIVEN + name: value}})), value) for value in values
            ]
            tried = [{"StringEquals": {_GIVEN + name: values}}] if values else []
            another = may(TAG, _deny(TAG, {"Null": {_GIVEN + name: "true"}}, *tried))
            given.append((all_of((another, Truth.UNKNOWN)), UNKNOWN))
            for can, value in given:
                if can is not Truth.NO:
                    settable.append(name)
                    yield can, replace(code, role_tags=self._with(code.role_tags, {name: value}))
        if len(set(settable)) > 1:
            yield Truth.UNKNOWN, replace(code, role_tags=self._with(code.role_tags, dict.fromkeys(settable, UNKNOWN)))
        yield from self._without(code, may)

    def _without(self, code: Subject, may: May) -> Iterator[tuple[Truth, Subject]]:
        """The caller once it has taken a tag away, or all that it can."""
        tags = code.role_tags
        present = self._names if tags is None else [name for name in tags if name.lower() in self._names]
        # Where the tags are known, so is how their names are spelled.
        other = "ForAllValues:StringNotEquals" + ("IgnoreCase" if tags is None else "")
        taken: dict[str, Truth] = {}
        for name in present:
            can = may(UNTAG, _deny(UNTAG, {other: {"aws:TagKeys": name}}))
            if can is not Truth.NO:
                taken[name] = can
                if tags is not None:
                    yield can, replace(code, role_tags={n: value for n, value in tags.items() if n != name})
        if taken and (tags is not None or len(taken) == len(present)):
            left = {name: value for name, value in (tags or {}).items() if name not in taken}
            yield all_of(taken.values()), replace(code, role_tags=left)

    def _with(
        self, tags: Mapping[str, str | Unknown] | None, given: Mapping[str, str | Unknown]
    ) -> Mapping[str, str | Unknown] | None:
        """The tags with these values; IAM does not tell their names apart by case. None where that leaves one that is asked
        for and not known."""
        if tags is None:
            return given if given.keys() >= set(self._names) else None
        return {**{name: value for name, value in tags.items() if name.lower() not in given}, **given}

    def _values(self, name: str) -> Iterator[str]:
        """The values that conditions name for a tag, of the role or of a request."""
        about = (c for c in self._conditions if c.key.startswith((*_OF_THE_ROLE, _GIVEN)) and _name(c.key) == name)
        yield from dict.fromkeys(v for c in about for v in c.values if isinstance(v, str) and _is_literal(c, v))


def _name(key: str) -> str:
    return key.partition("/")[2]


def _is_literal(condition: Condition, value: str) -> bool:
    return "$" not in value and not (condition.operator.wildcards and WILDCARDS.intersection(value))


def _deny(action: str, *conditions: Mapping[str, object]) -> PolicyDocument:
    """What keeps a call from all requests that meet one of the conditions."""
    denied = {"Effect": "Deny", "Action": action, "Resource": "*"}
    return parse_document({"Statement": [{**denied, "Condition": condition} for condition in conditions]})
