"""The policies with what the configuration says of the world beyond the stack: roles on record, SCPs."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

import pytest

from policy.shared import aws_types
from policy.shared.names import GUARD, ROLE_GUARD, UNVERIFIED
from tests.test_configuration import Stack, everywhere, violated
from tests.test_outside import ACCOUNT, DENY, GUARDED, OPEN, POLICY, ROLE, TRUST, VPC_ACCESS, details, role

ALLOW_ALL: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NARROW: Final = json.loads(json.dumps(DENY).replace('"ec2:CreateNetworkInterface"', '"ec2:CreateVpc"'))
INVERTED: Final = json.loads(json.dumps(DENY).replace('"false"', '"true"'))
OF_A_LINE: Final = "The role `team/orders-role` is known from the account details in account.json, as of 2026-06-14: "


def of_a_day(inline: dict[str, Any], day: str = "2026-06-14") -> dict[str, Any]:
    return details(role(inline, RoleLastUsed={"LastUsedDate": f"{day}T08:00:00Z"}))


@pytest.fixture
def outside() -> Stack:
    """A function on a role of another stack."""
    stack = Stack()
    stack.function(ROLE)
    return stack


def known(tmp_path: Path, content: object, **more: object) -> dict[str, dict[str, object]]:
    path = tmp_path / "account.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return everywhere(known_roles=[str(path)], **more)


def test_a_role_on_record_is_told_on_the_function(outside: Stack, tmp_path: Path) -> None:
    assert violated(outside.tell()) == {(UNVERIFIED, "orders")}
    told = outside.tell(known(tmp_path, of_a_day({"eni": OPEN})))
    assert violated(told) == {(GUARD, "orders")}
    ((_, _, message),) = told
    assert message.endswith(OF_A_LINE + "change it where it is made.")
    assert "`team/orders-role`" in message.split("\n")[0]
    assert violated(outside.tell(known(tmp_path, of_a_day({"eni": GUARDED})))) == set()
    assert violated(outside.tell(known(tmp_path, of_a_day({"eni": OPEN, "deny": DENY})))) == set()


def test_an_old_record_shows_holes_and_not_that_there_is_none(outside: Stack, tmp_path: Path) -> None:
    for day, guarded in (("2026-06-09", set()), ("2026-06-07", {(UNVERIFIED, "orders")})):
        assert violated(outside.tell(known(tmp_path, of_a_day({"eni": OPEN}, day)))) == {(GUARD, "orders")}
        assert violated(outside.tell(known(tmp_path, of_a_day({"eni": GUARDED}, day)))) == guarded
    ((_, _, message),) = outside.tell(known(tmp_path, of_a_day({"eni": GUARDED}, "2026-06-07")))
    assert "as of 2026-06-07, which is too long ago: it shows holes, and not that there is none" in message
    dateless = details({**role({"eni": GUARDED}), "CreateDate": None})
    ((_, _, message),) = outside.tell(known(tmp_path, dateless))
    assert "that has no date: it shows holes" in message
    assert (
        violated(outside.tell(known(tmp_path, of_a_day({"eni": GUARDED}, "2026-06-07"), known_roles_max_age=30)))
        == set()
    )
    path = tmp_path / "account.json"
    told = outside.tell(everywhere(known_roles=[{"file": str(path), "as_of": "2026-06-12"}]))
    assert violated(told) == set()


def test_a_record_that_cannot_be_had_leaves_the_reason(outside: Stack, tmp_path: Path) -> None:
    ((_, name, message),) = outside.tell(everywhere(known_roles=[str(tmp_path / "gone.json")]))
    assert name == "orders"
    assert "is not in this stack, and could not be looked up in gone.json: No such file or directory." in message
    ((_, _, message),) = outside.tell(known(tmp_path, details()))
    assert "is not in this stack, and is not in the account details in account.json." in message


def test_two_functions_of_one_role_are_named_in_one_violation(outside: Stack, tmp_path: Path) -> None:
    outside.function(ROLE, "billing")
    told = outside.tell(known(tmp_path, of_a_day({"eni": OPEN})))
    assert len(violated(told)) == 1
    assert "`orders` and `billing`" in told[0][2] or "`billing` and `orders`" in told[0][2]


# ---- other stacks


def state(*resources: dict[str, Any], stack: str = "prod", time: str = "2026-06-01T00:00:00Z") -> dict[str, Any]:
    """A stack's export, deployed."""
    items = [
        {
            "urn": f"urn:pulumi:{stack}::roles::{item['type']}::{item['name']}",
            "type": item["type"], "custom": True, "id": item["name"],
            "inputs": item["props"], "outputs": {**item["props"], **item.get("outputs", {})},
        }
        for item in resources
    ]  # fmt: skip
    return {"version": 3, "deployment": {"manifest": {"time": time}, "resources": items}}


