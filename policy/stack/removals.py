"""What takes policies off a role again: a guard that may be taken off is no guard.

Some resources own a list: what is not in it, they remove. Sources: the provider's pages on `RolePoliciesExclusive`,
`RolePolicyAttachmentsExclusive`, `Role` (inlinePolicies, managedPolicyArns) and `PolicyAttachment`; IAM API Reference,
PutRolePolicy (a role has one inline policy of a name).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from policy.iam.document import Effect
from policy.iam.truth import Unknown
from policy.shared import aws_types
from policy.shared.aws_types import MANAGED_POLICIES, ROLE_POLICIES, ROLES
from policy.stack.accounts import of_arn
from policy.stack.execution_role import INLINE_KINDS, Decided, ExecutionRole, Gap, Grant, GrantKind
from policy.stack.grants import declared_by
from policy.stack.inventory import Stack, apart, together
from policy.stack.resources import Resource, type_of

ExecutionRoles = Mapping[str, ExecutionRole]
_MANAGED = (GrantKind.MANAGED, GrantKind.AWS_MANAGED)


@dataclass(frozen=True, slots=True)
class _Owner:
    """A resource that owns all policies of some kinds on one role, by a list in one of its properties.

    `names` are those that the list has: names of inline policies, ARNs of managed ones. `made_from` are the URNs of the
    policies that unknown elements of it must be; `unknown` says whether it has any unknown element.
    """

    resource: Resource
    prop: str
    kinds: Collection[GrantKind]
    names: frozenset[str]
    made_from: frozenset[str]
    unknown: bool

    def keeps(self, grant: Grant) -> bool:
        """Whether a policy stays on the role, or is none of those that it owns."""
        own = grant.gave is not None and grant.gave[0].urn == self.resource.urn
        return own or grant.kind not in self.kinds or grant.listed_as in self.names or grant.urn in self.made_from


def take_away(stack: Stack, executions: ExecutionRoles) -> None:
    """Mark the grants that something in the stack takes off their roles."""
    for resource in stack.of(aws_types.POLICIES_EXCLUSIVE):
        _by_owner(stack, executions, resource, "policyNames", INLINE_KINDS)
    for resource in stack.of(aws_types.ATTACHMENTS_EXCLUSIVE):
        _by_owner(stack, executions, resource, resource.row.managed, _MANAGED)
    for role in stack.of(aws_types.ROLE):
        if role.urn not in executions or not role.managed:
            continue
        own, managed = role.row.inline, role.row.managed
        inline, attached = declared_by(role, own.prop), declared_by(role, managed)
        if inline:  # `[{}]` owns them too, and has none
            names = [item.get(own.name) if isinstance(item, Mapping) else item for item in _listed(inline)]
            _own(executions[role.urn], _owner(stack, role, own.prop, names, INLINE_KINDS))
        if attached is not None:
            _own(executions[role.urn], _owner(stack, role, managed, _listed(attached), _MANAGED))
    for resource in stack.of(aws_types.POLICY_ATTACHMENT):
        _by_attachment(stack, executions, resource)
    for execution in executions.values():
        _overwritten(stack, execution)


def _listed(value: object) -> list[Any]:
    """The elements of a list; of one that is not known, one that is not."""
    return value if isinstance(value, list) else [value] if isinstance(value, Unknown) else []


def _owner(stack: Stack, resource: Resource, prop: str, listed: list[Any], kinds: Collection[GrantKind]) -> _Owner:
    unknown = sum(isinstance(item, Unknown) for item in listed)
    types = MANAGED_POLICIES if kinds is _MANAGED else ROLE_POLICIES
    made_from = [urn for urn in resource.made_from(prop, types) if type_of(urn) in types]
    # A policy that is new may be listed by an ARN that is spelled out.
    spelled = {policy.urn for item in listed if isinstance(item, str) for policy in stack.policies_of(item, ())}
    names = frozenset(item for item in listed if isinstance(item, str))
    # What is known of the list was made from the policies that it names. Made from more besides than it has unknown
    # elements, any of them may be left out.
    made = [found for found in map(stack.by_urn, made_from) if found is not None]
    spelled |= {policy.urn for policy in made if policy.row.document and policy.physical_name in names}
    left = [urn for urn in made_from if urn not in spelled]
    kept = left if unknown >= len(left) else ()
    return _Owner(resource, prop, kinds, names, frozenset((*kept, *spelled)), unknown > 0)


def _by_owner(
    stack: Stack, executions: ExecutionRoles, resource: Resource, prop: str, kinds: Collection[GrantKind]
) -> None:
    names_role, listed = resource.row.role, resource.props.get(prop)
    value, urns = resource.props.get(names_role), resource.depends_on.get(names_role, ())
    roles = stack.roles_of(value, urns, resource)
    certain = stack.sure_of(roles, names_role, resource)
    if isinstance(value, Unknown) and not roles:
        roles, certain = stack.possible_roles(urns, resource), False
    for role in roles if isinstance(listed, list | Unknown) else ():
        execution = executions[role.urn]
        owner = _owner(stack, resource, prop, _listed(listed), kinds)
        if certain:
            _own(execution, owner)
        else:
            _take_unlisted(execution, owner, f"may be that of `{role.name}`, and `{prop}` ")


def _own(execution: ExecutionRole, owner: _Owner) -> None:
    """Mark what an owner that is certainly one of this role's policies does not keep, and that it is one."""
    execution.owned.append(Gap(owner.resource.urn, owner.prop, Decided.MENDING))
    _take_unlisted(execution, owner)


