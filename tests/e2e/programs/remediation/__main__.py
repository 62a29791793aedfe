"""Roles and policies in the forms that a remediation meets: text, objects, values known only at the update, refusals."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native

refused = pulumi.Config().get_bool("refused")

ENI_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]
VPC_CONFIG = {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
CODE = pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")})


def document(*statements: object) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: object, resources: object = "*", **more: object) -> dict[str, object]:
    return {**more, "Effect": "Allow", "Action": actions, "Resource": resources}


TRUST = document(
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
)


def function(name: str, role: pulumi.Input[str]) -> None:
    aws.lambda_.Function(
        name, role=role, runtime="python3.12", handler="index.handler", code=CODE, vpc_config=VPC_CONFIG
    )


logs = aws.cloudwatch.LogGroup("logs")

classic = aws.iam.Role(
    "classic",
    assume_role_policy=json.dumps(TRUST),
    inline_policies=[
        {
            "name": "eni",
            "policy": json.dumps(document(allow([*ENI_ACTIONS, "xray:PutTraceSegments"], Sid="Eni")), indent=2),
        },
        # Known only once the log group is there.
        {
            "name": "later",
            "policy": pulumi.Output.json_dumps(document(allow("logs:PutLogEvents", logs.arn), allow(ENI_ACTIONS))),
        },
    ],
    managed_policy_arns=[],
)
function("classic-function", classic.arn)

attached = aws.iam.Role("attached", assume_role_policy=json.dumps(TRUST))
aws.iam.RolePolicy("attached-eni", role=attached.name, policy=json.dumps(document(allow("ec2:*"))))
function("attached-function", attached.arn)

native_role = native.iam.Role(
    "native",
    assume_role_policy_document=TRUST,
    policies=[{"policy_name": "eni", "policy_document": document(allow(ENI_ACTIONS, Sid="Eni"))}],
)
function("native-function", native_role.arn)

if refused:
    secret = aws.iam.Role("secret", assume_role_policy=json.dumps(TRUST))
    aws.iam.RolePolicy(
        "secret-eni", role=secret.name, policy=pulumi.Output.secret(json.dumps(document(allow(ENI_ACTIONS))))
    )
    function("secret-function", secret.arn)
    managed = aws.iam.Role("managed", assume_role_policy=json.dumps(TRUST))
    aws.iam.RolePolicyAttachment(
        "managed-vpc-access",
        role=managed.name,
        policy_arn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
    )
    function("managed-function", managed.arn)
