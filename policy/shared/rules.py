"""What is said of each policy, to the engine and in every report: reports are written where no SDK is installed too."""

from __future__ import annotations

from typing import Final, NamedTuple

from policy.shared import names


class Rule(NamedTuple):
    """A policy: what it is called, what it demands, what to do, and how severe a violation is."""

    title: str
    demands: str
    help: str
    severity: str


_STEPS: Final = (
    'Give the ENI actions only to calls without the function\'s ARN: "Condition": {"Null": {"lambda:SourceFunctionArn": '
    '"true"}} on the Allow; or, beside an AWS managed policy, deny them to calls with it: a Deny with "Condition": '
    '{"Null": {"lambda:SourceFunctionArn": "false"}}. Each violation says which statement to change and how.'
)

RULES: Final = {
    names.ROLE_GUARD: Rule(
        "Lambda execution role: guard on network interface permissions",
        "A guard on lambda:SourceFunctionArn must be able to work, and a role that trusts Lambda and declares all its "
        "policies must guard the network interface (ENI) permissions in them.",
        _STEPS,
        "high",
    ),
    names.GUARD: Rule(
        "VPC Lambda: only the Lambda service may manage network interfaces",
        "Only the Lambda service, not the function's code, may create, delete or re-address network interfaces (ENIs) with "
        "the execution role of a Lambda function in a VPC.",
        _STEPS,
        "high",
    ),
    names.READ_ONLY: Rule(
        "VPC Lambda: network interfaces should not be visible to code",
        "The code of a Lambda function in a VPC should not be able to list network interfaces and subnets with its "
        "execution role.",
        _STEPS,
        "low",
    ),
    names.UNVERIFIED: Rule(
        "VPC Lambda: network interface permissions that cannot be judged here",
        "The execution role of a Lambda function in a VPC should be known well enough to say whether its code can use "
        "network interfaces.",
        "Read what is unknown and when it will be decided. What is known only after the update is judged again then; what "
        "is in another stack is judged there, with this policy pack.",
        "medium",
    ),
    names.NOTICES: Rule(
        "VPC Lambda: exemptions in use",
        "Exemptions are shown when they are used, when they have ended, and when nothing needs them.",
        "Review the reason. Take out what has ended or has nothing to act on.",
        "low",
    ),
}
