"""Whether Lambda's own calls get through what is on a role: locked out for certain, or perhaps.

What is looked for is a guard: a statement without which the Lambda service could make a call that it needs. A role that
never allowed the call is somebody's unfinished work, and no guard of it is to blame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, NamedTuple

from policy.iam.conditions import Condition, holds
from policy.iam.document import Effect, PolicyDocument, Statement
from policy.iam.elements import Text
from policy.iam.evaluate import Levels, action_covered
from policy.iam.matching import ARN_FIELDS
from policy.iam.search.actions import NEEDED_BY_POLLER, NEEDED_BY_SERVICE
from policy.iam.search.keys import (
    EXAMPLE_ACCOUNT,
    NETWORK_KEYS,
    REGION_KEYS,
    SERVICE_ADDRESS,
    SOURCE_FUNCTION_KEY,
    regions,
)
from policy.iam.search.subject import ACCOUNT, Subject
from policy.iam.search.witness import Answer, ask
from policy.iam.truth import Truth, Unknown
from policy.stack.execution_role import ExecutionRole, Grant, GrantKind, User, UserKind
from policy.verdict.outcomes import LockedOut, Unverified


class Passed(NamedTuple):
    """What a call of the role passes: the documents on the role, its boundary, and the levels of its organization."""

    on_role: list[PolicyDocument]
    boundary: list[PolicyDocument] | None
    levels: Levels

    def ask(self, action: str, caller: Subject) -> Answer:
        """Whether there is a call of this caller that is allowed."""
        return ask(action, caller, self.on_role, self.boundary, levels=self.levels)

    @property
    def every(self) -> list[PolicyDocument]:
        """All of the documents."""
        return [*self.on_role, *(self.boundary or ()), *(document for level in self.levels for document in level)]

    @property
    def known(self) -> Passed:
        """Without the policies of which nothing is known: they are told with the code's calls, and show no guard."""
        boundary = None if self.boundary is None else [document for document in self.boundary if not document.unknown]
        return Passed([document for document in self.on_role if not document.unknown], boundary or None, self.levels)

    def unguarded(self, without: frozenset[int] = frozenset()) -> Passed:
        """As if nobody had thought of the key, or of networks, and without the statements of these `id`s."""
        boundary = None if self.boundary is None else [_unguarded(d.without(without)) for d in self.boundary]
        levels = [[_unguarded(d.without(without)) for d in level] for level in self.levels]
        return Passed([_unguarded(d.without(without)) for d in self.on_role], boundary, levels)

    def ask_everywhere(self, action: str, service: Subject) -> Answer:
        """The service's call, wherever its function may be; statements name the places that matter."""
        places = _where(service.function_arn, self.every)
        first, *others = (self.ask(action, replace(service, function_arn=arn)) for arn in places)
        if all(answer.allowed is first.allowed for answer in others):
            return first
        return Answer(Truth.UNKNOWN, unknown_keys=(SOURCE_FUNCTION_KEY,))


def judge_service(
    execution: ExecutionRole, users: Sequence[User], service: Subject, passed: Passed
) -> Iterator[LockedOut | Unverified]:
    """The guards that keep Lambda's own calls from getting through, and those of which that is not certain.

    `service` is the caller, without its function; `users` are those that Lambda makes the calls for.
    """
    every = [*execution.grants, *(execution.boundary or ()), *_of_organization(execution, users, passed.levels)]
    if not any(_is_no_plain_allow(statement) for grant in every for statement in grant.document.statements):
        return  # nothing that could be blamed
    found = _Found(execution, every, passed)
    for group in _alike(users):
        caller = replace(service, function_arn=group[0].function_arn) if group else service
        polls = bool(group) and group[0].kind is UserKind.POLLER
        for action in NEEDED_BY_POLLER if polls else NEEDED_BY_SERVICE:
            _judge_call(found, group, action, caller)
    yield from found.locked.values()
    yield from found.unsure.values()


