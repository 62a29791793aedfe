"""A stack with what is on record of the roles that it uses and does not hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from policy.iam.truth import Unknown
from policy.outside.records import Directory
from policy.shared.aws_types import MANAGED_POLICIES, ROLE_POLICIES, ROLES
from policy.stack.execution_role import Decided, ExecutionRole, Gap
from policy.stack.inventory import Stack
from policy.stack.resources import Resource
from policy.stack.users import users, value_at


def with_records(stack: Sequence[Resource], directory: Directory) -> tuple[Resource, ...]:
    """The resources of a stack, and those on record of the roles that it uses, reads, or adds to.

    What the stack declares wins: of a role that it manages, a record tells only what else may be on it.
    """
    own = {resource.arn: resource for resource in stack if resource.type in ROLES}
    written = set(_written(stack))
    found: dict[str, Resource] = {}
    changed: dict[str, Resource] = {}
    # A function is in the account of its role, so what is on record is where the function's provider works.
    accounts = {**{arn: role.account for arn, role in own.items() if isinstance(arn, str)}, **dict(_named(stack))}
    for arn, everything in directory.find(list(accounts)).items():
        recorded, *others = (replace(resource, account=accounts[arn]) for resource in everything)
        role = own.get(arn)
        first = _without(recorded, written)
        if role is None:
            others = [first, *others]
        elif not role.managed:
            # A role that the stack only reads declares nothing: the record is all there is.
            changed[role.urn] = replace(first, urn=role.urn)
        elif recorded.recorded is not None and recorded.recorded.complete:
            changed[role.urn] = _echoing(role, first)
        else:
            # Its own stack, as it was.
            continue
        found.update((other.urn, other) for other in others)
    declared = {resource.arn for resource in stack if resource.type in MANAGED_POLICIES}
    added = (r for r in found.values() if r.arn not in declared and not written.intersection(_written([r])))
    return (*(changed.get(resource.urn, resource) for resource in stack), *added)


def _written(resources: Iterable[Resource]) -> Iterator[tuple[str, object]]:
    """The inline policies that resources write, by the name of the role and their own."""
    for resource in resources:
        role = resource.props.get(resource.row.role)
        if resource.type in ROLE_POLICIES and isinstance(role, str):
            yield role.rpartition("/")[2], resource.physical_name


def _without(role: Resource, written: Collection[tuple[str, object]]) -> Resource:
    """A role on record without the inline policies that a resource of this stack writes: its words are newer."""
    inline, listed = role.row.inline, role.props.get(role.row.inline.prop)
    if not isinstance(listed, list) or not isinstance(role.physical_name, str):
        return role
    left = [i for i in listed if not (isinstance(i, Mapping) and (role.physical_name, i.get(inline.name)) in written)]
    changed = {inline.prop: left}
    inputs = None if role.inputs is None else {**role.inputs, **changed}
    return replace(role, props={**role.props, **changed}, inputs=inputs)


def _named(given: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    """The ARNs of the roles that something in the stack runs on, each with what stands for the account of that."""
    for user, prop in users(Stack(given), event_sources=True):
        value = value_at(user.resource, prop)
        if isinstance(value, str) and ":role/" in value:
            yield value, user.resource.account


def _echoing(role: Resource, recorded: Resource) -> Resource:
    """A role of the stack with what is on record as an echo, as its state is: what no resource explains may be on it."""
    row, its = role.row, recorded.row
    inline, listed = row.inline, recorded.props[its.inline.prop]
    seen = {inline.prop: [{inline.name: i[its.inline.name], inline.document: i[its.inline.document]} for i in listed]}
    seen[row.managed] = list(recorded.props[its.managed])
    echoes = {prop: _longer(role.props.get(prop), values, inline.name) for prop, values in seen.items()}
    return replace(role, props={**role.props, **echoes})


def _longer(state: object, recorded: Sequence[Any], name: str) -> object:
    """What the state lists, with what only the record has."""
    if not isinstance(state, list):
        return list(recorded) if state is None or isinstance(state, Unknown) else state
    known = {item.get(name) if isinstance(item, Mapping) else item for item in state}
    return [*state, *(i for i in recorded if (i.get(name) if isinstance(i, Mapping) else i) not in known)]


def tell_of_records(execution: ExecutionRole, directory: Directory, oldest: datetime) -> None:
    """Note on a role why it is not on record, or that what is on record of it is older than `oldest`, or of no date."""
    if execution.role is None:
        execution.not_on_record = tuple(directory.why_not(execution.label)) if ":role/" in execution.label else ()
        return
    recorded = execution.role.recorded
    if recorded is None or (recorded.as_of is not None and recorded.as_of >= oldest):
        return
    age = "that has no date" if recorded.as_of is None else f"as of {recorded.as_of:%Y-%m-%d}, which is too long ago"
    detail = f"{recorded.source} {age}: it shows holes, and not that there is none"
    execution.doubt = Gap(execution.role.urn, "", Decided.OLD_RECORD, detail)
