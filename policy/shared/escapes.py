"""Texts of other people as a terminal and a reader can take them.

A Sid, a name or a value may hold line breaks, escape sequences and marks that turn the direction of writing: shown raw,
it could take back what stands before it, or say in the pack's name that all is well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

# Control characters, line separators, halves of characters (no terminal and no gRPC takes them), and the marks of
# Unicode's bidirectional algorithm (UAX 9).
_UNSHOWN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def one_line(text: str) -> str:
    """The text with escapes like `\\x1b` and `\\n` for what a terminal would act on instead of showing it."""
    return _UNSHOWN.sub(_escaped, text)


def printable(text: str) -> str:
    """The same for a text of several lines, whose line breaks are its own."""
    return "\n".join(map(one_line, text.split("\n")))


def message(lines: Iterable[str]) -> str:
    """A text of these lines: no word of a user's in them begins another one."""
    return "\n".join(map(one_line, lines))


def quoted(text: str) -> str:
    """The text in backquotes, of which no character ends them."""
    return f"`{one_line(text).replace('`', chr(92) + 'x60')}`"
