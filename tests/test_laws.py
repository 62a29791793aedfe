"""The laws of IAM, and of judging with unknowns. Each test is named after its law (after cedar-spec's `Thm/`)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from hypothesis import assume, given
from hypothesis import strategies as st

from policy.conditions import Context, ContextValues
from policy.document import PolicyDocument
from policy.evaluate import evaluate, statement_matches
from policy.request import SOURCE_FUNCTION_ARN, Authorization, Caller, Request
from policy.subject import ANY_FUNCTION, Subject
from policy.truth import UNKNOWN, Truth, all_of
from policy.witness import Answer, ask
from tests.strategies import (
    ACCOUNT,
    ACTIONS,
    FUNCTION,
    Json,
    boundaries,
    contexts,
    documents,
    examples,
    forgotten,
    forgotten_contexts,
    parsed,
    requests,
    roles,
    statements,
)

ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/orders-role"
NOW: Final = Decimal(1_790_000_000)
CODE: Final = Subject(Caller.CODE, FUNCTION, ROLE, {"team": "eni-0a"}, NOW)
SERVICE: Final = replace(CODE, caller=Caller.SERVICE)
RANK: Final = {Truth.NO: 0, Truth.UNKNOWN: 1, Truth.YES: 2}

subjects = st.sampled_from((CODE, CODE, SERVICE))
actions = st.sampled_from(ACTIONS)


def _ask(action: str, subject: Subject, role: list[Json], boundary: list[Json] | None) -> Answer:
    answer = ask(action, subject, parsed(role) or [], parsed(boundary))
    # The laws are about answers. These roles are small: giving up on one of them is a defect of its own.
    assert not answer.too_complex
    return answer


def _statement(effect: str, **more: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "*", "Resource": "*", **more}}


# ---- deny, allow, boundary


@examples(150)
@given(roles(), boundaries(), requests())
def test_explicit_deny_overrides_any_allow(role: list[Json], boundary: list[Json] | None, request: Request) -> None:
    everything = [*(parsed(role) or []), *(parsed(boundary) or [])]
    evaluation = evaluate(request, everything[: len(role)], None if boundary is None else everything[len(role) :])
    matching_denies = {
        statement
        for document in everything
        for statement in document.statements
        for authorization in request.authorizations
        if statement.effect is not None
        and statement.effect.value == "Deny"
        and statement_matches(statement, request.action, authorization) is Truth.YES
    }
    assert {found.statement for found in evaluation.denying} == matching_denies
    if matching_denies:
        assert evaluation.allowed is Truth.NO


@examples(60)
@given(roles(), boundaries(), requests(), subjects)
def test_explicit_deny_of_everything_leaves_nothing(
    role: list[Json], boundary: list[Json] | None, request: Request, subject: Subject
) -> None:
    denied = [*role, _statement("Deny")]
    assert evaluate(request, parsed(denied) or [], parsed(boundary)).allowed is Truth.NO
    assert _ask(request.action, subject, denied, boundary).allowed is Truth.NO
    if boundary is not None:
        assert _ask(request.action, subject, role, [*boundary, _statement("Deny")]).allowed is Truth.NO


@examples(60)
@given(st.lists(documents(("Deny",)), max_size=2), boundaries(), requests(), subjects)
def test_denied_by_default(role: list[Json], boundary: list[Json] | None, request: Request, subject: Subject) -> None:
    assert evaluate(request, parsed(role) or [], parsed(boundary)).allowed is Truth.NO
    assert _ask(request.action, subject, role, boundary).allowed is Truth.NO


@examples(60)
@given(roles(), st.lists(documents(("Deny",)), max_size=2), requests(), subjects)
def test_a_boundary_that_allows_nothing_denies_by_default(
    role: list[Json], boundary: list[Json], request: Request, subject: Subject
) -> None:
    assert evaluate(request, parsed(role) or [], parsed(boundary)).allowed is Truth.NO
    assert _ask(request.action, subject, role, boundary).allowed is Truth.NO


@examples(150)
@given(roles(), st.lists(documents(), min_size=1, max_size=2), requests())
def test_a_boundary_intersects(role: list[Json], boundary: list[Json], request: Request) -> None:
    identity, limit = parsed(role) or [], parsed(boundary) or []
    both = evaluate(request, identity, limit)
    expected = [
        all_of((evaluate(part, identity).allowed, evaluate(part, limit).allowed))
        for part in (Request(request.action, (a,)) for a in request.authorizations)
    ]
    assert both.allowed is all_of(expected)


@examples(60)
@given(roles(), st.lists(documents(), min_size=1, max_size=2), actions, subjects)
def test_a_boundary_never_widens(role: list[Json], boundary: list[Json], action: str, subject: Subject) -> None:
    within = RANK[_ask(action, subject, role, boundary).allowed]
    assert within <= RANK[_ask(action, subject, role, None).allowed]
    assert within <= RANK[_ask(action, subject, boundary, None).allowed]


@examples(60)
@given(roles(), boundaries(), statements(("Allow",)), requests(), subjects)
def test_adding_an_allow_never_turns_allowed_into_denied(
    role: list[Json], boundary: list[Json] | None, extra: Json, request: Request, subject: Subject
) -> None:
    more = [*role, {"Version": "2012-10-17", "Statement": extra}]
    limit = parsed(boundary)
    before, after = (evaluate(request, parsed(r) or [], limit).allowed for r in (role, more))
    assert RANK[after] >= RANK[before]
    before, after = (_ask(request.action, subject, r, boundary).allowed for r in (role, more))
    assert RANK[after] >= RANK[before]


@examples(60)
@given(roles(), boundaries(), statements(("Deny",)), requests(), subjects)
def test_adding_a_deny_never_turns_denied_into_allowed(
    role: list[Json], boundary: list[Json] | None, extra: Json, request: Request, subject: Subject
) -> None:
    more = [*role, {"Version": "2012-10-17", "Statement": extra}]
    limit = parsed(boundary)
    before, after = (evaluate(request, parsed(r) or [], limit).allowed for r in (role, more))
    assert RANK[after] <= RANK[before]
    before, after = (_ask(request.action, subject, r, boundary).allowed for r in (role, more))
    assert RANK[after] <= RANK[before]


# ---- what does not matter


def _reversed(value: Json) -> Json:
    """Every list of a document backwards, and its last element twice; the order of keys backwards."""
    if isinstance(value, dict):
        return {key: _reversed(item) for key, item in reversed(value.items())}
    if isinstance(value, list):
        backwards = [_reversed(item) for item in reversed(value)]
        return backwards + backwards[:1]
    return value


@examples(60)
@given(roles(), boundaries(), requests(), subjects)
def test_order_and_duplicates_do_not_matter(
    role: list[Json], boundary: list[Json] | None, request: Request, subject: Subject
) -> None:
    other, limit = _reversed(role), _reversed(boundary)
    found = evaluate(request, parsed(role) or [], parsed(boundary)).allowed
    assert evaluate(request, parsed(other) or [], parsed(limit)).allowed is found
    found = _ask(request.action, subject, role, boundary).allowed
    assert _ask(request.action, subject, other, limit).allowed is found


def _with_case(value: Json, change: str) -> Json:
    """Actions, condition keys and operators in another case; everything else as it was."""
    swapped = dict(value)
    for name in ("Action", "NotAction"):
        if name in swapped:
            given_actions = swapped[name]
            swapped[name] = (
                getattr(given_actions, change)()
                if isinstance(given_actions, str)
                else [getattr(a, change)() for a in given_actions]
            )
    if "Condition" in swapped:
        found: dict[str, Json] = {}
        for operator, by_key in swapped["Condition"].items():
            found[getattr(operator, change)()] = {getattr(key, change)(): values for key, values in by_key.items()}
        swapped["Condition"] = found
    return swapped


def _each_statement(role: list[Json] | None, change: str) -> list[Json] | None:
    if role is None:
        return None

    def changed(found: Json) -> Json:
        inner = found["Statement"]
        return {**found, "Statement": [_with_case(s, change) for s in (inner if isinstance(inner, list) else [inner])]}

    return [changed(document) for document in role]


@examples(60)
@given(roles(), boundaries(), requests(), subjects, st.sampled_from(("upper", "lower", "swapcase")))
def test_case_of_actions_and_keys_does_not_matter(
    role: list[Json], boundary: list[Json] | None, request: Request, subject: Subject, change: str
) -> None:
    other, limit = _each_statement(role, change) or [], _each_statement(boundary, change)
    found = evaluate(request, parsed(role) or [], parsed(boundary)).allowed
    assert evaluate(request, parsed(other) or [], parsed(limit)).allowed is found
    found = _ask(request.action, subject, role, boundary).allowed
    assert _ask(request.action, subject, other, limit).allowed is found


def _split(found: Json) -> Json:
    statements_of = found["Statement"] if isinstance(found["Statement"], list) else [found["Statement"]]
    parts: list[Json] = []
    for statement in statements_of:
        patterns = statement.get("Action")
        parts += [{**statement, "Action": p} for p in patterns] if isinstance(patterns, list) else [statement]
    return {**found, "Statement": parts}


@examples(60)
@given(roles(), boundaries(), requests(), subjects)
def test_splitting_the_action_list_changes_nothing(
    role: list[Json], boundary: list[Json] | None, request: Request, subject: Subject
) -> None:
    other = [_split(document) for document in role]
    limit = None if boundary is None else [_split(document) for document in boundary]
    found = evaluate(request, parsed(role) or [], parsed(boundary)).allowed
    assert evaluate(request, parsed(other) or [], parsed(limit)).allowed is found
    found = _ask(request.action, subject, role, boundary).allowed
    assert _ask(request.action, subject, other, limit).allowed is found


# ---- what is not known


@examples(200)
@given(st.data(), roles(), boundaries(), requests())
def test_known_answer_survives_learning(
    data: st.DataObject, role: list[Json], boundary: list[Json] | None, request: Request
) -> None:
    concrete = evaluate(request, parsed(role) or [], parsed(boundary)).allowed
    less_role, less_boundary = data.draw(forgotten(role)), data.draw(forgotten(boundary))
    less_request = data.draw(forgotten_contexts(request))
    before = evaluate(less_request, parsed(less_role) or [], parsed(less_boundary))
    assume(before.allowed is not Truth.UNKNOWN)
    assert before.allowed is concrete


@st.composite
def _less_known(draw: st.DrawFn, subject: Subject) -> Subject:
    """The subject at a preview: parts of its function's ARN, its role's ARN or its tags are not known yet."""
    function = draw(
        st.sampled_from(
            (
                subject.function_arn,
                subject.function_arn,
                f"arn:aws:lambda:*:{ACCOUNT}:function:orders",
                "arn:*:lambda:*:*:function:orders",
                ANY_FUNCTION,
            )
        )
    )
    tags = draw(st.sampled_from((subject.role_tags, {"team": UNKNOWN}, None)))
    return replace(subject, function_arn=function, role_arn=draw(st.sampled_from((ROLE, None))), role_tags=tags)


@examples(200)
@given(st.data(), roles(), boundaries(), actions, subjects)
def test_known_answer_survives_learning_whoever_asks(
    data: st.DataObject, role: list[Json], boundary: list[Json] | None, action: str, subject: Subject
) -> None:
    less_role, less_boundary = data.draw(forgotten(role)), data.draw(forgotten(boundary))
    before = _ask(action, data.draw(_less_known(subject)), less_role, less_boundary)
    assume(before.allowed is not Truth.UNKNOWN)
    assert before.allowed is _ask(action, subject, role, boundary).allowed


@examples(60)
@given(st.data(), roles(), boundaries(), requests())
def test_what_is_unresolved_is_told(
    data: st.DataObject, role: list[Json], boundary: list[Json] | None, request: Request
) -> None:
    found = evaluate(request, parsed(data.draw(forgotten(role, most=5))) or [], parsed(data.draw(forgotten(boundary))))
    assert found.allowed is not Truth.UNKNOWN or found.unresolved
    assert found.allowed is not Truth.YES or found.allowing


# ---- witnesses


def _replayed(
    answer: Answer, role: list[PolicyDocument], boundary: list[PolicyDocument] | None, subject: Subject
) -> None:
    assert answer.witness is not None
    assert evaluate(answer.witness, role, boundary).allowed is Truth.YES
    for authorization in answer.witness.authorizations:
        told = authorization.context.get(SOURCE_FUNCTION_ARN.lower())
        if subject.caller is Caller.SERVICE:
            assert told is None
        elif "*" not in subject.function_arn:
            assert told == (subject.function_arn,)
        else:
            assert isinstance(told, tuple)
            assert len(told) == 1


@examples(200)
@given(st.data(), roles(), boundaries(), actions, subjects)
def test_every_witness_replays_as_allowed(
    data: st.DataObject, role: list[Json], boundary: list[Json] | None, action: str, subject: Subject
) -> None:
    documents_of, limit = parsed(data.draw(forgotten(role))) or [], parsed(boundary)
    asker = data.draw(_less_known(subject))
    answer = ask(action, asker, documents_of, limit)
    if answer.allowed is Truth.YES:
        _replayed(answer, documents_of, limit, asker)
    else:
        assert answer.witness is None
        told = answer.too_complex or answer.unresolved or answer.unknown_keys
        assert answer.allowed is Truth.NO or told


@examples(150)
@given(roles(), boundaries(), contexts(), st.sampled_from(ACTIONS[1:3]), st.sampled_from(("eni-0ab", "eni-7")))
def test_what_one_request_may_do_some_request_may_do(
    role: list[Json], boundary: list[Json] | None, context: Context, action: str, interface: str
) -> None:
    """The search is never beaten by a request at hand, if it is one that this function's code can make."""
    documents_of, limit = parsed(role) or [], parsed(boundary)
    possible: dict[str, ContextValues] = {
        "aws:currenttime": ("2029-12-31T23:59:59Z",),
        "aws:securetransport": ("true",),
        **context,
        SOURCE_FUNCTION_ARN.lower(): (FUNCTION,),
        "aws:requestedregion": ("eu-central-1",),
        "aws:principaltag/team": ("eni-0a",),
        "aws:principalorgid": UNKNOWN,
        "ec2:vpc": (f"arn:aws:ec2:eu-central-1:{ACCOUNT}:vpc/vpc-a",),
    }
    # Over the internet, or through an endpoint.
    possible.pop("aws:sourceip" if "aws:sourcevpc" in possible else "aws:sourcevpc", None)
    resource = f"arn:aws:ec2:eu-central-1:{ACCOUNT}:network-interface/{interface}"
    mine = Request(action, (Authorization(resource, possible),))
    if evaluate(mine, documents_of, limit).allowed is Truth.YES:
        assert ask(action, CODE, documents_of, limit).allowed is Truth.YES
