"""One request against documents, by tables. Source: IAM User Guide, "Policy evaluation logic"."""

from __future__ import annotations

from typing import Any, Final

import pytest

from policy.iam.conditions import Context
from policy.iam.document import PolicyDocument, Statement, parse_document
from policy.iam.evaluate import (
    Determining,
    action_covered,
    evaluate,
    patterns_of_service,
    resource_covered,
    service_of,
    statement_matches,
    touching,
)
from policy.iam.request import Authorization, Request
from policy.iam.truth import UNKNOWN as NOT_KNOWN
from policy.iam.truth import Truth

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
DELETE: Final = "ec2:DeleteNetworkInterface"
ENI: Final = "arn:aws:ec2:eu-central-1:123456789012:network-interface/eni-0ab"
SUBNET: Final = "arn:aws:ec2:eu-central-1:123456789012:subnet/subnet-0ab"
KEY: Final = "lambda:SourceFunctionArn"
CODE: Final = {KEY.lower(): ("arn:aws:lambda:eu-central-1:123456789012:function:orders",)}
GUARDED: Final = {"Null": {KEY: "true"}}
DENIED: Final = {"Null": {KEY: "false"}}


def doc(*statements: Any, name: str = "d") -> PolicyDocument:
    return parse_document({"Version": "2012-10-17", "Statement": list(statements)}, name)


def allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "ec2:*", "Resource": "*", **more}


