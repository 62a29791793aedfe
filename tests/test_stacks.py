"""Random stacks: what the pack is sure of at a preview holds, however the stack turns out."""

from __future__ import annotations

import pytest

from tests.stacks import generate
from tests.stacks.run import Runner, run_part

SEED = 20261127
# The quick suite's share, and all that CI tries.
QUICK, ALL = 150, 5_000


def test_a_sample_of_stacks_holds() -> None:
    report = run_part(SEED, range(QUICK))
    assert [str(finding) for finding in report.findings] == []
    assert report.counts["  told"] > QUICK / 10
    assert report.counts["  silent"] > QUICK / 10


@pytest.mark.slow
@pytest.mark.parametrize("first", range(QUICK, ALL, 970))
def test_every_stack_holds(first: int) -> None:
    report = run_part(SEED, range(first, min(first + 970, ALL)))
    assert [str(finding) for finding in report.findings] == []


def test_a_stack_is_the_same_for_the_same_seed() -> None:
    assert generate.program(7, 3) == generate.program(7, 3) != generate.program(7, 4)
    first, again = Runner(7), Runner(7)
    for runner in (first, again):
        runner.stack(3)
    assert first.report.counts == again.report.counts
