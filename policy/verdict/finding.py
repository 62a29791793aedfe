"""What is found of a role, and the message of each violation of it; words.py and unverified.py give parts of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from policy.iam.document import Effect, Statement
from policy.iam.request import SOURCE_FUNCTION_ARN, Request
from policy.iam.search import keys
from policy.iam.search.keys import SOURCE_FUNCTION_KEY
from policy.iam.trust import LAMBDA
from policy.iam.truth import Truth, Unknown
from policy.shared import stand_ins
from policy.shared.escapes import message, quoted
from policy.shared.names import GUARD, READ_ONLY, UNVERIFIED
from policy.stack.execution_role import OWNED, ExecutionRole, User
from policy.stack.removals import guards_taken_off
from policy.stack.resources import Resource, on_record
from policy.verdict import words
from policy.verdict.diagnosis import diagnose
from policy.verdict.further import further_actions
from policy.verdict.outcomes import Exposed, LockedOut, Outcome, Unverified, WayRound
from policy.verdict.service import keeps_out_by_key
from policy.verdict.unverified import unverified_message

_MOST_REASONS: Final = 5
_MOST_FURTHER: Final = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell: by which policy, about which resource, and, for a hole, the path of the document in it.

    `outcome` is what it tells of; None for what is wrong with a document, and for what one resource proves by itself.
    """

    policy: str
    urn: str
    message: str
    path: str = ""
    outcome: Outcome | None = field(default=None, compare=False, repr=False)


def policy_of(outcome: Outcome) -> str:
    """The policy that reports an outcome."""
    if isinstance(outcome, Unverified):
        return UNVERIFIED
    return READ_ONLY if isinstance(outcome, Exposed) and not outcome.writes else GUARD


Refused = Mapping[str, Mapping[str, str]]


def findings(outcomes: Iterable[Outcome], actions: Sequence[str], refused: Refused) -> Iterator[Finding]:
    """One finding for each thing to change, or to know.

    `actions` are the judged ones, `refused` says by URN and path why documents were not remediated.
    """
    for outcome in outcomes:
        policy = policy_of(outcome)
        if isinstance(outcome, Exposed):
            reasons = refused.get(outcome.grant.urn, {})
            urn, path, text = outcome.grant.urn, outcome.grant.path, exposed_message(outcome, actions, reasons)
        elif isinstance(outcome, LockedOut):
            urn, path, text = outcome.grant.urn, outcome.grant.path, _locked_out_message(outcome)
        elif isinstance(outcome, WayRound):
            urn, path, text = outcome.role.urn, "", _way_round_message(outcome)
        else:
            urn, path, text = _urn_of(outcome), "", unverified_message(outcome, actions)
        yield Finding(policy, _in_stack(urn, outcome.users), text + _on_record(outcome.execution), path, outcome)


def _in_stack(urn: str, users: Sequence[User]) -> str:
    """Where the stack has to do with it: what is only on record is told on what runs on the role."""
    return users[0].resource.urn if users and on_record(urn) else urn


def _on_record(execution: ExecutionRole) -> str:
    """A further line for a role that is known from elsewhere than from this stack: from where, and where it is changed."""
    recorded = None if execution.role is None else execution.role.recorded
    if recorded is None:
        return ""
    as_of = "" if recorded.as_of is None else f", as of {recorded.as_of:%Y-%m-%d}"
    told = f"The role {words.role(execution)} is known from {recorded.source}{as_of}: change it where it is made."
    return "\n" + message([told])


def _urn_of(outcome: Unverified) -> str:
    if outcome.locked_out is not None:
        return outcome.locked_out.grant.urn
    if outcome.execution.role is not None:
        return outcome.execution.role.urn
    return outcome.users[0].resource.urn if outcome.users else outcome.gaps[0].urn if outcome.gaps else ""


def configuration_problems(problems: Mapping[str, Sequence[str]]) -> str:
    """All that is wrong with the configuration, as one text; empty where nothing is. `problems` are by policy."""
    lines = [f"{policy}: {problem}" for policy in sorted(problems) for problem in problems[policy]]
    if not lines:
        return ""
    return message(["The configuration of this policy pack is wrong, and what is wrong in it has no effect:", *lines])