def deny(**more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", **more}


def request(*parts: Authorization, action: str = DELETE) -> Request:
    return Request(action, parts or (Authorization(ENI, CODE),))


def statement(**more: Any) -> Statement:
    return doc({"Effect": "Allow", **more}).statements[0]


# (statements of the role, statements of the boundary or None, the answer for the function's own call)
_ROWS: Final[list[tuple[list[Any], list[Any] | None, Truth]]] = [
    ([], None, NO),
    ([allow()], None, YES),
    ([deny()], None, NO),
    ([allow(), deny()], None, NO),
    ([deny(), allow()], None, NO),
    ([allow(Action="s3:*")], None, NO),
    ([allow(Action="s3:*"), allow()], None, YES),
    ([allow(), deny(Action="s3:*")], None, YES),
    ([allow(Condition=GUARDED)], None, NO),
    ([allow(Condition=GUARDED), allow()], None, YES),
    ([allow(), deny(Condition=DENIED)], None, NO),
    ([allow(), deny(Condition=GUARDED)], None, YES),
    # Parts that are not known.
    ([allow(Effect=NOT_KNOWN)], None, UNKNOWN),
    ([allow(), allow(Effect=NOT_KNOWN)], None, UNKNOWN),
    ([deny(), allow(Effect=NOT_KNOWN)], None, NO),
    ([allow(Condition=GUARDED, Effect=NOT_KNOWN)], None, NO),
    ([allow(Condition=NOT_KNOWN)], None, UNKNOWN),
    ([allow(), allow(Condition=NOT_KNOWN)], None, YES),
    ([allow(), deny(Condition=NOT_KNOWN)], None, UNKNOWN),
    ([allow(Condition=NOT_KNOWN), deny(Condition=NOT_KNOWN)], None, UNKNOWN),
    ([allow(Condition=NOT_KNOWN), deny()], None, NO),
    ([allow(Condition=GUARDED), deny(Condition=NOT_KNOWN)], None, NO),
    ([NOT_KNOWN], None, UNKNOWN),
    ([NOT_KNOWN, deny()], None, NO),
    ([NOT_KNOWN, allow()], None, UNKNOWN),
    # Boundaries: what both allow, and neither denies.
    ([allow()], [], NO),
    ([allow()], [allow()], YES),
    ([allow()], [allow(Action="s3:*")], NO),
    ([], [allow()], NO),
    ([allow()], [allow(), deny()], NO),
    ([allow(), deny()], [allow()], NO),
    ([allow()], [allow(Condition=GUARDED)], NO),
    ([allow()], [allow(Condition=NOT_KNOWN)], UNKNOWN),
    ([allow(Condition=NOT_KNOWN)], [allow()], UNKNOWN),
    ([allow(Condition=NOT_KNOWN)], [], NO),
    ([], [allow(Condition=NOT_KNOWN)], NO),
    ([allow()], [NOT_KNOWN], UNKNOWN),
]


# (SCPs by level from the root to the account, the answer for the function's own call, and for a call without the key)
_LEVELS: Final[list[tuple[list[list[Any]], Truth, Truth]]] = [
    ([[allow()]], YES, YES),
    ([[allow()], [allow()], [allow()]], YES, YES),
    ([[allow()], []], NO, NO),  # a level that allows nothing
    ([[allow(Action="s3:*")], [allow()]], NO, NO),
    ([[allow()], [allow(Action="ec2:Create*"), allow(Action="ec2:Delete*")]], YES, YES),
    ([[allow(), deny(Condition=DENIED)], [allow()]], NO, YES),
    ([[allow()], [allow(), deny(Condition=DENIED)]], NO, YES),
    ([[allow()], [allow(Condition=GUARDED)]], NO, YES),
    ([[allow(Condition=GUARDED), allow(Action="s3:*")], [allow()]], NO, YES),
    ([[allow()], [allow(), deny(Condition={"Null": {KEY: "true"}})]], YES, NO),
    ([[allow()], [allow(), NOT_KNOWN]], UNKNOWN, UNKNOWN),
    ([[NOT_KNOWN], [allow()]], UNKNOWN, UNKNOWN),
    ([[NOT_KNOWN], []], NO, NO),
]


@pytest.mark.parametrize(("levels", "code", "service"), _LEVELS)
def test_every_level_of_the_organization_must_allow(levels: list[list[Any]], code: Truth, service: Truth) -> None:
    found = [[doc(*level)] for level in levels]
    assert evaluate(request(), [doc(allow())], levels=found).allowed is code
    assert evaluate(request(Authorization(ENI)), [doc(allow())], levels=found).allowed is service
    # Each policy of a level by itself, beside a boundary that takes nothing away.
    apart = [[doc(item) for item in level] for level in levels]
    assert evaluate(request(), [doc(allow())], [doc(allow())], apart).allowed is code
    assert evaluate(request(), [], levels=found).allowed is NO


@pytest.mark.parametrize(("identity", "boundary", "expected"), _ROWS)
def test_the_evaluation_logic(identity: list[Any], boundary: list[Any] | None, expected: Truth) -> None:
    limit = None if boundary is None else [doc(*boundary)]
    assert evaluate(request(), [doc(*identity)], limit).allowed is expected
    # Statements may stand in one document or in several.
    limits = None if boundary is None else [doc(s) for s in boundary]
    assert evaluate(request(), [doc(s) for s in identity], limits).allowed is expected


def test_a_call_needs_every_resource() -> None:
    both = request(Authorization(ENI, CODE), Authorization(SUBNET, CODE), action="ec2:CreateNetworkInterface")
    eni = allow(Resource="arn:aws:ec2:*:*:network-interface/*")
    subnet = allow(Resource="arn:aws:ec2:*:*:subnet/*")
    assert evaluate(both, [doc(eni)]).allowed is NO
    assert evaluate(both, [doc(subnet)]).allowed is NO
    assert evaluate(both, [doc(eni, subnet)]).allowed is YES
    assert evaluate(both, [doc(allow(), deny(Resource="arn:aws:ec2:*:*:subnet/*"))]).allowed is NO
    maybe = {**subnet, "Condition": NOT_KNOWN}
    assert evaluate(both, [doc(eni, maybe)]).allowed is UNKNOWN
    assert evaluate(both, [doc(maybe)]).allowed is NO


def test_each_resource_has_its_own_context() -> None:
    tagged = doc(allow(Condition={"StringEquals": {"aws:ResourceTag/env": "dev"}}))
    dev, prod = (Authorization(ENI, {"aws:resourcetag/env": (value,)}) for value in ("dev", "prod"))
    assert evaluate(request(dev), [tagged]).allowed is YES
    assert evaluate(request(dev, prod), [tagged]).allowed is NO


def test_the_reasons() -> None:
    first = doc(allow(Sid="a"), allow(Sid="no", Action="s3:*"), deny(Sid="d"), name="one")
    second = doc(
        allow(Sid="b"), deny(Sid="maybe", Condition=NOT_KNOWN), allow(Sid="half", Condition=NOT_KNOWN), name="two"
    )
    boundary = doc(allow(Sid="c"), deny(Sid="e"), NOT_KNOWN, name="limit")
    a, _, d = first.statements
    b, maybe, half = second.statements
    c, e, unknown = boundary.statements
    found = evaluate(request(Authorization(ENI), Authorization(SUBNET)), [first, second], [boundary])
    assert found.allowed is NO
    # Each reason once, though two resources have it; the role's before the boundary's.
    assert found.allowing == (Determining(first, a), Determining(second, b), Determining(boundary, c))
    assert found.denying == (Determining(first, d), Determining(boundary, e))
    assert found.unresolved == (Determining(second, maybe), Determining(second, half), Determining(boundary, unknown))


def test_a_statement_of_unknown_effect_is_no_certain_reason() -> None:
    document = doc(allow(Effect=NOT_KNOWN))
    found = evaluate(request(), [document])
    assert (found.allowing, found.denying) == ((), ())
    assert found.unresolved == (Determining(document, document.statements[0]),)


# ---- the parts of a statement


@pytest.mark.parametrize(
    ("element", "patterns", "expected"),
    [
        ("Action", "ec2:DeleteNetworkInterface", YES),
        ("Action", "EC2:deletenetworkinterface", YES),
        ("Action", ["s3:*", "ec2:Delete*"], YES),
        ("Action", "*", YES),
        ("Action", "*:*", YES),
        ("Action", "e?2:*", YES),
        ("Action", "ec2:?eleteNetworkInterface", YES),
        ("Action", "ec2:??eleteNetworkInterface", NO),
        ("Action", "?c2:*", YES),
        ("Action", "ec*:Delete*", YES),
        ("Action", "s3:*", NO),
        ("Action", "ec2:Create*", NO),
        ("Action", "ec2x:*", NO),
        ("Action", "s3:*ec2:DeleteNetworkInterface", NO),
        ("Action", [NOT_KNOWN], UNKNOWN),
        ("Action", [NOT_KNOWN, "ec2:*"], YES),
        ("Action", [NOT_KNOWN, "s3:*"], UNKNOWN),
        ("NotAction", "s3:*", YES),
        ("NotAction", "ec2:*", NO),
        ("NotAction", ["s3:*", "ec2:Delete*"], NO),
        ("NotAction", "*", NO),
        ("NotAction", [NOT_KNOWN], UNKNOWN),
        ("NotAction", [NOT_KNOWN, "ec2:*"], NO),
    ],
)
def test_actions(element: str, patterns: Any, expected: Truth) -> None:
    assert action_covered(statement(**{element: patterns}, Resource="*"), DELETE) is expected


def test_only_patterns_that_can_match_the_service_are_kept() -> None:
    patterns = (
        "ec2:A",
        "EC2:b",
        "s3:Get",
        "*",
        "e*:x",
        "ec?:y",
        NOT_KNOWN,
        "ec2",
        "ec",
        "ecs:*",
        "?:z",
        "lambda:*",
        "abcd*",
        "X*:y",
    )
    kept = ("ec2:A", "EC2:b", "*", "e*:x", "ec?:y", NOT_KNOWN, "?:z")
    assert patterns_of_service(patterns, "ec2:") == kept


@pytest.mark.parametrize(
    ("element", "patterns", "expected"),
    [
        ("Resource", "*", YES),
        ("Resource", ENI, YES),
        ("Resource", SUBNET, NO),
        ("Resource", [SUBNET, ENI], YES),
        ("Resource", "arn:aws:ec2:*:network-interface/*", UNKNOWN),
        ("Resource", [NOT_KNOWN], UNKNOWN),
        ("Resource", [NOT_KNOWN, ENI], YES),
        ("NotResource", ENI, NO),
        ("NotResource", SUBNET, YES),
        ("NotResource", "*", NO),
        ("NotResource", "arn:aws:ec2:*:network-interface/*", UNKNOWN),
        ("NotResource", [NOT_KNOWN, SUBNET], UNKNOWN),
        ("NotResource", [NOT_KNOWN, ENI], NO),
        ("Resource", "arn:aws:ec2:*:*:network-interface/${aws:PrincipalTag/eni}", YES),
        ("Resource", "arn:aws:ec2:*:*:network-interface/${aws:PrincipalTag/none}", NO),
        ("NotResource", "arn:aws:ec2:*:*:network-interface/${aws:PrincipalTag/none}", YES),
        ("Resource", "arn:aws:ec2:*:*:network-interface/${aws:userid}", UNKNOWN),
        ("NotResource", "arn:aws:ec2:*:*:network-interface/${aws:userid}", UNKNOWN),
        ("Resource", "arn:aws:ec2:*:*:network-interface/${aws:none, 'eni-0ab'}", YES),
    ],
)
def test_resources(element: str, patterns: Any, expected: Truth) -> None:
    context: Context = {"aws:principaltag/eni": ("eni-0ab",), "aws:userid": (NOT_KNOWN,)}
    assert resource_covered(statement(Action="*", **{element: patterns}), ENI, context) is expected


def test_variables_are_text_in_the_older_version() -> None:
    pattern = "arn:aws:ec2:*:*:network-interface/${aws:userid}"
    source = {"Effect": "Allow", "Action": "*", "Resource": pattern}
    (old,) = parse_document({"Version": "2008-10-17", "Statement": source}).statements
    literal = "arn:aws:ec2:eu-central-1:123456789012:network-interface/${aws:userid}"
    assert resource_covered(old, literal, {}) is YES
    assert resource_covered(old, ENI, {"aws:userid": ("eni-0ab",)}) is NO


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (allow(), YES),
        (allow(Condition={}), YES),
        (allow(Action="s3:*"), NO),
        (allow(Resource=SUBNET), NO),
        (allow(Condition=GUARDED), NO),
        (allow(Condition=DENIED), YES),
        # All conditions must hold: of one operator, and of several.
        (allow(Condition={"Null": {KEY: "false", "aws:x": "false"}}), NO),
        (allow(Condition={"Null": {KEY: "false"}, "StringEquals": {"aws:x": "a"}}), NO),
        (allow(Condition={"Null": {KEY: "false"}, "StringNotEquals": {"aws:x": "a"}}), YES),
        (allow(Condition={"Null": {KEY: NOT_KNOWN}}), UNKNOWN),
        (allow(Condition={"Null": {KEY: NOT_KNOWN, "aws:x": "false"}}), NO),
        # A part that IAM refuses: the statement matches at best perhaps.
        (allow(Sid="-"), UNKNOWN),
        (allow(Condition={"Like": {"aws:x": "a"}}), UNKNOWN),
        (allow(Action="s3:*", Sid="-"), NO),
        (deny(), YES),
        (allow(Resource="arn:aws:ec2:*:*:network-interface/${lambda:SourceFunctionArn}"), NO),
        (allow(Resource="arn:aws:ec2:*:*:network-interface/${aws:x, 'eni-0ab'}"), YES),
        (allow(Resource=ENI.replace("eu-central-1", "${aws:region}")), YES),
    ],
)
def test_statements(source: Any, expected: Truth) -> None:
    found = doc(source).statements[0]
    context = {**CODE, "aws:region": ("eu-central-1",)}
    assert statement_matches(found, DELETE, Authorization(ENI, context)) is expected


