"""Whether a guard is a real possibility in a document that is not known yet.

A guard names the functions on the role, or the role; or somebody else wrote it. A document that is not known yet because
it names a queue is none, and a gate that opens for every program with a queue would be none either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from policy.iam.truth import Unknown
from policy.shared.aws_types import CANARIES, FUNCTIONS, MANAGED_POLICIES, QUALIFIERS
from policy.stack.called import functions_of
from policy.stack.execution_role import ExecutionRole, Grant
from policy.stack.inventory import Stack
from policy.stack.resources import Resource, type_of


def weigh_unknown_documents(executions: Sequence[ExecutionRole], stack: Stack) -> None:
    """Say of each document whether a guard in what is not known of it is a real possibility."""
    # A function whose role is not known may run on any of these.
    elsewhere = frozenset(user.resource.urn for e in executions if not e.label for user in e.users)
    for execution in executions:
        guards = _Guards(execution, elsewhere, stack)
        execution.grants = [guards.weighed(grant) for grant in execution.grants]
        if execution.boundary is not None:
            execution.boundary = [guards.weighed(grant) for grant in execution.boundary]


_USERS: Final = frozenset((*FUNCTIONS, *CANARIES))


class _Guards:
    """Which unknown documents could well be a guard of one role."""

    def __init__(self, execution: ExecutionRole, elsewhere: frozenset[str], stack: Stack) -> None:
        self._role = execution.role.urn if execution.role is not None else ""
        self._functions = elsewhere | {user.resource.urn for user in execution.users}
        self._stack = stack

    def weighed(self, grant: Grant) -> Grant:
        """The grant with the answer in it."""
        return grant if grant.gave is None else replace(grant, may_guard=self._may_guard(*grant.gave, frozenset()))

    def _may_guard(self, resource: Resource, prop: str, seen: frozenset[str]) -> bool:
        urns = resource.depends_on.get(prop, ())
        # Made from nothing that is known, it may be anything.
        return not urns or any(self._carries_guard(urn, resource, prop, seen) for urn in urns)

    def _carries_guard(self, urn: str, resource: Resource, prop: str, seen: frozenset[str]) -> bool:
        kind = type_of(urn)
        if urn in resource.not_managed or urn == self._role:
            return True
        if kind in _USERS:
            return urn in self._functions
        made = self._stack.by_urn(urn)
        if made is None or urn in seen:
            return False
        if kind in QUALIFIERS:
            functions = functions_of(self._stack, made).functions
            return not functions or any(function.urn in self._functions for function in functions)
        if (kind in MANAGED_POLICIES or made.row.managed) and prop in (resource.row.managed, resource.row.boundary):
            return True  # a policy itself is meant, or one that is attached there, and which of several is not known
        document = made.row.document
        unknown = isinstance(made.props.get(document), Unknown)
        return unknown and self._may_guard(made, document, seen | {urn})
