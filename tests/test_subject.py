"""Who a caller may turn out to be, and where its call goes, as far as documents tell callers and places apart."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest

from policy.iam.document import PolicyDocument, parse_document
from policy.iam.request import Caller
from policy.iam.search import keys
from policy.iam.search.keys import SOURCE_FUNCTION_KEY, Session
from policy.iam.search.relevant import Role
from policy.iam.search.solver import BudgetExceededError
from policy.iam.search.subject import Subject, places, sessions
from policy.iam.search.witness import ask
from policy.iam.truth import UNKNOWN as NOT_KNOWN
from policy.iam.truth import Truth

ACCOUNT, OTHER = "123456789012", "111122223333"
KEY: Final = "lambda:SourceFunctionArn"
DELETE: Final = "ec2:DeleteNetworkInterface"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/orders-role"
ANY: Final = Subject(
    Caller.CODE, f"arn:aws:lambda:*:{ACCOUNT}:function:*", ROLE, {"Team": "blue"}, Decimal(1_790_000_000)
)
ORDERS: Final = replace(ANY, function_arn=f"arn:aws:lambda:*:{ACCOUNT}:function:orders")
OPEN: Final = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}


def doc(*statements: Any) -> PolicyDocument:
    return parse_document({"Version": "2012-10-17", "Statement": list(statements)}, "d")


def allow(**condition: Any) -> dict[str, Any]:
    return {**OPEN, "Condition": condition}


def deny(**condition: Any) -> dict[str, Any]:
    return {**OPEN, "Effect": "Deny", "Condition": condition}


def function_arns(subject: Subject, *statements: Any) -> list[str]:
    """The functions that are asked."""
    found = sessions(subject, Role([doc(OPEN, *statements)], None).relevant(keys.action(DELETE)))
    return [session.function_arn for session in found if session.function_arn is not None]


def names(subject: Subject, *statements: Any) -> set[str]:
    return {arn.rpartition(":")[2] for arn in function_arns(subject, *statements)}


def function(name: str, region: str = "*", account: str = "*") -> str:
    return f"arn:aws:lambda:{region}:{account}:function:{name}"


# ---- functions


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("${aws:PrincipalTag/Team}", "blue"),
        ("of-${aws:PrincipalAccount}", f"of-{ACCOUNT}"),
        ("in-${aws:ResourceAccount}-x", f"in-{ACCOUNT}-x"),
        ("${aws:PrincipalTag/Team}-${aws:PrincipalAccount}", f"blue-{ACCOUNT}"),
    ],
)
def test_a_variable_in_a_guard_names_a_function(pattern: str, named: str) -> None:
    found = names(ANY, deny(ArnLike={KEY: function(pattern)}))
    assert named in found
    assert len(found) == 2


def test_a_tag_that_is_not_known_names_any_function() -> None:
    unknown = replace(ANY, role_tags={"Team": NOT_KNOWN})
    found = names(unknown, deny(ArnLike={KEY: function("f-${aws:PrincipalTag/Team}")}))
    assert any(name.startswith("f-") for name in found)
    assert any(not name.startswith("f-") for name in found)


def test_a_region_in_a_guard_is_each_that_conditions_name() -> None:
    guard = deny(ArnLike={KEY: function("in-${aws:RequestedRegion}")})
    regions = deny(StringLike={"aws:RequestedRegion": ["eu-west-1", "us-*", "ap-??st-1", "${aws:PrincipalTag/Team}"]})
    found = names(ANY, guard, regions)
    assert "in-eu-west-1" in found
    assert not any(set("*?$") & set(name) for name in found)
    # A region that only a resource names is none of those that calls are told apart by here.
    assert "in-eu-west-1" not in names(ANY, guard)


def test_names_that_cannot_be_the_functions_are_not_told_apart() -> None:
    many = [function(f"f{i}-*", f"eu-{i}-*") for i in range(80)]
    for own in (function("orders", "us-*"), function("${aws:PrincipalTag/Team}", "us-*"), function("or*", "us-*")):
        subject = replace(ORDERS, role_tags={"Team": "orders"})
        found = function_arns(subject, deny(ArnLike={KEY: [*many, own]}))
        assert len(found) == 2
        assert {arn.split(":")[3].startswith("us-") for arn in found} == {True, False}


def test_of_more_names_than_are_tried_a_few_are_asked() -> None:
    variable = function("${aws:PrincipalTag/None}", account=OTHER)
    values = [variable, "short", function("elsewhere", account=OTHER), *(function(f"f{i}-?*") for i in range(80))]
    relevant = Role([doc(OPEN, deny(ArnLike={KEY: values}))], None).relevant(keys.action(DELETE))
    callers = sessions(ANY, relevant)
    for name in ("my-function", "f0-xx", "f1-xx", "f2-xx", "f3-xx"):
        assert next(callers).function_arn == function(name, keys.EXAMPLE_REGION, ACCOUNT)
    with pytest.raises(BudgetExceededError):
        next(callers)


def test_texts_are_told_apart_whatever_they_name() -> None:
    found = function_arns(ORDERS, deny(StringLike={KEY: [function("f*", "us-*"), "arn:aws:lambda:eu-*:orders"]}))
    assert {arn.split(":")[3].startswith("eu-") for arn in found} == {True, False}


def test_a_value_that_is_not_known_is_passed_over() -> None:
    found = function_arns(ORDERS, deny(ArnLike={KEY: [NOT_KNOWN, function("orders", "us-*")]}))
    assert all(arn.endswith(":orders") for arn in found)


def test_the_same_role_for_the_code() -> None:
    service = replace(ORDERS, caller=Caller.SERVICE, keyless=True)
    assert service.as_code == ORDERS
    assert ORDERS.as_code is ORDERS
    assert not replace(ORDERS, keyless=True).as_code.keyless


# ---- callers


def callers(subject: Subject, *statements: Any) -> list[Session]:
    return list(sessions(subject, Role([doc(OPEN, *statements)], None).relevant(keys.action(DELETE))))


def test_what_is_known_of_a_caller() -> None:
    [caller] = callers(replace(ORDERS, function_arn=function("orders", "eu-west-1", ACCOUNT).replace("aws", "aws-cn")))
    assert caller.caller is Caller.CODE
    assert (caller.partition, caller.account, caller.region) == ("aws-cn", ACCOUNT, "eu-west-1")
    assert (caller.role_arn, caller.role_tags, caller.now) == (ROLE, {"Team": "blue"}, ANY.now)
    [elsewhere] = callers(ORDERS)
    assert elsewhere.region == ""


def test_an_account_that_is_not_known_is_one_that_documents_name_or_another() -> None:
    by_arn = deny(ArnLike={KEY: function("x", account=OTHER)})
    by_text = deny(StringEquals={"aws:PrincipalAccount": OTHER})
    for guard in (by_arn, by_text):
        assert {caller.account for caller in callers(SOMEWHERE, guard)} == {OTHER, keys.EXAMPLE_ACCOUNT}
    assert {caller.account for caller in callers(SOMEWHERE)} == {keys.EXAMPLE_ACCOUNT}


def test_an_account_that_a_variable_is_filled_in_with_is_one_as_well() -> None:
    tagged = replace(SOMEWHERE, role_tags={"Of": f"arn:aws:lambda:eu-west-1:{OTHER}:function:x", "Never": NOT_KNOWN})
    guard = deny(ArnLike={KEY: "${aws:PrincipalTag/Of}"})
    assert {caller.account for caller in callers(tagged, guard)} == {OTHER, keys.EXAMPLE_ACCOUNT}
    assert {caller.account for caller in callers(tagged)} == {keys.EXAMPLE_ACCOUNT}
    assert {caller.account for caller in callers(replace(tagged, role_tags=None), guard)} == {keys.EXAMPLE_ACCOUNT}


@pytest.mark.parametrize(
    ("given", "there"),
    [
        ("arn:*:iam::*:role/path/orders-role", f"arn:aws:iam::{OTHER}:role/path/orders-role"),
        (ROLE, ROLE),
        ("arn:*:iam::*:role/*orders-role", None),
        ("arn:*:iam::*", None),
        ("", None),
        (None, None),
    ],
)
def test_the_roles_arn_is_in_the_callers_account(given: str | None, there: str | None) -> None:
    subject = replace(ORDERS, function_arn=f"arn:aws:lambda:*:{OTHER}:function:orders", role_arn=given)
    assert [caller.role_arn for caller in callers(subject)] == [there]


# ---- accounts in which the role does nothing

SOMEWHERE: Final = replace(ORDERS, function_arn="arn:aws:lambda:*:*:function:orders", role_arn=None)
LAMBDA: Final = replace(SOMEWHERE, caller=Caller.SERVICE)
HERE: Final = {"StringEquals": {"aws:PrincipalAccount": OTHER}}
ELSEWHERE: Final = {"StringNotEquals": {"aws:PrincipalAccount": OTHER}}
FROM_VPC: Final = {"aws:SourceVpc": "vpc-0a1b2c3d4e5f60718"}


@pytest.mark.parametrize(
    ("subject", "elsewhere", "expected"),
    [
        # Nobody can use the role elsewhere, so it is here.
        (SOMEWHERE, None, Truth.YES),
        (LAMBDA, None, Truth.YES),
        # Lambda can, and the code cannot: which of the two it is is not known.
        (SOMEWHERE, {"Null": {KEY: "true"}}, Truth.UNKNOWN),
        (LAMBDA, {"StringLike": {KEY: "*"}}, Truth.UNKNOWN),
        # Lambda's own calls come from no VPC, so this is of no use to it.
        (SOMEWHERE, {"Null": {KEY: "true"}, "StringEquals": FROM_VPC}, Truth.YES),
        # In an account that a guard names the code can.
        (LAMBDA, {"ArnLike": {KEY: function("orders", account="999988887777")}}, Truth.UNKNOWN),
    ],
)
def test_what_a_role_may_do_elsewhere_says_nothing(
    subject: Subject, elsewhere: dict[str, Any] | None, expected: Truth
) -> None:
    statements = [allow(**HERE)]
    if elsewhere is not None:
        statements.append(allow(**{**elsewhere, "StringNotEquals": ELSEWHERE["StringNotEquals"]}))
    answer = ask(DELETE, subject, [doc(*statements)])
    assert answer.allowed is expected
    assert answer.unknown_keys == ((SOURCE_FUNCTION_KEY,) if expected is Truth.UNKNOWN else ())


def test_a_function_that_is_denied_what_lambda_may_do_tells_nothing_of_other_accounts() -> None:
    answer = ask(DELETE, LAMBDA, [doc(allow(**HERE), deny(ArnLike={KEY: function("billing")}))])
    assert answer.allowed is Truth.YES


# ---- regions


@pytest.mark.parametrize(
    "pattern", ["eu-*-9", "eu-newest-9", "us-*-east-?", "*-newest-*", "?u-west-9", "mx-*t-1", "eu-*-*t-*"]
)
def test_a_pattern_of_regions_that_there_are_not_yet(pattern: str) -> None:
    answer = ask(DELETE, replace(ORDERS, function_arn=function("orders", "eu-west-1", ACCOUNT)),
                 [doc(allow(StringLike={"aws:RequestedRegion": pattern}))])  # fmt: skip
    assert (answer.allowed, answer.unknown_keys) == (Truth.UNKNOWN, ("aws:requestedregion",))


@pytest.mark.parametrize("pattern", ["nowhere", "EU-*-9", "*.amazonaws.com", "a-*b-*c-*d-*e"])
def test_what_is_no_region_may_not_be_one_some_day(pattern: str) -> None:
    answer = ask(DELETE, replace(ORDERS, function_arn=function("orders", "eu-west-1", ACCOUNT)),
                 [doc(allow(StringEquals={"aws:RequestedRegion": pattern}))])  # fmt: skip
    assert answer.allowed is Truth.NO


def test_the_functions_own_region_comes_first() -> None:
    subject = replace(ORDERS, function_arn=function("orders", "eu-west-1", ACCOUNT))
    relevant = Role([doc(OPEN, deny(StringEquals={"aws:RequestedRegion": "eu-west-1"}))], None).relevant(
        keys.action(DELETE)
    )
    [session] = sessions(subject, relevant)
    found = list(places(session, relevant))
    assert [place.region for place in found[:1]] == ["eu-west-1"]
    assert {place.account for place in found} == {ACCOUNT}
    assert len(found) > 1


def test_a_call_of_iam_goes_to_one_place() -> None:
    asks = {**allow(StringEquals={"aws:RequestedRegion": ["eu-west-1", "ap-south-1"]}), "Action": "*"}
    for action, expected in (("iam:PutRolePolicy", 1), (keys.ASSUME_ROLE, 2)):
        relevant = Role([doc(asks)], None).relevant(keys.on_iam(action, "role", "orders-role"))
        (session,) = sessions(replace(ORDERS, function_arn=function("orders", "eu-west-1", ACCOUNT)), relevant)
        assert session.called is relevant.resources[0]
        assert len(list(places(session, relevant))) == expected


def test_a_region_that_is_not_known_names_no_place() -> None:
    subject = replace(ORDERS, function_arn=function("orders", "eu-west-1", ACCOUNT))
    relevant = Role([doc(allow(StringEquals={"aws:RequestedRegion": NOT_KNOWN}))], None).relevant(keys.action(DELETE))
    [session] = sessions(subject, relevant)
    assert [place.region for place in places(session, relevant)] == ["eu-west-1"]


@pytest.mark.parametrize(
    ("partition", "region", "pattern", "expected"),
    [
        ("aws", "eu-west-1", "cn-*-9", Truth.NO),
        ("aws", "eu-west-1", "us-gov-*-9", Truth.NO),
        ("aws", "eu-west-1", "us-*-9", Truth.UNKNOWN),
        ("aws-cn", "cn-north-1", "cn-*-9", Truth.UNKNOWN),
        ("aws-cn", "cn-north-1", "eu-*-9", Truth.NO),
        ("aws-us-gov", "us-gov-east-1", "us-gov-*-9", Truth.UNKNOWN),
        ("aws-us-gov", "us-gov-east-1", "us-west-9", Truth.NO),
        ("aws-iso", "us-iso-east-1", "us-iso-*-9", Truth.UNKNOWN),
    ],
)
def test_a_region_is_one_of_its_partition(partition: str, region: str, pattern: str, expected: Truth) -> None:
    subject = replace(ORDERS, function_arn=f"arn:{partition}:lambda:{region}:{ACCOUNT}:function:orders")
    answer = ask(DELETE, subject, [doc(allow(StringLike={"aws:RequestedRegion": pattern}))])
    assert answer.allowed is expected
