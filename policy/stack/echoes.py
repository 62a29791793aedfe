"""The state of a role against what is declared: what nothing in the stack explains may or may not be on it."""

from __future__ import annotations

from collections.abc import Mapping

from policy.iam import managed
from policy.iam.document import INLINE_POLICIES_LIMIT, PolicyDocument
from policy.iam.truth import UNKNOWN, Unknown
from policy.stack.execution_role import INLINE_KINDS, Decided, ExecutionRole, Gap, Grant, GrantKind
from policy.stack.grants import aws_managed, declared_by, parsed
from policy.stack.resources import Resource


def check_echoes(execution: ExecutionRole, role: Resource) -> None:
    """Policies that the role's state lists and that nothing in the stack explains may or may not be on the role."""
    explained = {grant.listed_as for grant in execution.grants}
    inline, managed_arns = role.row.inline, role.row.managed
    if declared_by(role, inline.prop) is None:
        listed = role.props.get(inline.prop)
        _check_read(execution, role, inline.prop, listed)
        for item in listed if isinstance(listed, list) else ():
            name = item.get(inline.name) if isinstance(item, Mapping) else None
            if isinstance(name, str) and name not in explained:
                source = item.get(inline.document, UNKNOWN)
                _add_echo(execution, role, inline.prop, name, parsed(source, name, INLINE_POLICIES_LIMIT))
    if declared_by(role, managed_arns) is None:
        listed = role.props.get(managed_arns)
        _check_read(execution, role, managed_arns, listed)
        for arn in listed if isinstance(listed, list) else ():
            if isinstance(arn, str) and arn not in explained:
                found = managed.lookup(arn)
                document = aws_managed(found.suffix, arn) if found else PolicyDocument.not_known(arn)
                _add_echo(execution, role, managed_arns, arn, document)


def _check_read(execution: ExecutionRole, role: Resource, prop: str, listed: object) -> None:
    """A role that the stack does not manage is not one without policies: what its state does not tell may be anything."""
    if role.managed:
        return
    gap = Gap(role.urn, prop, Decided.READ, role.name)
    if isinstance(listed, Unknown):
        execution.gaps.append(gap)
        execution.grants.append(Grant(PolicyDocument.not_known(prop), role.urn, prop, GrantKind.IN_ROLE))
    elif listed is None:
        # No list at all says of no guard: what this stack itself puts on the role is a hole as it stands.
        execution.doubt = execution.doubt or gap


def _add_echo(execution: ExecutionRole, role: Resource, prop: str, what: str, document: PolicyDocument) -> None:
    execution.gaps.append(Gap(role.urn, prop, Decided.REFRESH, what))
    # A role that is only read is as somebody else declares it: a guard that is listed there may well be one.
    possible = document.perhaps_allowing() if role.managed else document.perhaps()
    execution.grants.append(Grant(possible, role.urn, prop, GrantKind.IN_ROLE))


def check_inline_limit(execution: ExecutionRole, role: Resource) -> None:
    """The inline policies of a role share one limit."""
    inline = [g for g in execution.grants if g.kind in INLINE_KINDS]
    size = sum(grant.document.size for grant in inline)
    if size > INLINE_POLICIES_LIMIT and all(g.document.size <= INLINE_POLICIES_LIMIT for g in inline):
        what = f"have {size:,} characters without white space together; IAM takes at most {INLINE_POLICIES_LIMIT:,}"
        execution.refused.append(Gap(role.urn, "inline policies", Decided.MENDING, what))
