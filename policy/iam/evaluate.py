"""IAM's evaluation of one request against all the documents on a role. Concrete, three-valued, no search.

Source: IAM User Guide, "Policy evaluation logic": an explicit deny overrides any allow; what nothing allows is denied;
a permissions boundary must allow as well, and so must the service control policies (SCPs) of every level from the root of
the organization to the account (AWS Organizations User Guide, "SCP evaluation").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from policy.iam.conditions import Context, holds, substitute
from policy.iam.document import Effect, PolicyDocument, Statement
from policy.iam.elements import Text
from policy.iam.matching import glob, resource_like
from policy.iam.request import Authorization, Request
from policy.iam.truth import Truth, Unknown, all_of, any_of

Levels = Sequence[Sequence[PolicyDocument]]
"""The service control policies of each level, from the root of the organization to the account."""


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
    request: Request,
    documents: Sequence[PolicyDocument],
    boundary: Sequence[PolicyDocument] | None = None,
    levels: Levels = (),
) -> Evaluation:
    """Judge the request. `boundary` is None where the role has no permissions boundary.

    `levels` are the SCPs of each level of the organization; empty where none are given.
    """
    action = request.action
    identity = covering(action, documents)
    limits = [covering(action, limit) for limit in layers(boundary, levels)]
    parts = [_authorize(authorization, identity, limits) for authorization in request.authorizations]
    return Evaluation(
        all_of(part.allowed for part in parts),
        tuple(dict.fromkeys(d for part in parts for d in part.allowing)),
        tuple(dict.fromkeys(d for part in parts for d in part.denying)),
        tuple(dict.fromkeys(d for part in parts for d in part.unresolved)),
    )


def layers(boundary: Sequence[PolicyDocument] | None, levels: Levels) -> list[Sequence[PolicyDocument]]:
    """All that must allow a request besides the identity policies: the boundary, and each level's SCPs."""
    return [*([] if boundary is None else [boundary]), *levels]


Covering = tuple[tuple[Determining, Truth], ...]


def covering(action: str, documents: Iterable[PolicyDocument]) -> Covering:
    """The statements that cover the action, each with YES or, where that is not certain, UNKNOWN."""
    service = service_of(action)
    return tuple(
        [
            (found, covered)
            for document in documents
            for found, actions in touching(document, service)
            if (covered := actions.cover(action)) is not Truth.NO
        ]
    )


def _authorize(authorization: Authorization, identity: Covering, limits: Sequence[Covering]) -> Evaluation:
    granted = _look(authorization, identity)
    for limit in limits:
        further = _look(authorization, limit)
        granted = Evaluation(
            all_of((granted.allowed, further.allowed)),
            granted.allowing + further.allowing,
            granted.denying + further.denying,
            granted.unresolved + further.unresolved,
        )
    return granted


def _look(authorization: Authorization, statements: Covering) -> Evaluation:
    """Every statement that can match is looked at, so that all reasons are known and not only the first."""
    allowing: list[Determining] = []
    denying: list[Determining] = []
    unresolved: list[Determining] = []
    allow, deny = Truth.NO, Truth.NO
    for found, covered in statements:
        statement = found.statement
        matched = _matches(statement, covered, authorization)
        if matched is Truth.NO:
            continue
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
    covered = action_covered(statement, action)
    return covered if covered is Truth.NO else _matches(statement, covered, authorization)


def _matches(statement: Statement, action_is_covered: Truth, authorization: Authorization) -> Truth:
    covered = resource_covered(statement, authorization.resource, authorization.context)
    if covered is Truth.NO:
        return covered
    met = all_of([holds(condition, authorization.context) for condition in statement.conditions])
    return all_of((action_is_covered, covered, met, Truth.UNKNOWN if statement.uncertain else Truth.YES))


def action_covered(statement: Statement, action: str) -> Truth:
    """Action, or NotAction, of the statement."""
    return _actions(statement, service_of(action)).cover(action)


@lru_cache(maxsize=1024)
def service_of(action: str) -> str:
    """The service of an action as patterns begin with it, e.g. `ec2:`."""
    return action[: action.index(":") + 1].lower()


class Actions:
    """What the Action or NotAction element of a statement says of one service's actions."""

    __slots__ = ("_globs", "_listed", "_names", "_unlisted")

    def __init__(self, patterns: tuple[Text, ...], *, negated: bool) -> None:
        # Names and wildcards are case-insensitive (IAM User Guide, "Action").
        lowered = [pattern.lower() for pattern in patterns if isinstance(pattern, str)]
        self._names = frozenset(lowered)
        self._globs = [glob(pattern) for pattern in lowered if "*" in pattern or "?" in pattern]
        self._listed = Truth.of(not negated)
        self._unlisted = Truth.UNKNOWN if len(lowered) < len(patterns) else Truth.of(negated)

    def cover(self, action: str) -> Truth:
        """Whether the element covers the action, which is one of the service."""
        action = action.lower()
        if action in self._names:
            return self._listed
        for pattern in self._globs:
            if pattern.matches(action):
                return self._listed
        return self._unlisted


@lru_cache(maxsize=256)
def _actions(statement: Statement, service: str) -> Actions:
    negated = statement.actions is None
    patterns = statement.not_actions if negated else statement.actions
    return Actions(patterns_of_service(patterns or (), service), negated=negated)


def touching(document: PolicyDocument, service: str) -> Sequence[tuple[Determining, Actions]]:
    """The statements that can match an action of the service, given as `ec2:`. Most documents have none."""
    found: list[tuple[Determining, Actions]] | None = document.by_service.get(service)
    if found is not None:
        return found
    found = document.by_service[service] = []
    for statement in document.statements:
        if statement.actions is None:
            found.append((Determining(document, statement), _actions(statement, service)))
        elif patterns := patterns_of_service(statement.actions, service):
            found.append((Determining(document, statement), Actions(patterns, negated=False)))
    return found


@lru_cache(maxsize=16)
def _initials(service: str) -> str:
    return service[0] + service[0].upper() + "*?"


def patterns_of_service(patterns: tuple[Text, ...], service: str) -> tuple[Text, ...]:
    """Those of an Action element that can match an action of the service, given as `ec2:`. Documents list hundreds."""
    first = _initials(service)
    try:
        # The first character sets most of them aside.
        likely = [pattern for pattern in patterns if pattern[0] in first]  # type: ignore[index]
    except (TypeError, IndexError):  # one is unknown, or empty
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
