"""What uses a role: functions, event source mappings that Lambda polls for them, and the rows of one table.

A kind of user that is new is a row of `ROWS`, and a member of `UserKind` where nothing like it is known yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from policy.iam.truth import UNKNOWN, Truth, Unknown, all_of, any_of
from policy.shared import aws_types
from policy.shared.partitions import partition_of
from policy.stack.called import FUNCTION_NAME, Called, functions_of
from policy.stack.execution_role import Decided, Gap, Needs, User, UserKind, unreadable
from policy.stack.inventory import Stack
from policy.stack.resources import Resource, type_of


class Row(NamedTuple):
    """A resource type that uses a role, and what is known of it. A role that is `optional` may be left out: it has none."""

    type: str
    kind: UserKind
    optional: bool = False

    @property
    def role(self) -> str:
        """The path of the property that names the role."""
        return aws_types.TYPES[self.type].role


# Sources: the schemas of pulumi-aws 7.51 and of aws-native 1.84; scripts/role_properties.py lists what they have.
ROWS: Final = (
    Row(aws_types.FUNCTION, UserKind.FUNCTION),
    Row(aws_types.NATIVE_FUNCTION, UserKind.FUNCTION),
    Row(aws_types.CANARY, UserKind.CANARY),
    Row(aws_types.NATIVE_CANARY, UserKind.CANARY),
    Row(aws_types.MICROVM, UserKind.MICROVM, optional=True),
    Row(aws_types.MICROVM_IMAGE, UserKind.MICROVM_IMAGE, optional=True),
    Row(aws_types.OLD_MICROVM_IMAGE, UserKind.MICROVM_IMAGE, optional=True),
    Row(aws_types.NATIVE_MICROVM_IMAGE, UserKind.MICROVM_IMAGE, optional=True),
    Row(aws_types.NATIVE_WEB_FUNCTION, UserKind.WEB_FUNCTION),
    Row(aws_types.CONNECTOR, UserKind.CONNECTOR, optional=True),
    Row(aws_types.NATIVE_CONNECTOR, UserKind.CONNECTOR, optional=True),
    Row(aws_types.CAPACITY_PROVIDER, UserKind.CAPACITY_PROVIDER, optional=True),
    Row(aws_types.NATIVE_CAPACITY_PROVIDER, UserKind.CAPACITY_PROVIDER, optional=True),
)


def users(stack: Stack, *, event_sources: bool) -> Iterator[tuple[User, str]]:
    """Everything that uses a role, with the path of the property that names the role."""
    polled = _polled(stack) if event_sources else {}
    for row in ROWS:
        for resource in stack.of(row.type):
            if not row.optional or value_at(resource, row.role) is not None:
                yield _user(row.kind, resource, polled.get(resource.urn)), row.role


def value_at(resource: Resource, path: str) -> Any:
    """The value of a property, given by its path; UNKNOWN where an object on the way is not known."""
    value: Any = resource.props
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return value  # not known, missing, or of the wrong type
        value = value.get(step)
    return value


def _user(kind: UserKind, resource: Resource, polled: Polled | None) -> User:
    if kind is UserKind.FUNCTION:
        return _function(resource, polled)
    if kind is UserKind.CANARY:
        in_vpc, gap = _in_vpc(resource)
        name = resource.props.get("name")
        # Synthetics makes the function itself and names it so (CloudWatch Synthetics, "canary Lambda functions").
        arn = f"arn:*:lambda:*:*:function:cwsyn-{name if isinstance(name, str) else '*'}-*"
        return User(kind, resource, in_vpc, in_vpc, arn, gap)
    needs = Truth.of(kind.value.needs is Needs.ALWAYS)
    return User(kind, resource, needs, Truth.of(kind.value.runs_code))


def _function(function: Resource, polled: Polled | None) -> User:
    """A function: on a capacity provider, in a VPC, or outside with an event source that is in one."""
    arn, provider = _function_arn(function), function.props.get("capacityProviderConfig")
    managed = Truth.UNKNOWN if isinstance(provider, Unknown) else Truth.of(bool(provider))
    # The VPC of a function on a capacity provider is the provider's.
    in_vpc, gap = (Truth.NO, None) if managed is Truth.YES else _in_vpc(function)
    kind = UserKind.FUNCTION
    if polled is not None and (in_vpc is Truth.NO or (in_vpc is Truth.UNKNOWN and polled.polls is Truth.YES)):
        kind, in_vpc, gap = UserKind.POLLER, polled.polls, polled.gap
    if in_vpc is Truth.NO and managed is not Truth.NO:
        kind = UserKind.MANAGED_INSTANCES
        gap = unreadable(function, "capacityProviderConfig", provider) if managed is Truth.UNKNOWN else None
    return User(kind, function, in_vpc, any_of((in_vpc, managed)), arn, gap)


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
    # A provider's account, and so what it makes, is in one partition, in whichever region that is.
    regions = (function.region, function.provider.get("region"))
    partition = next((partition_of(text) for text in regions if isinstance(text, str) and text), "*")
    return f"arn:{partition}:lambda:{function.region or '*'}:*:function:{name if isinstance(name, str) else '*'}"


_FUNCTION_ARN: Final = re.compile(r"arn:[^:]+:lambda:[^:]+:[0-9]{12}:function:[^:*?]+")


class Polled(NamedTuple):
    """Whether Lambda fetches a function's events out of a VPC with its role, and what decides that if it is open."""

    polls: Truth
    gap: Gap | None


