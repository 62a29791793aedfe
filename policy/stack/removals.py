"""What takes policies off a role again: a guard that may be taken off is no guard.

Some resources own a list: what is not in it, they remove. Sources: the provider's pages on `RolePoliciesExclusive`,
`RolePolicyAttachmentsExclusive`, `Role` (inlinePolicies, managedPolicyArns) and `PolicyAttachment`; IAM API Reference,
PutRolePolicy (a role has one inline policy of a name).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from policy.iam.document import Effect
from policy.iam.truth import Unknown
from policy.shared import aws_types
from policy.stack.execution import Decided, Execution, Gap, Grant, GrantKind
from policy.stack.inventory import Stack
from policy.stack.resources import Resource

Executions = Mapping[str, Execution]
_INLINE = (GrantKind.INLINE, GrantKind.IN_ROLE)
_MANAGED = (GrantKind.MANAGED, GrantKind.AWS_MANAGED)


@dataclass(frozen=True, slots=True)
class _Owner:
    """A resource that owns all policies of some kinds on one role, by a list in one of its properties.

    `names` are those that the list has: names of inline policies, ARNs of managed ones. `made_from` are the URNs that
    unknown elements of it were made from.
    """

    resource: Resource
    prop: str
    kinds: Collection[GrantKind]
    names: frozenset[str]
    made_from: frozenset[str]

    def keeps(self, grant: Grant) -> bool:
        """Whether a policy stays on the role, or is none of those that it owns."""
        own = grant.gave is not None and grant.gave[0].urn == self.resource.urn
        return own or grant.kind not in self.kinds or grant.listed_as in self.names or grant.urn in self.made_from


def take_away(stack: Stack, executions: Executions, declared: Callable[[Resource, str], Any]) -> None:
    """Mark the grants that something in the stack takes off their roles. `declared` gives what a role's program lists."""
    for resource in stack.of(aws_types.POLICIES_EXCLUSIVE):
        _by_owner(stack, executions, resource, "policyNames", _INLINE)
    for resource in stack.of(aws_types.ATTACHMENTS_EXCLUSIVE):
        _by_owner(stack, executions, resource, resource.row.managed, _MANAGED)
    for role in stack.of(aws_types.ROLE):
        if role.urn not in executions:
            continue
        own, managed = role.row.inline, role.row.managed
        inline, attached = declared(role, own.prop), declared(role, managed)
        if isinstance(inline, list) and any(inline):
            names = [item.get(own.name) for item in inline if isinstance(item, Mapping)]
            _take_unlisted(executions[role.urn], _owner(role, own.prop, names, _INLINE))
        if isinstance(attached, list):
            _take_unlisted(executions[role.urn], _owner(role, managed, attached, _MANAGED))
    for resource in stack.of(aws_types.POLICY_ATTACHMENT):
        _by_attachment(stack, executions, resource)
    for execution in executions.values():
        _overwritten(execution)


def _owner(resource: Resource, prop: str, listed: list[Any], kinds: Collection[GrantKind]) -> _Owner:
    unknown = any(isinstance(item, Unknown) for item in listed)
    made_from = resource.depends_on.get(prop, ()) if unknown else ()
    names = frozenset(item for item in listed if isinstance(item, str))
    return _Owner(resource, prop, kinds, names, frozenset(made_from))


def _by_owner(
    stack: Stack, executions: Executions, resource: Resource, prop: str, kinds: Collection[GrantKind]
) -> None:
    names_role, listed = resource.row.role, resource.props.get(prop)
    role = stack.role_of(resource.props.get(names_role), resource.depends_on.get(names_role, ()), resource)
    if role is not None and isinstance(listed, list | Unknown):
        owner = _owner(resource, prop, listed if isinstance(listed, list) else [listed], kinds)
        executions[role.urn].owned.append(Gap(resource.urn, prop, Decided.MENDING))
        _take_unlisted(executions[role.urn], owner)


def _take_unlisted(execution: Execution, owner: _Owner) -> None:
    for i, grant in enumerate(execution.grants):
        if not owner.keeps(grant):
            _take(execution, i, owner.resource.urn, owner.prop, f"does not list `{grant.document.name}`")


def _by_attachment(stack: Stack, executions: Executions, attachment: Resource) -> None:
    """A PolicyAttachment owns where its policy is attached, in the whole account."""
    row = attachment.row
    value = attachment.props.get(row.managed)
    policy = stack.policy_of(value, attachment.depends_on.get(row.managed, ()))
    roles = attachment.props.get(row.roles)
    listed = {name for name in (roles if isinstance(roles, list) else ()) if isinstance(name, str)}
    made_from = attachment.depends_on.get(row.roles, ())
    for execution in executions.values():
        if execution.role is None or execution.role.urn in made_from or _named(execution.role, listed):
            continue
        for i, grant in enumerate(execution.grants):
            same = (
                grant.urn == policy.urn if policy is not None else isinstance(value, str) and grant.listed_as == value
            )
            if same and grant.kind in _MANAGED:
                _take(execution, i, attachment.urn, row.roles, f"does not list the role of `{grant.document.name}`")


def _named(role: Resource, names: Collection[str]) -> bool:
    return any(isinstance(text, str) and text in names for text in (role.physical_name, role.props.get("id")))


def _overwritten(execution: Execution) -> None:
    """Of two inline policies of one name there will be one."""
    places: dict[str, list[int]] = {}
    for i, grant in enumerate(execution.grants):
        if grant.kind is GrantKind.INLINE and grant.listed_as and not grant.taken_off:
            places.setdefault(grant.listed_as, []).append(i)
    for name, same in places.items():
        for i in same if len({execution.grants[i].urn for i in same}) > 1 else ():
            urn = execution.grants[i].urn
            _take(execution, i, urn, "name", f"is `{name}`, as that of another inline policy of the role")


def _take(execution: Execution, index: int, urn: str, prop: str, why: str) -> None:
    grant = execution.grants[index]
    guarded = any(s.effect is not Effect.ALLOW for s in grant.document.statements)
    gap = Gap(urn, prop, Decided.MENDING, f"{why}, so that it may be taken off the role")
    execution.gaps.append(gap)
    execution.grants[index] = replace(
        grant, document=grant.document.perhaps_allowing(), taken_off=gap if guarded else grant.taken_off
    )


def guards_taken_off(execution: Execution) -> Iterator[Gap]:
    """What was meant to deny something on the role and may be taken off it."""
    for grant in execution.grants:
        if grant.taken_off is not None:
            yield grant.taken_off
