"""Which policies are on which execution role, and what runs on it, out of the resources of one stack.

A reference is followed by its value (an ARN or a name) where that is known, else by the resource that it was made from:
at a preview the ARN of a new role is unknown, but the engine says which resources each property depends on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from policy import managed, resources
from policy.document import INLINE_POLICIES_LIMIT, MANAGED_POLICY_LIMIT, DocumentError, PolicyDocument, parse_document
from policy.resources import Resource
from policy.trust import Trust, parse_trust
from policy.truth import UNKNOWN, Truth, Unknown


class Decided(Enum):
    """When, or by whom, an unknown will be decided."""

    UPDATE = "update"  # a value that is computed when the stack is deployed
    ELSEWHERE = "elsewhere"  # a resource that is not in this stack
    REFRESH = "refresh"  # the state says something that no program declares
    MENDING = "mending"  # a property that cannot be read
    NEWER_DATA = "newer data"  # an AWS managed policy that the pack's data does not have


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that had to be known: the property of a resource, what of it, and when it will be decided."""

    urn: str
    path: str
    decided: Decided
    detail: str = ""


class GrantKind(Enum):
    """Where a document stands, which decides what there is to change."""

    IN_ROLE = "the role's inline policy"
    INLINE = "inline policy"
    MANAGED = "managed policy"
    AWS_MANAGED = "AWS managed policy"


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """One document on a role. `urn` is the resource to change: the one that holds it, or that attaches it."""

    document: PolicyDocument
    urn: str
    path: str
    kind: GrantKind
    # The name or ARN under which the role's state lists it.
    listed_as: str = ""
    suffix: str = ""

    @property
    def made_for_lambda(self) -> bool:
        """Whether it is an AWS managed policy for Lambda to manage interfaces with."""
        return self.suffix in managed.MADE_FOR_LAMBDA


class UserKind(Enum):
    """What runs on a role."""

    FUNCTION = "function"
    POLLER = "event source mapping"
    CANARY = "canary"


@dataclass(frozen=True, slots=True, eq=False)
class User:
    """A function (or canary) that runs on a role. `needs_vpc` says whether Lambda manages interfaces for it.

    `function_arn` has `*` for each part that is not known. `gap` is what decides where `needs_vpc` is UNKNOWN.
    """

    kind: UserKind
    resource: Resource
    needs_vpc: Truth
    function_arn: str
    gap: Gap | None = None


@dataclass(slots=True, eq=False)
class Execution:
    """A role with everything on it and everything that runs on it.

    `role` is None for a role that is not in this stack; `label` then is its ARN or name as far as known.
    `boundary` is None where the role has none.
    """

    role: Resource | None
    label: str
    role_arn: str | None = None
    role_tags: Mapping[str, str | Unknown] | None = None
    trust: Trust = field(default_factory=lambda: Trust((), known=False))
    users: list[User] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    boundary: list[Grant] | None = None
    gaps: list[Gap] = field(default_factory=list)
    reference: Gap | None = None

    @property
    def documents(self) -> list[PolicyDocument]:
        """All documents on the role. One that nothing is known of stands for each gap in what is attached."""
        return [grant.document for grant in self.grants]


@lru_cache(maxsize=1024)
def _parsed_text(text: str, name: str) -> PolicyDocument:
    return parse_document(text, name)


def _parse(source: object, name: str, limit: int) -> PolicyDocument:
    document = _parsed_text(source, name) if isinstance(source, str) else parse_document(source, name)
    if document.size <= limit:
        return document
    too_long = DocumentError("", f"{document.size:,} characters without white space; IAM takes at most {limit:,}")
    return PolicyDocument(name, document.statements, (*document.errors, too_long), document.unknown, document.size)


