"""The differential test itself: a small sample agrees, and each bug put in on purpose is caught."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from policy.iam import conditions, evaluate, matching
from policy.iam.search import candidates, constraints, relevant, witness
from policy.iam.truth import Truth
from tests.differential import generate, simulator
from tests.differential.brute import Brute, merged, texts
from tests.differential.differences import REASONS, Translation
from tests.differential.plain import allowed
from tests.differential.run import NOW, Runner
from tests.differential.shrink import shrink
from tests.differential.simulator import Simulator

pytestmark = pytest.mark.slow

SEED = 20260101
ROLES = 40
# A bug put in on purpose has to be found within so many roles.
PATIENCE = 400


def started() -> Simulator:
    """The simulator; without it the test is skipped, and fails in CI."""
    reason = simulator.unavailable()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"in CI the differential test must run: {reason}")
    if reason:
        pytest.skip(reason)
    return Simulator()


@pytest.fixture(scope="module")
def iam() -> Iterator[Simulator]:
    with started() as running:
        yield running


def test_a_sample_agrees(iam: Simulator) -> None:
    runner = Runner(iam, SEED, per_action=2, holes=5)
    for number in range(ROLES):
        runner.role(number)
    report = runner.report
    assert report.findings == []
    assert report.counts["requests"] == ROLES * 24
    assert report.counts["witnesses replayed"] > ROLES
    assert (
        report.holes["planted"] == report.holes["found by the brute force"] == report.holes["allowed to the pack"] == 5
    )
    assert not any(name.startswith("error") for name in report.differences)


def test_service_control_policies_agree(iam: Simulator) -> None:
    runner = Runner(iam, SEED, per_action=2, holes=0, levels=True)
    for number in range(ROLES):
        runner.role(number)
    report = runner.report
    assert report.findings == []
    assert report.counts["requests allowed"] > 10
    assert report.counts["witnesses replayed"] > 10
    assert not any(name.startswith("error") for name in report.differences)


def test_a_level_that_is_left_out_is_noticed(iam: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "layers", lambda boundary, _: [] if boundary is None else [boundary])
    monkeypatch.setattr(relevant, "layers", lambda boundary, _: [] if boundary is None else [boundary])
    runner = Runner(iam, SEED, per_action=2, holes=0, levels=True)
    for number in range(ROLES):
        runner.role(number)
        if runner.report.findings:
            break
    assert runner.report.findings


def test_a_sample_with_variables_in_guards_agrees(iam: Simulator) -> None:
    runner = Runner(iam, SEED, per_action=2, holes=2, variables=True)
    for number in range(ROLES // 2):
        runner.role(number)
    assert runner.report.findings == []
    assert any("variable in a condition" in name for name in runner.report.differences)


def without_the_negation(monkeypatch: pytest.MonkeyPatch) -> None:
    row = conditions.OPERATORS["notipaddress"]
    monkeypatch.setitem(conditions.OPERATORS, "notipaddress", replace(row, negated=False))


def absent_key_never_meets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "_holds_when_absent", lambda condition: Truth.of(condition.if_exists))


def one_candidate_less(monkeypatch: pytest.MonkeyPatch) -> None:
    original = matching.cells

    def fewer(*args: Any, **options: Any) -> matching.Cells:
        found = copy(original(*args, **options))
        found.texts = found.texts[:-1] or found.texts
        return found

    monkeypatch.setattr(candidates, "cells", fewer)


def one_address_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        candidates, "addresses", lambda found, fresh: [fresh, *(text.partition("/")[0] for text in found)]
    )


def own_region_only(monkeypatch: pytest.MonkeyPatch) -> None:
    original = witness.places
    monkeypatch.setattr(witness, "places", lambda *args: list(original(*args))[:1])


def variables_left_out_of_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first bug that this test found."""
    monkeypatch.setattr(constraints, "filled", lambda patterns, _: (p for p in patterns if "${" not in p))


def boundary_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    original = evaluate._authorize
    monkeypatch.setattr(
        evaluate, "_authorize", lambda authorization, identity, _: original(authorization, identity, ())
    )


