"""Which resources of a stack `stack_resources` reads, so that nobody has to decode the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypeVar

from policy.shared.terraform_types import LOOKED_AT, in_module


class Urns(Protocol):
    """The URNs that a property was made from."""

    @property
    def urns(self) -> Sequence[str]: ...


class Given(Protocol):
    """A resource as the engine sends it for a stack check (`AnalyzerResource` of Pulumi's analyzer.proto)."""

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def parent(self) -> str: ...
    @property
    def propertyDependencies(self) -> Mapping[str, Urns]: ...  # noqa: N802  # the field's name
    def HasField(self, field_name: Literal["provider"], /) -> bool: ...  # noqa: N802  # protobuf's name


G = TypeVar("G", bound=Given)


def needed(resources: Sequence[G]) -> list[G]:
    """The resources that are read, in the order given; the values of those of a type that is looked at.

    Of the others a type, a URN, a parent and whether there is a provider are enough: they are what a value was made
    from, what is inside of a component that it was made from, or what a Terraform module makes. Two more stand for the
    stack: the first, which says which stack it is, and one with a provider, which says that the engine names them.
    """
    whole = [resource for resource in resources if resource.type in LOOKED_AT]
    made_from = (urn for resource in whole for each in resource.propertyDependencies.values() for urn in each.urns)
    wanted = _with_what_is_inside((*(resource.urn for resource in whole), *made_from), resources)
    for resource in resources:
        if in_module(resource.type):
            wanted.update((resource.urn, resource.parent))
    wanted.update(resource.urn for resource in resources[:1])
    wanted.update(next(([resource.urn] for resource in resources if resource.HasField("provider")), ()))
    return [resource for resource in resources if resource.urn in wanted]


def _with_what_is_inside(urns: Iterable[str], resources: Sequence[Given]) -> set[str]:
    """These URNs, and those of what is inside of the components among them: a component is what has no provider."""
    components: set[str] = set()
    children: dict[str, list[str]] = {}
    for resource in resources:
        if not resource.HasField("provider"):
            components.add(resource.urn)
        if resource.parent:
            children.setdefault(resource.parent, []).append(resource.urn)
    found: set[str] = set()
    left = list(urns)
    while left:
        urn = left.pop()
        if urn not in found:
            found.add(urn)
            if urn in components:
                left += children.get(urn, ())
    return found