class Stack:
    """The resources of one stack by type, name and ARN."""

    def __init__(self, all_resources: Iterable[Resource]) -> None:
        self.by_urn: dict[str, Resource] = {}
        self.by_type: dict[str, list[Resource]] = {}
        for resource in all_resources:
            self.by_urn[resource.urn] = resource
            self.by_type.setdefault(resource.type, []).append(resource)
        self.roles = self.of(resources.ROLE, resources.NATIVE_ROLE)
        self.functions = self.of(resources.FUNCTION, resources.NATIVE_FUNCTION)
        self.policies = self.of(resources.POLICY, resources.NATIVE_POLICY)
        self._role_names = _index(self.roles, ("name", "roleName", "arn", "id"))
        self._function_names = _index(self.functions, ("name", "functionName", "arn"))
        self._policy_arns = _index(self.policies, ("arn", "policyArn", "id"))

    def of(self, *types: str) -> list[Resource]:
        """The resources of these types."""
        return [resource for kind in types for resource in self.by_type.get(kind, ())]

    def role_of(self, value: object, urns: Sequence[str]) -> Resource | None:
        """The role that a property names, by ARN or name, or depends on."""
        texts = (value, value.rpartition("/")[2]) if isinstance(value, str) and ":role/" in value else (value,)
        return self._follow(texts, urns, self._role_names, self.roles)

    def policy_of(self, value: object, urns: Sequence[str]) -> Resource | None:
        """The customer managed policy that a property names by its ARN, or depends on."""
        return self._follow((value,), urns, self._policy_arns, self.policies)

    def function_of(self, value: object, urns: Sequence[str]) -> Resource | None:
        """The function that an event source mapping names: by name, ARN, or either with a version or alias."""
        texts: tuple[object, ...] = (value,)
        if isinstance(value, str):
            name = value.split(":function:")[-1].split(":")[0]
            texts = (value, name)
        aliases = self.of(resources.ALIAS, resources.NATIVE_ALIAS)
        for alias in aliases:
            if alias.urn in urns:
                urns = (*urns, *alias.depends_on.get("functionName", ()))
                texts = (*texts, alias.props.get("functionName"))
        return self._follow(texts, urns, self._function_names, self.functions)

    def _follow(
        self, texts: Sequence[object], urns: Sequence[str], index: Mapping[str, list[Resource]], kind: list[Resource]
    ) -> Resource | None:
        named = next((index[text] for text in texts if isinstance(text, str) and text in index), [])
        if len(named) == 1:
            return named[0]
        # Two of one name live in different accounts, and an unknown value may be made from several: both are decided
        # by the one that the property depends on, if it is one.
        depended = [resource for resource in named or kind if resource.urn in urns]
        known = any(isinstance(text, str) for text in texts)
        return depended[0] if len(depended) == 1 and (named or not known) else None


def _index(of: Iterable[Resource], properties: Sequence[str]) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for resource in of:
        for text in {resource.props.get(name) for name in properties if isinstance(resource.props.get(name), str)}:
            found.setdefault(str(text), []).append(resource)
    return found


def link(all_resources: Iterable[Resource], *, event_sources: bool = True) -> list[Execution]:
    """Every role of the stack, and every role of another stack that something in this stack runs on.

    Without `event_sources` a function outside a VPC stays outside, whatever events Lambda fetches for it.
    """
    stack = Stack(all_resources)
    executions = {role.urn: _execution(role, stack) for role in stack.roles}
    _attach_role_policies(stack, executions)
    _attach_managed_policies(stack, executions)
    for execution in executions.values():
        _check_echoes(execution)
        _check_inline_limit(execution)
    outside: dict[str, Execution] = {}
    for user, prop in _users(stack, event_sources=event_sources):
        value, urns = user.resource.props.get(prop), user.resource.depends_on.get(prop, ())
        role = stack.role_of(value, urns)
        if role is not None:
            executions[role.urn].users.append(user)
            continue
        gap = _role_gap(user.resource, prop, value, urns)
        label = value if isinstance(value, str) else ""
        outside.setdefault(label or user.resource.urn, Execution(None, label, reference=gap)).users.append(user)
    return [*executions.values(), *outside.values()]


def _role_gap(resource: Resource, prop: str, value: object, urns: Sequence[str]) -> Gap:
    if isinstance(value, str):
        return Gap(resource.urn, prop, Decided.ELSEWHERE, value)
    if isinstance(value, Unknown):
        return Gap(resource.urn, prop, Decided.UPDATE, ", ".join(urn.rpartition("::")[2] for urn in urns))
    return Gap(resource.urn, prop, Decided.MENDING, "is missing" if value is None else "is not a string")


# ---- roles


