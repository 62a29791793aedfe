"""One stack judged by the pack's own rooms, as the engine has it judged: configuration and exemptions apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from policy.outside.state_resources import Relevant
from policy.pack.checks import Judge
from policy.pack.settings import OPTIONS, Entry, read_settings
from policy.reports.report import Item, Role
from policy.shared import names
from policy.told import facts
from policy.told.counting import counted
from policy.verdict import finding
from policy.verdict.finding import Finding, policy_of

# What is read of files outside the stacks, once in each process.
_READ_ONCE: Final = Judge()


class Verdict:
    """What is said of a stack as a whole, from the worst on."""

    STOPPED: Final = "stopped"
    WARNED: Final = "warned"
    NOT_JUDGED: Final = "not judged"
    PASSES: Final = "passes"
    NOTHING: Final = "nothing to judge"


VERDICTS: Final = (Verdict.STOPPED, Verdict.WARNED, Verdict.NOT_JUDGED, Verdict.PASSES, Verdict.NOTHING)


class PolicyConfig(Protocol):
    """One policy's level and options."""

    @property
    def level(self) -> str:
        """The level."""

    @property
    def properties(self) -> Mapping[str, Any]:
        """The options."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The policies as they are configured, and the moment (seconds since 1970) at which everything is judged."""

    config: Mapping[str, PolicyConfig]
    severities: Mapping[str, str]
    now: float

    def active(self, name: str) -> bool:
        """Whether a policy is asked at all."""
        return self.config[name].level != "disabled"

    def level(self, name: str) -> str:
        """The level of a violation: what a remediation has left stops a deployment too."""
        level = self.config[name].level
        return "mandatory" if level == "remediate" else level


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one stack. `used` and `ended` are entries of the configuration, as (match, reason)."""

    verdict: str
    judged: Mapping[str, int | str]
    items: tuple[Item, ...] = ()
    exempted: tuple[Item, ...] = ()
    roles: tuple[Role, ...] = ()
    used: tuple[tuple[str, str], ...] = ()
    ended: tuple[tuple[str, str], ...] = ()
    problems: str = ""


@dataclass(slots=True)
class _Stack:
    """One stack while it is judged."""

    name: str
    relevant: Relevant
    rules: Rules
    judge: Judge = field(init=False)

    def __post_init__(self) -> None:
        # The stack's own check tells each hole with the functions behind it, so nothing is left to the resource's.
        levels = {name: config.level for name, config in self.rules.config.items()}
        self.judge = Judge(lambda: self.rules.now, levels=levels)
        self.judge.share(_READ_ONCE)

    def items(self) -> Iterator[Item]:
        """The findings of all policies: the stack's first, then what single resources prove beyond them."""
        found = [one for name in names.STACK_POLICIES if self.rules.active(name) for one in self._of_stack(name)]
        told = {(one.urn, one.path) for one in found if one.path}
        for resource in self.relevant.resources:
            if self.rules.active(names.ROLE_GUARD) and resource.inputs is not None:
                config = self.rules.config[names.ROLE_GUARD].properties
                proven = self.judge.found_in(resource, resource.inputs, config)
                found += [one for one in proven if not one.path or (one.urn, one.path) not in told]
        for one in found:
            yield self._item(one)

    def exempted(self, told: Iterable[Item]) -> Iterator[Item]:
        """What the configuration took out: of the stack's findings, and of what single resources prove beyond all those.

        `told` are the findings that are left.
        """
        left = list(self._exempted_in_stack())
        yield from left
        known = {(item.urn, item.path) for item in (*told, *left) if item.path}
        for entry, one in self.judge.use.left_out_alone:
            if (one.urn, one.path) not in known:
                yield self._item(one, (entry.reason, str(entry.until or "")))

    def _exempted_in_stack(self) -> Iterator[Item]:
        for entry, outcome in self.judge.use.left_out:
            actions = read_settings(
                self.rules.config[policy_of(outcome)].properties, OPTIONS[policy_of(outcome)]
            ).actions
            for one in finding.findings([outcome], actions, {}):
                yield self._item(one, (entry.reason, str(entry.until or "")))

    def _of_stack(self, name: str) -> list[Finding]:
        return self.judge.found(name, self.relevant.resources, self.rules.config[name].properties)

    def _item(self, one: Finding, exempt: tuple[str, str] = ("", "")) -> Item:
        level, severity = self.rules.level(one.policy), self.rules.severities[one.policy]
        return facts.item(one, level, severity, self.name, self.relevant.places, exempt)


def judge(name: str, relevant: Relevant, rules: Rules) -> Told:
    """Judge one stack. `name` is shown where a finding has no URN."""
    stack = _Stack(name, relevant, rules)
    for resource in relevant.resources:
        secrets = relevant.secrets.get(resource.urn)
        if secrets:
            stack.judge.declarations.hide(resource.urn, frozenset(secrets), {})
    items = tuple(stack.items())
    judged = counted([execution for execution, _ in stack.judge.judged])
    use = stack.judge.use
    return Told(
        _verdict(items, judged.to_json()),
        judged.to_json(),
        items,
        tuple(stack.exempted(items)),
        tuple(_roles(stack)),
        tuple(_entries(use.used)),
        tuple(_entries(use.expired)),
        stack.judge.configuration_problems,
    )


def _roles(stack: _Stack) -> Iterator[Role]:
    """The roles of which something is said, or could have been."""
    shown = next((name for name in (names.GUARD, *names.STACK_POLICIES) if stack.rules.active(name)), names.GUARD)
    actions = read_settings(stack.rules.config[shown].properties, OPTIONS[shown]).actions
    for execution, outcomes in stack.judge.judged:
        if outcomes or finding.in_scope(execution):
            yield facts.role(execution, outcomes, actions)


def _entries(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    return ((entry.match, entry.reason) for entry in entries)


def _verdict(items: Sequence[Item], judged: Mapping[str, int | str]) -> str:
    """The worst that is said of a stack; of one without anything that the pack looks at, that there is nothing."""
    if any(item.level == "mandatory" for item in items):
        return Verdict.STOPPED
    if any(item.kind != "not judged" for item in items):
        return Verdict.WARNED
    if items:
        return Verdict.NOT_JUDGED
    return Verdict.PASSES if any(isinstance(count, int) and count for count in judged.values()) else Verdict.NOTHING
