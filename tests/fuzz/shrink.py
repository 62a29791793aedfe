"""Make a failing case small, keeping the failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from tests.fuzz.cases import Case
from tests.fuzz.mutate import Json, places


def shrunk(case: Case, fails: Callable[[Case], bool], seconds: float = 20.0) -> Case:
    """The smallest case that still fails, as far as found in the time given."""
    end = time.monotonic() + seconds
    value, going = case.value, True
    while going and time.monotonic() < end:
        going = False
        for smaller in _smaller(value):
            if time.monotonic() > end:
                break
            if fails(Case(case.kind, smaller)):
                value, going = smaller, True
                break
    return Case(case.kind, value)


def _smaller(value: Json) -> Iterator[Json]:
    """Each value with one part less, larger parts first."""
    if isinstance(value, str):
        yield from _shorter(value)
        return
    for path in sorted((p for p in places(value) if p), key=len):
        yield from _without(value, path)
        part = value
        for step in path:
            part = part[step]
        if isinstance(part, str):
            for text in _shorter(part):
                yield _with(value, path, text)


def _shorter(text: str) -> Iterator[str]:
    size = len(text) // 2
    while size:
        for start in range(0, len(text), size):
            yield text[:start] + text[start + size :]
        size //= 2


def _without(value: Json, path: tuple[object, ...]) -> Iterator[Json]:
    holder = value
    for step in path[:-1]:
        holder = holder[step]
    last = path[-1]
    # The keys of a case itself stay, those of its content go.
    if isinstance(holder, dict) and last not in _FRAME:
        yield _with(value, path[:-1], {key: item for key, item in holder.items() if key != last})
    elif isinstance(holder, list):
        yield _with(value, path[:-1], [item for i, item in enumerate(holder) if i != last])


_FRAME = frozenset(("policies", "boundary", "function_arn", "type", "name", "inputs", "computed", "depends"))


def _with(value: Json, path: tuple[object, ...], new: Json) -> Json:
    if not path:
        return new
    step, *rest = path
    if isinstance(value, dict):
        return {key: _with(item, tuple(rest), new) if key == step else item for key, item in value.items()}
    return [_with(item, tuple(rest), new) if i == step else item for i, item in enumerate(value)]