def role_state(name: str = "orders-role", **props: Any) -> dict[str, Any]:
    given = {"assumeRolePolicy": json.dumps(TRUST), "name": name, "path": "/team/", **props}
    arn = f"arn:aws:iam::{ACCOUNT}:role/team/{name}"
    return {"type": aws_types.ROLE, "name": name, "props": given, "outputs": {"arn": arn}}


def policy_state(document: Any, name: str = "eni", of: str = "orders-role") -> dict[str, Any]:
    return {
        "type": aws_types.ROLE_POLICY,
        "name": name,
        "props": {"role": of, "name": name, "policy": json.dumps(document)},
    }


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([role_state()], set()),
        ([role_state(), policy_state(OPEN)], {(GUARD, "orders")}),
        ([role_state(), policy_state(GUARDED)], set()),
        ([role_state(), policy_state(OPEN), policy_state(DENY, "deny")], set()),
        ([role_state(), role_state("other"), policy_state(OPEN, of="other")], set()),
        ([role_state(inlinePolicies=[{"name": "eni", "policy": json.dumps(OPEN)}])], {(GUARD, "orders")}),
        ([role_state(managedPolicyArns=[VPC_ACCESS])], {(GUARD, "orders")}),
        (
            [
                role_state(),
                {
                    "type": aws_types.POLICY,
                    "name": "eni",
                    "props": {"policy": json.dumps(OPEN), "name": "eni"},
                    "outputs": {"arn": POLICY},
                },
                {"type": aws_types.ROLE_ATTACHMENT, "name": "a", "props": {"role": "orders-role", "policyArn": POLICY}},
            ],
            {(GUARD, "orders")},
        ),
        ([role_state("other")], {(UNVERIFIED, "orders")}),
    ],
)
def test_a_role_of_another_stack_is_judged_by_its_state(
    outside: Stack, tmp_path: Path, resources: list[Any], expected: set[tuple[str, str]]
) -> None:
    export = tmp_path / "exports" / "prod.json"
    export.parent.mkdir()
    export.write_text(json.dumps(state(*resources)), encoding="utf-8")
    written = datetime(2026, 6, 14, tzinfo=timezone.utc).timestamp()
    os.utime(export, (written, written))
    for given in (export, export.parent):
        told = outside.tell(everywhere(known_stacks=[str(given)]))
        assert violated(told) == expected
        for policy, _, message in told:
            if policy == GUARD:
                line = "is known from the state of stack `prod` of project `roles`, as of 2026-06-14: change it where"
                assert line in message
    os.utime(export, (written - 10 * 86400, written - 10 * 86400))
    assert violated(outside.tell(everywhere(known_stacks=[str(export)]))) == expected or {(UNVERIFIED, "orders")}


def test_the_export_of_the_stack_itself_says_nothing_new(tmp_path: Path) -> None:
    """What the stack declares now is newer than what it declared at its last update."""
    stack = Stack()
    name = stack.role(arn=ROLE, name="orders-role")
    stack.policy("orders-role", text=json.dumps(GUARDED))
    stack.function(ROLE)
    assert name
    (tmp_path / "dev.json").write_text(json.dumps(state(role_state(), policy_state(OPEN))), encoding="utf-8")
    assert violated(stack.tell(everywhere(known_stacks=[str(tmp_path)]))) == set()


def test_what_the_stack_writes_into_another_stacks_role_is_newer(outside: Stack, tmp_path: Path) -> None:
    (tmp_path / "prod.json").write_text(json.dumps(state(role_state(), policy_state(OPEN))), encoding="utf-8")
    assert violated(outside.tell(everywhere(known_stacks=[str(tmp_path)]))) == {(GUARD, "orders")}
    outside.add(aws_types.ROLE_POLICY, "mended", {"role": "orders-role", "name": "eni", "policy": json.dumps(GUARDED)})
    assert violated(outside.tell(everywhere(known_stacks=[str(tmp_path)]))) == set()


def test_of_two_exports_of_one_stack_the_newer_counts(outside: Stack, tmp_path: Path) -> None:
    for name, document, time in (("a", OPEN, "2026-06-01T00:00:00Z"), ("b", GUARDED, "2026-06-02T00:00:00Z")):
        content = state(role_state(), policy_state(document), time=time)
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    assert violated(outside.tell(everywhere(known_stacks=[str(tmp_path)]))) == set()


def test_a_state_that_cannot_be_read_leaves_the_reason(outside: Stack, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{", encoding="utf-8")
    ((_, _, message),) = outside.tell(everywhere(known_stacks=[str(tmp_path)]))
    assert "could not be looked up in x.json: it is cut off" in message
    assert "is not in the states of other stacks that are given" in message


# ---- SCPs


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([], {(GUARD, "orders-eni")}),
        ([[ALLOW_ALL]], {(GUARD, "orders-eni")}),
        ([[ALLOW_ALL, DENY]], set()),
        ([[ALLOW_ALL], [ALLOW_ALL, DENY], [ALLOW_ALL]], set()),
        ([[ALLOW_ALL], [ALLOW_ALL, NARROW]], {(GUARD, "orders-eni")}),
        ([[ALLOW_ALL], [DENY]], set()),  # a level that allows nothing: closed, and Lambda has no way in either
    ],
)
def test_a_guard_in_an_scp_is_read(levels: list[list[Any]], expected: set[tuple[str, str]]) -> None:
    stack = Stack()
    name = stack.role()
    stack.policy(name)
    stack.function(name)
    assert violated(stack.tell(everywhere(service_control_policies=levels))) == expected


