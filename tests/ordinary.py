"""What the pack says of ordinary programs (tests/e2e/programs/ordinary), open and guarded, wherever it sees them.

One place for the tests in process and with the real engine, and for the table of docs/coverage.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

PROGRAM: Final = Path(__file__).resolve().parent / "e2e" / "programs" / "ordinary"

GUARD: Final = "vpc-lambda-eni-guard"
DEAD_GUARD: Final = "lambda-role-eni-guard"
UNVERIFIED: Final = "vpc-lambda-eni-unverified"

Verdict = frozenset[tuple[str, str, str]]
"""Violations as policy, enforcement level and name of the resource."""


class Violation(Protocol):
    """A violation, whoever reports it."""

    @property
    def policy(self) -> str: ...

    @property
    def enforcement(self) -> str: ...

    @property
    def urn(self) -> str: ...


@dataclass(frozen=True)
class Said:
    """What is said of one program."""

    in_process: Verdict
    first_preview: Verdict
    """Of the real engine, where nothing is deployed yet."""
    deployed: Verdict
    """After the update, when everything is known."""


@dataclass(frozen=True)
class Row:
    """A program without a guard, and with one."""

    open: Said
    guarded: Said

    def said(self, *, guarded: bool) -> Said:
        """What is said of one of the two."""
        return self.guarded if guarded else self.open

    def cells(self) -> list[str]:
        """The row as docs/coverage.md has it."""
        return [
            in_a_word(verdict)
            for said in (self.open, self.guarded)
            for verdict in (said.in_process, said.first_preview, said.deployed)
        ]


def in_a_word(verdict: Verdict) -> str:
    """What becomes of the deployment."""
    levels = {level for _, level, _ in verdict}
    return "stopped" if "mandatory" in levels else "advisory" if levels else "passes"


def verdict(violations: Iterable[Violation]) -> Verdict:
    """Violations as they are pinned here."""
    return frozenset((each.policy, each.enforcement, each.urn.rpartition("::")[2]) for each in violations)


def config(name: str, *, guarded: bool) -> dict[str, str]:
    """The configuration that takes one program."""
    return {"ordinary:row": name, "ordinary:guarded": "true" if guarded else "false"}


_PASSES: Final[Verdict] = frozenset()
_LATER: Final[Verdict] = frozenset({(UNVERIFIED, "advisory", "orders-role")})
_ATTACHED: Final[Verdict] = frozenset({(GUARD, "mandatory", "orders-vpc-access")})
_INLINE: Final[Verdict] = frozenset({(GUARD, "mandatory", "orders-access")})
_DEAD: Final[Verdict] = _ATTACHED | {(DEAD_GUARD, "mandatory", "orders-guard")}

_ALWAYS_PASSES: Final = Said(_PASSES, _PASSES, _PASSES)
_PASSES_LATER: Final = Said(_PASSES, _LATER, _PASSES)
_ATTACHMENT: Final = Row(Said(_ATTACHED, _ATTACHED, _ATTACHED), _ALWAYS_PASSES)
# Both the hole and the guard are in the one document that is not known yet.
_ONE_UNKNOWN: Final = Row(Said(_INLINE, _LATER, _INLINE), _PASSES_LATER)

ROWS: Final[dict[str, Row]] = {
    "managed": _ATTACHMENT,
    "null": Row(Said(_INLINE, _INLINE, _INLINE), _ALWAYS_PASSES),
    "queue": _ONE_UNKNOWN,
    "managed_and_queue": _ATTACHMENT,
    # A queue's document excuses no hole that is known, also where it turns out to hold the guard.
    "managed_and_guard_with_queue": Row(_ATTACHMENT.open, Said(_PASSES, _ATTACHED, _PASSES)),
    "policy_document": _ONE_UNKNOWN,
    "new_subnets": _ATTACHMENT,
    "component": _ATTACHMENT,
    "shared_role": _ATTACHMENT,
    # What is made from the function may well be the guard.
    "function_arn": Row(Said(_DEAD, _LATER, _DEAD), _PASSES_LATER),
}
