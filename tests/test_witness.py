"""Is there any request that IAM allows? Answers and witnesses by tables; the facts are facts.md's and AWS's."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest

from policy.iam.document import PolicyDocument, parse_document
from policy.iam.evaluate import evaluate
from policy.iam.request import Caller, Request
from policy.iam.search import candidates, keys
from policy.iam.search.keys import SOURCE_FUNCTION_KEY, Session
from policy.iam.search.relevant import Role
from policy.iam.search.subject import ANY_FUNCTION, Subject, places
from policy.iam.search.witness import Answer, ask
from policy.iam.truth import UNKNOWN as NOT_KNOWN
from policy.iam.truth import Truth

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
ACCOUNT: Final = "123456789012"
ORDERS: Final = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:orders"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/orders-role"
KEY: Final = "lambda:SourceFunctionArn"
SOURCE: Final = KEY.lower()
CREATE, DELETE = "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"
ASSIGN, DESCRIBE = "ec2:AssignPrivateIpAddresses", "ec2:DescribeNetworkInterfaces"
CODE: Final = Subject(Caller.CODE, ORDERS, ROLE, {"Team": "blue"}, Decimal(1_790_000_000))
SERVICE: Final = replace(CODE, caller=Caller.SERVICE)
PLACE: Final = f"arn:aws:ec2:eu-central-1:{ACCOUNT}:"
ENI: Final = PLACE + "network-interface/"


def allow(condition: Any = None, resource: Any = "*", action: Any = "ec2:*", **more: Any) -> dict[str, Any]:
    found = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return found if condition is None else {**found, "Condition": condition}


def deny(condition: Any = None, resource: Any = "*", action: Any = "ec2:*", **more: Any) -> dict[str, Any]:
    return {**allow(condition, resource, action, **more), "Effect": "Deny"}


def doc(*statements: Any) -> PolicyDocument:
    return parse_document({"Version": "2012-10-17", "Statement": list(statements)}, "d")


def asked(
    statements: list[Any], action: str = DELETE, subject: Subject = CODE, boundary: list[Any] | None = None
) -> Answer:
    """The answer, with its witness put to `evaluate`."""
    documents, limit = [doc(*statements)], None if boundary is None else [doc(*boundary)]
    answer = ask(action, subject, documents, limit)
    if answer.allowed is YES:
        assert answer.witness is not None
        assert answer.evaluation is not None
        assert answer.witness.action == action
        assert answer.evaluation.allowed is YES
        assert evaluate(answer.witness, documents, limit).allowed is YES
    else:
        assert (answer.witness, answer.evaluation) == (None, None)
    if answer.allowed is UNKNOWN:
        assert answer.unresolved or answer.unknown_keys or answer.too_complex
    return answer


def both(statements: list[Any], action: str = DELETE, **more: Any) -> tuple[Truth, Truth]:
    """For the function's code, and for the Lambda service."""
    return asked(statements, action, CODE, **more).allowed, asked(statements, action, SERVICE, **more).allowed


def witness(statements: list[Any], action: str = DELETE, subject: Subject = CODE, **more: Any) -> Request:
    found = asked(statements, action, subject, **more).witness
    assert found is not None
    return found


def parts(request: Request) -> list[tuple[str, dict[str, Any]]]:
    return [(a.resource, dict(a.context)) for a in request.authorizations]


# ---- the table of facts.md: what a condition on the key does on an Allow and on a Deny

_COVERING: Final = f"arn:aws:lambda:*:{ACCOUNT}:function:*"
_OTHER: Final = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:billing"


@pytest.mark.parametrize(
    ("condition", "on_allow", "on_deny"),
    [
        ({"Null": {KEY: "true"}}, (NO, YES), (YES, NO)),
        ({"Null": {KEY: "false"}}, (YES, NO), (NO, YES)),
        ({"Null": {KEY: ["true", "false"]}}, (YES, YES), (NO, NO)),
        ({"ArnEquals": {KEY: ORDERS}}, (YES, NO), (NO, YES)),
        ({"ArnLike": {KEY: _COVERING}}, (YES, NO), (NO, YES)),
        ({"StringEquals": {KEY: ORDERS}}, (YES, NO), (NO, YES)),
        ({"StringLike": {KEY: "*:function:ord*"}}, (YES, NO), (NO, YES)),
        ({"ArnNotEquals": {KEY: ORDERS}}, (NO, YES), (YES, NO)),
        ({"ArnNotLike": {KEY: _COVERING}}, (NO, YES), (YES, NO)),
        ({"StringNotEquals": {KEY: ORDERS}}, (NO, YES), (YES, NO)),
        ({"StringNotLike": {KEY: _COVERING}}, (NO, YES), (YES, NO)),
        ({"ArnEqualsIfExists": {KEY: ORDERS}}, (YES, YES), (NO, NO)),
        ({"ArnNotEqualsIfExists": {KEY: ORDERS}}, (NO, YES), (YES, NO)),
        ({"ForAllValues:ArnEquals": {KEY: ORDERS}}, (YES, YES), (NO, NO)),
        ({"ForAllValues:ArnNotEquals": {KEY: ORDERS}}, (NO, YES), (YES, NO)),
        ({"ForAnyValue:ArnEquals": {KEY: ORDERS}}, (YES, NO), (NO, YES)),
        ({"ForAnyValue:ArnNotEquals": {KEY: ORDERS}}, (NO, NO), (YES, YES)),
        # Guards that are none.
        ({"ArnEquals": {KEY: _OTHER}}, (NO, NO), (YES, YES)),
        ({"ArnEquals": {KEY: f"{ORDERS}:live"}}, (NO, NO), (YES, YES)),
        ({"ArnLike": {KEY: f"{ORDERS}:*"}}, (NO, NO), (YES, YES)),
        ({"ArnLike": {KEY: "arn:aws:lambda:*:function:orders"}}, (NO, NO), (YES, YES)),
        ({"StringEquals": {KEY: _COVERING}}, (NO, NO), (YES, YES)),
        ({"ArnLike": {"aws:SourceArn": _COVERING}}, (NO, NO), (YES, YES)),
        ({"ArnLike": {"aws:SourceFunctionArn": _COVERING}}, (NO, NO), (YES, YES)),
    ],
)
@pytest.mark.parametrize("action", [CREATE, DELETE, ASSIGN, DESCRIBE])
def test_conditions_on_the_function(condition: Any, on_allow: Any, on_deny: Any, action: str) -> None:
    assert both([allow(condition)], action) == on_allow
    assert both([allow(), deny(condition)], action) == on_deny
    assert both([allow()], action, boundary=[allow(condition)]) == on_allow
    assert both([allow()], action, boundary=[allow(), deny(condition)]) == on_deny


# ---- what a call is authorised for


def test_the_witness_of_an_open_role() -> None:
    context = {SOURCE: (ORDERS,)}
    assert parts(witness([allow()], DESCRIBE)) == [("*", context)]
    assert parts(witness([allow()], DELETE)) == [(ENI + "eni-0c0de0c0de0c0de00", context)]
    assert parts(witness([allow()], CREATE)) == [
        (ENI + "*", context),
        (PLACE + "subnet/subnet-0c0de0c0de0c0de00", context),
    ]
    assert parts(witness([allow()], DESCRIBE, SERVICE)) == [("*", {})]
    assert parts(witness([allow()], CREATE, SERVICE)) == [
        (ENI + "*", {}),
        (PLACE + "subnet/subnet-0c0de0c0de0c0de00", {}),
    ]


