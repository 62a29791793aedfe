"""The state of a stack, out of what Pulumi writes: `pulumi stack export`, or a file of a file backend.

Source: pulumi `sdk/go/common/apitype/core.go` and `pkg/resource/stack/checkpoint.go` (v3.259.0). The versions differ in
what a resource may say of itself, not in what is read here: version 1 names no provider, 1 and 2 no dependencies of single
properties.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

STANDARD_INPUT: Final = "-"
_NEWEST: Final = 4
# Far more than any state, and far less than a machine's memory: a file can be made that unpacks to anything.
_MOST_BYTES: Final = 2 * 2**30
_PACKED: Final = b"\x1f\x8b"
# What a file backend keeps beside the stacks, and what others keep beside exports.
_NOT_STACKS: Final = frozenset(("history", "backups", "locks", "plugins", "policies", "node_modules", ".git"))


class StateError(Exception):
    """A file that holds no state; the message is one sentence without the file's name."""


@dataclass(frozen=True, slots=True)
class State:
    """The state of one stack. `time` is when it was written, as it says (ISO 8601), empty where it does not."""

    stack: str
    project: str
    time: str
    resources: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()


def files(paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The files that paths name, in order, each with what is wrong with it, if anything is known to be.

    Of a folder it is every `*.json` and `*.json.gz` below it. In the folder of a file backend only those of the stacks:
    not its history, its backups and its locks.
    """
    seen: set[str] = set()
    for path in paths:
        found = _in_folder(Path(path)) if path != STANDARD_INPUT and Path(path).is_dir() else [path]
        if not found:
            yield path, "this folder has no *.json and no *.json.gz in it"
        for file in found:
            identity = file if file == STANDARD_INPUT else os.path.realpath(file)
            if identity not in seen:
                seen.add(identity)
                yield file, ""


def _in_folder(folder: Path) -> list[str]:
    backend = next((f for f in (folder / ".pulumi" / "stacks", folder / "stacks") if f.is_dir()), folder)
    found: list[str] = []
    for place, inner, names in os.walk(backend):
        inner[:] = sorted(name for name in inner if name not in _NOT_STACKS)
        found += [
            str(Path(place, name))
            for name in sorted(names)
            if name.endswith((".json", ".json.gz")) and not name.endswith((".attrs", ".attrs.json"))
        ]
    return found


def read(path: str, stdin: IO[bytes] | None = None) -> State:
    """Read one file. Raises StateError."""
    try:
        if path == STANDARD_INPUT:
            content = _unpacked(stdin or sys.stdin.buffer)
        else:
            with open(path, "rb") as file:
                content = _unpacked(file)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise StateError("is cut off or no gzip file") from None
    except OSError as error:
        raise StateError(f"cannot be read: {error.strerror or type(error).__name__}") from None
    return parse(content, default=Path(path).name.removesuffix(".gz").removesuffix(".json"))


def _unpacked(file: IO[bytes]) -> bytes:
    content = file.read(_MOST_BYTES + 1)
    if content.startswith(_PACKED):
        unpacker = zlib.decompressobj(wbits=31)
        content = unpacker.decompress(content, _MOST_BYTES + 1)
        if not unpacker.eof and len(content) <= _MOST_BYTES:
            raise EOFError
    if len(content) > _MOST_BYTES:
        raise StateError(f"is larger than {_MOST_BYTES // 2**30} GiB")
    return content


def parse(content: bytes, default: str = "") -> State:
    """Read a state; `default` is the name of a stack that does not say its own. Raises StateError."""
    try:
        value = json.loads(content)
    except UnicodeDecodeError:
        raise StateError("is not UTF-8") from None
    except RecursionError:
        raise StateError("is nested too deeply") from None
    except ValueError as error:
        cut = isinstance(error, json.JSONDecodeError) and _is_cut_off(error.doc.strip(), error.pos)
        raise StateError("is empty" if not content.strip() else "is cut off" if cut else "is not JSON") from None
    named, deployment = _deployment(value)
    resources = deployment.get("resources")
    if resources is not None and not isinstance(resources, list):
        raise StateError("has `resources` that are no list")
    notes: list[str] = []
    sound = [item for item in resources or () if _is_sound(item)]
    if len(sound) != len(resources or ()):
        notes.append(f"{_count(len(resources or ()) - len(sound), 'entry', 'entries')} of its resources cannot be read")
    kept = [item for item in sound if item.get("delete") is not True]
    if len(kept) != len(sound):
        going = _count(len(sound) - len(kept), "resource that waits", "resources that wait")
        notes.append(f"{going} for deletion: not judged")
    notes += _interrupted(deployment)
    stack, project = _identity(kept) or (named or default, "")
    manifest = deployment.get("manifest")
    time = manifest.get("time") if isinstance(manifest, dict) else None
    return State(stack, project, time if isinstance(time, str) else "", tuple(kept), tuple(notes))


def _is_cut_off(text: str, position: int) -> bool:
    """Whether a text that is no JSON from that position on is the beginning of an object."""
    return position >= len(text) or (text.startswith("{") and not text.endswith("}"))


def _deployment(value: object) -> tuple[str, Mapping[str, Any]]:
    """The name that a checkpoint gives its stack, and the deployment in an export, a checkpoint, or a bare one."""
    if not isinstance(value, dict):
        raise StateError("is JSON, but no stack's state")
    version = value.get("version", 1)
    if isinstance(version, int) and version > _NEWEST and ("deployment" in value or "checkpoint" in value):
        raise StateError(f"has version {version}; the newest that is known here is {_NEWEST}")
    if "deployment" in value:
        found = value["deployment"] or {}
        if isinstance(found, dict):
            return "", found
    # Before checkpoints had versions, they stood alone in the file.
    checkpoint = value.get("checkpoint", value if "latest" in value else None)
    if isinstance(checkpoint, dict):
        latest = checkpoint.get("latest") or {}
        named = checkpoint.get("stack")
        if isinstance(latest, dict):
            return (named.rpartition("/")[2] if isinstance(named, str) else ""), latest
    if "manifest" in value and "resources" in value:
        return "", value
    raise StateError("is JSON, but no stack's state")


def _is_sound(item: object) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("urn"), str)
        and item["urn"].startswith("urn:pulumi:")
        and item["urn"].count("::") >= 3
        and isinstance(item.get("type"), str)
    )


def _identity(resources: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    if not resources:
        return None
    stack, project = str(resources[0]["urn"]).removeprefix("urn:pulumi:").split("::")[:2]
    return stack, project


def _interrupted(deployment: Mapping[str, Any]) -> Iterator[str]:
    operations = deployment.get("pending_operations")
    if not isinstance(operations, list) or not operations:
        return
    doing = [
        f"{operation.get('type', 'changing')} {str(resource.get('urn', '?')).rpartition('::')[2]}"
        for operation in operations
        if isinstance(operation, dict) and isinstance(resource := operation.get("resource"), dict)
    ]
    shown = ", ".join(doing[:3]) + (", ..." if len(doing) > 3 else "")
    what = _count(len(operations), "operation was", "operations were")
    yield f"{what} interrupted ({shown}): what they changed in AWS may not be in this state"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
