"""A role as a picture: what runs on it, the documents on it, and the way of each through to the actions.

Only where everything stands is worked out here; the report's template draws it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from policy.reports.report import ALLOWS, GUARD, IDLE, OPEN, UNKNOWN, Document, Role

_ROW: Final = 34
_BOX: Final = 26
_TOP: Final = 10
_MOST: Final = 6
# Left edge and width of each column: functions, role, documents, actions.
_COLUMNS: Final = ((8, 150), (196, 140), (374, 190), (640, 212))
WIDTH: Final = 860
# So many pixels are wide enough for an average letter of the picture.
_LETTER: Final = 6.6
# The open way is drawn last, over the others.
_ORDER: Final = (ALLOWS, UNKNOWN, GUARD, IDLE, OPEN)
WORDS: Final = {
    OPEN: "lets the code call",
    IDLE: "has a guard that does not close the open way to",
    GUARD: "is guarded for",
    UNKNOWN: "is not known, and may allow or deny",
    ALLOWS: "allows, and something else closes",
}


class Box(NamedTuple):
    """A box with a text that fits, and the whole text."""

    x: int
    y: int
    width: int
    height: int
    kind: str
    label: str
    whole: str

    @property
    def middle(self) -> int:
        """The height at which wires begin and end."""
        return self.y + self.height // 2


class Wire(NamedTuple):
    """All wires of one kind out of one box, as the path of an SVG."""

    kind: str
    path: str


class Picture(NamedTuple):
    """A picture, and what it shows in words."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    words: str


def picture(role: Role) -> Picture:
    """The picture of a role."""
    functions = _boxes(0, "function", _few([urn.rpartition("::")[2] for urn in role.functions]) or ["any function"])
    documents = _shown(role.documents)
    papers = _boxes(2, "document", [document.name for document in documents]) or _boxes(2, "document", ["nothing"])
    actions = _boxes(3, "action", [action.removeprefix("ec2:") for action in role.actions])
    height = _TOP + _ROW * max(len(functions), len(papers), len(actions), 1)
    columns = [
        _centred(column, height) for column in (functions, _boxes(1, "role", [role.name or "role"]), papers, actions)
    ]
    functions, (holder,), papers, actions = columns
    at = dict(zip(role.actions, actions, strict=True))
    wires = [Wire("plain", "".join(_line(box, holder) for box in functions)), Wire("plain", _lines(holder, papers))]
    for kind in _ORDER:
        for document, paper in zip(documents, papers, strict=False):
            ends = [at[action] for action, way in document.ways.items() if way == kind and action in at]
            if ends:
                wires.append(Wire(kind, _lines(paper, ends)))
    boxes = tuple(box for column in columns for box in column)
    return Picture(WIDTH, height, boxes, tuple(wires), " ".join(_words(role, documents)))


def _shown(documents: Sequence[Document]) -> list[Document]:
    """The documents with something to say of the actions, the worst first."""
    about = [document for document in documents if document.ways]
    worst = sorted(about, key=lambda document: min(_ORDER[::-1].index(way) for way in document.ways.values()))
    return worst[:_MOST]


def _few(names: Sequence[str]) -> list[str]:
    more = len(names) - _MOST
    return [*names[: _MOST - 1], f"and {more + 1} more"] if more > 0 else list(names)


def _boxes(column: int, kind: str, names: Sequence[str]) -> list[Box]:
    x, width = _COLUMNS[column]
    fits = int((width - 12) / _LETTER)
    return [
        Box(x, _TOP + i * _ROW, width, _BOX, kind, name if len(name) <= fits else f"{name[: fits - 1]}…", name)
        for i, name in enumerate(names)
    ]


def _centred(column: Sequence[Box], height: int) -> list[Box]:
    down = (height - _TOP - _ROW * len(column)) // 2
    return [box._replace(y=box.y + down) for box in column]


def _line(start: Box, end: Box) -> str:
    x, half = start.x + start.width, (end.x - start.x - start.width) // 2
    return f"M{x} {start.middle}C{x + half} {start.middle} {x + half} {end.middle} {end.x} {end.middle}"


def _lines(start: Box, ends: Sequence[Box]) -> str:
    return "".join(_line(start, end) for end in ends)


def _words(role: Role, documents: Sequence[Document]) -> Iterator[str]:
    names = _few([urn.rpartition("::")[2] for urn in role.functions])
    yield f"Role {role.name} of {', '.join(names) or 'any function'}."
    for document in documents:
        for kind in _ORDER[::-1]:
            actions = [action for action, way in document.ways.items() if way == kind]
            if actions:
                yield f"{document.kind} {document.name} {WORDS[kind]} {', '.join(actions)}."