@pytest.mark.parametrize(
    ("statements", "action", "expected"),
    [
        ([], DELETE, NO),
        ([deny()], DELETE, NO),
        ([allow(action="s3:*")], DELETE, NO),
        ([allow(action=DELETE)], ASSIGN, NO),
        ([allow(action="*")], ASSIGN, YES),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], DELETE, YES),
        ([{"Effect": "Allow", "NotAction": "ec2:*", "Resource": "*"}], DELETE, NO),
        # A Create needs the interface and the subnet.
        ([allow(resource="arn:aws:ec2:*:*:network-interface/*")], CREATE, NO),
        ([allow(resource="arn:aws:ec2:*:*:subnet/*")], CREATE, NO),
        ([allow(resource=["arn:aws:ec2:*:*:network-interface/*", "arn:aws:ec2:*:*:subnet/*"])], CREATE, YES),
        (
            [allow(resource="arn:aws:ec2:*:*:network-interface/*"), allow(resource="arn:aws:ec2:*:*:subnet/*")],
            CREATE,
            YES,
        ),
        ([allow(), deny(resource="arn:aws:ec2:*:*:subnet/*")], CREATE, NO),
        ([allow(), deny(resource="arn:aws:ec2:*:*:network-interface/*")], CREATE, NO),
        ([allow(), deny(resource="arn:aws:ec2:*:*:security-group/*")], CREATE, YES),
        # The new interface has no identifier yet.
        ([allow(resource=["arn:aws:ec2:*:*:network-interface/eni-0*", "arn:aws:ec2:*:*:subnet/*"])], CREATE, NO),
        ([allow(), deny(resource="arn:aws:ec2:*:*:network-interface/eni-0*")], CREATE, YES),
        ([allow(), deny(resource="arn:aws:ec2:*:*:network-interface/eni-*")], DELETE, NO),
        # Describe* has no resource level.
        ([allow(resource="arn:aws:ec2:*:*:*")], DESCRIBE, NO),
        ([allow(), deny(resource="arn:aws:ec2:*:*:*")], DESCRIBE, YES),
        ([allow(resource="**")], DESCRIBE, YES),
        ([{"Effect": "Allow", "Action": "ec2:*", "NotResource": "arn:aws:ec2:*:*:*"}], DESCRIBE, YES),
        ([{"Effect": "Allow", "Action": "ec2:*", "NotResource": "*"}], DESCRIBE, NO),
        ([allow(), {"Effect": "Deny", "Action": "ec2:*", "NotResource": "arn:aws:ec2:*:*:*"}], DESCRIBE, NO),
        (
            [allow(), {"Effect": "Deny", "Action": "ec2:*", "NotResource": "arn:aws:ec2:*:*:network-interface/*"}],
            CREATE,
            NO,
        ),
        ([{"Effect": "Allow", "Action": "ec2:*", "NotResource": "arn:aws:ec2:*:*:network-interface/*"}], DELETE, NO),
        # Another account's resources, another partition's, another service's.
        ([allow(resource="arn:aws:ec2:*:210987654321:*")], DELETE, NO),
        ([allow(resource="arn:aws-cn:ec2:*:*:*")], DELETE, NO),
        ([allow(resource="arn:aws:s3:::*")], DELETE, NO),
        ([allow(), deny(resource="arn:aws:ec2:*:210987654321:*")], DELETE, YES),
    ],
)
def test_resources(statements: list[Any], action: str, expected: Truth) -> None:
    assert asked(statements, action).allowed is expected


