"""`python -m tests.stacks --number N --seed S`: exit status 0 when every claim holds, 1 when one does not."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Final

from tests.stacks.run import Report, run_part

_PART: Final = 250


def main(arguments: list[str] | None = None) -> int:
    """Run, and print the figures and what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.stacks", description=__doc__)
    parser.add_argument("--number", type=int, default=5000, help="random stacks to judge (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="the run to repeat (default: a new one)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=None, help="stop after so long (default: never)")
    args = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(1_000_000) if args.seed is None else args.seed
    print(f"seed {seed}, {args.number:,} stacks", flush=True)
    report, started = Report(), time.perf_counter()
    last = args.first + args.number
    parts = [range(first, min(first + _PART, last)) for first in range(args.first, last, _PART)]
    with ProcessPoolExecutor(max_workers=args.jobs) as pool:
        for done, future in enumerate(as_completed([pool.submit(run_part, seed, part) for part in parts]), 1):
            part = future.result()
            report.add(part)
            for found in part.findings:
                print(found, flush=True)
            if done % 20 == 0:
                print(f"{report.counts['stacks']:,} stacks, {len(report.findings)} findings", flush=True)
            if args.minutes is not None and time.perf_counter() - started > args.minutes * 60:
                pool.shutdown(cancel_futures=True)
                break
    print(render(report, time.perf_counter() - started))
    return 1 if report.findings else 0


def render(report: Report, seconds: float) -> str:
    """The figures of a run."""
    lines = [f"{report.counts['stacks']:,} stacks, {seconds:.0f} s"]
    lines += [f"  {name:58}{number:>10,}" for name, number in sorted(report.counts.items()) if name != "stacks"]
    lines.append("seconds of all processes: " + ", ".join(f"{k} {v:.0f}" for k, v in sorted(report.seconds.items())))
    kinds = Counter(finding.kind for finding in report.findings)
    lines += [f"  {number:>6,} {kind}" for kind, number in kinds.most_common()]
    lines.append(f"{len(report.findings)} claims that do not hold")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
