"""What is large is judged all the same: how often the search is asked grows with what is told apart, not with numbers.

Times are measured in the benchmarks. Here is counted.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from test_worlds import QUESTION, TRUST, URN

from policy.iam import matching
from policy.iam.document import _Parser, parse_document
from policy.iam.search.witness import DEFAULT_BUDGET
from policy.iam.truth import Truth
from policy.shared import aws_types
from policy.stack.execution_role import User, UserKind
from policy.stack.links import link
from policy.stack.resources import Resource
from policy.verdict import callers, diagnosis, service
from policy.verdict.exposure import judge_role
from policy.verdict.finding import document_errors, exposed_message
from policy.verdict.one_resource import resource_findings
from policy.verdict.outcomes import Exposed, Unverified

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


def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[Any]:
    """The arguments of each call of a function, which goes on as before."""
    calls: list[Any] = []
    original = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *args, **more: calls.append(args) or original(*args, **more))
    return calls


def deny(*functions: str, operator: str = "ArnLike") -> dict[str, Any]:
    """A Deny for these functions, by the names in their ARNs."""
    arns = [f"arn:aws:lambda:*:*:function:{name}" for name in functions]
    condition = {operator: {"lambda:SourceFunctionArn": arns}}
    return {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": condition}


def inline(*statements: dict[str, Any]) -> Resource:
    """An inline policy of the role `r` with these statements."""
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return Resource(
        URN.format(aws_types.ROLE_POLICY, "p"), aws_types.ROLE_POLICY, {"role": "r", "name": "p", "policy": text}
    )


def users(*names: str) -> list[User]:
    """Functions with these names, whose ARNs are known."""
    found = []
    for name in names:
        arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{name}"
        function = Resource(URN.format(aws_types.FUNCTION, name), aws_types.FUNCTION, {})
        found.append(User(UserKind.FUNCTION, function, Truth.YES, Truth.YES, arn))
    return found


@pytest.mark.parametrize("operator", ["ArnLike", "ArnNotEquals", "StringEquals", "ForAnyValue:StringLike"])
def test_a_condition_is_asked_only_about_the_functions_that_it_names(
    operator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = [deny(f"f{i}", f"g{i}", operator=operator) for i in range(100)]
    document = parse_document({"Version": "2012-10-17", "Statement": statements})
    named = [f"{letter}{i}" for letter in "fg" for i in range(100)]
    asked = counted(monkeypatch, callers, "holds")
    groups = callers.alike(users(*named, *(f"h{i}" for i in range(200))), [document])
    assert len(asked) == len(named)
    together = [{user.resource.name for user in group} for group in groups]
    if operator == "StringEquals":
        # There its wildcards are none, and it names nobody.
        assert together == [{*named, *(f"h{i}" for i in range(200))}]
    else:
        assert together == [*({f"f{i}", f"g{i}"} for i in range(100)), {f"h{i}" for i in range(200)}]


@pytest.mark.parametrize(
    ("operator", "value", "apart"),
    [
        ("ArnLike", "arn:aws:lambda:*:*:function:f*", True),
        ("ArnLike", "arn:aws:lambda:us-east-1:*:function:f1", False),
        ("StringLike", "*:f1", True),
        ("StringLike", "*:*:*:*:*:*:*:f1", False),
        ("StringLike", "a*:*:*:*:*:*:f1", True),
        ("StringEqualsIgnoreCase", "ARN:AWS:LAMBDA:EU-WEST-1:123456789012:FUNCTION:F1", True),
        ("StringNotLike", "a*:*:*:*:*:*:${aws:PrincipalAccount}f1", False),
        ("StringNotLike", "*:${aws:PrincipalAccount}:function:f1", True),
        ("ArnNotLike", "f1", False),
    ],
)
def test_what_spells_no_name_out_tells_functions_apart_too(operator: str, value: str, apart: bool) -> None:
    condition = {operator: {"lambda:SourceFunctionArn": value}}
    document = parse_document({"Version": "2012-10-17", "Statement": {**deny(), "Condition": condition}})
    assert len(callers.alike(users("f1", "g1"), [document])) == (2 if apart else 1)


def test_reasons_that_are_not_shown_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    role, _, function = many(1, {}, known=True)
    policy = inline(ALLOW, *(deny(f"g{i}") for i in range(1000)))
    (execution,) = link((role, policy, function))
    (outcome,) = judge_role(execution, QUESTION)
    looked_at = counted(monkeypatch, diagnosis, "_functions")
    assert isinstance(outcome, Exposed)
    assert exposed_message(outcome, QUESTION.actions).count("Not a guard") == 5
    assert len(looked_at) == 5


def test_an_ordinary_arn_is_seen_to_name_a_function_without_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    searched = counted(monkeypatch, diagnosis, "cells")
    policy = inline(*(deny(f"g{i}", f"g{i}*", f"g?-*-{i}", "*") for i in range(100)))
    assert resource_findings(policy, QUESTION, {}) == []
    assert not searched
    (dead,) = resource_findings(inline(deny("g:PROD")), QUESTION, {})
    assert "has a version or alias" in dead.message
    assert searched


def test_a_document_that_is_far_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read = counted(monkeypatch, _Parser, "_statement")
    role, _, function = many(1, {}, known=True)
    (execution,) = link((role, inline(ALLOW, *(deny(f"g{i}") for i in range(5000))), function))
    (outcome,) = judge_role(execution, QUESTION)
    assert isinstance(outcome, Unverified)
    (error,) = document_errors(execution)
    assert "characters without white space; IAM takes at most 10,240" in error.message
    assert not read


def test_a_thousand_values_of_one_key_are_given_up_before_they_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = counted(monkeypatch, matching, "_prefix_texts")
    patterns = [matching.glob(f"v{i:04}") for i in range(1000)]
    found = matching.cells(patterns[:100], base=matching.glob("*"), fresh="")
    assert (found.complete, len(found.texts), len(tried)) == (True, 101, 1)
    found = matching.cells(patterns, base=matching.glob("*"), fresh="")
    assert (found.complete, found.texts, len(tried)) == (False, ("",), 1)
    # More than any question may cost: the answer is that it is too complex.
    assert found.cost > DEFAULT_BUDGET