def document_errors(execution: ExecutionRole) -> Iterator[Finding]:
    """What IAM will refuse in the documents of a role: the resource, the path, and what is wrong there."""
    for grant in (*execution.grants, *(execution.boundary or ())):
        if not grant.document.errors:
            continue
        shown = [f"{quoted(grant.path)}: {error}" for error in grant.document.errors[:_MOST_REASONS]]
        more = len(grant.document.errors) - len(shown)
        text = "; ".join(shown) + (f"; and {more} more" if more else "")
        told = f"{words.kind_and_name(grant.kind, grant.document)} is not a document that IAM takes. {text}."
        yield Finding(UNVERIFIED, _in_stack(grant.urn, execution.users), message([words.sentence(told)]))
    for gap in execution.refused:
        told = f"{words.place(gap.urn, gap.path)} {gap.detail}."
        yield Finding(UNVERIFIED, _in_stack(gap.urn, execution.users), message([told]))


# ---- exposed


def exposed_message(
    outcome: Exposed, actions: Sequence[str], refused: Mapping[str, str] | None = None, *, seen_whole: bool = True
) -> str:
    """What the code can do, why, how to fix it, how to see it; whether everything on the role was seen or not."""
    ordered = sorted(outcome.answers, key=lambda a: (keys.action(a).read_only, list(actions).index(a)))
    grant, execution = outcome.grant, outcome.execution
    one = len(outcome.statements) == 1
    roles = words.roles(outcome.executions, outcome.users)
    lines = [
        f"Code of {words.users(outcome.users)} can call {words.listed(ordered)} with {roles}: "
        f"{words.statements(outcome.statements)} of {words.kind_and_name(grant.kind, grant.document)} "
        f"{'allows' if one else 'allow'} {'it' if len(ordered) == 1 else 'them'} {_to_which_calls(outcome.users)}."
    ]
    unknown = words.unknown_places(outcome.unless) if outcome.unless else ""
    if unknown:
        are = "are" if len(outcome.unless) > 1 else "is"
        lines[0] += f" That is so unless {unknown}, which {are} not known before the update, denies it to them."
    if execution.role is None or not seen_whole:
        lines[0] += " That is so unless a policy that is put on the role elsewhere denies it to them."
    if not seen_whole:
        lines.append(
            f"What other resources put on the role is not seen, because `{GUARD}` is disabled: enable it, or list all "
            "policies in the role itself."
        )
    lines += _further(outcome, actions)
    # Only those that are shown are looked for.
    lines += islice(_diagnoses(execution, ordered, outcome.users, actions), _MOST_REASONS)
    lines += _not_remediated(grant.path, refused or {})
    lines += _fix(outcome, actions)
    lines += words.to_be_listed(execution) if advises_deny(outcome, actions) else []
    if unknown:
        policy = words.policy_of_its_own(words.closing_deny(outcome.executions, actions))
        lines.append(
            f"Or, if {unknown} holds the guard, put that into a policy of its own, which is known now: {policy}"
        )
    lines += _check(outcome.answers[_shown_action(ordered)].witness, execution)
    return message(lines)


def _to_which_calls(users: Sequence[User]) -> str:
    if all(user.kind.value.carries_key is Truth.YES for user in users):
        return f"also to calls that carry `{SOURCE_FUNCTION_ARN}`, as all calls of a function's code do"
    return f"to calls with `{SOURCE_FUNCTION_ARN}` and without it"


def _further(outcome: Exposed, judged: Sequence[str]) -> list[str]:
    found = further_actions(outcome, judged) if outcome.writes else []
    if not found:
        return []
    more = f" and {len(found) - _MOST_FURTHER} more" if len(found) > _MOST_FURTHER else ""
    given = words.listed(found) if not more else ", ".join(map(quoted, found[:_MOST_FURTHER])) + more
    return [f"Given with {'it' if len(outcome.answers) == 1 else 'them'}, and not judged (option `actions`): {given}."]


def _not_remediated(path: str, refused: Mapping[str, str]) -> list[str]:
    # The reason may stand at the whole list that the document is in.
    return [f"Not remediated: {why}." for place, why in refused.items() if path.startswith(place)][:1]


def _diagnoses(
    execution: ExecutionRole, actions: Sequence[str], users: Sequence[User], judged: Sequence[str]
) -> Iterator[str]:
    arns = [user.function_arn for user in users]
    every = [user.function_arn for user in execution.users] or arns
    for grant in (*execution.grants, *(execution.boundary or ())):
        for statement, reason, form in diagnose(grant.document, actions, every, judged):
            yield f"Not a guard: {statement.label} of {quoted(grant.document.name)}: {reason}. Use {form}"
    for gap in guards_taken_off(execution):
        yield f"Not a guard: {words.place(gap.urn, gap.path)} {gap.detail}."
    for path, _ in execution.trust.conditions_on_function():
        yield (
            f"Not a guard: `{path}` of the role's trust policy: the key is not there when Lambda assumes the role, and "
            "protects nothing in a trust policy."
        )


