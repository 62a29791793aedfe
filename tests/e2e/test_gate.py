"""Where the gate is: a preview stops a deployment; without one, the violation comes too late."""

from __future__ import annotations

import pytest

from .engine import ROOT, Engine, Pack

pytestmark = pytest.mark.e2e

UNGUARDED = ROOT / "examples" / "unguarded-inline-policy"


def test_up_is_stopped_by_its_preview(engine: Engine, pack: Pack) -> None:
    engine.up(UNGUARDED, [pack]).exited(1)
    assert engine.state(UNGUARDED) == {}


def test_up_without_its_preview_deploys_and_then_fails(engine: Engine, pack: Pack) -> None:
    result = engine.up(UNGUARDED, [pack], options=["--skip-preview"])
    assert result.exit_code != 0
    assert [violation.policy for violation in result.violations] == ["vpc-lambda-eni-guard"]
    assert "orders" in engine.state(UNGUARDED)
