"""The smallest program that still shows something: resources, properties, choices, statements and conditions go."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from tests.stacks.values import Item, Later, Program, Text, laters

_OPTIONAL: Final = (
    "vpcConfig", "tags", "tagsAll", "permissionsBoundary", "inlinePolicies", "policies", "managedPolicyArns", "defaultTags",
)  # fmt: skip


def shrink(program: Program, still: Callable[[Program], bool]) -> Program:
    """A program with as little in it as possible, with `still` true all the way."""
    changed = True
    while changed:
        changed = False
        for smaller in _smaller(program):
            if _holds(still, smaller):
                program, changed = smaller, True
                break
    return program


def _holds(still: Callable[[Program], bool], program: Program) -> bool:
    try:
        return still(program)
    except (KeyError, StopIteration):  # something that is left needs what was taken out
        return False


def _smaller(program: Program) -> Iterator[Program]:
    # What an unknown value was made from stays: without it the value would be another one.
    needed = {
        name for item in program.items for later in laters(item.inputs) if not later.known for name in later.made_from
    }
    yield from (program.without(item.name) for item in program.items if item.name not in needed)
    for name, values in program.choices.items():
        if len(values) > 1:
            yield from (
                replace(program, choices={**program.choices, name: kept})
                for kept in (values[:1], values[1:], values[:-1])
            )
    for name in program.config:
        yield replace(program, config={k: v for k, v in program.config.items() if k != name})
    for i, item in enumerate(program.items):
        for smaller in _smaller_items(item):
            yield replace(program, items=(*program.items[:i], smaller, *program.items[i + 1 :]))
    for name, values in program.choices.items():
        for i, value in enumerate(values):
            for smaller_value in _less(value):
                kept = (*values[:i], smaller_value, *values[i + 1 :])
                yield replace(program, choices={**program.choices, name: kept})


def _smaller_items(item: Item) -> Iterator[Item]:
    for name in _OPTIONAL:
        if name in item.inputs:
            yield replace(item, inputs={k: v for k, v in item.inputs.items() if k != name})
    for name, value in item.inputs.items():
        for smaller in _less(value):
            yield replace(item, inputs={**item.inputs, name: smaller})


def _less(value: Any) -> Iterator[Any]:
    """A value with a statement, a condition or an element less."""
    if isinstance(value, Text):
        yield from (Text(smaller) for smaller in _less(value.document))
    elif isinstance(value, Later):
        yield from (replace(value, template=smaller) for smaller in _less(value.template))
    elif isinstance(value, dict) and "Statement" in value:
        statements = value["Statement"]
        for i, statement in enumerate(statements):
            if len(statements) > 1:
                yield {**value, "Statement": statements[:i] + statements[i + 1 :]}
            for operator in statement.get("Condition", {}):
                less = copy.deepcopy(statement)
                del less["Condition"][operator]
                if not less["Condition"]:
                    del less["Condition"]
                yield {**value, "Statement": [*statements[:i], less, *statements[i + 1 :]]}
            if isinstance(statement.get("Action"), list) and len(statement["Action"]) > 1:
                for action in statement["Action"]:
                    yield {
                        **value,
                        "Statement": [*statements[:i], {**statement, "Action": action}, *statements[i + 1 :]],
                    }
    elif isinstance(value, list) and len(value) > 1:
        yield from (value[:i] + value[i + 1 :] for i in range(len(value)))
    elif isinstance(value, list):
        yield from ([smaller] for item in value for smaller in _less(item))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from ({**value, key: smaller} for smaller in _less(item))