@pytest.mark.parametrize(
    ("condition", "action", "expected"),
    [
        # `ec2:Vpc` is there for the subnet of a Create, not for the new interface, never for Describe*.
        ({"ArnLike": {"ec2:Vpc": f"arn:aws:ec2:*:{ACCOUNT}:vpc/vpc-a"}}, CREATE, NO),
        ({"ArnLike": {"ec2:Vpc": f"arn:aws:ec2:*:{ACCOUNT}:vpc/vpc-a"}}, DELETE, YES),
        ({"ArnLike": {"ec2:Vpc": f"arn:aws:ec2:*:{ACCOUNT}:vpc/vpc-a"}}, DESCRIBE, NO),
        ({"ArnNotLike": {"ec2:Vpc": f"arn:aws:ec2:*:{ACCOUNT}:vpc/vpc-a"}}, DESCRIBE, YES),
        ({"Null": {"ec2:Vpc": "true"}}, DELETE, NO),
        ({"Null": {"ec2:Vpc": "true"}}, DESCRIBE, YES),
        ({"ArnLike": {"ec2:Subnet": f"arn:aws:ec2:*:{ACCOUNT}:subnet/*"}}, DELETE, YES),
        ({"ArnLike": {"ec2:Subnet": f"arn:aws:ec2:*:{ACCOUNT}:subnet/*"}}, CREATE, NO),
        # Tags of what exists, and of what is made.
        ({"StringEquals": {"aws:ResourceTag/env": "dev"}}, DELETE, YES),
        ({"StringEquals": {"aws:ResourceTag/env": "dev"}}, CREATE, NO),
        ({"StringEquals": {"aws:RequestTag/env": "dev"}}, DELETE, NO),
        ({"StringEquals": {"aws:RequestTag/env": "dev"}}, CREATE, NO),
        ({"StringEquals": {"ec2:ResourceTag/env": "dev"}}, ASSIGN, YES),
        ({"StringEquals": {"aws:ResourceTag/env": "dev", "ec2:ResourceTag/env": "prod"}}, ASSIGN, NO),
        ({"StringEquals": {"aws:ResourceTag/env": "dev"}, "StringLike": {"ec2:ResourceTag/env": "d*"}}, ASSIGN, YES),
        ({"Null": {"aws:ResourceTag/env": "true", "ec2:ResourceTag/env": "false"}}, ASSIGN, NO),
        # The identifier and the key that repeats it.
        ({"StringLike": {"ec2:NetworkInterfaceID": "eni-0a*"}}, DELETE, YES),
        ({"StringLike": {"ec2:NetworkInterfaceID": "eni-0a*"}}, DESCRIBE, NO),
        # Place and transport.
        ({"StringLike": {"aws:RequestedRegion": "us-*"}}, DESCRIBE, YES),
        ({"StringEquals": {"aws:RequestedRegion": "mars-1"}}, DESCRIBE, NO),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1", "ec2:Region": "us-west-1"}}, DESCRIBE, NO),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1", "ec2:Region": "us-east-1"}}, DESCRIBE, YES),
        ({"Bool": {"aws:SecureTransport": "false"}}, DESCRIBE, YES),
        ({"Null": {"aws:SecureTransport": "true"}}, DESCRIBE, NO),
        ({"StringEquals": {"aws:SourceVpc": "vpc-a"}}, DESCRIBE, YES),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, DESCRIBE, YES),
        (
            {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "NotIpAddress": {"aws:SourceIp": "203.0.113.0/25"}},
            DESCRIBE,
            YES,
        ),
        (
            {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "NotIpAddress": {"aws:SourceIp": "203.0.0.0/16"}},
            DESCRIBE,
            NO,
        ),
        ({"StringEquals": {"aws:UserAgent": "x", "aws:Referer": "y"}}, DESCRIBE, YES),
        # Time, from now on.
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, DESCRIBE, NO),
        ({"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}, DESCRIBE, YES),
        ({"DateGreaterThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}, DESCRIBE, YES),
        (
            {
                "NumericEquals": {"aws:EpochTime": "1790000001"},
                "DateEquals": {"aws:CurrentTime": "2026-09-21T14:13:21Z"},
            },
            DESCRIBE,
            YES,
        ),
        (
            {
                "NumericEquals": {"aws:EpochTime": "1790000001"},
                "DateEquals": {"aws:CurrentTime": "2026-09-21T14:13:22Z"},
            },
            DESCRIBE,
            NO,
        ),
        # Facts of the session.
        ({"StringEquals": {"aws:PrincipalTag/team": "blue"}}, DESCRIBE, YES),
        ({"StringEquals": {"aws:PrincipalTag/team": "red"}}, DESCRIBE, NO),
        ({"Null": {"aws:PrincipalTag/none": "true"}}, DESCRIBE, YES),
        ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, DESCRIBE, YES),
        ({"StringEquals": {"aws:PrincipalAccount": "210987654321"}}, DESCRIBE, NO),
        ({"ArnEquals": {"aws:PrincipalArn": ROLE}}, DESCRIBE, YES),
        ({"StringEquals": {"aws:PrincipalType": "User"}}, DESCRIBE, NO),
        ({"Bool": {"aws:ViaAWSService": "true"}}, DESCRIBE, NO),
        ({"StringEquals": {"aws:username": "x"}}, DESCRIBE, NO),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, DESCRIBE, UNKNOWN),
        ({"StringLike": {"aws:userid": "*"}}, DESCRIBE, YES),
        ({"StringLike": {"aws:userid": "A*"}}, DESCRIBE, UNKNOWN),
        ({"Null": {"aws:userid": "false"}}, DESCRIBE, YES),
        ({"Null": {"aws:userid": "true"}}, DESCRIBE, NO),
        # Absent or "false": both are possible, so what differs is not decided.
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, DESCRIBE, NO),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, DESCRIBE, UNKNOWN),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, DESCRIBE, YES),
        ({"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}, DESCRIBE, YES),
        ({"DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}, DESCRIBE, NO),
        ({"DateLessThan": {"aws:TokenIssueTime": "2030-01-01T00:00:00Z"}}, DESCRIBE, UNKNOWN),
        # Values against AWS's words: perhaps.
        ({"StringEquals": {"aws:SourceVpc": "not-a-vpc"}}, DESCRIBE, UNKNOWN),
        ({"StringEquals": {"aws:SourceVpc": "vpc-a"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, DESCRIBE, UNKNOWN),
        # Policy variables.
        ({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}, DELETE, YES),
        ({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/none}"}}, DELETE, NO),
    ],
)
def test_conditions(condition: Any, action: str, expected: Truth) -> None:
    assert asked([allow(condition)], action).allowed is expected


def test_request_tags_go_with_the_new_interface() -> None:
    interface = allow({"StringEquals": {"aws:RequestTag/env": "dev"}}, "arn:aws:ec2:*:*:network-interface/*")
    subnet = allow({"ArnLike": {"ec2:Vpc": "arn:aws:ec2:*:*:vpc/vpc-a"}}, "arn:aws:ec2:*:*:subnet/*")
    (first, tagged), (second, placed) = parts(witness([interface, subnet], CREATE))
    assert (first, tagged) == (ENI + "*", {SOURCE: (ORDERS,), "aws:requesttag/env": ("dev",)})
    assert second.startswith(PLACE + "subnet/subnet-")
    assert placed == {SOURCE: (ORDERS,), "ec2:vpc": (PLACE + "vpc/vpc-a",)}
    untagged = deny({"Null": {"aws:TagKeys": "false"}})
    assert asked([interface, subnet, untagged], CREATE).allowed is NO


# ---- the way out of a Deny that leaves a hole


def test_a_deny_for_one_region_leaves_the_others() -> None:
    ((resource, context),) = parts(witness([allow(), deny({"StringEquals": {"aws:RequestedRegion": "eu-central-1"}})]))
    region = resource.split(":")[3]
    assert region != "eu-central-1"
    assert context["aws:requestedregion"] == (region,)
    ((resource, _),) = parts(witness([allow(), deny(resource="arn:aws:ec2:eu-central-1:*:*")]))
    assert resource.split(":")[3] == "us-east-1"
    every = [deny({"StringEquals": {"aws:RequestedRegion": region}}) for region in keys.regions("aws")]
    # AWS may open another region, of which the data does not know yet.
    answer = asked([allow(), *every])
    assert (answer.allowed, answer.unknown_keys) == (UNKNOWN, ("aws:requestedregion",))
    assert asked([allow(), *every[:-1]]).allowed is YES
    zone = deny({"StringLike": {"ec2:AvailabilityZone": "eu-central-1*"}})
    ((resource, context),) = parts(witness([allow(), zone]))
    assert context["ec2:availabilityzone"][0].startswith(resource.split(":")[3])


@pytest.mark.parametrize(
    ("patterns", "regions"),
    [
        (["*"], ["eu-central-1"]),
        (["arn:aws:ec2:*:*:network-interface/*"], ["eu-central-1"]),
        (["arn:aws:s3:::bucket/*"], ["eu-central-1"]),
        (["arn:aws:sqs:us-west-2:*:queue"], ["eu-central-1"]),
        (["arn:aws:ec2:us-west-2:*:*"], ["eu-central-1", "us-west-2"]),
        (["arn:aws:ec2:us-west-2:*"], ["eu-central-1", "us-west-2"]),
        (["arn:aws:ec2:us-west-2"], ["eu-central-1", "us-west-2"]),
        (["arn:aws:*:us-west-2:*:*"], ["eu-central-1", "us-west-2"]),
        (["arn:aws:e?2:us-west-2:*:*"], ["eu-central-1", "us-west-2"]),
        (["arn:*:ec2:us-west-2:*:*"], ["eu-central-1", "us-west-2"]),
        (["arn:aws:ec2:us-west-2:*:*", "arn:aws:ec2:us-west-1:*:*", "*"], ["eu-central-1", "us-west-1", "us-west-2"]),
    ],
)
def test_only_places_that_the_documents_tell_apart_are_asked(patterns: list[str], regions: list[str]) -> None:
    relevant = Role((doc(allow(resource=patterns)),), None).relevant(keys.action(DELETE))
    session = Session(Caller.CODE, "aws", ACCOUNT, ORDERS, ROLE, {}, Decimal(0))
    found = [place.region for place in places(session, relevant)]
    assert found[0] == "eu-central-1"
    assert sorted(found) == regions


def test_a_search_goes_on_without_the_statements_that_no_call_of_the_code_matches() -> None:
    listing = "ec2:DescribeNetworkInterfaces"
    statements = [allow({"Null": {SOURCE: "true"}}), allow({"StringEquals": {"aws:UserAgent": "x"}})]
    ((resource, context),) = parts(witness(statements, listing))
    assert (resource, context["aws:useragent"]) == ("*", ("x",))


@pytest.mark.parametrize(
    ("condition", "resource"),
    [
        ({"StringEquals": {"aws:RequestedRegion": "us-west-2"}}, "*"),
        ({"StringLike": {"ec2:AvailabilityZone": "us-west-2*"}}, "*"),
        ({}, "arn:aws:ec2:us-west-2:*:*"),
    ],
)
def test_the_regions_that_the_documents_name_are_asked_first(condition: dict[str, Any], resource: str) -> None:
    """The budget may end before the last. Of those that nothing names, one stands for all, also with a variable."""
    each = deny(resource="arn:aws:ec2:*:*:network-interface/eni-${aws:RequestedRegion}*")
    relevant = Role((doc(allow(condition, resource), each),), None).relevant(keys.action(DELETE))
    session = Session(Caller.CODE, "aws", ACCOUNT, ORDERS, ROLE, {}, Decimal(0))
    found = [place.region for place in places(session, relevant)]
    assert found == ["eu-central-1", "us-west-2", "us-east-1"]


@pytest.mark.parametrize("pattern", ["arn:aws:ec2:us-west-2:*:*", "arn:aws:ec2:us-west-2:*", "arn:aws:ec2:us-west-2"])
def test_a_grant_for_one_region_is_found_there(pattern: str) -> None:
    ((resource, _),) = parts(witness([allow(resource=pattern)]))
    assert resource.split(":")[3] == "us-west-2"


def test_the_functions_own_region_comes_first() -> None:
    ((resource, _),) = parts(witness([allow(), deny({"StringEquals": {"aws:RequestedRegion": "us-east-1"}})]))
    assert resource.startswith(ENI)


def test_a_deny_for_one_vpc_leaves_the_others() -> None:
    vpc = PLACE + "vpc/vpc-a"
    ((_, context),) = parts(witness([allow(), deny({"ArnEquals": {"ec2:Vpc": vpc}})]))
    assert context["ec2:vpc"] != (vpc,)
    ((_, context),) = parts(witness([allow(), deny({"StringEquals": {"aws:SourceVpc": "vpc-a"}})]))
    assert context.get("aws:sourcevpc") != ("vpc-a",)
    assert asked([allow(), deny({"ArnLike": {"ec2:Vpc": "*:*:*:*:*:*"}})]).allowed is NO


def test_a_deny_for_one_function_leaves_the_others() -> None:
    guard = [allow(), deny({"ArnEquals": {KEY: ORDERS}})]
    assert asked(guard, DELETE, CODE).allowed is NO
    billing = replace(CODE, function_arn=_OTHER)
    assert parts(witness(guard, DELETE, billing))[0][1] == {SOURCE: (_OTHER,)}


def test_patterns_on_one_resource_are_met_together() -> None:
    narrow = [allow(resource=ENI + "eni-0a*")]
    ((resource, _),) = parts(witness(narrow, boundary=[allow(resource="arn:aws:ec2:*:*:network-interface/*b")]))
    assert resource == ENI + "eni-0ab"
    assert asked(narrow, boundary=[allow(resource=ENI + "eni-0b*")]).allowed is NO
    ((resource, _),) = parts(witness([*narrow, deny(resource="arn:aws:ec2:*:*:*/eni-0a")]))
    assert resource.startswith(ENI + "eni-0a")
    assert resource != ENI + "eni-0a"


def test_patterns_on_one_key_are_met_together() -> None:
    condition = {"StringLike": {"aws:ResourceTag/env": "x*"}, "StringNotLike": {"aws:ResourceTag/env": ["*x", "xa*"]}}
    ((_, context),) = parts(witness([allow(condition), deny({"StringNotLike": {"aws:ResourceTag/env": "?z*y"}})]))
    value = context["aws:resourcetag/env"][0]
    assert value.startswith("xz")
    assert value.endswith("y")
    assert asked([allow(condition), deny({"StringLike": {"aws:ResourceTag/env": "x*"}})]).allowed is NO


def test_two_actions_of_one_statement_have_their_own_witness() -> None:
    documents = [doc(allow())]
    answers = [ask(action, CODE, documents) for action in (DELETE, ASSIGN, DELETE)]
    assert [a.witness.action for a in answers if a.witness] == [DELETE, ASSIGN, DELETE]


def test_a_function_in_another_partition_and_account() -> None:
    china = replace(CODE, function_arn="arn:aws-cn:lambda:cn-north-1:210987654321:function:orders")
    ((resource, _),) = parts(witness([allow()], subject=china))
    assert resource == "arn:aws-cn:ec2:cn-north-1:210987654321:network-interface/eni-0c0de0c0de0c0de00"
    ((resource, context),) = parts(
        witness([allow({"StringNotEquals": {"aws:RequestedRegion": "cn-north-1"}})], subject=china)
    )
    assert context["aws:requestedregion"] == ("cn-northwest-1",)


TAGGED: Final = replace(CODE, role_tags={"Team": "blue", "region": "us-west-2"})


def test_variables_in_resources() -> None:
    ((resource, _),) = parts(
        witness([allow(resource="arn:aws:ec2:*:*:network-interface/eni-${aws:PrincipalTag/team}")])
    )
    assert resource == ENI + "eni-blue"
    assert asked([allow(resource="arn:aws:ec2:*:${aws:PrincipalAccount}:network-interface/*")]).allowed is YES
    assert asked([allow(resource="arn:aws:ec2:*:*:network-interface/eni-${aws:PrincipalTag/none}")]).allowed is NO
    ((resource, _),) = parts(witness([allow(), deny(resource="arn:aws:ec2:*:*:*/eni-?${aws:PrincipalTag/team, 'x'}*")]))
    assert "blue" not in resource
    mine = allow(resource="arn:aws:ec2:*:*:network-interface/eni-${aws:PrincipalTag/team}*")
    ((resource, _),) = parts(witness([mine], boundary=[allow(resource="arn:aws:ec2:*:*:network-interface/*7")]))
    assert resource == ENI + "eni-blue7"


def test_variables_that_make_a_place() -> None:
    there = "arn:aws:ec2:${aws:PrincipalTag/region}:*:"
    ((resource, _),) = parts(witness([allow(resource=there + "network-interface/*")], subject=TAGGED))
    assert resource.split(":")[3] == "us-west-2"
    ((_, context),) = parts(witness([allow({"ArnLike": {"ec2:Vpc": there + "vpc/*"}})], subject=TAGGED))
    assert context["ec2:vpc"][0].split(":")[3] == "us-west-2"
    zone = {"StringLike": {"ec2:AvailabilityZone": "${aws:PrincipalTag/region}*"}}
    ((_, context),) = parts(witness([allow(zone)], subject=TAGGED))
    assert context["ec2:availabilityzone"][0].startswith("us-west-2")


def test_a_variable_that_is_another_text_in_each_region() -> None:
    named = allow(resource="arn:aws:ec2:*:*:network-interface/eni-${aws:RequestedRegion}")
    ((resource, context),) = parts(witness([named], boundary=[allow(resource="arn:aws:ec2:*:*:*/eni-us-west-2")]))
    assert resource == f"arn:aws:ec2:us-west-2:{ACCOUNT}:network-interface/eni-us-west-2"
    assert context["aws:requestedregion"] == ("us-west-2",)
    assert asked([named], boundary=[allow(resource="arn:aws:ec2:*:*:*/eni-mars")]).allowed is NO


@pytest.mark.parametrize(("key", "kind"), [("ec2:Vpc", "vpc"), ("ec2:Subnet", "subnet")])
def test_a_network_of_another_region_is_in_that_region(key: str, kind: str) -> None:
    condition = {"ArnLike": {key: f"arn:aws:ec2:us-west-2:*:{kind}/{kind}-0*"}}
    ((resource, context),) = parts(witness([allow(condition)]))
    assert resource.split(":")[3] == "us-west-2"
    assert context[key.lower()][0].startswith(f"arn:aws:ec2:us-west-2:{ACCOUNT}:{kind}/{kind}-0")
    assert asked([allow(condition), deny({"StringEquals": {"aws:RequestedRegion": "us-west-2"}})]).allowed is NO


_X: Final = "${aws:PrincipalTag/x}"


@pytest.mark.parametrize(
    ("key", "value", "action"),
    [
        ("aws:SourceVpc", "vpc-x", DELETE),
        ("aws:UserAgent", "x", DELETE),
        ("aws:ResourceTag/a", "x", DELETE),
        ("ec2:ResourceTag/a", "x", DELETE),
        ("ec2:NetworkInterfaceID", "eni-x", DELETE),
        ("ec2:AvailabilityZone", "eu-central-1x", DELETE),
    ],
)
def test_variables_in_conditions(key: str, value: str, action: str) -> None:
    subject = replace(CODE, role_tags={"x": value})
    ((_, context),) = parts(witness([allow({"StringEquals": {key: _X}})], action, subject))
    assert context == {SOURCE: (ORDERS,), key.lower(): (value,), "aws:principaltag/x": (value,)}


@pytest.mark.parametrize("names", [[], ["aws:TagKeys"]])
def test_variables_in_request_tags(names: list[str]) -> None:
    subject = replace(CODE, role_tags={"x": "dev"})
    condition = {
        "StringEquals": {"aws:RequestTag/env": _X},
        **({"ForAllValues:StringEquals": dict.fromkeys(names, "env")} if names else {}),
    }
    grants = [allow(condition, "arn:aws:ec2:*:*:network-interface/*"), allow(resource="arn:aws:ec2:*:*:subnet/*")]
    (_, context), _ = parts(witness(grants, CREATE, subject))
    assert context["aws:requesttag/env"] == ("dev",)
    assert context.get("aws:tagkeys") == (("env",) if names else None)


@pytest.mark.parametrize(
    "key",
    [
        "aws:SourceVpc",
        "aws:SourceIp",
        "aws:UserAgent",
        "aws:ResourceTag/a",
        "aws:CurrentTime",
        "ec2:NetworkInterfaceID",
        "ec2:Vpc",
        "aws:userid",
    ],
)
def test_a_variable_that_the_caller_chooses_is_not_decided(key: str) -> None:
    """Text that is made from a free choice is not searched for."""
    made = f"arn:aws:ec2:*:*:network-interface/eni-${{{key}}}"
    assert asked([allow(resource=made)]).allowed is UNKNOWN
    assert asked([allow({"StringEquals": {"aws:ResourceTag/z": f"${{{key}}}"}})]).allowed is UNKNOWN
    # A key that the resource does not have makes no text.
    if key.startswith("ec2:N"):
        assert asked([allow(resource=f"arn:aws:ec2:*:*:network-interface/${{{key}}}")], CREATE).allowed is NO


def test_a_variable_of_several_possible_values_is_not_decided() -> None:
    condition = {"StringEquals": {"aws:ResourceTag/a": "${aws:MultiFactorAuthPresent, 'no'}"}}
    assert asked([allow(condition)]).allowed is UNKNOWN


def test_a_request_says_only_what_is_asked_for() -> None:
    ((_, context),) = parts(witness([allow({"StringEquals": {"aws:ResourceTag/env": "dev"}})]))
    assert context == {SOURCE: (ORDERS,), "aws:resourcetag/env": ("dev",)}
    both_tags = {"StringEquals": {"aws:ResourceTag/env": "dev"}, "StringLike": {"ec2:ResourceTag/env": "*"}}
    ((_, context),) = parts(witness([allow(both_tags)]))
    assert context == {SOURCE: (ORDERS,), "aws:resourcetag/env": ("dev",), "ec2:resourcetag/env": ("dev",)}


def test_the_plainest_values_are_chosen() -> None:
    far = [deny(resource="arn:aws:ec2:*:*:*/eni-x*"), deny({"StringEquals": {"aws:ResourceTag/env": ["a", "b"]}})]
    ((resource, context),) = parts(witness([allow(), *far]))
    assert resource == ENI + "eni-0c0de0c0de0c0de00"
    assert context == {SOURCE: (ORDERS,)}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        # Absent for the new interface, and no key of a subnet.
        ({"Null": {"ec2:NetworkInterfaceID": "true"}}, YES),
        ({"StringLike": {"ec2:NetworkInterfaceID": "*"}}, NO),
        ({"StringNotLike": {"ec2:NetworkInterfaceID": "*"}}, YES),
        ({"StringLikeIfExists": {"ec2:SubnetID": "subnet-0a*"}}, YES),
        ({"StringLike": {"ec2:SubnetID": "subnet-0a*"}}, NO),
    ],
)
def test_identifiers_of_what_is_made_and_of_what_exists(condition: Any, expected: Truth) -> None:
    assert asked([allow(condition)], CREATE).allowed is expected


def test_an_identifier_and_a_key_behind_it_are_both_met() -> None:
    condition = {"StringLike": {"ec2:NetworkInterfaceID": "eni-0a*"}, "ArnLike": {"ec2:Vpc": PLACE + "vpc/vpc-0a"}}
    ((resource, context),) = parts(witness([allow(condition)]))
    assert resource.startswith(ENI + "eni-0a")
    assert context["ec2:vpc"] == (PLACE + "vpc/vpc-0a",)
    beside = {"StringEquals": {"aws:RequestedRegion": "eu-central-1", "ec2:AvailabilityZone": "eu-central-1b"}}
    assert asked([allow(beside)]).allowed is YES


@pytest.mark.parametrize(
    ("statements", "boundary", "allowed", "searched"),
    [
        ([allow()], None, YES, False),
        ([allow(resource="arn:aws:ec2:*:*:network-interface/*")], None, YES, False),
        ([allow(resource=ENI + "eni-1")], None, YES, True),
        ([allow({"StringEquals": {"aws:RequestedRegion": "eu-central-1"}})], None, YES, False),
        ([allow({"StringEquals": {"aws:ResourceTag/a": "b"}})], None, YES, True),
        ([allow(), deny({"StringEquals": {"aws:ResourceTag/a": "b"}})], None, YES, True),
        ([allow(), deny(resource="arn:aws:ec2:*:*:subnet/*")], None, YES, False),
        ([allow({"StringLike": {"aws:UserId": "*"}})], None, YES, False),
        ([allow({"DateGreaterThan": {"aws:TokenIssueTime": "2030-01-01"}})], None, UNKNOWN, True),
        ([allow(Effect=NOT_KNOWN)], None, UNKNOWN, True),
        ([allow()], [allow()], YES, False),
        ([allow()], [allow(resource=ENI + "eni-1")], YES, True),
        # What is known of the session decides, so nothing is left to search.
        ([allow({"Null": {KEY: "true"}})], None, NO, False),
        ([allow({"StringEquals": {"aws:PrincipalAccount": "999999999999"}})], None, NO, False),
        ([allow()], [allow({"Bool": {"aws:ViaAWSService": "true"}})], NO, False),
    ],
)
def test_what_the_usual_call_or_a_fact_decides_is_not_searched_for(
    monkeypatch: pytest.MonkeyPatch, statements: list[Any], boundary: Any, allowed: Truth, searched: bool
) -> None:
    made: list[Any] = []
    original = candidates.identifier
    monkeypatch.setattr(candidates, "identifier", lambda *args: made.append(args) or original(*args))
    limit = None if boundary is None else [doc(*boundary)]
    subject = Subject(Caller.CODE, ORDERS, ROLE)
    assert ask(DELETE, subject, [doc(*statements)], limit).allowed is allowed
    assert bool(made) is searched


def test_a_request_has_the_facts_that_keep_a_statement_from_matching() -> None:
    absent = deny({"Null": {"aws:ViaAWSService": "true"}})
    for grants in (allow(), allow({"StringEquals": {"aws:ResourceTag/a": "b"}})):
        ((_, context),) = parts(witness([grants, absent]))
        assert context["aws:viaawsservice"] == ("false",)


def test_an_identifier_is_more_than_its_prefix() -> None:
    every = deny(resource="arn:aws:ec2:*:*:network-interface/eni-*?")
    assert asked([allow(), every]).allowed is NO
    most = deny(resource="arn:aws:ec2:*:*:network-interface/eni-*??")
    ((resource, _),) = parts(witness([allow(), most]))
    assert len(resource) == len(ENI + "eni-") + 1


def test_a_tag_may_have_slashes_in_its_name() -> None:
    ((_, context),) = parts(witness([allow({"StringEquals": {"aws:ResourceTag/a/b": "c"}})]))
    assert context["aws:resourcetag/a/b"] == ("c",)


def test_what_is_certain_is_taken_before_what_is_perhaps() -> None:
    # Whether a wildcard at the end of a field takes in a colon is not decided; there are ways around the question.
    grants = allow(resource=["arn:aws:ec2:*:network-interface/*", "arn:aws:ec2:*:*:network-interface/eni-0a"])
    assert parts(witness([grants]))[0][0] == ENI + "eni-0a"
    half = deny(resource="arn:aws:ec2:*:network-interface/eni-0*")
    ((resource, _),) = parts(witness([allow(), half]))
    assert not resource.startswith(ENI + "eni-0")
    assert asked([allow(resource="arn:aws:ec2:*:network-interface/*")]).allowed is UNKNOWN
    assert asked([allow(), deny(resource="arn:aws:ec2:*:network-interface/*")]).allowed is UNKNOWN


def test_what_was_not_tried_is_not_denied() -> None:
    tags = {f"aws:RequestTag/t{i}": "a" for i in range(12)}
    interface = allow(
        {"StringEquals": tags, "ForAllValues:StringLike": {"aws:TagKeys": "t*"}}, "arn:aws:ec2:*:*:network-interface/*"
    )
    answer = asked([interface, allow(resource="arn:aws:ec2:*:*:subnet/*")], CREATE)
    assert answer.allowed is UNKNOWN
    assert "aws:tagkeys" in answer.unknown_keys
    assert not answer.unresolved
    # A Deny that stands in the way of all of them still decides.
    assert (
        asked([interface, allow(resource="arn:aws:ec2:*:*:subnet/*"), deny({"Null": {KEY: "false"}})], CREATE).allowed
        is NO
    )


# ---- what is not known


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow(), NOT_KNOWN], UNKNOWN),
        ([deny(), NOT_KNOWN], NO),
        ([allow(Effect=NOT_KNOWN)], UNKNOWN),
        ([allow(), allow(Effect=NOT_KNOWN)], UNKNOWN),
        ([allow(), allow({"Null": {KEY: "true"}}, Effect=NOT_KNOWN)], YES),
        ([allow(Condition=NOT_KNOWN)], UNKNOWN),
        ([allow(), allow(Condition=NOT_KNOWN)], YES),
        ([allow(), deny(Condition=NOT_KNOWN)], UNKNOWN),
        ([allow(), deny(Condition=NOT_KNOWN, action="s3:*")], YES),
        ([allow({"Null": {KEY: "true"}}), deny(Condition=NOT_KNOWN)], NO),
        ([allow(action=[NOT_KNOWN])], UNKNOWN),
        ([allow(), deny(action=[NOT_KNOWN])], UNKNOWN),
        ([allow(resource=[NOT_KNOWN])], UNKNOWN),
        ([allow(resource=[NOT_KNOWN, "*"])], YES),
        ([allow(), deny(resource=[NOT_KNOWN])], UNKNOWN),
        ([allow({"StringEquals": {"aws:ResourceTag/env": NOT_KNOWN}})], UNKNOWN),
        ([allow({"StringEquals": {"aws:ResourceTag/env": NOT_KNOWN}}), deny({"Null": {KEY: "false"}})], NO),
        ([allow(), deny({"StringEquals": {"aws:ResourceTag/env": NOT_KNOWN}})], YES),
        ([allow({"Null": {KEY: NOT_KNOWN}})], UNKNOWN),
        ([allow(), deny({"ArnEquals": {KEY: NOT_KNOWN}})], UNKNOWN),
        ([allow(), deny({"ArnEquals": {KEY: [NOT_KNOWN, ORDERS]}})], NO),
        ([allow(Sid="-")], UNKNOWN),
        ([allow(), deny(Sid="-")], UNKNOWN),
    ],
)
def test_unknown_parts(statements: list[Any], expected: Truth) -> None:
    assert asked(statements).allowed is expected


