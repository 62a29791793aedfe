"""IAM's evaluation of one request against all the documents on a role. Concrete, three-valued, no search.

Source: IAM User Guide, "Policy evaluation logic": an explicit deny overrides any allow; what nothing allows is denied;
a permissions boundary must allow as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from policy.conditions import Context, holds, substitute
from policy.document import Effect, PolicyDocument, Statement, Text
from policy.matching import action_matches, resource_like
from policy.request import Authorization, Request
from policy.truth import Truth, Unknown, all_of, any_of


@dataclass(frozen=True, slots=True)
class Determining:
    """A statement that decides, and the document it stands in."""

    document: PolicyDocument
    statement: Statement


@dataclass(frozen=True, slots=True)
class Evaluation:
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
    """Every statement is looked at, so that all reasons are known and not only the first."""
    allowing: list[Determining] = []
    denying: list[Determining] = []
    unresolved: list[Determining] = []
    allow, deny = Truth.NO, Truth.NO
    for document in documents:
        for statement in document.statements:
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
    covered = action_covered(statement, action)
    if covered is Truth.NO:
        return Truth.NO
    return all_of(
        (
            covered,
            resource_covered(statement, authorization.resource, authorization.context),
            *(holds(condition, authorization.context) for condition in statement.conditions),
            Truth.UNKNOWN if statement.uncertain else Truth.YES,
        )
    )


def action_covered(statement: Statement, action: str) -> Truth:
    """Action, or NotAction, of the statement."""
    if statement.actions is not None:
        return _any_action(statement.actions, action)
    return ~_any_action(statement.not_actions or (), action)


def _any_action(patterns: tuple[Text, ...], action: str) -> Truth:
    service = action[: action.index(":") + 1].lower()
    return any_of(
        Truth.UNKNOWN if isinstance(pattern, Unknown) else Truth.of(action_matches(pattern, action))
        for pattern in patterns_of_service(patterns, service)
    )


@lru_cache(maxsize=4096)
def touching(document: PolicyDocument, service: str) -> tuple[Statement, ...]:
    """The statements that can match an action of the service, given as `ec2:`. Most documents have none."""
    return tuple(
        s for s in document.statements if s.actions is None or patterns_of_service(s.actions, service)
    )


@lru_cache(maxsize=4096)
def patterns_of_service(patterns: tuple[Text, ...], service: str) -> tuple[Text, ...]:
    """Those of an Action element that can match an action of the service, given as `ec2:`. Documents list hundreds."""
    length = len(service)
    return tuple(
        pattern
        for pattern in patterns
        if not isinstance(pattern, str)
        or pattern[:length].lower() == service
        or "*" in pattern[:length]
        or "?" in pattern[:length]
    )


def resource_covered(statement: Statement, resource: str, context: Context) -> Truth:
    """Resource, or NotResource, of the statement."""
    if statement.resources is not None:
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
