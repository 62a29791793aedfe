"""Programs with the real classes of what makes functions and roles unseen, through the preview in this process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import pytest

from policy.preview.run import Preview, preview
from policy.shared.names import GUARD, UNVERIFIED

PROGRAM: Final = Path(__file__).resolve().parent / "e2e" / "programs" / "makers"

OPEN: Final = frozenset(
    (GUARD, name)
    for name in (
        "open-stack",
        "open-sam",
        "open-native-stack",
        "open-set",
        "open-parameter-vpc",
        "open-control",
        "open-extension-vpc",
    )
)
UNSEEN: Final = frozenset((UNVERIFIED, name) for name in ("unseen-stack", "unseen-application", "unseen-product"))


@cache
def previewed(region: str, *, first_preview: bool) -> Preview:
    return preview(PROGRAM, config={"aws:region": region} if region else {}, first_preview=first_preview)


@pytest.mark.parametrize(
    ("region", "first_preview"),
    [
        ("", False),
        ("eu-west-1", True),
        pytest.param("eu-west-1", False, marks=pytest.mark.slow),
        pytest.param("", True, marks=pytest.mark.slow),
    ],
)
def test_each_maker_is_seen_or_said_not_to_be(region: str, *, first_preview: bool) -> None:
    told = previewed(region, first_preview=first_preview)
    assert {(v.policy, v.urn.rpartition("::")[2]) for v in told.violations} == OPEN | UNSEEN
    assert len(told.violations) == len(OPEN | UNSEEN)


def test_what_is_judged_in_templates_is_counted() -> None:
    judged = previewed("", first_preview=False).judged
    assert judged is not None
    assert judged.functions == 10
    assert "10 functions in a VPC on 10 roles" in judged.summary
