"""Updates: a role's state echoes what was on it when it was last read, and must not stop the update that mends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .engine import E2E, Engine, Pack
from .test_examples import GUARD, UNVERIFIED, found

pytestmark = pytest.mark.e2e

PROGRAM = E2E / "programs" / "updates"
MENDED = ["--config", "updates:mended=true"]
OUTSIDE = ["--config", "updates:outside=true"]
HOLES = frozenset((GUARD, name) for name in ("guarded-eni", "native-eni", "replaced-vpc-access", "deleted-eni"))


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::updates::{kind}::{name}"


def test_the_update_that_mends_a_stack_passes(engine: Engine, pack: Pack, advisory_pack: Pack) -> None:
    assert found(engine.up(PROGRAM, [advisory_pack]).exited(0).violations) == HOLES
    engine.refresh(PROGRAM).exited(0)
    state = engine.state(PROGRAM)
    assert [each["name"] for each in state["guarded"]["outputs"]["inlinePolicies"]], "the echo of the unguarded policy"
    assert len(state["replaced"]["outputs"]["managedPolicyArns"]) == 1
    assert len(state["native"]["outputs"]["policies"]) == 1
    assert found(engine.preview(PROGRAM, [pack]).exited(1).violations) == HOLES

    # A targeted update mends one; the others are judged as they are. Of a new resource that is no target the engine
    # tells the name only: what it will say is not known.
    target = ["--target", urn("aws:iam/rolePolicy:RolePolicy", "guarded-eni")]
    targeted = engine.preview(PROGRAM, [pack], options=[*MENDED, *target]).exited(1)
    assert found(targeted.violations) == {(GUARD, "native-eni"), (GUARD, "deleted-eni"), (UNVERIFIED, "replaced")}

    # The state of `replaced` still lists the policy that this very update detaches: worth a word, and no reason to stop.
    stale = frozenset({(UNVERIFIED, "replaced")})
    previewed = engine.preview(PROGRAM, [pack], options=MENDED).exited(0)
    updated = engine.up(PROGRAM, [pack], options=MENDED).exited(0)
    for result in (previewed, updated):
        assert found(result.violations) == stale
        assert {violation.enforcement for violation in result.violations} == {"advisory"}
        assert "run `pulumi refresh`" in result.violations[0].message
    assert updated.changes["delete"] == 4

    engine.refresh(PROGRAM).exited(0)
    assert found(engine.preview(PROGRAM, [pack], options=MENDED).exited(0).violations) == frozenset()
    assert found(engine.analyze(engine.export(PROGRAM), [pack]).exited(0).violations) == frozenset()


def test_what_is_attached_from_outside_is_unverified_after_a_refresh(
    engine: Engine, pack: Pack, tmp_path: Path
) -> None:
    engine.up(PROGRAM, [pack], options=MENDED).exited(0)
    engine.up(PROGRAM, options=OUTSIDE, stack="outside").exited(0)
    engine.refresh(PROGRAM).exited(0)
    (violation,) = engine.up(PROGRAM, [pack], options=MENDED).exited(0).violations
    assert (violation.policy, violation.enforcement) == (UNVERIFIED, "advisory")
    assert violation.urn.endswith("::known")
    assert "AWSLambdaVPCAccessExecutionRole" in violation.message
    assert "pulumi refresh" in violation.message

    # Without the resource check nobody knows what is declared: still never mandatory.
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"lambda-role-eni-guard": "disabled"}), encoding="utf-8")
    unseen = engine.preview(PROGRAM, [Pack(pack.folder, file)], options=MENDED).exited(0)
    assert (UNVERIFIED, "known") in found(unseen.violations)
    assert {violation.enforcement for violation in unseen.violations} == {"advisory"}