def _execution(role: Resource, stack: Stack) -> Execution:
    native = role.type == resources.NATIVE_ROLE
    execution = Execution(
        role,
        role.name,
        role_arn=_role_arn(role),
        role_tags=_tags(role),
        trust=parse_trust(role.props.get("assumeRolePolicyDocument" if native else "assumeRolePolicy", UNKNOWN)),
    )
    inline, managed_arns = ("policies", "managedPolicyArns") if native else ("inlinePolicies", "managedPolicyArns")
    for path, name, source in _inline_policies(role, inline, native, execution):
        document = _parse(source, name or path, INLINE_POLICIES_LIMIT)
        execution.grants.append(Grant(document, role.urn, path, GrantKind.IN_ROLE))
        if document.unknown:
            execution.gaps.append(Gap(role.urn, path, Decided.UPDATE))
    for path, value, urns in _texts(role, managed_arns, execution):
        _attach(execution, stack, value, urns, role, path)
    boundary = _declared(role, "permissionsBoundary")
    if boundary not in (None, ""):
        urns = role.depends_on.get("permissionsBoundary", ())
        execution.boundary = [_policy_grant(execution, stack, boundary, urns, role, "permissionsBoundary")]
    return execution


def _role_arn(role: Resource) -> str | None:
    arn = role.props.get("arn")
    if isinstance(arn, str):
        return arn
    name = role.props.get("name", role.props.get("roleName"))
    path = role.props.get("path")
    if isinstance(name, str):
        return f"arn:*:iam::*:role{path if isinstance(path, str) else '/*' if isinstance(path, Unknown) else '/'}{name}"
    return None


def _tags(role: Resource) -> Mapping[str, str | Unknown] | None:
    tags = role.props.get("tagsAll") if isinstance(role.props.get("tagsAll"), Mapping) else role.props.get("tags")
    if tags is None:
        return {}
    if isinstance(tags, Mapping):
        return {str(k): v if isinstance(v, str) else UNKNOWN for k, v in tags.items()}
    if isinstance(tags, list) and all(isinstance(tag, Mapping) and isinstance(tag.get("key"), str) for tag in tags):
        return {tag["key"]: tag["value"] if isinstance(tag.get("value"), str) else UNKNOWN for tag in tags}
    return None


# The provider fills these in from what it finds on the role; only the program's own words count.
_ECHOED: Final = frozenset(("inlinePolicies", "managedPolicyArns", "policies"))


def _declared(role: Resource, name: str) -> Any:
    """What the program gives for a property: its input, or, where that was not seen, its output if nothing echoes it."""
    if role.inputs is not None:
        declared, output = role.inputs.get(name), role.props.get(name)
        # An input that was unknown when it was checked may have become known since.
        return output if isinstance(declared, Unknown) and output is not None else declared
    return None if name in _ECHOED else role.props.get(name)


def _inline_policies(
    role: Resource, prop: str, native: bool, execution: Execution
) -> Iterator[tuple[str, str, object]]:
    value = _declared(role, prop)
    if value is None:
        return
    if not isinstance(value, list):
        execution.gaps.append(_unreadable(role, prop, value))
        execution.grants.append(Grant(PolicyDocument.not_known(prop), role.urn, prop, GrantKind.IN_ROLE))
        return
    for i, item in enumerate(value):
        path = f"{prop}[{i}]"
        if not isinstance(item, Mapping):
            execution.gaps.append(_unreadable(role, path, item))
            yield path, "", UNKNOWN
            continue
        name = item.get("policyName" if native else "name")
        source = item.get("policyDocument" if native else "policy")
        if source is None and not native:
            continue  # `inlinePolicies: [{}]` is how the classic provider says "none"
        yield f"{path}.{'policyDocument' if native else 'policy'}", name if isinstance(name, str) else "", source


def _unreadable(resource: Resource, path: str, value: object) -> Gap:
    if isinstance(value, Unknown):
        return Gap(resource.urn, path, Decided.UPDATE)
    return Gap(resource.urn, path, Decided.MENDING, "is missing" if value is None else "has the wrong type")


