"""What runs on a role, and how a role gets its permissions: one of each, all of them open. And what is none of ours."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native

ENI_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]
POLLER_ACTIONS = [*ENI_ACTIONS[:4], "ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"]
SUBNETS, GROUPS = ["subnet-0123456789abcdef0"], ["sg-0123456789abcdef0"]
VPC_CONFIG = {"subnet_ids": SUBNETS, "security_group_ids": GROUPS}
CODE = pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): pass\n")})
EKS_CNI = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"


def document(actions: list[str] = ENI_ACTIONS) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}


def trust(service: str) -> dict[str, object]:
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def role(name: str, service: str = "lambda", parent: pulumi.Resource | None = None) -> aws.iam.Role:
    options = pulumi.ResourceOptions(parent=parent)
    return aws.iam.Role(f"{name}-role", assume_role_policy=json.dumps(trust(service)), opts=options)


def native_role(name: str) -> native.iam.Role:
    return native.iam.Role(f"{name}-role", assume_role_policy_document=trust("lambda"))


def allow(
    name: str, of: aws.iam.Role, actions: list[str] = ENI_ACTIONS, parent: pulumi.Resource | None = None
) -> aws.iam.RolePolicy:
    options = pulumi.ResourceOptions(parent=parent)
    return aws.iam.RolePolicy(f"{name}-eni", role=of.name, policy=json.dumps(document(actions)), opts=options)


def function(
    name: str, arn: pulumi.Input[str], *, vpc: bool = True, parent: pulumi.Resource | None = None, **options: object
) -> aws.lambda_.Function:
    return aws.lambda_.Function(
        name,
        role=arn,
        runtime="python3.12",
        handler="index.handler",
        code=CODE,
        vpc_config=VPC_CONFIG if vpc else None,
        opts=pulumi.ResourceOptions(parent=parent, **options),
    )


def native_function(name: str, arn: pulumi.Input[str]) -> native.lambda_.Function:
    return native.lambda_.Function(
        name,
        role=arn,
        runtime="python3.12",
        handler="index.handler",
        code={"zip_file": "def handler(event, context): pass\n"},
        vpc_config={"subnet_ids": SUBNETS, "security_group_ids": GROUPS},
    )


# aws-native alone, and both providers mixed.
of_native = native_role("native")
native.iam.RolePolicy("native-eni", role_name=of_native.role_name, policy_name="eni", policy_document=document())
native_function("native", of_native.arn)

of_mixed = role("mixed")
allow("mixed", of_mixed)
native_function("mixed", of_mixed.arn)

of_reverse = native_role("reverse")
native.iam.ManagedPolicy("reverse-managed", roles=[of_reverse.role_name], policy_document=document())
function("reverse", of_reverse.arn)

# What runs on a role and is no function in a VPC.
of_poller = role("poller")
allow("poller", of_poller, POLLER_ACTIONS)
poller = function("poller", of_poller.arn, vpc=False)
cluster = aws.msk.Cluster(
    "kafka",
    kafka_version="3.7.x",
    number_of_broker_nodes=2,
    broker_node_group_info={"client_subnets": SUBNETS, "instance_type": "kafka.m5.large", "security_groups": GROUPS},
)
aws.lambda_.EventSourceMapping(
    "poller-events", function_name=poller.name, event_source_arn=cluster.arn, topics=["orders"]
)

of_canary = role("canary")
allow("canary", of_canary)
aws.synthetics.Canary(
    "canary",
    artifact_s3_location="s3://bucket/path",
    execution_role_arn=of_canary.arn,
    handler="index.handler",
    runtime_version="syn-python-selenium-4.1",
    schedule={"expression": "rate(5 minutes)"},
    zip_file="canary.zip",
    vpc_config=VPC_CONFIG,
)

# A policy attached to a role, to users and to groups at once.
of_attached = role("attached")
attached = aws.iam.Policy("attached-policy", policy=json.dumps(document()))
aws.iam.PolicyAttachment(
    "attachment", policy_arn=attached.arn, roles=[of_attached.name], users=["somebody"], groups=["some"]
)
function("attached", of_attached.arn, protect=False, aliases=[pulumi.Alias(name="was-attached")])


class Worker(pulumi.ComponentResource):
    """Several functions on one role."""

    def __init__(self, name: str) -> None:
        super().__init__("shapes:index:Worker", name)
        own = role(name, parent=self)
        allow(name, own, parent=self)
        for number in range(2):
            function(f"{name}-{number}", own.arn, parent=self)
        self.register_outputs({})


Worker("component")

# None of ours: other services, and a function that is in no VPC.
for service in ("ec2", "eks", "ecs-tasks", "codebuild", "batch"):
    allow(service, role(service, service))
of_nodes = role("nodes", "ec2")
aws.iam.RolePolicyAttachment("nodes-cni", role=of_nodes.name, policy_arn=EKS_CNI)
of_plain = role("plain")
allow("plain", of_plain)
function("plain", of_plain.arn, vpc=False)
