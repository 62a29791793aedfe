"""IAM's evaluation of one request against all the documents on a role. Concrete, three-valued, no search.

Source: IAM User Guide, "Policy evaluation logic": an explicit deny overrides any allow; what nothing allows is denied;
a permissions boundary must allow as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from policy.conditions import Context, holds, substitute
from policy.document import Effect, PolicyDocument, Statement, Text
from policy.matching import glob, resource_like
from policy.request import Authorization, Request
from policy.truth import Truth, Unknown, all_of, any_of


class Determining(NamedTuple):
    """A statement that decides, and the document it stands in."""

    document: PolicyDocument
    statement: Statement


class Evaluation(NamedTuple):
    """The answer and its reasons.

    `allowing` and `denying` are the statements that match for certain, `unresolved` those that may match.
    """

    allowed: Truth
    allowing: tuple[Determining, ...] = ()
    denying: tuple[Determining, ...] = ()
    unresolved: tuple[Determining, ...] = ()


def evaluate(
    request: Request, documents: Sequence[PolicyDocument], boundary: Sequence[PolicyDocument] | None = None
) -> Evaluation:
    """Judge the request. `boundary` is None where the role has no permissions boundary."""
    parts = [_authorize(request.action, a, documents, boundary) for a in request.authorizations]
    return Evaluation(
        all_of(part.allowed for part in parts),
        tuple(dict.fromkeys(d for part in parts for d in part.allowing)),
        tuple(dict.fromkeys(d for part in parts for d in part.denying)),
        tuple(dict.fromkeys(d for part in parts for d in part.unresolved)),
    )


def _authorize(
    action: str,
    authorization: Authorization,
    documents: Sequence[PolicyDocument],
    boundary: Sequence[PolicyDocument] | None,
) -> Evaluation:
    identity = _look(action, authorization, documents)
    if boundary is None:
        return identity
    limit = _look(action, authorization, boundary)
    return Evaluation(
        all_of((identity.allowed, limit.allowed)),
        identity.allowing + limit.allowing,
        identity.denying + limit.denying,
        identity.unresolved + limit.unresolved,
    )


def _look(action: str, authorization: Authorization, documents: Sequence[PolicyDocument]) -> Evaluation:
    """Every statement that can match is looked at, so that all reasons are known and not only the first."""
    allowing: list[Determining] = []
    denying: list[Determining] = []
    unresolved: list[Determining] = []
    allow, deny = Truth.NO, Truth.NO
    for document in documents:
        for statement in touching(document, _service(action)):
            matched = statement_matches(statement, action, authorization)
            if matched is Truth.NO:
                continue
            found = Determining(document, statement)
            if statement.effect is None or matched is Truth.UNKNOWN:
                unresolved.append(found)
                matched = Truth.UNKNOWN
            elif statement.effect is Effect.ALLOW:
                allowing.append(found)
            else:
                denying.append(found)
            if statement.effect is not Effect.DENY:
                allow = any_of((allow, matched))
            if statement.effect is not Effect.ALLOW:
                deny = any_of((deny, matched))
    return Evaluation(all_of((allow, ~deny)), tuple(allowing), tuple(denying), tuple(unresolved))


def statement_matches(statement: Statement, action: str, authorization: Authorization) -> Truth:
    """Whether a statement, of whichever effect, applies to one resource of a call."""
    matched = action_covered(statement, action)
    if matched is Truth.NO:
        return matched
    covered = resource_covered(statement, authorization.resource, authorization.context)
    if covered is Truth.NO:
        return covered
    met = all_of([holds(condition, authorization.context) for condition in statement.conditions])
    return all_of((matched, covered, met, Truth.UNKNOWN if statement.uncertain else Truth.YES))


def action_covered(statement: Statement, action: str) -> Truth:
    """Action, or NotAction, of the statement."""
    covered = _element(statement, _service(action)).covers(action)
    return covered if statement.actions is not None else ~covered


@lru_cache(maxsize=1024)
def _service(action: str) -> str:
    return action[: action.index(":") + 1].lower()


class _Element:
    """The patterns of one Action or NotAction element that can match the actions of one service."""

    __slots__ = ("_globs", "_names", "_unknown")

    def __init__(self, patterns: tuple[Text, ...], service: str) -> None:
        kept = patterns_of_service(patterns, service)
        # Names and wildcards are case-insensitive (IAM User Guide, "Action").
        lowered = [pattern.lower() for pattern in kept if isinstance(pattern, str)]
        self._unknown = len(lowered) < len(kept)
        self._names = frozenset(lowered)
        self._globs = [glob(pattern) for pattern in lowered if "*" in pattern or "?" in pattern]

    def covers(self, action: str) -> Truth:
        """Whether a pattern matches the action, which is one of the service."""
        action = action.lower()
        if action in self._names:
            return Truth.YES
        for pattern in self._globs:
            if pattern.matches(action):
                return Truth.YES
        return Truth.UNKNOWN if self._unknown else Truth.NO


@lru_cache(maxsize=256)
def _element(statement: Statement, service: str) -> _Element:
    patterns = statement.actions if statement.actions is not None else statement.not_actions
    return _Element(patterns or (), service)


# Few are kept: a role is judged with its documents and then left, and what it took is used again.
@lru_cache(maxsize=256)
def touching(document: PolicyDocument, service: str) -> tuple[Statement, ...]:
    """The statements that can match an action of the service, given as `ec2:`. Most documents have none."""
    return tuple([s for s in document.statements if s.actions is None or patterns_of_service(s.actions, service)])


def patterns_of_service(patterns: tuple[Text, ...], service: str) -> tuple[Text, ...]:
    """Those of an Action element that can match an action of the service, given as `ec2:`. Documents list hundreds."""
    # The first character sets most of them aside.
    first = service[0] + service[0].upper() + "*?"
    likely = [pattern for pattern in patterns if isinstance(pattern, Unknown) or pattern[:1] in first]
    if not likely:
        return ()
    length = len(service)
    return tuple(
        [
            pattern
            for pattern in likely
            if isinstance(pattern, Unknown)
            or pattern[:length].lower() == service
            or "*" in pattern[:length]
            or "?" in pattern[:length]
        ]
    )


def resource_covered(statement: Statement, resource: str, context: Context) -> Truth:
    """Resource, or NotResource, of the statement."""
    if statement.resources is not None:
        if "*" in statement.resources:
            return Truth.YES
        return any_of(_resource(pattern, resource, context, statement.variables) for pattern in statement.resources)
    return ~any_of(
        _resource(pattern, resource, context, statement.variables) for pattern in statement.not_resources or ()
    )


def _resource(pattern: Text, resource: str, context: Context, variables: bool) -> Truth:
    filled = substitute(pattern, context) if isinstance(pattern, str) and variables else pattern
    if filled is None:
        return Truth.NO
    if isinstance(filled, Unknown):
        return Truth.UNKNOWN
    return resource_like(resource, filled)
