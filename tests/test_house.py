"""Short pages: no module of policy/ over 400 lines, and no function over 60."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

PACKAGE: Final = Path(__file__).resolve().parent.parent / "policy"
MOST_LINES: Final = 400
MOST_LINES_OF_A_FUNCTION: Final = 60
MODULES: Final = sorted(PACKAGE.rglob("*.py"))


def _too_long(source: str) -> list[str]:
    """The functions with more lines than are allowed, from `def` to the last statement."""
    functions = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return [f.name for f in functions if (f.end_lineno or f.lineno) - f.lineno + 1 > MOST_LINES_OF_A_FUNCTION]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_and_its_functions_are_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MOST_LINES
    assert _too_long(source) == []


def test_a_long_function_is_seen() -> None:
    lines = ["    def inner():", *["        pass"] * MOST_LINES_OF_A_FUNCTION]
    assert _too_long("\n".join(["class A:", *lines])) == ["inner"]
    assert _too_long("\n".join(["class A:", *lines[:-1]])) == []
