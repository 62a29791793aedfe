"""The ways round a guard: code that opens a further session on its own role, or that rewrites what is on the role.

The calls of a session that the code opens itself do not carry `lambda:SourceFunctionArn`. And a guard that the code can
take off its role, or write round, guards nothing.

Sources: STS API Reference, AssumeRole (in one account a trust policy that names the role is enough); Service
Authorization Reference for IAM (what the calls are authorised on).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from policy.iam.conditions import ContextValues
from policy.iam.document import Effect, PolicyDocument, Statement
from policy.iam.evaluate import Determining
from policy.iam.request import Request
from policy.iam.search import keys
from policy.iam.search.keys import Session
from policy.iam.search.subject import Subject
from policy.iam.search.witness import Answer, ask
from policy.iam.trust import Entry, Principal
from policy.iam.truth import Truth, all_of, any_of
from policy.stack.execution_role import INLINE_KINDS, ExecutionRole, Grant, GrantKind
from policy.verdict.outcomes import Question
from policy.verdict.tagging import TAG, UNTAG, Tagging

Documents = Sequence[PolicyDocument]
# A caller once it has changed tags, and whether it can.
Tagged = tuple[Truth, Subject]

# What a session can do to the role itself, and to a managed policy on it.
PUT_INLINE: Final = "iam:PutRolePolicy"
DELETE_INLINE: Final = "iam:DeleteRolePolicy"
ATTACH: Final = "iam:AttachRolePolicy"
DETACH: Final = "iam:DetachRolePolicy"
DELETE_BOUNDARY: Final = "iam:DeleteRolePermissionsBoundary"
PUT_BOUNDARY: Final = "iam:PutRolePermissionsBoundary"
CHANGE_TRUST: Final = "iam:UpdateAssumeRolePolicy"
NEW_VERSION: Final = "iam:CreatePolicyVersion"
OLD_VERSION: Final = "iam:SetDefaultPolicyVersion"
ON_THE_ROLE: Final = (PUT_INLINE, DELETE_INLINE, ATTACH, DETACH, DELETE_BOUNDARY, PUT_BOUNDARY, CHANGE_TRUST)
REWRITING: Final = (*ON_THE_ROLE, NEW_VERSION, OLD_VERSION, TAG, UNTAG)


@dataclass(frozen=True, slots=True)
class Way:
    """One way round: whether it is open, the calls that it takes, and by what they are allowed.

    `to_unknown` says that the calls are allowed for certain, and that what they lead to is what nobody knows.
    """

    open: Truth
    calls: tuple[str, ...] = ()
    trust_path: str = ""
    allowing: tuple[Determining, ...] = ()
    witness: Request | None = None
    answers: tuple[Answer, ...] = ()
    to_unknown: bool = False


CLOSED: Final = Way(Truth.NO)


def ways(execution: ExecutionRole, code: Subject, asked: Question) -> Iterator[Way]:
    """The ways round that are open to a caller, or may be."""
    found = _Search(execution, code, asked)
    for way in (found.by_session(), found.by_rewriting()):
        if way.open is not Truth.NO:
            yield way


def _everything(action: str = "*") -> PolicyDocument:
    return PolicyDocument("", (Statement(0, None, Effect.ALLOW, actions=(action,), resources=("*",)),))


class _Search:
    """What one caller can do about the guards on its role."""

    def __init__(self, execution: ExecutionRole, code: Subject, asked: Question) -> None:
        self._execution, self._code, self._asked = execution, code, asked
        self._documents = execution.documents
        self._boundary = None if execution.boundary is None else [grant.document for grant in execution.boundary]
        limits = (*(self._boundary or ()), *(d for level in asked.levels for d in level))
        self._tagging = Tagging([*self._documents, *limits])
        self._name = (execution.role_arn or "arn:*:iam::*:role/*").partition(":role/")[2]

    def _writes(self, caller: Subject, documents: Documents, boundary: Documents | None) -> Truth:
        """Whether a caller can make a judged call that changes anything."""
        actions = (a for a in self._asked.actions if not keys.action(a).read_only)
        return any_of(self._answer(action, caller, documents, boundary).allowed for action in actions)

    def _answer(
        self, action: str | keys.Action, caller: Subject, documents: Documents, boundary: Documents | None
    ) -> Answer:
        return ask(action, caller, documents, boundary, levels=self._asked.levels)

    # ---- the tags of the role

    @cached_property
    def _letting(self) -> Documents:
        """The documents as they let the code call IAM. Of one that is not known yet counts what it may deny, where it could
        be a guard; that it allows calls to IAM is not supposed of any."""
        grants = self._execution.grants
        return [g.document.denying_at_most if g.may_guard else g.document.known_part for g in grants]

    @cached_property
    def _tags(self) -> Mapping[str, Answer]:
        """Whether the code may change tags of the role; nothing where nothing hangs on one."""
        return {a: self._ask(self._letting, a, "role", self._name) for a in (TAG, UNTAG) if self._tagging}

    @cached_property
    def _tagged(self) -> Sequence[Tagged]:
        """The code once it has changed the tags of the role on which something hangs, and whether it can."""
        able = {action for action, answer in self._tags.items() if answer.allowed is not Truth.NO}

        def may(action: str, denied: PolicyDocument) -> Truth:
            restricted = [*self._letting, denied]
            return self._ask(restricted, action, "role", self._name).allowed if action in able else Truth.NO

        return list(self._tagging.after(self._code, may)) if able else []

    # ---- a further session

    def by_session(self) -> Way:
        """The trust policy lets sessions of the role in, and the one that is opened can make judged calls: as the role is
        or with other tags on it."""
        best = self._by_session_of(self._code)
        for can, caller in self._tagged if best.open is not Truth.YES else ():
            way = self._by_session_of(caller)
            opened = all_of((can, way.open))
            if opened is Truth.YES:
                return way
            if opened is Truth.UNKNOWN and best.open is Truth.NO:
                best = replace(way, open=opened)
        return best

    def _by_session_of(self, code: Subject) -> Way:
        entry = self._entry(code)
        if {entry.direct, entry.to_session, entry.by_account} == {Truth.NO}:
            return CLOSED
        assume, anything = keys.on_iam(keys.ASSUME_ROLE, "role", self._name), _everything(keys.ASSUME_ROLE)
        own = self._answer(assume, code, self._documents, self._boundary)
        # Where the trust policy names the role nothing else has to allow it. A Deny still counts, and the boundary has to
        # allow it unless the session itself is named (IAM User Guide, "Policy evaluation logic").
        named = self._answer(assume, code, [*self._documents, anything], self._boundary)
        limit = None if self._boundary is None else [*self._boundary, anything]
        session = self._answer(assume, code, [*self._documents, anything], limit)
        ways = ((entry.by_account, own), (entry.direct, named), (entry.to_session, session))
        opened = any_of(all_of((let_in, answer.allowed)) for let_in, answer in ways)
        if opened is Truth.NO:
            return CLOSED
        useful = self._writes(replace(code, keyless=True), self._documents, self._boundary)
        answer = next((a for let_in, a in ways if all_of((let_in, a.allowed)) is opened), own)
        allowing = own.evaluation.allowing if own.evaluation is not None else ()
        return Way(all_of((opened, useful)), (keys.ASSUME_ROLE,), entry.path, allowing, answer.witness, (own,))

    def _entry(self, code: Subject) -> Entry:
        """Whether the trust policy lets the caller in."""
        _, partition, _, _, account, name = code.function_arn.replace(":function:", ":").split(":", 5)
        role_arn = None if code.role_arn is None or "*" in code.role_arn else code.role_arn
        (role,) = keys.on_iam(keys.ASSUME_ROLE, "role", self._name).resources
        session = Session(code.caller, partition, account, None, role_arn, code.role_tags, code.now, called=role)
        # The function's ARN is no key of policies of resources; what of an account is not known, no fact tells.
        told = self._execution.trust.condition_keys() - {keys.SOURCE_FUNCTION_KEY}
        known: dict[str, ContextValues | None] = {}
        perhaps_absent = set()
        for key in told - set(keys.ACCOUNT_KEYS) if "*" in account else told:
            match keys.fact(key, session):
                case (values,):
                    known[key] = values
                case (None, values):
                    known[key] = values
                    perhaps_absent.add(key)
        trust, caller = self._execution.trust, None if "*" in name else name
        principal = Principal(self._execution.role_arn, caller, known, frozenset(perhaps_absent))
        entry = trust.lets_in(principal)
        for choice in trust.choices():
            entry = entry.or_by(trust.lets_in(replace(principal, context={**known, **choice})))
        return entry

    # ---- rewriting

    def by_rewriting(self) -> Way:
        """The code may change what is on the role so that it can make judged calls."""
        documents, tagged = self._letting, self._tagged
        answers = {action: self._ask(documents, action, "role", self._name, tagged) for action in ON_THE_ROLE}
        answers.update(self._tags)
        rewritten: dict[Grant, str] = {}
        for grant in (*self._execution.grants, *(self._execution.boundary or ())):
            for action in (NEW_VERSION, OLD_VERSION) if grant.kind is GrantKind.MANAGED else ():
                answer = self._ask(documents, action, "policy", _name_of_policy(grant), tagged)
                if answer.allowed is not Truth.NO:
                    answers[action], rewritten[grant] = answer, action
        perhaps = CLOSED
        for level in (Truth.YES, Truth.UNKNOWN):
            able = [a for a, answer in answers.items() if answer.allowed in (Truth.YES, level)]
            own = frozenset(grant for grant, action in rewritten.items() if action in able)
            opened = all_of((level, self._leads_to(documents, able, own))) if able else Truth.NO
            if opened is not Truth.NO and perhaps is CLOSED:
                answer = next(answers[action] for action in able)
                allowing = answer.evaluation.allowing if answer.evaluation is not None else ()
                used = tuple(action for action in REWRITING if action in able)
                to_unknown = level is Truth.YES and opened is Truth.UNKNOWN
                perhaps = Way(opened, used, "", allowing, answer.witness, (answer,), to_unknown)
        return perhaps

    def _ask(self, documents: Documents, action: str, kind: str, name: str, tagged: Sequence[Tagged] = ()) -> Answer:
        """Whether the code may make a call of IAM, as the role is or with other tags on it."""
        called = keys.on_iam(action, kind, name)
        best = self._answer(called, self._code, documents, self._boundary)
        for can, caller in tagged if best.allowed is not Truth.YES else ():
            answer = self._answer(called, caller, documents, self._boundary)
            allowed = all_of((can, answer.allowed))
            if allowed is Truth.YES:
                return answer
            if best.allowed is Truth.NO:
                best = answer._replace(allowed=allowed)
        return best

    def _leads_to(self, documents: Documents, able: Collection[str], own: frozenset[Grant]) -> Truth:
        """Whether the code can make a judged call then. A document that is not known may allow such calls: that counts where
        they are denied for certain before; else it is told of the role as it is."""
        opened = self._opens(documents, able, own)
        if opened is not Truth.NO or all(a is b for a, b in zip(documents, self._documents, strict=True)):
            return opened
        if self._writes(self._code, self._documents, self._boundary) is not Truth.NO:
            return opened
        return self._opens(self._documents, able, own)

    def _opens(self, documents: Documents, able: Collection[str], own: frozenset[Grant]) -> Truth:
        """Whether the code can make a judged call once it has done to its role what it is able to. `own` are the managed
        policies that it can rewrite."""
        limits = own.intersection(self._execution.boundary or ())
        boundary = None if limits or {DELETE_BOUNDARY, PUT_BOUNDARY} & set(able) else self._boundary
        added = [_everything()] if {PUT_INLINE, ATTACH} & set(able) or own - limits else []
        callers = [(Truth.YES, self._code), *(self._tagged if {TAG, UNTAG} & set(able) else ())]
        if CHANGE_TRUST in able:
            # It lets itself in, and goes on without the key.
            callers.append((Truth.YES, replace(self._code, keyless=True)))
        return any_of(
            all_of((can, self._writes(replace(caller, anywhere=True), [*left, *added], boundary)))
            for left in self._left(documents, able, own)
            for can, caller in callers
        )

    def _left(
        self, documents: Documents, able: Collection[str], own: Collection[Grant]
    ) -> Iterator[list[PolicyDocument]]:
        """What can be left of the documents on the role: all, all that it cannot take away, all but those with a Deny, or
        with one that is known."""

        def goes(grant: Grant) -> bool:
            inline = grant.kind in INLINE_KINDS
            removing = {PUT_INLINE, DELETE_INLINE} if inline else {DETACH}
            return grant in own or bool(removing & set(able))

        grants = list(zip(self._execution.grants, documents, strict=True))
        yield [document for _, document in grants]
        yield [document for grant, document in grants if not goes(grant)]
        seen: set[int] = set()
        for effects in ((Effect.DENY,), (Effect.DENY, None)):
            denies = {id(d) for _, d in grants if any(s.effect in effects for s in d.statements)}
            if denies != seen:
                yield [document for grant, document in grants if not (goes(grant) and id(document) in denies)]
            seen = denies


def _name_of_policy(grant: Grant) -> str:
    """A managed policy's path and name, as its ARN has them; `*` where they are not known."""
    given = grant.listed_as.partition(":policy/")[2]
    if given or grant.gave is None:
        return given or "*"
    props = grant.gave[0].props
    name, path = props.get("name", props.get("managedPolicyName")), props.get("path", "/")
    return f"{path}{name}".removeprefix("/") if isinstance(name, str) and isinstance(path, str) else "*"
