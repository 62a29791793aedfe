"""What a program may turn out to be: its worlds, and its resources in each of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any, Final

from tests.stacks.reference import Deployed
from tests.stacks.values import Item, Program, Provider, World, filled, fixed, names_in

_MOST_WORLDS: Final = 16
_ROLE_TYPES: Final = ("aws:iam/role:Role", "aws-native:iam:Role")


def named(program: Program) -> set[str]:
    """The variables that matter to a program."""
    values: list[Any] = [v for item in program.items for v in (item.inputs, item.computed)]
    values += [v for p in program.providers.values() for v in (p.props, p.account, p.region)]
    left = [name for value in values for name in names_in(value)]
    left += [name for name in program.choices if name.startswith("outside:") or name == "own"]
    return _with_inner(program, left)


def _with_inner(program: Program, left: list[str]) -> set[str]:
    """The variables of these names, and those that their values name."""
    found: set[str] = set()
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [inner for value in program.choices[name] for inner in names_in(value)]
    return found


def worlds(program: Program, rng: Random) -> Iterator[dict[str, Any]]:
    """The worlds that the preview leaves possible, the ordinary one first: all, or a sample where there are many."""
    known = fixed(program)
    names = sorted(named(program))
    choices = [program.choices[name][:1] if name in known else program.choices[name] for name in names]
    number = 1
    for values in choices:
        number *= len(values)
    if number <= _MOST_WORLDS:
        yield from (dict(zip(names, chosen, strict=True)) for chosen in product(*choices))
        return
    ordinary = {name: values[0] for name, values in zip(names, choices, strict=True)}
    yield ordinary
    for i in range(_MOST_WORLDS - 1):
        # Half of the sample differs from the ordinary world in one or two values only.
        changed = set(rng.sample(names, min(len(names), rng.choice((1, 1, 2)))) if i % 2 else names)
        yield {
            name: rng.choice(values) if name in changed else values[0]
            for name, values in zip(names, choices, strict=True)
        }


class Deployment:
    """The resources of a program after the deployment, in one world after the other."""

    def __init__(self, program: Program) -> None:
        self._items: list[tuple[Item, Provider, list[str]]] = []
        # What a resource is in the worlds that agree on all that it names: most of a program is the same in all of them.
        self._made: dict[object, Deployed] = {}
        for item in program.items:
            provider = program.providers[item.provider]
            values = (item.inputs, item.computed, provider.account, provider.region)
            names = [name for value in values for name in names_in(value)]
            names += ["own"] if _reads_a_role(item) else []
            self._items.append((item, provider, sorted(_with_inner(program, names))))

    def resources(self, world: World) -> list[Deployed]:
        """The program's resources in a world, whose values are those of the program's choices."""
        found = []
        for item, provider, names in self._items:
            key = item.name, *(id(world[name]) for name in names)
            if key not in self._made:
                self._made[key] = _deployed(item, provider, world)
            found.append(self._made[key])
        return found


def _reads_a_role(item: Item) -> bool:
    return item.read and item.type in _ROLE_TYPES


def _deployed(item: Item, provider: Provider, world: World) -> Deployed:
    props = filled({**item.inputs, **item.computed}, world)
    own = filled("«own»", world) if _reads_a_role(item) else ()
    account, region = filled(provider.account, world), filled(provider.region, world)
    return Deployed(item.type, item.name, props, account, region, item.read, own)


def outside(world: World) -> dict[str, Any]:
    """The documents of the policies that are not in the stack, by ARN."""
    return {
        name[len("outside:") :]: filled(value, world) for name, value in world.items() if name.startswith("outside:")
    }