@dataclass
class _Found:
    """What is found out about one role; `every` are all its grants, with the boundary and what limits the account."""

    execution: ExecutionRole
    every: list[Grant]
    passed: Passed
    locked: dict[Grant, LockedOut] = field(default_factory=dict)
    unsure: dict[Grant, Unverified] = field(default_factory=dict)

    @cached_property
    def known(self) -> Passed:
        """What is passed without the policies of which nothing is known; the same object for all calls."""
        return self.passed.known

    @cached_property
    def unguarded(self) -> Passed:
        """What is passed as if nobody had thought of the key, or of networks; the same object for all calls."""
        return self.passed.unguarded()

    def keeping_out(self, action: str) -> list[tuple[Grant, Statement, Truth]]:
        """The statements with a condition that decides against the Lambda service, each with whether it is about the action:
        for certain, or perhaps."""
        return [
            (grant, statement, covered)
            for grant in self.every
            for statement in grant.document.statements
            if (covered := action_covered(statement, action)) is not Truth.NO and _keeps_service_out(statement)
        ]

    def lock(self, grant: Grant, statement: Statement, action: str, users: Sequence[User]) -> None:
        """Note a guard that keeps the service out."""
        _note(self.locked.setdefault(grant, LockedOut(self.execution, grant, [], [], [])), [statement], action, users)

    def doubt(
        self, grant: Grant, statements: list[Statement], action: str, users: Sequence[User], answer: Answer
    ) -> None:
        """Note a policy that may keep the service out."""
        new = Unverified(self.execution, [], gaps=list(self.execution.gaps))
        new.locked_out = LockedOut(self.execution, grant, [], new.actions, new.users)
        unsure = self.unsure.setdefault(grant, new)
        if unsure.locked_out is not None:
            _note(unsure.locked_out, [s for s in statements if _can_be_mended(s)], action, users)
        unsure.answers.append(answer)


def _note(locked: LockedOut, statements: Iterable[Statement], action: str, users: Sequence[User]) -> None:
    locked.users += [user for user in users if user not in locked.users]
    locked.statements += [statement for statement in statements if statement not in locked.statements]
    locked.actions += [action] if action not in locked.actions else []


def _can_be_mended(statement: Statement) -> bool:
    """Whether a new Condition can be given for the statement: nothing in it that would be left out is unknown."""
    others = [c for c in statement.conditions if c.key != SOURCE_FUNCTION_KEY]
    return bool(statement.conditions) and not any(isinstance(v, Unknown) for c in others for v in c.values)


def _alike(users: Sequence[User]) -> list[list[User]]:
    """The users in groups that the service makes the same calls for, from the same region and account."""
    groups: dict[tuple[object, ...], list[User]] = {}
    for user in users:
        place = user.function_arn.split(":", ARN_FIELDS - 1)[:-1]
        groups.setdefault((user.kind is UserKind.POLLER, *place), []).append(user)
    return list(groups.values()) or [[]]


def _of_organization(execution: ExecutionRole, users: Sequence[User], levels: Levels) -> Iterator[Grant]:
    """The service control policies, as policies on a role. They are changed elsewhere: it is told where they hit."""
    urn = execution.role.urn if execution.role is not None else users[0].resource.urn if users else ""
    for level in levels:
        for document in level:
            yield Grant(document, urn, document.name, GrantKind.SERVICE_CONTROL)


def _judge_call(found: _Found, users: list[User], action: str, service: Subject) -> None:
    """Note what keeps the service from one call, or may do so."""
    possible = found.keeping_out(action)
    guards = [(grant, statement) for grant, statement, covered in possible if covered is Truth.YES]
    whole = found.passed.ask(action, service)
    freed = found.unguarded.ask(action, service) if possible else whole
    by_any = bool(possible) and freed.allowed is not Truth.NO
    by_guards = by_any and bool(guards)
    if whole.allowed is Truth.NO:
        certain = [(grant, statement) for grant, statement in guards if not statement.uncertain]
        for grant, statement in certain if by_guards else ():
            found.lock(grant, statement, action, users)
        # Why it is not certain shows in what would be without the guards: with them there is no call to be unsure of.
        for grant, statement, _ in possible if by_any and not certain else ():
            found.doubt(grant, [statement], action, users, freed)
        return
    answer = found.known.ask_everywhere(action, service)
    if answer.allowed is Truth.YES:
        return
    doubtful = [d.statement for d in answer.unresolved if _is_no_plain_allow(d.statement)]
    without = found.known.unguarded(frozenset(map(id, doubtful))).ask_everywhere(action, service)
    if without.allowed is not Truth.YES and not by_guards:
        return
    blamed = {id(statement) for statement in (*doubtful, *(statement for _, statement in guards))}
    reason = answer if answer.allowed is Truth.UNKNOWN else whole
    for grant in found.every:
        statements = [statement for statement in grant.document.statements if id(statement) in blamed]
        if statements:
            found.doubt(grant, statements, action, users, reason)


