"""Who may assume a role. Source: IAM User Guide, "AWS JSON policy elements: Principal"."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from policy.trust import LAMBDA, Trust, parse_trust
from policy.truth import UNKNOWN as NOT_KNOWN
from policy.truth import Truth

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
ROLE: Final = "arn:aws:iam::123456789012:role/orders-role"
ANY_ACCOUNT: Final = "arn:*:iam::*:role/orders-role"


def trust(*statements: Any) -> Trust:
    return parse_trust({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}


BY_LAMBDA: Final = allow({"Service": LAMBDA})


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([BY_LAMBDA], YES),
        ([allow({"Service": ["ec2.amazonaws.com", LAMBDA]})], YES),
        ([allow({"Service": "ec2.amazonaws.com"})], NO),
        ([allow({"Service": "ec2.amazonaws.com"}), BY_LAMBDA], YES),
        ([], NO),
        ([{**BY_LAMBDA, "Effect": "Deny"}], NO),
        ([{**BY_LAMBDA, "Effect": NOT_KNOWN}], UNKNOWN),
        ([{**BY_LAMBDA, "Effect": NOT_KNOWN}, BY_LAMBDA], YES),
        ([{**BY_LAMBDA, "Effect": NOT_KNOWN, "Principal": {"Service": "ec2.amazonaws.com"}}], NO),
        ([{**BY_LAMBDA, "Action": ["sts:TagSession", "STS:assumerole"]}], YES),
        ([{**BY_LAMBDA, "Action": "sts:*"}], YES),
        ([{**BY_LAMBDA, "Action": "*"}], YES),
        ([{**BY_LAMBDA, "Action": "sts:TagSession"}], NO),
        ([{**BY_LAMBDA, "Action": NOT_KNOWN}], UNKNOWN),
        ([{**BY_LAMBDA, "Action": [NOT_KNOWN, "sts:AssumeRole"]}], YES),
        ([{**BY_LAMBDA, "Action": 7}], NO),
        ([{"Effect": "Allow", "Principal": {"Service": LAMBDA}, "NotAction": "sts:TagSession"}], YES),
        ([{"Effect": "Allow", "Principal": {"Service": LAMBDA}, "NotAction": "sts:*"}], NO),
        ([{"Effect": "Allow", "Principal": {"Service": LAMBDA}}], NO),
        ([allow({"Service": NOT_KNOWN})], UNKNOWN),
        ([allow({"Service": [NOT_KNOWN, LAMBDA]})], YES),
        ([allow(NOT_KNOWN)], UNKNOWN),
        ([allow("*")], NO),
        ([allow({"AWS": "*"})], NO),
        ([allow(None)], NO),
        ([allow({"Service": None})], NO),
    ],
)
def test_which_service(statements: list[Any], expected: Truth) -> None:
    assert trust(*statements).names_service(LAMBDA) is expected


def test_the_services_that_are_named() -> None:
    found = trust(
        BY_LAMBDA, allow({"Service": ["ec2.amazonaws.com", NOT_KNOWN]}), {**allow({"Service": "x"}), "Effect": "Deny"}
    )
    assert found.services() == {LAMBDA, "ec2.amazonaws.com"}


@pytest.mark.parametrize(
    ("principal", "role_arn", "expected"),
    [
        ({"AWS": ROLE}, ROLE, YES),
        ({"AWS": [f"{ROLE}2", ROLE]}, ROLE, YES),
        ({"AWS": f"{ROLE}2"}, ROLE, NO),
        ({"AWS": "*"}, ROLE, YES),
        ("*", ROLE, YES),
        ({"AWS": "123456789012"}, ROLE, YES),
        ({"AWS": "210987654321"}, ROLE, NO),
        ({"AWS": "arn:aws:iam::123456789012:root"}, ROLE, YES),
        ({"AWS": "arn:aws:iam::210987654321:root"}, ROLE, NO),
        ({"AWS": "arn:aws:iam::123456789012:role/root"}, ROLE, NO),
        ({"Service": LAMBDA}, ROLE, NO),
        ({"AWS": NOT_KNOWN}, ROLE, UNKNOWN),
        ({"AWS": [NOT_KNOWN, ROLE]}, ROLE, YES),
        (NOT_KNOWN, ROLE, UNKNOWN),
        ({"AWS": 7}, ROLE, NO),
        # The account, or the whole ARN, is not known yet.
        ({"AWS": "123456789012"}, ANY_ACCOUNT, UNKNOWN),
        ({"AWS": "arn:aws:iam::123456789012:root"}, ANY_ACCOUNT, UNKNOWN),
        ({"AWS": ROLE}, ANY_ACCOUNT, UNKNOWN),
        ({"AWS": "arn:aws:iam::123456789012:role/other"}, ANY_ACCOUNT, NO),
        ({"AWS": "*"}, None, YES),
        ({"AWS": "123456789012"}, None, UNKNOWN),
        # No ARN at all.
        ({"AWS": "123456789012"}, "junk", UNKNOWN),
        ({"AWS": "arn:aws:iam::123456789012:root"}, "", UNKNOWN),
    ],
)
def test_whether_the_role_lets_itself_in(principal: Any, role_arn: str | None, expected: Truth) -> None:
    answer, path = trust(BY_LAMBDA, allow(principal)).lets_in(role_arn)
    assert answer is expected
    assert path == ("" if expected is NO else "Statement[1]")


def test_a_condition_may_keep_the_role_out() -> None:
    guarded = allow({"AWS": "*"}, Condition={"StringEquals": {"sts:ExternalId": "x"}})
    assert trust(guarded).lets_in(ROLE) == (UNKNOWN, "Statement[0]")
    assert trust(guarded, allow({"AWS": ROLE})).lets_in(ROLE) == (YES, "Statement[1]")
    assert trust(allow({"AWS": "*"}, Condition={})).lets_in(ROLE) == (YES, "Statement[0]")
    assert trust(allow({"AWS": "*"}, Effect=NOT_KNOWN)).lets_in(ROLE) == (UNKNOWN, "Statement[0]")


def test_conditions_on_the_function() -> None:
    found = trust(
        BY_LAMBDA,
        {**BY_LAMBDA, "Condition": {"ArnLike": {"LAMBDA:sourceFunctionArn": "x", "aws:SourceArn": "y"}}},
        {**BY_LAMBDA, "Effect": "Deny", "Condition": {"Null": {"lambda:SourceFunctionArn": "true"}}},
        {**BY_LAMBDA, "Condition": {"Null": 7}},
        {**BY_LAMBDA, "Condition": []},
    )
    assert list(found.conditions_on_function()) == [
        "Statement[1].Condition.ArnLike.LAMBDA:sourceFunctionArn",
        "Statement[2].Condition.Null.lambda:SourceFunctionArn",
    ]


@pytest.mark.parametrize(
    "source",
    [
        None,
        7,
        [],
        "",
        "{",
        "[]",
        "[" * 100_000,
        "9" * 5000,
        NOT_KNOWN,
        {},
        {"Statement": NOT_KNOWN},
        {"Statement": "x"},
        {"Statement": [NOT_KNOWN]},
        {"Statement": [1]},
    ],
)
def test_what_cannot_be_read_may_say_anything(source: Any) -> None:
    found = parse_trust(source)
    assert not found.known
    assert found.names_service(LAMBDA) is UNKNOWN
    assert found.lets_in(ROLE) == (UNKNOWN, "")
    assert found.services() == frozenset()
    assert list(found.conditions_on_function()) == []


@pytest.mark.parametrize("source", [{"Statement": BY_LAMBDA}, {"Statement": [BY_LAMBDA]}, {"Statement": (BY_LAMBDA,)}])
def test_text_and_object_are_read_alike(source: Any) -> None:
    for form in (source, json.dumps(source)):
        found = parse_trust(form)
        assert found.known
        assert found.names_service(LAMBDA) is YES
