"""A survey in parts: `--shard K/N` makes one, its JSON form goes with what the others have to know, `--merge` joins them."""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from policy.survey.many import Result, Unread
from policy.survey.survey import Survey
from policy.survey.surveyed import Surveyed
from policy.told.judging import Rules


class PartError(Exception):
    """Parts that cannot be put together; the message is one sentence."""


class Shard(NamedTuple):
    """The `number`-th (from 1) of so many parts."""

    number: int
    of: int


def shard(text: str) -> Shard:
    """Read `3/20`."""
    found = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not K/N with K from 1 to N, as 3/20")
    return Shard(int(found[1]), int(found[2]))


def of(which: Shard, found: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The files of one part. Every part has to be given the same paths."""
    return list(found[which.number - 1 :: which.of])


def part(survey: Survey, which: Shard, files: int) -> dict[str, Any]:
    """What the JSON form of one part has besides: each stack by itself, with the resources that others may have to know.

    `files` is how many there are for all parts together: where that differs, the parts were not made of the same files.
    """
    return {
        "number": which.number,
        "of": which.of,
        "files": files,
        "rules": _digest(survey.rules),
        "stacks": [stack.to_json() for stack in survey.alone],
    }


def _digest(rules: Rules) -> str:
    """What tells one configuration from another."""
    config = {name: [policy.level, dict(policy.properties)] for name, policy in rules.config.items()}
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def read(paths: Sequence[str], rules: Rules) -> list[Result]:
    """The results of all parts, as if one run had made them. Raises PartError."""
    results: list[Result] = []
    seen: dict[int, str] = {}
    first: _Numbers | None = None
    for path in paths:
        value = _json(path)
        made = value.get("part") if isinstance(value, dict) else None
        if not isinstance(made, dict) or not isinstance(value.get("unread"), list):
            raise PartError(f"{path} is no JSON result of `survey --shard`")
        if made.get("rules") != _digest(rules):
            raise PartError(f"{path} was made with another configuration of the policy pack, or another version of it")
        own = _numbers(path, made)
        first = first or own
        if own.of != first.of:
            raise PartError(f"{path} is one of {own.of} parts, and the first file is one of {first.of}")
        if own.files != first.files:
            raise PartError(
                f"{path} was made of {own.files} files, and the first part of {first.files}: give all parts the same paths"
            )
        if own.number in seen:
            raise PartError(f"{path} and {seen[own.number]} are both part {own.number} of {own.of}")
        seen[own.number] = path
        results += _results(path, made, value["unread"])
    total = first.of if first else 0
    missing = [str(number) for number in range(1, total + 1) if number not in seen]
    if missing:
        raise PartError(f"of {total} parts these are missing: {', '.join(missing[:10])}")
    return results


class _Numbers(NamedTuple):
    """Which of how many parts a file is, and of how many states all of them are made."""

    number: int
    of: int
    files: int


def _numbers(path: str, made: Mapping[str, Any]) -> _Numbers:
    found = [made.get(name) for name in _Numbers._fields]
    if all(isinstance(value, int) for value in found):
        return _Numbers(*map(int, found))  # type: ignore[arg-type]
    raise PartError(f"{path} is no JSON result of this version's `survey --shard`")


def _results(path: str, made: Mapping[str, Any], unread: Sequence[Any]) -> list[Result]:
    try:
        stacks: list[Result] = [Surveyed.from_json(item) for item in made["stacks"]]
        return [*stacks, *(Unread(item["source"], item["why"]) for item in unread)]
    except (KeyError, TypeError, ValueError):
        raise PartError(f"{path} is no JSON result of this version's `survey --shard`") from None


def _json(path: str) -> Any:
    try:
        content = Path(path).read_bytes()
        return json.loads(gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content)
    except OSError as error:
        raise PartError(f"{path} cannot be read: {error.strerror or type(error).__name__}") from None
    except (ValueError, RecursionError, EOFError, zlib.error):
        raise PartError(f"{path} is no JSON result of `survey --shard`") from None
