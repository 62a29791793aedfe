"""From a finding of the pack to what reports show of it: plain values, which processes and files can pass on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from policy.iam.conditions import Condition
from policy.iam.document import Effect, Statement
from policy.iam.evaluate import action_covered
from policy.iam.request import Request
from policy.iam.search import keys
from policy.iam.truth import Truth
from policy.pack.checks import shown
from policy.reports.report import ALLOWS, GUARD, IDLE, OPEN, UNKNOWN, Document, Item, Role
from policy.stack.execution_role import Decided, ExecutionRole, Grant
from policy.verdict.finding import Finding
from policy.verdict.outcomes import Exposed, LockedOut, Outcome, Unverified, WayRound


def stack_of(urn: str) -> str:
    """`project/stack` of a URN."""
    fields = urn.removeprefix("urn:pulumi:").split("::")
    return f"{fields[1]}/{fields[0]}" if len(fields) > 2 else ""


def role_key(execution: ExecutionRole) -> str:
    """What tells a role from all others: its URN, or outside the stacks its ARN or name."""
    if execution.role is not None:
        return execution.role.urn
    return execution.label or (execution.users[0].resource.urn if execution.users else "")


def item(
    found: Finding,
    level: str,
    severity: str,
    stack: str,
    places: Mapping[str, tuple[str, int]],
    exempt: tuple[str, str] = ("", ""),
) -> Item:
    """A finding on a stack as reports have it. `exempt` are the reason and the last day of what took it out."""
    file, line = places.get(found.urn, ("", 0))
    outcome = found.outcome
    return Item(
        found.policy,
        level,
        severity,
        _kind(outcome),
        found.urn,
        shown(found),
        stack_of(found.urn) or stack,
        found.path,
        role_key(outcome.execution) if outcome is not None else "",
        tuple(user.resource.urn for user in outcome.users) if outcome is not None else (),
        tuple(_actions(outcome)),
        file,
        line,
        *exempt,
        _witness(outcome),
        tuple(map(role_key, outcome.others)) if isinstance(outcome, Exposed) else (),
        _why(outcome) if isinstance(outcome, Unverified) else "",
    )


def _kind(outcome: Outcome | None) -> str:
    if isinstance(outcome, Exposed):
        return "open" if outcome.writes else "read-only"
    if isinstance(outcome, LockedOut):
        return "locked out"
    if isinstance(outcome, WayRound):
        return "way round"
    return "not judged" if isinstance(outcome, Unverified) else "other"


_WHY: Final = {
    Decided.UPDATE: "something is not known before the next update",
    Decided.REFERENCE: "something is made from an output of another stack",
    Decided.DATA_SOURCE: "something is made from a data source",
    Decided.READ: "something is only read by the stack",
    Decided.NAME: "the name that CloudFormation makes is not known",
    Decided.STAND_IN: "the account or the region is not known",
    Decided.SECRET: "a policy is a secret that is encrypted in the state",
    Decided.ELSEWHERE: "a policy is in no stack of this survey",
    Decided.REFRESH: "the state lists a policy that no program declares",
    Decided.MENDING: "something cannot be read as IAM would",
    Decided.OLD_RECORD: "what is on record of a role is old",
    Decided.NEWER_DATA: "an AWS managed policy is newer than the pack's data",
    Decided.NOT_DOCUMENTED: "AWS does not document it",
}


def _why(outcome: Unverified) -> str:
    if outcome.execution.role is None and outcome.execution.label:
        return "the role is in no stack of this survey"
    if outcome.unused:
        return "nothing in this survey runs on the role"
    kinds = [gap.decided for gap in outcome.gaps]
    return _WHY[kinds[0]] if kinds else "it depends on what a request says"


def _actions(outcome: Outcome | None) -> Iterable[str]:
    if outcome is None:
        return ()
    return outcome.answers if isinstance(outcome, Exposed) else outcome.actions


def _witness(outcome: Outcome | None) -> dict[str, object] | None:
    request: Request | None = None
    if isinstance(outcome, Exposed):
        found = (answer.witness for answer in outcome.answers.values())
        request = next((witness for witness in found if witness is not None), None)
    elif isinstance(outcome, WayRound):
        request = outcome.witness
    if request is None:
        return None
    spelled = [a.to_json({key: keys.spelled(key) for key in a.context}) for a in request.authorizations]
    return {"action": request.action, "requests": spelled}


def role(execution: ExecutionRole, outcomes: Sequence[Outcome], actions: Sequence[str]) -> Role:
    """What a picture of a role shows, given what is said of it."""
    urn = role_key(execution)
    exposed = {(o.grant.urn, o.grant.path, action) for o in outcomes if isinstance(o, Exposed) for action in o.answers}
    users = sorted({user.resource.urn for user in execution.users if user.needs_vpc is not Truth.NO})
    every = [*execution.grants, *(execution.boundary or ())]
    return Role(
        urn,
        execution.label,
        stack_of(urn),
        execution.role_arn or "",
        tuple(users),
        tuple(actions),
        tuple(_document(grant, exposed, actions) for grant in every),
    )


def _document(grant: Grant, exposed: set[tuple[str, str, str]], actions: Sequence[str]) -> Document:
    ways = {}
    opened = {action for _, _, action in exposed}
    for action in actions:
        way = OPEN if (grant.urn, grant.path, action) in exposed else _way(grant, action)
        if way == GUARD and action in opened:
            way = IDLE
        if way:
            ways[action] = way
    return Document(grant.document.name, grant.kind.value, ways)


def _way(grant: Grant, action: str) -> str:
    if grant.document.unknown:
        return UNKNOWN
    about = [s for s in grant.document.statements if action_covered(s, action) is not Truth.NO]
    if any(_on_key(statement) for statement in about):
        return GUARD
    if any(statement.effect is Effect.ALLOW for statement in about):
        return ALLOWS
    return GUARD if about else ""


def _on_key(statement: Statement) -> bool:
    conditions: Sequence[Condition] = statement.conditions
    return any(condition.key == keys.SOURCE_FUNCTION_KEY for condition in conditions)
