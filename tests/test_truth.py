"""Kleene's three-valued logic, by its tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from policy.iam.truth import UNKNOWN as NOT_KNOWN
from policy.iam.truth import Truth, Unknown, all_of, any_of

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN


@pytest.mark.parametrize("answer", [YES, NO, UNKNOWN])
def test_a_truth_is_no_boolean(answer: Truth) -> None:
    with pytest.raises(TypeError, match=r"compare it with Truth\.YES, Truth\.NO or Truth\.UNKNOWN"):
        bool(answer)
    with pytest.raises(TypeError):
        _ = not answer


def test_not() -> None:
    assert [~YES, ~NO, ~UNKNOWN] == [NO, YES, UNKNOWN]


def test_of() -> None:
    assert Truth.of(True) is YES
    assert Truth.of(False) is NO


# What an answer can turn out to be.
_MEANING = {YES: {True}, NO: {False}, UNKNOWN: {True, False}}


def _as_truth(outcomes: set[bool]) -> Truth:
    return UNKNOWN if len(outcomes) == 2 else Truth.of(outcomes.pop())


@pytest.mark.parametrize("answers", [c for n in range(4) for c in product((YES, NO, UNKNOWN), repeat=n)])
def test_all_of_and_any_of_are_what_every_outcome_agrees_on(answers: tuple[Truth, ...]) -> None:
    outcomes = list(product(*(_MEANING[answer] for answer in answers)))
    assert all_of(answers) is _as_truth({all(outcome) for outcome in outcomes})
    assert any_of(answers) is _as_truth({any(outcome) for outcome in outcomes})


def test_a_decided_question_asks_no_further() -> None:
    def never() -> Iterator[Truth]:
        raise AssertionError("asked on")
        yield

    def chain(first: Truth) -> Iterator[Truth]:
        yield first
        yield from never()

    assert all_of(chain(NO)) is NO
    assert any_of(chain(YES)) is YES


def test_the_unknown_value_is_named() -> None:
    assert repr(NOT_KNOWN) == "UNKNOWN"
    assert isinstance(NOT_KNOWN, Unknown)