def test_only_statements_that_can_touch_the_service_are_looked_at() -> None:
    document = doc(
        allow(),
        allow(Action="s3:*"),
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
        allow(Action=["s3:*", "*"]),
    )
    first, _, third, fourth = document.statements
    found = touching(document, "ec2:")
    assert [determining for determining, _ in found] == [(document, first), (document, third), (document, fourth)]
    assert [actions.cover(DELETE) for _, actions in found] == [YES, YES, YES]
    assert [actions.cover("ec2:x") for _, actions in touching(doc(allow(Action=[NOT_KNOWN, DELETE])), "ec2:")] == [
        UNKNOWN
    ]
    # Looked through once: the questions about a role ask it again and again.
    assert touching(document, "ec2:") is found
    assert touching(document, "s3:") is not found


def test_an_action_that_is_unknown_may_be_the_one() -> None:
    found = statement(Action=[NOT_KNOWN, "s3:*"], Resource="*")
    assert statement_matches(found, DELETE, Authorization(ENI, CODE)) is UNKNOWN
    assert statement_matches(statement(Action="s3:*", Resource="*"), DELETE, Authorization(ENI, CODE)) is NO


def test_the_service_of_an_action() -> None:
    assert service_of("ec2:DeleteNetworkInterface") == "ec2:"
    assert service_of("EC2:a:b") == "ec2:"
