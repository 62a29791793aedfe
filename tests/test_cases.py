"""Every folder of tests/cases, and what the folders together must show.

Role cases go through `policy.commands.judge` in this process; stack cases through the pack's real analyzer process, one
for the whole session.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from case_fixes import applied, diagnoses, fixes
from case_runner import (
    CASES,
    PACK,
    PROJECT,
    Pack,
    StackCase,
    Stage,
    changed,
    differences,
    folders,
    name_of,
    plain_resources,
    registrations,
    request_of,
    stack_case,
    told,
)

from policy.commands.judge import judge_line
from policy.iam.conditions import OPERATORS, SET_OPERATORS
from policy.iam.document import PolicyDocument, parse_document
from policy.iam.evaluate import evaluate
from policy.iam.request import SOURCE_FUNCTION_ARN, Caller, Request
from policy.iam.search.actions import KEPT_FROM_CODE
from policy.iam.search.subject import Subject
from policy.iam.search.witness import ask
from policy.iam.truth import Truth
from policy.pack.policies import policies
from policy.preview.analyzer import Violation
from policy.preview.engine import Engine, serve
from policy.preview.monitor import Monitor
from policy.preview.registration import StackIdentity
from policy.shared import names
from policy.shared.names import GUARD, NOTICES, READ_ONLY, ROLE_GUARD, UNVERIFIED
from policy.stack.execution_role import ExecutionRole
from policy.stack.links import link

# 2026-01-01T00:00:00Z: a case that speaks of time means the same next year.
NOW: Final = Decimal(1_767_225_600)
WORDS: Final = {Truth.YES: "allowed", Truth.NO: "denied", Truth.UNKNOWN: "unknown"}

# Cases that the pack does not meet yet, each with what is wrong. Strict: one that passes must leave the list.
KNOWN_FAILING: Final[dict[str, str]] = {}
KNOWN_FAILING_FIXES: Final[dict[str, str]] = {}
KNOWN_FAILING_DIAGNOSES: Final[dict[str, str]] = {}

# What the first words of a folder's name promise.
STACK_VERDICTS: Final = (
    "exposed", "read-only", "locked-out", "dead-guard", "way-round", "unverified", "refused", "closed", "silent",
    "notice",
)  # fmt: skip
ROLE_VERDICTS: Final = ("exposed", "read-only", "locked-out", "undecided", "refused", "closed", "denied")


@cache
def _stack(name: str) -> StackCase:
    return stack_case(CASES / name)


STACKS: Final = [folder.name for folder in folders("stack.yaml")]
ROLES: Final = [folder.name for folder in folders("role.json") if not folder.name.startswith("differential-")]
DIFFERENTIAL: Final = [folder.name for folder in folders("role.json") if folder.name.startswith("differential-")]


def _cases(names: list[str], failing: dict[str, str]) -> list[Any]:
    return [
        pytest.param(name, marks=pytest.mark.xfail(reason=failing[name], strict=True)) if name in failing else name
        for name in names
    ]


def _json(name: str, file: str) -> Any:
    return json.loads((CASES / name / file).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def pack() -> Iterator[Pack]:
    """This process asks the SDK everything twice, and fails where what the shortcut spares it would have mattered."""
    yield from _process(PACK / "tests" / "packs" / "both_ways")


@pytest.fixture(scope="session")
def pack_once() -> Iterator[Pack]:
    """The pack as it is, for stacks that hold the resources of those that were asked both ways."""
    yield from _process(PACK)


def _process(folder: Path) -> Iterator[Pack]:
    stack = StackIdentity(PROJECT, "case")
    with (
        serve(Monitor(stack, lambda resource: resource.inputs), Engine()) as address,
        Pack(folder, address, stack, {}) as process,
    ):
        process.ready()
        yield process


def _run(pack: Pack, case: StackCase, stage: Stage) -> list[Violation]:
    found = pack.run(registrations(stage), case.config)
    for violation in found:
        assert "can't run policy" not in violation.message, violation.message
        pages = (names.page(violation.policy), names.CONFIGURATION_PAGE)
        assert violation.message.endswith(tuple(f"\n{names.more(page)}" for page in pages)), violation.message
    return found


_as_written: dict[tuple[str, str], list[Violation]] = {}


def _found(pack: Pack, case: StackCase, stage: Stage) -> list[Violation]:
    """What the pack says of a stage as it is written: most tests begin with it, and it is the same for all."""
    key = case.name, stage.label
    if key not in _as_written:
        _as_written[key] = _run(pack, case, stage)
    return _as_written[key]


# ---- the verdicts


@pytest.mark.parametrize("name", _cases(ROLES, KNOWN_FAILING))
def test_role(name: str) -> None:
    role, expected = _json(name, "role.json"), _json(name, "expected.json")
    found: Any = judge_line((CASES / name / "role.json").read_text(encoding="utf-8"), now=NOW)
    answers = {action: {"code": a["code"], "service": a["service"]} for action, a in found["actions"].items()}
    assert answers == expected["actions"]
    assert found["errors"] == expected["errors"]
    documents, boundary = _documents(role)
    for action, answer in found["actions"].items():
        assert (answer["witness"] is not None) == (answer["code"] == "allowed")
        if answer["witness"] is not None:
            request = request_of(answer["witness"]["requests"], action)
            assert evaluate(request, documents, boundary).allowed is Truth.YES
            arns = {part.context.get("lambda:sourcefunctionarn") for part in request.authorizations}
            assert len(arns) == 1
            assert None not in arns
            assert role.get("function_arn") is None or arns == {(role["function_arn"],)}
    # The search does not go through `evaluate` where it finds nothing, so what it denies is put to it as well.
    for action, request in _plain_calls(role.get("function_arn")).items():
        without_key = Request(
            action,
            tuple(
                part._replace(context={k: v for k, v in part.context.items() if k != SOURCE_FUNCTION_ARN.lower()})
                for part in request.authorizations
            ),
        )
        for caller, call in (("code", request), ("service", without_key)):
            if found["actions"][action][caller] == "denied":
                assert evaluate(call, documents, boundary).allowed is not Truth.YES, (action, caller)


def _plain_calls(function_arn: str | None) -> dict[str, Request]:
    """For each action a call of the code that an open role allows."""
    known = function_arn is not None and function_arn.count(":") == 6
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    role = {"policies": [policy], **({"function_arn": function_arn} if known else {})}
    found: Any = judge_line(json.dumps(role), now=NOW)
    calls = {}
    for action, answer in found["actions"].items():
        parts = [{**p, "context": {**_EVERY_CALL, **p["context"]}} for p in answer["witness"]["requests"]]
        calls[action] = request_of(parts, action)
    return calls


# What any call over the internet carries that does not go through another service.
_EVERY_CALL: Final = {
    "aws:CurrentTime": "2026-01-01T00:00:00Z",
    "aws:EpochTime": str(NOW),
    "aws:MultiFactorAuthPresent": "false",
    "aws:RequestedRegion": "us-east-1",
    "aws:SecureTransport": "true",
    "aws:SourceIp": "198.51.100.7",
    "aws:TokenIssueTime": "2026-01-01T00:00:00Z",
    "aws:UserAgent": "aws-sdk",
    "aws:ViaAWSService": "false",
}


def _documents(role: Any) -> tuple[list[PolicyDocument], list[PolicyDocument] | None]:
    boundary = role.get("boundary")
    if boundary is not None and not isinstance(boundary, list):
        boundary = [boundary]
    return (
        [parse_document(document, "policy") for document in role["policies"]],
        None if boundary is None else [parse_document(document, "boundary") for document in boundary],
    )


@pytest.mark.parametrize("name", DIFFERENTIAL)
def test_differential(name: str) -> None:
    """A disagreement that tests/differential once found: the pack now answers as the simulator does."""
    role, expected = _json(name, "role.json"), _json(name, "expected.json")
    documents, boundary = _documents(role)
    request = request_of(expected["request"], expected["action"])
    assert WORDS[evaluate(request, documents, boundary).allowed] in (expected["expected"], "unknown")
    if expected["expected"] == "allowed":
        found: Any = judge_line(json.dumps(role), now=NOW)
        assert found["actions"][expected["action"]][expected["caller"]] != "denied"


@pytest.mark.parametrize("name", _cases(STACKS, KNOWN_FAILING))
def test_stack(name: str, pack: Pack) -> None:
    case = _stack(name)
    for stage in case.stages:
        found = differences(stage.violations, _found(pack, case, stage))
        assert not found, "\n".join([stage.label, *found])


@pytest.mark.parametrize("order", ["reversed", pytest.param("shuffled", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", STACKS)
def test_order_does_not_matter(name: str, order: str, pack: Pack, pack_once: Pack) -> None:
    """The engine's order is that of the program's threads, so a verdict must not hang on it."""
    case = _stack(name)
    for stage in case.stages:
        expected = _told(_found(pack, case, stage))
        given = list(stage.items)
        # A short stack has few orders: none is run twice.
        done, items, asked = [given], given[::-1], pack_once
        if order == "shuffled":
            done, items, asked = [given, given[::-1]], random.Random(name).sample(given, len(given)), pack
        # A provider is registered before what it makes: the engine takes nothing else.
        items = sorted(items, key=lambda item: not item.type.startswith("pulumi:providers:"))
        if items not in done:
            assert _told(_run(asked, case, changed(stage, items))) == expected


def _told(violations: list[Violation]) -> list[tuple[str, str, str]]:
    return sorted((v.policy, name_of(v.urn), told(v)) for v in violations)


# ---- what is advised


@pytest.mark.parametrize("name", _cases(STACKS, KNOWN_FAILING_FIXES))
def test_printed_fixes_close_the_hole_and_keep_lambda_working(name: str, pack: Pack, pack_once: Pack) -> None:
    case = _stack(name)
    for stage in case.stages:
        found = _found(pack, case, stage)
        advice = [step for violation in found for step in fixes(violation)]
        holes = [violation for violation in found if violation.policy in (GUARD, READ_ONLY, ROLE_GUARD)]
        assert all(fixes(violation) for violation in holes), [told(violation) for violation in holes]
        if not advice:
            continue
        mended = applied(stage, advice)
        left = [told(v) for v in _run(pack_once, case, mended) if v.policy in (GUARD, READ_ONLY, ROLE_GUARD)]
        assert not left, "\n".join(left)
        _assert_service_still_works(stage, mended)


@pytest.mark.parametrize("name", _cases([n for n in STACKS if "-diagnosis-" in n], KNOWN_FAILING_DIAGNOSES))
def test_form_that_a_diagnosis_suggests_guards(name: str, pack: Pack) -> None:
    """Only the form after `Use`, put into the statement that was meant to guard: that alone must be enough."""
    case = _stack(name)
    (stage,) = case.stages
    suggested = [step for violation in _found(pack, case, stage) for step in diagnoses(violation)]
    assert suggested
    mended = applied(stage, suggested)
    left = [told(v) for v in _run(pack, case, mended)]
    assert not left, "\n".join(left)
    _assert_service_still_works(stage, mended)


def _assert_service_still_works(before: Stage, after: Stage) -> None:
    then, now = (_service(link(plain_resources(stage))) for stage in (before, after))
    for key, answer in then.items():
        # Of a role on which nothing needs interfaces, the permissions are taken away.
        if answer is Truth.YES and key in now:
            assert now[key] is Truth.YES, key


def _service(executions: list[ExecutionRole]) -> dict[tuple[str, str], Truth]:
    """Whether the Lambda service can make each call with each role of the stack."""
    return {
        (execution.label, action): ask(
            action,
            Subject(Caller.SERVICE, now=NOW),
            execution.documents,
            None if execution.boundary is None else [grant.document for grant in execution.boundary],
        ).allowed
        for execution in executions
        if execution.role is not None and execution.serves_code
        for action in KEPT_FROM_CODE
    }


# ---- the cases as a whole


def _policies_of(case: StackCase) -> set[str]:
    return {violation.policy for stage in case.stages for violation in stage.violations}


def test_name_of_a_stack_case_states_its_verdict() -> None:
    assert [name for name in STACKS if not _states_its_verdict(name)] == [], (
        f"a name starts with one of {STACK_VERDICTS}"
    )


def _states_its_verdict(name: str) -> bool:
    asked = _policies_of(_stack(name))
    verdict = next((word for word in STACK_VERDICTS if name.startswith(f"{word}-")), "")
    needed = {
        # A hole in a role that declares everything itself is told by the resource policy, and once only.
        "exposed": {GUARD, ROLE_GUARD},
        "locked-out": {GUARD}, "way-round": {GUARD}, "read-only": {READ_ONLY}, "dead-guard": {ROLE_GUARD},
        "unverified": {UNVERIFIED}, "refused": {UNVERIFIED}, "notice": {NOTICES},
    }  # fmt: skip
    return not asked if verdict in ("closed", "silent") else bool(asked & needed.get(verdict, set()))


def test_name_of_a_role_case_states_its_verdict() -> None:
    assert [name for name in ROLES if not _role_states_its_verdict(name)] == [], (
        f"a name starts with one of {ROLE_VERDICTS}"
    )


def _role_states_its_verdict(name: str) -> bool:
    expected = _json(name, "expected.json")
    code = {action: answer["code"] for action, answer in expected["actions"].items()}
    service = {answer["service"] for answer in expected["actions"].values()}
    allowed = {action for action, answer in code.items() if answer == "allowed"}
    match next((word for word in ROLE_VERDICTS if name.startswith(f"{word}-")), None):
        case "exposed":
            return any("Describe" not in action for action in allowed)
        case "read-only":
            return bool(allowed) and all("Describe" in action for action in allowed)
        case "locked-out" | "denied":
            return not allowed and "denied" in service
        case "undecided":
            return not allowed and "unknown" in {*code.values(), *service} and not expected["errors"]
        case "refused":
            return bool(expected["errors"])
        case "closed":
            return set(code.values()) == {"denied"} and service == {"allowed"}
    return False


def test_every_folder_is_a_case() -> None:
    assert {path.name for path in CASES.iterdir()} == {*STACKS, *ROLES, *DIFFERENTIAL}


def test_coverage_table_names_cases() -> None:
    """docs/coverage.md promises that each cell is backed by a case."""
    text = (PACK / "docs" / "coverage.md").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`([a-z0-9-]+)`", text) if name.startswith(STACK_VERDICTS)}
    assert len(named) > 50
    assert named <= set(STACKS), named - set(STACKS)


def test_known_failures_are_cases() -> None:
    for failing in (KNOWN_FAILING, KNOWN_FAILING_FIXES, KNOWN_FAILING_DIAGNOSES):
        assert set(failing) <= {*STACKS, *ROLES}


@pytest.mark.parametrize("policy", [policy.name for policy in policies()])
def test_every_policy_fires_and_has_its_message_pinned(policy: str) -> None:
    asked = [v for name in STACKS for stage in _stack(name).stages for v in stage.violations if v.policy == policy]
    assert asked
    assert any(violation.message is not None for violation in asked)


def _operators() -> set[str]:
    """Each operator of a condition in a case, as written, in lower case."""
    found: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, str) and value.lstrip().startswith("{"):
            try:
                look(json.loads(value))
            except ValueError:
                return
        elif isinstance(value, dict):
            condition = value.get("Condition")
            found.update(str(operator).lower() for operator in condition or () if isinstance(condition, dict))
            for item in value.values():
                look(item)
        elif isinstance(value, list):
            for item in value:
                look(item)

    for name in ROLES:
        look(_json(name, "role.json"))
    for name in STACKS:
        for stage in _stack(name).stages:
            look([item.outputs for item in stage.items])
    return found


def test_every_operator_has_a_case() -> None:
    written = _operators()
    plain = {operator.rpartition(":")[2].removesuffix("ifexists") for operator in written}
    assert set(OPERATORS) <= plain
    assert set(SET_OPERATORS) <= {operator.partition(":")[0] for operator in written if ":" in operator}
    with_if_exists = {o.removesuffix("ifexists") for o in written if o.endswith("ifexists") and ":" not in o}
    assert set(OPERATORS) - {"null"} <= with_if_exists


def test_every_folder_says_why() -> None:
    for name in (*STACKS, *ROLES):
        folder = CASES / name
        text = _described(folder)
        assert len(text) > 15, name


def _described(folder: Path) -> str:
    if (folder / "about.md").exists():
        return (folder / "about.md").read_text(encoding="utf-8")
    if (folder / "role.json").exists():
        return str(_json(folder.name, "role.json").get("description", ""))
    return str(_stack_description(folder))


def _stack_description(folder: Path) -> str:
    lines = (folder / "stack.yaml").read_text(encoding="utf-8").splitlines()
    return " ".join(line for line in lines[:4])
