"""A whole preview by the real CLI of a made-up program of 1,000 and 3,000 resources, with each pack and without one.

The CPU of each of its processes is shown against a preview without a pack and with the no-op pack.
"""

from __future__ import annotations

import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.engine import Engine, Pack

from .analyzer import BARE, BEFORE, NOOP, ROOT, awsguard
from .measure import Row, compare, in_turn
from .process import PolicyPack
from .watch import PROCESSES, Watch

# Resources: rounds, and rounds of a quick run.
_SIZES = {1_000: (3, 1), 3_000: (3, 0)}
_PROGRAM = '''"""Made by bench/preview.py: a queue or bucket in each place but every twentieth, which is IAM or Lambda."""

import json

import pulumi_aws as aws

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
role = None
for number in range(COUNT):
    name = f"resource-{number}"
    tags = {"Name": name, "team": f"team-{number % 7}", "cost": "shop"}
    place = number % 60
    if place == 0:
        role = aws.iam.Role(name, assume_role_policy=TRUST)
    elif place == 20:
        aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=MANAGED)
    elif place == 40:
        aws.lambda_.Function(name, role=role.arn, runtime="python3.12", handler="a.b", s3_bucket="code", s3_key=name)
    elif number % 2:
        aws.sqs.Queue(name, message_retention_seconds=345600, tags=tags)
    else:
        aws.cloudwatch.LogGroup(name, retention_in_days=30, tags=tags)
'''


def _cli() -> Path | None:
    finder = [sys.executable, str(ROOT / "scripts" / "build_cli.py"), "--find"]
    found = subprocess.run(finder, capture_output=True, text=True, check=False)
    return Path(found.stdout.splitlines()[-1]) if found.returncode == 0 else None


def _with_node(folder: Path, pack: PolicyPack) -> None:
    """What the CLI starts for a Node.js pack where it has no language host: `<engine> . -<option>=<value> ...`."""
    command = " ".join(shlex.quote(part) for part in pack.command)
    script = folder / "bin" / "pulumi-analyzer-policy-nodejs"
    script.write_text(f'#!/bin/sh\nexec {command} "$1" "$2"\n', encoding="utf-8")
    script.chmod(0o755)


def measured(*, quick: bool) -> list[Row]:
    """The rows of this part; none where there is no CLI (`make cli` builds one)."""
    cli = _cli()
    if cli is None:
        print("Preview is left out: there is no Pulumi CLI; `make cli` builds one", file=sys.stderr)
        return []
    rows = []
    for size, (rounds, quick_rounds) in _SIZES.items():
        count = quick_rounds if quick else rounds
        if count:
            with tempfile.TemporaryDirectory() as name:
                rows += _of(size, count, cli, Path(name))
    return rows


def _of(size: int, rounds: int, cli: Path, folder: Path) -> list[Row]:
    program = folder / "program"
    program.mkdir()
    (program / "Pulumi.yaml").write_text("name: bench\nruntime: python\n", encoding="utf-8")
    (program / "__main__.py").write_text(_PROGRAM.replace("COUNT", str(size)), encoding="utf-8")
    engine = Engine(folder / "engine", cli, timeout=1_800)
    packs: dict[str, list[Pack]] = {
        "no pack": [],
        "no-op": [Pack(NOOP.folder)],
        "this pack": [Pack(ROOT)],
        "before": [Pack(BEFORE.folder)],
        "bare server": [Pack(BARE.folder)],
    }
    node_pack = awsguard()
    if node_pack:
        _with_node(folder / "engine", node_pack)
        packs["AWSGuard"] = [Pack(node_pack.folder)]

    def preview(chosen: list[Pack]) -> dict[str, float]:
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        with Watch() as watch:
            result = engine.preview(program, chosen).exited(0)
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        assert sum(result.changes.values()) > size
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"time": wall, "CPU": cpu, **watch.cpu}

    def taking(chosen: list[Pack]) -> Callable[[], dict[str, float]]:
        return lambda: preview(chosen)

    found = in_turn(rounds, {key: taking(chosen) for key, chosen in packs.items()})
    ours = found.pop("this pack")
    targets = {"no-op": 1.0, "AWSGuard": 1.0}
    whole = [
        compare("Preview", f"{figure}, {size:,} resources, {key}", ours[figure], theirs[figure], unit="s",
                target=targets.get(key))
        for key, theirs in found.items()
        for figure in ("time", "CPU")
    ]  # fmt: skip
    parts = [
        compare("Preview", f"CPU of the {process}, {size:,} resources, {key}", ours[process], theirs[process], unit="s")
        for key, theirs in found.items()
        for process in PROCESSES
        if key in ("no pack", "no-op") and all(theirs[process])
    ]
    return whole + parts
