"""EDGE OUT: the CrossGuard policies, what they are called with, and what they report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from threading import Lock
from typing import Final

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from policy import finding
from policy.exposure import ENI_ACTIONS, judge_execution
from policy.finding import Finding
from policy.links import Execution, link
from policy.resources import TYPES, Declarations, Resource, plain, stack_resources
from policy.single import resource_findings

_TAGS: Final = ["aws", "lambda", "iam", "ec2", "vpc", "network-interface"]
_FRAMEWORK: Final = PolicyComplianceFramework(
    name="AWS Lambda Developer Guide",
    reference="Giving Lambda functions access to resources in an Amazon VPC: security best practices",
    specification=finding.URL,
)
_STEPS: Final = (
    'Give the ENI actions only to calls without the function\'s ARN: "Condition": {"Null": {"lambda:SourceFunctionArn": '
    '"true"}} on the Allow; or, beside an AWS managed policy, deny them to calls with it: a Deny with "Condition": '
    '{"Null": {"lambda:SourceFunctionArn": "false"}}. Each violation says which statement to change and how.'
)


class Judge:
    """Judges a stack once for all the policies that report on it.

    An exception in a policy fails the user's whole preview, so a bug in judging is told as what it is: not judged.
    The engine's callbacks come on four threads, and each stack policy gets the same stack decoded anew.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._declarations = Declarations()
        self._lock = Lock()
        self._bugs: dict[str, Finding] = {}
        self._judged: tuple[tuple[Resource, ...], tuple[Finding, ...]] | None = None

    def resource(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        """Remember what a resource declares, and report what it proves by itself."""
        if args.resource_type not in TYPES:
            return
        inputs = plain(args.props)
        resource = Resource(args.urn, args.resource_type, inputs, inputs=inputs)
        found: list[Finding] = []
        try:
            found = resource_findings(resource, self._now())
        except Exception as error:
            self._bugs[args.urn] = finding.internal_error(error, resource)
        self._declarations.remember(args.urn, inputs, (item.path for item in found if item.path))
        for item in found:
            report(item.message, None)

    def stack(self, name: str) -> Callable[[StackValidationArgs, ReportViolation], None]:
        """The callback of one stack policy: it reports its share of the findings."""

        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            for found in self._findings(stack_resources(args.resources, self._declarations)):
                if found.policy == name:
                    report(found.message, found.urn)

        return validate

    def _now(self) -> Decimal:
        return Decimal(int(self._clock()))

    def _findings(self, resources: tuple[Resource, ...]) -> tuple[Finding, ...]:
        with self._lock:
            if self._judged is None or self._judged[0] != resources:
                self._judged = resources, tuple(self._judge(resources))
            return self._judged[1]

    def _judge(self, resources: tuple[Resource, ...]) -> Iterable[Finding]:
        now = self._now()
        yield from self._bugs.values()
        for execution in link(resources):
            try:
                yield from list(self._judge_execution(execution, now))
            except Exception as error:
                yield finding.internal_error(error, execution)

    def _judge_execution(self, execution: Execution, now: Decimal) -> Iterable[Finding]:
        reported = self._declarations.reported(execution.role.urn) if execution.role is not None else frozenset()
        outcomes = judge_execution(execution, ENI_ACTIONS, now)
        yield from finding.findings(finding.unreported(outcomes, reported), ENI_ACTIONS)
        if finding.in_scope(execution):
            yield from finding.document_errors(execution)


def policies(judge: Judge | None = None) -> list[Policy]:
    """The policies of the pack; those of one call share one `Judge`."""
    judge = judge or Judge()
    return [
        ResourceValidationPolicy(
            name=finding.ROLE_GUARD,
            display_name="Lambda execution role: guard on network interface permissions",
            description=(
                "A guard on lambda:SourceFunctionArn must be able to work, and a role that trusts Lambda and declares "
                "all its policies must guard the network interface (ENI) permissions in them."
            ),
            enforcement_level=EnforcementLevel.MANDATORY,
            severity=Severity.HIGH,
            framework=_FRAMEWORK,
            tags=_TAGS,
            remediation_steps=_STEPS,
            url=finding.URL,
            validate=judge.resource,
        ),
        StackValidationPolicy(
            name=finding.GUARD,
            display_name="VPC Lambda: only the Lambda service may manage network interfaces",
            description=(
                "The code of a Lambda function in a VPC must not be able to create, delete or re-address network "
                "interfaces (ENIs) with its execution role, and the Lambda service must be."
            ),
            enforcement_level=EnforcementLevel.MANDATORY,
            severity=Severity.HIGH,
            framework=_FRAMEWORK,
            tags=_TAGS,
            remediation_steps=_STEPS,
            url=finding.URL,
            validate=judge.stack(finding.GUARD),
        ),
        StackValidationPolicy(
            name=finding.READ_ONLY,
            display_name="VPC Lambda: network interfaces should not be visible to code",
            description=(
                "The code of a Lambda function in a VPC should not be able to list network interfaces and subnets with "
                "its execution role."
            ),
            enforcement_level=EnforcementLevel.ADVISORY,
            severity=Severity.LOW,
            framework=_FRAMEWORK,
            tags=_TAGS,
            remediation_steps=_STEPS,
            url=finding.URL,
            validate=judge.stack(finding.READ_ONLY),
        ),
        StackValidationPolicy(
            name=finding.UNVERIFIED,
            display_name="VPC Lambda: network interface permissions that cannot be judged here",
            description=(
                "The execution role of a Lambda function in a VPC should be known well enough to say whether its code "
                "can use network interfaces."
            ),
            enforcement_level=EnforcementLevel.ADVISORY,
            severity=Severity.MEDIUM,
            framework=_FRAMEWORK,
            tags=_TAGS,
            remediation_steps=(
                "Read what is unknown and when it will be decided. What is known only after the update is judged again "
                "then; what is in another stack is judged there, with this policy pack."
            ),
            url=finding.URL,
            validate=judge.stack(finding.UNVERIFIED),
        ),
    ]
