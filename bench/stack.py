"""A made-up AWS stack of any size as the engine hands it to a policy pack: 5 % of it is IAM and Lambda."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2

PROJECT = "shop"
STACK = "production"
_REGION = "eu-central-1"
_ACCOUNT = "123456789012"
_ENI_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


@dataclass
class Made:
    """One resource: what the program declares, and what its state holds."""

    type: str
    name: str
    inputs: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)
    depends_on: dict[str, list[str]] = field(default_factory=dict)

    @property
    def urn(self) -> str:
        """The resource's URN."""
        return f"urn:pulumi:{STACK}::{PROJECT}::{self.type}::{self.name}"


def resources(count: int) -> Iterator[Made]:
    """`count` resources. Of each hundred, five are a role, its policies and two functions; one of them in a VPC."""
    for number in range(count):
        place = number % 100
        if place >= 95:
            yield _serverless(number // 100, place - 95)
        else:
            yield _other(number)


def _serverless(group: int, place: int) -> Made:
    role = Made("aws:iam/role:Role", f"orders-{group}", {"name": f"orders-{group}", "assumeRolePolicy": _TRUST})
    arn = f"arn:aws:iam::{_ACCOUNT}:role/orders-{group}"
    if place == 0:
        echoes = {"inlinePolicies": [], "managedPolicyArns": [], "maxSessionDuration": 3600, "path": "/"}
        role.outputs = {"arn": arn, "id": role.name, "uniqueId": f"AROA{group:016d}", **echoes}
        return role
    if place == 1:
        # Every twentieth role is one without a guard.
        guard = {} if group % 20 == 0 else {"Condition": {"Null": {"lambda:SourceFunctionArn": "true"}}}
        document = {
            "Version": "2012-10-17",
            "Statement": [
                {"Sid": "Interfaces", "Effect": "Allow", "Action": _ENI_ACTIONS, "Resource": "*", **guard},
                {
                    "Sid": "Table",
                    "Effect": "Allow",
                    "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
                    "Resource": f"arn:aws:dynamodb:{_REGION}:{_ACCOUNT}:table/orders-{group}",
                },
            ],
        }
        inputs = {"role": role.name, "policy": json.dumps(document)}
        outputs = {"name": f"orders-{group}", "id": f"{role.name}:orders-{group}"}
        return Made("aws:iam/rolePolicy:RolePolicy", f"orders-{group}", inputs, outputs, {"role": [role.urn]})
    if place == 2:
        managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        return Made(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            f"orders-logs-{group}",
            {"role": role.name, "policyArn": managed},
            {"id": f"orders-logs-{group}"},
            {"role": [role.urn]},
        )
    name = f"orders-{group}-{place}"
    vpc = {"subnetIds": [f"subnet-{group:017x}"], "securityGroupIds": [f"sg-{group:017x}"]}
    return Made(
        "aws:lambda/function:Function",
        name,
        {
            "name": name,
            "role": arn,
            "runtime": "python3.12",
            "handler": "orders.handle",
            "memorySize": 512,
            "timeout": 30,
            "environment": {"variables": {"TABLE": f"orders-{group}", "LEVEL": "info"}},
            **({"vpcConfig": vpc} if place == 3 else {}),
        },
        {"arn": f"arn:aws:lambda:{_REGION}:{_ACCOUNT}:function:{name}", "version": "$LATEST", "lastModified": "2026"},
        {"role": [role.urn]},
    )


def _tags(number: int) -> dict[str, str]:
    return {"Name": f"resource-{number}", "team": f"team-{number % 7}", "environment": "production", "cost": "shop"}


def _other(number: int) -> Made:
    """Resources that are no concern of the pack, of the size that such resources have."""
    kind, make = _OTHERS[number % len(_OTHERS)]
    inputs = make(number)
    arn = f"arn:aws:service:{_REGION}:{_ACCOUNT}:thing/{number}"
    outputs = {"arn": arn, "id": f"id-{number}", "ownerId": _ACCOUNT, "tagsAll": _tags(number), "region": _REGION}
    return Made(kind, f"resource-{number}", {**inputs, "tags": _tags(number)}, outputs)


_OTHERS = (
    (
        "aws:s3/bucket:Bucket",
        lambda n: {
            "bucket": f"shop-data-{n}",
            "forceDestroy": False,
            "versioning": {"enabled": True, "mfaDelete": False},
            "serverSideEncryptionConfiguration": {
                "rule": {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}, "bucketKeyEnabled": True}
            },
            "lifecycleRules": [{"id": "old", "enabled": True, "expiration": {"days": 90}, "prefix": "logs/"}],
        },
    ),
    (
        "aws:ec2/securityGroup:SecurityGroup",
        lambda n: {
            "name": f"group-{n}",
            "description": "Managed by Pulumi",
            "vpcId": "vpc-0123456789abcdef0",
            "ingress": [
                {"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": ["10.0.0.0/8"], "self": False}
                for port in (443, 8443)
            ],
            "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"], "self": False}],
        },
    ),
    (
        "aws:ec2/instance:Instance",
        lambda n: {
            "ami": "ami-0123456789abcdef0",
            "instanceType": "t3.medium",
            "subnetId": f"subnet-{n:017x}",
            "vpcSecurityGroupIds": [f"sg-{n:017x}"],
            "ebsOptimized": True,
            "monitoring": True,
            "rootBlockDevice": {"encrypted": True, "volumeSize": 50, "volumeType": "gp3"},
            "metadataOptions": {"httpTokens": "required", "httpEndpoint": "enabled"},
        },
    ),
    ("aws:cloudwatch/logGroup:LogGroup", lambda n: {"name": f"/aws/shop/{n}", "retentionInDays": 30}),
    (
        "aws:dynamodb/table:Table",
        lambda n: {
            "name": f"table-{n}",
            "billingMode": "PAY_PER_REQUEST",
            "hashKey": "id",
            "attributes": [{"name": "id", "type": "S"}, {"name": "day", "type": "S"}],
            "globalSecondaryIndexes": [{"name": "day", "hashKey": "day", "projectionType": "ALL"}],
            "serverSideEncryption": {"enabled": True},
        },
    ),
    (
        "aws:sqs/queue:Queue",
        lambda n: {"name": f"queue-{n}", "messageRetentionSeconds": 345600, "visibilityTimeoutSeconds": 60},
    ),
    (
        "aws:ecs/taskDefinition:TaskDefinition",
        lambda n: {
            "family": f"task-{n}",
            "cpu": "256",
            "memory": "512",
            "networkMode": "awsvpc",
            "containerDefinitions": json.dumps(
                [{"name": "app", "image": "shop:1", "environment": [{"name": f"V{i}", "value": "x"} for i in range(8)]}]
            ),
        },
    ),
    (
        "aws:route53/record:Record",
        lambda n: {"name": f"r{n}.example.com", "type": "CNAME", "ttl": 300, "records": ["x.example.com"]},
    ),
    (
        "aws:ec2/subnet:Subnet",
        lambda n: {"vpcId": "vpc-0123456789abcdef0", "cidrBlock": f"10.{n % 250}.0.0/24", "mapPublicIpOnLaunch": False},
    ),
    (
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda n: {
            "name": f"alarm-{n}",
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 2,
            "metricName": "Errors",
            "namespace": "AWS/Lambda",
            "dimensions": {"FunctionName": f"f-{n}"},
        },
    ),
)


