"""What else the statements of a hole give that changes network interfaces, and is not judged.

Cheap, and so careful: a statement counts only where it has no condition and names every resource, and only where no Deny
on the role may cover the action and the boundary lets it through as plainly. No search is made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from policy.iam.document import Effect, Statement
from policy.iam.evaluate import action_covered
from policy.iam.search.actions import CHANGING_INTERFACES
from policy.iam.truth import Truth
from policy.verdict.outcomes import Exposed


def further_actions(outcome: Exposed, judged: Collection[str]) -> list[str]:
    """The actions that the statements of the hole give for certain besides the `judged` ones, the worst first."""
    execution = outcome.execution
    if outcome.unless or execution.role is None or outcome.under_scps:
        return []  # something that is not known, or not looked at here, may deny them
    statements = [s for document in execution.documents for s in document.statements]
    limits = [s for grant in execution.boundary or () for s in grant.document.statements]
    denials = [s for s in (*statements, *limits) if s.effect is not Effect.ALLOW]
    return [
        action
        for action in CHANGING_INTERFACES
        if action not in judged
        and _plainly_given(outcome.statements, action)
        and (execution.boundary is None or _plainly_given(limits, action))
        and all(action_covered(statement, action) is Truth.NO for statement in denials)
    ]


def _plainly_given(statements: Iterable[Statement], action: str) -> bool:
    return any(
        statement.effect is Effect.ALLOW
        and not statement.uncertain
        and not statement.conditions
        and statement.resources is not None
        and "*" in statement.resources
        and action_covered(statement, action) is Truth.YES
        for statement in statements
    )