def test_an_undecided_answer_names_the_statements() -> None:
    documents = [
        doc(allow(Sid="A", Condition=NOT_KNOWN), allow({"Null": {KEY: "true"}}, Sid="B"), deny(Sid="C", action="s3:*"))
    ]
    boundary = [doc(allow(), allow(Sid="D", resource=[NOT_KNOWN]))]
    answer = ask(DELETE, CODE, documents, boundary)
    assert answer.allowed is UNKNOWN
    assert [found.statement.sid for found in answer.unresolved] == ["A", "D"]
    assert answer.unknown_keys == ()
    assert not answer.too_complex


def test_an_undecided_answer_names_the_keys() -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-1", "aws:PrincipalTag/Team": "blue"}}
    answer = asked([allow(condition)])
    assert answer.allowed is UNKNOWN
    assert answer.unknown_keys == ("aws:principalorgid",)
    assert asked([allow({"StringLike": {"aws:userid": "A*"}})]).unknown_keys == ("aws:userid",)
    assert asked(
        [allow({"ArnEquals": {"aws:PrincipalArn": ROLE}})], subject=replace(CODE, role_arn=None)
    ).unknown_keys == ("aws:principalarn",)
    untagged = replace(CODE, role_tags=None)
    assert asked([allow({"StringEquals": {"aws:PrincipalTag/x": "a"}})], subject=untagged).unknown_keys == (
        "aws:principaltag/x",
    )
    half_known = replace(CODE, role_tags={"x": NOT_KNOWN})
    assert asked([allow({"StringEquals": {"aws:PrincipalTag/x": "a"}})], subject=half_known).unknown_keys == (
        "aws:principaltag/x",
    )
    assert asked([allow({"StringEquals": {"aws:SourceVpc": "x"}})]).unknown_keys == ("aws:sourcevpc",)
    assert asked([allow({"StringEquals": {"aws:SourceVpc": "x", "aws:PrincipalOrgID": "o-1"}})]).unknown_keys == (
        "aws:principalorgid",
    )


