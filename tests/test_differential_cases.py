"""Every disagreement that the differential test ever found, replayed against the pack: no simulator is needed.

A case folder has `role.json`, a role as `judge --jsonl` reads it, and `expected.json`: `what` was found, the concrete
`request` of `caller` for `action`, and `expected`, what IAM answers to it. Where the simulator was the one that erred,
`expected` is corrected by hand and says `why`. Where the pack was given less than the role, `given.json` says what:
of that it must not be sure of anything else.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from policy.commands.judge import judge
from policy.iam.document import parse_document
from policy.iam.evaluate import evaluate
from policy.iam.request import Authorization, Caller, Request
from policy.iam.truth import Truth
from tests.differential import hidden, standing_in

CASES = sorted((Path(__file__).parent / "cases").glob("differential-*"))
WORDS = {Truth.YES: "allowed", Truth.NO: "denied", Truth.UNKNOWN: "unknown"}
# The moment at which the differential test judges: 2026-01-01T00:00:00Z.
NOW = Decimal(1_767_225_600)


def read(case: Path, name: str) -> Any:
    return json.loads((case / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_case_is_judged_as_iam_does(case: Path) -> None:
    role, expected = read(case, "role.json"), read(case, "expected.json")
    documents = [parse_document(document, "policy") for document in role["policies"]]
    boundary = (
        None if role["boundary"] is None else [parse_document(document, "boundary") for document in role["boundary"]]
    )
    parts = [
        Authorization(
            part["resource"], {k.lower(): tuple(v) if isinstance(v, list) else (v,) for k, v in part["context"].items()}
        )
        for part in expected["request"]
    ]
    # Without a request, what is expected is that there is none that IAM allows.
    if parts:
        answer = WORDS[evaluate(Request(expected["action"], tuple(parts)), documents, boundary).allowed]
        assert answer in (expected["expected"], "unknown")
    judgement = judge(documents, boundary, role["function_arn"], (expected["action"],), now=NOW)
    verdict = WORDS[judgement.answers[expected["action"]][Caller(expected["caller"])].allowed]
    # A request that is possible makes the call possible; one that is denied says nothing of the others.
    if expected["expected"] == "allowed":
        assert verdict == "allowed", f"there is a request that IAM allows; the pack says {verdict}"
    elif not parts:
        assert verdict != "allowed", "there is no request that IAM allows"


def test_nothing_else_is_said_while_less_is_known() -> None:
    for case in CASES:
        if (case / "given.json").exists():
            replay(case)


def replay(case: Path) -> None:
    """Fails where the pack says again what was refuted."""
    expected, given = read(case, "expected.json"), read(case, "given.json")
    judged = hidden.judged(given["hidden parts"]) if "hidden parts" in given else standing_in.judged(given["stand-ins"])
    refuted = expected["what"], expected["action"], Caller(expected["caller"]), expected["expected"] == "denied"
    assert refuted not in [claim.name for claim in judged.claims]


def test_each_case_says_what_it_is_for() -> None:
    for case in CASES:
        assert read(case, "expected.json").keys() >= {"what", "action", "caller", "request", "expected"}, case.name
