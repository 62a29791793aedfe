"""What is said of a role that cannot be judged here: what is not known, who decides it, and what decides it now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from policy.iam import managed
from policy.iam.document import Effect
from policy.iam.request import SOURCE_FUNCTION_ARN
from policy.iam.search.reasons import reasons
from policy.iam.trust import LAMBDA
from policy.iam.truth import Truth
from policy.shared.escapes import message, quoted
from policy.stack.execution_role import Decided, ExecutionRole, Gap, UserKind
from policy.stack.resources import name_of
from policy.verdict import words
from policy.verdict.outcomes import Exposed, Unverified

_MOST_REASONS: Final = 5


# Shortest first: an export is there at once, the details of an account take a permission, a look-up credentials.
_WAYS_TO_KNOW: Final = (
    "Or have it judged here: give the export of that stack with the option `known_stacks`, the details of the account with "
    '`known_roles`, or have the role looked up with `lookup: "aws"`.'
)


def unverified_message(outcome: Unverified, actions: Sequence[str]) -> str:
    """Why the role is not judged, what is known of it all the same, and what decides it now.

    `actions` are the judged ones.
    """
    return message([*_reason(outcome), *_known_all_the_same(outcome), *_way_out(outcome, actions)])


def _reason(outcome: Unverified) -> Iterator[str]:
    execution = outcome.execution
    role = words.their_role(outcome.users)
    subject = f"Whether the code of {words.users(outcome.users)} can use network interfaces with {role}"
    if outcome.locked_out is not None:
        subject = f"Whether the Lambda service can call {words.listed(outcome.actions)} with {role}"
    if execution.role is None and execution.label:
        asked = "".join(f", and {reason}" for reason in execution.not_on_record)
        yield (
            f"{subject} cannot be judged here: {words.role(execution)} is not in this stack{asked}. Run this policy pack on "
            "the stack that makes the role."
        )
        yield _WAYS_TO_KNOW
    elif outcome.unused:
        yield (
            f"Role {words.role(execution)} {_trust(execution)} allows {words.listed(outcome.actions)}"
            f"{'' if _named(outcome) else ' with wildcards'}, and nothing in this stack runs on it. If a function in a VPC "
            "does, its code can make these calls."
        )
    else:
        found = list(
            dict.fromkeys([*gap_reasons(outcome.gaps), *(why for answer in outcome.answers for why in reasons(answer))])
        )
        name = "" if execution.role is None else f" {words.role(execution)}"
        shown = "; ".join(found[:_MOST_REASONS]) or "too little is known of it"
        more = f"; and {len(found) - _MOST_REASONS} more" if len(found) > _MOST_REASONS else ""
        yield f"{subject}{name} is not certain: {shown}{more}."


def _trust(execution: ExecutionRole) -> str:
    certain = execution.trust.names_service(LAMBDA) is Truth.YES
    return "trusts Lambda and" if certain else "may trust Lambda, which its trust policy does not say for certain, and"


def _named(outcome: Unverified) -> bool:
    """Whether some statement lists one of the actions by its name."""
    names = {action.lower() for action in outcome.actions}
    return any(
        isinstance(pattern, str) and pattern.lower() in names
        for document in outcome.execution.documents
        for statement in document.statements
        if statement.effect is Effect.ALLOW
        for pattern in statement.actions or ()
    )


def _known_all_the_same(outcome: Unverified) -> Iterator[str]:
    managed = all(user.kind is UserKind.MANAGED_INSTANCES for user in outcome.users)
    where = "If it is on a capacity provider" if managed else "If it is in a VPC"
    for exposed in outcome.if_in_vpc:
        others = [user for user in exposed.users if user not in outcome.users]
        yield _would_be_open(where, f"the code{f' of {words.users(exposed.users)}' if others else ''}", exposed)
    yield from (_would_be_open("Unless that denies it", "the code", exposed) for exposed in outcome.unless_denied)


def _would_be_open(condition: str, whose: str, exposed: Exposed) -> str:
    grant = exposed.grant
    unless = f", unless {words.unknown_places(exposed.unless)} denies it" if exposed.unless else ""
    return (
        f"{condition}, {whose} can call {words.listed(list(exposed.answers))}: "
        f"{words.statements(exposed.statements)} of {words.kind_and_name(grant.kind, grant.document)} "
        f"{'allows' if len(exposed.statements) == 1 else 'allow'} {'it' if len(exposed.answers) == 1 else 'them'}{unless}."
    )


def _way_out(outcome: Unverified, actions: Sequence[str]) -> Iterator[str]:
    execution = outcome.execution
    if outcome.locked_out is not None:
        yield "Without these calls a function in a VPC cannot be made, or stops working."
        yield from words.service_let_in(outcome.locked_out)
        return
    if outcome.shedding:
        deny = words.deny_shedding(execution, outcome.shedding)
        yield f"Fix: put this policy on the role: {words.policy_of_its_own(deny)}"
        return
    yield from _answers(outcome.gaps)
    policy = words.policy_of_its_own(words.closing_deny([execution], actions))
    outside = bool(outcome.users) and all(user.judged is Truth.NO for user in outcome.users)
    if not (outside and execution.role is None):  # what it may be is a role that is there for something else
        yield from words.own_roles(execution)
    if execution.serves_code and outcome.gaps and all(g.decided is Decided.NOT_DOCUMENTED for g in outcome.gaps):
        return  # there is a guard already
    if execution.role is None:
        yield f"Fix: put this policy on the role, where it is made: {policy}"
    else:
        yield f"Fix: put this policy on the role, and it is closed whatever else is on it: {policy}"
        yield from words.to_be_listed(execution)


def _answers(gaps: Sequence[Gap]) -> Iterator[str]:
    """How the in-process preview is told what it did not ask; the engine asks itself."""
    kinds = {gap.decided for gap in gaps}
    if kinds & {Decided.REFERENCE, Decided.DATA_SOURCE}:
        yield "To have it judged in a preview without AWS, give the value: `--answers FILE`."


def gap_reasons(gaps: Sequence[Gap]) -> Iterator[str]:
    """What is not known, in one sentence for each time at which it will be."""
    later = list(dict.fromkeys(words.place(g.urn, g.path) for g in gaps if g.decided is Decided.UPDATE))
    if len(later) > 1:
        yield f"{words.together(later)} are not known before the update, and will be judged then"
    for gap in gaps:
        if gap.decided is not Decided.UPDATE or len(later) == 1:
            yield _gap(gap)


def _gap(gap: Gap) -> str:
    where, detail = words.place(gap.urn, gap.path), quoted(gap.detail)
    match gap.decided:
        case Decided.UPDATE:
            return f"{where} is not known before the update, and will be judged then"
        case Decided.REFERENCE:
            return f"{where} is made from an output of the stack {detail}, which is not known here"
        case Decided.DATA_SOURCE:
            return f"{where} is made from the data source {detail}, which was not asked here"
        case Decided.READ:
            made_from = "" if gap.detail == name_of(gap.urn) else f" is made from {detail}, and"
            return f"{where}{made_from} is not known here: this stack only reads {detail}, and does not manage it"
        case Decided.NAME:
            return (
                f"it depends on {gap.detail}: CloudFormation makes the name. Give the function one in the template, or let "
                "the guard take it with `Fn::GetAtt`"
            )
        case Decided.STAND_IN:
            return (
                f"it depends on {gap.detail}, which a preview without AWS does not know: give the account with "
                "`--config aws:allowedAccountIds=...`, the region with `--config aws:region=...`"
            )
        case Decided.SECRET:
            made_from = f" is made from the secret {detail}, which" if gap.detail else " is a secret that"
            return f"{where}{made_from} is hidden from this policy pack: judge it where the secret can be decrypted"
        case Decided.ELSEWHERE:
            return f"{where} is {detail}, which is not in this stack: run this policy pack on the stack that has it"
        case Decided.REFRESH:
            name = quoted(gap.urn.rpartition("::")[2])
            return (
                f"the state of {name} lists {detail} in {quoted(gap.path)}, and nothing in this stack declares it: run "
                "`pulumi refresh`, and if it stays there, it was attached from outside"
            )
        case Decided.OLD_RECORD:
            return f"{quoted(name_of(gap.urn))} is on record in {gap.detail}"
        case Decided.NEWER_DATA:
            return (
                f"{where} is {detail}, which is not among the AWS managed policies as of {managed.as_of()} "
                "that this pack knows: update the pack, or attach a policy of your own"
            )
        case Decided.NOT_DOCUMENTED:
            return (
                f"no document of AWS's says that the calls of a {gap.detail} carry `{SOURCE_FUNCTION_ARN}`, and nothing "
                "but a guard on it keeps its code out"
            )
        case Decided.MENDING:
            return f"{where} {gap.detail or 'cannot be read'}"
