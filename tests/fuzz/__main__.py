"""`python -m tests.fuzz --count N --seed S`: exit status 1 if any case fails."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
import traceback
from collections import Counter
from multiprocessing import get_context
from typing import Final

from tests.fuzz.cases import Case, case
from tests.fuzz.check import check
from tests.fuzz.shrink import shrunk

_CHUNK: Final = 250
_MOST_SHOWN: Final = 20


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
    words = str(error).split(":")[0][:80] if type(error).__name__ == "WrongError" else ""
    return f"{type(error).__name__} in {where} {words}".strip()


def run_range(seed: int, start: int, stop: int) -> tuple[Counter[str], list[tuple[int, str]]]:
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


def _job(job: tuple[int, int, int]) -> tuple[Counter[str], list[tuple[int, str]]]:
    return run_range(*job)


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
    return f"seed {seed}, case {number} ({small.kind}): {wrong}\n  {ascii(small.value)[:4000]}\n{trace}"


def main() -> int:
    """Run, print the figures, and each kind of failure once."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=50_000, help="cases to judge (default: 50,000)")
    parser.add_argument("--seed", type=int, help="default: a new one, which is printed")
    parser.add_argument("--start", type=int, default=0, help="number of the first case")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    seed = secrets.randbelow(2**32) if args.seed is None else args.seed
    print(f"seed {seed}, {args.count:,} cases from {args.start}", flush=True)
    begun = time.monotonic()
    stop = args.start + args.count
    jobs = [(seed, at, min(at + _CHUNK, stop)) for at in range(args.start, stop, _CHUNK)]
    outcomes: Counter[str] = Counter()
    failed: list[tuple[int, str]] = []
    with get_context("spawn").Pool(args.processes, maxtasksperchild=400) as pool:
        for done, (some, wrong) in enumerate(pool.imap_unordered(_job, jobs), 1):
            outcomes += some
            failed += wrong
            if done % 400 == 0:
                print(f"  {done * _CHUNK:,} cases, {len(failed)} failed, {time.monotonic() - begun:.0f} s", flush=True)
    seconds = time.monotonic() - begun
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:10,}  {outcome}")
    print(f"{args.count:,} cases in {seconds:.0f} s ({args.count / seconds:,.0f}/s), {len(failed)} failed", flush=True)
    kinds: dict[str, int] = {}
    for number, wrong in sorted(failed):
        kinds.setdefault(wrong, number)
    for wrong, number in list(kinds.items())[:_MOST_SHOWN]:
        same = sum(other == wrong for _, other in failed)
        print(f"\n{same} of this kind, e.g. {describe(seed, number)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