def _take_unlisted(execution: ExecutionRole, owner: _Owner, unsure: str = "") -> None:
    """Mark what an owner does not keep; `unsure` says what is not certain of the role that it names."""
    lists = "may not list" if owner.unknown else "does not list"
    for i, grant in enumerate(execution.grants):
        if not owner.keeps(grant):
            prop = owner.resource.row.role if unsure else owner.prop
            why = f"{unsure}{lists} `{grant.document.name}`"
            _take(execution, i, owner.resource.urn, prop, why, certain=not unsure and not owner.unknown)


def _by_attachment(stack: Stack, executions: ExecutionRoles, attachment: Resource) -> None:
    """A PolicyAttachment owns where its policy is attached, in the whole account."""
    row = attachment.row
    value, roles = attachment.props.get(row.managed), attachment.props.get(row.roles)
    made_of = attachment.depends_on.get(row.managed, ())
    found = stack.policies_of(value, made_of)
    found = [policy for policy in found if policy.arn == value or not apart(policy, attachment)]
    policies = {policy.urn for policy in found}
    any_policy = isinstance(value, Unknown) and (not made_of or attachment.outside(row.managed, MANAGED_POLICIES))
    names = roles if isinstance(roles, list) else [roles]
    listed = {name.lower() for name in names if isinstance(name, str)}
    named_by = {urn: executions[urn].role for urn in attachment.depends_on.get(row.roles, ()) if urn in executions}
    made_from = [urn for urn, role in named_by.items() if role is not None and not _named(role, listed)]
    unknown = sum(isinstance(name, Unknown) for name in names)
    if attachment.outside(row.roles, ROLES) or unknown < len(made_from):
        made_from = []  # any of them may be left out; those whose names are known are in `listed`
    one = len(policies) < 2 and not any_policy and all(_meant(policy, value, attachment) for policy in found)
    certain = not unknown and one
    for execution in executions.values():
        role = execution.role
        if role is None or apart(role, attachment) or role.urn in made_from or _named(role, listed):
            continue
        for i, grant in enumerate(execution.grants):
            same = any_policy or grant.urn in policies or (isinstance(value, str) and grant.listed_as == value)
            if same and grant.kind in _MANAGED:
                _detach(execution, i, attachment, unsure_policy=not one, certain=certain)


