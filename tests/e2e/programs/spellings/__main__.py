"""The ways in which programs name roles and write documents. The first word of a function's name is its verdict.

`open`: the code may, and that is known at the preview. `closed`: it may not. `later`: known after the update only, when
the second word holds.
"""

import json
from collections.abc import Callable

import pulumi
import pulumi_aws as aws

ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]
GUARD = {"Null": {"lambda:SourceFunctionArn": "true"}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
VPC_ACCESS = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


def document(**condition: object) -> dict[str, object]:
    statement: dict[str, object] = {"Effect": "Allow", "Action": ACTIONS, "Resource": "*"}
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


def function(name: str, role: pulumi.Input[str], **options: object) -> aws.lambda_.Function:
    return aws.lambda_.Function(
        name,
        role=role,
        runtime="python3.12",
        handler="index.handler",
        code=pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")}),
        vpc_config=aws.lambda_.FunctionVpcConfigArgs(subnet_ids=["subnet-1"], security_group_ids=["sg-1"]),
        opts=pulumi.ResourceOptions(**options),
    )


def spelled(name: str, attach: Callable[[aws.iam.Role], object], **options: object) -> None:
    """A role with what `attach` puts on it, and a function that runs on it."""
    role = aws.iam.Role(f"{name}-role", assume_role_policy=json.dumps(TRUST), opts=pulumi.ResourceOptions(**options))
    attach(role)
    function(name, role.arn, **options)


def inline(name: str, policy: pulumi.Input[str], role: pulumi.Input[str]) -> aws.iam.RolePolicy:
    return aws.iam.RolePolicy(f"{name}-policy", role=role, policy=policy)


bucket = aws.s3.Bucket("bucket")
open_text, closed_text = json.dumps(document()), json.dumps(document(**GUARD))

# How the role is named.
spelled("open-role-name", lambda role: inline("open-role-name", open_text, role.name))
spelled("open-role-id", lambda role: inline("open-role-id", open_text, role.id))
spelled("open-role-object", lambda role: inline("open-role-object", open_text, role))
spelled("closed-role-id", lambda role: inline("closed-role-id", closed_text, role.id))

# How the document is written.
spelled("open-json-output", lambda role: inline("open-json-output", pulumi.Output.json_dumps(document()), role.id))
spelled(
    "closed-json-output",
    lambda role: inline("closed-json-output", pulumi.Output.json_dumps(document(**GUARD)), role.id),
)
spelled("open-dict", lambda role: inline("open-dict", document(), role.id))  # type: ignore[arg-type]
spelled(
    "open-apply-of-known",
    lambda role: inline("open-apply-of-known", role.name.apply(lambda _: open_text), role.id),
)
spelled(
    "later-open-apply",
    lambda role: inline("later-open-apply", bucket.arn.apply(lambda _: open_text), role.id),
)
spelled(
    "later-closed-all",
    lambda role: inline(
        "later-closed-all", pulumi.Output.all(bucket.arn, role.arn).apply(lambda _: closed_text), role.id
    ),
)
spelled(
    "later-open-format",
    lambda role: inline(
        "later-open-format",
        pulumi.Output.format(
            '{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}, '
            '{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "{0}/*"}}]}}',
            bucket.arn,
        ),
        role.id,
    ),
)

# The data source, plain and as an output, made of other documents.
plain = aws.iam.get_policy_document(statements=[{"actions": ACTIONS, "resources": ["*"]}])
guarded = aws.iam.get_policy_document_output(
    source_policy_documents=[plain.json],
    override_policy_documents=[
        json.dumps(
            {
                "Statement": [
                    {
                        "Sid": "Guard",
                        "Effect": "Deny",
                        "Action": ACTIONS,
                        "Resource": "*",
                        "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}},
                    }
                ]
            }
        )
    ],
)
spelled("open-data-source", lambda role: inline("open-data-source", plain.json, role.id))
spelled("closed-data-source-merged", lambda role: inline("closed-data-source-merged", guarded.json, role.id))

# Attachments in a loop, one policy on several roles, several functions on one role.
shared = aws.iam.Policy("shared", policy=closed_text)
for number in range(2):
    spelled(
        f"closed-loop-{number}",
        lambda role, n=number: aws.iam.RolePolicyAttachment(f"closed-{n}", role=role.name, policy_arn=shared.arn),
    )
    spelled(
        f"open-loop-{number}",
        lambda role, n=number: aws.iam.RolePolicyAttachment(f"open-{n}", role=role.name, policy_arn=VPC_ACCESS),
    )
crowd = aws.iam.Role("crowd-role", assume_role_policy=json.dumps(TRUST), managed_policy_arns=[VPC_ACCESS])
for number in range(3):
    function(f"open-crowd-{number}", crowd.arn)

# Options that change how a resource is registered, and nothing about its permissions.
elsewhere = aws.Provider("elsewhere", region="eu-north-1")
spelled(
    "open-options",
    lambda role: inline("open-options", open_text, role.name),
    provider=elsewhere,
    protect=False,
    retain_on_delete=True,
    aliases=[pulumi.Alias(name="an-earlier-name")],
)


def tagged(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    return pulumi.ResourceTransformationResult(props={**args.props, "tags": {"team": "a"}}, opts=args.opts)


def opened(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    """A transformation has the last word: it takes the guard away."""
    if args.type_ != "aws:iam/rolePolicy:RolePolicy":
        return None
    return pulumi.ResourceTransformationResult(props={**args.props, "policy": open_text}, opts=args.opts)


spelled(
    "closed-transformation",
    lambda role: inline("closed-transformation", closed_text, role.name),
    transformations=[tagged],
)
role = aws.iam.Role("transformed-role", assume_role_policy=json.dumps(TRUST))
aws.iam.RolePolicy(
    "open-transformed-policy",
    role=role.name,
    policy=closed_text,
    opts=pulumi.ResourceOptions(transformations=[opened]),
)
function("open-transformed", role.arn)
