"""One of each kind of user of a role, on a role of its own: its name says what is to be said of it."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
ACTIONS = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "DeleteNetworkInterface")
VPC = {"subnet_ids": ["subnet-0a0a0a0a0a0a0a0a0"], "security_group_ids": ["sg-0f0f0f0f0f0f0f0f0"]}
IMAGE = "arn:aws:lambda:us-east-1:123456789012:microvm-image:sandbox"
CODE = pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")})


def document(guarded: bool = False) -> str:
    """The four actions, with the Null guard or without it."""
    condition = {"Condition": {"Null": {"lambda:SourceFunctionArn": "true"}}} if guarded else {}
    statement = {"Effect": "Allow", "Action": [f"ec2:{action}" for action in ACTIONS], "Resource": "*", **condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role(name: str, guarded: bool = False) -> pulumi.Output[str]:
    """The ARN of a role with the policy `NAME-eni`."""
    made = aws.iam.Role(name, assume_role_policy=TRUST)
    aws.iam.RolePolicy(f"{name}-eni", role=made.id, policy=document(guarded))
    return made.arn


aws.lambda_.CoreNetworkConnector(
    "connector",
    name="connector",
    operator_role=role("operator"),
    configuration={"vpc_egress_configuration": {**VPC, "associated_compute_resource_types": ["MicroVm"]}},
)
shared = role("shared")
aws.lambda_.CapacityProvider(
    "fleet", name="fleet", vpc_config=VPC, permissions_config={"capacity_provider_operator_role_arn": shared}
)
aws.lambdamicrovms.Microvm("beside-fleet", image_arn=IMAGE, execution_role_arn=shared)
aws.lambdamicrovms.Microvm("open", image_arn=IMAGE, execution_role_arn=role("microvm"))
aws.lambdamicrovms.Microvm("guarded", image_arn=IMAGE, execution_role_arn=role("microvm-guarded", True))
aws.lambdamicrovms.Image(
    "image",
    name="image",
    base_image_arn=IMAGE,
    build_role_arn=role("image-build"),
    code_artifact={"uri": "s3://bucket/code.zip"},
)
native.lambda_.WebFunctionRevision(
    "web", function_name="shop", build_config={}, service_config={"execution_role_arn": role("web-guarded", True)}
)
for name, guarded in (("managed", False), ("managed-guarded", True)):
    aws.lambda_.Function(
        name,
        role=role(f"{name}-role", guarded),
        runtime="python3.12",
        handler="index.handler",
        code=CODE,
        capacity_provider_config={
            "lambda_managed_instances_capacity_provider_config": {
                "capacity_provider_arn": "arn:aws:lambda:us-east-1:123456789012:capacity-provider:fleet"
            }
        },
    )


class Bridged(pulumi.CustomResource):
    """A resource of Terraform's provider, as the bridge's rules name it: its SDK is made on a user's machine."""

    arn: pulumi.Output[str]

    def __init__(self, kind: str, name: str, properties: dict[str, object]) -> None:
        super().__init__(f"aws:index/{kind[0].lower()}{kind[1:]}:{kind}", name, {"arn": None, **properties})


for name, guarded in (("bridged", False), ("bridged-guarded", True)):
    bridged = Bridged("IamRole", name, {"name": name, "assumeRolePolicy": TRUST})
    Bridged("IamRolePolicy", f"{name}-eni", {"name": "eni", "role": bridged.id, "policy": document(guarded)})
    properties = {
        "functionName": f"{name}-function",
        "role": bridged.arn,
        "vpcConfig": {"subnetIds": VPC["subnet_ids"], "securityGroupIds": VPC["security_group_ids"]},
    }
    Bridged("LambdaFunction", f"{name}-function", properties)
