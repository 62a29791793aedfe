"""What the pack's own logic costs as roles, functions and documents grow; no SDK, no process."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any

from policy.commands.judge import judge
from policy.iam.document import MANAGED_POLICY_LIMIT, parse_document
from policy.iam.search.actions import KEPT_FROM_CODE
from policy.shared.aws_types import FUNCTION, ROLE, ROLE_POLICY
from policy.stack.links import link
from policy.stack.resources import Resource
from policy.verdict import finding
from policy.verdict.exposure import judge_role, merged
from policy.verdict.outcomes import Question

from .measure import Row, compare, in_turn

_NOW = Decimal(1_800_000_000)
_ACCOUNT = "123456789012"
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def measured(*, quick: bool) -> list[Row]:
    """The rows of this part."""
    rounds = 3 if quick else 7
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)  # as in the pack's process
    run = iter(range(10**9))
    rows = _growing("roles", (10, 100, 1_000, 5_000), rounds, lambda n: _stack(n, 1, next(run)), _judge_stack)
    rows += _growing(
        "functions of one role", (1, 10, 100, 1_000), rounds, lambda n: _stack(1, n, next(run)), _judge_stack
    )
    for name, make in (("statements", _statements), ("statements full of wildcards", _wild_statements)):
        rows += _growing(name, (2, 20, 200), rounds, lambda n, make=make: make(n, next(run)), _judge_text)  # type: ignore[misc]
    times = [_timed(_judge_texts, _stress(next(run))) * 1e3 for _ in range(rounds)]
    what = "role of 10 managed policies, 6,144 characters each, of wildcards, NotAction and 30 keys (ms, of 200)"
    rows.append(compare("Growth", what, times, [200.0] * rounds, unit="ms", target=1.0))
    return rows


def _timed(work: Callable[[Any], None], subject: object) -> float:
    before = time.process_time()
    work(subject)
    return time.process_time() - before


def _each(work: Callable[[Any], None], make: Callable[[int], object], size: int, count: int) -> dict[str, float]:
    """The milliseconds for each of as many subjects of this size, worked on one after the other."""
    return {"ms": sum(_timed(work, make(size)) for _ in range(count)) * 1e3 / count}


def _growing(
    what: str, sizes: tuple[int, ...], rounds: int, make: Callable[[int], object], work: Callable[[Any], None]
) -> list[Row]:
    """Each size against the one before it: one large subject, and as many small ones as make up the same size, so that
    both are worked on equally long. (The speed of a shared machine changes from one second to the next.)"""
    _timed(work, make(sizes[0]))
    rows = []
    for small, large in pairwise(sizes):
        times = large // small
        measures = {"one": partial(_each, work, make, large, 1), "many": partial(_each, work, make, small, times)}
        found = in_turn(rounds * max(1, 1_000 // large), measures)
        grows = f"{small:,} to {large:,} {what} ({times} x)"
        one, many = found["one"]["ms"], found["many"]["ms"]
        rows.append(compare("Growth", grows, one, many, unit="ms", target=1.1 * times))
    return rows


def _stack(roles: int, functions: int, run: int) -> list[Resource]:
    """Roles with a Deny guard and an Allow, each with functions in a VPC; no document like that of another run."""
    found = []
    for number in range(roles):
        name = f"role-{run}-{number}"
        urn = f"urn:pulumi:s::p::{ROLE}::{name}"
        arn = f"arn:aws:iam::{_ACCOUNT}:role/{name}"
        function_arn = f"arn:aws:lambda:*:{_ACCOUNT}:function:{name}-*"
        statements = [
            {"Effect": "Allow", "Action": "ec2:*NetworkInterface*", "Resource": "*"},
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": f"arn:aws:s3:::{name}/*"},
            {
                "Effect": "Deny",
                "Action": "ec2:*",
                "Resource": "*",
                "Condition": {"ArnLike": {"lambda:SourceFunctionArn": function_arn}},
            },
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        found.append(Resource(urn, ROLE, {"name": name, "arn": arn, "assumeRolePolicy": _TRUST}, inputs={}))
        props = {"name": name, "role": name, "policy": document}
        found.append(Resource(f"urn:pulumi:s::p::{ROLE_POLICY}::{name}", ROLE_POLICY, props, {"role": (urn,)}))
        for each in range(functions):
            function = f"{name}-{each}"
            vpc = {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}
            made = {
                "name": function,
                "role": arn,
                "arn": f"arn:aws:lambda:eu-central-1:{_ACCOUNT}:function:{function}",
                "vpcConfig": vpc,
            }
            found.append(Resource(f"urn:pulumi:s::p::{FUNCTION}::{function}", FUNCTION, made, {"role": (urn,)}))
    return found


def _judge_stack(stack: list[Resource]) -> None:
    outcomes = [o for execution in link(stack) for o in judge_role(execution, Question(KEPT_FROM_CODE, _NOW))]
    list(finding.findings(merged(outcomes), KEPT_FROM_CODE, {}))


def _judge_text(text: str) -> None:
    _judge_texts([text])


def _judge_texts(texts: Iterable[str]) -> None:
    judge([parse_document(text) for text in texts], now=_NOW)


def _statements(count: int, run: int) -> str:
    return _document(
        {
            "Effect": "Allow",
            "Action": ["ec2:DeleteNetworkInterface", f"s3:Get{number}"],
            "Resource": f"arn:aws:ec2:eu-central-1:{_ACCOUNT}:network-interface/eni-{run:x}{number:x}",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": f"team-{number}"}},
        }
        for number in range(count)
    )


def _wild_statements(count: int, run: int) -> str:
    return _document(
        {
            "Effect": "Deny" if number % 2 else "Allow",
            "Action": f"ec2:*{'*'.join('Networkface')[number % 5 :]}*",
            "Resource": f"arn:aws:ec2:*:*:network-interface/eni-*{number:x}*a*b{run:04x}",
            "Condition": {"StringLike": {"aws:ResourceTag/team": f"*{number:x}*a*b{run:04x}*"}},
        }
        for number in range(count)
    )


def _document(statements: Iterable[object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


_KEYS = (
    "aws:RequestedRegion", "aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:VpcSourceIp", "aws:CurrentTime",
    "aws:EpochTime", "aws:UserAgent", "aws:Referer", "aws:SecureTransport", "aws:PrincipalTag/a", "aws:PrincipalTag/b",
    "aws:PrincipalArn", "aws:PrincipalAccount", "aws:ResourceTag/a", "aws:ResourceTag/b", "aws:ResourceTag/c",
    "ec2:ResourceTag/d", "ec2:ResourceTag/e", "ec2:Vpc", "ec2:Subnet", "ec2:AvailabilityZone", "ec2:SubnetID",
    "ec2:NetworkInterfaceID", "ec2:Region", "aws:ResourceAccount", "aws:ViaAWSService", "aws:PrincipalOrgID",
    "aws:RequestTag/a", "aws:TagKeys",
)  # fmt: skip


def _stress(run: int) -> list[str]:
    """What a role can hold at most, made as hard to judge as it gets."""
    found = []
    for policy in range(10):
        statements: list[dict[str, object]] = []
        while True:
            number = len(statements)
            key = _KEYS[(policy * 7 + number) % len(_KEYS)]
            action = "NotAction" if number % 3 == 2 else "Action"
            statements.append(
                {
                    "Effect": "Deny" if number % 2 else "Allow",
                    action: [f"ec2:*{'DNIe'[number % 4]}*{run % 10}*", "ec2:*e*t*w*o*r*k*", f"s3:*{number}*"],
                    "Resource": [f"arn:aws:ec2:*:*:*/*{policy}*{number:x}*a*", "*"][: 1 + number % 2],
                    "Condition": {_operator(key): {key: _value(key, policy, number)}},
                }
            )
            if len(json.dumps({"Statement": statements}, separators=(",", ":"))) > MANAGED_POLICY_LIMIT - 40:
                break
        found.append(_document(statements[:-1]))
    return found


def _operator(key: str) -> str:
    if key in ("aws:SourceIp", "aws:VpcSourceIp"):
        return "NotIpAddress"
    if key in ("aws:CurrentTime", "aws:EpochTime"):
        return "DateGreaterThan"
    if key in ("aws:SecureTransport", "aws:ViaAWSService"):
        return "Bool"
    return "ForAnyValue:StringLike" if key == "aws:TagKeys" else "StringNotLike"


def _value(key: str, policy: int, number: int) -> str:
    if _operator(key) == "NotIpAddress":
        return f"10.{policy}.{number}.0/24"
    if _operator(key) == "DateGreaterThan":
        return f"2030-01-{1 + number % 28:02}T00:00:00Z"
    return "true" if _operator(key) == "Bool" else f"*{policy}*{number:x}*a*b*"