def _detach(execution: ExecutionRole, index: int, attachment: Resource, *, unsure_policy: bool, certain: bool) -> None:
    row, name = attachment.row, execution.grants[index].document.name
    prop, why = row.roles, f"{'does not' if certain else 'may not'} list the role of `{name}`"
    if unsure_policy:
        prop, why = row.managed, f"may be that of `{name}`, and `{row.roles}` may not list the role of it"
    _take(execution, index, attachment.urn, prop, why, certain=certain)


def _meant(policy: Resource, value: object, attachment: Resource) -> bool:
    """Whether a policy of the name in an ARN is certainly the one that an attachment means: it is in that account."""
    if not isinstance(value, str) or policy.arn == value or together(policy, attachment):
        return True
    numbers = policy.known_account.numbers
    return numbers is not None and len(numbers) == 1 and numbers == of_arn(value).numbers


def _named(role: Resource, names: Collection[str]) -> bool:
    """Whether one of these names, in lower case, is the role's: IAM does not tell names apart by their case."""
    return any(isinstance(text, str) and text.lower() in names for text in (role.physical_name, role.props.get("id")))


def _overwritten(stack: Stack, execution: ExecutionRole) -> None:
    """Of two inline policies of one name there will be one."""
    places: dict[str | frozenset[str], list[int]] = {}
    for i, grant in enumerate(execution.grants):
        known_by = (grant.listed_as or _made_from(stack, grant)) if grant.kind in INLINE_KINDS else None
        if known_by is not None and not grant.taken_off:
            places.setdefault(known_by, []).append(i)
    for name, same in places.items():
        grants = [execution.grants[i] for i in same]
        texts = {grant.document.text for grant in grants}
        if len({(grant.urn, grant.path) for grant in grants}) == 1 or (len(texts) == 1 and "" not in texts):
            continue  # it is one, or whichever is left says the same
        for i, grant in zip(same, grants, strict=True):
            prop = "name" if grant.kind is GrantKind.INLINE else grant.path
            if not isinstance(name, str):
                why = "is not known, and may be that of another inline policy of the role"
            else:
                has = "is" if grant.kind is GrantKind.INLINE else "has the name"
                why = f"{has} `{name}`, as that of another inline policy of the role"
            _take(execution, i, grant.urn, prop, why, certain=isinstance(name, str))


def _made_from(stack: Stack, grant: Grant) -> frozenset[str] | None:
    """What the name of an inline policy that is a resource was made from, where it is not known: of two that were made from
    the same either may be the other. What was made from nothing is a name that the provider chooses."""
    resource = stack.by_urn(grant.urn)
    if resource is None or grant.kind is not GrantKind.INLINE:
        return None
    prop = resource.row.name
    urns = resource.depends_on.get(prop, ())
    return frozenset(urns) if urns and isinstance(resource.props.get(prop), Unknown) else None


def _take(execution: ExecutionRole, index: int, urn: str, prop: str, why: str, *, certain: bool = True) -> None:
    """Weaken a grant. Where it is not certain that anything takes it off, what it denies is not certain to be denied."""
    grant = execution.grants[index]
    guarded = any(s.effect is not Effect.ALLOW for s in grant.document.statements)
    gap = Gap(urn, prop, Decided.MENDING, f"{why}, so that it may be taken off the role")
    execution.gaps.append(gap)
    document = grant.document.perhaps_allowing() if certain else grant.document.perhaps()
    taken_off = gap if guarded and certain else grant.taken_off
    execution.grants[index] = replace(grant, document=document, taken_off=taken_off)


def guards_taken_off(execution: ExecutionRole) -> Iterator[Gap]:
    """What was meant to deny something on the role and may be taken off it."""
    for grant in execution.grants:
        if grant.taken_off is not None:
            yield grant.taken_off
