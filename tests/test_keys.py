"""Which keys a call carries, against the Service Authorization Reference and the User Guide's list of global keys."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest

from policy.iam.request import Caller
from policy.iam.search import keys
from policy.iam.search.keys import Session, fact
from policy.iam.truth import UNKNOWN

FUNCTION: Final = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
ROLE: Final = "arn:aws:iam::123456789012:role/orders-role"
NOW: Final = Decimal(1_790_000_000)
CODE: Final = Session(Caller.CODE, "aws", "123456789012", FUNCTION, ROLE, {"Team": "blue", "open": UNKNOWN}, NOW)
SERVICE: Final = CODE._replace(caller=Caller.SERVICE, function_arn=None)

ABSENT: Final = (None,)
SOMETHING: Final = ((UNKNOWN,),)
NOTHING_KNOWN: Final = (UNKNOWN,)
FREE: Final = None


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("lambda:sourcefunctionarn", ((FUNCTION,),)),
        ("aws:principalaccount", (("123456789012",),)),
        ("aws:resourceaccount", (("123456789012",),)),
        ("aws:principalarn", ((ROLE,),)),
        ("aws:principaltag/team", (("blue",),)),
        ("aws:principaltag/open", SOMETHING),
        ("aws:principaltag/none", ABSENT),
        ("aws:principaltype", (("AssumedRole",),)),
        ("aws:viaawsservice", (("false",),)),
        ("aws:principalisawsservice", (("false",),)),
        # AWS's text leaves absent and false open.
        ("aws:multifactorauthpresent", (None, ("false",))),
        # Sessions as old as now, and newer ones to come.
        # As old as now, one of the future, and as old as a session can be.
        (
            "aws:tokenissuetime",
            (("2026-09-21T14:13:20Z",), ("2999-01-01T00:00:00Z",), ("2026-09-21T02:13:20Z",)),
        ),
        ("aws:userid", SOMETHING),
        ("aws:principalorgid", NOTHING_KNOWN),
        ("aws:principalorgpaths", NOTHING_KNOWN),
        ("aws:resourceorgid", NOTHING_KNOWN),
        ("aws:resourceorgpaths", NOTHING_KNOWN),
        ("sts:externalid", NOTHING_KNOWN),
        # The caller chooses.
        ("aws:requestedregion", FREE),
        ("ec2:region", FREE),
        ("aws:sourceip", FREE),
        ("aws:sourcevpc", FREE),
        ("aws:sourcevpce", FREE),
        ("aws:vpcsourceip", FREE),
        ("aws:currenttime", FREE),
        ("aws:epochtime", FREE),
        ("aws:useragent", FREE),
        ("aws:referer", FREE),
        ("aws:securetransport", FREE),
        ("aws:tagkeys", FREE),
        ("aws:requesttag/env", FREE),
        ("aws:resourcetag/env", FREE),
        ("ec2:vpc", FREE),
        ("ec2:resourcetag/env", FREE),
        # A key that AWS lists for no such call.
        ("aws:username", ABSENT),
        ("aws:federatedprovider", ABSENT),
        ("aws:sourcearn", ABSENT),
        ("aws:sourcevpcarn", ABSENT),
        ("lambda:functionarn", ABSENT),
        ("aws:sourcefunctionarn", ABSENT),
        ("nonsense", ABSENT),
    ],
)
def test_facts_and_free_choices_of_code(key: str, expected: Any) -> None:
    assert fact(key, CODE) == expected


def test_the_service_is_told_apart_by_the_function_and_its_network() -> None:
    for key in ("lambda:sourcefunctionarn", "aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"):
        assert fact(key, SERVICE) == ABSENT
    # Present, and in nobody's range.
    assert fact("aws:sourceip", SERVICE) == ((keys.SERVICE_ADDRESS,),)
    for key in ("aws:principalarn", "aws:principaltag/team", "aws:viaawsservice"):
        assert fact(key, SERVICE) == fact(key, CODE)


def test_what_is_not_known_of_the_role() -> None:
    assert fact("aws:principalarn", CODE._replace(role_arn=None)) == SOMETHING
    assert fact("aws:principaltag/team", CODE._replace(role_tags=None)) == NOTHING_KNOWN


@pytest.mark.parametrize(
    ("action", "resources", "read_only"),
    [
        ("ec2:CreateNetworkInterface", [("network-interface", "*"), ("subnet", None)], False),
        ("ec2:DeleteNetworkInterface", [("network-interface", None)], False),
        ("ec2:AssignPrivateIpAddresses", [("network-interface", None)], False),
        ("ec2:UnassignPrivateIpAddresses", [("network-interface", None)], False),
        ("ec2:DescribeNetworkInterfaces", [], True),
        ("ec2:DescribeSubnets", [], True),
    ],
)
def test_what_ec2_authorises(action: str, resources: list[tuple[str, str | None]], read_only: bool) -> None:
    found = keys.action(action)
    assert found.name == action
    assert [(r.name, r.fixed) for r in found.resources] == resources
    assert found.read_only is read_only
    assert "ec2:region" in found.keys
    assert action in keys.known_actions()


def test_one_request_carries_different_context_for_each_resource() -> None:
    interface, subnet = keys.action("ec2:CreateNetworkInterface").resources
    assert "ec2:vpc" in subnet.keys
    assert "ec2:vpc" not in interface.keys
    assert "aws:requesttag/" in interface.keys
    assert "aws:requesttag/" not in subnet.keys
    assert all("ec2:region" in r.keys for r in (interface, subnet))
    assert "ec2:vpc" not in keys.action("ec2:DescribeSubnets").keys
    with pytest.raises(KeyError):
        keys.action("ec2:Nonsense")


def test_assume_role_is_asked_for_the_role() -> None:
    action = keys.on_iam(keys.ASSUME_ROLE, "role", "path/orders-role")
    assert (action.name, action.keys, action.read_only) == ("sts:AssumeRole", frozenset(), False)
    (role,) = action.resources
    assert (role.name, role.fixed, role.service, role.keys) == ("role", "path/orders-role", "iam", frozenset())
    assert role.regional
    assert keys.on_iam("iam:TagRole", "role", "r").resources[0].keys == {"aws:requesttag/", "aws:tagkeys"}
    assert keys.on_iam("iam:UntagRole", "role", "r").resources[0].keys == {"aws:tagkeys"}
    assert not keys.on_iam("iam:PutRolePolicy", "role", "orders-role").resources[0].regional
    assert all(r.regional for r in keys.action("ec2:CreateNetworkInterface").resources)
    assert keys.spelled("iam:resourcetag/Team") == "iam:ResourceTag/Team"


def on(action: str, kind: str = "role", **changed: Any) -> Session:
    """The code's session in a call for a resource of IAM's."""
    return CODE._replace(called=keys.on_iam(action, kind, "orders").resources[0], **changed)


@pytest.mark.parametrize("action", [keys.ASSUME_ROLE, "iam:PutRolePolicy"])
@pytest.mark.parametrize("key", ["aws:resourcetag/", "iam:resourcetag/"])
def test_the_role_carries_its_own_tags(action: str, key: str) -> None:
    assert fact(key + "team", on(action)) == (("blue",),)
    assert fact(key + "open", on(action)) == SOMETHING
    assert fact(key + "none", on(action)) == ABSENT
    assert fact(key + "team", on(action, role_tags={})) == ABSENT
    assert fact(key + "team", on(action, role_tags=None)) == NOTHING_KNOWN


def test_the_tags_of_a_policy_are_not_known() -> None:
    of_policy = on("iam:CreatePolicyVersion", "policy")
    assert fact("aws:resourcetag/team", of_policy) == NOTHING_KNOWN
    assert fact("aws:principaltag/team", of_policy) == (("blue",),)


@pytest.mark.parametrize(
    ("partition", "expected"),
    [
        ("aws", (("us-east-1",),)),
        ("aws-cn", (("cn-north-1",),)),
        ("aws-us-gov", (("us-gov-west-1",),)),
        ("aws-iso", SOMETHING),
    ],
)
def test_iam_is_called_in_one_region(partition: str, expected: Any) -> None:
    assert fact("aws:requestedregion", on("iam:PutRolePolicy", partition=partition)) == expected
    assert fact("aws:requestedregion", on(keys.ASSUME_ROLE, partition=partition)) == FREE


@pytest.mark.parametrize("action", [keys.ASSUME_ROLE, "iam:PutRolePolicy"])
def test_other_keys_of_a_call_for_a_role(action: str) -> None:
    for key in ("ec2:region", "ec2:vpc", "ec2:resourcetag/team"):
        assert fact(key, on(action)) == ABSENT
    for key in ("iam:policyarn", "sts:externalid"):
        assert fact(key, on(action)) == NOTHING_KNOWN
    assert fact("aws:sourceip", on(action)) == FREE
    assert fact("aws:principaltag/team", on(action)) == (("blue",),)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("ec2:vpc", "ARN"),
        ("aws:tagkeys", "ArrayOfString"),
        ("ec2:resourcetag/x", "String"),
        ("ec2:associatepublicipaddress", "Bool"),
        ("aws:unheard", "String"),
    ],
)
def test_key_types(key: str, kind: str) -> None:
    assert keys.key_type(key) == kind


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("lambda:sourcefunctionarn", "lambda:SourceFunctionArn"),
        ("aws:requestedregion", "aws:RequestedRegion"),
        ("ec2:vpc", "ec2:Vpc"),
        ("aws:resourcetag/team", "aws:ResourceTag/team"),
        ("ec2:resourcetag/Team", "ec2:ResourceTag/Team"),
        ("aws:unheard", "aws:unheard"),
        ("aws:unheard/x", "aws:unheard/x"),
    ],
)
def test_the_usual_spelling(key: str, name: str) -> None:
    assert keys.spelled(key) == name


def test_regions() -> None:
    found = keys.regions("aws")
    assert found[:2] == ("us-east-1", "eu-west-1")
    assert list(found[2:]) == sorted(found[2:])
    assert len(set(found)) == len(found) > 20
    assert set(keys.regions("aws-cn")) == {"cn-north-1", "cn-northwest-1"}
    assert keys.regions("nowhere") == ()


def test_dates() -> None:
    assert keys.iso_date(Decimal(0)) == "1970-01-01T00:00:00Z"
    assert keys.iso_date(Decimal("1790000000.9")) == "2026-09-21T14:13:20Z"


def test_lists_of_keys_are_in_lower_case() -> None:
    lists = (
        keys.ENDPOINT_KEYS,
        keys.TIME_KEYS,
        keys.REGION_KEYS,
        keys.ACCOUNT_KEYS,
        keys.ALWAYS_PRESENT,
        keys.IDENTIFIER_KEYS,
    )
    assert all(key == key.lower() for found in lists for key in found)
    assert keys.SOURCE_FUNCTION_KEY == "lambda:sourcefunctionarn"
