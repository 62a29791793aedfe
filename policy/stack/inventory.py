"""The resources of one stack, found by type, name, ARN, or by what a property depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from policy.iam.managed import is_aws_managed
from policy.iam.truth import Unknown
from policy.shared import stand_ins
from policy.shared.aws_types import FUNCTIONS, MANAGED_POLICIES, ROLES, TYPES
from policy.shared.partitions import partition_of
from policy.stack.accounts import of_arn
from policy.stack.resources import Resource

_ATTACHING: Final = tuple(kind for kind, row in TYPES.items() if row.managed)


class Stack:
    """The resources of one stack by type, name and ARN."""

    def __init__(self, all_resources: Iterable[Resource]) -> None:
        self._by_urn: dict[str, Resource] = {}
        self._by_type: dict[str, list[Resource]] = {}
        for resource in all_resources:
            self._by_urn[resource.urn] = resource
            self._by_type.setdefault(resource.type, []).append(resource)
        self._twins: dict[str, list[Resource]] = {}
        self.roles = list(self._without_twins(self.of(*ROLES)))
        self.functions = self.of(*FUNCTIONS)
        self._role_names = _index(
            self.roles, lambda role: (role.physical_name, role.arn, role.props.get("id"), _folded(role.physical_name))
        )
        self._function_names = _index(self.functions, lambda function: (function.physical_name, function.arn))
        self._policy_arns = _index(self.of(*MANAGED_POLICIES), lambda policy: (policy.arn, policy.props.get("id")))

    def _without_twins(self, roles: Iterable[Resource]) -> Iterator[Resource]:
        """The roles; one of those that are read twice, or managed and read. What is put on one of these is on both."""
        found = list(roles)
        known: dict[object, list[Resource]] = {}
        for role in found:
            for name in filter(_known, (role.arn, role.physical_name)) if role.managed else ():
                known.setdefault(name, []).append(role)
        for role in found:
            identity = next(filter(_known, (role.arn, role.physical_name, role.props.get("id"))), None)
            if role.managed or identity is None:
                yield role
                continue
            alike = known.setdefault(identity, [])
            twin = next((other for other in alike if together(other, role)), role)
            self._by_urn[role.urn] = twin
            if twin is role:
                alike.append(role)
                yield role
            else:
                self._twins.setdefault(twin.urn, []).append(role)

    def twins(self, role: Resource) -> Sequence[Resource]:
        """Further reads of the same role: each has a state of its own."""
        return self._twins.get(role.urn, ())

    @cached_property
    def partition(self) -> str | None:
        """The partition that the stack is in: that of its providers' regions, of the AWS managed policies which it attaches,
        or of ARNs that AWS gave.

        None where nothing tells, or not all say the same. What a document says is no evidence: it may be wrong.
        """
        regions = (r.provider.get("region") for r in (*self.roles, *self.functions))
        named = {partition_of(region) for region in regions if isinstance(region, str) and region}
        attaching = self.of(*_ATTACHING)
        attached = (r.props.get(prop) for r in attaching for prop in (r.row.managed, r.row.boundary))
        given = (r.arn for r in (*self.roles, *self.functions))
        texts = (t for value in (*attached, *given) for t in (value if isinstance(value, list) else [value]))
        arns = (t.split(":") for t in texts if isinstance(t, str) and t.startswith("arn:"))
        found = named or {fields[1] for fields in arns if len(fields) > 5} - {stand_ins.PARTITION}
        return found.pop() if len(found) == 1 else None

    def of(self, *types: str) -> list[Resource]:
        """The resources of these types."""
        return [resource for kind in types for resource in self._by_type.get(kind, ())]

    def role_of(self, value: object, urns: Sequence[str], at: Resource | None = None) -> Resource | None:
        """The role that a property names, by ARN or name, or, where that is not known, the only one it depends on."""
        found = self.roles_of(value, urns, at)
        return found[0] if len(found) == 1 else None

    def roles_of(self, value: object, urns: Sequence[str], at: Resource | None = None) -> list[Resource]:
        """The roles that a property may stand for: several where it is unknown and was made from several."""
        texts: tuple[object, ...] = (value, _folded(value))
        if isinstance(value, str) and ":role/" in value:
            texts = (value, value.rpartition("/")[2])
        found = self._follow(texts, urns, self._role_names, ROLES, at)
        # A role of that name whose ARN is known to be another one lives in another account.
        if not isinstance(value, str) or not value.startswith("arn:"):
            return found
        there = of_arn(value)
        if at is not None and _stands_in(value):
            # Made up for the account of what names it, whose number a role that is deployed there tells.
            return [r for r in found if r.arn == value or (together(r, at) and not _stands_in(r.arn))]
        return [r for r in found if r.arn == value or not (_known(r.arn) or r.known_account.apart_from(there))]

    def sure_of(self, roles: Sequence[Resource], prop: str, at: Resource) -> bool:
        """Whether a property that may stand for these roles certainly stands for one: a name is one of its own account, and
        what was made from something outside the stack as well may be anything."""
        if _known(at.props.get(prop)):
            return self.sure_of_name(roles, prop, at)
        return len(roles) == 1 and not at.outside(prop, ROLES)

    def sure_of_name(self, roles: Sequence[Resource], prop: str, at: Resource) -> bool:
        """Whether a name that may be that of these roles is certainly that of one."""
        meant = (self._by_urn.get(urn) for urn in at.depends_on.get(prop, ()))
        return len(roles) == 1 and (together(roles[0], at) or any(role is roles[0] for role in meant))

    def named_alike(self, urns: Sequence[str]) -> list[Resource]:
        """The roles whose names are not known yet and were made from one of these: what else was made from it may be one
        of these names."""
        return [
            role
            for role in self.roles
            if isinstance(role.physical_name, Unknown)
            and not set(urns).isdisjoint(role.depends_on.get(role.row.name, ()))
        ]

    def possible_roles(self, urns: Sequence[str], at: Resource) -> list[Resource]:
        """The roles whose an unknown name or ARN may be that was made from no role itself: the roles of what it was made
        from, which hands them on, and those that are named alike. Made from nothing that is known, it may be any role's.
        None is in another account than `at`, the resource that has the property.
        """
        found = (*self._handed_on(urns, frozenset()), *self.named_alike(urns)) if urns else self.roles
        return list({role.urn: role for role in found if not apart(role, at)}.values())

    def _handed_on(self, urns: Sequence[str], seen: frozenset[str]) -> Iterator[Resource]:
        """The roles that these resources have in a property, and so in an output of the same name."""
        for made in (self._by_urn[urn] for urn in urns if urn in self._by_urn and urn not in seen):
            for prop in filter(None, (made.row.role.partition(".")[0], made.row.roles)):
                value, made_from = made.props.get(prop), made.depends_on.get(prop, ())
                names = value if isinstance(value, list) else [value]
                found = [role for name in names for role in self.roles_of(name, made_from, made)]
                yield from found or self._handed_on(made_from, seen.union(urns))

    def policy_of(self, value: object, urns: Sequence[str], at: Resource) -> Resource | None:
        """The customer managed policy that a property of `at` names by its ARN, or depends on."""
        found = self.policies_of(value, urns, at)
        return found[0] if len(found) == 1 else None

    def policies_of(self, value: object, urns: Sequence[str], at: Resource | None = None) -> list[Resource]:
        """The customer managed policies that a property may stand for: several where it is unknown.

        Given `at`, the resource that has the property, only those that a role of its account can have attached.
        """
        found = self._follow((value,), urns, self._policy_arns, MANAGED_POLICIES)
        return found or [p for p in self._new_policies(value) if at is None or together(p, at)]

    def _new_policies(self, value: object) -> list[Resource]:
        """The policies of that name whose ARN is not known yet: an ARN that is spelled out may mean one of them."""
        if not isinstance(value, str) or is_aws_managed(value):
            return []
        path, _, name = value.partition(":policy")[2].rpartition("/")
        return [
            policy
            for policy in self.of(*MANAGED_POLICIES)
            if name
            and not _known(policy.arn)
            and policy.physical_name == name
            and policy.props.get("path", "/") in (f"{path}/", None)
            and not policy.known_account.apart_from(of_arn(value))
        ]

    def functions_named(self, text: str) -> list[Resource]:
        """The functions of that name or ARN, wherever they are."""
        return self._function_names.get(text, [])

    def by_urn(self, urn: str) -> Resource | None:
        """The resource of that URN, if it is of a type that matters here."""
        return self._by_urn.get(urn)

    def _depended(self, urns: Sequence[str], types: Sequence[str]) -> list[Resource]:
        found = (self._by_urn[urn] for urn in dict.fromkeys(urns) if urn in self._by_urn)
        return [resource for resource in found if resource.type in types]

    def _follow(
        self,
        texts: Sequence[object],
        urns: Sequence[str],
        index: Mapping[object, list[Resource]],
        types: Sequence[str],
        at: Resource | None = None,
    ) -> list[Resource]:
        every = [index[text] for text in texts if _known(text) and text in index]
        named = every[0] if every else []
        by_arn = isinstance(texts[0], str) and texts[0].startswith("arn:")
        if at is not None and not by_arn:
            # A name is looked up in the account of the resource that gives it: one that is written in another way there
            # is meant before one that is written alike and may be elsewhere.
            every = [[resource for resource in found if not apart(resource, at)] for found in every]
            near = [found for found in every if any(together(resource, at) for resource in found)]
            named = near[0] if near else list({r.urn: r for found in every for r in found}.values())
        if at is not None and len(named) > 1:
            named = [resource for resource in named if together(resource, at)] or named
        if len(named) == 1:
            return named
        depended = self._depended(urns, types)
        if named:
            # Two of one name live in different accounts: the one that the property depends on is meant.
            return [resource for resource in depended if resource in named] or named
        return [] if any(map(_known, texts)) else depended


def apart(resource: Resource, other: Resource) -> bool:
    """Whether two resources, as far as their providers tell, are known to be in different accounts."""
    return resource.known_account.apart_from(other.known_account)


def together(resource: Resource, other: Resource) -> bool:
    """Whether two resources count as being in one account: the same stands for it, and nothing speaks against it."""
    return resource.account == other.account and not apart(resource, other)


def _known(text: object) -> bool:
    return isinstance(text, str)


def _folded(name: object) -> object:
    """A name without its case: IAM does not tell names apart by it (IAM User Guide, "IAM and AWS STS quotas")."""
    return name.lower() if isinstance(name, str) else name


def _stands_in(arn: object) -> bool:
    return isinstance(arn, str) and stand_ins.ACCOUNTS.search(arn) is not None


def _index(of: Iterable[Resource], called: Callable[[Resource], Iterable[object]]) -> dict[object, list[Resource]]:
    found: dict[object, list[Resource]] = {}
    for resource in of:
        for text in set(filter(_known, called(resource))):
            found.setdefault(text, []).append(resource)
    return found
