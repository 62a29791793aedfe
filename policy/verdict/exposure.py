"""What the code of the functions on one role can do, and whether Lambda itself still can: ExecutionRole -> outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from policy.iam.document import Effect, PolicyDocument, Statement
from policy.iam.evaluate import Levels
from policy.iam.matching import action_matches
from policy.iam.request import Caller
from policy.iam.search.actions import NEEDED_BY_NAME
from policy.iam.search.subject import Subject
from policy.iam.search.witness import Answer
from policy.iam.trust import ASSUME_ROLE, CONNECTORS, LAMBDA
from policy.iam.truth import Truth
from policy.stack.execution_role import Decided, ExecutionRole, Gap, Grant, GrantKind, User
from policy.stack.resources import Resource
from policy.verdict.callers import (
    NOT_DOCUMENTED,
    alike,
    allowing_statements,
    callers,
    common_ways,
    not_documented,
    of_all,
    shown,
)
from policy.verdict.outcomes import Exposed, LockedOut, Outcome, Question, Unverified, WayRound
from policy.verdict.service import Passed, judge_service
from policy.verdict.shedding import Way


def judge_role(execution: ExecutionRole, asked: Question) -> list[Outcome]:
    """Judge one role. Where what is known of it may be out of date, holes are told, and not that there is none."""
    outcomes = _outcomes(execution, asked)
    concerned = [user for user in execution.users if user.kind.value.runs_code and user.judged is not Truth.NO]
    if execution.doubt is None or not concerned or any(isinstance(o, Exposed) and o.writes for o in outcomes):
        return outcomes
    known = [outcome for outcome in outcomes if isinstance(outcome, Unverified) and not outcome.shedding]
    for outcome in known:
        outcome.gaps.append(execution.doubt)
    return outcomes if known else [*outcomes, Unverified(execution, concerned, gaps=[execution.doubt])]


def _outcomes(execution: ExecutionRole, asked: Question) -> list[Outcome]:
    if execution.users:
        code = [user for user in execution.users if user.kind.value.runs_code]
        # What an operator role needs is there for the code of whatever else uses it.
        certain = code if execution.operators else [user for user in code if user.judged is Truth.YES]
        possible = [] if execution.operators else [user for user in code if user.judged is Truth.UNKNOWN]
        # The permissions that these need are there for the code of whatever else runs on the role.
        others = [user for user in code if user not in (certain or possible)]
        if execution.role is None:
            gaps = [execution.reference] if execution.reference else []
            users = [*certain, *possible]
            if certain and execution.grants:
                # What this stack itself puts on the role is its own.
                outcomes = _judge(execution, certain, asked, others)
                exposed = [o for o in outcomes if isinstance(o, Exposed) and o.writes and not o.unless]
                if exposed:
                    return list(exposed)
            return [Unverified(execution, users, gaps=gaps)] if users else _judge_outside(execution, code, asked)
        if certain:
            return _judge(execution, certain, asked, others)
        return _judge_possible(execution, possible, asked, others) if possible else []
    return _judge_unused(execution, asked)


def _judge_possible(
    execution: ExecutionRole, users: list[User], asked: Question, others: Sequence[User]
) -> list[Outcome]:
    """Functions that may or may not be in a VPC: what would be wrong if they are is not certain."""
    judged = _judge(execution, users, asked, others)
    outcomes = [o for o in judged if not (isinstance(o, Unverified) and o.locked_out)]
    undecided = [user.gap for user in users if user.gap]
    if not outcomes:
        # That Lambda may be locked out is all there is to tell.
        perhaps = [outcome for outcome in judged if isinstance(outcome, Unverified)]
        for doubt in perhaps:
            doubt.gaps = [*undecided, *doubt.gaps]
        return list(perhaps)
    unverified = Unverified(execution, users, gaps=undecided)
    for outcome in outcomes:
        if isinstance(outcome, Exposed) and outcome.writes:
            unverified.if_in_vpc.append(outcome)
        elif isinstance(outcome, Unverified):
            unverified.gaps += outcome.gaps
            unverified.answers += outcome.answers
            unverified.unless_denied += outcome.unless_denied
    return [unverified]


def _judge_outside(execution: ExecutionRole, users: Sequence[User], asked: Question) -> list[Outcome]:
    """Functions outside a VPC, of which the role is not known: told where it may be one whose permissions are there for
    something else, and they could use these, which those that are certain to be on that role cannot."""
    gaps: list[Gap] = []
    for role in execution.may_be:
        code = [user for user in role.users if user.kind.value.runs_code]
        inside = [user for user in code if user.judged is not Truth.NO]
        if not inside and not role.operators:
            continue
        placed = [role.running(user) for user in users]
        others = [user for user in code if user not in inside]
        for found in _judge(role, inside, asked, [*others, *placed]):
            if found.users and all(user in placed for user in found.users) and not _only_looks(found):
                gaps += [_may_be(user, role, execution.reference) for user in found.users]
    reference = [execution.reference] if execution.reference else []
    return [Unverified(execution, list(users), gaps=[*reference, *dict.fromkeys(gaps)])] if gaps else []


def _only_looks(outcome: Outcome) -> bool:
    return isinstance(outcome, Exposed) and not outcome.writes


def _may_be(user: User, role: ExecutionRole, reference: Gap | None) -> Gap:
    path = "role" if reference is None else reference.path
    return Gap(user.resource.urn, path, Decided.MENDING, f"may be `{role.label}`, whose permissions its code could use")


def _judge_unused(execution: ExecutionRole, asked: Question) -> list[Outcome]:
    """A role that nothing in this stack uses is judged if it was made for a function in a VPC, which lives elsewhere."""
    trusted = execution.trust.names_service(LAMBDA)
    if trusted is Truth.NO:
        return []
    outcomes = _judge(execution, [], asked)
    if execution.role is None:
        # A policy on a role that is not known.
        open_policy = names_eni_actions(execution) and any(isinstance(o, Exposed) and o.writes for o in outcomes)
        return [Unverified(execution, [], gaps=execution.gaps)] if open_policy else []
    operated = execution.trust.names_service(CONNECTORS) is Truth.YES
    if trusted is Truth.YES and names_eni_actions(execution) and not operated:
        return outcomes
    exposed = [o for o in outcomes if isinstance(o, Exposed) and o.writes]
    if not exposed:
        return []
    named = sorted({action for outcome in exposed for action in outcome.answers}, key=asked.actions.index)
    return [Unverified(execution, [], named, unused=True)]


def names_eni_actions(execution: ExecutionRole) -> bool:
    """Whether the role grants the actions by name: with a managed policy made for Lambda, or in a statement."""
    if any(grant.made_for_lambda for grant in execution.grants):
        return True
    patterns = [
        pattern
        for document in execution.documents
        for statement in document.statements
        if statement.effect is Effect.ALLOW
        for pattern in statement.actions or ()
        if isinstance(pattern, str) and "networkinterface" in pattern.lower()
    ]
    return all(any(action_matches(pattern, action) for pattern in patterns) for action in NEEDED_BY_NAME)


def _judge(execution: ExecutionRole, users: list[User], asked: Question, others: Sequence[User] = ()) -> list[Outcome]:
    """Judge a role for its `users`; the code of `others` has what they need as well."""
    actions = asked.actions
    everybody = [*users, *others]
    passed = _passed(execution, asked.levels)
    unverified = Unverified(execution, [], gaps=list(execution.gaps))
    exposed: dict[Grant, Exposed] = {}
    unless_guarded: dict[Grant, Exposed] = {}
    unless_denied: dict[Grant, Exposed] = {}
    subject = Subject(Caller.CODE, execution.some_function, execution.role_arn, execution.role_tags, asked.now)
    idle = () if asked.unknown_may_guard else tuple(_idle(execution))
    presumed = _presumed_passed(execution, asked.levels) if idle else passed
    for group in alike(everybody, passed.every):
        code = callers(subject, group)
        for action in actions:
            answer = _expose(exposed, execution, group, action, code, passed)
            if answer is NOT_DOCUMENTED:
                unverified.gaps += [gap for gap in map(not_documented, group) if gap not in unverified.gaps]
            elif answer.allowed is Truth.UNKNOWN and idle:
                # What is not known and could not well be a guard does not excuse what is.
                sure: dict[Grant, Exposed] = {}
                _expose(sure, execution, group, action, code, presumed)
                for found in sure.values():
                    _add(unless_guarded, replace(found, unless=idle))
                if sure:
                    continue
            if answer.allowed is Truth.UNKNOWN:
                unverified.actions += [action] if action not in unverified.actions else []
                unverified.users = list(dict.fromkeys([*unverified.users, *group]))
                unverified.answers.append(answer)
                known = [document for document in passed.on_role if not document.unknown]
                _expose(unless_denied, execution, group, action, code, passed._replace(on_role=known))
    for found in (*exposed.values(), *unless_guarded.values()):
        found.under_scps = bool(asked.levels)
    outcomes: list[Outcome] = [*exposed.values(), *unless_guarded.values()]
    needing = [user for user in users if user.needs_vpc is not Truth.NO]
    if needing or not everybody:
        # What may keep the service out because it is not known is said once, with what it does to the code.
        by_service = _locked_out(execution, needing, everybody, replace(subject, caller=Caller.SERVICE), passed)
        outcomes += [o for o in by_service if isinstance(o, LockedOut) or not set(o.actions) & set(unverified.actions)]
    ways_round = _ways_round(execution, everybody, asked, subject, passed)
    # What may be allowed because hardly anything is known of the role is said once.
    outcomes += [way for way in ways_round if isinstance(way, WayRound) or not _told(way, unverified)]
    unverified.unless_denied = [found for found in unless_denied.values() if found.writes]
    return outcomes + ([unverified] if unverified.actions else [])


def _locked_out(
    execution: ExecutionRole, needing: Sequence[User], everybody: Sequence[User], service: Subject, passed: Passed
) -> Iterator[LockedOut | Unverified]:
    """What keeps Lambda's calls for those that need them from getting through; and for those that may need them, where that
    is another statement."""
    blamed: set[int] = set()
    for found in judge_service(execution, needing, service, passed):
        blamed.update(map(id, _blamed(found)))
        yield found
    perhaps = [user for user in everybody if user.needs_vpc is Truth.UNKNOWN and user not in needing]
    for found in judge_service(execution, perhaps, service, passed) if perhaps else ():
        if not blamed.issuperset(map(id, _blamed(found))):
            doubt = found
            if isinstance(doubt, LockedOut):
                doubt = Unverified(execution, doubt.users, doubt.actions, locked_out=doubt)
            doubt.gaps = [*(user.gap for user in doubt.users if user.gap is not None), *doubt.gaps]
            yield doubt


def _blamed(found: LockedOut | Unverified) -> Sequence[object]:
    """What keeps Lambda out: the statements, or the policy where none of them can be told."""
    locked = found.locked_out if isinstance(found, Unverified) else found
    return () if locked is None else locked.statements or (locked.grant,)


def _passed(execution: ExecutionRole, levels: Levels) -> Passed:
    boundary = None if execution.boundary is None else [grant.document for grant in execution.boundary]
    return Passed(execution.documents, boundary, levels)


def _presumed_passed(execution: ExecutionRole, levels: Levels) -> Passed:
    """The same if what could not well be a guard is none."""
    boundary = None if execution.boundary is None else [_open_where_unknown(grant) for grant in execution.boundary]
    return Passed(_presumed(execution.grants), boundary, levels)


def _idle(execution: ExecutionRole) -> Iterator[Grant]:
    """The grants with something that is not known and could not well be a guard."""
    for grant in (*execution.grants, *(execution.boundary or ())):
        if not grant.may_guard and grant.document.known_part is not grant.document:
            yield grant


def _presumed(grants: Iterable[Grant]) -> list[PolicyDocument]:
    """The documents as they are if what could not well be a guard is none."""
    return [grant.document if grant.may_guard else grant.document.known_part for grant in grants]


def _open_where_unknown(grant: Grant) -> PolicyDocument:
    """The same of a boundary, which must let Lambda's own calls through: without a guard it lets the code's through."""
    (document,) = _presumed([grant])
    if document is grant.document:
        return document
    everything = Statement(len(document.statements), None, Effect.ALLOW, actions=("*",), resources=("*",))
    return replace(document, statements=(*document.statements, everything))


def _expose(
    exposed: dict[Grant, Exposed],
    execution: ExecutionRole,
    group: list[User],
    action: str,
    code: Sequence[Subject],
    passed: Passed,
) -> Answer:
    """Note every statement that lets the code in, one after the other; the answer once they are all taken out.

    `code` is whoever the code may turn out to be: what lets all of them in, lets it in for certain.
    """
    while True:
        answers = [passed.ask(action, caller) for caller in code]
        if any(answer.allowed is not Truth.YES for answer in answers):
            return of_all(answers)
        allowing = allowing_statements(answers)
        for grant in execution.grants:
            found = [s for s in grant.document.statements if id(s) in allowing]
            if found:
                _add(exposed, Exposed(execution, grant, found, {action: shown(answers)}, group))
        passed = passed._replace(on_role=[document.without(allowing) for document in passed.on_role])


def _add(exposed: dict[Grant, Exposed], new: Exposed) -> None:
    known = exposed.setdefault(new.grant, Exposed(new.execution, new.grant, unless=new.unless))
    known.statements += [s for s in new.statements if s not in known.statements]
    known.users = list(dict.fromkeys([*known.users, *new.users]))
    for action, answer in new.answers.items():
        known.answers.setdefault(action, answer)


def _told(way: Unverified, unverified: Unverified) -> bool:
    """Whether what stands in the way of one outcome is said with another: rewriting, where the documents are not known."""
    return bool(unverified.actions) and way.shedding != (ASSUME_ROLE,)


def _ways_round(
    execution: ExecutionRole, users: list[User], asked: Question, code: Subject, passed: Passed
) -> Iterator[WayRound | Unverified]:
    """What the code of some of the users can do about every guard: one outcome for each way, with those who can."""
    role = execution.role
    if role is None:
        return
    found: dict[tuple[Truth, tuple[str, ...]], tuple[Way, list[User]]] = {}
    for group in alike(users, passed.every, execution.trust.sessions()):
        for way in common_ways(execution, callers(code, group), asked):
            found.setdefault((way.open, way.calls), (way, []))[1].extend(group)
    if not found:
        return
    session = replace(code, keyless=True, function_arn=users[0].function_arn if users else code.function_arn)
    shed = [a for a in asked.actions if passed.ask(a, session).allowed is Truth.YES] or list(asked.actions)
    for way, able in found.values():
        if way.open is Truth.YES:
            yield WayRound(execution, role, able, shed, way.calls, way.trust_path, way.allowing, way.witness)
        elif execution.trust.known or way.calls != (ASSUME_ROLE,) or way.answers[0].allowed is Truth.YES:
            # A trust policy of which nothing is known may name any role: that counts where the role's own policies ask for
            # such a session.
            gaps = [_may_shed(execution, role, way), *(execution.gaps if way.to_unknown else ())]
            yield Unverified(execution, able, shed, gaps, list(way.answers), shedding=way.calls)


def _may_shed(execution: ExecutionRole, role: Resource, way: Way) -> Gap:
    if way.calls == (ASSUME_ROLE,):
        detail = "may let the role's own sessions assume it, and its policies may allow them to"
        if not execution.trust.known:
            detail = "is not known here, and may let the role's own sessions assume it: its policies allow them to"
        return Gap(role.urn, "trust policy", Decided.MENDING, detail)
    calls = f"{', '.join(way.calls)} on the role itself"
    detail = f"allow {calls}, and what is on it then is not known" if way.to_unknown else f"may allow {calls}"
    return Gap(role.urn, "policies", Decided.MENDING, detail)


def merged(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """One outcome for each thing to change: a customer managed policy of several roles is one."""
    groups: dict[object, list[Outcome]] = {}
    for outcome in outcomes:
        thing: object = id(outcome)
        if isinstance(outcome, Exposed) and outcome.grant.kind is GrantKind.MANAGED:
            thing = outcome.grant.urn, outcome.grant.path, bool(outcome.unless)
        groups.setdefault(thing, []).append(outcome)
    return [
        group[0] if len(group) == 1 else _together([o for o in group if isinstance(o, Exposed)])
        for group in groups.values()
    ]


def _together(group: Sequence[Exposed]) -> Exposed:
    statements: dict[int, Statement] = {}
    answers: dict[str, Answer] = {}
    for exposed in group:
        for statement in exposed.statements:
            statements.setdefault(statement.index, statement)
        for action, answer in exposed.answers.items():
            answers.setdefault(action, answer)
    users = dict.fromkeys(user for exposed in group for user in exposed.users)
    others = [exposed.execution for exposed in group[1:]]
    first = group[0]
    unless = tuple(dict.fromkeys(grant for exposed in group for grant in exposed.unless))
    return Exposed(
        first.execution, first.grant, list(statements.values()), answers, list(users), others, unless, first.under_scps
    )
