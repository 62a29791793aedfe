#!/usr/bin/env python3
"""The pre-commit hook: previews the Pulumi Python programs that the given files belong to.

    scripts/pre_commit.py FILE...

It runs with the Python that is active, which has what the programs need, and pulumi and pulumi-policy. It exits with 1 where
a preview is stopped, and with 2 where one cannot be made.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def programs(files: Sequence[str]) -> Iterator[Path]:
    """The folders above the files with a Pulumi.yaml whose runtime is Python, each once."""
    seen: set[Path] = set()
    for file in files:
        folder = next((above for above in Path(file).absolute().parents if (above / "Pulumi.yaml").is_file()), None)
        if folder is None or folder in seen:
            continue
        seen.add(folder)
        if "python" in (folder / "Pulumi.yaml").read_text(encoding="utf-8", errors="replace"):
            yield folder


def main(files: Sequence[str]) -> int:
    """Preview them all; gives the highest exit status."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "policy", "preview"]
    statuses = [
        subprocess.run([*command, str(folder)], env={**os.environ, "PYTHONPATH": path}).returncode
        for folder in programs(files)
    ]
    return max(statuses, default=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
