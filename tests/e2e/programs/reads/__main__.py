"""Stack `base` makes a role; every other stack reads it, twice, and puts the open policy on one of the two."""

import json

import pulumi
import pulumi_aws as aws

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def function(name: str, role: aws.iam.Role) -> None:
    """A function in a VPC that runs on the role."""
    aws.lambda_.Function(
        name,
        name=name,
        role=role.arn,
        runtime="python3.12",
        handler="index.handler",
        code=pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")}),
        vpc_config={"subnet_ids": ["subnet-0a0a0a0a0a0a0a0a0"], "security_group_ids": ["sg-0f0f0f0f0f0f0f0f0"]},
    )


if pulumi.get_stack() == "base":
    aws.iam.Role("existing", name="existing", assume_role_policy=TRUST)
else:
    one, two = (aws.iam.Role.get(name, "existing") for name in ("one", "two"))
    aws.iam.RolePolicyAttachment(
        "vpc", role=one.name, policy_arn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    )
    function("f1", one)
    function("f2", two)
