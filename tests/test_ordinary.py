"""Ordinary programs in process: an open role is never only advisory, and docs/coverage.md says what is pinned."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policy.preview.run import preview
from tests import ordinary
from tests.ordinary import PROGRAM, ROWS

ROOT = Path(__file__).resolve().parent.parent
HEADER = (
    "| ordinary program | row | open: in process | first preview | after the update "
    "| guarded: in process | first preview | after the update |"
)


@pytest.mark.slow
@pytest.mark.parametrize("guarded", [False, True], ids=["open", "guarded"])
@pytest.mark.parametrize("name", ROWS)
def test_what_is_said_in_process(name: str, guarded: bool) -> None:
    told = preview(PROGRAM, config=ordinary.config(name, guarded=guarded))
    assert ordinary.verdict(told.violations) == ROWS[name].said(guarded=guarded).in_process


@pytest.mark.parametrize("name", ROWS)
def test_in_process_every_open_role_is_stopped_and_every_guarded_one_passes(name: str) -> None:
    """What is pinned above is what somebody wants who has no engine at hand, and the stack's future."""
    for said, word in ((ROWS[name].open, "stopped"), (ROWS[name].guarded, "passes")):
        assert ordinary.in_a_word(said.in_process) == word
        assert said.in_process == said.deployed


def test_with_the_option_a_guard_that_nobody_sees_yet_does_not_stop_a_first_preview() -> None:
    config = ordinary.config("managed_and_guard_with_queue", guarded=True)
    asked = {policy: {"unknown_documents": "may guard"} for policy in (ordinary.GUARD, ordinary.UNVERIFIED)}
    told = preview(PROGRAM, config=config, policy_pack_config=asked, first_preview=True)
    assert {violation[:2] for violation in ordinary.verdict(told.violations)} == {(ordinary.UNVERIFIED, "advisory")}


def test_every_program_is_a_row() -> None:
    source = (PROGRAM / "__main__.py").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^def (\w+)\(\) -> None:", source) == list(ROWS)


def test_the_table_says_what_is_pinned() -> None:
    text = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    table = text.partition(f"{HEADER}\n|---")[2].partition("\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.strip().splitlines()]
    assert {name.strip("`"): cells for _, name, *cells in rows} == {name: row.cells() for name, row in ROWS.items()}
