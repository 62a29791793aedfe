"""A survey: the stacks of many files together, each role judged where it is, whichever stacks it is spread over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Final

from policy.reports.report import Item, Role
from policy.survey.crossing import changed, changes
from policy.survey.many import Result, Unread, rejudge
from policy.survey.surveyed import Surveyed
from policy.told.facts import stack_of
from policy.told.judging import VERDICTS, Rules, Verdict


@dataclass(frozen=True)
class Survey:
    """All that was surveyed, stacks in the order of their names. `alone` is each stack before others were looked at."""

    stacks: tuple[Surveyed, ...]
    unread: tuple[Unread, ...]
    alone: tuple[Surveyed, ...]
    rules: Rules

    @property
    def items(self) -> list[Item]:
        """All findings, each once."""
        return [item for stack in self.stacks for item in stack.told.items]

    @property
    def exempted(self) -> list[Item]:
        """All that exemptions took out."""
        return [item for stack in self.stacks for item in stack.told.exempted]

    @property
    def roles(self) -> dict[str, Role]:
        """All roles by their keys."""
        return {role.key: role for stack in self.stacks for role in stack.told.roles}


def together(results: Iterable[Result], rules: Rules) -> Survey:
    """What many files say together. Of two states of one stack the newer counts, and is said to."""
    results = list(results)
    alone = _newest([result for result in results if isinstance(result, Surveyed)])
    found = changes([stack.index for stack in alone])
    needed = {*found, *(position for change in found.values() for position in change.coming)}
    resources = {position: alone[position].resources for position in needed}
    anew = rejudge(
        {
            position: (
                alone[position],
                changed(resources[position], change, {at: resources[at] for at in change.coming}),
                tuple(change.notes),
            )
            for position, change in found.items()
        },
        rules,
    )
    elsewhere = {position for position, change in found.items() if change.leaving}
    stacks = [_judged_elsewhere(anew.get(i, stack), i in elsewhere) for i, stack in enumerate(alone)]
    unread = tuple(result for result in results if isinstance(result, Unread))
    return Survey(tuple(_with_what_is_elsewhere(stacks)), unread, tuple(alone), rules)


def _judged_elsewhere(stack: Surveyed, elsewhere: bool) -> Surveyed:
    """A stack of which all that there is to judge is judged where its roles are is not one without anything to judge."""
    if elsewhere and stack.told.verdict == Verdict.NOTHING:
        return replace(stack, told=replace(stack.told, verdict=Verdict.PASSES))
    return stack


def _newest(stacks: Sequence[Surveyed]) -> list[Surveyed]:
    by_name: dict[str, list[Surveyed]] = {}
    for stack in stacks:
        by_name.setdefault(stack.name, []).append(stack)
    kept = []
    for name in sorted(by_name):
        # Of two with one time the last file is taken.
        *older, newest = sorted(by_name[name], key=lambda stack: _moment(stack.time))
        if older:
            others = ", ".join(stack.source for stack in older)
            equal = _moment(older[-1].time) == _moment(newest.time)
            why = "is the last of the newest, which have one time," if equal else "is the newest,"
            note = f"there are {len(older) + 1} states of this stack: {newest.source} {why} and counts ({others})"
            newest = replace(newest, notes=(*newest.notes, note))
        kept.append(newest)
    return kept


_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")


def _moment(time: str) -> tuple[datetime, str]:
    """The moment that a state names (RFC 3339, with up to nine digits of a second); the first of all where it names none."""
    found = _TIME.fullmatch(time)
    if found is None:
        return datetime.min.replace(tzinfo=timezone.utc), ""
    second, fraction, zone = found.groups()
    return datetime.fromisoformat(second + ("+00:00" if zone == "Z" else zone)), (fraction or "").ljust(9, "0")


def _with_what_is_elsewhere(stacks: Sequence[Surveyed]) -> Iterable[Surveyed]:
    """The stacks with the findings on roles of other stacks that their own functions run on."""
    through: dict[str, list[Item]] = {}
    for stack in stacks:
        for item in stack.told.items:
            for name in dict.fromkeys(map(stack_of, item.functions)):
                if name != stack.name:
                    through.setdefault(name, []).append(item)
    for stack in stacks:
        items = through.get(stack.name, [])
        if items:
            worst = _worse(stack.told.verdict, items)
            yield replace(stack, through=tuple(items), told=replace(stack.told, verdict=worst))
        else:
            yield stack


def _worse(verdict: str, items: Sequence[Item]) -> str:
    found = [
        Verdict.STOPPED
        if item.level == "mandatory"
        else Verdict.NOT_JUDGED
        if item.kind == "not judged"
        else Verdict.WARNED
        for item in items
    ]
    return min([verdict, *found], key=VERDICTS.index)