def _where(function_arn: str, documents: Iterable[PolicyDocument]) -> Iterator[str]:
    """The ARN as far as it is known, and where its region or account is not and there is a guard: once for each that a
    statement names, and for one that none names."""
    yield function_arn
    fields = function_arn.split(":", ARN_FIELDS - 1)
    statements = [s for d in documents for s in d.statements]
    if "*" not in (fields[_REGION_FIELD], fields[_ACCOUNT_FIELD]) or not any(map(telling, statements)):
        return
    conditions = [c for s in statements for c in s.conditions]
    regional = _texts(value for c in conditions if c.key in REGION_KEYS for value in c.values)
    everything = (*(v for c in conditions for v in c.values), *(p for s in statements for p in s.resource_patterns))
    accounts = [account for text in _texts(everything) for account in ACCOUNT.findall(text)]
    for place, values, some in ((_REGION_FIELD, regional, _REGIONS), (_ACCOUNT_FIELD, accounts, _ACCOUNTS)):
        named = [value for value in dict.fromkeys(values) if not _WILD.intersection(value)]
        if fields[place] == "*" and values:
            for value in (*named, next((other for other in some if other not in values), "*")):
                yield ":".join((*fields[:place], value, *fields[place + 1 :]))


def _texts(values: Iterable[Text]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


_REGIONS: Final = regions("aws")
_ACCOUNTS: Final = (EXAMPLE_ACCOUNT, *(f"{number:012}" for number in range(1000)))
_REGION_FIELD, _ACCOUNT_FIELD = 3, 4
_WILD: Final = frozenset("*?$:")

# What Lambda's own calls carry of these keys.
_SERVICE_CALL: Final = {"aws:sourceip": (SERVICE_ADDRESS,)}


def telling(statement: Statement) -> list[Condition]:
    """The conditions on the function's ARN, and on the network that a call comes from."""
    return [c for c in statement.conditions if c.key == SOURCE_FUNCTION_KEY or c.key in NETWORK_KEYS]


def keeps_out_by_key(statement: Statement) -> bool:
    """Whether it is a condition on the function's ARN that decides against the service, and not only one on networks."""
    against = Truth.YES if statement.effect is Effect.DENY else Truth.NO
    return any(c.key == SOURCE_FUNCTION_KEY and holds(c, {}) is against for c in statement.conditions)


def _is_no_plain_allow(statement: Statement) -> bool:
    """Whether it could keep the service out: a Deny, or an Allow that asks whose call it is."""
    return statement.effect is not Effect.ALLOW or bool(telling(statement))


def _keeps_service_out(statement: Statement) -> bool:
    """Whether conditions on what tells the service's calls from the code's decide against the service."""
    answers = [holds(condition, _SERVICE_CALL) for condition in telling(statement)]
    if not answers:
        return False
    if statement.effect is Effect.DENY:
        return all(answer is Truth.YES for answer in answers)
    return any(answer is Truth.NO for answer in answers)


def _unguarded(document: PolicyDocument) -> PolicyDocument:
    """The document as if nobody had thought of the key, or of networks."""
    statements = []
    for statement in document.statements:
        conditions = telling(statement)
        if statement.effect is not Effect.DENY or not conditions:
            others = tuple(c for c in statement.conditions if c not in conditions)
            statements.append(replace(statement, conditions=others))
    return replace(document, statements=tuple(statements))
