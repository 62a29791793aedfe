"""The laws of IAM, and of judging with unknowns. Each test is named after its law (after cedar-spec's `Thm/`)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from policy.iam.conditions import Context, ContextValues
from policy.iam.document import Effect, PolicyDocument
from policy.iam.evaluate import evaluate, statement_matches
from policy.iam.request import SOURCE_FUNCTION_ARN, Authorization, Caller, Request
from policy.iam.search.subject import ANY_FUNCTION, Subject
from policy.iam.search.witness import Answer, ask
from policy.iam.truth import UNKNOWN, Truth, all_of
from tests.strategies import (
    ACCOUNT,
    ACTIONS,
    FUNCTION,
    Json,
    batches,
    boundaries,
    contexts,
    documents,
    examples,
    forgotten,
    parsed,
    roles,
    statements,
    with_less_known,
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


def _answers(role: list[Json], boundary: list[Json] | None, batch: list[Request], subject: Subject) -> list[Truth]:
    """What the role may do: each request of the batch, and any request for each action."""
    documents_of, limit = parsed(role) or [], parsed(boundary)
    found = [evaluate(request, documents_of, limit).allowed for request in batch]
    return found + [ask(action, subject, documents_of, limit).allowed for action in ACTIONS]


def _ranks(role: list[Json], boundary: list[Json] | None, batch: list[Request], subject: Subject) -> list[int]:
    return [RANK[answer] for answer in _answers(role, boundary, batch, subject)]


def _statement(effect: str, **more: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "*", "Resource": "*", **more}}


# ---- deny, allow, boundary


@examples(80)
@given(roles(), boundaries(), batches())
def test_explicit_deny_overrides_any_allow(role: list[Json], boundary: list[Json] | None, batch: list[Request]) -> None:
    identity, limit = parsed(role) or [], parsed(boundary)
    for request in batch:
        evaluation = evaluate(request, identity, limit)
        matching_denies = {
            statement
            for document in [*identity, *(limit or [])]
            for statement in document.statements
            for authorization in request.authorizations
            if statement.effect is Effect.DENY
            and statement_matches(statement, request.action, authorization) is Truth.YES
        }
        assert {found.statement for found in evaluation.denying} == matching_denies
        if matching_denies:
            assert evaluation.allowed is Truth.NO


@examples(50)
@given(roles(), boundaries(), batches(), subjects)
def test_explicit_deny_of_everything_leaves_nothing(
    role: list[Json], boundary: list[Json] | None, batch: list[Request], subject: Subject
) -> None:
    everything = _statement("Deny")
    assert set(_answers([*role, everything], boundary, batch, subject)) == {Truth.NO}
    if boundary is not None:
        assert set(_answers(role, [*boundary, everything], batch, subject)) == {Truth.NO}


@examples(50)
@given(st.lists(documents(("Deny",)), max_size=2), boundaries(), batches(), subjects)
def test_denied_by_default(
    role: list[Json], boundary: list[Json] | None, batch: list[Request], subject: Subject
) -> None:
    assert set(_answers(role, boundary, batch, subject)) == {Truth.NO}


@examples(50)
@given(roles(), st.lists(documents(("Deny",)), max_size=2), batches(), subjects)
def test_a_boundary_that_allows_nothing_denies_by_default(
    role: list[Json], boundary: list[Json], batch: list[Request], subject: Subject
) -> None:
    assert set(_answers(role, boundary, batch, subject)) == {Truth.NO}


@examples(80)
@given(roles(), st.lists(documents(), min_size=1, max_size=2), batches())
def test_a_boundary_intersects(role: list[Json], boundary: list[Json], batch: list[Request]) -> None:
    identity, limit = parsed(role) or [], parsed(boundary) or []
    for request in batch:
        parts = [Request(request.action, (authorization,)) for authorization in request.authorizations]
        expected = [all_of((evaluate(p, identity).allowed, evaluate(p, limit).allowed)) for p in parts]
        assert evaluate(request, identity, limit).allowed is all_of(expected)


@examples(50)
@given(roles(), st.lists(documents(), min_size=1, max_size=2), actions, subjects)
def test_a_boundary_never_widens(role: list[Json], boundary: list[Json], action: str, subject: Subject) -> None:
    within = RANK[_ask(action, subject, role, boundary).allowed]
    assert within <= RANK[_ask(action, subject, role, None).allowed]
    assert within <= RANK[_ask(action, subject, boundary, None).allowed]


@examples(50)
@given(roles(), boundaries(), statements(("Allow",)), batches(), subjects)
def test_adding_an_allow_never_turns_allowed_into_denied(
    role: list[Json], boundary: list[Json] | None, extra: Json, batch: list[Request], subject: Subject
) -> None:
    more = [*role, {"Version": "2012-10-17", "Statement": extra}]
    before, after = (_ranks(documents_of, boundary, batch, subject) for documents_of in (role, more))
    assert all(later >= earlier for earlier, later in zip(before, after, strict=True))


@examples(50)
@given(roles(), boundaries(), statements(("Deny",)), batches(), subjects)
def test_adding_a_deny_never_turns_denied_into_allowed(
    role: list[Json], boundary: list[Json] | None, extra: Json, batch: list[Request], subject: Subject
) -> None:
    more = [*role, {"Version": "2012-10-17", "Statement": extra}]
    before, after = (_ranks(documents_of, boundary, batch, subject) for documents_of in (role, more))
    assert all(later <= earlier for earlier, later in zip(before, after, strict=True))


# ---- what does not matter


def _reversed(value: Json) -> Json:
    """Every list of a document backwards, and its last element twice; the order of keys backwards."""
    if isinstance(value, dict):
        return {key: _reversed(item) for key, item in reversed(value.items())}
    if isinstance(value, list):
        backwards = [_reversed(item) for item in reversed(value)]
        return backwards + backwards[:1]
    return value


@examples(50)
@given(roles(), boundaries(), batches(), subjects)
def test_order_and_duplicates_do_not_matter(
    role: list[Json], boundary: list[Json] | None, batch: list[Request], subject: Subject
) -> None:
    assert _answers(_reversed(role), _reversed(boundary), batch, subject) == _answers(role, boundary, batch, subject)


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


@examples(50)
@given(roles(), boundaries(), batches(), subjects, st.sampled_from(("upper", "lower", "swapcase")))
def test_case_of_actions_and_keys_does_not_matter(
    role: list[Json], boundary: list[Json] | None, batch: list[Request], subject: Subject, change: str
) -> None:
    other, limit = _each_statement(role, change) or [], _each_statement(boundary, change)
    assert _answers(other, limit, batch, subject) == _answers(role, boundary, batch, subject)


def _split(found: Json) -> Json:
    statements_of = found["Statement"] if isinstance(found["Statement"], list) else [found["Statement"]]
    parts: list[Json] = []
    for statement in statements_of:
        patterns = statement.get("Action")
        parts += [{**statement, "Action": p} for p in patterns] if isinstance(patterns, list) else [statement]
    return {**found, "Statement": parts}


@examples(50)
@given(roles(), boundaries(), batches(), subjects)
def test_splitting_the_action_list_changes_nothing(
    role: list[Json], boundary: list[Json] | None, batch: list[Request], subject: Subject
) -> None:
    other = [_split(document) for document in role]
    limit = None if boundary is None else [_split(document) for document in boundary]
    assert _answers(other, limit, batch, subject) == _answers(role, boundary, batch, subject)


# ---- what is not known


@examples(100)
@given(st.data(), roles(), boundaries(), batches())
def test_known_answer_survives_learning(
    data: st.DataObject, role: list[Json], boundary: list[Json] | None, batch: list[Request]
) -> None:
    identity, limit = parsed(role) or [], parsed(boundary)
    less_identity, less_limit = parsed(data.draw(forgotten(role))) or [], parsed(data.draw(forgotten(boundary)))
    rng = Random(len(batch[0].authorizations[0].context))
    for request in batch:
        concrete = evaluate(request, identity, limit).allowed
        for known in (request, with_less_known(request, rng), with_less_known(request, rng)):
            before = evaluate(known, less_identity, less_limit).allowed
            assert before in (Truth.UNKNOWN, concrete)


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


@examples(100)
@given(st.data(), roles(), boundaries(), subjects)
def test_known_answer_survives_learning_whoever_asks(
    data: st.DataObject, role: list[Json], boundary: list[Json] | None, subject: Subject
) -> None:
    less_role, less_boundary = data.draw(forgotten(role)), data.draw(forgotten(boundary))
    asker = data.draw(_less_known(subject))
    for action in ACTIONS:
        before = _ask(action, asker, less_role, less_boundary).allowed
        assert before in (Truth.UNKNOWN, _ask(action, subject, role, boundary).allowed)


@examples(50)
@given(st.data(), roles(), boundaries(), batches())
def test_what_is_unresolved_is_told(
    data: st.DataObject, role: list[Json], boundary: list[Json] | None, batch: list[Request]
) -> None:
    less_role, less_boundary = data.draw(forgotten(role, most=5)), data.draw(forgotten(boundary))
    identity, limit = parsed(less_role) or [], parsed(less_boundary)
    for request in batch:
        found = evaluate(request, identity, limit)
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


@examples(100)
@given(st.data(), roles(), boundaries(), subjects)
def test_every_witness_replays_as_allowed(
    data: st.DataObject, role: list[Json], boundary: list[Json] | None, subject: Subject
) -> None:
    documents_of, limit = parsed(data.draw(forgotten(role))) or [], parsed(boundary)
    asker = data.draw(_less_known(subject))
    for action in ACTIONS:
        answer = ask(action, asker, documents_of, limit)
        if answer.allowed is Truth.YES:
            _replayed(answer, documents_of, limit, asker)
            continue
        assert answer.witness is None
        told = answer.too_complex or answer.unresolved or answer.unknown_keys
        assert answer.allowed is Truth.NO or told


@examples(80)
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
