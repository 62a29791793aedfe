"""A team's own tests of its own program. Run `pytest` in the folder above."""

from pathlib import Path

import pytest

from policy.testing import assert_passes, assert_violates, preview

INFRA = Path(__file__).parent.parent / "infra"


def test_only_lambda_manages_network_interfaces() -> None:
    assert_passes(preview(INFRA))


def test_the_guard_is_what_makes_it_pass() -> None:
    unguarded = preview(INFRA, config={"guardReports": "false"})
    violation = assert_violates(unguarded, "vpc-lambda-eni-guard", "reports-vpc-access", says="function `reports`")
    assert violation.enforcement == "mandatory"


def test_orders_is_guarded_in_prod_too() -> None:
    """`reports` is still open in prod; the team accepts that for a while, and wants to see that it does."""
    accepted = {"match": "reports", "reason": "moves to the new role with the next release"}
    prod = preview(INFRA, stack="prod", policy_pack_config={"vpc-lambda-eni-guard": {"exemptions": [accepted]}})
    assert_passes(prod, allow=["vpc-lambda-eni-notices"])
    assert_violates(prod, "vpc-lambda-eni-notices", says="`reports` is exempt")


@pytest.mark.xfail(reason="reports has no guard in prod yet", strict=True, raises=AssertionError)
def test_prod_has_no_hole() -> None:
    assert_passes(preview(INFRA, stack="prod"))
