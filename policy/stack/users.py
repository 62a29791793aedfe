"""What runs on an execution role: functions, event source mappings that Lambda polls for them, canaries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from policy.iam.truth import UNKNOWN, Truth, Unknown, all_of, any_of
from policy.shared import aws_types
from policy.stack.execution import Gap, User, UserKind, unreadable
from policy.stack.inventory import Stack, partition_of
from policy.stack.resources import Resource, type_of


def users(stack: Stack, *, event_sources: bool) -> Iterator[tuple[User, str]]:
    """Everything that runs on an execution role, with the property that names the role."""
    polled = _polled(stack) if event_sources else {}
    for function in stack.functions:
        in_vpc, gap = _in_vpc(function)
        kind = UserKind.FUNCTION
        if in_vpc is not Truth.YES and function.urn in polled:
            mapping, by_poller = polled[function.urn]
            if by_poller is Truth.YES or in_vpc is Truth.NO:
                kind, in_vpc = UserKind.POLLER, by_poller
                gap = unreadable(mapping, _open_question(mapping), UNKNOWN) if by_poller is Truth.UNKNOWN else None
        yield User(kind, function, in_vpc, _function_arn(function), gap), "role"
    for canary in stack.of(*aws_types.CANARIES):
        in_vpc, gap = _in_vpc(canary)
        name = canary.props.get("name")
        # Synthetics makes the function itself and names it so (CloudWatch Synthetics, "canary Lambda functions").
        arn = f"arn:*:lambda:*:*:function:cwsyn-{name if isinstance(name, str) else '*'}-*"
        yield User(UserKind.CANARY, canary, in_vpc, arn, gap), "executionRoleArn"


def _in_vpc(resource: Resource) -> tuple[Truth, Gap | None]:
    """Whether a function or canary is in a VPC: it has a subnet, however many of its subnets are known.

    Subnets and security groups come together or not at all (Lambda API, VpcConfig): where it has a group, subnets that
    are not known are some, and where it has no subnet, its groups do not matter.
    """
    config = resource.props.get("vpcConfig")
    if config is None:
        return Truth.NO, None
    if not isinstance(config, Mapping):
        return Truth.UNKNOWN, unreadable(resource, "vpcConfig", config)
    subnets = config.get("subnetIds")
    if subnets is None or isinstance(subnets, list):
        return Truth.of(bool(subnets)), None
    groups = config.get("securityGroupIds")
    if isinstance(subnets, Unknown) and isinstance(groups, list) and groups:
        return Truth.YES, None
    return Truth.UNKNOWN, unreadable(resource, "vpcConfig.subnetIds", subnets)


def _function_arn(function: Resource) -> str:
    """The function's unqualified ARN, with `*` for the parts that are not known yet."""
    arn = function.props.get("arn")
    if isinstance(arn, str) and _FUNCTION_ARN.fullmatch(arn):
        return arn
    name = function.props.get("name", function.props.get("functionName"))
    if isinstance(name, str):
        # Lambda takes the function's ARN for its name as well (Lambda API Reference, CreateFunction).
        name = name.rpartition(":")[2]
    given = (function.props.get("region"), function.provider.get("region"))
    region = next((text for text in given if isinstance(text, str) and text), "*")
    partition = "*" if region == "*" else partition_of(region)
    return f"arn:{partition}:lambda:{region}:*:function:{name if isinstance(name, str) else '*'}"


_FUNCTION_ARN: Final = re.compile(r"arn:[^:]+:lambda:[^:]+:[0-9]{12}:function:[^:*?]+")


def _polled(stack: Stack) -> dict[str, tuple[Resource, Truth]]:
    """The functions whose events Lambda fetches out of a VPC with the function's execution role."""
    found: dict[str, tuple[Resource, Truth]] = {}
    for mapping in stack.of(*aws_types.EVENT_SOURCES):
        polls = _polls_vpc(mapping)
        urns = mapping.depends_on.get("functionName", ())
        functions = stack.functions_of(mapping.props.get("functionName"), urns)
        if len(functions) > 1 or (mapping.outside("functionName", aws_types.FUNCTIONS) and functions):
            polls = all_of((polls, Truth.UNKNOWN))
        for function in functions if polls is not Truth.NO else ():
            if function.urn not in found or polls is Truth.YES:
                found[function.urn] = (mapping, polls)
    return found


def _open_question(mapping: Resource) -> str:
    """The property that would decide whether Lambda polls in a VPC for the function."""
    if _polls_vpc(mapping) is Truth.YES:
        return "functionName"
    return "eventSourceArn" if mapping.props.get("selfManagedEventSource") is None else "sourceAccessConfigurations"


_VPC_SOURCES: Final = ("kafka", "mq", "rds")
_VPC_SOURCE_TYPES: Final = ("msk", "mq", "docdb", "amazonmq")
_OTHER_SOURCE_TYPES: Final = ("sqs", "kinesis", "dynamodb")


def _polls_vpc(mapping: Resource) -> Truth:
    """Whether the event source is in a VPC: Amazon MSK, Amazon MQ, DocumentDB, or self-managed Kafka with VPC access.

    Source: Lambda Developer Guide, the pages on these event sources, "network configuration".
    """
    props = mapping.props
    access = props.get("sourceAccessConfigurations")
    if props.get("selfManagedEventSource") is not None:
        items = [access] if isinstance(access, Unknown) else access or ()
        kinds = [item.get("type", UNKNOWN) if isinstance(item, Mapping) else item for item in items]
        return any_of(
            Truth.UNKNOWN if isinstance(kind, Unknown) else Truth.of(kind in ("VPC_SUBNET", "VPC_SECURITY_GROUP"))
            for kind in kinds
        )
    arn = props.get("eventSourceArn")
    if isinstance(arn, str) and arn.count(":") >= 5:
        return Truth.of(arn.split(":")[2] in _VPC_SOURCES)
    if any(props.get(name) not in (None, [], {}) for name in ("topics", "queues", "documentDbEventSourceConfig")):
        return Truth.YES
    sources = {_package(urn) for urn in mapping.depends_on.get("eventSourceArn", ())}
    if sources & set(_VPC_SOURCE_TYPES):
        return Truth.YES
    return Truth.NO if sources & set(_OTHER_SOURCE_TYPES) else Truth.UNKNOWN


def _package(urn: str) -> str:
    """`msk` of a URN whose type is `aws:msk/cluster:Cluster` or `aws-native:msk:Cluster`."""
    fields = type_of(urn).split(":")
    return fields[1].partition("/")[0] if len(fields) > 1 else ""
