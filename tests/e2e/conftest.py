"""Where the end-to-end tests get the CLI, an engine of their own, and the pack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .engine import ROOT, Engine, Pack


@pytest.fixture(scope="session")
def pulumi() -> Path:
    """The CLI. Without one the tests are skipped on a developer's machine, and fail where they are there to be run."""
    finder = [sys.executable, str(ROOT / "scripts" / "build_cli.py"), "--find"]
    found = subprocess.run(finder, capture_output=True, text=True)
    if found.returncode == 0:
        return Path(found.stdout.splitlines()[-1])
    if os.environ.get("CI") == "true" or os.environ.get("ENI_GUARD_E2E") == "required":
        pytest.fail(found.stderr.strip())
    pytest.skip(found.stderr.strip())


@pytest.fixture
def engine(tmp_path: Path, pulumi: Path) -> Engine:
    """An engine with no stacks and an empty account."""
    return Engine(tmp_path / "engine", pulumi)


@pytest.fixture
def pack() -> Pack:
    """The pack of this repository as it is delivered."""
    return Pack(ROOT)


@pytest.fixture
def advisory_pack(tmp_path: Path) -> Pack:
    """The same pack where it reports and stops nothing."""
    config = tmp_path / "advisory.json"
    config.write_text(json.dumps({"all": "advisory"}), encoding="utf-8")
    return Pack(ROOT, config)
