"""A VPC function whose network-interface permissions are for the Lambda service alone.

Requests of the function's code carry `lambda:SourceFunctionArn`; those that Lambda makes to attach the function to
its VPC do not.
"""

import json

import pulumi
import pulumi_aws as aws

SUBNET_ID = "subnet-0123456789abcdef0"
SECURITY_GROUP_ID = "sg-0123456789abcdef0"

role = aws.iam.Role(
    "orders-role",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)

network_interfaces = aws.iam.RolePolicy(
    "orders-eni",
    role=role.name,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Eni",
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
                    "Condition": {"Null": {"lambda:SourceFunctionArn": "true"}},
                }
            ],
        }
    ),
)

orders = aws.lambda_.Function(
    "orders",
    role=role.arn,
    runtime="python3.12",
    handler="index.handler",
    code=pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")}),
    vpc_config={"subnet_ids": [SUBNET_ID], "security_group_ids": [SECURITY_GROUP_ID]},
    # Lambda checks the role when the function is created, so the permissions must be there first.
    opts=pulumi.ResourceOptions(depends_on=[network_interfaces]),
)

pulumi.export("function", orders.name)
