"""A VPC function with the AWS managed policy, and beside it a Deny for the function's own code.

An AWS managed policy cannot be given a condition; an explicit Deny overrides it. `Null: false` reads "the request
carries the key", which only requests of function code do. It names no function, so it can be deployed before the
function.
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

vpc_access = aws.iam.RolePolicyAttachment(
    "orders-vpc-access",
    role=role.name,
    policy_arn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
)

guard = aws.iam.RolePolicy(
    "orders-guard",
    role=role.name,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "DenyNetworkInterfacesToFunctionCode",
                    "Effect": "Deny",
                    "Action": [
                        "ec2:CreateNetworkInterface",
                        "ec2:DescribeNetworkInterfaces",
                        "ec2:DescribeSubnets",
                        "ec2:DeleteNetworkInterface",
                        "ec2:DetachNetworkInterface",
                        "ec2:AssignPrivateIpAddresses",
                        "ec2:UnassignPrivateIpAddresses",
                    ],
                    "Resource": "*",
                    "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}},
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
    opts=pulumi.ResourceOptions(depends_on=[vpc_access, guard]),
)

pulumi.export("function", orders.name)
