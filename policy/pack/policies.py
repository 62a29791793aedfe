"""EDGE OUT: the CrossGuard policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from policy.pack.settings import OPTIONS
from policy.shared import names
from policy.shared.aws_types import TYPES
from policy.stack.resources import Declarations

if TYPE_CHECKING:
    from policy.pack.checks import Judge

_COMMON: Final[dict[str, Any]] = {
    "framework": PolicyComplianceFramework(
        name="AWS Lambda Developer Guide",
        reference="Giving Lambda functions access to resources in an Amazon VPC: security best practices",
        specification=names.AWS_PAGE,
    ),
    "tags": ["aws", "lambda", "iam", "ec2", "vpc", "network-interface"],
}
_STEPS: Final = (
    'Give the ENI actions only to calls without the function\'s ARN: "Condition": {"Null": {"lambda:SourceFunctionArn": '
    '"true"}} on the Allow; or, beside an AWS managed policy, deny them to calls with it: a Deny with "Condition": '
    '{"Null": {"lambda:SourceFunctionArn": "false"}}. Each violation says which statement to change and how.'
)


class Callbacks:
    """What the engine calls, on four threads. All that judges is loaded at the first call with something to judge: to
    read it takes as long as a tenth of the start of a pack, which every preview waits for."""

    def __init__(self, judge: Judge | None = None) -> None:
        self._judge = judge
        self._declarations = Declarations() if judge is None else judge.declarations
        self._levels: dict[str, str] = {} if judge is None else judge.levels
        self._lock = Lock()

    def judge(self) -> Judge:
        """The one judge of all policies."""
        with self._lock:
            if self._judge is None:
                from policy.pack.checks import Judge

                self._judge = Judge(declarations=self._declarations, levels=self._levels)
            return self._judge

    def configured(self, levels: Mapping[str, str]) -> None:
        """Note the level of each policy."""
        self._levels.clear()
        self._levels.update(levels)

    def checked(self, urn: str) -> None:
        """Note a resource that comes to its resource check: the stack manages it."""
        self._declarations.check(urn)

    def finished(self) -> None:
        """Forget what was said of a stack once it is judged: the next one in this process is another, or has changed."""
        self._declarations.forget()
        if self._judge is not None:
            self._judge.forget()

    def resource(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        """For each resource, before it is created."""
        self.checked(args.urn)
        if args.resource_type in TYPES:
            self.judge().resource(args, report)

    def remediate(self, args: ResourceValidationArgs) -> Mapping[str, Any] | None:
        """For each resource, before `resource`."""
        return self.judge().remediate(args) if args.resource_type in TYPES else None

    def stack(self, name: str) -> Callable[[StackValidationArgs, ReportViolation], None]:
        """For the stack, once for each policy on it."""

        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            self.judge().stack(name, args, report)

        return validate

    def notices(self, args: StackValidationArgs, report: ReportViolation) -> None:
        """For the stack, after the other policies."""
        self.judge().notices(args, report)


def policies(judge: Judge | None = None, callbacks: Callbacks | None = None) -> list[Policy]:
    """The policies of the pack; those of one call share one `Judge`, which is made when it is needed unless given."""
    judging = callbacks or Callbacks(judge)
    return [
        ResourceValidationPolicy(
            name=names.ROLE_GUARD,
            url=names.url(names.ROLE_GUARD),
            display_name="Lambda execution role: guard on network interface permissions",
            description=(
                "A guard on lambda:SourceFunctionArn must be able to work, and a role that trusts Lambda and declares "
                "all its policies must guard the network interface (ENI) permissions in them."
            ),
            enforcement_level=EnforcementLevel.MANDATORY,
            severity=Severity.HIGH,
            remediation_steps=_STEPS,
            **_COMMON,
            config_schema=PolicyConfigSchema(properties=dict(OPTIONS[names.ROLE_GUARD])),
            validate=judging.resource,
            remediate=judging.remediate,  # type: ignore[arg-type]  # the SDK takes a plain result, its alias does not say so
        ),
        StackValidationPolicy(
            name=names.READ_ONLY,
            url=names.url(names.READ_ONLY),
            display_name="VPC Lambda: network interfaces should not be visible to code",
            description=(
                "The code of a Lambda function in a VPC should not be able to list network interfaces and subnets with "
                "its execution role."
            ),
            enforcement_level=EnforcementLevel.ADVISORY,
            severity=Severity.LOW,
            remediation_steps=_STEPS,
            **_COMMON,
            config_schema=PolicyConfigSchema(properties=dict(OPTIONS[names.READ_ONLY])),
            validate=judging.stack(names.READ_ONLY),
        ),
        StackValidationPolicy(
            name=names.UNVERIFIED,
            url=names.url(names.UNVERIFIED),
            display_name="VPC Lambda: network interface permissions that cannot be judged here",
            description=(
                "The execution role of a Lambda function in a VPC should be known well enough to say whether its code "
                "can use network interfaces."
            ),
            enforcement_level=EnforcementLevel.ADVISORY,
            severity=Severity.MEDIUM,
            remediation_steps=(
                "Read what is unknown and when it will be decided. What is known only after the update is judged again "
                "then; what is in another stack is judged there, with this policy pack."
            ),
            **_COMMON,
            config_schema=PolicyConfigSchema(properties=dict(OPTIONS[names.UNVERIFIED])),
            validate=judging.stack(names.UNVERIFIED),
        ),
        StackValidationPolicy(
            name=names.GUARD,
            url=names.url(names.GUARD),
            display_name="VPC Lambda: only the Lambda service may manage network interfaces",
            description=(
                "Only the Lambda service, not the function's code, may create, delete or re-address network interfaces "
                "(ENIs) with the execution role of a Lambda function in a VPC."
            ),
            enforcement_level=EnforcementLevel.MANDATORY,
            severity=Severity.HIGH,
            remediation_steps=_STEPS,
            **_COMMON,
            config_schema=PolicyConfigSchema(properties=dict(OPTIONS[names.GUARD])),
            validate=judging.stack(names.GUARD),
        ),
        StackValidationPolicy(
            name=names.NOTICES,
            url=names.url(names.NOTICES),
            display_name="VPC Lambda: exemptions in use",
            description="Exemptions are shown when they are used, when they have ended, and when nothing needs them.",
            enforcement_level=EnforcementLevel.ADVISORY,
            severity=Severity.LOW,
            remediation_steps="Review the reason. Take out what has ended or has nothing to act on.",
            **_COMMON,
            validate=judging.notices,
        ),
    ]
