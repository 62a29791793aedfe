"""AWS's own form of the Deny, which names the function.

The function needs the role and the Deny needs the function's ARN: the Deny is a policy resource of its own, so that
there is no cycle. Its document is known only once the function exists.
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

guard = aws.iam.RolePolicy(
    "orders-guard",
    role=role.name,
    policy=pulumi.Output.json_dumps(
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
                    "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": orders.arn}},
                }
            ],
        }
    ),
)

pulumi.export("function", orders.name)
