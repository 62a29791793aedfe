"""A representative of each kind of user of a role, and of a bridged provider of Terraform's, in the real engine."""

from __future__ import annotations

import pytest

from .engine import E2E, Engine, Pack
from .test_examples import GUARD, UNVERIFIED, found

pytestmark = pytest.mark.e2e

USERS = E2E / "programs" / "users"


def test_every_kind_of_user(engine: Engine, pack: Pack, advisory_pack: Pack) -> None:
    open_to_code = ("shared-eni", "microvm-eni", "image-build-eni", "managed-role-eni", "bridged-eni")
    not_certain = ("microvm-guarded", "web-guarded")
    expected = {*((GUARD, name) for name in open_to_code), *((UNVERIFIED, name) for name in not_certain)}
    previewed = engine.preview(USERS, [pack]).exited(1)
    assert found(previewed.violations) == expected
    told = {violation.urn.rpartition("::")[2]: violation.message for violation in previewed.violations}
    assert "MicroVM `beside-fleet`" in told["shared-eni"]
    assert "give capacity provider `fleet` a role of its own" in told["shared-eni"]
    assert "its build role `image-build`" in told["image-build-eni"]
    assert "web function `web`" in told["web-guarded"]
    assert "function `bridged-function`" in told["bridged-eni"]

    assert found(engine.up(USERS, [advisory_pack]).exited(0).violations) == expected
    assert found(engine.analyze(engine.export(USERS), [pack]).exited(1).violations) == expected
