"""Runs the tests with the oldest versions that the requirements allow, in an environment of their own.

    [python3.10] scripts/compatibility.py [PYTEST ARGUMENT ...]

requirements.txt says what the pack runs with, the other two with which providers it is tested: of all of them,
the lower end of each range `name>=version` that is on a pulumi package. Everything else is as new as it may be. The tests
with the real engine are left out: what the CLI hands over does not depend on these versions.

The environment is temporary: installing it takes one to five minutes, most of it pulumi-aws; then the suite runs.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements.txt", "requirements-examples.txt", "requirements-dev.txt")


def oldest() -> list[str]:
    """The lower ends, as pip constraints: `pulumi==3.204`."""
    text = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in REQUIREMENTS)
    return [f"{name}=={version}" for name, version in re.findall(r"(?m)^(pulumi[\w-]*)>=([\w.]+)", text)]


def main() -> int:
    """The command: gives the exit status of pytest."""
    with tempfile.TemporaryDirectory(prefix="lambda-eni-guard-") as temporary:
        folder = Path(temporary)
        constraints = folder / "oldest.txt"
        constraints.write_text("\n".join(oldest()) + "\n", encoding="utf-8")
        print(f"Python {sys.version.split()[0]} with {', '.join(oldest())}", flush=True)
        started = time.monotonic()
        venv.create(folder / "venv", with_pip=True)
        python = str(folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", str(constraints), "-r", "requirements-dev.txt"], cwd=ROOT, check=True)
        print(f"installed in {time.monotonic() - started:.0f} s", flush=True)
        started = time.monotonic()
        tests = [python, "-m", "pytest", "--quiet", "--ignore=tests/e2e", "-p", "no:cacheprovider", *sys.argv[1:]]
        status = subprocess.run(tests, cwd=ROOT).returncode
        print(f"tested in {time.monotonic() - started:.0f} s", flush=True)
        return status


if __name__ == "__main__":
    sys.exit(main())
