"""The laws of whole roles: several functions, some of an account or a region that is not known, service control policies,
trust policies, variables, and policies in resources of their own. Each test is named after its law."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.iam.document import PolicyDocument
from policy.iam.truth import UNKNOWN
from policy.shared.aws_types import FUNCTION as FUNCTION_TYPE
from policy.shared.aws_types import ROLE, ROLE_POLICY
from policy.stack.links import link
from policy.stack.resources import Resource
from policy.verdict.exposure import judge_role
from policy.verdict.outcomes import Exposed, LockedOut, Outcome, Question, WayRound
from tests.strategies import ACCOUNT, ACTIONS, KEY, Json, documents, examples, forgotten, parsed, roles

pytestmark = pytest.mark.slow

NAME: Final = "orders-role"
ROLE_ARN: Final = f"arn:aws:iam::{ACCOUNT}:role/{NAME}"
NOW: Final = Decimal(1_790_000_000)
EVERYTHING: Final = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
GUARD: Final[Json] = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": {"Null": {KEY: "false"}}},
}
NO_REWRITING: Final = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Deny", "Action": ["iam:*", "sts:*"], "Resource": "*"},
}
REWRITES: Final = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": ["iam:*", "sts:AssumeRole"], "Resource": "*"},
}


def _trust(*principals: Json) -> Json:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": p, "Action": "sts:AssumeRole"} for p in principals],
    }


TRUSTS: Final = (
    _trust({"Service": "lambda.amazonaws.com"}),
    _trust({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}),
    _trust({"Service": "lambda.amazonaws.com"}, {"AWS": ROLE_ARN}),
    _trust({"Service": "lambda.amazonaws.com"}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
)


@dataclass(frozen=True)
class Runs:
    """A function on the role: its ARN, or its name where the account and the region are not known."""

    arn: str = ""
    name: str = "orders"

    def resource(self, number: int) -> Resource:
        props: dict[str, Any] = {"role": ROLE_ARN, "name": self.name, "arn": self.arn or UNKNOWN}
        props["vpcConfig"] = {"subnetIds": ["subnet-b"], "securityGroupIds": ["sg-a"]}
        return Resource(f"urn:pulumi:dev::shop::{FUNCTION_TYPE}::f{number}", FUNCTION_TYPE, props)


RUNS: Final = (
    Runs(f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:orders"),
    Runs(f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:billing", "billing"),
    Runs(),
    Runs(name="billing"),
)
runs = st.lists(st.sampled_from(RUNS), min_size=1, max_size=3, unique=True)
trusts = st.sampled_from(TRUSTS)
levels = st.lists(st.builds(lambda d: [EVERYTHING, d], documents()), max_size=2)


def _outcomes(
    policies: Sequence[Json],
    functions: Sequence[Runs],
    trust: Json = TRUSTS[0],
    scps: Sequence[list[Json]] = (),
) -> list[Outcome]:
    """What is said of the role with each policy in a resource of its own."""
    role = {"name": NAME, "arn": ROLE_ARN, "assumeRolePolicy": json.dumps(trust), "tags": {"team": "eni-0a"}}
    stack = [Resource(f"urn:pulumi:dev::shop::{ROLE}::r", ROLE, role, inputs=role)]
    for number, policy in enumerate(policies):
        props = {"role": NAME, "name": f"p{number}", "policy": policy}
        stack.append(Resource(f"urn:pulumi:dev::shop::{ROLE_POLICY}::p{number}", ROLE_POLICY, props, inputs=props))
    stack += [function.resource(number) for number, function in enumerate(functions)]
    asked = Question(ACTIONS, NOW, unknown_may_guard=True, levels=tuple(tuple(_read(level)) for level in scps))
    (execution,) = link(stack)
    return judge_role(execution, asked)


def _read(level: list[Json]) -> list[PolicyDocument]:
    return parsed(level) or []


def _holes(outcomes: Sequence[Outcome]) -> frozenset[str]:
    """The actions that code can call for certain, whatever is not known turns out to be."""
    return frozenset(a for o in outcomes if isinstance(o, Exposed) and not o.unless for a in o.answers)


def _kinds(outcomes: Sequence[Outcome]) -> frozenset[str]:
    return frozenset(type(outcome).__name__ for outcome in outcomes)


def _keeps_out(name: str) -> Json:
    condition = {"ArnLike": {KEY: f"arn:aws:lambda:eu-*:*:function:{name}"}}
    return {"Version": "2012-10-17", "Statement": {**GUARD["Statement"], "Condition": condition}}


@examples(40)
@given(roles(), runs, trusts, st.sampled_from(("orders", "billing", "*")))
def test_a_role_is_open_to_what_each_function_alone_may_call(
    role: list[Json], functions: list[Runs], trust: Json, kept_out: str
) -> None:
    role = [*role, _keeps_out(kept_out)]
    alone = [_holes(_outcomes(role, [function], trust)) for function in functions]
    assert _holes(_outcomes(role, functions, trust)) == frozenset().union(*alone)


@examples(40)
@given(roles(), runs, levels, st.builds(lambda d: [EVERYTHING, d], documents()))
def test_a_further_level_of_scps_opens_nothing(
    role: list[Json], functions: list[Runs], scps: list[list[Json]], more: list[Json]
) -> None:
    assert _holes(_outcomes(role, functions, scps=[*scps, more])) <= _holes(_outcomes(role, functions, scps=scps))


@examples(40)
@given(roles(), runs, trusts, levels)
def test_a_level_that_allows_everything_changes_nothing(
    role: list[Json], functions: list[Runs], trust: Json, scps: list[list[Json]]
) -> None:
    before, after = (_outcomes(role, functions, trust, found) for found in (scps, [*scps, [EVERYTHING]]))
    assert (_holes(before), _kinds(before)) == (_holes(after), _kinds(after))


@examples(40)
@given(roles(), runs, trusts, levels)
def test_the_guard_that_is_told_closes_everything(
    role: list[Json], functions: list[Runs], trust: Json, scps: list[list[Json]]
) -> None:
    found = _outcomes([*role, GUARD], functions, trust, scps)
    assert not any(isinstance(outcome, Exposed) for outcome in found)
    assert not any(isinstance(o, LockedOut) and o.grant.urn.endswith(f"::p{len(role)}") for o in found)
    # As a service control policy it does the same.
    found = _outcomes(role, functions, trust, [*scps, [EVERYTHING, GUARD]])
    assert not any(isinstance(outcome, Exposed) for outcome in found)


@examples(40)
@given(roles(), runs, trusts)
def test_a_role_that_may_not_touch_iam_has_no_way_round(role: list[Json], functions: list[Runs], trust: Json) -> None:
    found = _outcomes([*role, REWRITES, GUARD, NO_REWRITING], functions, trust)
    # Where the trust policy names the role, nothing but a Deny of its own keeps the session out, and there is one.
    assert not any(isinstance(outcome, WayRound) for outcome in found)


@examples(40)
@given(st.lists(documents(("Allow",)), max_size=2), runs, trusts)
def test_whoever_may_rewrite_an_open_role_may_shed_its_guard(
    role: list[Json], functions: list[Runs], trust: Json
) -> None:
    found = _outcomes([*role, EVERYTHING, GUARD], functions, trust)
    assert any(isinstance(outcome, WayRound) for outcome in found)


@examples(40)
@given(roles(), runs, trusts, levels)
def test_how_statements_are_put_into_policies_does_not_matter(
    role: list[Json], functions: list[Runs], trust: Json, scps: list[list[Json]]
) -> None:
    apart = [{**policy, "Statement": [statement]} for policy in role for statement in policy["Statement"]]
    before, after = (_outcomes(found, functions, trust, scps) for found in (role, apart))
    assert (_holes(before), _kinds(before)) == (_holes(after), _kinds(after))


@examples(40)
@given(roles(), runs, trusts)
def test_a_variable_is_its_value(role: list[Json], functions: list[Runs], trust: Json) -> None:
    """Of the role, which is known; also where the functions' own account is not."""
    values = {"${aws:PrincipalAccount}": ACCOUNT, "${aws:PrincipalArn}": ROLE_ARN, "${aws:PrincipalTag/team}": "eni-0a"}

    def guard(account: str, tag: str) -> Json:
        condition = {
            "ArnLike": {KEY: f"arn:aws:lambda:*:{account}:function:*"},
            "StringLike": {"aws:PrincipalTag/team": tag},
        }
        return {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Deny",
                "Action": "ec2:*NetworkInterface*",
                "Resource": "*",
                "Condition": condition,
            },
        }

    account, _, tag = values
    before = _outcomes([*role, guard(account, tag)], functions, trust)
    after = _outcomes([*role, guard(values[account], values[tag])], functions, trust)
    assert (_holes(before), _kinds(before)) == (_holes(after), _kinds(after))


@examples(80)
@given(st.data(), roles(), runs, trusts, levels)
def test_a_hole_that_is_known_survives_learning(
    data: st.DataObject, role: list[Json], functions: list[Runs], trust: Json, scps: list[list[Json]]
) -> None:
    """Parts of policies, of service control policies, and where functions are, are not known at first."""
    less = data.draw(forgotten(role))
    fewer = [Runs(name=function.name) if data.draw(st.booleans()) else function for function in functions]
    less_scps = [data.draw(forgotten(level)) for level in scps]
    found = _outcomes(less, fewer, trust, less_scps)
    known = _outcomes(role, functions, trust, scps)
    assert _holes(found) <= _holes(known)
    if not found:
        # Nothing was said, so there is nothing.
        assert not any(isinstance(outcome, Exposed | LockedOut | WayRound) for outcome in known)
