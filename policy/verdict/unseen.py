"""What is said of a resource that makes others which the pack does not see, or not all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from policy.shared import aws_types
from policy.shared.escapes import message, quoted
from policy.shared.names import UNVERIFIED
from policy.shared.terraform_types import MODULE
from policy.stack.templates.expand import Unseen
from policy.verdict import words
from policy.verdict.finding import Finding
from policy.verdict.unverified import gap_reasons

_MOST_REASONS: Final = 5
_KIND: Final = {
    aws_types.STACK: "the CloudFormation stack",
    aws_types.NATIVE_STACK: "the CloudFormation stack",
    aws_types.STACK_SET: "the stack set",
    aws_types.NATIVE_STACK_SET: "the stack set",
    aws_types.STACK_INSTANCES: "the group of stack set instances",
    aws_types.STACK_SET_INSTANCE: "the stack set instance",
    MODULE: "the Terraform module",
    aws_types.CLOUD_CONTROL: "the Cloud Control resource",
    aws_types.NATIVE_EXTENSION: "the Cloud Control resource",
    aws_types.APPLICATION: "the application",
    aws_types.PRODUCT: "the provisioned product",
    aws_types.NATIVE_PRODUCT: "the provisioned product",
}


def unseen_finding(unseen: Unseen, actions: Sequence[str]) -> Finding:
    """The one finding on what cannot be seen of a maker. `actions` are the judged ones."""
    name = f"{_KIND[unseen.maker.type]} {quoted(unseen.maker.name)}"
    found = list(dict.fromkeys(gap_reasons(unseen.gaps)))
    more = f"; and {len(found) - _MOST_REASONS} more" if len(found) > _MOST_REASONS else ""
    reasons = "; ".join(found[:_MOST_REASONS]) + more
    if unseen.whole:
        told = (
            f"What {name} makes is not seen here: {reasons}. A function in a VPC that it makes, and the role of one, are "
            "not judged."
        )
    else:
        told = f"Not all that {name} makes is seen here: {reasons}. What else it makes is judged."
    policy = words.policy_of_its_own(words.deny_statement(actions))
    fix = f"Fix: put this policy on the execution roles in it, and they are closed whatever else is on them: {policy}"
    return Finding(UNVERIFIED, unseen.maker.urn, message([told, fix]))
