"""Service control policies: what is attached at one level of an organization.

Source: AWS Organizations User Guide, "SCP evaluation": each level from the root to the account must allow, so some policy
that allows is always attached, by default `FullAWSAccess`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from policy.iam.document import Effect, PolicyDocument, Statement

FULL_ACCESS: Final = PolicyDocument(
    "FullAWSAccess", (Statement(0, None, Effect.ALLOW, actions=("*",), resources=("*",)),)
)


def level_of(policies: Sequence[PolicyDocument]) -> tuple[PolicyDocument, ...]:
    """A level with these policies, and with FullAWSAccess where none of them allows anything: it was left out then."""
    allowing = any(statement.effect is not Effect.DENY for policy in policies for statement in policy.statements)
    return tuple(policies) if allowing else (*policies, FULL_ACCESS)
