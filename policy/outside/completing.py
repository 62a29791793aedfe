"""A stack with what is on record of the roles that it uses and does not hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from policy.iam.truth import Unknown
from policy.outside.records import Directory
from policy.shared.aws_types import MANAGED_POLICIES, ROLE_POLICIES, ROLES
from policy.stack.execution_role import Decided, ExecutionRole, Gap
from policy.stack.inventory import Stack
from policy.stack.resources import Resource
from policy.stack.users import users


def with_records(stack: Sequence[Resource], directory: Directory) -> tuple[Resource, ...]:
    """The resources of a stack, and those on record of the roles that it uses, reads, or adds to.

    What the stack declares wins: of a role that it manages, a record tells only what else may be on it.
    """
    own = [resource for resource in stack if resource.type in ROLES]
    arns = {resource.arn: resource for resource in own}
    found: dict[str, Resource] = {}
    changed: dict[str, Resource] = {}
    asked = list(dict.fromkeys([*_named(stack), *(arn for arn in arns if isinstance(arn, str))]))
    for arn, recorded in directory.find(asked).items():
        role = arns.get(arn)
        if role is not None:
            changed[role.urn] = _completed(role, _undeclared(recorded[0], stack))
            recorded = recorded[1:]
        for resource in recorded:
            found.setdefault(resource.urn, resource)
    declared = set(_policy_arns(stack))
    added = (_undeclared(r, stack) for r in found.values() if r.arn not in declared)
    return (*(changed.get(resource.urn, resource) for resource in stack), *added)


def _undeclared(recorded: Resource, stack: Sequence[Resource]) -> Resource:
    """A role on record without the inline policies that a resource of this stack writes: its words are newer."""
    if recorded.type not in ROLES:
        return recorded
    meant, inline = (recorded.arn, recorded.physical_name), recorded.row.inline
    written = {
        resource.physical_name
        for resource in stack
        if resource.type in ROLE_POLICIES and resource.props.get(resource.row.role) in meant
    }
    left = [item for item in recorded.props[inline.prop] if item[inline.name] not in written]
    props = {**recorded.props, inline.prop: left}
    return replace(recorded, props=props, inputs=props)


def _named(given: Iterable[Resource]) -> Iterator[str]:
    """The ARNs of the roles that something in the stack runs on."""
    for user, prop in users(Stack(given), event_sources=True):
        value = user.resource.props.get(prop)
        if isinstance(value, str) and ":role/" in value:
            yield value


def _policy_arns(stack: Iterable[Resource]) -> Iterator[object]:
    for resource in stack:
        if resource.type in MANAGED_POLICIES:
            yield resource.arn


def _completed(role: Resource, recorded: Resource) -> Resource:
    """A role of the stack with its lists as they are on record.

    For a role that the stack manages these are an echo, as its state is: what no resource explains may be on it. One that
    it only reads declares nothing, so the record is all there is.
    """
    props = dict(role.props)
    row, its = role.row, recorded.row
    inline, listed = row.inline, recorded.props[its.inline.prop]
    seen = {inline.prop: [{inline.name: i[its.inline.name], inline.document: i[its.inline.document]} for i in listed]}
    seen[row.managed] = list(recorded.props[its.managed])
    if role.managed:
        for prop, values in seen.items():
            props[prop] = _longer(props.get(prop), values, inline.name)
        return replace(role, props=props)
    for prop, key in ((row.boundary, its.boundary), ("tags", "tags"), (row.trust, its.trust)):
        if props.get(prop) is None or isinstance(props[prop], Unknown):
            props[prop] = recorded.props.get(key)
    inputs: Mapping[str, Any] = {**props, **seen}
    return replace(role, props={**props, **seen}, inputs=inputs, recorded=recorded.recorded)


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