def _polled(stack: Stack) -> dict[str, Polled]:
    """The functions whose events Lambda fetches out of a VPC, or may."""
    found: dict[str, Polled] = {}
    for mapping in stack.of(*aws_types.EVENT_SOURCES):
        called, polls = functions_of(stack, mapping), _polls_vpc(mapping)
        gap = None
        if polls is Truth.UNKNOWN:
            self_managed = mapping.props.get("selfManagedEventSource") is not None
            gap = unreadable(mapping, "sourceAccessConfigurations" if self_managed else "eventSourceArn", UNKNOWN)
        elif not called.certain or mapping.perhaps:
            polls, gap = all_of((polls, Truth.UNKNOWN)), _which(mapping, called)
        for function in called.functions if polls is not Truth.NO else ():
            if function.urn not in found or polls is Truth.YES:
                found[function.urn] = Polled(polls, gap)
    return found


def _which(mapping: Resource, called: Called) -> Gap:
    """That it is not certain which function an event source mapping names, if any."""
    value = mapping.props.get(FUNCTION_NAME)
    if not isinstance(value, str) or called.certain:
        return unreadable(mapping, FUNCTION_NAME, UNKNOWN)
    named = " and ".join(f"`{function.name}`" for function in called.functions)
    where = "" if len(called.functions) > 1 else ", which may be in another region or account"
    return Gap(mapping.urn, FUNCTION_NAME, Decided.MENDING, f"is `{value}`, and that is the name of {named}{where}")


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
    told = [props.get(name) for name in ("topics", "queues", "documentDbEventSourceConfig")]
    if any(value not in (None, [], {}) and not isinstance(value, Unknown) for value in told):
        return Truth.YES
    answers = set()
    for urn in mapping.depends_on.get("eventSourceArn", ()):
        package = _package(urn)
        if package in _VPC_SOURCE_TYPES or package in _OTHER_SOURCE_TYPES:
            answers.add(Truth.of(package in _VPC_SOURCE_TYPES))
        elif urn in mapping.not_managed:
            answers.add(Truth.UNKNOWN)  # what is not in the stack may be a source of either kind
    return answers.pop() if len(answers) == 1 else Truth.UNKNOWN


def _package(urn: str) -> str:
    """`msk` of a URN whose type is `aws:msk/cluster:Cluster`, `aws-native:msk:Cluster` or, bridged from Terraform,
    `aws:index/mskCluster:MskCluster`."""
    fields = type_of(urn).split(":")
    package, _, name = fields[1].partition("/") if len(fields) > 1 else ("", "", "")
    return re.split(r"[A-Z]", name)[0] if package == "index" else package
