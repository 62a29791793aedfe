"""What users write reaches no terminal raw."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from policy.preview.engine import Engine, serve
from policy.preview.monitor import Monitor
from policy.preview.registration import StackIdentity
from policy.shared.escapes import message, one_line, printable, quoted
from tests.case_runner import PACK, PROJECT, Item, Pack, Stage, registrations

# An escape sequence, a backspace, a line that says that all is well, and a mark that turns the direction.
NASTY: Final = "\x1b[31mx\x08\r\n    all policies passed\u202e\u2066\u200f\u061c\x9b"
RAW: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]|^ *all policies", re.M
)
WRITES: Final = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"]


def test_one_line_is_one_line() -> None:
    assert one_line("a\x1b[31m\nb\tc\u202e\u2028") == r"a\x1b[31m\nb\tc\u202e\u2028"
    assert one_line("orders \u00e9 \U0001f600") == "orders \u00e9 \U0001f600"


def test_a_text_of_several_lines_keeps_them() -> None:
    assert printable("a\nb\r") == "a\nb\\r"
    assert message(["a\nb", "c"]) == "a\\nb\nc"


def test_half_a_character_is_shown_by_its_number() -> None:
    assert printable("a\ud800b") == "a\\ud800b"


def test_no_character_ends_what_is_quoted() -> None:
    assert quoted("a`b") == r"`a\x60b`"


OPEN: Final = {"Effect": "Allow", "Action": WRITES, "Resource": "*"}


@pytest.fixture(scope="module")
def pack() -> Iterator[Pack]:
    stack = StackIdentity(PROJECT, "escapes")
    with (
        serve(Monitor(stack, lambda resource: resource.inputs), Engine()) as address,
        Pack(PACK, address, stack, {}) as p,
    ):
        p.ready()
        yield p


@pytest.fixture(scope="module")
def trust() -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def stack(trust: str, name: str, policy_name: str, statement: dict[str, Any], physical: str) -> Stage:
    """A function in a VPC, a role and an inline policy on it with this statement."""
    document = json.dumps(
        {"Version": "2012-10-17", "Statement": [statement, *([OPEN] if statement["Effect"] == "Deny" else [])]}
    )
    role = {"name": physical, "assumeRolePolicy": trust}
    vpc = {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    arn = f"arn:aws:iam::123456789012:role/{physical}"
    return Stage(
        "",
        (
            Item("aws:iam/role:Role", f"role{name}", "", role, {**role, "arn": arn}, {}),
            Item(
                "aws:iam/rolePolicy:RolePolicy",
                f"policy{name}",
                "",
                {"name": policy_name, "role": physical, "policy": document},
                {"name": policy_name, "role": physical, "policy": document},
                {},
            ),
            Item(
                "aws:lambda/function:Function",
                f"function{name}",
                "",
                {"role": arn, "vpcConfig": vpc},
                {"role": arn, "vpcConfig": {**vpc, "vpcId": "vpc-1"}},
                {},
            ),
        ),
        (),
    )


GUARD_LIKE: Final[dict[str, Any]] = {"StringEquals": {"lambda:SourceFunctionArn": NASTY}}


@pytest.mark.parametrize(
    ("statement", "more"),
    [
        ({**OPEN, "Sid": NASTY}, {}),
        (OPEN, {"name": NASTY}),
        (OPEN, {"policy_name": NASTY}),
        (OPEN, {"physical": NASTY}),
        ({**OPEN, "Condition": {"StringNotEquals": {NASTY: "a"}}}, {}),
        ({**OPEN, "Condition": {"StringEquals": {"aws:UserAgent": NASTY}}}, {}),
        ({**OPEN, NASTY: 1}, {}),
        ({"Effect": "Allow", "Action": [*WRITES, NASTY], "Resource": "*"}, {}),
        ({**OPEN, "Effect": "Deny", "Condition": {NASTY: {"a": "b"}}}, {}),
        pytest.param(
            {**OPEN, "Effect": "Deny", "Condition": GUARD_LIKE},
            {},
        ),
    ],
)
def test_nothing_that_a_user_writes_is_said_raw(
    statement: dict[str, Any], more: dict[str, str], trust: str, pack: Pack
) -> None:
    given = {"name": "", "policy_name": "eni", "physical": "orders", **more}
    found = pack.run(registrations(stack(trust, statement=statement, **given)))
    assert found
    for violation in found:
        assert not RAW.search(violation.message), violation.message


def test_a_reason_is_said_on_its_own_line(trust: str, pack: Pack) -> None:
    exemptions = [{"match": "role", "reason": NASTY}]
    config = {"vpc-lambda-eni-guard": {"exemptions": exemptions, "no\x1bsuch": 1}}
    found = pack.run(registrations(stack(trust, "", "eni", OPEN, "orders")), config)
    assert any(r"\x1b[31mx" in violation.message for violation in found)
    for violation in found:
        assert not RAW.search(violation.message), violation.message
