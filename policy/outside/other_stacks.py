"""Roles of other stacks, out of their states: exports, folders of them, or the folder of a file backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from policy.outside.files import shown
from policy.outside.records import Found
from policy.outside.state_file import State, StateError, files, read
from policy.outside.state_resources import relevant
from policy.shared.aws_types import MANAGED_POLICIES, ROLES
from policy.shared.escapes import one_line, quoted
from policy.stack.resources import RECORD, Recorded, Resource


class OtherStacks:
    """The roles of the stacks whose states are in some files and folders, which are read when the first is asked for."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = [str(Path(path).expanduser()) for path in paths]
        self._stacks: list[tuple[State, Recorded, tuple[Resource, ...]]] | None = None
        self._problems: list[str] = []

    def find(self, roles: Sequence[str]) -> Found:
        """See Directory."""
        if self._stacks is None:
            self._stacks = [(state, recorded, relevant(state).resources) for state, recorded in self._newest()]
        found: dict[str, tuple[Resource, ...]] = {}
        for state, recorded, resources in self._stacks:
            for role in resources:
                if role.type in ROLES and role.managed and isinstance(role.arn, str) and role.arn in roles:
                    found.setdefault(role.arn, tuple(_on_record(r, state, recorded) for r in _all_of(role, resources)))
        return found

    def why_not(self, role: str) -> Sequence[str]:
        """See Directory."""
        if role in self.find([role]):
            return []
        problems = [f"could not be looked up in {problem}" for problem in self._problems]
        return [*problems, "is not in the states of other stacks that are given"]

    def _newest(self) -> Iterator[tuple[State, Recorded]]:
        """The states, and of when they are; of two of one stack the newer."""
        newest: dict[tuple[str, str], tuple[State, Recorded]] = {}
        for path, problem in files(self._paths):
            if problem:
                self._problems.append(f"{shown(Path(path))}: {problem}")
                continue
            try:
                state = read(path)
                # A state says when its stack was last updated, which may be long ago and still be true.
                written = datetime.fromtimestamp(Path(path).stat().st_mtime, timezone.utc)
            except (StateError, OSError) as error:
                why = f"it {error}" if isinstance(error, StateError) else "cannot be read"
                self._problems.append(f"{shown(Path(path))}: {why}")
                continue
            known = newest.get((state.project, state.stack))
            if known is None or known[0].time < state.time:
                newest[state.project, state.stack] = state, _recorded(state, written)
        yield from newest.values()


def _all_of(role: Resource, stack: Sequence[Resource]) -> Iterator[Resource]:
    """A role, what its stack puts on it, and the policies that are named there. All is deployed, so names are known."""
    meant = {role.arn, role.physical_name} - {None}
    of_iam = [r for r in stack if r.type not in ROLES and ":iam" in r.type]
    on_it = [r for r in of_iam if any(text in meant for _, text in r.texts())]
    named = {text for resource in (role, *on_it) for _, text in resource.texts()}
    policies = [r for r in stack if r.type in MANAGED_POLICIES and r.arn in named]
    yield from {resource.urn: resource for resource in (role, *on_it, *policies)}.values()


def _recorded(state: State, written: datetime) -> Recorded:
    project = f" of project {quoted(state.project)}" if state.project else ""
    return Recorded(f"the state of stack {quoted(state.stack)}{project}", written, complete=False)


def _on_record(resource: Resource, state: State, recorded: Recorded) -> Resource:
    """A resource of another stack as one that this stack does not have."""

    def moved(urn: str) -> str:
        _, _, *rest = urn.split("::", 2)
        return "::".join([f"urn:pulumi:{one_line(state.stack)}@{one_line(state.project)}", RECORD, *rest])

    depends_on = {prop: tuple(map(moved, urns)) for prop, urns in resource.depends_on.items()}
    not_managed = frozenset(map(moved, resource.not_managed))
    return replace(resource, urn=moved(resource.urn), depends_on=depends_on, not_managed=not_managed, recorded=recorded)