@pytest.mark.parametrize(
    "beside", [{"StringLike": {"aws:RequestedRegion": "eu-*-9"}}, {"StringLike": {"aws:SourceVpc": "x"}}]
)
def test_a_statement_that_is_not_known_tells_more_than_what_was_not_tried(beside: dict[str, Any]) -> None:
    assert asked([allow(beside)]).unknown_keys
    answer = asked([allow({**beside, "StringEquals": {"aws:ResourceTag/x": NOT_KNOWN}})])
    assert (answer.allowed, answer.unknown_keys, len(answer.unresolved)) == (UNKNOWN, (), 1)


def test_after_a_region_that_is_not_there_yet_accounts_are_asked() -> None:
    newer = allow({"StringLike": {"aws:RequestedRegion": "eu-*-9"}})
    assert asked([newer], CREATE).allowed is UNKNOWN
    parts = [ENI + "*", f"arn:aws:ec2:*:{SHARING}:subnet/*", PLACE + "security-group/*"]
    assert asked([newer, allow(resource=parts)], CREATE).allowed is YES


def test_a_fact_that_is_surely_there_and_not_known_is_to_be_filled_in() -> None:
    ((_, context),) = parts(witness([allow({"Null": {"aws:userid": "false"}})]))
    assert context["aws:userid"] == ("<aws:userid>",)
    ((_, context),) = parts(witness([allow({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})]))
    assert "aws:multifactorauthpresent" not in context
    ((_, context),) = parts(witness([allow(), deny({"StringEquals": {"aws:PrincipalTag/team": "red"}})]))
    assert context["aws:principaltag/team"] == ("blue",)


