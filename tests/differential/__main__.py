"""`python -m tests.differential --roles N --seed S`: exit status 0 when nothing disagrees, 1 when something does."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.differential.differences import REASONS
from tests.differential.hidden import run_hidden
from tests.differential.run import Finding, Report, run_part
from tests.differential.simulator import VERSION, SimulatorError, install
from tests.differential.standing_in import run_stand_ins
from tests.differential.sure import SureReport

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
    parser.add_argument("--hidden", type=int, default=400, help="roles with hidden parts (default: %(default)s)")
    parser.add_argument("--stand-ins", type=int, default=400, help="roles with stand-ins (default: %(default)s)")
    parser.add_argument("--variables", action="store_true", help="roles with policy variables in their guards")
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
        findings = _known_roles(seed, args)
        for what, number, run in (
            ("hidden parts", args.hidden, run_hidden),
            ("stand-ins", args.stand_ins, run_stand_ins),
        ):
            if number:
                findings += _roles_not_known(what, seed, number, run, args.jobs)
    except SimulatorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for finding in findings[:_KEPT]:
        print(f"{finding.kind}: {finding.action} by {finding.caller}, see {finding.write(args.cases)}")
    if findings:
        print(f"error: {len(findings)} disagreements; repeat with --seed {seed}", file=sys.stderr)
    return 1 if findings else 0


def _known_roles(seed: int, args: argparse.Namespace) -> list[Finding]:
    """Judge roles of which everything is known, and print the figures."""
    if not args.roles:
        return []
    report = Report()
    quota = -(-args.holes // len(_parts(args.roles)))
    seconds = _run(
        report,
        args.roles,
        args.jobs,
        partial(run_part, seed, per_action=args.per_action, holes=quota, variables=args.variables),
    )
    print(render(report, seconds))
    if args.save:
        args.save.write_text(json.dumps({"undecided": report.undecided, "missed": report.missed}, indent=1), "utf-8")
    return report.findings


def _roles_not_known(
    what: str, seed: int, roles: int, run: Callable[[int, range], SureReport], jobs: int
) -> list[Finding]:
    """Judge roles of which something is not known, and print the figures."""
    report = SureReport()
    seconds = _run(report, roles, jobs, partial(run, seed))
    print(render_not_known(what, report, seconds))
    return report.findings


def _parts(roles: int) -> list[range]:
    return [range(first, min(first + _PART, roles)) for first in range(0, roles, _PART)]


def _run(report: Any, roles: int, jobs: int, part: Callable[[range], Any]) -> float:
    """Run all parts and add them up in the report; how many seconds that took."""
    started = time.perf_counter()
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        waiting = [pool.submit(part, numbers) for numbers in _parts(roles)]
        for done, future in enumerate(as_completed(waiting), 1):
            report.add(future.result())
            if done % 10 == 0:
                print(f"{report.counts['roles']:,} roles, {len(report.findings)} findings", flush=True)
    return time.perf_counter() - started


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


def render_not_known(what: str, report: SureReport, seconds: float) -> str:
    """The figures of a run with roles of which something is not known."""
    lines = [f"{report.counts['roles']:,} roles with {what}, {seconds:.0f} s"]
    lines += [f"  {name:58}{number:>10,}" for name, number in sorted(report.counts.items()) if name != "roles"]
    lines += [f"  {number:>8,}  {name}" for name, number in report.differences.most_common()]
    lines.append("seconds of all processes: " + ", ".join(f"{k} {v:.0f}" for k, v in sorted(report.seconds.items())))
    lines.append(f"{len(report.findings)} disagreements")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