def _texts(
    resource: Resource, prop: str, execution: Execution
) -> Iterator[tuple[str, object, tuple[str, ...]]]:
    """The elements of a list of texts, each with the URNs it can stand for."""
    value = _declared(resource, prop) if prop in _ECHOED else resource.props.get(prop)
    urns = resource.depends_on.get(prop, ())
    if value is None:
        return
    if not isinstance(value, list):
        execution.gaps.append(_unreadable(resource, prop, value))
        execution.grants.append(Grant(PolicyDocument.not_known(prop), resource.urn, prop, GrantKind.MANAGED))
        return
    for i, item in enumerate(value):
        yield f"{prop}[{i}]", item, urns


# ---- attachments


def _attach(
    execution: Execution, stack: Stack, value: object, urns: Sequence[str], attachment: Resource, path: str
) -> None:
    """Put the policy that a property of `attachment` names on the role."""
    execution.grants.append(_policy_grant(execution, stack, value, urns, attachment, path))


def _policy_grant(
    execution: Execution, stack: Stack, value: object, urns: Sequence[str], attachment: Resource, path: str
) -> Grant:
    """The managed policy that a property names; one of which nothing is known, and a gap, where it is not to be had."""
    policy = stack.policy_of(value, urns)
    if policy is not None:
        return _customer_grant(policy, execution)
    label = value if isinstance(value, str) else path
    if isinstance(value, str) and managed.is_aws_managed(value):
        found = managed.lookup(value)
        if found is not None:
            document = _aws_managed(found.suffix, value)
            return Grant(document, attachment.urn, path, GrantKind.AWS_MANAGED, value, found.suffix)
        execution.gaps.append(Gap(attachment.urn, path, Decided.NEWER_DATA, value))
    elif isinstance(value, str):
        execution.gaps.append(Gap(attachment.urn, path, Decided.ELSEWHERE, value))
    else:
        execution.gaps.append(_unreadable(attachment, path, value))
    return Grant(PolicyDocument.not_known(label), attachment.urn, path, GrantKind.MANAGED, label)


@lru_cache(maxsize=512)
def _aws_managed(suffix: str, arn: str) -> PolicyDocument:
    found = managed.lookup(arn)
    document = parse_document(found.document if found else UNKNOWN, suffix.rpartition("/")[2])
    # The data leaves out what does not matter here, so a document can be empty there and be none that IAM refuses.
    return replace(document, errors=())


def _customer_grant(policy: Resource, execution: Execution) -> Grant:
    prop = "policyDocument" if policy.type == resources.NATIVE_POLICY else "policy"
    source = policy.props.get(prop, UNKNOWN)
    document = _parse(source, policy.name, MANAGED_POLICY_LIMIT)
    if document.unknown:
        execution.gaps.append(_unreadable(policy, prop, policy.props.get(prop)))
    arn = policy.props.get("policyArn", policy.props.get("arn"))
    return Grant(document, policy.urn, prop, GrantKind.MANAGED, arn if isinstance(arn, str) else "")


def _attach_role_policies(stack: Stack, executions: Mapping[str, Execution]) -> None:
    for kind, role_prop, prop, name_prop in (
        (resources.ROLE_POLICY, "role", "policy", "name"),
        (resources.NATIVE_ROLE_POLICY, "roleName", "policyDocument", "policyName"),
    ):
        for resource in stack.of(kind):
            role = stack.role_of(resource.props.get(role_prop), resource.depends_on.get(role_prop, ()))
            if role is None:
                continue
            execution = executions[role.urn]
            source = resource.props.get(prop, UNKNOWN)
            document = _parse(source, resource.name, INLINE_POLICIES_LIMIT)
            listed = resource.props.get(name_prop)
            listed = listed if isinstance(listed, str) else ""
            execution.grants.append(Grant(document, resource.urn, prop, GrantKind.INLINE, listed))
            if document.unknown:
                execution.gaps.append(_unreadable(resource, prop, resource.props.get(prop)))


