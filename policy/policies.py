"""EDGE OUT: the CrossGuard policies, what they are called with, and what they report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from threading import Lock
from typing import Any, Final

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from policy import finding
from policy.document import printable
from policy.execution import Execution
from policy.exempt import Use, exempt_resource, guarded_elsewhere, notices, unexempted, unexempted_findings
from policy.exposure import Exposed, LockedOut, Outcome, judge_execution, merged
from policy.finding import Finding
from policy.links import link
from policy.remediation import HIDDEN, remedy
from policy.resources import TYPES, Declarations, Resource, plain, stack_resources, with_values
from policy.settings import ACTIONS, ELSEWHERE, EXEMPTIONS, REMEDIATION, SCOPE, Settings, read_settings
from policy.single import resource_findings

_COMMON: Final[dict[str, Any]] = {
    "framework": PolicyComplianceFramework(
        name="AWS Lambda Developer Guide",
        reference="Giving Lambda functions access to resources in an Amazon VPC: security best practices",
        specification=finding.URL,
    ),
    "tags": ["aws", "lambda", "iam", "ec2", "vpc", "network-interface"],
    "url": finding.URL,
}
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
        self._problems: dict[str, tuple[str, ...]] = {}
        self._uses: dict[str, Use] = {finding.ROLE_GUARD: Use()}
        self._judged: tuple[object, list[tuple[Execution, list[Outcome]]]] | None = None

    def resource(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        """Remember what a resource declares, and report what it proves by itself."""
        if args.resource_type not in TYPES:
            return
        inputs = plain(args.props)
        resource = Resource(args.urn, args.resource_type, inputs, inputs=inputs)
        settings = self._settings(finding.ROLE_GUARD, args.get_config())
        refused = self._declarations.refused(args.urn)
        found: list[Finding] = []
        try:
            found = resource_findings(resource, settings.actions, self._now(), refused)
            found = list(unexempted_findings(found, resource, settings, self._today(), self._uses[finding.ROLE_GUARD]))
        except Exception as error:
            self._bugs[args.urn] = finding.internal_error(error, resource)
        self._declarations.remember(args.urn, inputs, (item.path for item in found if item.path))
        for item in found:
            report(printable(item.message), None)

    def remediate(self, args: ResourceValidationArgs) -> Mapping[str, Any] | None:
        """The properties with guarded documents, or None where there is nothing to guard."""
        if args.resource_type not in TYPES:
            return None
        settings = self._settings(finding.ROLE_GUARD, args.get_config())
        try:
            props = plain(args.props, HIDDEN)
            standalone = settings.remediate_standalone
            remedied = remedy(args.resource_type, props, settings.actions, self._now(), standalone=standalone)
            self._declarations.refuse(args.urn, remedied.refused)
            resource = Resource(args.urn, args.resource_type, props)
            use = self._uses[finding.ROLE_GUARD]
            if not remedied.documents or exempt_resource(resource, settings, self._today(), use):
                return None
            return with_values(args.props, remedied.documents)
        except Exception as error:
            self._bugs[args.urn] = finding.internal_error(error, Resource(args.urn, args.resource_type, {}))
            return None

    def stack(self, name: str) -> Callable[[StackValidationArgs, ReportViolation], None]:
        """The callback of one stack policy: it reports its share of the findings."""

        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            settings = self._settings(name, args.get_config())
            for found in self._findings(name, args.resources, settings):
                report(printable(found.message), found.urn or None)
            if name == finding.GUARD:
                # After the other policies that have a configuration, so it knows what is wrong with all of them.
                problems = finding.configuration_problems(self._problems)
                if problems:
                    report(printable(problems), None)

        return validate

    def notices(self, args: StackValidationArgs, report: ReportViolation) -> None:
        """Tell which exemptions had an effect, which are over, and which have nothing to act on."""
        if not args.resources:
            return
        stack, project = args.resources[0].urn.removeprefix("urn:pulumi:").split("::")[:2]
        together = Use()
        for use in self._uses.values():
            together.add(use)
        for message in notices(together, stack, project):
            report(printable(message), None)

    def _now(self) -> Decimal:
        return Decimal(int(self._clock()))

    def _today(self) -> date:
        return datetime.fromtimestamp(int(self._clock()), timezone.utc).date()

    def _settings(self, name: str, config: Mapping[str, Any]) -> Settings:
        settings = read_settings(config, _OPTIONS[name])
        self._problems[name] = settings.problems
        return settings

    def _findings(self, name: str, stack: Sequence[PolicyResource], settings: Settings) -> Iterator[Finding]:
        """The findings that one policy reports, in order of URN."""
        today = self._today()
        use = Use.of((*settings.exemptions, *settings.guarded_elsewhere))
        judged = self._judge(stack_resources(stack, self._declarations), settings)
        if name == finding.UNVERIFIED:
            yield from self._bugs.values()
        kept: list[Outcome] = []
        errors: list[Finding] = []
        for execution, outcomes in judged:
            told_once = finding.without_repeats(outcomes, settings.actions)
            found = [outcome for outcome in told_once if finding.policy_of(outcome) == name]
            if execution.role is not None:
                found = list(finding.unreported(found, self._declarations.reported(execution.role.urn)))
            if any(not isinstance(o, LockedOut) for o in found) and guarded_elsewhere(execution, settings, today, use):
                found = [outcome for outcome in found if isinstance(outcome, LockedOut)]
            kept += unexempted(found, settings, today, use)
            if name == finding.UNVERIFIED and finding.in_scope(execution):
                errors += finding.document_errors(execution)
        refused = {o.grant.urn: self._declarations.refused(o.grant.urn) for o in kept if isinstance(o, Exposed)}
        yield from finding.findings(merged(kept), settings.actions, refused)
        for error in dict.fromkeys(errors):
            if not use.covers(settings.exemptions, today, error.urn, error.urn.rpartition("::")[2]):
                yield error
        self._uses[name] = use

    def _judge(self, resources: tuple[Resource, ...], settings: Settings) -> list[tuple[Execution, list[Outcome]]]:
        asked = (resources, settings.actions, settings.event_sources)
        with self._lock:
            if self._judged is None or self._judged[0] != asked:
                self._judged = asked, self._judge_all(*asked)
            return self._judged[1]

    def _judge_all(
        self, resources: tuple[Resource, ...], actions: tuple[str, ...], event_sources: bool
    ) -> list[tuple[Execution, list[Outcome]]]:
        judged = []
        for execution in link(resources, event_sources=event_sources):
            try:
                judged.append((execution, judge_execution(execution, actions, self._now())))
            except Exception as error:
                bug = finding.internal_error(error, execution)
                self._bugs[bug.urn] = bug
        return judged


# The options that each policy reads from its configuration.
_OPTIONS: Final[Mapping[str, Mapping[str, dict[str, Any]]]] = {
    finding.ROLE_GUARD: {**ACTIONS, **EXEMPTIONS, **ELSEWHERE, **REMEDIATION},
    finding.READ_ONLY: {**ACTIONS, **EXEMPTIONS, **ELSEWHERE, **SCOPE},
    finding.UNVERIFIED: {**ACTIONS, **EXEMPTIONS, **ELSEWHERE, **SCOPE},
    finding.GUARD: {**ACTIONS, **EXEMPTIONS, **ELSEWHERE, **SCOPE},
}


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
            remediation_steps=_STEPS,
            **_COMMON,
            config_schema=PolicyConfigSchema(properties=dict(_OPTIONS[finding.ROLE_GUARD])),
            validate=judge.resource,
            remediate=judge.remediate,  # type: ignore[arg-type]  # the SDK takes a plain result, its alias does not say so
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
            remediation_steps=_STEPS,
            **_COMMON,
            config_schema=PolicyConfigSchema(properties=dict(_OPTIONS[finding.READ_ONLY])),
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
            remediation_steps=(
                "Read what is unknown and when it will be decided. What is known only after the update is judged again "
                "then; what is in another stack is judged there, with this policy pack."
            ),
            **_COMMON,
            config_schema=PolicyConfigSchema(properties=dict(_OPTIONS[finding.UNVERIFIED])),
            validate=judge.stack(finding.UNVERIFIED),
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
            remediation_steps=_STEPS,
            **_COMMON,
            config_schema=PolicyConfigSchema(properties=dict(_OPTIONS[finding.GUARD])),
            validate=judge.stack(finding.GUARD),
        ),
        StackValidationPolicy(
            name=finding.NOTICES,
            display_name="VPC Lambda: exemptions in use",
            description="Exemptions are shown when they are used, when they have ended, and when nothing needs them.",
            enforcement_level=EnforcementLevel.ADVISORY,
            severity=Severity.LOW,
            remediation_steps="Review the reason. Take out what has ended or has nothing to act on.",
            **_COMMON,
            validate=judge.notices,
        ),
    ]
