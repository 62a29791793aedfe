"""The pack's own process over gRPC, against a pack that does nothing and against AWSGuard."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pulumi_policy import ResourceValidationPolicy

from policy.pack.policies import policies

from .measure import Row, compare, in_turn
from .process import PolicyPack, cache, node, run
from .stack import messages

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OURS = PolicyPack("this pack", ROOT)
NOOP = PolicyPack("no-op", HERE / "noop")
BARE = PolicyPack("bare server", HERE / "bare")
BEFORE = PolicyPack("before", HERE / "changes" / "without_shortcut")
# Resources: rounds, and rounds of a quick run.
_SIZES = {1_000: (5, 2), 10_000: (5, 0), 50_000: (2, 0)}
# `pulumi-analyzer-policy` of the CLI runs this module of the pack's own node_modules.
_RUN_NODE = "node_modules/@pulumi/pulumi/cmd/run-policy-pack/index.js"


def awsguard() -> PolicyPack | None:
    """AWSGuard, installed with npm into a cache; None where there is no npm."""
    program = node()
    if program is None:
        return None
    folder = cache() / "awsguard-0.3.1"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "index.js", "PulumiPolicy.yaml"):
        shutil.copy(HERE / "awsguard" / name, folder)
    if not (folder / _RUN_NODE).is_file():
        npm = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        if subprocess.run(npm, cwd=folder, capture_output=True, check=False).returncode:
            print("AWSGuard is left out: npm cannot install it", file=sys.stderr)
            return None
    return PolicyPack("AWSGuard", folder, (program, str(folder / _RUN_NODE)))


def same_kinds() -> None:
    """Raises RuntimeError unless the no-op pack has as many policies of the same kinds."""
    ours = [isinstance(policy, ResourceValidationPolicy) for policy in policies()]
    if (sum(ours), len(ours)) != (1, 5):
        raise RuntimeError(f"bench/noop has 1 resource and 4 stack policies, the pack has {sum(ours)} of {len(ours)}")


def measured(*, quick: bool) -> list[Row]:
    """The rows of this part."""
    same_kinds()
    node_pack = awsguard()
    rows = _start(node_pack, 5 if quick else 15)
    for size, (rounds, quick_rounds) in _SIZES.items():
        count = quick_rounds if quick else rounds
        if count:
            rows += _stack(size, count, node_pack)
    return rows


def _measures(packs: list[PolicyPack], size: int) -> dict[str, Callable[[], dict[str, float]]]:
    found = messages(size) if size else None
    return {pack.name: partial(run, pack, found) for pack in packs}


def _start(node_pack: PolicyPack | None, rounds: int) -> list[Row]:
    packs = [OURS, NOOP, *([node_pack] if node_pack else [])]
    run(OURS, None)  # compiles
    found = in_turn(rounds, _measures(packs, 0))
    ours = found[OURS.name]
    rows = [
        compare("Analyzer", "start to port, no-op", ours["start"], found[NOOP.name]["start"], unit="s", target=1.10),
        compare("Analyzer", "CPU until port, no-op", ours["start cpu"], found[NOOP.name]["start cpu"], unit="s"),
    ]
    if node_pack:
        theirs = found[node_pack.name]["start"]
        rows.append(compare("Analyzer", "start to port, AWSGuard", ours["start"], theirs, unit="s", target=1.0))
    return rows


def _stack(size: int, rounds: int, node_pack: PolicyPack | None) -> list[Row]:
    # The others show what they have to show at less.
    others = {1_000: [BARE, *([node_pack] if node_pack else [])], 10_000: [BARE, BEFORE]}.get(size, [])
    found = in_turn(rounds, _measures([OURS, NOOP, *others], size))
    ours, noop = found[OURS.name], found[NOOP.name]
    if not ours["violations"][0] or noop["violations"][0]:
        raise RuntimeError("the stack must have violations for this pack, and none for the no-op pack")
    what = f"{size:,} resources"
    large = size > 1_000
    rows = [
        compare(
            "Analyzer",
            f"{name}, {what}, no-op",
            ours[figure],
            noop[figure],
            unit=unit,
            target=target if large else None,
        )
        for name, figure, unit, target in (
            ("CPU", "cpu", "s", 0.45),
            ("peak memory", "peak", "MiB", 0.50),
            ("CPU of AnalyzeStack", "stack cpu", "s", 0.15),
        )
    ]
    for other in others:
        theirs = found[other.name]
        limits = {BARE.name: 1.25 if large else None, "AWSGuard": 1.0}
        rows.append(
            compare("Analyzer", f"CPU, {what}, {other.name}", ours["cpu"], theirs["cpu"], unit="s",
                    target=limits.get(other.name))
        )  # fmt: skip
        rows.append(compare("Analyzer", f"peak memory, {what}, {other.name}", ours["peak"], theirs["peak"], unit="MiB"))
    return rows
