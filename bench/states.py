"""What a survey costs: many stacks by all cores, and one very large one; beside `pulumi policy analyze` stack by stack."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from organization import GUARD, VPC_ACCESS, Stack  # noqa: E402

_RELEVANT = 20


def stack(number: int, resources: int) -> Stack:
    """A stack of so many resources, of which 5 % matter: a role, what is on it, and functions."""
    made = Stack(f"service-{number}", "prod", "111111111111")
    groups = max(resources // _RELEVANT // 5, 1)
    for group in range(groups):
        arn = made.role(f"role-{number}-{group}")
        made.attach(f"role-{number}-{group}", f"vpc-access-{group}", VPC_ACCESS)
        if number % 10:
            made.policy(f"role-{number}-{group}", f"guard-{group}", GUARD)
        for i in range(2):
            made.function(f"handler-{group}-{i}", arn)
    for i in range(resources - len(made.resources)):
        inputs = {"bucket": f"bucket-{number}-{i}", "tags": {"team": "shop", "cost": "42"}, "forceDestroy": False}
        outputs = {"arn": f"arn:aws:s3:::bucket-{number}-{i}", "region": "eu-west-1", "versioning": {"enabled": False}}
        made.add("aws:s3/bucket:Bucket", f"bucket-{i}", inputs, outputs, propertyDependencies={"bucket": []})
    return made


def written(folder: Path, stacks: int, resources: int) -> list[Path]:
    """So many stacks as files."""
    files = []
    for number in range(stacks):
        files.append(folder / f"{number}.json")
        files[-1].write_text(json.dumps(stack(number, resources).export()), encoding="utf-8")
    return files


def survey(folder: Path, jobs: int = 2) -> tuple[float, float, float]:
    """Seconds on the clock, seconds of CPU, and MiB at the peak of the largest process, of one run of the command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    command = [sys.executable, "-m", "policy", "survey", str(folder), "--jobs", str(jobs), "--fail-on", "never"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - start, cpu, after.ru_maxrss / 1024


def main() -> None:
    """Print a line for each size."""
    for stacks, resources in ((250, 300), (500, 300), (1000, 300), (1, 100_000)):
        with tempfile.TemporaryDirectory() as folder:
            written(Path(folder), stacks, resources)
            clock, cpu, peak = survey(Path(folder))
            print(f"{stacks:,} stacks of {resources:,}: {clock:.1f} s, CPU {cpu:.1f} s, largest process {peak:.0f} MiB")


if __name__ == "__main__":
    main()