@pytest.mark.parametrize(
    ("arn", "condition", "expected"),
    [
        # Of the function nothing is known, or only its name.
        (ANY_FUNCTION, {"Null": {KEY: "false"}}, NO),
        (ANY_FUNCTION, {"ArnLike": {KEY: "arn:aws:lambda:*:*:function:*"}}, NO),
        (ANY_FUNCTION, {"ArnEquals": {KEY: ORDERS}}, UNKNOWN),
        (ANY_FUNCTION, {"ArnEquals": {KEY: f"{ORDERS}:live"}}, YES),
        (ANY_FUNCTION, {"ArnLike": {KEY: "arn:aws:lambda:*:*:function:*:*"}}, YES),
        (ANY_FUNCTION, {"ArnEquals": {KEY: "arn:aws:lambda:function:orders"}}, YES),
        ("arn:*:lambda:*:*:function:orders", {"ArnLike": {KEY: "arn:aws:lambda:*:*:function:ord*"}}, NO),
        ("arn:*:lambda:*:*:function:orders", {"ArnLike": {KEY: "arn:aws:lambda:*:*:function:billing"}}, YES),
        ("arn:*:lambda:*:*:function:orders", {"ArnEquals": {KEY: ORDERS}}, UNKNOWN),
        # The account that a document names need not be the function's.
        ("arn:aws:lambda:eu-central-1:*:function:orders", {"ArnEquals": {KEY: ORDERS}}, UNKNOWN),
        (f"arn:aws:lambda:*:{ACCOUNT}:function:orders", {"ArnEquals": {KEY: ORDERS}}, UNKNOWN),
        (f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:orders-*", {"ArnEquals": {KEY: ORDERS}}, YES),
        (f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:orders-*", {"ArnLike": {KEY: f"{ORDERS}-???????"}}, UNKNOWN),
    ],
)
def test_a_function_that_is_not_known(arn: str, condition: Any, expected: Truth) -> None:
    answer = asked([allow(), deny(condition)], subject=replace(CODE, function_arn=arn))
    assert answer.allowed is expected
    if expected is UNKNOWN:
        assert answer.unknown_keys == (SOURCE,)
        assert not answer.too_complex
    # Whoever it is, the service's calls lack the key.
    assert asked([allow(), deny(condition)], subject=replace(SERVICE, function_arn=arn)).allowed is YES


def test_a_made_up_function_reads_like_one() -> None:
    ((resource, context),) = parts(
        witness(
            [allow(), deny({"ArnEquals": {KEY: f"{ORDERS}:live"}})], subject=replace(CODE, function_arn=ANY_FUNCTION)
        )
    )
    assert context[SOURCE] == (f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:my-function",)
    assert resource.startswith(f"arn:aws:ec2:us-east-1:{ACCOUNT}:")
    named = replace(CODE, function_arn="arn:*:lambda:eu-west-1:*:function:orders")
    ((_, context),) = parts(witness([allow({"Null": {KEY: "false"}})], subject=named))
    assert context[SOURCE] == (f"arn:aws:lambda:eu-west-1:{keys.EXAMPLE_ACCOUNT}:function:orders",)


def test_an_unknown_place_is_one_that_the_documents_name() -> None:
    china = allow(resource="arn:aws-cn:ec2:*:210987654321:network-interface/*")
    ((resource, _),) = parts(witness([china], subject=replace(CODE, function_arn=ANY_FUNCTION)))
    assert resource.startswith("arn:aws-cn:ec2:")
    assert resource.split(":")[4] == "210987654321"
    by_account = allow({"StringEquals": {"aws:PrincipalAccount": "210987654321"}})
    assert asked([by_account], subject=replace(CODE, function_arn=ANY_FUNCTION)).allowed is YES
    by_vpc = allow({"ArnLike": {"ec2:Vpc": "arn:aws:ec2:*:210987654321:vpc/*"}})
    assert asked([by_vpc], subject=replace(CODE, function_arn=ANY_FUNCTION)).allowed is YES
    by_both = allow({"ArnLike": {"ec2:Vpc": "arn:aws:ec2:*:*:vpc/*"}}, "arn:aws:ec2:*:210987654321:network-interface/*")
    assert asked([by_both], subject=replace(CODE, function_arn=ANY_FUNCTION)).allowed is YES
    by_tag = allow({"StringEquals": {"aws:ResourceTag/owner": "210987654321"}})
    ((resource, _),) = parts(witness([by_tag], subject=replace(CODE, function_arn=ANY_FUNCTION)))
    assert resource.split(":")[4] == keys.EXAMPLE_ACCOUNT
    # A longer number is no account.
    by_number = allow({"StringEquals": {"aws:PrincipalAccount": "2109876543210"}})
    assert asked([by_number], subject=replace(CODE, function_arn=ANY_FUNCTION)).allowed is NO


# ---- subnets that another account shares (VPC User Guide, "VPC sharing"): the owner's ARN is what IAM is asked for

SHARING: Final = "210987654321"
_OWN_INTERFACES: Final = f"arn:aws:ec2:*:{ACCOUNT}:network-interface/*"
_THEIR_SUBNETS: Final = f"arn:aws:ec2:*:{SHARING}:subnet/*"
_THEIR_VPC: Final = f"arn:aws:ec2:eu-central-1:{SHARING}:vpc/vpc-0abc"
_OWN: Final = {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}
_NOT_OWN: Final = {"StringNotEquals": {"aws:ResourceAccount": ACCOUNT}}


@pytest.mark.parametrize(
    ("statements", "action", "expected"),
    [
        ([allow(resource=[_OWN_INTERFACES, _THEIR_SUBNETS])], CREATE, YES),
        ([allow({"Null": {KEY: "true"}}, [_OWN_INTERFACES, _THEIR_SUBNETS])], CREATE, NO),
        # The new interface is the caller's own, whoever owns the subnet.
        ([allow(resource=f"arn:aws:ec2:*:{SHARING}:*/*")], CREATE, NO),
        ([allow(resource=f"arn:aws:ec2:*:{SHARING}:*/*")], DELETE, NO),
        ([allow(resource=_OWN_INTERFACES)], CREATE, NO),
        # The interface in such a subnet has the owner's VPC.
        ([allow({"ArnEquals": {"ec2:Vpc": _THEIR_VPC}})], DELETE, YES),
        ([allow({"StringEquals": {"ec2:Subnet": f"arn:aws:ec2:*:{SHARING}:subnet/subnet-1"}})], DELETE, NO),
        ([allow({"ArnLike": {"ec2:Subnet": f"arn:aws:ec2:*:{SHARING}:subnet/subnet-1"}})], DELETE, YES),
        ([allow(), deny({"StringNotEquals": {"ec2:Vpc": _THEIR_VPC}})], DELETE, YES),
        # Subnet and VPC are of one owner.
        ([allow(resource=[_OWN_INTERFACES, _THEIR_SUBNETS]), deny({"ArnLike": {"ec2:Vpc": _THEIR_VPC}})], CREATE, YES),
        (
            [
                allow(resource=[_OWN_INTERFACES, _THEIR_SUBNETS]),
                deny({"ArnNotLikeIfExists": {"ec2:Vpc": f"arn:aws:ec2:*:{ACCOUNT}:vpc/*"}}, "arn:aws:ec2:*:*:subnet/*"),
            ],
            CREATE,
            NO,
        ),
        # The key for the resource's account says whose the subnet is, and whose the interface.
        ([allow(resource=[_OWN_INTERFACES, _THEIR_SUBNETS]), deny(_NOT_OWN)], CREATE, NO),
        ([allow(_OWN, [_OWN_INTERFACES, _THEIR_SUBNETS])], CREATE, NO),
        (
            [
                allow(_OWN, _OWN_INTERFACES),
                allow({"StringEquals": {"aws:ResourceAccount": SHARING}}, "arn:aws:ec2:*:*:subnet/*"),
            ],
            CREATE,
            YES,
        ),
        ([allow({"StringEquals": {"aws:ResourceAccount": SHARING}})], DELETE, NO),
        (
            [
                allow(
                    {"StringEqualsIfExists": {"ec2:Vpc": _THEIR_VPC}, "StringEquals": {"aws:ResourceAccount": SHARING}}
                )
            ],
            DESCRIBE,
            NO,
        ),
        # So does the variable of that name.
        (
            [
                allow(resource=_OWN_INTERFACES),
                allow({"ArnLike": {"ec2:Vpc": "arn:aws:ec2:*:${aws:ResourceAccount}:vpc/vpc-1"}}, _THEIR_SUBNETS),
            ],
            CREATE,
            YES,
        ),
        (
            [
                allow(resource=_OWN_INTERFACES),
                allow({"ArnLike": {"ec2:Vpc": "arn:aws:ec2:eu-west-3:${aws:ResourceAccount}:vpc/*"}}, _THEIR_SUBNETS),
            ],
            CREATE,
            YES,
        ),
        (
            [
                allow(resource=[_OWN_INTERFACES, "arn:aws:ec2:eu-west-3:${aws:ResourceAccount}:subnet/*"]),
                deny(resource=f"arn:aws:ec2:*:{ACCOUNT}:subnet/*"),
                deny({"Bool": {"aws:SecureTransport": "false"}}, _THEIR_SUBNETS),
            ],
            CREATE,
            YES,
        ),
        # An account that no document names shares nothing, as far as is known; another service's resources are no subnets.
        ([allow(), deny(resource=f"arn:aws:ec2:*:{ACCOUNT}:subnet/*")], CREATE, NO),
        (
            [
                allow(resource=[_OWN_INTERFACES, "arn:aws:ec2:*:*:subnet/*", f"arn:aws:sqs:*:{SHARING}:queue"]),
                deny(resource=f"arn:aws:ec2:*:{ACCOUNT}:subnet/*"),
            ],
            CREATE,
            NO,
        ),
        (
            [
                allow(),
                deny(resource=f"arn:aws:ec2:*:{ACCOUNT}:subnet/*"),
                deny({"Bool": {"aws:SecureTransport": "false"}}, _THEIR_SUBNETS),
            ],
            CREATE,
            YES,
        ),
    ],
)
def test_a_subnet_may_be_shared_by_an_account_that_the_documents_name(
    statements: list[Any], action: str, expected: Truth
) -> None:
    assert asked(statements, action).allowed is expected


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        (f"arn:aws:ec2:*:{SHARING}", True),
        (f"arn:aws:ec2:*:{SHARING}:*:a:b", True),
        (f"arn:aws:*:*:{SHARING}:*", True),
        (f"arn:aws:e*:*:{SHARING}*:*", True),
        ("arn:aws:ec2:*", False),
        ("arn:aws:ec2", False),
        ("arn:aws:ec2:*:*:subnet/subnet-210987654321", False),
        ("arn:aws:ec2:*:*:subnet/subnet-1:x:210987654321", False),
        ("arn:aws:ec2:*:2109876543210:*", False),
        (f"arn:aws:sqs:*:{SHARING}:*", False),
        (f"arn:aws:ec2:*:{ACCOUNT}:*", False),
    ],
)
def test_an_account_is_named_by_the_field_for_it(pattern: str, named: bool) -> None:
    harmless = deny({"Bool": {"aws:SecureTransport": "false"}}, pattern)
    assert asked([allow(), deny(resource=f"arn:aws:ec2:*:{ACCOUNT}:subnet/*"), harmless], CREATE).allowed is (
        YES if named else NO
    )


@pytest.mark.parametrize("tagged", [False, True])
def test_the_witness_names_the_owner_of_a_shared_subnet(tagged: bool) -> None:
    own = allow(_OWN, _OWN_INTERFACES)
    shared: dict[str, Any] = {"aws:ResourceAccount": SHARING}
    # Without a tag the usual call is allowed; with one it takes a search.
    condition = {"StringEquals": {**shared, "aws:ResourceTag/team": "blue"} if tagged else shared}
    theirs = allow(condition, "arn:aws:ec2:*:*:subnet/*")
    interface, subnet = parts(witness([own, theirs], CREATE))
    assert interface[0] == ENI + "*"
    assert interface[1]["aws:resourceaccount"] == (ACCOUNT,)
    assert subnet[0].startswith(f"arn:aws:ec2:eu-central-1:{SHARING}:subnet/subnet-")
    assert subnet[1]["aws:resourceaccount"] == (SHARING,)


def test_a_place_is_of_the_region_that_is_called() -> None:
    assert asked([allow({"StringEquals": {"ec2:Region": "mars-1"}})]).allowed is NO
    assert asked([allow({"StringEquals": {"ec2:Region": "eu-west-3"}})]).allowed is YES


def test_a_key_of_ec2_with_several_values() -> None:
    # None of an action that is judged by default has such a key; the reference knows some, all of VPN connections.
    vpn = keys.ResourceType("vpn-connection", frozenset(("ec2:ikeversions",)))
    modify = keys.Action("ec2:ModifyVpnTunnelOptions", (vpn,), frozenset(), read_only=False)

    def modified(*statements: Any) -> Answer:
        return ask(modify, CODE, [doc(*statements)])

    some = {"ForAnyValue:StringEquals": {"ec2:IkeVersions": "ikev1"}}
    found = modified(allow(some), deny({"ForAllValues:StringEquals": {"ec2:IkeVersions": "ikev1"}}))
    assert found.allowed is YES
    assert found.witness is not None
    values = found.witness.authorizations[0].context["ec2:ikeversions"]
    assert isinstance(values, tuple)
    assert "ikev1" in values
    assert len(values) == 2
    assert modified(allow(some), deny(some)).allowed is NO
    assert modified(allow(), deny({"Null": {"ec2:IkeVersions": "false"}})).allowed is YES


def test_a_function_is_not_named_by_a_wildcard() -> None:
    unknown = replace(CODE, function_arn=ANY_FUNCTION)
    starred = {"StringEquals": {KEY: f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:*"}}
    assert asked([allow(starred)], subject=unknown).allowed is NO
    assert asked([allow(), deny(starred)], subject=unknown).allowed is YES


def test_two_tags_of_one_request_may_be_compared() -> None:
    same = {"StringEquals": {"aws:RequestTag/a": "${aws:RequestTag/b}"}, "Null": {"aws:TagKeys": "false"}}
    statements = [allow(resource="arn:aws:ec2:*:*:subnet/*"), allow(same, "arn:aws:ec2:*:*:network-interface/*")]
    context = parts(witness(statements, CREATE))[0][1]
    assert context["aws:requesttag/a"] == context["aws:requesttag/b"]


def test_the_function_in_the_place_of_the_service() -> None:
    # New ones, because a subject keeps its answer.
    assert replace(SERVICE).as_code == CODE
    code = replace(CODE)
    assert code.as_code is code


# ---- giving up


def _hard() -> list[Any]:
    tags = [f"aws:ResourceTag/t{i}" for i in range(12)]
    return [
        allow(),
        *(
            deny({"StringLike": {left: "*a*"}, "StringNotLike": {right: "*b*"}})
            for left in tags
            for right in tags
            if left != right
        ),
    ]


def test_past_its_budget_the_answer_is_undecided() -> None:
    answer = ask(DELETE, CODE, [doc(*_hard())], budget=50)
    assert (answer.allowed, answer.too_complex, answer.witness) == (UNKNOWN, True, None)
    assert ask(DELETE, CODE, [doc(*_hard())]).allowed is YES


def test_of_more_names_than_are_tried_some_are_asked() -> None:
    some = replace(CODE, function_arn="arn:aws:lambda:*:123456789012:function:*")
    names = [f"arn:aws:lambda:*:{account}:function:f{i}-?" for i in range(80) for account in ("123456789012", "*")]
    guard = deny({"ArnLike": {KEY: [*names, "arn:aws:lambda:*:*:function", "${aws:PrincipalAccount}"]}})
    answer = ask(DELETE, some, [doc(allow(), guard)])
    assert (answer.allowed, answer.unknown_keys, answer.too_complex) == (UNKNOWN, (SOURCE_FUNCTION_KEY,), False)
    # Where those that are asked may all do the same, nothing is known of the others.
    for open_or_closed in (
        doc(allow(), guard, deny({})),
        doc(allow(), deny({"ArnLike": {KEY: names}, "Null": {KEY: "true"}})),
    ):
        answer = ask(DELETE, some, [open_or_closed])
        assert (answer.allowed, answer.unknown_keys, answer.too_complex) == (UNKNOWN, (), True)


def test_a_key_of_more_combinations_than_are_tried_is_not_closed() -> None:
    many = {
        "ForAllValues:StringEquals": {"aws:TagKeys": [f"k{i}" for i in range(20)]},
        "ForAnyValue:StringEquals": {"aws:TagKeys": "k0"},
    }
    beside = {"ForAnyValue:StringEquals": {"aws:TagKeys": "k19"}}
    answer = asked(
        [allow({**many, "Null": {"aws:RequestTag/k19": "true"}}), deny({"Null": {"aws:TagKeys": "true"}})], CREATE
    )
    assert answer.allowed is not YES
    assert asked([allow(), deny(beside), deny(many)], CREATE).allowed is YES


def test_the_same_question_has_the_same_answer() -> None:
    documents = [doc(allow(), deny({"StringEquals": {"aws:ResourceTag/x": "a"}}))]
    first, second = ask(DELETE, CODE, documents), ask(DELETE, CODE, documents)
    assert first.witness == second.witness
    mine, its = ask(DELETE, CODE, documents).witness, ask(DELETE, SERVICE, documents).witness
    assert mine is not None
    assert its == mine.without(SOURCE)
    assert mine.authorizations[0].context[SOURCE] == (ORDERS,)


def test_actions_that_cannot_be_judged() -> None:
    with pytest.raises(KeyError):
        ask("ec2:Nonsense", CODE, [doc(allow())])


# ---- sts:AssumeRole, by which code gets a session without the key


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow(action="sts:AssumeRole")], YES),
        ([allow(action="sts:*", resource=ROLE)], YES),
        ([allow(action="sts:*", resource=f"arn:aws:iam::{ACCOUNT}:role/*")], YES),
        ([allow(action="sts:*", resource=f"arn:aws:iam::{ACCOUNT}:role/other")], NO),
        ([allow(action="ec2:*")], NO),
        ([allow(action="*"), deny({"Null": {KEY: "false"}}, action="sts:AssumeRole")], NO),
        ([allow({"StringEquals": {"sts:ExternalId": "x"}}, action="sts:AssumeRole")], UNKNOWN),
    ],
)
def test_assuming_the_own_role(statements: list[Any], expected: Truth) -> None:
    answer = ask(keys.on_iam(keys.ASSUME_ROLE, "role", "orders-role"), CODE, [doc(*statements)])
    assert answer.allowed is expected
    if answer.witness:
        assert answer.witness.action == "sts:AssumeRole"
        assert answer.witness.authorizations[0].resource == ROLE


