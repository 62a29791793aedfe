"""Each example says the same wherever the pack runs: in process, in the engine, and on a deployed state."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from policy.preview.run import Violation as PreviewViolation
from policy.preview.run import preview

from .engine import ROOT, Engine, Pack, Violation

pytestmark = pytest.mark.e2e

EXAMPLES = ROOT / "examples"

GUARD = "vpc-lambda-eni-guard"
UNVERIFIED = "vpc-lambda-eni-unverified"


Verdict = frozenset[tuple[str, str]]

# Which policies an example violates, and on which of its resources. One with a violation is stopped.
EXPECTED: dict[str, Verdict] = {
    "guarded-deny-statement": frozenset(),
    "guarded-null-condition": frozenset(),
    "half-right": frozenset({(GUARD, "finance-role-vpc-access")}),
    "unguarded-inline-policy": frozenset({(GUARD, "orders-eni")}),
    "unguarded-managed-policy": frozenset({(GUARD, "orders-vpc-access")}),
}


def found(violations: Iterable[Violation]) -> Verdict:
    """The violations as policy and resource name."""
    return frozenset((violation.policy, violation.urn.rpartition("::")[2]) for violation in violations)


def comparable(violations: Iterable[Violation | PreviewViolation]) -> list[tuple[str, str, str, str]]:
    """The violations as both previews report them, whatever digits the providers put at the end of names."""
    return sorted(
        (each.policy, each.enforcement, each.urn, re.sub(r"-[0-9a-f]{7}\b", "-xxxxxxx", each.message.rstrip("\n")))
        for each in violations
    )


def test_every_example_is_expected_to_say_something() -> None:
    assert {folder.parent.name for folder in EXAMPLES.glob("*/Pulumi.yaml")} == EXPECTED.keys()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_example_says_the_same_everywhere(name: str, engine: Engine, pack: Pack, advisory_pack: Pack) -> None:
    example, expected = EXAMPLES / name, EXPECTED[name]
    exit_code = 1 if expected else 0

    previewed = engine.preview(example, [pack]).exited(exit_code)
    assert found(previewed.violations) == expected
    assert "can't run policy" not in previewed.stdout
    told = preview(example, first_preview=True)
    assert comparable(previewed.violations) == comparable(told.violations)

    deployed = engine.up(example, [advisory_pack]).exited(0)
    assert found(deployed.violations) == expected

    analysed = engine.analyze(engine.export(example), [pack]).exited(exit_code)
    assert found(analysed.violations) == expected


def test_a_guard_that_is_unknown_at_preview_is_judged_by_the_update(engine: Engine, pack: Pack) -> None:
    """A Deny that names the function's ARN, as AWS's guide does: its document is unknown until the function exists."""
    program = ROOT / "tests" / "e2e" / "programs" / "guarded-deny-function-arn"
    previewed = engine.preview(program, [pack]).exited(0)
    assert found(previewed.violations) == {(UNVERIFIED, "orders-role")}
    assert found(engine.up(program, [pack]).exited(0).violations) == frozenset()


def test_a_stopped_example_is_not_deployed(engine: Engine, pack: Pack) -> None:
    example = EXAMPLES / "unguarded-inline-policy"
    update = engine.up(example, [pack]).exited(1)
    assert found(update.violations) == EXPECTED["unguarded-inline-policy"]
    assert engine.state(example) == {}


def test_a_guard_added_to_a_deployed_stack_passes(engine: Engine, pack: Pack, tmp_path: Path) -> None:
    """The role's state still echoes the unguarded policy, as refreshed, while the update that guards it is judged."""
    unguarded = EXAMPLES / "unguarded-inline-policy"
    engine.up(unguarded).exited(0)
    engine.refresh(unguarded).exited(0)
    guarded = tmp_path / "guarded"
    guarded.mkdir()
    (guarded / "Pulumi.yaml").write_bytes((unguarded / "Pulumi.yaml").read_bytes())
    (guarded / "__main__.py").write_bytes((EXAMPLES / "guarded-null-condition" / "__main__.py").read_bytes())
    assert found(engine.up(guarded, [pack]).exited(0).violations) == frozenset()
