"""Markdown: a comment in a pull request, or a summary of a job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from policy.reports import tables
from policy.reports.report import Item, Report, Table
from policy.reports.tables import cell
from policy.shared.escapes import one_line, printable

# GitHub takes 65,536 characters in a comment; what would not fit is counted.
_MOST_CHARACTERS: Final = 60_000
_MOST_ROWS: Final = 20


def render(report: Report) -> str:
    """Figures, tables, and the findings folded."""
    lines = [f"## {cell(report.title)}", ""]
    if report.figures:
        lines += [" · ".join(f"**{cell(value)}** {cell(name)}" for name, value in report.figures), ""]
    for table in report.tables:
        rows = table.rows[:_MOST_ROWS]
        if len(table.rows) > _MOST_ROWS:
            rows += ((f"... and {len(table.rows) - _MOST_ROWS:,} more", *[""] * (len(table.columns) - 1)),)
        lines += [*tables.markdown(Table(table.title, table.columns, rows)), ""]
    lines += [f"- {cell(note)}" for note in (*report.errors, *report.notes)]
    if not report.items:
        lines += ["", "Nothing found."]
    text = "\n".join(lines) + "\n"
    for number, item in enumerate(report.items):
        block = "\n".join(_finding(report, item)) + "\n"
        if len(text) + len(block) > _MOST_CHARACTERS:
            return f"{text}\n{len(report.items) - number:,} more findings do not fit into a comment.\n"
        text += block
    for item in report.exempted[:_MOST_ROWS]:
        text += f"- {cell(item.resource)} is exempt from {cell(item.policy)}: {cell(item.exempt)}\n"
    return text


def _finding(report: Report, item: Item) -> Iterator[str]:
    mark = "❌" if item.level == "mandatory" else "⚠️"
    file = report.place(item)
    place = f" at {file}:{item.line}" if file else f" of {item.stack}" if item.stack else ""
    yield ""
    # Up to the empty line it is a block of HTML, in which Markdown's own escapes would be shown.
    yield f"<details><summary>{mark} {escape(one_line(f'{item.policy}: {item.resource}{place}'))}</summary>"
    yield ""
    yield fenced(item.message)
    yield ""
    yield "</details>"


def fenced(text: str) -> str:
    """The text as a block of code that nothing in it ends."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 0)
    return f"{fence}text\n{printable(text)}\n{fence}"