def _attach_managed_policies(stack: Stack, executions: Mapping[str, Execution]) -> None:
    for resource in stack.of(resources.ROLE_ATTACHMENT):
        role = stack.role_of(resource.props.get("role"), resource.depends_on.get("role", ()))
        if role is not None:
            urns = resource.depends_on.get("policyArn", ())
            _attach(executions[role.urn], stack, resource.props.get("policyArn"), urns, resource, "policyArn")
    for resource in stack.of(resources.POLICY_ATTACHMENT):
        for execution in _roles_named(resource, "roles", stack, executions):
            urns = resource.depends_on.get("policyArn", ())
            _attach(execution, stack, resource.props.get("policyArn"), urns, resource, "policyArn")
    for resource in stack.of(resources.NATIVE_POLICY):
        for execution in _roles_named(resource, "roles", stack, executions):
            execution.grants.append(_customer_grant(resource, execution))
    for resource in stack.of(resources.ATTACHMENTS_EXCLUSIVE):
        # It attaches what it lists. (RolePoliciesExclusive only takes inline policies away.)
        role = stack.role_of(resource.props.get("roleName"), resource.depends_on.get("roleName", ()))
        if role is None:
            continue
        execution = executions[role.urn]
        attached = {grant.urn for grant in execution.grants}
        for path, value, urns in _texts(resource, "policyArns", execution):
            policy = stack.policy_of(value, urns)
            listed = value in {grant.listed_as for grant in execution.grants}
            if not listed and (policy is None or policy.urn not in attached):
                _attach(execution, stack, value, urns, resource, path)


def _roles_named(
    resource: Resource, prop: str, stack: Stack, executions: Mapping[str, Execution]
) -> Iterator[Execution]:
    """The roles in a list of role names. Unknown names are those of the roles that the list depends on."""
    value, urns = resource.props.get(prop), resource.depends_on.get(prop, ())
    if isinstance(value, list):
        known = [stack.role_of(item, urns) for item in value if isinstance(item, str)]
        found = {role.urn for role in known if role is not None}
        open_roles = [urn for urn in urns if urn in executions and urn not in found]
        unknown_names = sum(isinstance(item, Unknown) for item in value)
        if unknown_names >= len(open_roles):
            found.update(open_roles if unknown_names else ())
            open_roles = []
    elif value is not None:
        found, open_roles, unknown_names = set(), [urn for urn in urns if urn in executions], 1
    else:
        return
    yield from (executions[urn] for urn in found)
    # More roles than unknown names: any of them may be on the list.
    for urn in open_roles if unknown_names else ():
        executions[urn].gaps.append(_unreadable(resource, prop, UNKNOWN if isinstance(value, list) else value))
        executions[urn].grants.append(
            Grant(PolicyDocument.not_known(resource.name), resource.urn, prop, GrantKind.MANAGED)
        )


# ---- the state of a role against what is declared


def _check_echoes(execution: Execution) -> None:
    """Policies that the role's state lists and that nothing in the stack explains may or may not be on the role."""
    role = execution.role
    assert role is not None
    explained = {grant.listed_as for grant in execution.grants}
    inline = "policies" if role.type == resources.NATIVE_ROLE else "inlinePolicies"
    if _declared(role, inline) is None:
        listed = role.props.get(inline)
        for item in listed if isinstance(listed, list) else ():
            name = item.get("name", item.get("policyName")) if isinstance(item, Mapping) else None
            if isinstance(name, str) and name not in explained:
                source = item.get("policy", item.get("policyDocument", UNKNOWN))
                _add_echo(execution, role, inline, name, _parse(source, name, INLINE_POLICIES_LIMIT))
    if _declared(role, "managedPolicyArns") is None:
        listed = role.props.get("managedPolicyArns")
        for arn in listed if isinstance(listed, list) else ():
            if isinstance(arn, str) and arn not in explained:
                found = managed.lookup(arn)
                document = _aws_managed(found.suffix, arn) if found else PolicyDocument.not_known(arn)
                _add_echo(execution, role, "managedPolicyArns", arn, document)


def _add_echo(execution: Execution, role: Resource, prop: str, what: str, document: PolicyDocument) -> None:
    execution.gaps.append(Gap(role.urn, prop, Decided.REFRESH, what))
    execution.grants.append(Grant(document.perhaps(), role.urn, prop, GrantKind.IN_ROLE))


def _check_inline_limit(execution: Execution) -> None:
    """The inline policies of a role share one limit."""
    inline = [g for g in execution.grants if g.kind in (GrantKind.INLINE, GrantKind.IN_ROLE)]
    size = sum(grant.document.size for grant in inline)
    if size > INLINE_POLICIES_LIMIT and all(g.document.size <= INLINE_POLICIES_LIMIT for g in inline):
        assert execution.role is not None
        what = f"the inline policies have {size:,} characters without white space; IAM takes at most {INLINE_POLICIES_LIMIT:,}"
        execution.gaps.append(Gap(execution.role.urn, "inline policies", Decided.MENDING, what))


