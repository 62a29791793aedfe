"""A survey as tables: stacks by verdict, the roles behind most functions first, what is not judged and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from policy.reports.report import Item, Table
from policy.survey.survey import Survey
from policy.told.facts import stack_of
from policy.told.judging import VERDICTS

# As many rows as a reader looks through; the rest is counted.
FEW: Final = 15
_HOLES: Final = frozenset(("open", "way round"))
_NAMES: Final = 3
_COUNTS: Final = (
    ("functions", "function in a VPC", "functions in a VPC"),
    ("event_sources", "function with an event source in a VPC", "functions with an event source in a VPC"),
    ("canaries", "canary in a VPC", "canaries in a VPC"),
    ("roles", "role", "roles"),
)


def plural(number: int, one: str, many: str = "") -> str:
    """`1 stack`, `1,200 stacks`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def counts(survey: Survey) -> dict[str, int]:
    """What there was to judge, in all stacks."""
    total: Counter[str] = Counter()
    for stack in survey.stacks:
        total.update({name: count for name, count in stack.told.judged.items() if isinstance(count, int)})
    return dict(total)


def heading(survey: Survey) -> str:
    """What was surveyed, in one line."""
    total = counts(survey)
    found = [plural(total.get(name, 0), one, many) for name, one, many in _COUNTS if total.get(name)]
    return f"Surveyed {plural(len(survey.stacks), 'stack')}: {', '.join(found) or 'no function in a VPC'}"


def open_roles(items: Iterable[Item]) -> dict[str, set[str]]:
    """The functions whose code can manage network interfaces, by the role that lets it; most functions first."""
    found: dict[str, set[str]] = {}
    for item in items:
        if item.kind in _HOLES:
            for role in (item.role, *item.others):
                found.setdefault(role, set()).update(item.functions)
    return dict(sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])))


def tables(survey: Survey, items: Sequence[Item], most: int | None) -> Iterator[Table]:
    """The tables of a survey, those without rows left out. Of each `most` rows are given."""
    yield _verdicts(survey)
    for table in (_roles(survey, items), _stopped(survey, items), _not_judged(items), _notes(survey), _unread(survey)):
        if table.rows:
            yield _cut(table, most)


def _cut(table: Table, most: int | None) -> Table:
    if most is None or len(table.rows) <= most:
        return table
    more = (f"... and {len(table.rows) - most:,} more", *[""] * (len(table.columns) - 1))
    return Table(table.title, table.columns, (*table.rows[:most], more))


def _verdicts(survey: Survey) -> Table:
    found = Counter(stack.told.verdict for stack in survey.stacks)
    rows = [(verdict, f"{found[verdict]:,}") for verdict in VERDICTS if found[verdict]]
    if survey.unread:
        rows.append(("not read", f"{len(survey.unread):,}"))
    return Table("Stacks by verdict", ("verdict", "stacks"), tuple(rows))


def _roles(survey: Survey, items: Sequence[Item]) -> Table:
    found = open_roles(items)
    changes: dict[str, list[str]] = {}
    for item in items:
        if item.kind in _HOLES:
            for role in (item.role, *item.others):
                changes.setdefault(role, []).append(item.resource)
    names = {key: role.name for key, role in survey.roles.items()}
    rows = tuple(
        (
            f"{len(functions):,}",
            names.get(role, role.rpartition("::")[2]),
            stack_of(role) or "outside",
            _some(sorted({function.rpartition("::")[2] for function in functions})) or "any function",
            _some(list(dict.fromkeys(changes[role]))),
        )
        for role, functions in found.items()
    )
    return Table(_closing(found), ("functions", "role", "stack", "which", "change there"), rows)


def _closing(found: Mapping[str, set[str]]) -> str:
    """`Guarding these 3 roles closes 41 functions`, of the roles behind most functions."""
    functions = {function for of in found.values() for function in of}
    if not functions:
        return f"{plural(len(found), 'open role')} on which no surveyed function runs"
    these = "this role" if len(found) == 1 else f"these {len(found):,} roles"
    return f"Guarding {these} closes {plural(len(functions), 'function')}"


def _stopped(survey: Survey, items: Sequence[Item]) -> Table:
    shown = {id(item) for item in items}
    rows = []
    for stack in survey.stacks:
        stopping = [
            item for item in (*stack.told.items, *stack.through) if item.level == "mandatory" and id(item) in shown
        ]
        if stopping:
            kinds = Counter(item.kind for item in stopping)
            what = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            elsewhere = sorted({stack_of(item.urn) for item in stopping} - {stack.name, ""})
            rows.append((stack.name, what, _some([stack.source]), _some(elsewhere)))
    return Table("Stacks that would be stopped", ("stack", "findings", "state", "changed in stack"), tuple(rows))


def _not_judged(items: Sequence[Item]) -> Table:
    by_reason: dict[str, list[Item]] = {}
    for item in items:
        if item.kind == "not judged":
            by_reason.setdefault(item.why, []).append(item)
    rows = []
    for why, found in sorted(by_reason.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        functions = {function for item in found for function in item.functions}
        stacks = sorted({item.stack for item in found})
        rows.append((why, f"{len(found):,}", f"{len(functions):,}", _some(stacks)))
    return Table("Not judged, and why", ("why", "findings", "functions", "stacks"), tuple(rows))


def _notes(survey: Survey) -> Table:
    rows = tuple((stack.name, note) for stack in survey.stacks for note in stack.notes)
    return Table("To be known of these states", ("stack", "note"), rows)


def _unread(survey: Survey) -> Table:
    rows = tuple((unread.source, unread.why) for unread in survey.unread)
    return Table("Files that are not read", ("file", "why"), rows)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f" and {more:,} more" if more > 0 else "")
