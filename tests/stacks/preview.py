"""A program as the engine hands it to the pack at a preview, and what the pack then is sure of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from unittest import mock

from pulumi_policy import PolicyProviderResource, PolicyResource, ResourceValidationArgs, proxy

from policy.pack import checks
from policy.pack.checks import Judge
from policy.pack.policies import Callbacks
from policy.shared import names
from policy.stack.execution_role import ExecutionRole
from policy.stack.resources import name_of, stack_resources
from policy.verdict import finding, one_resource
from policy.verdict.exposure import merged
from policy.verdict.finding import Finding
from policy.verdict.outcomes import Exposed, LockedOut, Outcome, WayRound
from tests.stacks.documents import ACTIONS
from tests.stacks.generate import TWINS
from tests.stacks.values import Item, Json, Program, World, laters, shown

# The moment at which stacks are judged: 2026-01-01T00:00:00Z.
NOW: Final = 1_767_225_600
_UNKNOWN: Final = proxy.UNKNOWN_STRING_VALUE
# The real provider makes a set unknown as a whole where one element is.
_SETS: Final = frozenset(("subnetIds", "roles", "managedPolicyArns", "policyArns", "policyNames"))


@dataclass
class Sure:
    """What is sure of one role. `unless` has the resources whose documents are taken to deny nothing, by claim.

    `given_up` says that the search for an answer was.

    `declared` has the actions that `lambda-role-eni-guard` has judged on the role, where it has found a hole.
    """

    exposed: dict[str, set[str]] = field(default_factory=dict)
    unless: list[tuple[set[str], set[str], set[str]]] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    # By function, to which actions.
    ways: dict[str, set[str]] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)
    unverified: bool = False
    given_up: bool = False
    # The actions and the functions that are said to be open, for everything that is said.
    actions: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)


@dataclass
class Said:
    """What the pack says of a stack: by role, and, of what is put on roles that are not known, by resource."""

    roles: dict[str, Sure] = field(default_factory=dict)
    # Resources and functions that are said to be unverified without a role of the stack.
    stray: set[str] = field(default_factory=set)
    messages: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)

    def role(self, name: str) -> Sure:
        """What is said of one role."""
        return self.roles.setdefault(name, Sure())


class Preview:
    """The pack in this process, for one stack after the other."""

    def __init__(self) -> None:
        self._judge = Judge(clock=lambda: NOW)
        self._callbacks = Callbacks(self._judge)

    def said(self, program: Program, world: World, *, render: bool = False) -> Said:
        """What the pack says of the program at a preview. `world` has the values of what is known.

        With `render` the messages are made too, which takes longer than judging.
        """
        said = Said()
        levels = {names.GUARD: "mandatory", names.ROLE_GUARD: program.config.get("role level", "mandatory")}
        self._callbacks.configured(levels)
        resources = _resources(program, world)
        try:
            with mock.patch.object(one_resource, "exposed_message", return_value="hole"):
                self._check(program, world, resources, said)
            self._check_stack(program, resources, said, render)
        finally:
            said.crashed += [bug.message for bug in self._judge._bugs.values()]
            self._callbacks.finished()
        return said

    def _check(self, program: Program, world: World, resources: Mapping[str, PolicyResource], said: Said) -> None:
        config = {"actions": program.config.get("role actions", list(ACTIONS))}
        for item in program.items:
            if item.read:
                continue
            r = resources[item.name]
            inputs = shown(item.inputs, world, _UNKNOWN)
            told: list[Finding] = []
            args = ResourceValidationArgs(item.type, inputs, item.urn, item.name, r.opts, r.provider, config)
            self._callbacks.resource(args, lambda text, _urn: told.append(text))  # noqa: B023
            if any("hole" in text for text in told):
                said.role(item.name).declared.update(config["actions"])
            said.messages += told

    def _check_stack(self, program: Program, resources: Mapping[str, PolicyResource], said: Said, render: bool) -> None:
        # Read once, and not once for each policy as the engine has it: that takes a tenth of the run.
        stack = stack_resources(list(resources.values()), self._judge.declarations)
        config = {"actions": list(ACTIONS), **program.config.get("options", {})}
        for name in (names.READ_ONLY, names.UNVERIFIED, names.GUARD):
            with _collected() as (outcomes, apart):
                self._judge.found(name, stack, config)
            for outcome in outcomes:
                _note(outcome, said)
            for outcome in apart:
                _note_exposed(outcome, said)
            if render:
                list(finding.findings(outcomes, ACTIONS, {}))


@contextmanager
def _collected() -> Iterator[tuple[list[Outcome], list[Outcome]]]:
    """The outcomes that one policy reports, without their messages; and the same with each role for itself."""
    found: list[Outcome] = []
    apart: list[Outcome] = []

    def keep(outcomes: Any, *_: object) -> Iterator[Finding]:
        found.extend(outcomes)
        return iter(())

    def together(outcomes: list[Outcome]) -> list[Outcome]:
        apart.extend(outcomes)
        return merged(outcomes)

    with mock.patch.object(finding, "findings", keep), mock.patch.object(checks, "merged", together):
        yield found, apart


def _note(outcome: Outcome, said: Said) -> None:
    users = {user.resource.name for user in outcome.users}
    if isinstance(outcome, Exposed):
        for execution in outcome.executions:
            role = _role(execution, said)
            role.actions |= set(outcome.answers)
            role.functions |= {user.resource.name for user in execution.users} & users
        return
    if outcome.execution.role is None:
        said.stray |= users | {name_of(gap.urn) for gap in getattr(outcome, "gaps", ())}
        said.stray |= {name_of(grant.urn) for grant in outcome.execution.grants}
    role = _role(outcome.execution, said)
    if isinstance(outcome, LockedOut):
        role.locked |= set(outcome.actions)
    elif isinstance(outcome, WayRound):
        for user in users:
            role.ways.setdefault(user, set()).update(outcome.actions)
    else:
        role.unverified = True
        role.given_up |= any(answer.too_complex for answer in outcome.answers)


def _note_exposed(outcome: Outcome, said: Said) -> None:
    """Who can do what with one role: what is said of several roles at once does not tell that of each."""
    if isinstance(outcome, Exposed):
        users = {user.resource.name for user in outcome.users}
        role = _role(outcome.execution, said)
        if outcome.unless:
            role.unless.append((set(outcome.answers), users, {name_of(grant.urn) for grant in outcome.unless}))
        else:
            for action in outcome.answers:
                role.exposed.setdefault(action, set()).update(users)


def _role(execution: ExecutionRole, said: Said) -> Sure:
    if execution.role is None:
        return said.role(f"outside {execution.label}")
    return said.role(TWINS.get(execution.role.name, execution.role.name))


# ---- what the engine hands over


def _resources(program: Program, world: World) -> dict[str, PolicyResource]:
    providers = {
        name: PolicyProviderResource(
            "pulumi:providers:aws",
            shown(p.props, world, _UNKNOWN),
            f"urn:pulumi:dev::shop::pulumi:providers:aws::{name}",
            name,
        )
        for name, p in program.providers.items()
    }
    found: dict[str, PolicyResource] = {}
    for item in program.items:
        provider = providers.get(item.provider) if item.type.startswith(("aws:", "aws-native:")) else None
        found[item.name] = PolicyResource(
            item.type,
            _outputs(item, world),
            item.urn,
            item.name,
            None,
            provider,
            None,
            [],
            {},  # type: ignore[arg-type]
        )
    for item in program.items:
        r = found[item.name]
        for prop, value in item.inputs.items():
            made_from = dict.fromkeys(name for later in laters(value) for name in later.made_from)
            if made_from:
                r.property_dependencies[prop] = [found[name] for name in made_from if name in found]
    return found


def _outputs(item: Item, world: World) -> Json:
    outputs = shown({**item.inputs, **item.computed}, world, _UNKNOWN)
    return {name: _as_set(name, value) for name, value in outputs.items()}


def _as_set(name: str, value: Any) -> Any:
    if name in _SETS and isinstance(value, list) and _UNKNOWN in value:
        return _UNKNOWN
    if isinstance(value, dict):
        return {key: _as_set(key, item) for key, item in value.items()}
    return value
