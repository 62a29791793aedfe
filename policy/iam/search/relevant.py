"""The statements of a role that a question is about, set apart once for all that ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final

from policy.iam.conditions import Condition, Context, substitute, variable_keys
from policy.iam.document import Effect, PolicyDocument
from policy.iam.evaluate import Covering, Determining, Levels, covering, layers
from policy.iam.search import keys
from policy.iam.truth import Truth

_OF_CALLERS: Final = frozenset(
    (keys.SOURCE_FUNCTION_KEY, *keys.NETWORK_KEYS, *keys.REGION_KEYS, "ec2:availabilityzone", "ec2:vpc", "ec2:subnet")
)


@dataclass(eq=False)
class Relevant:
    """The statements that cover the action, for certain or perhaps, by what they can do.

    `limit_allows` has those of the boundary and of each level of SCPs, where there are any. `denied` says that no statement
    is there that could allow the action. `answers` keeps what was found for each subject.
    """

    resources: tuple[keys.ResourceType, ...]
    available: frozenset[str]
    covered: Mapping[Determining, Truth]
    identity_allows: tuple[Determining, ...]
    limit_allows: tuple[tuple[Determining, ...], ...]
    denies: tuple[Determining, ...]
    answers: dict[Any, Any] = field(default_factory=dict)
    denied: bool = field(init=False)

    def __post_init__(self) -> None:
        self.denied = not self.identity_allows or () in self.limit_allows

    @cached_property
    def found(self) -> tuple[Determining, ...]:
        """All of them."""
        return (*self.identity_allows, *(d for limit in self.limit_allows for d in limit), *self.denies)

    def without(self, dead: Collection[Determining]) -> Relevant:
        """The same without these statements."""

        def left(found: tuple[Determining, ...]) -> tuple[Determining, ...]:
            return tuple([d for d in found if d not in dead])

        limits = tuple([left(limit) for limit in self.limit_allows])
        return Relevant(
            self.resources, self.available, self.covered, left(self.identity_allows), limits, left(self.denies)
        )

    @cached_property
    def conditions(self) -> Mapping[str, Sequence[Condition]]:
        """Their conditions by key."""
        found: dict[str, list[Condition]] = {}
        for determining in self.found:
            for condition in determining.statement.conditions:
                found.setdefault(condition.key, []).append(condition)
        return found

    @property
    def of_iam(self) -> keys.ResourceType | None:
        """The resource of IAM's that the action is for; None for an action of EC2."""
        return next((kind for kind in self.resources if kind.service == "iam"), None)

    @cached_property
    def resource_patterns(self) -> tuple[str, ...]:
        """The elements of Resource and NotResource that are known, without `*`."""
        patterns: dict[str, None] = {}
        for determining in self.found:
            statement = determining.statement
            for pattern in statement.resource_patterns:
                if isinstance(pattern, str) and pattern != "*":
                    patterns[pattern] = None
        return tuple(patterns)

    @cached_property
    def of_callers(self) -> bool:
        """Whether the statements can tell the Lambda service from the code: by the key, by where a call comes from, or by
        where it goes."""
        return bool(self.resource_patterns) or not self.mentioned.isdisjoint(_OF_CALLERS)

    @cached_property
    def variable_texts(self) -> tuple[str, ...]:
        """The texts with policy variables in them: of resources, and of conditions that take variables."""
        values = (
            value
            for conditions in self.conditions.values()
            for condition in conditions
            if condition.variables and condition.operator.takes_variables
            for value in condition.values
        )
        return tuple([t for t in (*self.resource_patterns, *values) if isinstance(t, str) and "${" in t])

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The keys in conditions and in policy variables."""
        mentioned = set(self.conditions)
        for text in self.variable_texts:
            mentioned.update(variable_keys(text))
        return frozenset(mentioned)


class Role:
    """The documents of one role, looked through once for all questions about it. `boundary` is None without one.

    `levels` are the SCPs that bind it, level by level.
    """

    __slots__ = ("_alike", "_by_action", "boundary", "documents", "levels")

    def __init__(
        self, documents: Sequence[PolicyDocument], boundary: Sequence[PolicyDocument] | None, levels: Levels = ()
    ) -> None:
        self.documents, self.boundary, self.levels = documents, boundary, levels
        self._by_action: dict[keys.Action, Relevant] = {}
        self._alike: dict[object, Relevant] = {}

    def relevant(self, action: keys.Action) -> Relevant:
        """The statements that cover the action; one object for all actions that IAM is asked in the same way."""
        found = self._by_action.get(action)
        if found is None:
            found = self._by_action[action] = self._look(action)
        return found

    def _look(self, action: keys.Action) -> Relevant:
        identity = covering(action.name, self.documents)
        if not identity:
            return _NOTHING
        limits = tuple([covering(action.name, limit) for limit in layers(self.boundary, self.levels)])
        asked = action.resources, action.keys, identity, limits
        found = self._alike.get(asked)
        if found is None:
            found = self._alike[asked] = _relevant(*asked)
        return found


@lru_cache(maxsize=64)
def role_of(
    documents: tuple[PolicyDocument, ...],
    boundary: tuple[PolicyDocument, ...] | None,
    levels: tuple[tuple[PolicyDocument, ...], ...] = (),
) -> Role:
    """The role with these policies, this boundary and these SCPs; the same object each time."""
    return Role(documents, boundary, levels)


def _relevant(
    resources: tuple[keys.ResourceType, ...],
    available: frozenset[str],
    identity: Covering,
    limits: tuple[Covering, ...],
) -> Relevant:
    everything = (*identity, *(found for limit in limits for found in limit))
    return Relevant(
        resources,
        available,
        dict(everything),
        tuple([d for d, _ in identity if d.statement.effect is not Effect.DENY]),
        tuple([tuple([d for d, _ in limit if d.statement.effect is not Effect.DENY]) for limit in limits]),
        tuple([d for d, _ in everything if d.statement.effect is not Effect.ALLOW]),
    )


_NOTHING: Final = Relevant((), frozenset(), {}, (), (), ())


def filled(patterns: Iterable[str], context: Context) -> Iterator[str]:
    """Each pattern, and what its policy variables make of it where they are known."""
    for pattern in patterns:
        yield pattern
        filled = substitute(pattern, context)
        if isinstance(filled, str) and filled != pattern:
            yield filled
