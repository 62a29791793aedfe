"""Files that a configuration names: their text, bounded, and their names as they are shown."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Final

from policy.outside.records import RecordError
from policy.shared.escapes import one_line

LARGEST: Final = 512 * 1024**2
"""The most bytes of text that are read of one file, also where it is compressed."""

_GZIP: Final = b"\x1f\x8b"


def text_of(path: Path) -> str:
    """The text of a file, which may be compressed with gzip. Raises RecordError."""
    try:
        with path.open("rb") as stream:
            compressed = stream.peek(2)[:2] == _GZIP
            data = gzip.GzipFile(fileobj=stream).read(LARGEST + 1) if compressed else stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise RecordError(f"{shown(path)}: more than {LARGEST // 1024**2} MB of text")
        return data.decode("utf-8-sig").lstrip()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not UTF-8 text, or cut off"
        raise RecordError(f"{shown(path)}: {reason}") from None


def shown(path: Path) -> str:
    """The name of a file as it is shown: without the folder, which is nobody's business but the machine's."""
    return one_line(path.name)
