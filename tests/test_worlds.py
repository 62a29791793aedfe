"""Stand-ins: what is decided with them in place holds for every account, region and id that they may turn out to be."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

from policy.iam.search.actions import KEPT_FROM_CODE
from policy.shared import aws_types, stand_ins
from policy.stack.links import link
from policy.stack.resources import Resource
from policy.verdict.exposure import judge_role
from policy.verdict.outcomes import Exposed, LockedOut, Outcome, Question, Unverified
from policy.verdict.worlds import Judged, judge_in_all

NOW: Final = Decimal(1_790_000_000)
QUESTION: Final = Question(KEPT_FROM_CODE, NOW)
STANDS_IN: Final = stand_ins.account()
NAMED: Final = ("111122223333", "123456789012")
URN: Final = "urn:pulumi:dev::shop::{}::{}"
_LAMBDA: Final = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST: Final = {"Version": "2012-10-17", "Statement": _LAMBDA}


def stack(policies: list[dict[str, Any]], account: str = STANDS_IN, region: str = "eu-west-1") -> tuple[Resource, ...]:
    """One role with these documents, and two functions in a VPC that run on it."""
    role_arn = f"arn:aws:iam::{account}:role/orders-role"
    role = URN.format(aws_types.ROLE, "orders-role")
    found = [
        Resource(role, aws_types.ROLE, {"name": "orders-role", "arn": role_arn, "assumeRolePolicy": json.dumps(TRUST)})
    ]
    for name in ("orders", "reports"):
        arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
        vpc = {"subnetIds": ["subnet-0a1b2c3d4e5f60718"], "securityGroupIds": ["sg-0a1b2c3d4e5f60718"]}
        props = {"name": name, "arn": arn, "role": role_arn, "vpcConfig": vpc}
        found.append(Resource(URN.format(aws_types.FUNCTION, name), aws_types.FUNCTION, props, {"role": (role,)}))
    for i, document in enumerate(policies):
        props = {"role": "orders-role", "policy": json.dumps(document), "name": f"p{i}"}
        found.append(Resource(URN.format(aws_types.ROLE_POLICY, f"p{i}"), aws_types.ROLE_POLICY, props))
    return tuple(found)


def judge(resources_of_it: tuple[Resource, ...]) -> Judged:
    """The stack as if nothing in it stood in for anything."""
    return [(execution, judge_role(execution, QUESTION)) for execution in link(resources_of_it)]


def _holes(outcomes: list[Outcome]) -> set[tuple[str, str]]:
    return {("exposed", a) for o in outcomes if isinstance(o, Exposed) for a in o.answers} | {
        ("locked out", a) for o in outcomes if isinstance(o, LockedOut) for a in o.actions
    }


_ACCOUNTS: Final = (STANDS_IN, STANDS_IN, *NAMED, "*", "1111*", "????????????")
_REGIONS: Final = ("eu-west-1", "*", "us-east-1")


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    """Statements about accounts: in the resource, in the function's ARN, in conditions on the account."""
    account, region = draw(st.sampled_from(_ACCOUNTS)), draw(st.sampled_from(_REGIONS))
    statement: dict[str, Any] = {
        "Effect": draw(st.sampled_from(("Allow", "Allow", "Deny"))),
        "Action": draw(st.sampled_from(("ec2:*", list(KEPT_FROM_CODE), "ec2:DeleteNetworkInterface"))),
        "Resource": draw(st.sampled_from(("*", "*", f"arn:aws:ec2:{region}:{account}:*/*"))),
    }
    conditions: dict[str, Any] = {}
    if draw(st.booleans()):
        operator = draw(st.sampled_from(("ArnEquals", "ArnNotEquals", "StringEquals", "ArnLike")))
        name = draw(st.sampled_from(("orders", "*", "reports")))
        arn = f"arn:aws:lambda:{region}:{draw(st.sampled_from(_ACCOUNTS))}:function:{name}"
        conditions[operator] = {"lambda:SourceFunctionArn": arn}
    if draw(st.integers(0, 3)) == 0:
        conditions["StringLike"] = {"aws:PrincipalAccount": draw(st.sampled_from(_ACCOUNTS))}
    if draw(st.integers(0, 3)) == 0:
        conditions["Null"] = {"lambda:SourceFunctionArn": draw(st.sampled_from(("true", "false")))}
    return {**statement, "Condition": conditions} if conditions else statement


