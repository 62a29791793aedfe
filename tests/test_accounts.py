"""The account that a provider works in, as far as it, or what it has deployed, tells."""

from __future__ import annotations

from typing import Any

import pytest

from policy.iam.truth import UNKNOWN
from policy.shared import stand_ins
from policy.stack.accounts import Account, Told, account_of, known_of, of_arn
from policy.stack.links import link
from policy.stack.resources import Resource

URN = "urn:pulumi:dev::shop::pulumi:providers:aws::prod"
ACCOUNT, OTHER = "123456789012", "111122223333"


@pytest.mark.parametrize(
    ("given", "account"),
    [
        ({}, ""),
        ({"region": "eu-west-1"}, ""),
        ({"allowedAccountIds": [ACCOUNT]}, ACCOUNT),
        ({"allowedAccountIds": ACCOUNT}, ACCOUNT),
        ({"allowedAccountIds": [123456789012]}, ACCOUNT),
        ({"allowedAccountIds": [12345]}, "000000012345"),
        ({"allowedAccountIds": [ACCOUNT, OTHER]}, ""),
        ({"allowedAccountIds": ["12"]}, ""),
        ({"allowedAccountIds": [10**5000]}, ""),
        ({"allowedAccountIds": [-1]}, ""),
        ({"allowedAccountIds": UNKNOWN}, URN),
        ({"assumeRoles": [{"roleArn": f"arn:aws:iam::{ACCOUNT}:role/a"}]}, ACCOUNT),
        ({"assumeRoles": [{"roleArn": f"arn:aws:iam::{n}:role/a"} for n in (ACCOUNT, OTHER)]}, OTHER),
        ({"assumeRole": {"roleArn": f"arn:aws-cn:iam::{ACCOUNT}:role/a"}}, ACCOUNT),
        ({"assumeRoles": [{"roleArn": UNKNOWN}]}, URN),
        ({"profile": "production"}, '[null, "production", null, null, null, null]'),
        ({"profile": UNKNOWN}, URN),
    ],
)
def test_what_a_provider_tells(given: dict[str, Any], account: str) -> None:
    assert account_of(URN, given) == account


