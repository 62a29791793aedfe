"""A small run of the fuzzer, and proof that it sees what it is there to see. CI runs more: `make fuzz`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from policy.commands import judge
from policy.iam.document import PolicyDocument, parse_document
from policy.iam.request import Request
from policy.iam.search import constraints, witness
from policy.iam.search.witness import Answer
from policy.iam.truth import UNKNOWN, Truth
from policy.verdict import exposure, finding
from tests.fuzz.cases import Case, case
from tests.fuzz.check import WrongError, check
from tests.fuzz.run import describe, failure, run_range
from tests.fuzz.shrink import shrunk

pytestmark = pytest.mark.slow

SEED: Final = 20_261_123


@pytest.mark.parametrize("part", range(4))
def test_nothing_raises_and_every_verdict_has_a_reason(part: int) -> None:
    outcomes, failed = run_range(SEED, part * 500, (part + 1) * 500)
    assert not failed, describe(SEED, failed[0][0])
    assert sum(outcomes.values()) == 500


def test_a_run_sees_every_kind_of_outcome() -> None:
    outcomes, _ = run_range(SEED, 0, 400)
    kinds = {outcome.partition(":")[0] for outcome in outcomes}
    assert {"allowed", "denied", "unknown", "refused", "line judged", "line with errors", "stack"} <= kinds
    assert {"stack: vpc-lambda-eni-guard", "stack: vpc-lambda-eni-unverified", "stack: silent"} <= set(outcomes)


def test_a_case_is_made_from_its_seed_and_number_alone() -> None:
    assert [repr(case(1, n).value)[:200] for n in range(20)] == [repr(case(1, n).value)[:200] for n in range(20)]
    assert repr(case(1, 0).value) != repr(case(2, 0).value)


# ---- the harness against bugs put in on purpose

Patch = Callable[[pytest.MonkeyPatch], None]


def _raises_on_odd_sids(patch: pytest.MonkeyPatch) -> None:
    original = parse_document

    def parse(source: object, name: str = "") -> PolicyDocument:
        document = original(source, name)
        assert all(s.sid is None or s.sid.isascii() for s in document.statements)
        return document

    patch.setattr("tests.fuzz.check.parse_document", parse)


def _no_reason(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(constraints.Problem, "unresolved", lambda _: iter(()))
    patch.setattr(constraints.Problem, "unknown_keys", lambda _: iter(()))
    patch.setattr(witness, "Answer", _forgetful)


def _forgetful(allowed: Truth, *more: Any, **_: Any) -> Answer:
    return Answer(allowed, *more)


def _wrong_witness(patch: pytest.MonkeyPatch) -> None:
    original = witness.ask_role

    def wrong(*args: Any) -> Answer:
        answer = original(*args)
        if answer.witness is None:
            return answer
        return answer._replace(witness=Request(answer.witness.action + "s", answer.witness.authorizations))

    patch.setattr(judge, "ask_role", wrong)


def _shows_the_sentinel(patch: pytest.MonkeyPatch) -> None:
    original = finding.exposed_message
    patch.setattr(finding, "exposed_message", lambda *args: original(*args) + " 04da6b54-80e4-46f7-96ec-b56ff0331ba9")


def _hides_a_bug(patch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("broken")

    patch.setattr(exposure, "judge_service", broken)


def _answers_for_the_other_caller(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Request, "without", lambda request, _: request)


def _loses_the_witness(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(judge, "witness_json", lambda _: None)


@pytest.mark.parametrize(
    "bug",
    [
        _raises_on_odd_sids,
        _no_reason,
        _wrong_witness,
        _shows_the_sentinel,
        _hides_a_bug,
        _answers_for_the_other_caller,
        _loses_the_witness,
    ],
)
def test_the_fuzzer_finds_a_bug_put_in_on_purpose(monkeypatch: pytest.MonkeyPatch, bug: Patch) -> None:
    bug(monkeypatch)
    failed: list[tuple[int, str]] = []
    for start in range(0, 1_500, 100):
        failed += run_range(SEED + 1, start, start + 100)[1]
        if failed:
            return
    raise AssertionError(f"{bug.__name__} was not found")


def test_a_failing_case_is_shrunk() -> None:
    found = Case("line", json.dumps({"policies": [{"Statement": [1, 2, 3]}], "x": "needle"}))
    small = shrunk(found, lambda candidate: "needle" in candidate.value)
    assert small.value == "needle"
    value = {"policies": [{"a": [1, {"b": UNKNOWN}], "c": "xx needle"}, {}], "boundary": None, "function_arn": None}
    small = shrunk(Case("documents", value), lambda candidate: "needle" in repr(candidate.value))
    assert small.value == {"policies": [{"c": "needle"}], "boundary": None, "function_arn": None}


def test_a_message_is_looked_through() -> None:
    from tests.fuzz.check import _fit_to_show

    _fit_to_show("A sentence about `none` and unknown things.")
    # What stands there is no sentinel: a half of a character, escaped, and all of a sentinel but its first digit.
    _fit_to_show("`\\udcb04da6b54-80e4-46f7-96ec-b56ff0331ba9` is not in this stack")
    _fit_to_show("`role[secret]` is not in this stack")
    _fit_to_show("the state lists `[secret]-y`")
    for message in (
        "",
        "  ",
        "It is None.",
        "a Truth.YES",
        "is UNKNOWN",
        "[secret]",
        "`[secret]`, which is not in this stack",
        "it is [secret].",
        "<x at 0x7f>",
        "half \ud800",
        "bug in this policy pack",
    ):
        with pytest.raises(WrongError):
            _fit_to_show(message)


def test_failures_are_told_apart_by_where_they_are() -> None:
    assert failure(Case("line", "{}")) is None
    wrong = failure(Case("documents", {}))
    assert wrong == "KeyError in check.py:_documents"
    with pytest.raises(KeyError):
        check(Case("documents", {}))