PUT: Final = keys.on_iam("iam:PutRolePolicy", "role", "orders-role")
_IN_IAM: Final = {"aws:RequestedRegion": "us-east-1"}
_TAGS: Final = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}


@pytest.mark.parametrize("action", [keys.on_iam(keys.ASSUME_ROLE, "role", "orders-role"), PUT])
@pytest.mark.parametrize(
    ("condition", "on_allow", "on_deny"),
    [
        ({"StringEquals": {"aws:ResourceTag/team": "blue"}}, YES, NO),
        ({"StringEquals": {"iam:ResourceTag/Team": "blue"}}, YES, NO),
        (_TAGS, YES, NO),
        ({"StringNotEquals": {"aws:ResourceTag/team": "blue"}}, NO, YES),
        ({"Null": {"aws:ResourceTag/team": "false"}}, YES, NO),
        ({"Null": {"aws:ResourceTag/other": "false"}}, NO, YES),
        ({"StringEquals": {"ec2:Region": "eu-central-1"}}, NO, YES),
    ],
)
def test_a_call_for_the_role_carries_the_tags_of_the_role(
    action: keys.Action, condition: Any, on_allow: Truth, on_deny: Truth
) -> None:
    allowed = allow(action="*")
    assert ask(action, CODE, [doc(allow(condition, action="*"))]).allowed is on_allow
    assert ask(action, CODE, [doc(allowed, deny(condition, action="*"))]).allowed is on_deny


