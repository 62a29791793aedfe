"""Roles whose functions and policies are in other stacks: everything is put where the role is, and judged there.

So each role is judged once, with all that any surveyed stack puts on it and all that runs on it anywhere. Only exact ARNs
are followed, and the bare name of a role where the account tells which one is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from policy.outside.state_resources import Relevant
from policy.shared.aws_types import MANAGED_POLICIES, ROLES
from policy.survey.exchange import Index, Named


@dataclass(slots=True)
class Change:
    """What is different in one stack: resources that are taken out, and those of other stacks (by position) that come in."""

    leaving: set[str] = field(default_factory=set)
    coming: dict[int, set[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, position: int, urn: str) -> None:
        """Note that a resource of another stack comes in."""
        self.coming.setdefault(position, set()).add(urn)


def changes(indexes: Sequence[Index]) -> dict[int, Change]:
    """What has to be judged anew, by the stack's position: nothing for stacks that have nothing to do with others."""
    crossing = _Crossing(indexes)
    for position, index in enumerate(indexes):
        crossing.follow(position, index)
    return crossing.changes


class _Crossing:
    def __init__(self, indexes: Sequence[Index]) -> None:
        self.changes: dict[int, Change] = {}
        self._indexes = indexes
        self._roles = _by_arn(index.roles for index in indexes)
        self._policies = _by_arn(index.policies for index in indexes)
        self._by_name: dict[str, list[str]] = {}
        for arn in self._roles:
            self._by_name.setdefault(arn.rpartition("/")[2], []).append(arn)

    def follow(self, position: int, index: Index) -> None:
        """Follow everything that a stack names."""
        for arn, urn in index.read.items():
            if arn in self._roles and self._roles[arn] != position:
                self._at(position).leaving.add(urn)
        # A role first, so that it is known where the policies beside it go.
        went: dict[str, set[int]] = {}
        for named in index.named:
            for arn in self._role_arns(position, index, named):
                home = self._roles[arn]
                if home != position:
                    self._at(home).add(position, named.urn)
                    if not named.stays:
                        self._at(position).leaving.add(named.urn)
                    went.setdefault(named.urn, set()).add(home)
        for named in index.named:
            holder = self._policies.get(named.what)
            if holder is None:
                continue
            for target in went.get(named.urn, {position}):
                if holder != target:
                    self._at(target).add(holder, self._indexes[holder].policies[named.what])

    def _role_arns(self, position: int, index: Index, named: Named) -> list[str]:
        """The role that is meant; none where no surveyed stack has it, or which one is meant is not known."""
        if named.what.startswith("arn:"):
            return [named.what] if named.what in self._roles else []
        read = [arn for arn in index.read if arn.rpartition("/")[2] == named.what]
        if read:
            return [arn for arn in read if arn in self._roles]
        found = self._by_name.get(named.what, [])
        same = [arn for arn in found if arn.split(":")[4] in index.accounts]
        if len(same) == 1 and len(index.accounts) == 1:
            return same
        if not same and index.accounts:
            return []
        if len(found) == 1:
            return found
        if found:
            what = f"{named.urn.rpartition('::')[2]} is for a role {named.what}, which {len(found)} stacks have"
            self._at(position).notes.append(f"{what}: its account is not known, so it is put on none of them")
        return []

    def _at(self, position: int) -> Change:
        return self.changes.setdefault(position, Change())


def _by_arn(found: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """The stack that has each ARN; of several the first."""
    at: dict[str, int] = {}
    for position, arns in enumerate(found):
        for arn in arns:
            at.setdefault(arn, position)
    return at


def changed(own: Relevant, change: Change, others: Mapping[int, Relevant]) -> Relevant:
    """The resources of a stack after the change."""
    resources = [r for r in own.resources if r.urn not in change.leaving]
    secrets, places = dict(own.secrets), dict(own.places)
    seen = {resource.urn for resource in resources}
    for position in sorted(change.coming):
        other = others[position]
        coming = set(_with_companions(other, change.coming[position]))
        for resource in other.resources:
            if resource.urn in coming and resource.urn not in seen:
                seen.add(resource.urn)
                resources.append(resource)
                if resource.urn in other.secrets:
                    secrets[resource.urn] = other.secrets[resource.urn]
                if resource.urn in other.places:
                    places[resource.urn] = other.places[resource.urn]
    return Relevant(tuple(sorted(resources, key=lambda r: r.urn)), secrets, places, own.without_inputs)


def _with_companions(stack: Relevant, urns: set[str]) -> Iterator[str]:
    """Resources with what makes sense only beside them: the policies that they name, and what polls for a function."""
    yield from urns
    texts = {text for resource in stack.resources if resource.urn in urns for _, text in resource.texts()}
    for resource in stack.resources:
        if resource.type in MANAGED_POLICIES:
            if resource.arn in texts:
                yield resource.urn
        elif resource.type not in ROLES:
            function = resource.props.get("functionName")
            depends = any(urn in urns for of in resource.depends_on.values() for urn in of)
            if (isinstance(function, str) and function in texts) or (function is not None and depends):
                yield resource.urn
