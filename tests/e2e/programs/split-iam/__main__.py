"""Roles whose functions are in the stack `split-functions`: one is open, one is guarded."""

import json

import pulumi
import pulumi_aws as aws

ENI = {
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
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
GUARD = {"Condition": {"Null": {"lambda:SourceFunctionArn": "true"}}}

for name, statement in (("open", ENI), ("guarded", {**ENI, **GUARD})):
    role = aws.iam.Role(
        f"{name}-role",
        name=f"split-{name}",
        assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}),
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.iam.RolePolicy(f"{name}-eni", role=role.name, policy=document)
    pulumi.export(name, role.arn)
