"""The statements of a role that a question is about, set apart once for all that ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final

from policy import keys
from policy.conditions import Condition, Context, substitute, variable_keys
from policy.document import Effect, PolicyDocument
from policy.evaluate import Determining, action_covered, touching
from policy.truth import Truth


@dataclass(frozen=True)
class Relevant:
    """The statements that cover the action, for certain or perhaps, by what they can do.

    `boundary_allows` is None without a boundary. `answers` keeps what was found for each subject.
    """

    resources: tuple[keys.ResourceType, ...]
    available: frozenset[str]
    covered: Mapping[Determining, Truth]
    identity_allows: tuple[Determining, ...]
    boundary_allows: tuple[Determining, ...] | None
    denies: tuple[Determining, ...]
    answers: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def found(self) -> tuple[Determining, ...]:
        """All of them."""
        return (*self.identity_allows, *(self.boundary_allows or ()), *self.denies)

    @cached_property
    def unconditional(self) -> bool:
        """Whether any call is allowed: an Allow of everything without conditions, and nothing that limits it."""
        limits = () if self.boundary_allows is None else (self.boundary_allows,)
        return (
            not self.denies
            and not self.mentioned
            and all(any(map(self._allows_everything, allows)) for allows in (self.identity_allows, *limits))
        )

    def _allows_everything(self, found: Determining) -> bool:
        statement = found.statement
        certain = self.covered[found] is Truth.YES and statement.effect is Effect.ALLOW and not statement.uncertain
        return certain and not statement.conditions and "*" in (statement.resources or ())

    @cached_property
    def conditions(self) -> Mapping[str, Sequence[Condition]]:
        """Their conditions by key."""
        found: dict[str, list[Condition]] = {}
        for determining in self.found:
            for condition in determining.statement.conditions:
                found.setdefault(condition.key, []).append(condition)
        return found

    @cached_property
    def resource_patterns(self) -> tuple[str, ...]:
        """The elements of Resource and NotResource that are known, without `*`."""
        patterns: dict[str, None] = {}
        for determining in self.found:
            statement = determining.statement
            for pattern in (*(statement.resources or ()), *(statement.not_resources or ())):
                if isinstance(pattern, str) and pattern != "*":
                    patterns[pattern] = None
        return tuple(patterns)

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The keys in conditions and in policy variables."""
        mentioned = set(self.conditions)
        values = (v for conditions in self.conditions.values() for c in conditions for v in c.values)
        for text in (*self.resource_patterns, *values):
            if isinstance(text, str) and "${" in text:
                mentioned.update(variable_keys(text))
        return frozenset(mentioned)


Covering = tuple[tuple[Determining, Truth], ...]


def relevant_to(
    action: keys.Action, documents: Sequence[PolicyDocument], boundary: Sequence[PolicyDocument] | None
) -> Relevant:
    """The statements of these documents that cover the action; the same object each time."""
    return _relevant_to(action, tuple(documents), None if boundary is None else tuple(boundary))


@lru_cache(maxsize=1024)
def _relevant_to(
    action: keys.Action, documents: tuple[PolicyDocument, ...], boundary: tuple[PolicyDocument, ...] | None
) -> Relevant:
    identity = _covering(documents, action.name)
    if not identity:
        return _NOTHING
    limit = None if boundary is None else _covering(boundary, action.name)
    return _shared(action.resources, action.keys, identity, limit)


def _covering(documents: Iterable[PolicyDocument], action: str) -> Covering:
    service = action[: action.index(":") + 1].lower()
    return tuple(
        [
            (Determining(document, statement), covered)
            for document in documents
            for statement in touching(document, service)
            if (covered := action_covered(statement, action)) is not Truth.NO
        ]
    )


@lru_cache(maxsize=256)
def _shared(
    resources: tuple[keys.ResourceType, ...], available: frozenset[str], identity: Covering, limit: Covering | None
) -> Relevant:
    """One object for all actions that IAM is asked in the same way and that the same statements cover."""
    everything = (*identity, *(limit or ()))
    return Relevant(
        resources,
        available,
        dict(everything),
        tuple(d for d, _ in identity if d.statement.effect is not Effect.DENY),
        None if limit is None else tuple(d for d, _ in limit if d.statement.effect is not Effect.DENY),
        tuple(d for d, _ in everything if d.statement.effect is not Effect.ALLOW),
    )


_NOTHING: Final = Relevant((), frozenset(), {}, (), None, ())


def filled(patterns: Iterable[str], context: Context) -> Iterator[str]:
    """Each pattern, and what its policy variables make of it where they are known."""
    for pattern in patterns:
        yield pattern
        filled = substitute(pattern, context)
        if isinstance(filled, str) and filled != pattern:
            yield filled