@pytest.mark.parametrize(
    ("bug", "caught", "first"),
    [
        # `first` only saves time: the role that showed it when this was written.
        (without_the_negation, "a request is judged otherwise", 35),
        (absent_key_never_meets, "a request is judged otherwise", 4),
        (boundary_left_out, "a request is judged otherwise", 0),
        (one_candidate_less, "a denied call is possible", 17),
        (one_address_less, "a denied call is possible", 172),
        (own_region_only, "a denied call is possible", 0),
        (variables_left_out_of_resources, "a denied call is possible", 190),
    ],
)
def test_a_bug_put_in_on_purpose_is_caught(
    bug: Callable[[pytest.MonkeyPatch], None], caught: str, first: int, iam: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug(monkeypatch)
    runner = Runner(iam, SEED, per_action=1, holes=0)
    for number in (first, *range(PATIENCE)):
        runner.role(number)
        if any(finding.kind == caught for finding in runner.report.findings):
            return
    pytest.fail(f"{PATIENCE} roles did not show it; found: {[f.kind for f in runner.report.findings]}")


# Parts that need no simulator.


def role(*statements: object, boundary: list[object] | None = None) -> generate.Json:
    return {
        "policies": [{"Version": "2012-10-17", "Statement": list(statements)}],
        "boundary": boundary,
        "function_arn": generate.FUNCTION_ARN,
    }


def test_a_role_is_the_same_for_the_same_seed() -> None:
    assert generate.role(7, 3) == generate.role(7, 3) != generate.role(7, 4)


def test_patterns_are_met_together() -> None:
    assert merged("eni-0a*", "*b") == ("eni-0a*b",)
    assert "eni-0ab" in texts(("eni-0a*", "*b"), "eni-*", "eni-f")


def test_the_brute_force_finds_the_one_way_through() -> None:
    open_at = {
        "Effect": "Allow",
        "Action": "ec2:Delete*",
        "Resource": "arn:aws:ec2:us-west-2:*:network-interface/eni-0a*",
    }
    but = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringNotLike": {"ec2:ResourceTag/x": "*b?"}},
    }
    found = Brute(role(open_at, but), Random(0), NOW).search("ec2:DeleteNetworkInterface", code=True)
    assert found is not None
    ((resource, context),) = found.parts
    assert resource.startswith("arn:aws:ec2:us-west-2:123456789012:network-interface/eni-0a")
    assert context["aws:resourcetag/x"][0][-2] == "b"


@pytest.mark.parametrize(
    "condition",
    [
        {"Null": {"lambda:SourceFunctionArn": "true"}},
        {"ArnNotLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:*:*:function:orders"}},
        {"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
        {"StringEquals": {"aws:SourceVpc": "vpc-1"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        {
            "StringEquals": {"aws:RequestTag/x": "a", "aws:RequestTag/y": "b"},
            "ForAllValues:StringEquals": {"aws:TagKeys": "x"},
        },
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/orders-role"}},
    ],
)
def test_the_brute_force_does_not_make_what_nobody_can_make(condition: object) -> None:
    statement = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": condition}
    for action in generate.ENI_ACTIONS:
        assert Brute(role(statement), Random(0), NOW).search(action, code=True) is None


def test_the_plain_evaluator_allows_nothing_that_is_a_matter_of_opinion() -> None:
    several = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:TagKeys": "x"}}}
    document = {"Version": "2012-10-17", "Statement": [several]}
    assert not allowed([document], None, "ec2:DescribeSubnets", "*", {"aws:tagkeys": ("x",)})


def test_each_translation_has_a_reason() -> None:
    statement = {
        "Effect": "Deny", "Action": ["*:*", "s*:x"], "NotResource": ["arn:aws:ec2:*", "arn:aws:ec2:*:*:*/*", "**"],
        "Condition": {"IpAddress": {"aws:SourceIp": ["0.0.0.0/0", "10.0.0.1"]}},
    }  # fmt: skip
    variable = {
        "Effect": "Allow", "Action": "*", "Resource": "arn:aws:ec2:*:${aws:PrincipalAccount}:subnet/*",
        "Condition": {"StringLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:*:${aws:PrincipalAccount}:function:*"}},
    }  # fmt: skip
    names: set[str] = set()
    for describe in (False, True):
        for statements in ((statement, variable), ({**statement, "NotResource": "arn:aws:s3:::*"},)):
            translation = Translation(role(*statements), describe=describe)
            names |= translation.names
    assert names == set(REASONS)


def test_shrinking_keeps_what_matters() -> None:
    noise = {"Effect": "Allow", "Action": ["s3:*", "ec2:*"], "Resource": ["*", "arn:aws:s3:::b"]}
    kept = {
        "Effect": "Deny",
        "Action": "ec2:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    }

    def still(smaller: generate.Json) -> bool:
        return any(s["Effect"] == "Deny" for document in smaller["policies"] for s in document["Statement"])

    small = shrink(role(noise, kept, boundary=[{"Version": "2012-10-17", "Statement": [noise]}]), still)
    assert small == role({"Effect": "Deny", "Action": "ec2:*", "Resource": "*"})
