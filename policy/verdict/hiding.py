"""What a remediation was told is secret, taken out of what is shown of a document.

Only a remediation is told what is secret: later calls hand over the plain value. A secret document is judged as any
other, and of its words none is shown: no Sid, no value of a condition, no request made from them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from policy.iam.document import Statement
from policy.iam.elements import DocumentError
from policy.iam.search.witness import Answer
from policy.stack.execution_role import ExecutionRole, Grant
from policy.verdict.outcomes import Exposed, LockedOut, Outcome, WayRound

# Whether a property of a resource, given by URN and path, is secret or has a secret in it.
IsSecret = Callable[[str, str], bool]

_Found = TypeVar("_Found", Exposed, LockedOut)

_NOT_SHOWN: Final = DocumentError("", "what is wrong with it is not shown, because it is a secret")


def within(path: str, other: str) -> bool:
    """Whether one of two paths leads into the other: `policies` and `policies[0].policyDocument`."""
    shorter, longer = sorted((path, other), key=len)
    return longer == shorter or longer.startswith((f"{shorter}.", f"{shorter}["))


def hidden_role(execution: ExecutionRole, secret: IsSecret) -> ExecutionRole:
    """The role without the words of its secret documents; itself where it has none."""
    every = (*execution.grants, *(execution.boundary or ()))
    if not any(_is_secret(grant, secret) for grant in every):
        return execution
    boundary = None if execution.boundary is None else [_hidden_grant(g, secret) for g in execution.boundary]
    return replace(execution, grants=[_hidden_grant(g, secret) for g in execution.grants], boundary=boundary)


def hidden(outcome: Outcome, secret: IsSecret) -> Outcome:
    """The outcome without the words of secret documents; itself where the role has none."""
    execution = hidden_role(outcome.execution, secret)
    if execution is outcome.execution:
        return outcome
    if isinstance(outcome, WayRound):
        allowing = tuple(found._replace(statement=_nameless(found.statement)) for found in outcome.allowing)
        return replace(outcome, execution=execution, allowing=allowing, witness=None)
    if isinstance(outcome, Exposed):
        return _hidden_statements(outcome, execution, secret)
    if isinstance(outcome, LockedOut):
        return _hidden_statements(outcome, execution, secret)
    return replace(
        outcome,
        execution=execution,
        answers=[_without_words(answer) for answer in outcome.answers],
        unless_denied=[_hidden_statements(found, execution, secret) for found in outcome.unless_denied],
        locked_out=outcome.locked_out and _hidden_statements(outcome.locked_out, execution, secret),
        if_in_vpc=[_hidden_statements(found, execution, secret) for found in outcome.if_in_vpc],
    )


def _hidden_statements(outcome: _Found, execution: ExecutionRole, secret: IsSecret) -> _Found:
    grant = _hidden_grant(outcome.grant, secret)
    same = grant is outcome.grant
    statements = outcome.statements if same else [_nameless(statement) for statement in outcome.statements]
    if isinstance(outcome, LockedOut):
        return replace(outcome, execution=execution, grant=grant, statements=statements)
    answers = {action: _without_words(answer) for action, answer in outcome.answers.items()}
    return replace(outcome, execution=execution, grant=grant, statements=statements, answers=answers)


def _hidden_grant(grant: Grant, secret: IsSecret) -> Grant:
    """The grant with a document that has nothing to say; itself where it is no secret."""
    if not _is_secret(grant, secret):
        return grant
    errors = (_NOT_SHOWN,) if grant.document.errors else ()
    return replace(grant, document=replace(grant.document, statements=(), errors=errors, text=""))


def _is_secret(grant: Grant, secret: IsSecret) -> bool:
    # What an attachment gives is in the policy. What a role holds itself is told by its own path.
    elsewhere = grant.gave is not None and grant.gave[0].urn != grant.urn and secret(grant.gave[0].urn, grant.gave[1])
    return elsewhere or secret(grant.urn, grant.path)


def _nameless(statement: Statement) -> Statement:
    return replace(statement, sid=None)


def _without_words(answer: Answer) -> Answer:
    """The answer without its request, whose values are those that some document of the role names, and without Sids."""
    unresolved = tuple(found._replace(statement=_nameless(found.statement)) for found in answer.unresolved)
    return answer._replace(witness=None, unresolved=unresolved)
