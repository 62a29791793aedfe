"""The state of a role against what is declared: what nothing in the stack explains may or may not be on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policy.iam import managed
from policy.iam.document import INLINE_POLICIES_LIMIT, PolicyDocument
from policy.iam.truth import UNKNOWN, Unknown
from policy.stack.execution_role import INLINE_KINDS, Decided, ExecutionRole, Gap, Grant, GrantKind
from policy.stack.grants import aws_managed, declared_by, parsed
from policy.stack.resources import Resource


def check_echoes(execution: ExecutionRole, role: Resource, twins: Sequence[Resource]) -> None:
    """Policies that the role's state lists and that nothing in the stack explains may or may not be on the role.

    `twins` are further reads of the role, whose states tell as much. A list that the program declares says what is on the
    role after the update, whatever was on it before.
    """
    explained = {grant.listed_as for grant in execution.grants}
    for prop, of_state in ((role.row.inline.prop, _inline), (role.row.managed, _attached)):
        if declared_by(role, prop) is not None:
            continue
        if not role.managed:
            _check_read(execution, role, prop)
        for state in (role, *twins):
            listed = state.props.get(prop)
            for i, item in enumerate(listed if isinstance(listed, list) else ()):
                echo = of_state(state, item)
                if echo is None:
                    continue
                name, document = echo
                if name and name not in explained:
                    explained.add(name)
                    gap = Gap(state.urn, prop, Decided.REFRESH, name)
                    _add_echo(execution, role, gap, document)
                elif not name and not role.managed:
                    _add_echo(execution, role, Gap(state.urn, f"{prop}[{i}]", Decided.READ, state.name), document)


def _inline(state: Resource, item: object) -> tuple[str, PolicyDocument] | None:
    """The name and the document of an entry of a state's inline policies, with an empty name where that is not known.

    None for an empty entry: `inlinePolicies: [{}]` is how the classic provider says "none".
    """
    inline = state.row.inline
    entry = item if isinstance(item, Mapping) else {inline.document: UNKNOWN}
    name, source = entry.get(inline.name), entry.get(inline.document)
    if not name and not source:
        return None
    name = name if isinstance(name, str) else ""
    return name, parsed(UNKNOWN if source is None else source, name or inline.prop, INLINE_POLICIES_LIMIT)


def _attached(state: Resource, item: object) -> tuple[str, PolicyDocument]:
    """The same of an entry of a state's attached policies."""
    if not isinstance(item, str):
        return "", PolicyDocument.not_known(state.row.managed)
    found = managed.lookup(item)
    return item, aws_managed(found.suffix, item) if found else PolicyDocument.not_known(item)


def _check_read(execution: ExecutionRole, role: Resource, prop: str) -> None:
    """A role that the stack does not manage is not one without policies: what its state does not tell may be anything."""
    listed, gap = role.props.get(prop), Gap(role.urn, prop, Decided.READ, role.name)
    if isinstance(listed, Unknown):
        _add_echo(execution, role, gap, PolicyDocument.not_known(prop))
    elif listed is None:
        # No list at all says of no guard: what this stack itself puts on the role is a hole as it stands.
        execution.doubt = execution.doubt or gap


def _add_echo(execution: ExecutionRole, role: Resource, gap: Gap, document: PolicyDocument) -> None:
    execution.gaps.append(gap)
    # A role that is only read is as somebody else declares it: a guard that is listed there may well be one.
    possible = document.perhaps_allowing() if role.managed else document.perhaps()
    execution.grants.append(Grant(possible, gap.urn, gap.path, GrantKind.IN_ROLE))


def check_inline_limit(execution: ExecutionRole, role: Resource) -> None:
    """The inline policies of a role share one limit."""
    inline = [g for g in execution.grants if g.kind in INLINE_KINDS]
    size = sum(grant.document.size for grant in inline)
    if size > INLINE_POLICIES_LIMIT and all(g.document.size <= INLINE_POLICIES_LIMIT for g in inline):
        what = f"have {size:,} characters without white space together; IAM takes at most {INLINE_POLICIES_LIMIT:,}"
        execution.refused.append(Gap(role.urn, "inline policies", Decided.MENDING, what))
