"""Programs with the SDKs' own classes of everything that uses a role, previewed in this process."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from test_preview import project

from policy.preview.run import Preview, preview
from policy.shared.names import GUARD, UNVERIFIED

# The oldest SDKs that the requirements allow do not have them all.
NEWEST: Final = ("pulumi_aws.lambdamicrovms", "pulumi_aws_native.lambda_.web_function_revision")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(find_spec(name) is None for name in NEWEST), reason="the SDKs are older than these services"
    ),
]

HEAD: Final = """
import json, pulumi, pulumi_aws as aws, pulumi_aws_native as native
SIX = ["CreateNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "DeleteNetworkInterface",
       "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"]
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
         "Principal": {"Service": "lambda.amazonaws.com"}}]}

def role(name, guarded=False):
    found = aws.iam.Role(name, assume_role_policy=json.dumps(TRUST))
    condition = {"Condition": {"Null": {"lambda:SourceFunctionArn": "true"}}} if guarded else {}
    statement = {"Effect": "Allow", "Action": [f"ec2:{action}" for action in SIX], "Resource": "*", **condition}
    aws.iam.RolePolicy(f"{name}-eni", role=found.id,
                       policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return found.arn

def native_role(name):
    return native.iam.Role(name, assume_role_policy_document=TRUST, managed_policy_arns=[
        "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"]).arn

CODE = pulumi.AssetArchive({"main.py": pulumi.StringAsset("")})
VPC = {"subnet_ids": ["subnet-0a1b2c3d4e5f60718"], "security_group_ids": ["sg-0a1b2c3d4e5f60718"]}
IMAGE = "arn:aws:lambda:eu-west-1:123456789012:microvm-image:sandbox"
PROVIDER = {"lambda_managed_instances_capacity_provider_config": {
    "capacity_provider_arn": "arn:aws:lambda:eu-west-1:123456789012:capacity-provider:fleet"}}
"""

# What registers one user of `ROLE`: for each, what is said where the role is open and where it is guarded.
MICROVM: Final = 'aws.lambdamicrovms.Microvm("it", image_arn=IMAGE, execution_role_arn=ROLE)'
IMAGE: Final = """aws.lambdamicrovms.Image("it", name="it", base_image_arn=IMAGE, build_role_arn=ROLE,
    code_artifact={"uri": "s3://bucket/code.zip"})"""
WEB: Final = """native.lambda_.WebFunctionRevision("it", function_name="shop", service_config={"execution_role_arn": ROLE},
    build_config={})"""
CONNECTOR: Final = """aws.lambda_.CoreNetworkConnector("it", operator_role=ROLE, configuration={"vpc_egress_configuration": {
    **VPC, "associated_compute_resource_types": ["MicroVm"]}})"""
NATIVE_CONNECTOR: Final = """native.lambda_.NetworkConnector("it", operator_role=ROLE, configuration={
    "vpc_egress_configuration": {**VPC, "associated_compute_resource_types": ["MicroVm"], "network_protocol": "IPv4"}})"""
FLEET: Final = """aws.lambda_.CapacityProvider("it", vpc_config=VPC, permissions_config={
    "capacity_provider_operator_role_arn": ROLE})"""
FUNCTION: Final = """aws.lambda_.Function("it", role=ROLE, runtime="python3.12", handler="main.handler", code=CODE,
    capacity_provider_config=PROVIDER)"""
CALLBACK: Final = """
class Callback(pulumi.ComponentResource):
    # As awsx and the Node.js SDK's CallbackFunction do: a component that registers an ordinary function.
    def __init__(self, name, role):
        super().__init__("my:index:Callback", name)
        aws.lambda_.Function("it", role=role, runtime="python3.12", handler="main.handler", code=CODE, vpc_config=VPC,
                             opts=pulumi.ResourceOptions(parent=self))
Callback("component", ROLE)"""
CANARY: Final = """aws.synthetics.Canary("it", name="it", execution_role_arn=ROLE, artifact_s3_location="s3://bucket/",
    runtime_version="syn-nodejs-puppeteer-7.0", handler="index.handler", schedule={"expression": "rate(0 minute)"},
    zip_file="canary.zip", vpc_config=VPC)"""


def told(tmp_path: Path, program: str) -> Preview:
    return preview(project(tmp_path, HEAD + program))


@pytest.mark.parametrize(
    ("user", "words", "guarded"),
    [
        (MICROVM, "MicroVM `it`", {UNVERIFIED}),
        (IMAGE, "MicroVM image `it`", {UNVERIFIED}),
        (WEB, "web function `it`", {UNVERIFIED}),
        (FUNCTION, "function `it`", set()),
        (CALLBACK, "function `it`", set()),
        (CANARY, "canary `it`", set()),
    ],
    ids=["microvm", "image", "web", "managed-instances", "component", "canary"],
)
def test_what_runs_code(user: str, words: str, guarded: set[str], tmp_path: Path) -> None:
    open_role = told(tmp_path, user.replace("ROLE", "role('r')"))
    assert {violation.policy for violation in open_role.violations} == {GUARD}
    assert words in open_role.violations[0].message
    (tmp_path / "guarded").mkdir()
    closed = told(tmp_path / "guarded", user.replace("ROLE", "role('r', True)"))
    assert {violation.policy for violation in closed.violations} == guarded
    assert all(words in violation.message for violation in closed.violations)


@pytest.mark.parametrize("user", [CONNECTOR, NATIVE_CONNECTOR, FLEET], ids=["connector", "native", "capacity-provider"])
def test_an_operator_role(user: str, tmp_path: Path) -> None:
    assert told(tmp_path, user.replace("ROLE", "role('r')")).violations == ()
    (tmp_path / "shared").mkdir()
    shared = f"ROLE = role('r')\n{user}\n" + MICROVM.replace('"it"', '"vm"')
    (violation,) = told(tmp_path / "shared", shared).violations
    assert violation.policy == GUARD
    assert "`it` a role of its own" in violation.message


def test_a_native_role_of_a_microvm_image(tmp_path: Path) -> None:
    image = """native.lambda_.MicrovmImage("it", base_image_arn=IMAGE, build_role_arn=native_role("r"),
        code_artifact={"uri": "s3://bucket/code.zip"}, additional_os_capabilities=[], base_image_version="1",
        cpu_configurations=[], description="", egress_network_connectors=[], environment_variables=[], hooks={},
        logging={}, resources=[])"""
    (violation,) = told(tmp_path, image).violations
    assert "MicroVM image `it`" in violation.message
    assert "its build role `r`" in violation.message
