"""Ordinary programs: what a first preview knows of them, and what the pack says.

`row` in the configuration takes one, by the name of its function here. Each is alone in its stack, because what the
documents of one spell out would be a question to the stand-ins of the others. With `guarded` its role is guarded in
the way that this kind of program would do it; without, the code of `orders` can manage network interfaces.
"""

import json
from collections.abc import Sequence

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
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
KEY = "lambda:SourceFunctionArn"
SERVICE, CODE = {"Null": {KEY: "true"}}, {"Null": {KEY: "false"}}

config = pulumi.Config()
guarded = config.get_bool("guarded") or False


def document(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(condition: dict[str, object] | None = None) -> dict[str, object]:
    statement: dict[str, object] = {"Effect": "Allow", "Action": ACTIONS, "Resource": "*"}
    return {**statement, "Condition": condition} if condition else statement


def deny(condition: dict[str, object]) -> dict[str, object]:
    return {"Effect": "Deny", "Action": ACTIONS, "Resource": "*", "Condition": condition}


def receive(queue_arn: str) -> dict[str, object]:
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    return {"Effect": "Allow", "Action": actions, "Resource": queue_arn}


def make_role(parent: pulumi.Resource | None = None) -> aws.iam.Role:
    options = pulumi.ResourceOptions(parent=parent)
    return aws.iam.Role("orders-role", assume_role_policy=json.dumps(TRUST), opts=options)


def attach(role: aws.iam.Role, parent: pulumi.Resource | None = None) -> None:
    aws.iam.RolePolicyAttachment(
        "orders-vpc-access",
        role=role.name,
        policy_arn=aws.iam.ManagedPolicy.AWS_LAMBDA_VPC_ACCESS_EXECUTION_ROLE,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def inline(
    name: str, role: aws.iam.Role, policy: pulumi.Input[str], parent: pulumi.Resource | None = None
) -> aws.iam.RolePolicy:
    return aws.iam.RolePolicy(name, role=role.name, policy=policy, opts=pulumi.ResourceOptions(parent=parent))


def function(
    name: str,
    role: aws.iam.Role,
    subnet_ids: Sequence[pulumi.Input[str]] = ("subnet-0123456789abcdef0",),
    parent: pulumi.Resource | None = None,
) -> aws.lambda_.Function:
    return aws.lambda_.Function(
        name,
        name=name,
        role=role.arn,
        runtime="python3.12",
        handler="index.handler",
        code=pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")}),
        vpc_config={"subnet_ids": list(subnet_ids), "security_group_ids": ["sg-0123456789abcdef0"]},
        opts=pulumi.ResourceOptions(parent=parent),
    )


def managed() -> None:
    """An AWS managed policy is attached. Guard: a Deny in a policy of its own."""
    role = make_role()
    attach(role)
    if guarded:
        inline("orders-guard", role, document(deny(CODE)))
    function("orders", role)


def null() -> None:
    """A document that is known at once. Guard: the condition on the Allow."""
    role = make_role()
    inline("orders-access", role, document(allow(SERVICE if guarded else None)))
    function("orders", role)


def queue() -> None:
    """One document has the ENI actions and names a queue that is yet to be made. Guard: the condition on the Allow."""
    role, jobs = make_role(), aws.sqs.Queue("jobs")
    eni = allow(SERVICE if guarded else None)
    inline("orders-access", role, jobs.arn.apply(lambda arn: document(eni, receive(arn))))
    function("orders", role)


def managed_and_queue() -> None:
    """An AWS managed policy is attached, and a document names a queue. Guard: a Deny in a policy of its own."""
    role, jobs = make_role(), aws.sqs.Queue("jobs")
    attach(role)
    inline("orders-access", role, jobs.arn.apply(lambda arn: document(receive(arn))))
    if guarded:
        inline("orders-guard", role, document(deny(CODE)))
    function("orders", role)


def managed_and_guard_with_queue() -> None:
    """The same, but the Deny is in the document that names the queue."""
    role, jobs = make_role(), aws.sqs.Queue("jobs")
    attach(role)
    guard = [deny(CODE)] if guarded else []
    inline("orders-access", role, jobs.arn.apply(lambda arn: document(receive(arn), *guard)))
    function("orders", role)


def policy_document() -> None:
    """The document of the data source, with a queue that is yet to be made. Guard: the condition on the Allow."""
    role, jobs = make_role(), aws.sqs.Queue("jobs")
    condition = {"test": "Null", "variable": KEY, "values": ["true"]}
    made = aws.iam.get_policy_document_output(
        statements=[
            {"actions": ACTIONS, "resources": ["*"], "conditions": [condition] if guarded else []},
            {"actions": ["sqs:ReceiveMessage"], "resources": [jobs.arn]},
        ]
    )
    inline("orders-access", role, made.json)
    function("orders", role)


def new_subnets() -> None:
    """The function's subnets are made by the same program. Guard: a Deny in a policy of its own."""
    role = make_role()
    vpc = aws.ec2.Vpc("main", cidr_block="10.0.0.0/16")
    subnets = [aws.ec2.Subnet(f"private-{n}", vpc_id=vpc.id, cidr_block=f"10.0.{n}.0/24") for n in range(2)]
    attach(role)
    if guarded:
        inline("orders-guard", role, document(deny(CODE)))
    function("orders", role, [subnet.id for subnet in subnets])


class Service(pulumi.ComponentResource):
    """A function with its role and what it may do, as a team's own component."""

    def __init__(self, name: str, queue_arn: pulumi.Input[str]) -> None:
        super().__init__("ordinary:index:Service", name)
        role = make_role(self)
        attach(role, self)
        inline("orders-access", role, pulumi.Output.from_input(queue_arn).apply(lambda a: document(receive(a))), self)
        if guarded:
            inline("orders-guard", role, document(deny(CODE)), self)
        function("orders", role, parent=self)
        self.register_outputs({})


def component() -> None:
    """Role, policies and function are in a component that is given the queue. Guard: a Deny in a policy of its own."""
    Service("shop", aws.sqs.Queue("jobs").arn)


def shared_role() -> None:
    """Two functions on one role, and a Deny that names them by patterns. Without a guard it names only `invoices`."""
    role = make_role()
    attach(role)
    names = ["orders", "invoices"] if guarded else ["invoices"]
    inline(
        "orders-guard", role, document(deny({"ArnLike": {KEY: [f"arn:aws:lambda:*:*:function:{n}" for n in names]}}))
    )
    function("orders", role)
    function("invoices", role)


def function_arn() -> None:
    """A Deny with the ARN that the function is given. Without a guard it is the ARN of a version, which never matches."""
    role = make_role()
    attach(role)
    orders = function("orders", role)
    arn = orders.arn if guarded else orders.qualified_arn
    inline("orders-guard", role, arn.apply(lambda a: document(deny({"ArnEquals": {KEY: a}}))))


ROWS = {
    each.__name__: each
    for each in (
        managed,
        null,
        queue,
        managed_and_queue,
        managed_and_guard_with_queue,
        policy_document,
        new_subnets,
        component,
        shared_role,
        function_arn,
    )
}
ROWS[config.require("row")]()