documents = st.lists(
    st.lists(statements(), min_size=1, max_size=3).map(lambda s: {"Version": "2012-10-17", "Statement": s}),
    min_size=1,
    max_size=3,
)


@examples(150)
@given(documents, st.sampled_from((*NAMED, "111199998888", "999999999999")))
def test_what_a_stand_in_preview_decides_holds_for_every_account(found: list[dict[str, Any]], account: str) -> None:
    decided = judge_in_all(stack(found), judge)
    real = json.loads(json.dumps(found).replace(STANDS_IN, account))
    deployed = judge(stack(real, account))
    for (execution, before), (_, after) in zip(decided, deployed, strict=True):
        undecided = any(isinstance(outcome, Unverified) for outcome in before)
        assert _holes(before) <= _holes(after), execution.label
        assert undecided or _holes(before) == _holes(after), execution.label


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1"])
@pytest.mark.parametrize("named", ["eu-west-1", "eu-*", "cn-north-1", "*"])
@pytest.mark.parametrize("partition", ["aws", "aws-cn", "*"])
def test_what_a_stand_in_preview_decides_holds_in_every_region(region: str, named: str, partition: str) -> None:
    """Region and partition are known no better than the account; a Deny names the function in one of them."""
    condition = {"ArnLike": {"lambda:SourceFunctionArn": f"arn:{partition}:lambda:{named}:{STANDS_IN}:function:*"}}
    found = [
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": condition},
        ]}
    ]  # fmt: skip

    def of(partition: str, region: str) -> tuple[Resource, ...]:
        return tuple(
            r
            if r.type == aws_types.ROLE_POLICY
            else replace(r, props=json.loads(json.dumps(r.props).replace("arn:aws:", f"arn:{partition}:")))
            for r in stack(found, region=region)
        )

    real = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if "gov" in region else "aws"
    decided = judge_in_all(of(stand_ins.PARTITION, stand_ins.REGION), judge)
    deployed = judge(of(real, region))
    for (_, before), (_, after) in zip(decided, deployed, strict=True):
        undecided = any(isinstance(outcome, Unverified) for outcome in before)
        assert _holes(before) <= _holes(after)
        assert undecided or _holes(before) == _holes(after)


def test_without_stand_ins_the_stack_is_judged_once() -> None:
    calls = []

    def counted(resources_of_it: tuple[Resource, ...]) -> Judged:
        calls.append(resources_of_it)
        return judge(resources_of_it)

    judge_in_all(stack([{"Version": "2012-10-17", "Statement": []}], "123456789012"), counted)
    assert len(calls) == 1


def test_more_worlds_than_can_be_tried_decide_nothing() -> None:
    many = [f"arn:aws:lambda:*:{account}:function:*" for account in range(100_000_000_000, 100_000_000_080)]
    condition = {"ArnLike": {"lambda:SourceFunctionArn": many}}
    document = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": condition},
    ]}  # fmt: skip
    ((_, outcomes),) = judge_in_all(stack([document]), judge)
    assert [type(outcome) for outcome in outcomes] == [Unverified]


def test_stand_ins_are_told_from_what_is_real() -> None:
    assert stand_ins.ACCOUNTS.fullmatch(stand_ins.account(7))
    assert not stand_ins.ACCOUNTS.search("123456789012 9840017500001")
    made = stand_ins.identifier("vpce-svc", "urn:x")
    assert stand_ins.IDS.fullmatch(made)
    assert re.fullmatch(r"vpce-svc-[0-9a-f]{17}", made)
    assert not stand_ins.IDS.search("subnet-0a1b2c3d4e5f60718")


def test_a_reader_sees_no_stand_in() -> None:
    arn = f"arn:{stand_ins.PARTITION}:iam:{stand_ins.REGION}:{stand_ins.account(3)}:role/x"
    assert stand_ins.shown(arn) == "arn:aws:iam:us-east-1:123456789012:role/x"
