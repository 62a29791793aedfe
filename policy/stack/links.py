"""Which policies are on which execution role, and what runs on it, out of the resources of one stack.

A reference is followed by its value (an ARN or a name) where that is known, else by the resource that it was made from:
at a preview the ARN of a new role is unknown, but the engine says which resources each property depends on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from policy.iam.document import (
    INLINE_POLICIES_LIMIT,
)
from policy.iam.trust import parse_trust
from policy.iam.truth import UNKNOWN, Unknown
from policy.shared import aws_types
from policy.shared.aws_types import MANAGED_POLICIES, ROLE_POLICIES, ROLES
from policy.stack.echoes import check_echoes, check_inline_limit
from policy.stack.execution_role import Decided, ExecutionRole, Gap, Grant, GrantKind, unreadable
from policy.stack.grants import (
    customer_grant,
    declared_by,
    inline_policies,
    listed_texts,
    parsed,
    perhaps,
    policy_grant,
)
from policy.stack.inventory import Stack
from policy.stack.possible_guards import weigh_unknown_documents
from policy.stack.removals import take_away
from policy.stack.resources import Resource
from policy.stack.users import users, value_at


def link(all_resources: Iterable[Resource], *, event_sources: bool = True) -> list[ExecutionRole]:
    """Every role of the stack, and every role of another stack that something in this stack runs on.

    Without `event_sources` a function outside a VPC stays outside, whatever events Lambda fetches for it.
    """
    stack = Stack(all_resources)
    executions = {role.urn: _execution_role(role, stack) for role in stack.roles}
    _add_users(stack, executions, event_sources=event_sources)
    _attach_role_policies(stack, executions)
    _attach_managed_policies(stack, executions)
    take_away(stack, executions)
    for execution in executions.values():
        if execution.role is not None:
            check_echoes(execution, execution.role, stack.twins(execution.role))
            check_inline_limit(execution, execution.role)
    weigh_unknown_documents(list(executions.values()), stack)
    return list(executions.values())


def _add_users(stack: Stack, executions: ExecutionRoles, *, event_sources: bool) -> None:
    """Put what runs on a role there; a role that is not in the stack is added under its ARN or name."""
    for user, path in users(stack, event_sources=event_sources):
        value = value_at(user.resource, path)
        role = stack.role_of(value, user.resource.made_from(path.partition(".")[0], ROLES), user.resource)
        if role is not None:
            execution = executions[role.urn]
            execution.users.append(execution.running(user))
            continue
        gap = _role_gap(user.resource, path, value)
        label = value if isinstance(value, str) else ""
        execution = executions.setdefault(label or user.resource.urn, ExecutionRole(None, label, reference=gap))
        execution.users.append(user)
        if isinstance(value, Unknown):
            urns = user.resource.depends_on.get(path.partition(".")[0], ())
            roles = stack.roles_of(value, urns, user.resource) or stack.possible_roles(urns, user.resource)
            execution.may_be += [executions[role.urn] for role in roles]


def _outside(value: object, executions: ExecutionRoles) -> list[ExecutionRole]:
    """The role outside the stack that a property names, if something in the stack runs on it."""
    if not isinstance(value, str):
        return []
    name = value.rpartition("/")[2]
    return [e for e in executions.values() if e.role is None and e.label and e.label.rpartition("/")[2] == name]


def _role_gap(resource: Resource, prop: str, value: object) -> Gap:
    if isinstance(value, str):
        return Gap(resource.urn, prop, Decided.ELSEWHERE, value)
    if isinstance(value, Unknown) or value is None:
        return unreadable(resource, prop, value)
    return Gap(resource.urn, prop, Decided.MENDING, "is not a string")


ExecutionRoles = dict[str, ExecutionRole]

# ---- roles


def _execution_role(role: Resource, stack: Stack) -> ExecutionRole:
    row = role.row
    execution = ExecutionRole(
        role,
        role.name,
        role_arn=_role_arn(role),
        role_tags=_tags(role),
        some_function=_some_function(role, stack),
        trust=parse_trust(role.props.get(row.trust, UNKNOWN)),
    )
    for path, name, source, kind in inline_policies(role, execution):
        document = parsed(source, name or path, INLINE_POLICIES_LIMIT)
        grant = Grant(document, role.urn, path, kind, name, gave=(role, row.inline.prop))
        execution.grants.append(grant)
        if document.unknown:
            execution.gaps.append(unreadable(role, path, source))
    for path, value, urns in listed_texts(role, row.managed, execution, stack):
        _attach(execution, stack, value, urns, role, path)
    boundary = declared_by(role, row.boundary)
    if boundary not in (None, ""):
        urns = role.made_from(row.boundary, MANAGED_POLICIES)
        execution.boundary = [policy_grant(execution, stack, boundary, urns, role, row.boundary)]
    return execution


def _some_function(role: Resource, stack: Stack) -> str:
    """What is known of the ARN of any function that may run on the role."""
    arn = role.arn
    account = role.account if role.account.isdigit() else "*"
    fields = arn.split(":") if isinstance(arn, str) and arn.count(":") >= 5 else ["", "", "", "", account]
    partition = fields[1] or role.known_account.partition or stack.partition or "*"
    return f"arn:{partition}:lambda:*:{fields[4]}:function:*"


def _role_arn(role: Resource) -> str | None:
    if isinstance(role.arn, str):
        return str(role.arn)
    name = role.physical_name
    path = role.props.get("path")
    if isinstance(name, str):
        return f"arn:*:iam::*:role{path if isinstance(path, str) else '/*' if isinstance(path, Unknown) else '/'}{name}"
    return None


def _tags(role: Resource) -> Mapping[str, str | Unknown] | None:
    """The role's tags, None where they are not known: the provider adds its own (`tagsAll`), which may be any."""
    tags = role.props.get("tags")
    every = role.props.get("tagsAll")
    if isinstance(every, Mapping):
        tags = every
    elif isinstance(every, Unknown) and not (role.managed and "region" in role.provider):
        return None
    elif role.managed and (tags is None or isinstance(tags, Mapping)):
        added = role.provider.get("defaultTags")
        added = added.get("tags") if isinstance(added, Mapping) else added
        if isinstance(added, Unknown):
            return None
        tags = {**(added if isinstance(added, Mapping) else {}), **(tags or {})}
    if tags is None:
        return {}
    if isinstance(tags, Mapping):
        return {str(k): v if isinstance(v, str) else UNKNOWN for k, v in tags.items()}
    if isinstance(tags, list) and all(isinstance(tag, Mapping) and isinstance(tag.get("key"), str) for tag in tags):
        return {tag["key"]: tag["value"] if isinstance(tag.get("value"), str) else UNKNOWN for tag in tags}
    return None


