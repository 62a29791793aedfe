"""Who may assume a role. Source: IAM User Guide, "AWS JSON policy elements: Principal"."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from policy.iam.trust import LAMBDA, Principal, Trust, parse_trust
from policy.iam.truth import UNKNOWN as NOT_KNOWN
from policy.iam.truth import Truth, any_of

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
ROLE: Final = "arn:aws:iam::123456789012:role/orders-role"
ANY_ACCOUNT: Final = "arn:*:iam::*:role/orders-role"


def trust(*statements: Any) -> Trust:
    return parse_trust({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}


BY_LAMBDA: Final = allow({"Service": LAMBDA})


def lets_in(found: Trust, role_arn: str | None) -> tuple[Truth, str]:
    """Whether the role may assume itself, by name or with its account, and the statement that says so."""
    entry = found.lets_in(Principal(role_arn, None, {}))
    return any_of((entry.direct, entry.to_session, entry.by_account)), entry.path


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
    answer, path = lets_in(trust(BY_LAMBDA, allow(principal)), role_arn)
    assert answer is expected
    assert path == ("" if expected is NO else "Statement[1]")


def test_a_condition_may_keep_the_role_out() -> None:
    guarded = allow({"AWS": "*"}, Condition={"StringEquals": {"sts:ExternalId": "x"}})
    assert lets_in(trust(guarded), ROLE) == (UNKNOWN, "Statement[0]")
    assert lets_in(trust(guarded, allow({"AWS": ROLE})), ROLE) == (YES, "Statement[1]")
    assert lets_in(trust(allow({"AWS": "*"}, Condition={})), ROLE) == (YES, "Statement[0]")
    assert lets_in(trust(allow({"AWS": "*"}, Effect=NOT_KNOWN)), ROLE) == (UNKNOWN, "Statement[0]")


def test_conditions_on_the_function() -> None:
    found = trust(
        BY_LAMBDA,
        {**BY_LAMBDA, "Condition": {"ArnLike": {"LAMBDA:sourceFunctionArn": "x", "aws:SourceArn": "y"}}},
        {**BY_LAMBDA, "Effect": "Deny", "Condition": {"Null": {"lambda:SourceFunctionArn": "true"}}},
        {**BY_LAMBDA, "Condition": {"Null": 7}},
        {**BY_LAMBDA, "Condition": []},
    )
    assert list(found.conditions_on_function()) == [
        ("Statement[1].Condition.ArnLike.LAMBDA:sourceFunctionArn", False),
        ("Statement[2].Condition.Null.lambda:SourceFunctionArn", True),
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
    assert lets_in(found, ROLE) == (UNKNOWN, "")
    assert found.services() == frozenset()
    assert list(found.conditions_on_function()) == []


@pytest.mark.parametrize("source", [{"Statement": BY_LAMBDA}, {"Statement": [BY_LAMBDA]}, {"Statement": (BY_LAMBDA,)}])
def test_text_and_object_are_read_alike(source: Any) -> None:
    for form in (source, json.dumps(source)):
        found = parse_trust(form)
        assert found.known
        assert found.names_service(LAMBDA) is YES


SESSION: Final = f"arn:aws:sts::{ROLE.split(':')[4]}:assumed-role/{ROLE.rpartition('/')[2]}/orders"
ACCOUNT_ROOT: Final = f"arn:aws:iam::{ROLE.split(':')[4]}:root"


@pytest.mark.parametrize(
    ("statements", "direct", "by_account"),
    [
        ([allow({"AWS": ROLE})], YES, NO),
        ([allow("*")], YES, NO),
        ([allow({"AWS": SESSION})], YES, NO),
        ([allow({"AWS": SESSION.removesuffix("orders") + "reports"})], UNKNOWN, NO),
        ([allow({"AWS": ACCOUNT_ROOT})], NO, YES),
        # A Deny wins, whichever way it names the session.
        ([allow({"AWS": ACCOUNT_ROOT}), allow({"AWS": ROLE}, Effect="Deny")], NO, NO),
        ([allow({"AWS": ROLE}), allow({"AWS": ACCOUNT_ROOT}, Effect="Deny")], NO, NO),
        ([allow({"AWS": ROLE}), allow({"AWS": ROLE}, Effect=NOT_KNOWN)], UNKNOWN, NO),
        # A condition on what is known of the call is decided, one on what is not is left open.
        ([allow({"AWS": "*"}, Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})], YES, NO),
        ([allow({"AWS": "*"}, Condition={"ArnNotEquals": {"aws:PrincipalArn": ROLE}})], NO, NO),
        (
            [allow({"AWS": ROLE}), allow("*", Effect="Deny", Condition={"Null": {"sts:ExternalId": "true"}})],
            UNKNOWN,
            NO,
        ),
        ([allow({"AWS": ROLE}, Condition={"NoSuch": {"a": "b"}})], UNKNOWN, NO),
    ],
)
def test_who_is_let_in_and_by_what(statements: list[Any], direct: Truth, by_account: Truth) -> None:
    entry = trust(*statements).lets_in(Principal(ROLE, "orders", {"aws:principalarn": (ROLE,)}))
    assert (any_of((entry.direct, entry.to_session)), entry.by_account) == (direct, by_account)
