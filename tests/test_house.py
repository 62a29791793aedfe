"""Short pages: no module of policy/ over 400 lines, and no function over 60. One version of the CLI in all of the docs."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = ROOT / "policy"
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


def test_the_docs_name_the_version_of_the_cli_that_is_built() -> None:
    built = runpy.run_path(str(ROOT / "scripts" / "build_cli.py"))["VERSION"]
    pages = {page.name: page.read_text(encoding="utf-8") for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))}
    named = {name: set(re.findall(r"(?:CLI|Pulumi)[^\n]{0,20}?\bv(3\.\d+\.\d+)", text)) for name, text in pages.items()}
    assert any(named.values())
    assert {name: versions for name, versions in named.items() if versions - {built.removeprefix("v")}} == {}
