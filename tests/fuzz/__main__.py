"""`python -m tests.fuzz --count N --seed S`: exit status 1 if any case fails."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections import Counter
from multiprocessing import get_context
from typing import Final

from tests.fuzz.run import describe, job

_CHUNK: Final = 250
_MOST_SHOWN: Final = 20


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
        for done, (some, wrong) in enumerate(pool.imap_unordered(job, jobs), 1):
            outcomes += some
            failed += wrong
            if done % 400 == 0:
                print(f"  {done * _CHUNK:,} cases, {len(failed)} failed, {time.monotonic() - begun:.0f} s", flush=True)
    seconds = time.monotonic() - begun
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:10,}  {outcome}")
    print(f"{args.count:,} cases in {seconds:.0f} s ({args.count / seconds:,.0f}/s), {len(failed)} failed", flush=True)
    kinds: dict[str, int] = {}
    for number, signature in sorted(failed):
        kinds.setdefault(signature, number)
    for signature, number in list(kinds.items())[:_MOST_SHOWN]:
        same = sum(other == signature for _, other in failed)
        print(f"\n{same} of this kind, e.g. {describe(seed, number)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
