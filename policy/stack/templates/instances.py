"""The instances of a stack set: the stacks that it makes, and the parameters that each of them is given.

Sources: CloudFormation User Guide, "Override parameter values in CloudFormation stacks"; the schemas of
`aws-native:cloudformation:StackSet` (`stackInstancesGroup`) and of the classic `StackInstances` and `StackSetInstance`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from policy.iam.truth import UNKNOWN, Unknown
from policy.shared import aws_types
from policy.stack.execution_role import Decided, Gap, unreadable
from policy.stack.resources import Resource
from policy.stack.templates.surroundings import by_name

# Of a set with more different parameters than these, the others are judged as if nothing were known of theirs.
_MOST: Final = 20
_GROUPS: Final = "stackInstancesGroup"
_OVERRIDES: Final = "parameterOverrides"


class Instances(NamedTuple):
    """Instances with the same parameters: `which` they are, empty for those that have the parameters of the set itself.

    `parameters` are UNKNOWN where it is not known which of them they have; `made_from` are the URNs that unknown ones
    were made from.
    """

    which: str
    parameters: Mapping[str, Any] | Unknown
    made_from: frozenset[str] = frozenset()


def by_stack_set(every: Iterable[Resource]) -> Mapping[str, list[Resource]]:
    """The resources that make instances, by the URN of their stack set; by its own one of a set that is not found."""
    resources = list(every)
    stack_sets = [resource for resource in resources if resource.type in aws_types.STACK_SETS]
    found: dict[str, list[Resource]] = {}
    for resource in resources:
        if resource.type in aws_types.STACK_SET_INSTANCES:
            found.setdefault((_set_of(resource, stack_sets) or resource).urn, []).append(resource)
    return found


def _set_of(instances: Resource, stack_sets: Iterable[Resource]) -> Resource | None:
    """The stack set of the program that a resource makes instances of; None where that is not known, or none of them."""
    name = instances.props.get("stackSetName")
    if isinstance(name, Unknown):
        urns = instances.made_from("stackSetName", aws_types.STACK_SETS)
        found = [each for each in stack_sets if each.urn in urns]
    else:
        found = [
            each
            for each in stack_sets
            if each.account == instances.account
            and name in (each.physical_name, *(each.props.get(prop) for prop in ("stackSetId", "arn")))
        ]
    return found[0] if len(found) == 1 else None


def foreign(instances: Resource) -> Gap:
    """What is said of instances whose stack set is not found."""
    name = instances.props.get("stackSetName")
    if isinstance(name, str):
        what = "names a stack set that is not in this stack, and whose template this policy pack does not see"
        return Gap(instances.urn, "stackSetName", Decided.MENDING, what)
    return unreadable(instances, "stackSetName", name)


def each_of(
    stack_set: Resource, parameters: Mapping[str, Any] | Unknown, declared: Iterable[Resource]
) -> tuple[Instances, ...]:
    """The instances that a program makes of a stack set, those with the same parameters once.

    `parameters` are those of the set, which instances have where they do not override them. `declared` are the program's
    own resources that make instances of it. A set of which no instance is seen is judged with its own parameters. So is
    one that is deployed to accounts which join later, because these do not get what others override (CloudFormation User
    Guide, "Manage automatic deployments").
    """
    found: list[Instances] = []
    for given in _given(stack_set, declared):
        merged = _merged(parameters, given.parameters)
        if any(merged == known.parameters for known in found):
            continue
        if len(found) == _MOST:
            return (*found, Instances("others", UNKNOWN))
        found.append(given._replace(which="" if merged == parameters else given.which, parameters=merged))
    return tuple(found)


def _merged(
    parameters: Mapping[str, Any] | Unknown, overrides: Mapping[str, Any] | Unknown
) -> Mapping[str, Any] | Unknown:
    if isinstance(parameters, Unknown):
        return parameters
    return overrides if isinstance(overrides, Unknown) else {**parameters, **overrides}


def _given(stack_set: Resource, declared: Iterable[Resource]) -> Iterator[Instances]:
    """What the instances override, in the order in which the program has them."""
    groups, own = stack_set.props.get(_GROUPS), tuple(declared)
    deployed = stack_set.props.get("autoDeployment")
    joining = deployed.get("enabled") is not False if isinstance(deployed, Mapping) else isinstance(deployed, Unknown)
    if joining or not (groups or own):
        yield Instances("", {})
    made_from = frozenset(stack_set.depends_on.get(_GROUPS, ()))
    if isinstance(groups, Unknown):
        yield Instances(_GROUPS, UNKNOWN, made_from)
    for number, group in enumerate(groups if isinstance(groups, list) else ()):
        given = group.get(_OVERRIDES) if isinstance(group, Mapping) else UNKNOWN
        yield Instances(f"{_GROUPS}[{number}]", by_name(given, "parameterKey", "parameterValue"), made_from)
    for each in own:
        given = by_name(each.props.get(_OVERRIDES), "parameterKey", "parameterValue")
        yield Instances(each.name, given, frozenset(each.depends_on.get(_OVERRIDES, ())))
