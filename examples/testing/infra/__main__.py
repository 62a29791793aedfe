"""The functions of a shop. In stack `prod`, `reports` still runs without a guard on its role."""

import json

import pulumi
import pulumi_aws as aws

SUBNET_IDS = ["subnet-0123456789abcdef0"]
SECURITY_GROUP_IDS = ["sg-0123456789abcdef0"]

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
GUARD = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
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
)


def vpc_function(name: str, *, guarded: bool = True) -> None:
    """A function in the VPC with a role of its own."""
    role = aws.iam.Role(f"{name}-role", assume_role_policy=TRUST)
    policies: list[pulumi.Resource] = [
        aws.iam.RolePolicyAttachment(
            f"{name}-vpc-access",
            role=role.name,
            policy_arn=aws.iam.ManagedPolicy.AWS_LAMBDA_VPC_ACCESS_EXECUTION_ROLE,
        )
    ]
    if guarded:
        policies.append(aws.iam.RolePolicy(f"{name}-guard", role=role.name, policy=GUARD))
    aws.lambda_.Function(
        name,
        role=role.arn,
        runtime="python3.12",
        handler="index.handler",
        code=pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")}),
        vpc_config={"subnet_ids": SUBNET_IDS, "security_group_ids": SECURITY_GROUP_IDS},
        opts=pulumi.ResourceOptions(depends_on=policies),
    )


vpc_function("orders")
vpc_function("reports", guarded=pulumi.Config().get_bool("guardReports") is not False)
