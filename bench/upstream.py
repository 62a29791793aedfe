"""What four changes to Pulumi would save any Python pack, measured on the no-op pack: the figures of docs/upstream.md."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from google.protobuf.message import Message
from pulumi.runtime.proto import analyzer_pb2

from policy.shared.aws_types import TYPES

from .analyzer import HERE, NOOP
from .measure import Row, compare, in_turn
from .process import PolicyPack, run
from .stack import Messages, messages

_SIZE = 10_000


def measured(*, quick: bool) -> list[Row]:
    """The rows of this part: the no-op pack with each change, against itself."""
    size = 1_000 if quick else _SIZE
    found = messages(size)
    changed = {
        "signature worked out once": partial(run, _pack("signature_once"), found),
        "stack decoded once": partial(run, _pack("decoded_once"), found),
        "no Remediate where no policy remediates": partial(run, NOOP, replace(found, remediate=False)),
        "types declared": partial(run, NOOP, _of_interest(found)),
    }
    series = in_turn(2 if quick else 3, {NOOP.name: partial(run, NOOP, found), **changed})
    noop = series[NOOP.name]
    return [
        compare("Upstream", f"{figure}, {change}", series[change][key], noop[key], unit=unit)
        for change in changed
        for figure, key, unit in (
            (f"CPU, {size:,} resources", "cpu", "s"),
            (f"peak memory, {size:,} resources", "peak", "MiB"),
        )
    ]


def _pack(change: str) -> PolicyPack:
    return PolicyPack(change, HERE / "changes" / change)


def _of_interest(found: Messages) -> Messages:
    """What an engine would send that knows which types a pack looks at: those of this repository's pack."""
    each = [one for one in found.resources if _type(analyzer_pb2.AnalyzeRequest.FromString(one)) in TYPES]
    stack = analyzer_pb2.AnalyzeStackRequest.FromString(found.stack)
    kept = [resource for resource in stack.resources if _type(resource) in TYPES]
    return Messages(each, analyzer_pb2.AnalyzeStackRequest(resources=kept).SerializeToString())


def _type(message: Message) -> str:
    return str(message.type)  # type: ignore[attr-defined]  # of both messages