# ---- what runs on a role


def _users(stack: Stack, *, event_sources: bool) -> Iterator[tuple[User, str]]:
    """Everything that runs on an execution role, with the property that names the role."""
    polled = _polled(stack) if event_sources else {}
    for function in stack.functions:
        in_vpc, gap = _in_vpc(function)
        kind = UserKind.FUNCTION
        if in_vpc is not Truth.YES and function.urn in polled:
            mapping, by_poller = polled[function.urn]
            if by_poller is Truth.YES or in_vpc is Truth.NO:
                kind, in_vpc = UserKind.POLLER, by_poller
                gap = Gap(mapping.urn, "eventSourceArn", Decided.UPDATE) if by_poller is Truth.UNKNOWN else None
        yield User(kind, function, in_vpc, _function_arn(function), gap), "role"
    for canary in stack.of(resources.CANARY, resources.NATIVE_CANARY):
        in_vpc, gap = _in_vpc(canary)
        name = canary.props.get("name")
        # Synthetics makes the function itself and names it so (CloudWatch Synthetics, "canary Lambda functions").
        arn = f"arn:*:lambda:*:*:function:cwsyn-{name if isinstance(name, str) else '*'}-*"
        yield User(UserKind.CANARY, canary, in_vpc, arn, gap), "executionRoleArn"


def _in_vpc(resource: Resource) -> tuple[Truth, Gap | None]:
    """Whether a function or canary is in a VPC. Subnets and security groups come together or not at all (Lambda API)."""
    config = resource.props.get("vpcConfig")
    if config is None:
        return Truth.NO, None
    if not isinstance(config, Mapping):
        return Truth.UNKNOWN, _unreadable(resource, "vpcConfig", config)
    lists = [config.get("subnetIds"), config.get("securityGroupIds")]
    if any(isinstance(ids, list) and ids for ids in lists):
        return Truth.YES, None
    for name, ids in zip(("subnetIds", "securityGroupIds"), lists, strict=True):
        if ids is not None and not isinstance(ids, list):
            return Truth.UNKNOWN, _unreadable(resource, f"vpcConfig.{name}", ids)
    return Truth.NO, None


def _function_arn(function: Resource) -> str:
    """The function's unqualified ARN, with `*` for the parts that are not known yet."""
    arn = function.props.get("arn")
    if isinstance(arn, str) and _FUNCTION_ARN.fullmatch(arn):
        return arn
    name = function.props.get("name", function.props.get("functionName"))
    region = function.props.get("region")
    return f"arn:*:lambda:{region if isinstance(region, str) else '*'}:*:function:{name if isinstance(name, str) else '*'}"


_FUNCTION_ARN: Final = re.compile(r"arn:[^:]+:lambda:[^:]+:[0-9]{12}:function:[^:*?]+")


def _polled(stack: Stack) -> dict[str, tuple[Resource, Truth]]:
    """The functions whose events Lambda fetches out of a VPC with the function's execution role."""
    found: dict[str, tuple[Resource, Truth]] = {}
    for mapping in stack.of(resources.EVENT_SOURCE, resources.NATIVE_EVENT_SOURCE):
        polls = _polls_vpc(mapping)
        function = stack.function_of(mapping.props.get("functionName"), mapping.depends_on.get("functionName", ()))
        if function is not None and polls is not Truth.NO and found.get(function.urn, (mapping, Truth.NO))[1] is not Truth.YES:
            found[function.urn] = (mapping, polls)
    return found


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
        if isinstance(access, Unknown):
            return Truth.UNKNOWN
        kinds = [item.get("type") for item in access or () if isinstance(item, Mapping)]
        return Truth.of(any(kind in ("VPC_SUBNET", "VPC_SECURITY_GROUP") for kind in kinds))
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
    kind = urn.split("::")[2].rpartition("$")[2] if urn.count("::") >= 3 else ""
    fields = kind.split(":")
    return fields[1].partition("/")[0] if len(fields) > 1 else ""
