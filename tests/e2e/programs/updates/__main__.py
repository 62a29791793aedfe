"""Unguarded roles, and with `updates:mended` the three ways to mend them: add the guard, replace the AWS managed policy,
delete the function with its role. With `updates:outside` the stack only attaches a policy to a role of another one."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native

config = pulumi.Config()
mended = config.get_bool("mended")

VPC_ACCESS = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
VPC_CONFIG = {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
CODE = pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")})
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def eni(*, guarded: bool) -> dict[str, object]:
    statement = {
        "Effect": "Allow",
        "Action": [
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
        "Resource": "*",
    }
    condition = {"Condition": {"Null": {"lambda:SourceFunctionArn": "true"}}} if guarded else {}
    return {"Version": "2012-10-17", "Statement": [{**statement, **condition}]}


def function(name: str, role: aws.iam.Role | native.iam.Role) -> None:
    aws.lambda_.Function(
        name, role=role.arn, runtime="python3.12", handler="index.handler", code=CODE, vpc_config=VPC_CONFIG
    )


def role(resource_name: str, **more: object) -> aws.iam.Role:
    return aws.iam.Role(resource_name, assume_role_policy=json.dumps(TRUST), **more)


if config.get_bool("outside"):
    aws.iam.RolePolicyAttachment("from-outside", role="updates-known", policy_arn=VPC_ACCESS)
else:
    # The guard is added.
    guarded = role("guarded")
    aws.iam.RolePolicy("guarded-eni", role=guarded.name, policy=json.dumps(eni(guarded=mended)))
    function("guarded-function", guarded)

    native_role = native.iam.Role("native", assume_role_policy_document=TRUST)
    native.iam.RolePolicy(
        "native-eni", role_name=native_role.role_name, policy_name="eni", policy_document=eni(guarded=mended)
    )
    function("native-function", native_role)

    # The AWS managed policy is replaced.
    replaced = role("replaced")
    if mended:
        aws.iam.RolePolicy("replaced-eni", role=replaced.name, policy=json.dumps(eni(guarded=True)))
    else:
        aws.iam.RolePolicyAttachment("replaced-vpc-access", role=replaced.name, policy_arn=VPC_ACCESS)
    function("replaced-function", replaced)

    # The function goes, with its role.
    if not mended:
        deleted = role("deleted")
        aws.iam.RolePolicy("deleted-eni", role=deleted.name, policy=json.dumps(eni(guarded=False)))
        function("deleted-function", deleted)

    # Nothing is wrong here, until somebody attaches more.
    known = role("known", name="updates-known")
    aws.iam.RolePolicy("known-eni", role=known.name, policy=json.dumps(eni(guarded=True)))
    function("known-function", known)