@pytest.mark.parametrize(
    ("given", "account"),
    [
        ({"assumeRoleWithWebIdentity": {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/a"}}, ACCOUNT),
        ({"assumeRoleWithWebIdentity": [{"roleArn": f"arn:aws:iam::{ACCOUNT}:role/a"}]}, ACCOUNT),
        ({"assumeRoleWithWebIdentity": UNKNOWN}, URN),
        # The roles are assumed with the credentials of the web identity's, and the last one counts.
        (
            {
                "assumeRoleWithWebIdentity": {"roleArn": f"arn:aws:iam::{OTHER}:role/a"},
                "assumeRoles": [{"roleArn": f"arn:aws:iam::{ACCOUNT}:role/b"}],
            },
            ACCOUNT,
        ),
        ({"assumeRoles": [{"roleArn": f"arn:aws:iam::{ACCOUNT}:role/a"}, {"roleArn": UNKNOWN}]}, URN),
        ({"assumeRoles": [{"roleArn": UNKNOWN, "policy": f"arn:aws:iam::{OTHER}:role/b"}]}, URN),
        ({"assumeRoles": [], "assumeRoleWithWebIdentity": {}}, ""),
        ({"assumeRole": "arn"}, URN),
        ({"allowedAccountIds": [UNKNOWN]}, URN),
        ({"forbiddenAccountIds": [UNKNOWN]}, URN),
        ({"forbiddenAccountIds": [ACCOUNT]}, ""),
        ({"sharedCredentialsFile": "x"}, '[null, null, null, "x", null, null]'),
    ],
)
def test_what_a_role_that_is_assumed_tells(given: dict[str, Any], account: str) -> None:
    assert account_of(URN, given) == account


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ({}, {}, False),
        ({"region": "cn-north-1"}, {"region": "eu-west-1"}, True),
        ({"region": "cn-north-1"}, {"region": "cn-northwest-1"}, False),
        ({"region": "us-gov-west-1"}, {"region": "us-west-1"}, True),
        ({"region": "cn-north-1"}, {}, False),
        ({"region": "cn-north-1"}, {"region": UNKNOWN}, False),
        ({"region": "cn-north-1"}, {"region": stand_ins.REGION}, False),
        ({"allowedAccountIds": [ACCOUNT, OTHER]}, {"allowedAccountIds": [OTHER, "333333333333"]}, False),
        ({"allowedAccountIds": [ACCOUNT, OTHER]}, {"allowedAccountIds": ["444444444444", "333333333333"]}, True),
        ({"allowedAccountIds": [ACCOUNT, OTHER]}, {"allowedAccountIds": ["444444444444", UNKNOWN]}, False),
        ({"allowedAccountIds": [ACCOUNT]}, {"allowedAccountIds": [stand_ins.account(0), "333333333333"]}, False),
        ({"allowedAccountIds": [ACCOUNT, OTHER]}, {"forbiddenAccountIds": [ACCOUNT]}, False),
        ({"allowedAccountIds": [ACCOUNT, OTHER]}, {"forbiddenAccountIds": [ACCOUNT, OTHER]}, True),
        ({"allowedAccountIds": [ACCOUNT]}, {"forbiddenAccountIds": ACCOUNT}, True),
        ({"allowedAccountIds": [ACCOUNT]}, {"forbiddenAccountIds": [UNKNOWN, ACCOUNT]}, True),
        ({"forbiddenAccountIds": [ACCOUNT]}, {"forbiddenAccountIds": [ACCOUNT]}, False),
    ],
)
def test_which_providers_are_in_different_accounts(one: dict[str, Any], other: dict[str, Any], apart: bool) -> None:
    first, second = (known_of(account_of(URN, given), given) for given in (one, other))
    assert first.apart_from(second) is second.apart_from(first) is apart


ROLE, POLICY, OTHERS = (
    f"arn:aws:iam::{ACCOUNT}:role/a",
    f"arn:aws:iam::{ACCOUNT}:policy/b",
    f"arn:aws:iam::{OTHER}:role/a",
)
NOTHING, CHINA = Account(), Account("aws-cn")


def test_what_is_deployed_tells_the_account_of_what_is_new() -> None:
    told = Told([("", NOTHING, ROLE), ("", NOTHING, POLICY), ("", NOTHING, UNKNOWN), ("", NOTHING, None)])
    assert told.number("", NOTHING) == told.number("", Account("aws")) == ACCOUNT
    assert told.number(URN, NOTHING) == URN
    told = Told([(URN, NOTHING, ROLE), ("", NOTHING, OTHERS)])
    assert (told.number(URN, NOTHING), told.number("", NOTHING)) == (ACCOUNT, OTHER)


def test_what_is_deployed_tells_nothing_of_an_account_that_it_cannot_be() -> None:
    told = Told([("", NOTHING, ROLE)])
    for known in (CHINA, Account(excluded=frozenset((ACCOUNT,))), Account(numbers=frozenset((OTHER, "333333333333")))):
        assert told.number("", known) == ""


def test_of_providers_that_differ_each_is_told_by_what_it_has_made() -> None:
    several = Account(numbers=frozenset((OTHER, "333333333333")))
    told = Told([("", NOTHING, ROLE), ("", several, OTHERS)])
    assert (told.number("", NOTHING), told.number("", several), told.number("", CHINA)) == (ACCOUNT, OTHER, "")


@pytest.mark.parametrize(
    ("account", "arns"),
    [
        # Of two accounts neither is told.
        ("", [ROLE, f"arn:aws:iam::{OTHER}:role/b"]),
        # Of a provider that tells its account itself nothing more is.
        (ACCOUNT, [OTHERS]),
        ("", ["arn:aws:iam::aws:policy/AdministratorAccess", f"{ACCOUNT}", "arn:aws:s3:::bucket"]),
        ("", [f"arn:aws:iam::{stand_ins.account(0)}:role/a"]),
        ("", [UNKNOWN, [ROLE]]),
        ("", []),
    ],
)
def test_what_is_deployed_tells_nothing(account: str, arns: list[object]) -> None:
    assert Told((account, NOTHING, arn) for arn in arns).number(account, NOTHING) == account


def test_an_arn_tells_its_account() -> None:
    assert of_arn(f"arn:aws-cn:iam::{ACCOUNT}:role/a") == Account("aws-cn", frozenset((ACCOUNT,)))
    assert of_arn(f"arn:{stand_ins.PARTITION}:iam::{stand_ins.account(0)}:role/a") == of_arn("role/a") == NOTHING


def test_a_number_that_is_too_long_for_a_text_names_no_role() -> None:
    owner = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
    role = Resource("urn:pulumi:dev::shop::aws:iam/role:Role::r", "aws:iam/role:Role", {"name": "r"})
    found = link([role, Resource(f"urn:pulumi:dev::shop::{owner}::o", owner, {"roleName": [10**5000]})])
    assert [execution.label for execution in found if execution.role is not None] == ["r"]
