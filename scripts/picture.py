"""Draws docs/preview.svg: what `python -m policy preview` prints of an example that is stopped, as a terminal shows it.

    python scripts/picture.py

The text is that of a real run. Long lines are folded between words, and the folder of the pack is named without the
path to it.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from html import escape
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PICTURE: Final = ROOT / "docs" / "preview.svg"
COMMAND: Final = ("python", "-m", "policy", "preview", "examples/unguarded-managed-policy")

_COLUMNS: Final = 112
_CHARACTER: Final = 7.8
_LINE: Final = 19
_MARGIN: Final = 20
_INK: Final = "#d7dae0"
# A line is shown in the colour of the first words that it begins with.
_COLOURS: Final = (
    ("$ ", "#8fd18a"),
    ("note: ", "#8b93a1"),
    ("❌", "#ff7b72"),
    ("- [mandatory]", "#ff7b72"),
    ("Fix: ", "#8fd18a"),
    ("More: ", "#79b8ff"),
)


def printed() -> str:
    """The output of the command. Raises SystemExit where the example is not stopped."""
    done = subprocess.run([sys.executable, *COMMAND[1:]], cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 1:
        sys.exit(f"{' '.join(COMMAND)} must be stopped by the policy, and ended with {done.returncode}:\n{done.stderr}")
    return done.stdout.replace(f"(local: {ROOT})", f"(local: {_pack()})")


def _pack() -> str:
    name = next(line for line in (ROOT / "PulumiPolicy.yaml").read_text(encoding="utf-8").splitlines() if line)
    return name.removeprefix("name: ")


def drawn(text: str) -> str:
    """The command and its output as SVG."""
    rows = [row for line in (f"$ {' '.join(COMMAND)}", *text.rstrip("\n").split("\n")) for row in _rows(line)]
    width, height = round(_COLUMNS * _CHARACTER) + 2 * _MARGIN, len(rows) * _LINE + 2 * _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f"<title>{escape(' '.join(COMMAND))}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#1b1f27"/>',
        '<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" xml:space="preserve">',
    ]
    for i, (row, colour) in enumerate(rows):
        if row:
            y = _MARGIN + (i + 1) * _LINE - 5
            lines.append(f'<text x="{_MARGIN}" y="{y}" fill="{colour}" style="white-space: pre">{escape(row)}</text>')
    return "\n".join([*lines, "</g>", "</svg>", ""])


def _rows(line: str) -> list[tuple[str, str]]:
    """A line of the output as rows of the picture, each with its colour."""
    colour = next((colour for start, colour in _COLOURS if line.lstrip().startswith(start)), _INK)
    indent = " " * (len(line) - len(line.lstrip()))
    rows = textwrap.wrap(line, _COLUMNS, subsequent_indent=indent, break_on_hyphens=False, break_long_words=True)
    return [(row, colour) for row in rows or [""]]


if __name__ == "__main__":
    PICTURE.write_text(drawn(printed()), encoding="utf-8")
