"""Where in the user's own code a resource is made.

The Python SDK sends the stack of each registration, innermost frame first, with absolute `file:` URIs, and the first
of these frames once more as the position (`pulumi/runtime/resource.py`, `_get_stack_trace`). The frames of the resource
classes themselves are left out there; those of libraries that make resources, and of `get`, are not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

# It is on every stack, and in the project's folder where the repository with the project holds this pack too.
_RUNNER = str(Path(__file__).with_name("program.py"))
_PACKAGES = frozenset(("site-packages", "dist-packages"))
# What lies in the folder of a virtual environment, and of an SDK that `pulumi package add` generates into a project.
_FOREIGN = ("pyvenv.cfg", "pulumi-plugin.json")


@dataclass(frozen=True)
class Source:
    """A line of the program; `file` is relative to the project's folder, with `/` between its parts."""

    file: str
    line: int

    def __str__(self) -> str:
        """Write it as compilers do, so that terminals and editors make a link of it."""
        return f"{self.file}:{self.line}"


class Sources:
    """Finds the line of one project's code that a registration comes from."""

    def __init__(self, root: Path, program: Path) -> None:
        """`root` is the folder of Pulumi.yaml, `program` that of the program, which `main` can put elsewhere."""
        self._root = root
        self._folders = tuple(dict.fromkeys(os.path.normpath(folder) for folder in (root, program)))
        # A handful of files makes all resources, and to look one up asks the disk.
        self._file = lru_cache(maxsize=None)(self._find_file)

    def of(self, request: Any) -> Source | None:
        """The innermost line of the user's code, or None where there is none or the SDK does not send it."""
        for position in _positions(request):
            file = self._file(position.uri)
            if file:
                return Source(file, position.line)
        return None

    def _find_file(self, uri: str) -> str:
        """The path of a file of the user's own, relative to the project; empty for any other file."""
        parts = urlsplit(uri)
        if parts.scheme != "file":
            return ""
        named = os.path.normpath(url2pathname(parts.path))
        if named == _RUNNER:
            return ""
        # A folder of the project may be a link to elsewhere, and the project may be reached by way of a link.
        for path in (named, os.path.realpath(named)):
            for folder in self._folders:
                if path.startswith(os.path.join(folder, "")):
                    return "" if _is_foreign(folder, path) else Path(os.path.relpath(path, self._root)).as_posix()
        return ""


def _positions(request: Any) -> Iterator[Any]:
    # Messages of older SDKs have the position only, or neither.
    trace = getattr(request, "stackTrace", None)
    yield from (frame.pc for frame in trace.frames) if trace is not None else ()
    position = getattr(request, "sourcePosition", None)
    if position is not None:
        yield position


def _is_foreign(folder: str, path: str) -> bool:
    """Whether a file in the project's folder belongs to an environment or to a generated SDK in there."""
    between = Path(os.path.relpath(path, folder)).parent
    if _PACKAGES & set(between.parts):
        return True
    inner = (Path(folder, *between.parts[: depth + 1]) for depth in range(len(between.parts)))
    return any((place / mark).exists() for place in inner for mark in _FOREIGN)
