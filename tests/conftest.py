"""The tests with the real engine are left out where there is no Pulumi CLI, and one line says so."""

from __future__ import annotations

import os
import runpy
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

_BUILD_CLI: Final = Path(__file__).resolve().parent.parent / "scripts" / "build_cli.py"


@cache
def _left_out() -> bool:
    """Whether there is no CLI on a developer's machine. In CI, and where they are asked for, such tests fail instead."""
    required = os.environ.get("CI") == "true" or os.environ.get("ENI_GUARD_E2E") == "required"
    return not required and runpy.run_path(str(_BUILD_CLI))["find"]() is None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out the tests that need the CLI: a skip for each of them would be a page that nobody reads."""
    left_out = [item for item in items if "pulumi" in getattr(item, "fixturenames", ())] if _left_out() else []
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say it once."""
    if _left_out():
        terminalreporter.write_line(
            "The tests with the real engine were left out: there is no Pulumi CLI on PATH or in the cache. `make e2e` "
            "builds one and runs them."
        )
