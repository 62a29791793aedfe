"""A stack whose values are not all known yet: what its program gives, and what each value turns out to be.

A *variable* has several values that it may turn out to have; a *world* gives one to each. A text names a variable as
`«name»`; a text that is nothing but such a name is the variable's value, of whichever type. Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

Json = dict[str, Any]
# The value of each variable, as JSON text or as a value that holds no other variable.
World = Mapping[str, Any]

_NAME: Final = re.compile("«([^»]*)»")


@dataclass(frozen=True)
class Later:
    """A value that the program makes from other resources. `known` says whether it is known at the preview already."""

    template: Any
    made_from: tuple[str, ...]
    known: bool = False


@dataclass(frozen=True)
class Text:
    """A document that the program hands over as JSON text: unknown as a whole where a part of it is."""

    document: Any


@dataclass(frozen=True)
class Item:
    """One resource. `computed` are the outputs that the program does not give; `provider` is the name of its provider.

    `read` is a resource that the stack only reads. `deployed` is one that an earlier update made.
    """

    type: str
    name: str
    inputs: Json
    computed: Json = field(default_factory=dict)
    provider: str = "default"
    read: bool = False
    deployed: bool = False

    @property
    def urn(self) -> str:
        """Its URN in the stack."""
        return f"urn:pulumi:dev::shop::{self.type}::{self.name}"


@dataclass(frozen=True)
class Provider:
    """What a provider is configured with. `account` and `region` are templates of what it really uses."""

    name: str
    props: Json
    account: str
    region: str


@dataclass(frozen=True)
class Program:
    """A generated stack, as its program has it. The first of each variable's `choices` is the ordinary one."""

    items: tuple[Item, ...]
    providers: Mapping[str, Provider]
    choices: Mapping[str, tuple[Any, ...]]
    config: Json = field(default_factory=dict)

    def without(self, name: str) -> Program:
        """The program without one resource."""
        return replace(self, items=tuple(item for item in self.items if item.name != name))


def filled(value: Any, world: World) -> Any:
    """A value as it turns out to be."""
    if isinstance(value, Later):
        return filled(value.template, world)
    if isinstance(value, Text):
        return json.dumps(filled(value.document, world))
    if isinstance(value, str):
        return _filled_text(value, world) if "«" in value else value
    if isinstance(value, dict):
        return {filled(key, world): filled(item, world) for key, item in value.items()}
    return [filled(item, world) for item in value] if isinstance(value, list) else value


def _filled_text(text: str, world: World) -> Any:
    whole = _NAME.fullmatch(text)
    if whole:
        return filled(world[whole.group(1)], world)
    return _NAME.sub(lambda match: str(filled(world[match.group(1)], world)), text)


def names_in(value: Any) -> Iterator[str]:
    """The variables that a value names."""
    if isinstance(value, Later):
        yield from names_in(value.template)
    elif isinstance(value, Text):
        yield from names_in(value.document)
    elif isinstance(value, str):
        yield from _NAME.findall(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from names_in(key)
            yield from names_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from names_in(item)


def laters(value: Any) -> Iterator[Later]:
    """The parts of a value that are made from other resources."""
    if isinstance(value, Later):
        yield value
    elif isinstance(value, Text):
        yield from laters(value.document)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from laters(item)
    elif isinstance(value, list):
        for item in value:
            yield from laters(item)


def shown(value: Any, world: World, unknown: Any) -> Any:
    """A value as the preview shows it, with `unknown` in the place of what is not known."""
    if isinstance(value, Later):
        return filled(value, world) if value.known else unknown
    if isinstance(value, Text):
        return filled(value, world) if all(later.known for later in laters(value.document)) else unknown
    if isinstance(value, dict):
        return {key: shown(item, world, unknown) for key, item in value.items()}
    return [shown(item, world, unknown) for item in value] if isinstance(value, list) else filled(value, world)


def fixed(program: Program) -> set[str]:
    """The variables whose values the preview gives away: those named by something that is known."""
    found: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, Later):
            if value.known:
                found.update(names_in(value))
        elif isinstance(value, Text):
            if all(later.known for later in laters(value.document)):
                found.update(names_in(value))
            return
        elif isinstance(value, Mapping):
            for item in value.values():
                look(item)
        elif isinstance(value, list):
            for item in value:
                look(item)
        elif isinstance(value, str):
            found.update(names_in(value))

    for item in program.items:
        look(item.inputs)
        look(item.computed)
    for provider in program.providers.values():
        look(provider.props)
    left = list(found)
    while left:
        # What is known of a variable's value gives away the variables in it.
        for value in program.choices.get(left.pop(), ())[:1]:
            new = set(names_in(value)) - found
            found |= new
            left += new
    return found
