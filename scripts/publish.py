"""Publishes the policy pack to Pulumi Cloud, or writes what would be published into a folder.

    python scripts/publish.py [ORG]
    python scripts/publish.py --stage FOLDER

With --lookup the pack brings boto3 along, for the option `lookup`. A `lambda-eni-guard.json` in the repository's folder goes
along: it is what the pack is configured with where nothing else says so.

`pulumi policy publish` uploads the folder that it is run in, whole but for what .gitignore files name. So the pack is
put together in a temporary folder first: what the pack needs to run, its README, the pages that violations
lead to, and its licence. Each version is published once: set `version` in PulumiPolicy.yaml before.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from policy.pack.default_file import read_default_file  # noqa: E402
from policy.shared import names  # noqa: E402

# All of policy/ but the stand-in for the engine and the commands.
ROOMS = ("shared", "iam", "stack", "outside", "verdict", "pack")
DATA = ROOT / "policy" / "data"
LOOKUP = ROOT / "requirements-lookup.txt"
# The pack's own configuration, if it has one.
CONFIGURATION = ROOT / names.CONFIGURATION_FILE
BESIDE = ("PulumiPolicy.yaml", "__main__.py", "requirements.txt", "README.md", "LICENSE")
# The pages that violations lead to, and what they refer to.
PAGES = (
    "docs/policies.md", "docs/configuration.md", "docs/configuration.json", "docs/limits.md", "docs/beyond-the-stack.md",
    "docs/lookup-permissions.json", "docs/scps.json", "docs/eni-guard-scp.json",
)  # fmt: skip


def needed() -> list[Path]:
    """The files of the pack: those beside it, the pages, its rooms, and the data that they read."""
    rooms = [path for room in ROOMS for path in sorted((ROOT / "policy" / room).rglob("*.py"))]
    return [
        *(ROOT / name for name in (*BESIDE, *PAGES)),
        *([CONFIGURATION] if CONFIGURATION.is_file() else []),
        ROOT / "policy" / "__init__.py",
        *rooms,
        *sorted(DATA.glob("*.json")),
    ]


def stage(folder: Path, *, lookup: bool = False) -> None:
    """Write the pack into `folder`, which must be empty or not there; with `lookup` its requirements have boto3."""
    if folder.exists() and any(folder.iterdir()):
        sys.exit(f"{folder} is not empty")
    if problems := read_default_file(ROOT).problems:
        sys.exit(f"{CONFIGURATION}: {'; '.join(problems)}")
    for file in needed():
        target = folder / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    if lookup:
        with (folder / "requirements.txt").open("a", encoding="utf-8") as requirements:
            requirements.write(LOOKUP.read_text(encoding="utf-8"))


def publish(organization: str | None, *, lookup: bool = False) -> int:
    """Run `pulumi policy publish` on a staged pack; gives its exit status."""
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        sys.exit("There is no `pulumi` on PATH: publishing needs an installed Pulumi CLI that is logged in.")
    if sys.prefix == sys.base_prefix:
        sys.exit("This Python is no virtual environment with the pack's requirements: use `make publish`.")
    with tempfile.TemporaryDirectory(prefix="lambda-eni-guard-") as temporary:
        folder = Path(temporary) / "pack"
        stage(folder, lookup=lookup)
        # The CLI starts the pack to ask for its policies, with the environment that PulumiPolicy.yaml names. It reads
        # the .gitignore files above the folder too, so none has to be in it.
        (folder / "venv").symlink_to(sys.prefix, target_is_directory=True)
        (Path(temporary) / ".gitignore").write_text("venv\n__pycache__/\n", encoding="utf-8")
        command = [pulumi, "policy", "publish", *([organization] if organization else [])]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, cwd=folder, env=environment).returncode


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("organization", nargs="?", metavar="ORG", help="Pulumi organization (default: the CLI's)")
    parser.add_argument("--stage", type=Path, metavar="FOLDER", help="write the files there and publish nothing")
    parser.add_argument("--lookup", action="store_true", help="with boto3 among the requirements of the pack")
    args = parser.parse_args()
    if args.stage:
        stage(args.stage, lookup=args.lookup)
        return 0
    return publish(args.organization, lookup=args.lookup)


if __name__ == "__main__":
    sys.exit(main())
