"""A VPC function with the AWS managed policy that is made for it.

That policy carries no condition: the function's code may do all that it grants.
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

orders = aws.lambda_.Function(
    "orders",
    role=role.arn,
    runtime="python3.12",
    handler="index.handler",
    code=pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")}),
    vpc_config={"subnet_ids": [SUBNET_ID], "security_group_ids": [SECURITY_GROUP_ID]},
    # Lambda checks the role when the function is created, so the permissions must be there first.
    opts=pulumi.ResourceOptions(depends_on=[vpc_access]),
)

pulumi.export("function", orders.name)
