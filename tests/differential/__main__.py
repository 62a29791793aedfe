"""`python -m tests.differential --roles N --seed S`: exit status 0 when nothing disagrees, 1 when something does."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Final

from tests.differential.differences import REASONS
from tests.differential.run import Report, run_part
from tests.differential.simulator import VERSION, SimulatorError, install

CASES: Final = Path(__file__).resolve().parent.parent / "cases"
_PART: Final = 50
_KEPT: Final = 40


def main(arguments: list[str] | None = None) -> int:
    """Run, print the figures, write a case folder for each finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--roles", type=int, default=4200, help="random roles to judge (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="the run to repeat (default: a new one)")
    parser.add_argument("--per-action", type=int, default=2, help="requests for each action and caller of a role")
    parser.add_argument("--holes", type=int, default=1000, help="holes to plant at most (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one for each core)")
    parser.add_argument("--cases", type=Path, default=CASES, help="where case folders are written")
    parser.add_argument("--save", type=Path, help="write undecided roles and missed holes to this JSON file")
    parser.add_argument("--install", action="store_true", help="only install the simulator")
    args = parser.parse_args(arguments)
    try:
        install()
        if args.install:
            return 0
        seed = random.SystemRandom().randrange(1_000_000) if args.seed is None else args.seed
        print(f"seed {seed}, {args.roles} roles, iam-simulate {VERSION}", flush=True)
        started = time.perf_counter()
        report = _run(seed, args.roles, args.per_action, args.holes, args.jobs)
    except SimulatorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(render(report, time.perf_counter() - started))
    if args.save:
        args.save.write_text(json.dumps({"undecided": report.undecided, "missed": report.missed}, indent=1), "utf-8")
    for finding in report.findings[:_KEPT]:
        print(f"{finding.kind}: {finding.action} by {finding.caller}, see {finding.write(args.cases)}")
    if report.findings:
        print(f"error: {len(report.findings)} disagreements; repeat with --seed {seed}", file=sys.stderr)
    return 1 if report.findings else 0


def _run(seed: int, roles: int, per_action: int, holes: int, jobs: int) -> Report:
    parts = [range(first, min(first + _PART, roles)) for first in range(0, roles, _PART)]
    report = Report()
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        quota = -(-holes // len(parts)) if parts else 0
        waiting = [pool.submit(run_part, seed, part, per_action, quota) for part in parts]
        for done, future in enumerate(as_completed(waiting), 1):
            report.add(future.result())
            if done % 10 == 0:
                print(f"{report.counts['roles']:,} roles, {len(report.findings)} findings", flush=True)
    return report


def render(report: Report, seconds: float) -> str:
    """The figures of a run."""
    counts, holes = report.counts, report.holes
    roles = max(counts["roles"], 1)
    lines = [f"{counts['requests']:,} requests, {counts['requests'] / seconds:,.0f} a second, {seconds:.0f} s in all"]
    lines += [f"  {name:58}{counts[f'requests {name}']:>10,}" for name in ("allowed", "denied", "unknown")]
    lines.append(f"{counts['roles']:,} roles")
    for name in (
        "that allow the code something",
        "closed by a condition",
        "with several patterns on one key or resource",
        "undecided",
        "that a document error makes uncertain",
    ):
        lines.append(f"  {name:58}{counts[f'roles {name}']:>10,} {counts[f'roles {name}'] / roles:>7.1%}")
    lines.append("verdicts")
    for name in (
        "code allowed",
        "code denied",
        "code unknown",
        "service allowed",
        "service denied",
        "service unknown",
        "too complex",
        "witnesses replayed",
        "denied searched",
        "unknown searched",
        "unknown, though the brute force found a request",
        "requests of the brute force",
        "questions to the simulator",
    ):
        lines.append(f"  {name:58}{counts[name]:>10,}")
    lines.append("known differences (requests that the simulator alone would have answered otherwise)")
    lines += [f"  {number:>8,}  {name}" for name, number in report.differences.most_common() if number]
    lines.append("and why")
    lines += [f"  {name}: {reason}" for name, reason in REASONS.items() if any(name in d for d in +report.differences)]
    lines.append("planted holes")
    lines += [f"  {name:58}{number:>10,}" for name, number in sorted(holes.items())]
    if holes["planted"]:
        share = {who: holes[who] / holes["planted"] for who in ("found by the brute force", "allowed to the pack")}
        lines.append(f"  brute force {share['found by the brute force']:.2%}, pack {share['allowed to the pack']:.2%}")
    lines.append("seconds of all processes: " + ", ".join(f"{k} {v:.0f}" for k, v in sorted(report.seconds.items())))
    lines.append(f"{len(report.findings)} disagreements")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
