"""Ordinary programs in the real engine, at the first preview and after the update."""

from __future__ import annotations

import pytest

from policy.preview.run import preview
from tests import ordinary
from tests.ordinary import PROGRAM, ROWS

from .engine import Engine, Pack
from .test_examples import comparable, found

pytestmark = pytest.mark.e2e


def options(name: str, *, guarded: bool) -> list[str]:
    """What takes one program, for a command."""
    pairs = ordinary.config(name, guarded=guarded).items()
    return [option for key, value in pairs for option in ("--config", f"{key}={value}")]


@pytest.mark.parametrize("guarded", [False, True], ids=["open", "guarded"])
@pytest.mark.parametrize("name", ROWS)
def test_what_is_said_before_and_after_the_update(
    name: str, guarded: bool, engine: Engine, pack: Pack, advisory_pack: Pack
) -> None:
    said, config = ROWS[name].said(guarded=guarded), ordinary.config(name, guarded=guarded)

    first = engine.preview(PROGRAM, [pack], options=options(name, guarded=guarded))
    assert ordinary.verdict(first.violations) == said.first_preview
    assert first.exit_code == (1 if ordinary.in_a_word(said.first_preview) == "stopped" else 0)
    assert comparable(first.violations) == comparable(preview(PROGRAM, config=config, first_preview=True).violations)

    passes = first.exit_code == 0 and not said.deployed
    updated = engine.up(PROGRAM, [pack if passes else advisory_pack], options=options(name, guarded=guarded)).exited(0)
    assert found(updated.violations) == {(policy, resource) for policy, _, resource in said.deployed}
    if not passes:
        analysed = engine.analyze(engine.export(PROGRAM), [pack])
        assert ordinary.verdict(analysed.violations) == said.deployed


def test_a_hole_that_the_first_preview_cannot_know_fails_the_update_after_it(engine: Engine, pack: Pack) -> None:
    """Then it is deployed: the reason to preview in process, where the same program is stopped."""
    updated = engine.up(PROGRAM, [pack], options=options("queue", guarded=False)).exited(1)
    assert ordinary.verdict(updated.violations) == ROWS["queue"].open.deployed
    assert "orders" in engine.state(PROGRAM)


def test_a_guard_that_turns_out_to_be_none_stops_the_update_at_its_policy(engine: Engine, pack: Pack) -> None:
    """One resource proves it, so the update ends before that resource; what came before it stays."""
    updated = engine.up(PROGRAM, [pack], options=options("function_arn", guarded=False)).exited(1)
    assert found(updated.violations) == {(ordinary.DEAD_GUARD, "orders-guard")}
    assert "orders-guard" not in engine.state(PROGRAM)
    assert "orders" in engine.state(PROGRAM)
