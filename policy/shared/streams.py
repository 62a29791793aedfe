"""Standard output and standard error as they may be: not UTF-8, or a pipe that nobody reads to its end."""

from __future__ import annotations

import io
import os
from typing import TextIO


def escape_what_cannot_be_encoded(stream: TextIO | None) -> None:
    """Let a stream write `\\u2705` where its encoding has no ✅, instead of raising."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def write(text: str, stream: TextIO | None) -> None:
    """Write text, or nothing where the reader has gone or the disk is full: that does not change what was found.

    Python has None for a stream that was closed before it started (`>&-`).
    """
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        _discard(stream)


def finish(stream: TextIO | None) -> None:
    """Write out what a stream still holds, before Python does so at its end and complains of a reader that has gone."""
    write("", stream)


def _discard(stream: TextIO) -> None:
    # As the documentation of SIGPIPE in Python's module `signal` advises: the stream still holds what it could not write.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
