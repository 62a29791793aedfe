"""Four functions, two roles, one hole.

`billing` is not covered by the Deny on the role that it shares with `invoices`.
"""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

NETWORK_INTERFACE_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:DetachNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]

vpc = aws.ec2.Vpc("main", cidr_block="10.0.0.0/16")
subnets = [aws.ec2.Subnet(f"private-{n}", vpc_id=vpc.id, cidr_block=f"10.0.{n}.0/24") for n in range(2)]
security_group = aws.ec2.SecurityGroup("functions", vpc_id=vpc.id)


def execution_role(name: str, function_code: dict[str, dict[str, str]]) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """A role for functions in the VPC, and its policies: AWS's own, and a Deny for code that meets the condition."""
    role = aws.iam.Role(
        name,
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
        f"{name}-vpc-access",
        role=role.name,
        policy_arn=aws.iam.ManagedPolicy.AWS_LAMBDA_VPC_ACCESS_EXECUTION_ROLE,
    )
    guard = aws.iam.RolePolicy(
        f"{name}-guard",
        role=role.name,
        policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Deny", "Action": NETWORK_INTERFACE_ACTIONS, "Resource": "*", "Condition": function_code}
                ],
            }
        ),
    )
    return role, [vpc_access, guard]


def function(name: str, role: aws.iam.Role, depends_on: Sequence[pulumi.Resource]) -> aws.lambda_.Function:
    """A function in the VPC, under a name of its own: the Deny statements match function names."""
    return aws.lambda_.Function(
        name,
        name=name,
        role=role.arn,
        runtime="python3.12",
        handler="index.handler",
        code=pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")}),
        vpc_config={"subnet_ids": [subnet.id for subnet in subnets], "security_group_ids": [security_group.id]},
        opts=pulumi.ResourceOptions(depends_on=depends_on),
    )


# Right: the code of every function on this role is denied, whatever the function's name.
shop_role, shop_policies = execution_role("shop-role", {"Null": {"lambda:SourceFunctionArn": "false"}})
function("orders", shop_role, depends_on=shop_policies)
function("baskets", shop_role, depends_on=shop_policies)

# Half right: the pattern covers `invoices`, and `billing` runs on the same role.
finance_role, finance_policies = execution_role(
    "finance-role", {"ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:*:*:function:invoices*"}}
)
function("invoices", finance_role, depends_on=finance_policies)
function("billing", finance_role, depends_on=finance_policies)
