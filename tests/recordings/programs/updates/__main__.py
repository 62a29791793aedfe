"""The program of the recordings `updates.*`: a function in a VPC that is new too, with the guard or without it."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
guard = config.get("guard") != "no"

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ENI = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:DetachNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]


def deny(condition: dict[str, dict[str, str]]) -> dict[str, object]:
    statement = {"Effect": "Deny", "Action": ENI, "Resource": "*", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}


vpc = aws.ec2.Vpc("v", cidr_block="10.0.0.0/16")
subnet = aws.ec2.Subnet("s", vpc_id=vpc.id, cidr_block="10.0.1.0/24")
group = aws.ec2.SecurityGroup("fn" + (config.get("gen") or ""), vpc_id=vpc.id)
role = aws.iam.Role("r", name=config.get("rolename") or "rone", assume_role_policy=json.dumps(TRUST))
aws.iam.RolePolicyAttachment(
    "a", role=role.name, policy_arn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
)
if guard:
    aws.iam.RolePolicy("g", role=role.id, policy=deny({"Null": {"lambda:SourceFunctionArn": "false"}}))
function = aws.lambda_.Function(
    "f",
    role=role.arn,
    runtime="python3.11",
    handler="i.h",
    code=pulumi.AssetArchive({"i.py": pulumi.StringAsset("h=1")}),
    vpc_config={"subnet_ids": [subnet.id], "security_group_ids": [group.id]},
)
if config.get("own"):
    aws.iam.RolePolicy(
        "own",
        role=role.id,
        policy=function.arn.apply(lambda arn: json.dumps(deny({"ArnEquals": {"lambda:SourceFunctionArn": arn}}))),
    )
