"""A role made as small as it can be while it still shows what it was kept for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.differential.plain import Json, as_list


def shrink(role: Json, still: Callable[[Json], bool]) -> Json:
    """The smallest role that deleting one part after the other leads to, with `still` true all the way."""
    while True:
        smaller = next((r for r in _smaller(role) if still(r)), None)
        if smaller is None:
            return role
        role = smaller


def _smaller(role: Json) -> Iterator[Json]:
    if role["boundary"] is not None:
        yield {**role, "boundary": None}
        for documents in _documents(role["boundary"]):
            yield {**role, "boundary": documents}
    levels = role.get("levels", [])
    for i, level in enumerate(levels):
        yield {**role, "levels": levels[:i] + levels[i + 1 :]}
        for documents in _documents(level):
            yield {**role, "levels": _replaced(levels, i, documents)}
    for documents in _documents(role["policies"]):
        yield {**role, "policies": documents}


def _documents(documents: list[Json]) -> Iterator[list[Json]]:
    for i, document in enumerate(documents):
        if len(documents) > 1:
            yield documents[:i] + documents[i + 1 :]
        found = as_list(document["Statement"])
        for j, statement in enumerate(found):
            if len(found) > 1:
                yield _replaced(documents, i, {**document, "Statement": found[:j] + found[j + 1 :]})
            for smaller in _statement(statement) if isinstance(statement, dict) else ():
                yield _replaced(documents, i, {**document, "Statement": _replaced(found, j, smaller)})


def _replaced(items: list[Any], place: int, item: Any) -> list[Any]:
    return [*items[:place], item, *items[place + 1 :]]


def _statement(statement: Json) -> Iterator[Json]:
    given = statement.get("Condition", {})
    # Instead of a part there may be a mark for one that is not known.
    for operator, by_key in given.items() if isinstance(given, dict) else ():
        others = {o: k for o, k in given.items() if o != operator}
        for key, values in by_key.items() if isinstance(by_key, dict) else ():
            rest = {k: v for k, v in by_key.items() if k != key}
            condition = {**others, operator: rest} if rest else others
            bare = {k: v for k, v in statement.items() if k != "Condition"}
            yield {**bare, "Condition": condition} if condition else bare
            for fewer in _fewer(values):
                yield {**statement, "Condition": {**others, operator: {**rest, key: fewer}}}
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in statement:
            for fewer in _fewer(statement[name]):
                yield {**statement, name: fewer}
    if statement.get("Resource", "*") != "*":
        yield {**statement, "Resource": "*"}


def _fewer(values: Any) -> Iterator[Any]:
    if isinstance(values, list) and len(values) == 1:
        yield values[0]
    elif isinstance(values, list):
        for i in range(len(values)):
            yield values[:i] + values[i + 1 :]
