"""The command after `Check:` is one that the AWS CLI takes: put to its own parser, and to the service's model."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest
from awscli.clidriver import create_clidriver
from botocore.session import Session
from botocore.validate import ParamValidator

from policy.iam.document import parse_document
from policy.iam.request import Caller
from policy.iam.search.actions import KEPT_FROM_CODE
from policy.iam.search.subject import Subject
from policy.iam.search.witness import ask
from policy.iam.trust import parse_trust
from policy.stack.execution_role import ExecutionRole, Grant, GrantKind
from policy.verdict.finding import exposed_message
from policy.verdict.outcomes import Exposed
from tests.case_runner import CASES

ROLE: Final = "arn:aws:iam::123456789012:role/orders"
FUNCTION: Final = "arn:aws:lambda:eu-west-1:123456789012:function:orders"


class Cli:
    """The AWS CLI, which parses a command and then calls nobody."""

    def __init__(self) -> None:
        self._driver = create_clidriver()
        self._calls: list[dict[str, Any]] = []
        self._driver.session.register("calling-command.iam.simulate-principal-policy", self._called)

    def _called(self, call_parameters: dict[str, Any], **_: object) -> int:
        self._calls.append(call_parameters)
        # An answer takes the place of the call.
        return 0

    def parameters(self, command: str) -> dict[str, Any]:
        """The parameters of the call that a command line makes."""
        words = shlex.split(command)
        assert words[:3] == ["aws", "iam", "simulate-principal-policy"]
        assert self._driver.main(words[1:]) == 0
        return self._calls.pop()


@cache
def cli() -> Cli:
    return Cli()


def validate(command: str) -> dict[str, Any]:
    found = cli().parameters(command)
    model = Session().get_service_model("iam").operation_model("SimulatePrincipalPolicy")
    report = ParamValidator().validate(found, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    return found


def checks() -> Iterator[str]:
    for path in sorted(CASES.glob("*/stack.yaml")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip().startswith("Check: "):
                yield line.strip().removeprefix("Check: ")


def test_every_check_of_a_case_is_a_call() -> None:
    found = [validate(command) for command in checks()]
    assert len(found) > 10
    assert all(each["PolicySourceArn"].startswith("arn:aws") for each in found)


def check(condition: dict[str, Any], role_arn: str | None) -> list[str]:
    """The lines with a check for a role with this one condition."""
    statement = {"Effect": "Allow", "Action": "ec2:DescribeSubnets", "Resource": "*", "Condition": condition}
    document = parse_document({"Version": "2012-10-17", "Statement": statement}, "eni")
    grant = Grant(document, "urn:pulumi:dev::app::aws:iam/rolePolicy:RolePolicy::eni", "policy", GrantKind.INLINE)
    answer = ask("ec2:DescribeSubnets", Subject(Caller.CODE, FUNCTION, role_arn), [document])
    execution = ExecutionRole(None, "orders", trust=parse_trust(None), grants=[grant], role_arn=role_arn)
    exposed = Exposed(execution, grant, list(document.statements), {"ec2:DescribeSubnets": answer}, [])
    return [each for each in exposed_message(exposed, KEPT_FROM_CODE).split("\n") if each.startswith("Check: ")]


@pytest.mark.parametrize(
    "value", ["a,b", "a=b", "it's", '"', "[1]", "$(id) `id`", "a b", "file://x", "\x1b[31m\n", "\u202e"]
)
def test_any_value_comes_through(value: str) -> None:
    (line,) = check({"StringEquals": {"aws:UserAgent": value}}, ROLE)
    entries = validate(line.removeprefix("Check: "))["ContextEntries"]
    assert {entry["ContextKeyName"]: entry["ContextKeyValues"] for entry in entries}["aws:UserAgent"] == [value]


@pytest.mark.parametrize("arn", [None, "arn:aws:iam::*:role/orders", "arn:aws:iam::984001750000:role/orders"])
def test_there_is_nothing_to_check_of_a_role_that_is_not_known(arn: str | None) -> None:
    assert check({"StringEquals": {"aws:UserAgent": "a"}}, arn) == []


def test_what_nobody_knows_is_to_be_filled_in() -> None:
    (line,) = check({"StringLike": {"aws:userid": "*"}}, ROLE)
    entries = validate(line.removeprefix("Check: "))["ContextEntries"]
    assert {"ContextKeyName": "aws:userid", "ContextKeyValues": ["<aws:userid>"], "ContextKeyType": "string"} in entries
