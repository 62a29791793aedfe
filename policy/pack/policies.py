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

from policy.pack.default_file import NO_FILE, DefaultFile
from policy.pack.settings import OPTIONS
from policy.shared import names
from policy.shared.rules import RULES
from policy.shared.terraform_types import LOOKED_AT, in_module
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


def _told(name: str) -> dict[str, Any]:
    """What the engine and Pulumi Cloud are told of a policy."""
    rule = RULES[name]
    return {
        "display_name": rule.title,
        "description": rule.demands,
        "remediation_steps": rule.help,
        "severity": Severity(rule.severity),
        "url": names.url(name),
        **_COMMON,
    }


class Callbacks:
    """What the engine calls, on four threads. All that judges is loaded at the first call with something to judge: to
    read it takes as long as a tenth of the start of a pack, which every preview waits for."""

    def __init__(self, judge: Judge | None = None, default_file: DefaultFile = NO_FILE) -> None:
        self._judge = judge
        self._file_problems = default_file.problems
        self._declarations = Declarations() if judge is None else judge.declarations
        self._levels: dict[str, str] = {} if judge is None else judge.levels
        self._lock = Lock()

    def judge(self) -> Judge:
        """The one judge of all policies."""
        with self._lock:
            if self._judge is None:
                from policy.pack.checks import Judge

                self._judge = Judge(
                    declarations=self._declarations, levels=self._levels, file_problems=self._file_problems
                )
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
        if args.resource_type in LOOKED_AT:
            self.judge().resource(args, report)

    def remediate(self, args: ResourceValidationArgs) -> Mapping[str, Any] | None:
        """For each resource, before `resource`."""
        return self.judge().remediate(args) if args.resource_type in LOOKED_AT else None

    def stack(self, name: str) -> Callable[[StackValidationArgs, ReportViolation], None]:
        """For the stack, once for each policy on it."""

        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            # What is wrong with a configuration is told on every stack.
            configured = args.get_config() or self._file_problems
            if not configured and not any(
                r.resource_type in LOOKED_AT or in_module(r.resource_type) for r in args.resources
            ):
                # Pulumi Cloud counts the stack neither as compliant nor as not.
                args.not_applicable("Nothing in this stack runs on an execution role or belongs to one.")
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
            enforcement_level=EnforcementLevel.MANDATORY,
            **_told(names.ROLE_GUARD),
            config_schema=PolicyConfigSchema(properties=dict(OPTIONS[names.ROLE_GUARD])),
            validate=judging.resource,
            remediate=judging.remediate,  # type: ignore[arg-type]  # the SDK takes a plain result, its alias does not say so
        ),
        StackValidationPolicy(
            name=names.READ_ONLY,
            enforcement_level=EnforcementLevel.ADVISORY,
            **_told(names.READ_ONLY),
            config_schema=PolicyConfigSchema(properties=dict(OPTIONS[names.READ_ONLY])),
            validate=judging.stack(names.READ_ONLY),
        ),
        StackValidationPolicy(
            name=names.UNVERIFIED,
            enforcement_level=EnforcementLevel.ADVISORY,
            **_told(names.UNVERIFIED),
            config_schema=PolicyConfigSchema(properties=dict(OPTIONS[names.UNVERIFIED])),
            validate=judging.stack(names.UNVERIFIED),
        ),
        StackValidationPolicy(
            name=names.GUARD,
            enforcement_level=EnforcementLevel.MANDATORY,
            **_told(names.GUARD),
            config_schema=PolicyConfigSchema(properties=dict(OPTIONS[names.GUARD])),
            validate=judging.stack(names.GUARD),
        ),
        StackValidationPolicy(
            name=names.NOTICES,
            enforcement_level=EnforcementLevel.ADVISORY,
            **_told(names.NOTICES),
            validate=judging.notices,
        ),
    ]


def initial_config(found: DefaultFile) -> dict[str, EnforcementLevel | dict[str, Any]] | None:
    """The file in the pack's folder as the SDK takes it; None where it gives nothing.

    Each policy gets a level: the SDK sends one without as advisory, so that an option alone would turn off its blocking.
    """
    if not found.policies:
        return None
    own = {policy.name: policy.enforcement_level for policy in policies()}
    return {
        name: {
            **configured.options,
            "enforcementLevel": EnforcementLevel(configured.level) if configured.level else own[name],
        }
        for name, configured in found.policies.items()
    }