# ---- attachments


def _attach(
    execution: ExecutionRole, stack: Stack, value: object, urns: Sequence[str], attachment: Resource, path: str
) -> None:
    """Put the policy that a property of `attachment` names on the role."""
    execution.grants.append(policy_grant(execution, stack, value, urns, attachment, path))


def _there(resource: Resource, execution: ExecutionRole) -> bool:
    """Whether a resource is there for certain where the role is: on no condition, or on the same as the role."""
    return not resource.perhaps or (execution.role is not None and resource.perhaps == execution.role.perhaps)


def _attach_role_policies(stack: Stack, executions: ExecutionRoles) -> None:
    for resource in stack.of(*ROLE_POLICIES):
        prop, listed = resource.row.document, resource.physical_name
        on_roles = _roles_named if resource.row.roles else _on_roles
        for execution, certain in on_roles(resource, stack, executions):
            document = parsed(resource.props.get(prop, UNKNOWN), resource.name, INLINE_POLICIES_LIMIT)
            if document.unknown:
                execution.gaps.append(unreadable(resource, prop, resource.props.get(prop)))
            name = listed if isinstance(listed, str) else ""
            grant = Grant(document, resource.urn, prop, GrantKind.INLINE, name, gave=(resource, prop))
            execution.grants.append(grant if certain and _there(resource, execution) else perhaps(grant))


def _attach_managed_policies(stack: Stack, executions: ExecutionRoles) -> None:
    for resource in stack.of(aws_types.ROLE_ATTACHMENT, aws_types.POLICY_ATTACHMENT):
        prop = resource.row.managed
        urns = resource.made_from(prop, MANAGED_POLICIES)
        on_roles = _roles_named if resource.row.roles else _on_roles
        for execution, certain in on_roles(resource, stack, executions):
            grant = policy_grant(execution, stack, resource.props.get(prop), urns, resource, prop)
            execution.grants.append(grant if certain and _there(resource, execution) else perhaps(grant))
    for resource in stack.of(aws_types.NATIVE_POLICY):
        for execution, certain in _roles_named(resource, stack, executions):
            grant = customer_grant(resource, execution)
            execution.grants.append(grant if certain and _there(resource, execution) else perhaps(grant))
    for resource in stack.of(aws_types.ATTACHMENTS_EXCLUSIVE):
        # It attaches what it lists. (RolePoliciesExclusive only takes inline policies away.)
        for execution, certain in _on_roles(resource, stack, executions):
            attached = {grant.urn for grant in execution.grants}
            listed = {grant.listed_as for grant in execution.grants}
            before = len(execution.grants)
            for path, value, urns in listed_texts(resource, resource.row.managed, execution, stack):
                policy = stack.policy_of(value, urns, resource)
                known = isinstance(value, str) and value in listed
                if not known and (policy is None or policy.urn not in attached):
                    _attach(execution, stack, value, urns, resource, path)
            if not certain:
                execution.grants[before:] = map(perhaps, execution.grants[before:])


