"""What a caller can make of the tags of its own role, by tables of what it may call."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import pytest

from policy.iam.document import PolicyDocument, parse_document
from policy.iam.request import Caller
from policy.iam.search import keys
from policy.iam.search.subject import Subject
from policy.iam.search.witness import ask
from policy.iam.truth import UNKNOWN as NOT_KNOWN
from policy.iam.truth import Truth
from policy.verdict.tagging import Tagging

YES, UNKNOWN = Truth.YES, Truth.UNKNOWN
ORDERS: Final = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
ROLE: Final = "arn:aws:iam::123456789012:role/orders-role"
TAG, UNTAG = "iam:TagRole", "iam:UntagRole"
OPEN: Final = {"StringEquals": {"aws:PrincipalTag/eni": "yes"}}
TWO: Final = {"StringEquals": {"aws:PrincipalTag/eni": "yes", "iam:ResourceTag/team": "ops"}}


def statement(condition: Any, action: str = "ec2:*", effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": "*", "Condition": condition}


def reached(tags: Mapping[str, Any] | None, *statements: Any) -> list[tuple[Truth, Mapping[str, Any] | None]]:
    """The tags that the role can come to have, and whether the code can bring that about."""
    documents = [parse_document({"Version": "2012-10-17", "Statement": list(statements)})]
    code = Subject(Caller.CODE, ORDERS, ROLE, tags, Decimal(1_790_000_000))

    def may(action: str, denied: PolicyDocument) -> Truth:
        return ask(keys.on_iam(action, "role", "orders-role"), code, [*documents, denied]).allowed

    return [(can, caller.role_tags) for can, caller in Tagging(documents).after(code, may)]


def test_nothing_hangs_on_a_tag() -> None:
    assert not Tagging([])
    asked = statement({"StringEquals": {"aws:RequestTag/eni": "yes"}})
    assert not Tagging([parse_document({"Statement": [asked]})])
    for key in ("aws:PrincipalTag/eni", "aws:ResourceTag/eni", "iam:ResourceTag/eni"):
        assert Tagging([parse_document({"Statement": [statement({"Null": {key: "true"}})]})])
    variable = statement({"StringEquals": {"ec2:Vpc": "${aws:PrincipalTag/vpc}"}})
    assert Tagging([parse_document({"Version": "2012-10-17", "Statement": [variable]})])


@pytest.mark.parametrize(
    ("tagging", "expected"),
    [
        ({}, [(YES, {"Team": "ops", "eni": "yes"}), (UNKNOWN, {"Team": "ops", "eni": NOT_KNOWN})]),
        ({"StringEquals": {"aws:RequestTag/eni": "yes"}}, [(YES, {"Team": "ops", "eni": "yes"})]),
        ({"StringEquals": {"aws:RequestTag/Eni": "no"}}, [(YES, {"Team": "ops", "eni": "no"})]),
        ({"StringLike": {"aws:RequestTag/eni": "n*"}}, [(UNKNOWN, {"Team": "ops", "eni": NOT_KNOWN})]),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["other"]}}, []),
        (
            {"ForAllValues:StringEquals": {"aws:TagKeys": ["eni"]}},
            [(YES, {"Team": "ops", "eni": "yes"}), (UNKNOWN, {"Team": "ops", "eni": NOT_KNOWN})],
        ),
        ({"StringEquals": {"aws:ResourceTag/none": "x"}}, []),
    ],
)
def test_a_tag_is_given_as_the_conditions_on_the_request_allow(tagging: Any, expected: Any) -> None:
    assert reached({"Team": "ops"}, statement(OPEN), statement(tagging, TAG)) == expected


def test_a_tag_takes_the_place_of_the_one_that_is_there() -> None:
    found = reached({"ENI": "no"}, statement(OPEN), statement({}, TAG))
    assert found == [(YES, {"eni": "yes"}), (UNKNOWN, {"eni": NOT_KNOWN})]


def test_two_tags_are_given_alone_and_together() -> None:
    found = reached({}, statement(TWO), statement({}, TAG))
    assert found == [
        (YES, {"eni": "yes"}),
        (UNKNOWN, {"eni": NOT_KNOWN}),
        (YES, {"team": "ops"}),
        (UNKNOWN, {"team": NOT_KNOWN}),
        (UNKNOWN, {"eni": NOT_KNOWN, "team": NOT_KNOWN}),
    ]


@pytest.mark.parametrize(
    ("untagging", "expected"),
    [
        ({}, [(YES, {"team": "ops", "x": "1"}), (YES, {"Eni": "yes", "x": "1"}), (YES, {"x": "1"})]),
        (
            {"ForAllValues:StringEquals": {"aws:TagKeys": ["Eni"]}},
            [(YES, {"team": "ops", "x": "1"}), (YES, {"team": "ops", "x": "1"})],
        ),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["x"]}}, []),
        ({"StringEquals": {"aws:RequestTag/eni": "yes"}}, []),
    ],
)
def test_tags_are_taken_away_alone_and_together(untagging: Any, expected: Any) -> None:
    assert reached({"Eni": "yes", "team": "ops", "x": "1"}, statement(TWO), statement(untagging, UNTAG)) == expected


def test_of_tags_that_are_not_known_all_that_are_asked_for_have_to_be_set() -> None:
    assert reached(None, statement(OPEN), statement({}, TAG)) == [(YES, {"eni": "yes"}), (UNKNOWN, {"eni": NOT_KNOWN})]
    assert reached(None, statement(OPEN), statement({}, UNTAG)) == [(YES, {})]
    spelled = {"ForAllValues:StringEquals": {"aws:TagKeys": ["Eni"]}}
    assert reached(None, statement(OPEN), statement(spelled, UNTAG)) == [(YES, {})]
    both = reached(None, statement(TWO), statement({}, TAG))
    assert both[-1] == (UNKNOWN, {"eni": NOT_KNOWN, "team": NOT_KNOWN})
    assert {tags is None for _, tags in both[:-1]} == {True}
    assert reached(None, statement(TWO), statement(spelled, UNTAG)) == []


def test_past_a_few_tags_and_values_nothing_is_certain() -> None:
    values = statement({"StringEquals": {"aws:PrincipalTag/eni": ["a", "b", "c", "d", "e"]}})
    found = reached({}, values, statement({}, TAG))
    assert [tags for _, tags in found] == [{"eni": v} for v in ("a", "b", "c", "d", NOT_KNOWN)]
    names = [statement({"Null": {f"aws:PrincipalTag/t{i}": "false"}}) for i in range(5)]
    assert reached({}, *names, statement({}, TAG))[0] == (UNKNOWN, None)


def test_a_text_with_a_wildcard_is_a_value_where_it_is_no_pattern() -> None:
    for operator, expected in (
        ("StringEquals", [{"eni": "y*"}, {"eni": NOT_KNOWN}]),
        ("StringLike", [{"eni": NOT_KNOWN}]),
    ):
        found = reached({}, statement({operator: {"aws:PrincipalTag/eni": "y*"}}), statement({}, TAG))
        assert [tags for _, tags in found] == expected
    variable = {"StringEquals": {"aws:PrincipalTag/eni": "${aws:PrincipalAccount}"}}
    assert [tags for _, tags in reached({}, statement(variable), statement({}, TAG))] == [{"eni": NOT_KNOWN}]