def test_an_scp_that_keeps_lambda_out_is_told() -> None:
    stack = Stack()
    name = stack.role()
    stack.policy(name)
    stack.function(name)
    told = stack.tell(everywhere(service_control_policies=[[ALLOW_ALL], [ALLOW_ALL, INVERTED]]))
    locked = [message for policy, _, message in told if policy == GUARD and "The Lambda service cannot call" in message]
    assert len(locked) == 1
    assert "of service control policy `service_control_policies[1][1]`" in locked[0]


def test_an_scp_holds_for_a_role_that_declares_all_its_policies() -> None:
    stack = Stack()
    name = stack.role(inlinePolicies=[{"name": "eni", "policy": json.dumps(OPEN)}], managedPolicyArns=[])
    stack.function(name)
    assert (ROLE_GUARD, "orders-role") in violated(stack.tell())
    assert violated(stack.tell(everywhere(service_control_policies=[[ALLOW_ALL, DENY]]))) == set()


def test_scps_come_from_files_too(tmp_path: Path) -> None:
    stack = Stack()
    name = stack.role()
    stack.policy(name)
    stack.function(name)
    plain, described = tmp_path / "deny.json", tmp_path / "described.json"
    plain.write_text(json.dumps(DENY), encoding="utf-8")
    described.write_text(json.dumps({"Policy": {"PolicySummary": {}, "Content": json.dumps(DENY)}}), encoding="utf-8")
    for path in (plain, described):
        assert violated(stack.tell(everywhere(service_control_policies=[[ALLOW_ALL, str(path)]]))) == set()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file or directory"),
        ("{", "not JSON"),
        ("[]", "no policy document"),
        ('{"Policy": {}}', "no policy document"),
    ],
)
def test_an_scp_that_cannot_be_read_is_no_guard_and_is_told(tmp_path: Path, content: str | None, says: str) -> None:
    stack = Stack()
    name = stack.role()
    stack.policy(name)
    stack.function(name)
    path = tmp_path / "scp.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    told = stack.tell(everywhere(service_control_policies=[[ALLOW_ALL, str(path)]]))
    assert (GUARD, "orders-eni") in violated(told)
    problems = [message for policy, where, message in told if policy == GUARD and not where]
    assert len(problems) == 1
    assert (
        f"`service_control_policies[0][1]` cannot be read, and is taken for no guard: scp.json: {says}" in problems[0]
    )


def test_an_scp_that_iam_refuses_is_told() -> None:
    stack = Stack()
    name = stack.role()
    stack.policy(name)
    stack.function(name)
    wrong = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:*"}]}
    told = stack.tell(everywhere(service_control_policies=[[ALLOW_ALL, wrong]]))
    problems = [message for policy, where, message in told if policy == GUARD and not where]
    assert "`service_control_policies[0][1]` is not a policy that IAM takes" in problems[0]


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("known_roles", 5, "`known_roles` must be a list, not 5"),
        ("known_stacks", [5], "`known_stacks[0]` must be the path of a file or a folder, not 5"),
        ("known_roles", [{}], "`known_roles[0]` must be the path of a file, or an object with file and as_of, not {}"),
        ("known_roles", [{"file": "a", "x": 1}], "`known_roles[0].x` is not known; there are file and as_of"),
        (
            "known_roles",
            [{"file": "a", "as_of": "now"}],
            "`known_roles[0].as_of` must be a day like 2026-12-31, not 'now'",
        ),
        ("known_roles_max_age", -1, "`known_roles_max_age` must be a number, and not below 0, not -1"),
        ("lookup", "azure", "`lookup` must be \"aws\", not 'azure'"),
        ("lookup_timeout", True, "`lookup_timeout` must be a number, and not below 0, not True"),
        ("lookup_profile", 5, "`lookup_profile` must be a text, not 5"),
        ("service_control_policies", {}, "`service_control_policies` must be a list, not {}"),
        (
            "service_control_policies",
            ["a"],
            "`service_control_policies[0]` must be a list of files or policies, not 'a'",
        ),
        ("service_control_policies", [[5]], "`service_control_policies[0][0]` must be a file or a policy, not 5"),
    ],
)
def test_what_no_schema_refuses_is_told(outside: Stack, option: str, value: object, sentence: str) -> None:
    told = outside.tell({GUARD: {option: value}})
    ((_, _, message),) = [item for item in told if item[0] == GUARD]
    assert f"{GUARD}: {sentence}" in message.split("\n")