def _on_roles(resource: Resource, stack: Stack, executions: ExecutionRoles) -> Iterator[tuple[ExecutionRole, bool]]:
    """The role that a resource names. One that is unknown and made from several roles may be any of them: not certain.

    Made from nothing that is known, it may be any role's, also of one that is not in the stack."""
    prop = resource.row.role
    value = resource.props.get(prop)
    roles = stack.roles_of(value, resource.depends_on.get(prop, ()), resource)
    certain = stack.sure_of(roles, prop, resource)
    if not roles and isinstance(value, Unknown):
        roles, certain = stack.possible_roles(resource.depends_on.get(prop, ()), resource), False
    if not isinstance(value, str) and (not roles or not resource.depends_on.get(prop)):
        stray = executions[resource.urn] = ExecutionRole(None, "")
        gap = unreadable(resource, prop, value)
        if isinstance(value, Unknown):
            stray.gaps.append(gap)
            yield stray, True
        else:
            stray.refused.append(gap)
    elsewhere = [] if roles else _outside(value, executions)
    yield from ((execution, len(elsewhere) == 1) for execution in elsewhere)
    for role in roles:
        execution = executions[role.urn]
        if not certain:
            execution.gaps.append(_several_roles(resource, prop, value, roles))
        yield execution, certain


def _several_roles(resource: Resource, prop: str, value: object, roles: Sequence[Resource]) -> Gap:
    if not isinstance(value, str):
        return unreadable(resource, prop, value)
    named = " and ".join(f"`{role.name}`" for role in roles)
    elsewhere = "" if len(roles) > 1 else ", whose provider may be of another account"
    return Gap(resource.urn, prop, Decided.MENDING, f"is `{value}`, and that is the name of {named}{elsewhere}")


def _roles_named(resource: Resource, stack: Stack, executions: ExecutionRoles) -> Iterator[tuple[ExecutionRole, bool]]:
    """The roles in a resource's list of role names, each with whether it is certain to be in it."""
    named = _named(resource, stack, [urn for urn, e in executions.items() if e.role is not None])
    for name in named.elsewhere:
        outside = _outside(name, executions)
        yield from ((execution, len(outside) == 1) for execution in outside)
    if named.any_role is not None:
        stray = executions[resource.urn] = ExecutionRole(None, "")
        stray.gaps.append(named.any_role)
        yield stray, True
    yield from ((executions[urn], True) for urn in named.certain)
    for urn, gap in named.possible:
        executions[urn].gaps.append(gap)
        yield executions[urn], False


class _Named(NamedTuple):
    """The roles in a list of names, by URN: those that are certainly in it, and those that may be, each with why it may.

    `elsewhere` are the names of roles that the stack does not have. `any_role` is there where an unknown name may be that of
    any role.
    """

    certain: list[str]
    possible: list[tuple[str, Gap]]
    elsewhere: list[str]
    any_role: Gap | None


def _named(resource: Resource, stack: Stack, roles: Collection[str]) -> _Named:
    """The roles that a resource's list of names has or may have; `roles` are the URNs of the stack's."""
    prop = resource.row.roles
    value, urns = resource.props.get(prop), resource.depends_on.get(prop, ())
    # Not all are roles: a policy whose role is not known stands there for it.
    found = [role.urn for role in map(stack.by_urn, urns) if role is not None]
    made_from = [urn for urn in dict.fromkeys(found) if urn in roles]
    items = value if isinstance(value, list) else [value]
    known: list[str] = []
    elsewhere: list[str] = []
    same_name: list[tuple[str, Gap]] = []
    for name in items if isinstance(value, list) else ():
        if not isinstance(name, str):
            continue
        meant = stack.roles_of(name, urns, resource)
        if not meant:
            elsewhere.append(name)
        elif stack.sure_of_name(meant, prop, resource):
            known.append(meant[0].urn)
        else:
            same_name += [(role.urn, _several_roles(resource, prop, name, meant)) for role in meant]
    # More unknown names than roles that they were made from, besides those that are known: some may be those of roles that
    # are named by the same thing.
    more = sum(isinstance(item, Unknown) for item in items) > sum(urn not in known for urn in made_from)
    alike = [role.urn for role in stack.possible_roles(urns, resource) if role.urn not in made_from] if more else []
    outside = resource.outside(prop, ROLES)
    certain, possible = _listed_roles(value, known, made_from or alike, outside=outside or not made_from)
    possible += [urn for urn in alike if urn not in (*certain, *possible)]
    unknown = next((item for item in items if isinstance(item, Unknown)), None)
    gap = unreadable(resource, prop, value if unknown is None else unknown)
    any_role = gap if unknown is not None and not made_from and not (alike and urns) else None
    return _Named(certain, [*same_name, *((urn, gap) for urn in possible)], elsewhere, any_role)


def _listed_roles(
    value: object, known: Sequence[str], made_from: Sequence[str], *, outside: bool
) -> tuple[list[str], list[str]]:
    """The URNs of the roles that a list has for certain, and of those that it may have.

    `value` is the list as far as known, `known` are the roles of the names in it, `made_from` those it was made from;
    `outside` says whether it was also made from what is not in the stack.
    """
    if not isinstance(value, list):
        return [], list(made_from)
    left = [urn for urn in made_from if urn not in known]
    unknown_names = sum(isinstance(item, Unknown) for item in value)
    if not unknown_names:
        return list(dict.fromkeys(known)), []
    # More roles than unknown names, or others besides: any of them may be on the list.
    sure = unknown_names >= len(left) and not outside
    return ([*dict.fromkeys((*known, *left))], []) if sure else (list(known), left)
