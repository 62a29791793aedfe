"""Runs of cases, and what is told of one that fails."""

from __future__ import annotations

import traceback
from collections import Counter

from pulumi_policy.secret import Secret

from tests.fuzz.cases import Case, case
from tests.fuzz.check import WrongError, check
from tests.fuzz.shrink import shrunk

Outcome = tuple[Counter[str], list[tuple[int, str]]]


def failure(found: Case) -> str | None:
    """What is wrong with a case: the exception and where it was raised, without its values; None if nothing is."""
    try:
        check(found)
    except Exception as error:
        return _signature(error)
    return None


def _signature(error: Exception) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "policy" in f.filename or "fuzz" in f.filename]
    where = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].name}" if frames else "?"
    words = str(error).split(":")[0][:80] if isinstance(error, WrongError) else ""
    return f"{type(error).__name__} in {where} {words}".strip()


def run_range(seed: int, start: int, stop: int) -> Outcome:
    """Judge the cases of a range: what they came to, and the numbers of those that fail."""
    outcomes: Counter[str] = Counter()
    failed: list[tuple[int, str]] = []
    for number in range(start, stop):
        try:
            outcomes[check(case(seed, number))] += 1
        except Exception as error:
            outcomes["FAILED"] += 1
            failed.append((number, _signature(error)))
    return outcomes, failed


def job(of: tuple[int, int, int]) -> Outcome:
    """`run_range` for a pool."""
    return run_range(*of)


def _shown(value: object) -> str:
    """`ascii`, also of a number of more digits than Python prints."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key!a}: {_shown(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_shown, value)) + "]"
        case int() if abs(value) > 10**100:
            return f"10**{len(hex(value)) * 5 // 4 - 3}-ish"
        case Secret():
            return f"Secret({_shown(value.value)})"
    return ascii(value)


def describe(seed: int, number: int) -> str:
    """One failing case: how to see it again, its trace, and the smallest form found."""
    found = case(seed, number)
    wrong = failure(found)
    small = shrunk(found, lambda candidate: failure(candidate) == wrong)
    try:
        check(small)
        trace = "(does not fail again)"
    except Exception:
        trace = "".join(traceback.format_exc(limit=-6))
    return f"seed {seed}, case {number} ({small.kind}): {wrong}\n  {_shown(small.value)[:4000]}\n{trace}"
