"""What the preview says that there was to judge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from test_preview import PACK, PLAIN, project

from policy.preview.config_file import PolicyConfig
from policy.preview.properties import UNKNOWN, as_secret
from policy.preview.registration import Registration, StackIdentity
from policy.preview.run import preview
from policy.preview.what_was_judged import judged
from policy.shared import names
from policy.told.counting import Judged

STACK = StackIdentity("shop", "dev")
ACTIVE = {name: PolicyConfig("mandatory") for name in (names.GUARD, names.READ_ONLY, names.UNVERIFIED)}
IN_VPC = {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}
TRUST = (
    '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
)
FUNCTION, ROLE = "aws:lambda/function:Function", "aws:iam/role:Role"
CANARY, MAPPING = "aws:synthetics/canary:Canary", "aws:lambda/eventSourceMapping:EventSourceMapping"


def resource(kind: str, name: str, role: str = "", /, **properties: object) -> Registration:
    """A resource whose `role` or `executionRoleArn` was made from the role of that name."""
    prop = "executionRoleArn" if kind == CANARY else "role"
    made_from = {prop: (STACK.urn("", ROLE, role),)} if role else {}
    given = {prop: UNKNOWN, **properties} if role else properties
    return Registration(
        STACK.urn("", kind, name), kind, name, True, STACK.root_urn, {}, given, property_dependencies=made_from
    )


def role(name: str) -> Registration:
    return resource(ROLE, name, name=name, arn=UNKNOWN, assumeRolePolicy=TRUST)


def polled(function: str, source: str) -> Registration:
    arn = f"arn:aws:{source}:eu-west-1:111122223333:x/y"
    return resource(MAPPING, f"poll-{function}", functionName=function, eventSourceArn=arn)


def summary(*resources: Registration, config: Mapping[str, PolicyConfig] = ACTIVE) -> str:
    found = judged(resources, config)
    assert found is not None
    return found.summary


def test_functions_in_a_vpc_are_counted_with_their_roles() -> None:
    three = [resource(FUNCTION, f"f{n}", f"role{n % 2}", vpcConfig=IN_VPC) for n in range(3)]
    roles = [role("role0"), role("role1")]
    assert summary(*roles, *three) == "3 functions in a VPC on 2 roles"
    assert summary(roles[0], three[0]) == "1 function in a VPC on 1 role"


def test_a_function_outside_a_vpc_is_none_and_its_role_is_not_judged() -> None:
    plain = resource(FUNCTION, "plain", "role", vpcConfig=None)
    assert summary(role("role"), plain) == "no function in a VPC"
    assert summary() == "no function in a VPC"


def test_secret_properties_are_looked_into() -> None:
    for vpc in (as_secret(IN_VPC), {**IN_VPC, "subnetIds": [as_secret("subnet-1")]}):
        assert summary(role("role"), resource(FUNCTION, "f", "role", vpcConfig=vpc)) == "1 function in a VPC on 1 role"


def test_event_sources_in_a_vpc_count_where_they_are_judged() -> None:
    resources = (
        role("role"),
        resource(FUNCTION, "orders", "role", name="orders"),
        resource(FUNCTION, "mails", "role", name="mails"),
        polled("orders", "kafka"),
        polled("mails", "sqs"),
    )
    assert summary(*resources) == "1 function with an event source in a VPC on 1 role"
    off = {name: PolicyConfig("advisory", {"event_sources": False}) for name in ACTIVE}
    assert summary(*resources, config=off) == "no function in a VPC"
    half = {**off, names.GUARD: PolicyConfig("mandatory")}
    assert summary(*resources, config=half) == "1 function with an event source in a VPC on 1 role"
    disabled = {**off, names.GUARD: PolicyConfig("disabled")}
    assert summary(*resources, config=disabled) == "no function in a VPC"


def test_what_runs_without_a_vpc_of_its_own() -> None:
    provider = {"lambdaManagedInstancesCapacityProviderConfig": {"capacityProviderArn": UNKNOWN}}
    users = [
        resource(FUNCTION, "managed", "role", capacityProviderConfig=provider),
        resource(FUNCTION, "perhaps", "role", capacityProviderConfig=UNKNOWN),
        resource("aws:lambdamicrovms/microvm:Microvm", "vm", executionRoleArn="role"),
        resource("aws:lambdamicrovms/image:Image", "image", buildRoleArn="role"),
        resource("aws-native:lambda:WebFunctionRevision", "web", serviceConfig={"executionRoleArn": "role"}),
    ]
    operator = resource("aws:lambda/coreNetworkConnector:CoreNetworkConnector", "egress", operatorRole="other")
    assert summary(role("role"), *users, role("other"), operator) == (
        "1 function on a capacity provider, 2 MicroVMs or images of them, 1 web function and 1 function whose VPC is not "
        "known on 1 role"
    )


def test_canaries_and_what_is_not_known() -> None:
    found = judged(
        [
            role("role"),
            resource(FUNCTION, "f", "role", vpcConfig=IN_VPC),
            resource(CANARY, "c1", "role", vpcConfig=IN_VPC),
            resource(CANARY, "c2", "role", vpcConfig=IN_VPC),
            resource(CANARY, "c3", "role", vpcConfig=UNKNOWN),
            resource(FUNCTION, "u", "role", vpcConfig={"subnetIds": UNKNOWN, "securityGroupIds": []}),
        ],
        ACTIVE,
    )
    assert found == Judged(functions=1, canaries=2, unknown_functions=1, unknown_canaries=1, roles=1)
    assert found.summary == (
        "1 function in a VPC, 2 canaries in a VPC, 1 function whose VPC is not known and 1 canary whose VPC is not known "
        "on 1 role"
    )


def test_roles_that_are_elsewhere_or_not_known_are_told_apart() -> None:
    elsewhere = "arn:aws:iam::111122223333:role/shared"
    resources = [
        role("role"),
        resource(FUNCTION, "a", "role", vpcConfig=IN_VPC),
        resource(FUNCTION, "b", vpcConfig=IN_VPC, role=elsewhere),
        resource(FUNCTION, "c", vpcConfig=IN_VPC, role=elsewhere),
        resource(FUNCTION, "d", vpcConfig=IN_VPC, role=UNKNOWN),
    ]
    assert summary(*resources) == (
        "4 functions in a VPC on 1 role, 1 role that is not in this stack and 1 role that is not known"
    )


def test_roles_for_functions_of_other_stacks_are_told() -> None:
    ec2 = resource(ROLE, "ec2", name="ec2", assumeRolePolicy=TRUST.replace("lambda", "ec2"))
    assert summary(ec2) == "no function in a VPC"
    assert summary(ec2, role("a")) == (
        "no function in a VPC; 1 role that Lambda may assume and on which nothing here runs"
    )
    used = resource(FUNCTION, "f", "a", vpcConfig=IN_VPC)
    assert summary(role("a"), role("b"), role("c"), used) == (
        "1 function in a VPC on 1 role; 2 roles that Lambda may assume and on which nothing here runs"
    )


def test_nothing_is_said_to_be_judged_where_nothing_judges() -> None:
    assert judged([role("role")], dict.fromkeys(ACTIVE, PolicyConfig("disabled"))) is None
    assert judged([role("role")], {"another-policy": PolicyConfig("mandatory")}) is None


PROGRAM = f"""{PLAIN}
trust = {TRUST!r}
role = Thing("role", {{"assumeRolePolicy": trust}}, token="{ROLE}")
vpc = {{"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}}
Thing("orders", {{"role": role.out, "vpcConfig": pulumi.Output.secret(vpc)}}, token="{FUNCTION}")
Thing("plain", {{"role": role.out}}, token="{FUNCTION}")
"""


def test_the_last_line_of_a_preview_says_it(tmp_path: Path) -> None:
    result = preview(project(tmp_path, PROGRAM))
    assert result.render().endswith("\n\nJudged: 1 function in a VPC on 1 role\n")
    assert result.to_json()["judged"]["summary"] == "1 function in a VPC on 1 role"
    disabled = preview(tmp_path, policy_pack_config={"all": "disabled"})
    assert disabled.judged is None
    assert "Judged" not in disabled.render()


def test_nothing_is_claimed_of_other_packs(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (pack / "__main__.py").write_text(PACK.replace('"forbidden", "A name', f'"{names.GUARD}", "A name'))
    result = preview(project(tmp_path / "program", PROGRAM), policy_pack=pack)
    assert result.judged is None
    assert result.to_json()["judged"] is None
    assert "Judged" not in result.render()


@pytest.mark.parametrize("count", [1, 2])
def test_every_count_is_said(count: int) -> None:
    fields = set(Judged.__dataclass_fields__)
    for name in fields:
        users = {} if "role" not in name or name == "unused_roles" else {"functions": 1}
        found = Judged(**{"roles": 0 if users else 1, **users, name: count})
        assert str(count) in found.summary.replace("1 function in a VPC on ", ""), name
