"""Tables as text: columns under each other, or as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from policy.reports.report import Table
from policy.shared.escapes import one_line

_WIDEST = 60


def lines(table: Table) -> Iterator[str]:
    """The title, and the columns under their names; numbers stand at the right."""
    rows = [table.columns, *table.rows]
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [min(max(len(row[i]) for row in cells), _WIDEST) for i in range(len(table.columns))]
    numbers = [all(_is_number(row[i]) for row in cells[1:]) for i in range(len(table.columns))]
    yield one_line(table.title)
    for row in cells:
        shown = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, numbers, strict=True)
        ]
        yield ("  " + "  ".join(shown)).rstrip()


def _is_number(text: str) -> bool:
    return text.replace(",", "").isdigit() or text == "" or text.startswith("... and ")


def markdown(table: Table) -> Iterator[str]:
    """The same as Markdown."""
    yield f"### {cell(table.title)}"
    yield ""
    yield "| " + " | ".join(map(cell, table.columns)) + " |"
    yield "|" + "---|" * len(table.columns)
    for row in table.rows:
        yield "| " + " | ".join(map(cell, row)) + " |"


def cell(text: str) -> str:
    """A text as a cell: nothing in it is taken for a mark of Markdown or of HTML."""
    shown = one_line(text).replace("\\", "\\\\")
    for mark in "|`*_[]#~!":
        shown = shown.replace(mark, "\\" + mark)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
