"""The account that a provider works in, as far as it, or what it has deployed, tells."""

from __future__ import annotations

from typing import Any

import pytest

from policy.iam.truth import UNKNOWN
from policy.shared import stand_ins
from policy.stack.accounts import account_of, told_by_arns
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
        ({"profile": "production"}, '[null, "production", null, null, null]'),
        ({"profile": UNKNOWN}, URN),
    ],
)
def test_what_a_provider_tells(given: dict[str, Any], account: str) -> None:
    assert account_of(URN, given) == account


def test_what_is_deployed_tells_the_account_of_what_is_new() -> None:
    role, policy = f"arn:aws:iam::{ACCOUNT}:role/a", f"arn:aws:iam::{ACCOUNT}:policy/b"
    assert told_by_arns([("", role), ("", policy), ("", UNKNOWN), ("", None)]) == {"": ACCOUNT}
    assert told_by_arns([(URN, role), ("", f"arn:aws:iam::{OTHER}:role/a")]) == {URN: ACCOUNT, "": OTHER}


@pytest.mark.parametrize(
    "deployed",
    [
        # Of two accounts neither is told.
        [("", f"arn:aws:iam::{ACCOUNT}:role/a"), ("", f"arn:aws:iam::{OTHER}:role/b")],
        # Of a provider that tells its account itself nothing more is.
        [(ACCOUNT, f"arn:aws:iam::{OTHER}:role/a")],
        [("", "arn:aws:iam::aws:policy/AdministratorAccess"), ("", f"{ACCOUNT}"), ("", "arn:aws:s3:::bucket")],
        [("", f"arn:aws:iam::{stand_ins.account(0)}:role/a")],
        [("", UNKNOWN), ("", [f"arn:aws:iam::{ACCOUNT}:role/a"])],
        [],
    ],
)
def test_what_is_deployed_tells_nothing(deployed: list[tuple[str, object]]) -> None:
    assert told_by_arns(deployed) == {}


def test_a_number_that_is_too_long_for_a_text_names_no_role() -> None:
    owner = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
    role = Resource("urn:pulumi:dev::shop::aws:iam/role:Role::r", "aws:iam/role:Role", {"name": "r"})
    found = link([role, Resource(f"urn:pulumi:dev::shop::{owner}::o", owner, {"roleName": [10**5000]})])
    assert [execution.label for execution in found if execution.role is not None] == ["r"]
