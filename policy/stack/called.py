"""Which function an event source mapping, an alias or a version names.

`functionName` is a function's name, its ARN, a part of that, or any of these with a version or alias; what it names is in
the region and account of what names it (Lambda API Reference, CreateEventSourceMapping, CreateAlias).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from policy.iam.truth import Unknown
from policy.shared import stand_ins
from policy.shared.aws_types import FUNCTIONS, QUALIFIERS
from policy.stack.accounts import of_arn
from policy.stack.inventory import Stack, together
from policy.stack.resources import Resource

FUNCTION_NAME: Final = "functionName"


class Called(NamedTuple):
    """The functions that a property may stand for; `certain` says that there is one, and that it is that one."""

    functions: list[Resource]
    certain: bool


def functions_of(stack: Stack, at: Resource) -> Called:
    """The functions that `functionName` of an event source mapping, an alias or a version may stand for."""
    value, urns = at.props.get(FUNCTION_NAME), at.depends_on.get(FUNCTION_NAME, ())
    if isinstance(value, Unknown) and not urns:
        # Made from nothing that is known, it may be any of them that is there.
        return Called([function for function in stack.functions if not _elsewhere(function, "", at)], certain=False)
    depended = _depended(stack, urns, FUNCTIONS)
    if isinstance(value, str):
        return _named(stack, value, depended, at)
    found, certain = {function.urn: function for function in depended}, True
    for alias in _depended(stack, urns, QUALIFIERS):
        name = alias.props.get(FUNCTION_NAME)
        meant = _depended(stack, alias.depends_on.get(FUNCTION_NAME, ()), FUNCTIONS)
        called = _named(stack, name, meant, alias) if isinstance(name, str) else Called(meant, certain=True)
        found |= {function.urn: function for function in called.functions}
        certain = certain and called.certain
    return Called(list(found.values()), certain and len(found) == 1 and not at.outside(FUNCTION_NAME, FUNCTIONS))


def _named(stack: Stack, value: str, depended: Sequence[Resource], at: Resource) -> Called:
    """The functions of a name that `at` gives; `depended` are those that it was made from."""
    name = value.rpartition(":function:")[2].partition(":")[0]
    named = stack.functions_named(value) or stack.functions_named(name)
    meant = [function for function in named if function in depended]
    if not meant:
        named = [function for function in named if not _elsewhere(function, value, at)]
        meant = [function for function in named if _together(function, value, at)]
    return Called(meant or named, certain=len(meant) == 1)


def _depended(stack: Stack, urns: Sequence[str], types: Sequence[str]) -> list[Resource]:
    found = map(stack.by_urn, dict.fromkeys(urns))
    return [resource for resource in found if resource is not None and resource.type in types]


# ---- where a function is, and where it is looked for


def _elsewhere(function: Resource, value: str, at: Resource) -> bool:
    """Whether a function is known to be in another region or account than those in which `at` looks for it."""
    there, region = _region(function), _region_of(value, at)
    if there and region and there != region:
        return True
    own = (function.known_account, of_arn(_text(function.arn)))
    looked_in = (at.known_account, of_arn(_spelled_out(value)))
    return any(one.apart_from(other) for one in own for other in looked_in)


def _together(function: Resource, value: str, at: Resource) -> bool:
    """Whether a function of that name is in the region and account in which `at` looks for it, as far as anything tells, or
    made by the same template."""
    if function.arn == value or (function.maker and function.maker == at.maker):
        return True
    region = _region_of(value, at)
    # One provider is in one region, also where its configuration does not tell which.
    alike = not region and function.provider == at.provider and not any(map(_own_region, (function, at)))
    return together(function, at) and (_region(function) == region or alike)


def _spelled_out(value: str) -> str:
    """The ARN that a value is or, as `123456789012:function:orders`, is a part of; empty for a name."""
    if value.startswith("arn:"):
        return value
    return f"arn::lambda::{value}" if value.split(":")[1:2] == ["function"] else ""


def _region_of(value: str, at: Resource) -> str:
    """The region in which a name is looked for: the one that it spells out, else that of what gives it."""
    return _field(_spelled_out(value)) or _region(at)


def _region(resource: Resource) -> str:
    """The region of a function, or of what names one; empty where it is not known."""
    # What a template makes is where its stack is, and a stack may have a region of its own.
    return _field(_text(resource.arn)) or ("" if resource.maker else resource.region)


def _own_region(resource: Resource) -> object:
    return (resource.inputs or {}).get("region")


def _field(arn: str) -> str:
    """The region in a function's ARN, where it has one that nothing stands in for."""
    fields = arn.split(":")
    return fields[3] if len(fields) > 6 and fields[3] != stand_ins.REGION else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