def only_listed(statement: Statement, actions: Iterable[str]) -> bool:
    """Whether a statement names network interface actions one by one and nothing else, so that a guard on it affects
    nothing else. `actions` are the judged ones."""
    known = {action.lower() for action in (*actions, *keys.known_actions())}
    return statement.actions is not None and all(
        isinstance(pattern, str) and pattern.lower() in known for pattern in statement.actions
    )


def advises_deny(outcome: Exposed, actions: Sequence[str]) -> bool:
    """Whether the fix is a Deny, which closes all other holes of the role as well."""
    return outcome.grant.kind in OWNED or not all(only_listed(statement, actions) for statement in outcome.statements)


def _fix(outcome: Exposed, actions: Sequence[str]) -> Iterator[str]:
    grant = outcome.grant
    for execution in outcome.executions:
        yield from words.own_roles(execution)
    if advises_deny(outcome, actions):
        deny = json.dumps(words.closing_deny(outcome.executions, actions))
        if grant.kind in OWNED:
            owned = f"{OWNED[grant.kind]} {quoted(grant.document.name)}"
            yield f"Fix: {owned}, so attach a further policy with this statement to the role: {deny}"
        else:
            yield f"Fix: add this statement to {quoted(grant.document.name)}: {deny}"
        return
    for statement in outcome.statements:
        label = f"{statement.label} of {quoted(grant.document.name)}"
        if any(execution.serves_code for execution in outcome.executions):
            yield f"Fix: {words.guard_on(statement, label, (SOURCE_FUNCTION_KEY,))}"
        else:
            yield f"Fix: take out {label}"


def _shown_action(ordered: Sequence[str]) -> str:
    """The action whose witness is easiest to replay: a write for one resource, if there is one."""
    return next((a for a in ordered if len(keys.action(a).resources) == 1), ordered[0])


def _check(witness: Request | None, execution: ExecutionRole) -> list[str]:
    """The request as one command, for a role that is deployed: of any other there is nothing to simulate."""
    arn = execution.role_arn
    if witness is None or arn is None or "*" in arn or arn != stand_ins.shown(arn):
        return []
    command = ["aws", "iam", "simulate-principal-policy", "--policy-source-arn", arn, "--action-names", witness.action]
    resources = [a.resource for a in witness.authorizations if a.resource != "*"]
    command += ["--resource-arns", *resources] if resources else []
    entries: dict[str, dict[str, object]] = {}
    for authorization in witness.authorizations:
        for key, values in authorization.context.items():
            if not isinstance(values, Unknown):
                entries[key] = _entry(keys.spelled(key), [v for v in values if isinstance(v, str)])
    # As JSON: in the CLI's own shorthand a comma or an equals sign in a value would end it.
    command += ["--context-entries", json.dumps([entries[key] for key in sorted(entries)])] if entries else []
    return ["Check: " + shlex.join(command)]


def _entry(name: str, values: list[str]) -> dict[str, object]:
    kind = "string" if len(values) == 1 else "stringList"
    return {"ContextKeyName": name, "ContextKeyValues": values, "ContextKeyType": kind}


# ---- locked out


def _locked_out_message(outcome: LockedOut) -> str:
    grant = outcome.grant
    deny = outcome.statements[0].effect is Effect.DENY
    who = f" of {words.users(outcome.users)}" if outcome.users else ""
    by_key = any(keeps_out_by_key(statement) for statement in outcome.statements)
    if by_key:
        why = (
            f"{'denies' if deny else 'allows only'} calls {'without' if deny else 'with'} `{SOURCE_FUNCTION_ARN}`, and "
            "Lambda's own calls never carry it"
        )
    else:
        why = (
            f"{'denies calls that do not come' if deny else 'allows only calls'} from the network that it names, and "
            "Lambda's own calls come from AWS's: they carry no `aws:SourceVpc` and no `aws:SourceVpce`, and an address of "
            "AWS's"
        )
    lines = [
        f"The Lambda service cannot call {words.listed(outcome.actions)} with the execution role "
        f"{words.role(outcome.execution)}{who}: {words.statements(outcome.statements)} of "
        f"{words.kind_and_name(grant.kind, grant.document)} {why}.",
    ]
    arns = [user.function_arn for user in outcome.users]
    for statement, reason, _ in diagnose(grant.document, outcome.actions, arns, outcome.actions):
        if statement in outcome.statements:
            lines.append(f"Not a guard: {statement.label}: {reason}.")
    lines += words.service_let_in(outcome)
    return message(lines)


