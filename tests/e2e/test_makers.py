"""Resources that make functions and roles unseen, in the real engine: before anything is deployed, and after."""

from __future__ import annotations

import pytest

from tests.test_makers import OPEN, PROGRAM, UNSEEN

from .engine import Engine, Pack
from .test_examples import found

pytestmark = pytest.mark.e2e


def test_each_maker_is_seen_or_said_not_to_be(engine: Engine, pack: Pack, advisory_pack: Pack) -> None:
    previewed = engine.preview(PROGRAM, [pack]).exited(1)
    assert found(previewed.violations) == OPEN | UNSEEN
    template = next(v for v in previewed.violations if v.urn.endswith("::open-stack"))
    assert "execution role `OrdersRole of template in open-stack`" in template.message
    assert found(engine.up(PROGRAM, [advisory_pack]).exited(0).violations) == OPEN | UNSEEN
    assert found(engine.analyze(engine.export(PROGRAM), [pack]).exited(1).violations) == OPEN | UNSEEN
