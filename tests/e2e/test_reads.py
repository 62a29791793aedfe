"""Roles that a stack only reads: what it puts on them itself is its own hole, and two reads of one role are one role."""

from __future__ import annotations

import pytest

from .engine import E2E, Engine, Pack
from .test_examples import GUARD, found

pytestmark = pytest.mark.e2e

READS = E2E / "programs" / "reads"


def test_a_policy_on_a_role_that_is_read_twice(engine: Engine, pack: Pack, advisory_pack: Pack) -> None:
    engine.up(READS, stack="base").exited(0)
    previewed = engine.preview(READS, [pack]).exited(1)
    assert found(previewed.violations) == {(GUARD, "vpc")}
    (violation,) = previewed.violations
    assert "functions `f1` and `f2`" in violation.message
    engine.up(READS, [advisory_pack]).exited(0)
    assert found(engine.analyze(engine.export(READS), [pack]).exited(1).violations) >= {(GUARD, "vpc")}
