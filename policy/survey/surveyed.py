"""One stack as it was surveyed, by itself: what is said of it, and what others may have to know of it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from policy.outside.state_file import State
from policy.outside.state_resources import Relevant, relevant
from policy.reports.report import Item, item_from_json, role_from_json
from policy.survey.exchange import Index, index, pack, unpack
from policy.told.judging import Rules, Told, judge


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One stack. `source` is the file that its state is from; `through` are findings on roles of other stacks that its
    functions run on."""

    source: str
    stack: str
    project: str
    time: str
    notes: tuple[str, ...]
    told: Told
    index: Index
    packed: bytes
    through: tuple[Item, ...] = ()

    @property
    def name(self) -> str:
        """`project/stack`, or the stack alone where its project is not known."""
        return f"{self.project}/{self.stack}" if self.project else self.stack

    @property
    def resources(self) -> Relevant:
        """The resources that matter, without what no verdict needs."""
        return unpack(self.packed)

    def judged_with(self, changed: Relevant, rules: Rules, notes: tuple[str, ...]) -> Surveyed:
        """The stack judged anew with other resources."""
        return replace(self, told=judge(self.name, changed, rules), notes=(*self.notes, *notes))

    def to_json(self) -> dict[str, Any]:
        """Give it as a part of a survey that is split has it."""
        return {
            "source": self.source,
            "stack": self.stack,
            "project": self.project,
            "time": self.time,
            "notes": list(self.notes),
            "told": asdict(self.told),
            "index": self.index.to_json(),
            "resources": base64.b64encode(self.packed).decode(),
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Surveyed:
        """Read it. Raises ValueError, KeyError or TypeError for another form."""
        told = value["told"]
        return Surveyed(
            value["source"],
            value["stack"],
            value["project"],
            value["time"],
            tuple(value["notes"]),
            Told(
                told["verdict"],
                told["judged"],
                tuple(map(item_from_json, told["items"])),
                tuple(map(item_from_json, told["exempted"])),
                tuple(map(role_from_json, told["roles"])),
                tuple((match, reason) for match, reason in told["used"]),
                tuple((match, reason) for match, reason in told["ended"]),
                told["problems"],
            ),
            Index.from_json(value["index"]),
            base64.b64decode(value["resources"]),
        )


def survey_state(source: str, state: State, rules: Rules) -> Surveyed:
    """Judge one state by itself."""
    found = relevant(state)
    notes = list(state.notes)
    if found.without_inputs:
        shown = ", ".join(found.without_inputs[:3]) + (", ..." if len(found.without_inputs) > 3 else "")
        notes.append(f"the state does not say what the program gives for {shown}: judged by what AWS gave")
    name = f"{state.project}/{state.stack}" if state.project else state.stack
    return Surveyed(
        source,
        state.stack,
        state.project,
        state.time,
        tuple(notes),
        judge(name, found, rules),
        index(found.resources),
        pack(found),
    )
