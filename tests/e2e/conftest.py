"""Where the end-to-end tests get the CLI, an engine of their own, and the pack."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .engine import ROOT, Engine, Pack


@pytest.fixture(scope="session")
def pulumi() -> Path:
    """The CLI. Without one these tests fail; on a developer's machine tests/conftest.py leaves them out before."""
    finder = [sys.executable, str(ROOT / "scripts" / "build_cli.py"), "--find"]
    found = subprocess.run(finder, capture_output=True, text=True)
    if found.returncode:
        pytest.fail(found.stderr.strip())
    return Path(found.stdout.splitlines()[-1])


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