def test_the_tags_of_a_request_are_chosen_by_the_caller() -> None:
    asks = {"StringEquals": {"aws:RequestTag/eni": "yes"}}
    tag, untag = (keys.on_iam(action, "role", "orders-role") for action in ("iam:TagRole", "iam:UntagRole"))
    found = ask(tag, CODE, [doc(allow(asks, action="*"))]).witness
    assert found is not None
    assert parts(found) == [(ROLE, {"aws:requesttag/eni": ("yes",), SOURCE: (ORDERS,)})]
    # Beside what IAM says of every call: its region is not the function's.
    found = ask(tag, CODE, [doc(allow({"StringEquals": {**asks["StringEquals"], **_IN_IAM}}, action="*"))]).witness
    assert found is not None
    assert parts(found)[0][1]["aws:requestedregion"] == ("us-east-1",)
    named = {"ForAnyValue:StringEquals": {"aws:TagKeys": "eni"}}
    for action, by_value, by_name in ((tag, YES, YES), (untag, NO, YES), (PUT, NO, NO)):
        assert ask(action, CODE, [doc(allow(asks, action="*"))]).allowed is by_value
        assert ask(action, CODE, [doc(allow(named, action="*"))]).allowed is by_name


def test_a_tag_of_the_role_that_is_not_known_decides_nothing() -> None:
    allowed = doc(allow({"StringEquals": {"aws:ResourceTag/team": "blue"}}, action="*"))
    answer = ask(PUT, replace(CODE, role_tags=None), [allowed])
    assert (answer.allowed, answer.unknown_keys) == (UNKNOWN, ("aws:resourcetag/team",))
    # An interface has tags of its own.
    assert ask(DELETE, replace(CODE, role_tags={}), [allowed]).allowed is YES


@pytest.mark.parametrize(
    ("partition", "region", "to_iam", "to_sts"),
    [
        ("aws", "us-east-1", YES, YES),
        ("aws", "eu-central-1", NO, YES),
        ("aws-cn", "cn-north-1", YES, YES),
        ("aws-cn", "cn-northwest-1", NO, YES),
        ("aws-us-gov", "us-gov-west-1", YES, YES),
        ("aws-us-gov", "us-gov-east-1", NO, YES),
        ("aws-iso", "us-iso-east-1", UNKNOWN, YES),
    ],
)
def test_iam_is_called_in_one_region_and_sts_in_any(partition: str, region: str, to_iam: Truth, to_sts: Truth) -> None:
    arns = [arn.replace("arn:aws:", f"arn:{partition}:") for arn in (ORDERS.replace("eu-central-1", region), ROLE)]
    code = replace(CODE, function_arn=arns[0], role_arn=arns[1])
    assume = keys.on_iam(keys.ASSUME_ROLE, "role", "orders-role")
    here = {"aws:RequestedRegion": region}
    for document in ([allow({"StringEquals": here}, action="*")], [allow(action="*"), deny({"StringNotEquals": here})]):
        asked_of = [{**statement, "Action": "*"} for statement in document]
        assert ask(PUT, code, [doc(*asked_of)]).allowed is to_iam
        assert ask(assume, code, [doc(*asked_of)]).allowed is to_sts


def test_a_witness_names_the_region_of_iam_and_the_tag_of_the_role() -> None:
    asks = {**_TAGS, "StringLike": {"aws:RequestedRegion": "us-*"}}
    found = ask(PUT, CODE, [doc(allow(asks, action="*"))]).witness
    assert found is not None
    ((resource, context),) = parts(found)
    assert resource == ROLE
    assert context == {
        "aws:principaltag/team": ("blue",),
        "aws:requestedregion": ("us-east-1",),
        "aws:resourcetag/team": ("blue",),
        SOURCE: (ORDERS,),
    }


def test_a_document_that_is_not_known_may_name_an_account_that_shares_its_network() -> None:
    """Found by the differential test (seed 20261201): the Deny holds in the role's own account only."""
    own = {
        "StringNotLike": {"aws:RequestTag/x": "*"},
        "StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"},
    }
    hidden = PolicyDocument.not_known("hidden")
    assert ask("ec2:CreateNetworkInterface", CODE, [hidden, doc(deny(own))]).allowed is UNKNOWN
    everything = {"ArnLike": {SOURCE: "arn:aws:lambda:*:*:function:*"}}
    assert ask("ec2:CreateNetworkInterface", CODE, [hidden, doc(deny(everything))]).allowed is NO
    # It may, and may as well not.
    in_own = deny({"StringEquals": own["StringEquals"]}, "arn:aws:ec2:*:*:subnet/*")
    assert asked([allow(), in_own, allow(resource=[NOT_KNOWN])], CREATE).allowed is UNKNOWN
    of_no_account = deny({"StringNotLike": {"aws:ResourceAccount": "????????????"}})
    assert ask(CREATE, CODE, [hidden, doc(in_own, of_no_account)]).allowed is UNKNOWN


@pytest.mark.parametrize("at", [0, 1, 2])
def test_each_level_of_the_organization_limits_the_search(at: int) -> None:
    open_role, everything = [doc(allow())], [doc(allow())]

    def answers(*statements: Any) -> tuple[Truth, Truth]:
        levels = [everything, everything, everything]
        levels[at] = [doc(*statements)]
        code, service = (ask(DELETE, subject, open_role, levels=levels).allowed for subject in (CODE, SERVICE))
        return code, service

    guard = {"Null": {"lambda:SourceFunctionArn": "false"}}
    assert answers(allow()) == (YES, YES)
    assert answers(allow(), deny(guard)) == (NO, YES)
    assert answers(allow({"Null": {"lambda:SourceFunctionArn": "true"}})) == (NO, YES)
    assert answers(allow(action="s3:*")) == (NO, NO)
    assert answers(allow(resource=ENI + "eni-0b*")) == (YES, YES)
    assert answers(allow(), deny(guard, resource=ENI + "eni-0b*")) == (YES, YES)
