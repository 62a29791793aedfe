"""Roles with parts that are not known: whole documents, statements, single values.

In a given role a mark stands for each hidden part, and a *filling* says what each turns out to be: what it really was,
and parts of other random roles. A mark names what the part is made from, as the engine would: from the function, so that
it could well be a guard, or from a queue, so that it could not.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from random import Random
from typing import Any, Final

from policy.iam.request import Caller
from policy.iam.truth import UNKNOWN, Truth
from policy.shared import aws_types
from policy.stack.execution_role import ExecutionRole, Grant
from policy.stack.links import link
from policy.stack.resources import Resource
from policy.verdict.exposure import Exposed, LockedOut, Question, Unverified, judge_role
from tests.differential import generate
from tests.differential.generate import ENI_ACTIONS
from tests.differential.plain import Json, as_list, statements
from tests.differential.run import NOW, Parsed
from tests.differential.shrink import shrink
from tests.differential.sure import Claim, Given, Judged, SureReport, run_part

QUESTION: Final = Question(ENI_ACTIONS, Decimal(NOW))
_MARK: Final = re.compile(r"<hidden [0-9]+, from the (function|queue)>")
_ALLOW_ALL: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_HARMLESS: Final = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
_GUARD: Final = {
    "Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": {"Null": {generate.KEY: "false"}},
}  # fmt: skip
_ELEMENTS: Final = ("Action", "NotAction", "Resource", "NotResource")

Filling = Mapping[str, Any]
Path = tuple[str | int, ...]


def is_mark(value: object) -> bool:
    """Whether a hidden part was here."""
    return isinstance(value, str) and _MARK.fullmatch(value) is not None


def marks(value: Any) -> Iterator[str]:
    """The marks in a part of a role."""
    if is_mark(value):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from marks(item)
    elif isinstance(value, list):
        for item in value:
            yield from marks(item)


def filled(value: Any, filling: Callable[[str], Any]) -> Any:
    """The value with something for each mark."""
    if is_mark(value):
        return filling(value)
    if isinstance(value, dict):
        return {key: filled(item, filling) for key, item in value.items()}
    return [filled(item, filling) for item in value] if isinstance(value, list) else value


# ---- what the pack says


@dataclass(frozen=True)
class Hidden:
    """A role with marks in it, and what they turn out to be."""

    role: Json
    filling: Filling

    def with_role(self, role: Json) -> Hidden:
        """The same with another role."""
        return replace(self, role=role)

    def shown(self) -> Json:
        """The given role as a case folder keeps it."""
        return {"hidden parts": self.role}

    def real(self) -> Json:
        """The role with everything in its place."""
        found: Json = filled(self.role, self.filling.__getitem__)
        return found

    def judged(self) -> Judged:
        """What is said of single actions, and of the role."""
        return judged(self.role)

    def binds(self, claim: Claim) -> bool:
        """Whether what the claim takes for no guard turns out to be none."""
        return not any(self._guards(mark) for mark in claim.unless)

    def _guards(self, mark: str) -> bool:
        """Whether a hidden part keeps anything out: an identity policy by a Deny, a boundary by what it does not allow."""
        found = as_list(self.filling[mark])
        if any(statement["Effect"] == "Deny" for statement in found):
            return True
        return mark in marks(self.role["boundary"]) and _ALLOW_ALL not in found

    def smallest(self, still: Callable[[Given], bool]) -> Hidden:
        """The same with fewer and smaller statements in what was hidden."""
        small = self
        for mark in dict.fromkeys(marks(self.role)):
            small = small._smallest_of(mark, still)
        return small

    def _smallest_of(self, mark: str, still: Callable[[Given], bool]) -> Hidden:
        value = self.filling[mark]
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            return self

        def with_value(found: Json) -> Hidden:
            return replace(self, filling={**self.filling, mark: as_list(found["policies"][0]["Statement"])})

        whole = {"policies": [{"Statement": value}], "boundary": None}
        return with_value(shrink(whole, lambda found: still(with_value(found))))


def judged(role: Json) -> Judged:
    """Judge a role with marks in it, once as documents and once as what the engine tells of a stack."""
    undecided: Counter[str] = Counter()
    claims = list(_of_answers(role, undecided))
    claims += _of_outcomes(role, undecided)
    return Judged(claims, undecided)


def _of_answers(role: Json, undecided: Counter[str]) -> Iterator[Claim]:
    unknown = filled(role, lambda _: UNKNOWN)
    for action, answers in Parsed.of(unknown).judge(role["function_arn"]).answers.items():
        for caller, answer in answers.items():
            if answer.allowed is Truth.UNKNOWN:
                undecided["an action"] += 1
            else:
                allowed = answer.allowed is Truth.YES
                kind = "an action is allowed" if allowed else "an action is denied"
                yield Claim(kind, action, caller, allowed, answer.witness)


def _of_outcomes(role: Json, undecided: Counter[str]) -> Iterator[Claim]:
    execution, documents = _linked(role)
    outcomes = judge_role(execution, QUESTION)
    told: set[str] = set()
    for outcome in outcomes:
        if isinstance(outcome, Exposed):
            told.update(outcome.answers)
            kind = "a hole unless what is not known is a guard" if outcome.unless else "a hole"
            yield from _holes(kind, outcome, _not_known_at_all(outcome.unless, documents))
        elif isinstance(outcome, LockedOut):
            yield from (Claim("Lambda is locked out", a, Caller.SERVICE, allowed=False) for a in outcome.actions)
        elif isinstance(outcome, Unverified):
            undecided["a role's action"] += len(set(outcome.actions) - told)
            told.update(outcome.actions)
            whole = [grant for grant in execution.grants if grant.document.unknown]
            for hole in outcome.unless_denied:
                yield from _holes("a hole unless an unknown document denies", hole, _not_known_at_all(whole, documents))
    yield from (Claim("no hole", a, Caller.CODE, allowed=False) for a in ENI_ACTIONS if a not in told)


def _holes(kind: str, exposed: Exposed, unless: tuple[str, ...]) -> Iterator[Claim]:
    for action, answer in exposed.answers.items():
        assert answer.witness is not None, "a hole without a witness"
        yield Claim(kind, action, Caller.CODE, allowed=True, witness=answer.witness, unless=unless)


def _not_known_at_all(grants: Sequence[Grant], documents: Mapping[str, Json]) -> tuple[str, ...]:
    """The marks for whole documents and whole statements in what these grants give."""
    found = [s for grant in grants for s in as_list(documents[grant.urn]["Statement"])]
    return tuple(s for s in found if is_mark(s))


# ---- the stack that has the role

_URN: Final = "urn:pulumi:dev::shop::{}::{}"
_QUEUE: Final = _URN.format("aws:sqs/queue:Queue", "jobs")
_FUNCTION: Final = _URN.format(aws_types.FUNCTION, "orders")
_TRUST: Final = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def _linked(role: Json) -> tuple[ExecutionRole, Mapping[str, Json]]:
    """The role with what is on it, and its documents by the URNs of the resources that they are in."""
    stack, documents = _stack(role)
    (execution,) = link(stack)
    return execution, documents


def _stack(role: Json) -> tuple[list[Resource], dict[str, Json]]:
    function_arn = role["function_arn"]
    role_urn = _URN.format(aws_types.NATIVE_ROLE, "orders-role")
    role_props: Json = {
        "roleName": "orders-role",
        "arn": generate.ROLE_ARN,
        "assumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": _TRUST},
    }
    vpc = {"subnetIds": ["subnet-0a1b2c3d4e5f60718"], "securityGroupIds": ["sg-0a1b2c3d4e5f60718"]}
    function = {"name": "orders", "arn": function_arn, "role": generate.ROLE_ARN, "vpcConfig": vpc}
    found = [Resource(_FUNCTION, aws_types.FUNCTION, function, {"role": (role_urn,)})]
    documents: dict[str, Json] = {}
    for i, document in enumerate(role["policies"]):
        urn = _URN.format(aws_types.NATIVE_ROLE_POLICY, f"p{i}")
        documents[urn] = document
        found.append(_policy(urn, aws_types.NATIVE_ROLE_POLICY, document, {"roleName": "orders-role"}))
    for document in role["boundary"] or ():
        urn = _URN.format(aws_types.NATIVE_POLICY, "limit")
        documents[urn] = document
        role_props["permissionsBoundary"] = arn = generate.ROLE_ARN.replace("role/orders-role", "policy/limit")
        found.append(_policy(urn, aws_types.NATIVE_POLICY, document, {"policyArn": arn}))
    return [Resource(role_urn, aws_types.NATIVE_ROLE, role_props), *found], documents


def _policy(urn: str, kind: str, document: Json, props: Json) -> Resource:
    """A document as aws-native has it: an object, known but for what is hidden."""
    from_what = {match.group(1) for mark in marks(document) if (match := _MARK.fullmatch(mark))}
    made_from = tuple({"function": _FUNCTION, "queue": _QUEUE}[name] for name in sorted(from_what))
    source = UNKNOWN if is_mark(document["Statement"]) else filled(document, lambda _: UNKNOWN)
    return Resource(urn, kind, {**props, "policyDocument": source}, {"policyDocument": made_from})


# ---- random ones


class Donors:
    """Parts of other random roles, to fill in for what is hidden."""

    def __init__(self, seed: int, roles: int = 60) -> None:
        # Past the numbers of any run.
        self._roles = [generate.role(seed, 10_000_000 + number) for number in range(roles)]

    @cached_property
    def documents(self) -> list[list[Json]]:
        """The statements of each document."""
        return [as_list(document["Statement"]) for role in self._roles for document in role["policies"]]

    @cached_property
    def statements(self) -> list[Json]:
        """All statements."""
        return [statement for document in self.documents for statement in document]

    def like(self, path: Path) -> list[Any]:
        """Values that can stand at the same place of a statement."""
        found = [value for statement in self.statements for value in _at(statement, path)]
        return found if isinstance(path[-1], str) else [item for value in found for item in as_list(value)]


def _at(statement: Json, path: Path) -> Iterator[Any]:
    value: Any = statement
    for step in path:
        if isinstance(step, int):
            break
        if not isinstance(value, dict) or step not in value:
            return
        value = value[step]
    yield value


class Hider:
    """Hides parts of one random role."""

    def __init__(self, rng: Random, donors: Donors) -> None:
        self._rng, self._donors = rng, donors
        self._real: dict[str, Any] = {}
        self._paths: dict[str, Path] = {}
        self._from: dict[int, str] = {}

    def hide(self, role: Json, fillings: int) -> list[Hidden]:
        """The role with one to three parts hidden: as it is, with less hidden that guards, and `fillings` others."""
        rng = self._rng
        hidden = copy.deepcopy(role)
        hidden["policies"] = self._split(hidden["policies"])
        if hidden["boundary"] is not None:
            # A role has one boundary.
            hidden["boundary"] = [{"Version": "2012-10-17", "Statement": statements(hidden["boundary"])}]
        for _ in range(rng.choice((1, 2, 2, 3))):
            limited = hidden["boundary"] is not None and rng.random() < 0.25
            self._hide(rng.choice(hidden["boundary"] if limited else hidden["policies"]), limited)
        others = [self._other() for _ in range(fillings)]
        found = [self._real, self._open(hidden), *others]
        return [Hidden(hidden, filling) for filling in found]

    def _split(self, documents: list[Json]) -> list[Json]:
        """The statements in two documents at least, so that something is known where one of them is not."""
        found = statements(documents)
        if len(documents) > 1 or len(found) == 1:
            return documents
        cut = self._rng.randrange(1, len(found))
        return [{"Version": "2012-10-17", "Statement": part} for part in (found[:cut], found[cut:])]

    def _hide(self, document: Json, limited: bool) -> None:
        rng, found = self._rng, as_list(document["Statement"])
        if is_mark(document["Statement"]):
            return
        draw = rng.random()
        if draw < 0.4 and not any(marks(found)):
            document["Statement"] = self._mark(document, found, ())
            return
        document["Statement"] = found
        number = rng.randrange(len(found))
        # Of a statement at most one part is hidden: more of them together may be all of it.
        if any(marks(found[number])):
            return
        if draw < 0.6:
            found[number] = self._mark(document, found[number], ("Statement",))
            return
        *way, last = rng.choice([p for p in _places(found[number]) if not (limited and p == ("Effect",))])
        holder = found[number]
        for step in way:
            holder = holder[step]
        holder[last] = self._mark(document, holder[last], (*way, last))

    def _mark(self, document: Json, value: Any, path: Path) -> str:
        # All that is hidden of a document is made from the same.
        made_from = self._from.setdefault(id(document), self._rng.choice(("function", "queue", "queue")))
        mark = f"<hidden {len(self._real)}, from the {made_from}>"
        self._real[mark], self._paths[mark] = value, path
        return mark

    def _other(self) -> dict[str, Any]:
        return {mark: self._drawn(mark, path) for mark, path in self._paths.items()}

    def _drawn(self, mark: str, path: Path) -> Any:
        rng = self._rng
        if not path:
            return [_GUARD] if rng.random() < 0.3 else rng.choice(self._donors.documents)
        if path == ("Statement",):
            return _GUARD if rng.random() < 0.3 else rng.choice(self._donors.statements)
        # Of a key and operator that no donor has, what it really is.
        return rng.choice(self._donors.like(path) or [self._real[mark]])

    def _open(self, hidden: Json) -> dict[str, Any]:
        """Whole documents and statements that deny nothing, where they could not well be guards and in half of the rest."""
        limits = set(marks(hidden["boundary"]))
        found = self._other()
        for mark, path in self._paths.items():
            if path not in ((), ("Statement",)) or ("function" in mark and self._rng.random() < 0.5):
                continue
            allows = [s for s in as_list(found[mark]) if s["Effect"] == "Allow"] or [_HARMLESS]
            if mark in limits:
                allows = [_ALLOW_ALL, *allows]
            found[mark] = allows if not path else allows[0]
        return found


def _places(statement: Json) -> Iterator[Path]:
    """The parts of a statement of which one may be hidden."""
    yield ("Effect",)
    for name in _ELEMENTS:
        if name in statement:
            yield (name,)
            if isinstance(statement[name], list):
                yield from ((name, i) for i in range(len(statement[name])))
    for operator, by_key in statement.get("Condition", {}).items():
        yield ("Condition",)
        yield ("Condition", operator)
        for key, values in by_key.items():
            yield ("Condition", operator, key)
            if isinstance(values, list):
                yield from (("Condition", operator, key, i) for i in range(len(values)))


def hidden_roles(seed: int, number: int, donors: Donors, fillings: int = 1) -> list[Hidden]:
    """Role `number` of a run with parts of it hidden, and what they may turn out to be."""
    rng = Random(f"{seed}:{number}:hidden")
    return Hider(rng, donors).hide(generate.role(seed, number), fillings)


def run_hidden(seed: int, numbers: Iterable[int]) -> SureReport:
    """The roles with these numbers, with parts of them hidden."""
    donors = Donors(seed)
    return run_part(seed, numbers, lambda number: hidden_roles(seed, number, donors))
