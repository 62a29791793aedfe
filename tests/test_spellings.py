"""The ways in which programs name roles and write documents: tests/e2e/programs/spellings, previewed in process."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policy.preview.run import Preview, preview

PROGRAM = Path(__file__).parent / "e2e" / "programs" / "spellings"
LEVEL = {"vpc-lambda-eni-guard": "open", "vpc-lambda-eni-unverified": "later"}


@pytest.fixture(scope="module")
def previewed() -> Preview:
    return preview(PROGRAM, first_preview=True)


def functions(result: Preview) -> dict[str, str]:
    """Each function of the program with its verdict."""
    verdicts = {
        r.urn.rpartition("::")[2]: "closed" for r in result.resources if r.type == "aws:lambda/function:Function"
    }
    for violation in result.violations:
        subject = violation.message.split("\n")[1].partition(" can ")[0]
        for name in re.findall(r"`((?:open|later|closed)-[\w-]+)`", subject):
            verdicts[name] = LEVEL[violation.policy]
    return verdicts


def test_every_function_has_the_verdict_that_its_name_says(previewed: Preview) -> None:
    found = functions(previewed)
    assert len(found) > 20
    assert found == {name: name.partition("-")[0] for name in found}


def test_nothing_else_is_said(previewed: Preview) -> None:
    assert {violation.policy for violation in previewed.violations} == LEVEL.keys()
    assert not any("can't run policy" in violation.message for violation in previewed.violations)


@pytest.mark.slow
def test_with_stand_ins_each_function_has_the_verdict_of_the_deployed_stack() -> None:
    """`later-open-apply` is decided later at a first preview, and open then."""
    found = functions(preview(PROGRAM))
    assert found == {name: name.removeprefix("later-").partition("-")[0] for name in found}
