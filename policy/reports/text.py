"""Text: as it is into files and pipes, with colour and wrapped on a terminal."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from collections.abc import Iterator, Mapping
from typing import Final, TextIO

from policy.reports.report import Report

_NARROWEST: Final = 40
_RED: Final = "31"
_YELLOW: Final = "33"
_GREEN: Final = "32"
_BOLD: Final = "1"
# Where a word gets which colour; nothing of a finding's own text is looked for in the middle of a line.
_COLOURED: Final = (
    (re.compile(r"^(\s*- )(\[(?:mandatory|remediate)\])"), _RED),
    (re.compile(r"^(\s*- )(\[advisory\])"), _YELLOW),
    (re.compile(r"^(\s*)((?:Fix|Or): )"), _GREEN),
    (re.compile(r"^(\s*)(Not a guard: |error: )"), _YELLOW),
    (re.compile(r"^(\s*)(stopped\b)"), _RED),
    (re.compile(r"^()(Surveyed .*|Previewing .*|Policies:|Judged: .*)$"), _BOLD),
)


def render(report: Report) -> str:
    """The text without colour."""
    return report.text


def for_terminal(text: str, stream: TextIO, environment: Mapping[str, str] = os.environ) -> str:
    """The text as this stream shows it best: unchanged where it is no terminal.

    NO_COLOR (no-color.org) and TERM=dumb leave out the colours; the width is that of the terminal, or COLUMNS.
    """
    if not stream.isatty():
        return text
    width = max(shutil.get_terminal_size().columns, _NARROWEST)
    lines = (part for line in text.split("\n") for part in _wrapped(line, width))
    coloured = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return "\n".join(map(_coloured, lines) if coloured else lines)


def _wrapped(line: str, width: int) -> Iterator[str]:
    """The line in parts that fit. A command or a document stays one line, so that it can be copied."""
    body = line.lstrip(" ")
    whole = "{" in body or body.startswith(("Check: ", "More: ")) or "  " in body
    if len(line) <= width or whole:
        yield line
        return
    indent = " " * (len(line) - len(body))
    yield from textwrap.wrap(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )


def _coloured(line: str) -> str:
    for pattern, colour in _COLOURED:
        found = pattern.match(line)
        if found:
            return f"{found[1]}\x1b[{colour}m{found[2]}\x1b[0m{line[found.end() :]}"
    return line