# ---- the way round


def _way_round_message(outcome: WayRound) -> str:
    execution = outcome.execution
    names = " and ".join(f"{found.statement.label} of {quoted(found.document.name)}" for found in outcome.allowing)
    deny = json.dumps(words.deny_shedding(execution, outcome.calls))
    if outcome.calls == (keys.ASSUME_ROLE,):
        allowed = f"{names} allows it, and the" if names else "in one account nothing else has to allow it, and the"
        lines = [
            f"Code of {words.users(outcome.users)} can get round every guard on `{SOURCE_FUNCTION_ARN}`: "
            f"`{outcome.trust_path}` of the trust policy of {words.role(execution)} lets the role's own sessions assume the "
            f"role, {allowed} calls of a session that is opened so do not carry the key. It can then call "
            f"{words.listed(outcome.actions)}.",
            "Fix: let the trust policy name the services that need the role, and neither the role nor its whole account",
        ]
    else:
        lines = [
            f"Code of {words.users(outcome.users)} can take the guard off its own role {words.role(execution)}, or write "
            f"round it: {names or 'its policies'} {'allow' if len(outcome.allowing) != 1 else 'allows'} "
            f"{words.listed(outcome.calls)} on the role or on a policy that it has. It can then call "
            f"{words.listed(outcome.actions)}.",
            f"Fix: give these permissions to a role of its own, and not to the role of {words.kinds(outcome.users[:1])}",
        ]
    lines.append(f"Or: add this statement to a policy of the role: {deny}")
    lines += _check(outcome.witness, execution)
    return message(lines)


# ---- what is told elsewhere, and what went wrong here


def unreported(outcomes: Iterable[Outcome], reported: frozenset[str], actions: Sequence[str]) -> Iterator[Outcome]:
    """The outcomes without the holes in the role itself that its resource check has reported, by their paths; `actions`
    are those that it judges."""
    for outcome in outcomes:
        if isinstance(outcome, Exposed) and outcome.execution.role is not None:
            in_role = outcome.grant.urn == outcome.execution.role.urn
            if in_role and outcome.grant.path in reported:
                left = {action: answer for action, answer in outcome.answers.items() if action not in actions}
                if left:
                    yield replace(outcome, answers=left)
                continue
        yield outcome


def without_repeats(outcomes: Sequence[Outcome], actions: Sequence[str]) -> list[Outcome]:
    """The outcomes of one role without read-only exposures which the Deny that is advised for another one closes too."""
    closed = any(isinstance(o, Exposed) and o.writes and advises_deny(o, actions) for o in outcomes)
    return [o for o in outcomes if not (closed and isinstance(o, Exposed) and not o.writes)]


def in_scope(execution: ExecutionRole) -> bool:
    """Whether anything that Lambda manages interfaces for may run on the role, so that its documents matter here."""
    if execution.users:
        return any(user.needs_vpc is not Truth.NO or user.judged is not Truth.NO for user in execution.users)
    return execution.trust.names_service(LAMBDA) is not Truth.NO


def of_secret(found: Finding, actions: Sequence[str], refused: Mapping[str, str]) -> Finding:
    """A finding that is there because of a secret, told without any of its words."""
    if not found.path:
        told = "A guard in a secret of this resource can do nothing. Where it stands is not shown."
        return Finding(found.policy, found.urn, told)
    lines = [
        f"{quoted(found.path)} lets the code of a function on this role manage network interfaces. It is a secret, or "
        "judged with one, so which statement does is not shown.",
        *_not_remediated(found.path, refused),
        f"Fix: add this statement to it: {json.dumps(words.deny_statement(actions))}",
    ]
    return Finding(found.policy, found.urn, message(lines), found.path)


def internal_error(error: Exception, subject: Resource | ExecutionRole | None) -> Finding:
    """A bug of this pack, told without the values that it stumbled over; about the whole stack without a subject."""
    if isinstance(subject, ExecutionRole):
        urn = _urn_of(Unverified(subject, subject.users))
    else:
        urn = "" if subject is None else subject.urn
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    line = f"{where.tb_frame.f_code.co_name}:{where.tb_lineno}" if where is not None else "?"
    bug = f"{type(error).__name__} in {line}"
    told = f"This could not be judged, because of a bug in this policy pack ({bug}). Please report it."
    return Finding(UNVERIFIED, urn, told)
