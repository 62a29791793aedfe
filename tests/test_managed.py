"""The AWS managed policies of policy/data/managed_policies.json, and the EC2 table that they are cut down to."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from policy.iam import managed
from policy.iam.search.keys import ASSUME_ROLE
from policy.verdict.shedding import REWRITING

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "managed_policies.py"))
TABLE: dict[str, Any] = json.loads((ROOT / "policy" / "data" / "ec2_actions.json").read_text(encoding="utf-8"))
STORED: dict[str, Any] = json.loads((ROOT / "policy" / "data" / "managed_policies.json").read_text(encoding="utf-8"))
RELEVANT = (*TABLE["actions"], ASSUME_ROLE, *REWRITING)

VPC_ACCESS = "service-role/AWSLambdaVPCAccessExecutionRole"
ENI_ACTIONS = {
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}


def test_the_pinned_sources_are_installed() -> None:
    pinned = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    for source in (STORED["source"], TABLE["source"], TABLE["regions_source"]):
        # Such as "moto 5.2.5 (PyPI), ...": what a data file was made from is what its tests are run with.
        package, wanted = source.split()[:2]
        assert version(package) == wanted, f"pip install -r requirements-dev.txt: the data is of {source}"
        spelled = package.replace("_", "-")
        assert any(re.fullmatch(rf"{spelled}(\[\w+\])?=={re.escape(wanted)}", line) for line in pinned), source


def glob(pattern: str, text: str) -> bool:
    """IAM's wildcard match of an action, on purpose not the script's: the greedy algorithm with one way back."""
    pattern, text = pattern.lower(), text.lower()
    at = position = 0
    star, mark = -1, 0
    while position < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, mark = at, position
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[position]):
            at += 1
            position += 1
        elif star >= 0:
            at, mark = star + 1, mark + 1
            position = mark
        else:
            return False
    return not pattern[at:].strip("*")


@cache
def matched(entry: str) -> frozenset[str]:
    """The relevant actions that one entry of an action list matches."""
    return frozenset(action for action in RELEVANT if glob(entry, action))


def decided(statement: dict[str, Any]) -> frozenset[str]:
    """The relevant actions that a statement applies to."""
    entries = statement.get("NotAction") or statement["Action"]
    named = frozenset[str]().union(*map(matched, [entries] if isinstance(entries, str) else entries))
    return frozenset(RELEVANT) - named if "NotAction" in statement else named


def said(statements: list[dict[str, Any]]) -> list[tuple[frozenset[str], dict[str, Any]]]:
    """Which relevant actions each statement decides, and all else that it says; statements on others left out."""
    return [
        (actions, {key: value for key, value in statement.items() if key not in ("Action", "NotAction")})
        for statement in statements
        if (actions := decided(statement))
    ]


def test_reduced_policies_say_the_same_about_every_action_as_the_full_ones() -> None:
    full = SCRIPT["moto_data"]()
    assert len(full) == len(STORED["policies"])
    for name, policy in full.items():
        held = policy["Document"]["Statement"]
        whole = said(held if isinstance(held, list) else [held])
        assert said(STORED["policies"][policy["Path"].removeprefix("/") + name] or []) == whole, name


def test_the_script_keeps_all_that_leads_round_a_guard() -> None:
    assert set(SCRIPT["WAYS_ROUND"]) == {ASSUME_ROLE, *REWRITING}


@pytest.mark.slow
def test_the_file_is_what_the_script_makes() -> None:
    assert SCRIPT["TARGET"].read_text(encoding="utf-8") == SCRIPT["render"]()


def test_the_table_is_what_its_script_makes() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "ec2_actions.py"))
    assert script["TARGET"].read_text(encoding="utf-8") == script["render"]()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"Action": "*"}, {"Action": "*"}),
        ({"Action": ["s3:*", "EC2:createnetwork*", "ec2:CreateVpc"]}, {"Action": ["EC2:createnetwork*"]}),
        ({"Action": ["e?2:*", "s3:Get*"]}, {"Action": ["e?2:*"]}),
        ({"Action": "sts:Assume*"}, {"Action": "sts:Assume*"}),
        ({"Action": ["ec2:CreateVpc", "sts:GetCallerIdentity"]}, None),
        ({"Action": ["iam:Get*", "iam:*RolePolicy", "iam:PassRole"]}, {"Action": ["iam:*RolePolicy"]}),
        ({"NotAction": "*"}, None),
        ({"NotAction": ["ec2:*", "sts:*", "s3:*", "iam:*"]}, None),
        ({"NotAction": ["ec2:*", "s3:*"]}, {"NotAction": ["ec2:*"]}),
        ({"NotAction": ["s3:*", "sts:*", "ec2:Describe*"]}, {"NotAction": ["sts:*", "ec2:Describe*"]}),
        ({"NotAction": ["rds:*", "s3:*"]}, {"NotAction": ["rds:*", "s3:*"]}),
        ({"NotAction": "rds:*"}, {"NotAction": "rds:*"}),
    ],
)
def test_a_statement_keeps_what_can_decide(given: dict[str, Any], kept: dict[str, Any] | None) -> None:
    rest = {"Sid": "x", "Effect": "Deny", "Resource": ["*"], "Condition": {"Null": {"aws:userid": "true"}}}
    assert SCRIPT["reduced"](rest | given, RELEVANT) == (None if kept is None else rest | kept)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-eusc"])
def test_lookup_in_every_partition(partition: str) -> None:
    found = managed.lookup(f"arn:{partition}:iam::aws:policy/{VPC_ACCESS}")
    assert found is not None
    assert found.name == "AWSLambdaVPCAccessExecutionRole"
    assert found.suffix == VPC_ACCESS
    assert found.document == {"Version": "2012-10-17", "Statement": list(found.statements)}
    assert {action for statement in found.statements for action in statement["Action"]} == ENI_ACTIONS


def test_a_policy_without_interface_actions_is_known_and_empty() -> None:
    found = managed.lookup("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
    assert found is not None
    assert found.document == {"Version": "2012-10-17", "Statement": []}


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::123456789012:policy/service-role/AWSLambdaVPCAccessExecutionRole",
        "arn:aws:iam::aws:role/AdministratorAccess",
        "arn:aws:iam:us-east-1:aws:policy/AdministratorAccess",
        "AdministratorAccess",
        "",
    ],
)
def test_other_arns_are_not_aws_managed(arn: str) -> None:
    assert not managed.is_aws_managed(arn)
    assert managed.lookup(arn) is None


@pytest.mark.parametrize("suffix", ["OfTomorrow", "AWSLambdaVPCAccessExecutionRole", "", "policies"])
def test_an_aws_managed_policy_that_is_not_in_the_data(suffix: str) -> None:
    arn = f"arn:aws:iam::aws:policy/{suffix}"
    assert managed.is_aws_managed(arn)
    assert managed.lookup(arn) is None


@pytest.mark.parametrize("suffix", sorted(managed.MADE_FOR_LAMBDA))
def test_the_policies_made_for_lambda_are_unguarded(suffix: str) -> None:
    found = managed.lookup(f"arn:aws:iam::aws:policy/{suffix}")
    assert found is not None
    granting = [statement for statement in found.statements if "ec2:CreateNetworkInterface" in decided(statement)]
    assert [statement["Effect"] for statement in granting] == ["Allow"]
    assert "Condition" not in granting[0]


def test_the_data_says_where_it_is_from() -> None:
    assert managed.as_of() == STORED["date"]
    assert managed.source().startswith("moto ")
    assert "/" + "work" not in json.dumps(STORED["source"]) + json.dumps(TABLE["source"])


def test_importing_reads_no_file() -> None:
    code = "from policy.iam import managed; raise SystemExit(managed._data.cache_info().currsize)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_create_acts_on_an_interface_a_subnet_and_a_security_group() -> None:
    create = TABLE["actions"]["ec2:CreateNetworkInterface"]["resources"]
    assert {kind: row["required"] for kind, row in create.items()} == {
        "network-interface": True,
        "security-group": False,
        "subnet": True,
    }
    assert "ec2:Vpc" in create["subnet"]["keys"]
    assert "ec2:Vpc" not in create["network-interface"]["keys"]


@pytest.mark.parametrize("action", ["DeleteNetworkInterface", "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"])
def test_the_other_write_actions_act_on_an_interface(action: str) -> None:
    resources = TABLE["actions"][f"ec2:{action}"]["resources"]
    assert {kind: row["required"] for kind, row in resources.items()} == {"network-interface": True}
    assert "ec2:Vpc" in resources["network-interface"]["keys"]


@pytest.mark.parametrize("action", ["NetworkInterfaces", "Subnets", "SecurityGroups", "Vpcs"])
def test_describe_has_no_resource_level(action: str) -> None:
    row = TABLE["actions"][f"ec2:Describe{action}"]
    assert row == {"access_level": "List", "resources": {}, "keys": ["ec2:Region"]}


def test_every_key_of_the_table_has_a_type_and_no_template() -> None:
    actions = TABLE["actions"].values()
    keys = {key for action in actions for row in (action, *action["resources"].values()) for key in row["keys"]}
    assert keys == set(TABLE["key_types"])
    assert set(TABLE["key_types"].values()) == {"ARN", "ArrayOfString", "Bool", "Numeric", "String"}
    assert "${" not in json.dumps(TABLE)


def test_regions_of_every_partition() -> None:
    assert {"us-east-1", "eu-central-1"} <= set(TABLE["regions"]["aws"])
    assert {"aws-cn", "aws-us-gov"} <= set(TABLE["regions"])
    assert not any(name.endswith("-global") for names in TABLE["regions"].values() for name in names)
