"""What is large is judged all the same: how often the search is asked grows with what is told apart, not with numbers.

Times are measured in the benchmarks. Here is counted.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from test_worlds import QUESTION, TRUST, URN

from policy.shared import aws_types
from policy.stack.links import link
from policy.stack.resources import Resource
from policy.verdict import service
from policy.verdict.exposure import judge_role
from policy.verdict.outcomes import Exposed

ACCOUNT: Final = "123456789012"
ALLOW: Final = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}


def many(functions: int, guard: dict[str, Any], *, known: bool) -> tuple[Resource, ...]:
    """One role with a Deny under this condition, and so many functions on it, whose ARNs are known or not."""
    role, arn = URN.format(aws_types.ROLE, "r"), f"arn:aws:iam::{ACCOUNT}:role/r"
    document = {
        "Version": "2012-10-17",
        "Statement": [ALLOW, {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": guard}],
    }
    found = [
        Resource(role, aws_types.ROLE, {"name": "r", "arn": arn, "assumeRolePolicy": json.dumps(TRUST)}),
        Resource(
            URN.format(aws_types.ROLE_POLICY, "p"),
            aws_types.ROLE_POLICY,
            {"role": "r", "name": "p", "policy": json.dumps(document)},
        ),
    ]
    for i in range(functions):
        props: dict[str, Any] = {"name": f"f{i}", "role": arn, "vpcConfig": {"subnetIds": ["subnet-1"]}}
        if known:
            props["arn"] = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f{i}"
        found.append(Resource(URN.format(aws_types.FUNCTION, f"f{i}"), aws_types.FUNCTION, props, {"role": (role,)}))
    return tuple(found)


@pytest.mark.parametrize("known", [True, False])
def test_functions_that_no_condition_tells_apart_are_asked_once(known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    original = service.ask
    monkeypatch.setattr(service, "ask", lambda *args, **limits: asked.append(args) or original(*args, **limits))
    names = [f"arn:aws:lambda:*:*:function:f{i}" for i in range(200)]
    (execution,) = link(many(400, {"ArnLike": {"lambda:SourceFunctionArn": names}}, known=known))
    (outcome,) = judge_role(execution, QUESTION)
    assert isinstance(outcome, Exposed)
    # The guard lists the first two hundred.
    assert {user.resource.name for user in outcome.users} == {f"f{i}" for i in range(200, 400)}
    assert len(asked) < 60


def test_a_variable_tells_functions_apart_only_by_what_it_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    original = service.ask
    monkeypatch.setattr(service, "ask", lambda *args, **limits: asked.append(args) or original(*args, **limits))
    arn = "arn:aws:lambda:*:${aws:PrincipalAccount}:function:f1*"
    (execution,) = link(many(100, {"ArnLike": {"lambda:SourceFunctionArn": arn}}, known=True))
    (outcome,) = judge_role(execution, QUESTION)
    assert isinstance(outcome, Exposed)
    assert {user.resource.name for user in outcome.users} == {f"f{i}" for i in range(100) if not str(i).startswith("1")}
    assert len(asked) < 60
