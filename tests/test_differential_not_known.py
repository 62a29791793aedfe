"""The differential test of what is said while not all is known: hidden parts of documents, and stand-ins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from test_differential import SEED, started
from test_differential_cases import replay

from policy.iam import elements
from policy.iam.document import PolicyDocument
from policy.iam.request import Caller
from policy.shared import stand_ins
from policy.stack.execution_role import Grant
from policy.verdict import exposure, worlds
from tests.differential import generate, hidden, standing_in
from tests.differential.generate import ACCOUNT, FUNCTION_ARN, OTHER_ACCOUNT, Json
from tests.differential.hidden import Donors, Hidden, hidden_roles
from tests.differential.plain import statements
from tests.differential.simulator import Simulator
from tests.differential.standing_in import OWN, StandingIn, roles_standing_in
from tests.differential.sure import Claim, Given, Judged, Verifier

HIDDEN = 150
STAND_INS = 100
# A bug put in on purpose has to be found within so many roles.
PATIENCE = 400


@pytest.fixture(scope="module")
def iam() -> Iterator[Simulator]:
    with started() as running:
        yield running


@pytest.fixture(scope="module")
def donors() -> Donors:
    return Donors(SEED)


@pytest.mark.slow
def test_a_sample_with_hidden_parts_agrees(iam: Simulator, donors: Donors) -> None:
    verifier = Verifier(iam)
    for number in range(HIDDEN):
        verifier.verify(hidden_roles(SEED, number, donors), Random(number))
    report = verifier.report
    assert report.findings == []
    assert not report.differences
    for kind in (
        "an action is allowed",
        "an action is denied",
        "no hole",
        "a hole unless what is not known is a guard",
    ):
        assert report.counts[f"tried: {kind}"] > HIDDEN / 2, kind
    assert report.counts["not sure: an action"]


@pytest.mark.slow
def test_a_sample_with_stand_ins_agrees(iam: Simulator) -> None:
    verifier = Verifier(iam)
    for number in range(STAND_INS):
        verifier.verify(roles_standing_in(SEED, number), Random(number))
    report = verifier.report
    assert report.findings == []
    assert not report.differences
    for kind in ("a hole", "no hole"):
        assert report.counts[f"tried: {kind}"] > STAND_INS, kind
    assert report.counts["not sure: a role's action"]


def unknown_document_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PolicyDocument, "not_known", staticmethod(lambda name: PolicyDocument(name, (), unknown=True)))


def unknown_condition_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    original = elements.ElementReader.conditions
    monkeypatch.setattr(
        elements.ElementReader, "conditions", lambda *args, **kinds: (original(*args, **kinds)[0], False)
    )


def nothing_unknown_may_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    def presumed(grants: Sequence[Grant]) -> list[PolicyDocument]:
        return [grant.document.known_part for grant in grants]

    monkeypatch.setattr(exposure, "_presumed", presumed)


def unknown_effect_guards_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def known_part(self: PolicyDocument) -> PolicyDocument:
        return replace(self, statements=tuple(s for s in self.statements if s.effect is not None))

    monkeypatch.setattr(PolicyDocument, "known_part", property(known_part))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bug", "first"),
    [
        # `first` only saves time: the role that showed it when this was written.
        (unknown_document_is_none, 3),
        (unknown_condition_is_none, 38),
        (nothing_unknown_may_guard, 31),
        (unknown_effect_guards_nothing, 44),
    ],
)
def test_a_bug_with_hidden_parts_is_caught(
    bug: Callable[[pytest.MonkeyPatch], None],
    first: int,
    iam: Simulator,
    donors: Donors,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    bug(monkeypatch)
    _caught(iam, lambda number: hidden_roles(SEED, number, donors), first, monkeypatch, tmp_path)


def stand_in_is_a_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "_variables", lambda *_: iter(()))


def pattern_of_accounts_is_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "_named_accounts", lambda text: worlds._DIGITS.findall(text))


def one_region_stands_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    original = worlds._places
    monkeypatch.setattr(worlds, "_places", lambda text, partitions: list(original(text, partitions))[:1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bug", "first"),
    [
        (stand_in_is_a_fact, 4),
        (pattern_of_accounts_is_overlooked, 75),
        (one_region_stands_for_all, 144),
    ],
)
def test_a_bug_with_stand_ins_is_caught(
    bug: Callable[[pytest.MonkeyPatch], None],
    first: int,
    iam: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    bug(monkeypatch)
    _caught(iam, lambda number: roles_standing_in(SEED, number), first, monkeypatch, tmp_path)


def _caught(
    iam: Simulator,
    make: Callable[[int], Sequence[Given]],
    first: int,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
) -> None:
    """The bug is found, its case folder shows it, and shows nothing once the bug is out again."""
    verifier = Verifier(iam)
    for number in (first, *range(PATIENCE)):
        verifier.verify(make(number), Random(number))
        if verifier.report.findings:
            break
    else:
        pytest.fail(f"{PATIENCE} roles did not show it")
    case = verifier.report.findings[0].write(folder)
    with pytest.raises(AssertionError):
        replay(case)
    monkeypatch.undo()
    replay(case)


# Parts that need no simulator.

ALLOW: Json = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
DENY: Json = {**ALLOW, "Effect": "Deny", "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}}}
QUEUE, FUNCTION = "<hidden 0, from the queue>", "<hidden 0, from the function>"


def role(*documents: object, boundary: object = None) -> Json:
    found = [{"Version": "2012-10-17", "Statement": statement} for statement in documents]
    limits = None if boundary is None else [{"Version": "2012-10-17", "Statement": boundary}]
    return {"policies": found, "boundary": limits, "function_arn": FUNCTION_ARN}


def holes(judged: Judged) -> Counter[str]:
    return Counter(claim.kind for claim in judged.claims if "hole" in claim.kind)


def test_what_is_hidden_is_the_same_for_the_same_seed(donors: Donors) -> None:
    assert hidden_roles(7, 3, donors) == hidden_roles(7, 3, donors) != hidden_roles(7, 4, donors)
    assert roles_standing_in(7, 3) == roles_standing_in(7, 3) != roles_standing_in(7, 4)


def test_a_hidden_role_turns_out_to_be_what_it_was(donors: Donors) -> None:
    for number in range(40):
        was, *_ = hidden_roles(7, number, donors)
        assert list(hidden.marks(was.role))
        for name in ("policies", "boundary"):
            assert statements(was.real()[name] or ()) == statements(generate.role(7, number)[name] or ())


def test_a_document_from_a_queue_is_no_guard_and_one_from_the_function_may_be() -> None:
    assert holes(hidden.judged(role([ALLOW], QUEUE))) == {"a hole unless what is not known is a guard": 6}
    assert holes(hidden.judged(role([ALLOW], FUNCTION))) == {"a hole unless an unknown document denies": 6}
    assert holes(hidden.judged(role([ALLOW, DENY], QUEUE))) == {"no hole": 6}


def test_a_claim_binds_where_what_it_takes_for_no_guard_is_none() -> None:
    claim = Claim("a hole", "ec2:DeleteNetworkInterface", Caller.CODE, allowed=True, unless=(QUEUE,))
    identity, boundary = role([ALLOW], QUEUE), role([ALLOW], boundary=QUEUE)
    assert Hidden(identity, {QUEUE: [ALLOW]}).binds(claim)
    assert not Hidden(identity, {QUEUE: [ALLOW, DENY]}).binds(claim)
    assert not Hidden(boundary, {QUEUE: [ALLOW]}).binds(claim)
    assert Hidden(boundary, {QUEUE: [{**ALLOW, "Action": "*"}]}).binds(claim)


def test_hidden_statements_are_made_smaller_too() -> None:
    given = Hidden(role([ALLOW], QUEUE), {QUEUE: [ALLOW, {**DENY, "Action": ["ec2:*", "s3:*"]}]})

    def still(smaller: Given) -> bool:
        return "Deny" in str(smaller.real())

    assert given.smallest(still).real() == role([ALLOW], [{**ALLOW, "Effect": "Deny", "Action": "s3:*"}])


def test_a_stand_in_may_be_what_is_named() -> None:
    named = {**DENY, "Condition": {"ArnLike": {"lambda:SourceFunctionArn": f"arn:aws:lambda:*:{ACCOUNT}:function:*"}}}
    given = StandingIn(
        {**role([ALLOW, named]), "function_arn": FUNCTION_ARN.replace(ACCOUNT, OWN)}, {OWN: OTHER_ACCOUNT}
    )
    assert given.judged() == Judged([], Counter({"a role's action": 6}))
    assert given.real()["function_arn"] == FUNCTION_ARN.replace(ACCOUNT, OTHER_ACCOUNT)
    assert holes(standing_in.judged(standing_in.replaced(given.role, {ACCOUNT: OWN}))) == {"no hole": 6}


@pytest.mark.parametrize(
    "deny",
    [
        {"Action": "ec2:*", "Resource": f"arn:{stand_ins.PARTITION}:ec2:*-1:*:*/*"},
        {"Action": "ec2:*", "Resource": "*", "Condition": {"StringNotLike": {"aws:RequestedRegion": "eu-????-1"}}},
    ],
)
def test_a_partition_is_told_from_another_by_its_other_regions(deny: Json) -> None:
    """Found by the run of 2026-11-27, seed 20261129."""
    function_arn = f"arn:{stand_ins.PARTITION}:lambda:{stand_ins.REGION}:{OWN}:function:orders"
    allow = {**ALLOW, "Action": "ec2:DeleteNetworkInterface"}
    found = {**role([allow, {"Effect": "Deny", **deny}]), "function_arn": function_arn}
    china = {OWN: ACCOUNT, stand_ins.REGION: "cn-north-1", stand_ins.PARTITION: "aws-cn"}
    given = StandingIn(found, china)
    assert holes(standing_in.judged(given.real())) == {"no hole": 6}
    assert not holes(given.judged())["a hole"]
