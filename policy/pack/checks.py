"""What the policies are called with, judged: a resource at a time, then the stack once for all policies on it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from threading import Lock
from typing import Any, Final

from pulumi_policy import ReportViolation, ResourceValidationArgs, StackValidationArgs

from policy.iam.truth import HIDDEN_SECRET, Unknown
from policy.outside.completing import tell_of_records, with_records
from policy.outside.organization import Organization
from policy.outside.records import Directory
from policy.pack import sources
from policy.pack.beyond import Beyond
from policy.pack.exempt import Use, exempt_resource, guarded_elsewhere, notices, unexempted, unexempted_findings
from policy.pack.settings import MAY_GUARD, OPTIONS, Settings, read_settings
from policy.pack.tags import exemptions_of
from policy.shared import names, stand_ins
from policy.shared.aws_types import MAKERS
from policy.shared.escapes import printable
from policy.shared.terraform_types import classic_properties, classic_type
from policy.stack.links import link
from policy.stack.resources import (
    Declarations,
    Resource,
    configuration,
    name_of,
    plain,
    stack_resources,
    with_values,
)
from policy.stack.templates.expand import Expansion, expand
from policy.verdict import finding
from policy.verdict.exposure import judge_role, merged
from policy.verdict.finding import Finding
from policy.verdict.hiding import hidden, hidden_role, within
from policy.verdict.one_resource import resource_findings
from policy.verdict.outcomes import Exposed, LockedOut, Outcome, Question, Unverified, WayRound
from policy.verdict.remediation import HIDDEN, remedy, secret_paths
from policy.verdict.unseen import unseen_finding
from policy.verdict.worlds import Judged, judge_in_all

_NO_ORGANIZATION: Final = Organization()
_DEFAULT_FILE: Final = f"{names.CONFIGURATION_FILE} in the folder of this policy pack, none of which is used"


def _stays(outcome: Outcome) -> bool:
    """Whether no guard elsewhere changes it: what the service cannot do, and how a guard is shed, also where that is not
    certain."""
    if isinstance(outcome, Unverified):
        return outcome.locked_out is not None or bool(outcome.shedding)
    return isinstance(outcome, LockedOut | WayRound)


def shown(found: Finding) -> str:
    """A message as it leaves the pack: nothing that stands in for a value, nothing that no terminal takes, and at the end
    the page about its policy."""
    return _with_page(stand_ins.shown(found.message), names.page(found.policy))


def _with_page(message: str, file: str) -> str:
    return printable(f"{message}\n{names.more(file)}")


class Judge:
    """Judges a stack once for all the policies that report on it.

    An exception in a policy fails the user's whole preview, so a bug in judging is told as what it is: not judged.
    The engine's callbacks come on four threads, and each stack policy gets the same stack decoded anew.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        declarations: Declarations | None = None,
        levels: dict[str, str] | None = None,
        file_problems: tuple[str, ...] = (),
    ) -> None:
        self._clock = clock
        # What is wrong with the file in the pack's folder.
        self._file_problems = file_problems
        # By policy, as far as the engine has said.
        self.levels = {} if levels is None else levels
        self._role_actions: tuple[str, ...] = ()
        self.declarations = Declarations() if declarations is None else declarations
        self._lock = Lock()
        self._bugs: dict[str, Finding] = {}
        self._problems: dict[str, tuple[str, ...]] = {}
        self._uses: dict[str, Use] = {names.ROLE_GUARD: Use()}
        self._judged: tuple[object, Judged] | None = None
        # The stack that was judged, with what its resources make that the engine does not see.
        self._expansion = Expansion(())
        # Opened once a run: what is read of a file, and what was looked up, stays the same in it.
        self._directories: dict[Beyond, Directory | None] = {}
        self._organizations: dict[Beyond, Organization] = {}

    def share(self, other: Judge) -> None:
        """Read what is outside the stack only once for both: files of roles on record, and of SCPs."""
        self._directories, self._organizations = other._directories, other._organizations

    def forget(self) -> None:
        """Forget what was said of one stack."""
        self._bugs.clear()
        self._problems.clear()
        self._uses = {names.ROLE_GUARD: Use()}
        self._judged, self._expansion = None, Expansion(())
        self._directories.clear()
        self._organizations.clear()

    def resource(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        """Remember what a resource declares, and report what it proves by itself. It is of one of `LOOKED_AT`."""
        inputs = classic_properties(args.resource_type, plain(args.props))
        # Its provider's `defaultTags` are tags of a role too.
        provider = {} if args.provider is None else configuration(plain(args.provider.props))
        resource = Resource(args.urn, classic_type(args.resource_type), inputs, inputs=inputs, provider=provider)
        for item in self.found_in(resource, inputs, args.get_config()):
            report(shown(item), None)

    def found_in(self, resource: Resource, inputs: Mapping[str, Any], config: Mapping[str, Any]) -> list[Finding]:
        """What a resource of one of the table's types proves by itself, which is remembered with its inputs."""
        settings = self._settings(names.ROLE_GUARD, config, [resource])
        self._role_actions = settings.actions
        found: list[Finding] = []
        try:
            found = self._shown_of(resource, self._proven(resource, settings), settings)
            found = list(unexempted_findings(found, resource, settings, self._today(), self._uses[names.ROLE_GUARD]))
        except Exception as error:
            self._bugs[resource.urn] = finding.internal_error(error, resource)
        for urn in {resource.urn, *(item.urn for item in found)}:
            self.declarations.remember(urn, inputs, (item.path for item in found if item.path and item.urn == urn))
        return [replace(item, urn=resource.urn) for item in found]

    def _proven(self, resource: Resource, settings: Settings) -> list[Finding]:
        """What a resource proves by itself. Of what it makes, dead guards only: what else it makes may close a hole."""
        question, refused = self._question(settings), self.declarations.refused(resource.urn)
        alone, made = self._alone(), expand([resource]).resources
        found = [(r, item) for r in made for item in resource_findings(r, question, refused, alone=alone)]
        return [item for r, item in found if not (r.maker and item.path)]

    def _shown_of(self, resource: Resource, found: list[Finding], settings: Settings) -> list[Finding]:
        """The findings on one resource, without the words of its secrets: what is public is found without them too."""
        secrets, public = self.declarations.secrets(resource.urn)
        if not secrets:
            return found
        known = self._proven(replace(resource, props=public, inputs=public), settings)
        refused = self.declarations.refused(resource.urn)
        return [item if item in known else finding.of_secret(item, settings.actions, refused) for item in found]

    def _public(self, resource: Resource) -> Resource:
        """A resource that makes others, without its secrets: no word of what it makes may be shown then."""
        secrets, public = self.declarations.secrets(resource.urn)
        if not secrets or resource.type not in MAKERS:
            return resource
        hidden = {prop: public.get(prop) for prop in {re.split(r"[.\[]", path)[0] for path in secrets}}
        props = {prop: HIDDEN_SECRET if isinstance(value, Unknown) else value for prop, value in hidden.items()}
        return replace(resource, props={**resource.props, **props})

    def _alone(self) -> bool:
        """Whether no stack policy will tell of a hole that one resource does not prove."""
        return self.levels.get(names.GUARD) == "disabled"

    def _is_secret(self, urn: str, path: str) -> bool:
        return any(within(path, secret) for secret in self.declarations.secrets(urn)[0])

    def remediate(self, args: ResourceValidationArgs) -> Mapping[str, Any] | None:
        """The properties with guarded documents, or None where there is nothing to guard.

        The resource is of one of `LOOKED_AT`.
        """
        kind = classic_type(args.resource_type)
        try:
            # Of the types that have documents, both providers of Terraform's call every property alike.
            props = plain(args.props, HIDDEN)
            resource = Resource(args.urn, kind, props)
            settings = self._settings(names.ROLE_GUARD, args.get_config(), [resource])
            secrets = frozenset(secret_paths(props))
            if secrets:
                self.declarations.hide(args.urn, secrets, plain(args.props))
            standalone = settings.remediate_standalone
            remedied = remedy(kind, props, settings.actions, self._now(), standalone=standalone)
            self.declarations.refuse(args.urn, remedied.refused)
            use = self._uses[names.ROLE_GUARD]
            if not remedied.documents or exempt_resource(resource, settings, self._today(), use):
                return None
            return with_values(args.props, remedied.documents)
        except Exception as error:
            self._bugs[args.urn] = finding.internal_error(error, Resource(args.urn, kind, {}))
            return None

    def stack(self, name: str, args: StackValidationArgs, report: ReportViolation) -> None:
        """Report one stack policy's share of the findings."""
        for found in self.found(name, stack_resources(args.resources, self.declarations), args.get_config()):
            report(shown(found), found.urn or None)
        if name == names.GUARD and self.configuration_problems:
            report(_with_page(self.configuration_problems, names.CONFIGURATION_PAGE), None)

    def found(self, name: str, stack: tuple[Resource, ...], config: Mapping[str, Any]) -> list[Finding]:
        """One stack policy's share of the findings on the resources that matter, in order of URN."""
        told = self._findings(name, stack, self._settings(name, config, stack))
        # What a resource of the program makes is told as that resource's.
        return [replace(item, urn=self._expansion.made_by(item.urn)) for item in told]

    @property
    def configuration_problems(self) -> str:
        """What is wrong with the configuration of the policies that were asked so far; empty where nothing is.

        `vpc-lambda-eni-guard` is asked after the others that have a configuration, so it knows of all of them.
        """
        file = {_DEFAULT_FILE: self._file_problems} if self._file_problems else {}
        return finding.configuration_problems({**self._problems, **file})

    @property
    def judged(self) -> Judged:
        """The roles of the stack that was judged last, with all that was found before the configuration took some out."""
        return [] if self._judged is None else self._judged[1]

    @property
    def use(self) -> Use:
        """Which exemptions had an effect, which are over, and what was taken out for them, of all policies."""
        together = Use()
        for use in self._uses.values():
            together.add(use)
        return together

    def notices(self, args: StackValidationArgs, report: ReportViolation) -> None:
        """Tell which exemptions had an effect, which are over, and which have nothing to act on.

        What is wrong with the configuration is told here where the policy that tells it is off.
        """
        if self._alone() and self.configuration_problems:
            report(_with_page(self.configuration_problems, names.CONFIGURATION_PAGE), None)
        if not args.resources:
            return
        stack, project = args.resources[0].urn.removeprefix("urn:pulumi:").split("::")[:2]
        for message in notices(self.use, stack, project):
            report(_with_page(message, names.page(names.NOTICES)), None)

    def _now(self) -> Decimal:
        return Decimal(int(self._clock()))

    def _today(self) -> date:
        return datetime.fromtimestamp(int(self._clock()), timezone.utc).date()

    def _settings(self, name: str, config: Mapping[str, Any], resources: Iterable[Resource]) -> Settings:
        """The configuration of a policy, with what the tags of these resources add to it."""
        settings = read_settings(config, OPTIONS[name], writes=name == names.GUARD)
        tagged = exemptions_of(settings.exemption_tag, resources)
        found = (*settings.problems, *self._organization(settings.beyond).problems, *tagged.problems)
        # The resource policy is asked once for each resource, and each may add something.
        before = self._problems.get(name, ()) if name == names.ROLE_GUARD else ()
        self._problems[name] = tuple(dict.fromkeys((*before, *found)))
        return settings.with_exemptions(tagged.entries)

    def _organization(self, beyond: Beyond) -> Organization:
        if not beyond.service_control_policies:
            return _NO_ORGANIZATION
        with self._lock:
            if beyond not in self._organizations:
                self._organizations[beyond] = sources.organization(beyond)
            return self._organizations[beyond]

    def _question(self, settings: Settings) -> Question:
        """What is asked of each role."""
        levels = self._organization(settings.beyond).levels
        return Question(settings.actions, self._now(), settings.unknown_documents == MAY_GUARD, levels)

    def _findings(self, name: str, stack: tuple[Resource, ...], settings: Settings) -> Iterator[Finding]:
        """The findings that one policy reports, in order of URN."""
        today = self._today()
        use = Use.of((*settings.exemptions, *settings.guarded_elsewhere))
        judged = self._judge(stack, settings)
        kept: list[Outcome] = []
        errors: list[Finding] = []
        if name == names.UNVERIFIED:
            yield from self._bugs.values()
            errors += [unseen_finding(unseen, settings.actions) for unseen in self._expansion.unseen]
        for execution, outcomes in judged:
            told_once = finding.without_repeats(outcomes, settings.actions)
            found = [outcome for outcome in told_once if finding.policy_of(outcome) == name]
            if execution.role is not None and self._told_as_strictly(name):
                reported = self.declarations.reported(execution.role.urn)
                found = list(finding.unreported(found, reported, self._role_actions))
            # A guard elsewhere is one on the key, so it does not hold for a session that lacks the key.
            entry = None if all(map(_stays, found)) else guarded_elsewhere(execution, settings, today, use)
            if entry is not None:
                use.left_out += [(entry, outcome) for outcome in found if not _stays(outcome)]
                found = list(filter(_stays, found))
            kept += unexempted(found, settings, today, use)
            if name == names.UNVERIFIED and finding.in_scope(execution):
                errors += finding.document_errors(hidden_role(execution, self._is_secret))
        refused = {o.grant.urn: self.declarations.refused(o.grant.urn) for o in kept if isinstance(o, Exposed)}
        shown = (hidden(outcome, self._is_secret) for outcome in merged(kept))
        yield from finding.findings(shown, settings.actions, refused)
        for error in dict.fromkeys(errors):
            urns = dict.fromkeys((error.urn, self._expansion.made_by(error.urn)))
            if not use.covers(settings.exemptions, today, *(text for urn in urns for text in (urn, name_of(urn)))):
                yield error
        self._uses[name] = use

    def _told_as_strictly(self, name: str) -> bool:
        """Whether what the resource policy has reported stops the deployment where this policy would."""
        strict = {level: level in ("mandatory", "remediate") for level in self.levels.values()}
        told, telling = (self.levels.get(policy) for policy in (names.ROLE_GUARD, name))
        return told is None or telling is None or strict[told] or not strict[telling]

    def _judge(self, resources: tuple[Resource, ...], settings: Settings) -> Judged:
        # Not the time, which goes on between the policies of one stack.
        asked = (
            resources, settings.actions, settings.event_sources, settings.unknown_documents, settings.beyond
        )  # fmt: skip
        question = self._question(settings)
        with self._lock:
            if self._judged is None or self._judged[0] != asked:
                self._judged = asked, self._judge_all(resources, question, settings)
            return self._judged[1]

    def _directory(self, beyond: Beyond) -> Directory | None:
        if beyond not in self._directories:
            self._directories[beyond] = sources.directory(beyond)
        return self._directories[beyond]

    def _expanded(self, resources: tuple[Resource, ...]) -> Expansion:
        """The stack with what its resources make that the engine does not see."""
        try:
            return expand(map(self._public, resources))
        except Exception as error:
            self._bugs[""] = finding.internal_error(error, None)
            return Expansion(resources)

    def _judge_all(self, resources: tuple[Resource, ...], question: Question, settings: Settings) -> Judged:
        self._expansion = self._expanded(resources)
        resources = self._expansion.resources
        directory = self._directory(settings.beyond)
        oldest = datetime.fromtimestamp(int(self._clock()), timezone.utc) - timedelta(days=settings.beyond.max_age)
        if directory is not None:
            try:
                resources = with_records(resources, directory)
            except Exception as error:
                self._bugs[""] = finding.internal_error(error, None)

        def judge(resources: tuple[Resource, ...]) -> Judged:
            judged: Judged = []
            try:
                executions = link(resources, event_sources=settings.event_sources)
            except Exception as error:
                self._bugs[""] = finding.internal_error(error, None)
                return judged
            for execution in executions:
                if directory is not None:
                    tell_of_records(execution, directory, oldest)
                try:
                    judged.append((execution, judge_role(execution, question)))
                except Exception as error:
                    bug = finding.internal_error(error, execution)
                    self._bugs[bug.urn] = bug
            return judged

        return judge_in_all(resources, judge)
