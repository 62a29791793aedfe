"""From a state to what the pack judges: the same resources as the engine would hand over for the stack check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from policy.iam.truth import UNKNOWN
from policy.outside.state_file import State
from policy.outside.state_values import opened
from policy.shared.terraform_types import LOOKED_AT, classic_properties
from policy.stack.resources import Declarations, Resource, plain, stack_resources

_POSITION: Final = re.compile(r"project:///(?P<file>[^#]+)#(?P<line>[0-9]+)")
_PROVIDER_TYPE: Final = "pulumi:providers:"


@dataclass(frozen=True, slots=True)
class Relevant:
    """The resources of one stack that matter.

    `secrets` are the paths of what is secret, by URN; `places` are file and line of the program, by URN. `without_inputs`
    are the names of resources of which the state does not say what the program gives.
    """

    resources: tuple[Resource, ...]
    secrets: Mapping[str, tuple[str, ...]]
    places: Mapping[str, tuple[str, int]]
    without_inputs: tuple[str, ...] = ()


def relevant(state: State) -> Relevant:
    """The resources of a state that matter, with what they were made from."""
    entries = {item["urn"]: _Entry(item) for item in state.resources}
    declarations = Declarations()
    secrets: dict[str, tuple[str, ...]] = {}
    places: dict[str, tuple[str, int]] = {}
    without_inputs: list[str] = []
    for urn, entry in entries.items():
        entry.join(entries)
        if not entry.external:
            declarations.check(urn)
        if entry.resource_type in LOOKED_AT:
            found: set[str] = set()
            inputs = _properties(entry.item.get("inputs"), found)
            if not inputs and not entry.external:
                without_inputs.append(urn.rpartition("::")[2])
            elif not entry.external:
                declarations.remember(urn, classic_properties(entry.resource_type, inputs), ())
            # A resource that could not be made has no outputs.
            entry.props = _properties(entry.item.get("outputs"), found) or inputs
            if found:
                secrets[urn] = tuple(sorted(found))
            place = _place(entry.item.get("sourcePosition"))
            if place:
                places[urn] = place
    # Their form is that of the SDK's resources, as far as it is read.
    resources = stack_resources(cast("Any", list(entries.values())), declarations)
    return Relevant(resources, secrets, places, tuple(without_inputs))


@dataclass(slots=True, eq=False)
class _Entry:
    """A resource of the state, in the form in which the SDK hands one over."""

    item: Mapping[str, Any]
    props: Mapping[str, Any] = field(default_factory=dict)
    parent: _Entry | None = None
    provider: _Entry | None = None
    property_dependencies: Mapping[str, Sequence[_Entry]] = field(default_factory=dict)

    @property
    def urn(self) -> str:
        return cast("str", self.item["urn"])

    @property
    def resource_type(self) -> str:
        return cast("str", self.item["type"])

    @property
    def external(self) -> bool:
        return self.item.get("external") is True

    def join(self, entries: Mapping[str, _Entry]) -> None:
        """Put the other resources in the places of their URNs."""
        item = self.item
        self.parent = entries.get(item["parent"]) if isinstance(item.get("parent"), str) else None
        named = item.get("provider")
        if isinstance(named, str) and item.get("custom") is not False:
            # The URN of the provider, and behind two colons its id. Its state may be left out, as of a destroyed stack.
            urn = named.rpartition("::")[0]
            self.provider = entries.get(urn) or _Entry({"urn": urn, "type": f"{_PROVIDER_TYPE}aws"})
            if not self.provider.props:
                self.provider.props = _properties(self.provider.item.get("inputs"), set())
        if self.resource_type in LOOKED_AT:
            self.property_dependencies = dict(_dependencies(item, entries))


def _dependencies(item: Mapping[str, Any], entries: Mapping[str, _Entry]) -> Iterator[tuple[str, list[_Entry]]]:
    by_property = item.get("propertyDependencies")
    if not isinstance(by_property, dict):
        # Before version 3 a state says only what the resource as a whole depends on.
        by_property = dict.fromkeys(item.get("inputs") or (), item.get("dependencies"))
    for name, urns in by_property.items():
        yield name, [entries[urn] for urn in urns or () if isinstance(urn, str) and urn in entries]


def _properties(value: object, secrets: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    # The whole of them may be marked, as one secret.
    found = plain(opened(value, secrets))
    return found if isinstance(found, dict) else dict.fromkeys(value, UNKNOWN)


def _place(position: object) -> tuple[str, int] | None:
    found = _POSITION.match(position) if isinstance(position, str) else None
    return (found["file"], int(found["line"])) if found else None