@dataclass(frozen=True)
class Messages:
    """The engine's messages about a stack, serialized: one for each resource, and one for all.

    Without `remediate` the engine asks for no remediation.
    """

    resources: list[bytes]
    stack: bytes
    remediate: bool = True


def messages(count: int) -> Messages:
    """What the engine sends about a stack of that many resources."""
    made = list(resources(count))
    stack = analyzer_pb2.AnalyzeStackRequest()
    for resource in made:
        request = analyzer_pb2.AnalyzerResource(
            type=resource.type,
            urn=resource.urn,
            name=resource.name,
            properties=_struct({**resource.inputs, **resource.outputs}),
            options=_options(),
        )
        for key, urns in resource.depends_on.items():
            request.propertyDependencies[key].urns.extend(urns)
            request.dependencies.extend(urns)
        stack.resources.append(request)
    each = [
        analyzer_pb2.AnalyzeRequest(
            type=r.type, urn=r.urn, name=r.name, properties=_struct(r.inputs), options=_options()
        ).SerializeToString()
        for r in made
    ]
    return Messages(each, stack.SerializeToString())


def _options() -> analyzer_pb2.AnalyzerResourceOptions:
    timeouts = analyzer_pb2.AnalyzerResourceOptions.CustomTimeouts(create=0, update=0, delete=0)
    return analyzer_pb2.AnalyzerResourceOptions(protect=False, customTimeouts=timeouts)


def _struct(value: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(value)
    return struct
