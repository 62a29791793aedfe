"""The documents that a resource gives a role: written in it, listed in it, or in the managed policies that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from policy.iam import managed
from policy.iam.document import MANAGED_POLICY_LIMIT, PolicyDocument, parse_document
from policy.iam.elements import DocumentError
from policy.iam.truth import UNKNOWN, Unknown
from policy.shared.aws_types import CLASSIC, MANAGED_POLICIES, ROLES, TYPES, WRITTEN_BY_SAM
from policy.stack.execution_role import Decided, ExecutionRole, Gap, Grant, GrantKind, unreadable
from policy.stack.inventory import Stack
from policy.stack.resources import Resource, type_of


@lru_cache(maxsize=1024)
def _parsed_text(text: str, name: str) -> PolicyDocument:
    return parse_document(text, name)


def parsed(source: object, name: str, limit: int) -> PolicyDocument:
    """A document under its name; one of more characters than `limit` has an error."""
    document = _parsed_text(source, name) if isinstance(source, str) else parse_document(source, name)
    if document.size <= limit:
        return document
    too_long = DocumentError("", f"{document.size:,} characters without white space; IAM takes at most {limit:,}")
    return PolicyDocument(name, document.statements, (*document.errors, too_long), document.unknown, document.text)


# The provider fills these in from what it finds on the role; only the program's own words count.
_ECHOED: Final = frozenset(prop for kind in ROLES for prop in (TYPES[kind].inline.prop, TYPES[kind].managed))


def declared_by(role: Resource, name: str) -> Any:
    """What the program gives for a property: its input, or, where that was not seen, its output if nothing echoes it."""
    if role.inputs is not None:
        declared, output = role.inputs.get(name), role.props.get(name)
        # An input that was unknown when it was checked may have become known since.
        return output if isinstance(declared, Unknown) and output is not None else declared
    return None if name in _ECHOED else role.props.get(name)


def _add_not_known(execution: ExecutionRole, resource: Resource, prop: str, value: object, kind: GrantKind) -> None:
    """Put a list on the role of which nothing is known, and what decides it."""
    execution.gaps.append(unreadable(resource, prop, value))
    execution.grants.append(Grant(PolicyDocument.not_known(prop), resource.urn, prop, kind, gave=(resource, prop)))


def inline_policies(role: Resource, execution: ExecutionRole) -> Iterator[tuple[str, str, object, GrantKind]]:
    """The entries of a role's own list: the path of each document, the policy's name, the document, and whose it is."""
    inline = role.row.inline
    prop, value = inline.prop, declared_by(role, inline.prop)
    if value is None:
        return
    if not isinstance(value, list):
        _add_not_known(execution, role, prop, value, GrantKind.IN_ROLE)
        return
    for i, item in enumerate(value):
        path = f"{prop}[{i}]"
        if not isinstance(item, Mapping):
            execution.gaps.append(unreadable(role, path, item))
            yield path, "", UNKNOWN, GrantKind.IN_ROLE
            continue
        name, source = item.get(inline.name), item.get(inline.document)
        if source is None and role.row.provider == CLASSIC:
            continue  # `inlinePolicies: [{}]` is how the classic provider says "none"
        kind = GrantKind.OF_SAM if WRITTEN_BY_SAM in item else GrantKind.IN_ROLE
        yield f"{path}.{inline.document}", name if isinstance(name, str) else "", source, kind


def listed_texts(
    resource: Resource, prop: str, execution: ExecutionRole, stack: Stack
) -> Iterator[tuple[str, object, tuple[str, ...]]]:
    """The elements of a list of texts, each with the URNs it can stand for."""
    value = declared_by(resource, prop) if prop in _ECHOED else resource.props.get(prop)
    if value is None:
        return
    if not isinstance(value, list):
        _add_not_known(execution, resource, prop, value, GrantKind.MANAGED)
        return
    left: list[str] = []
    unknown = sum(isinstance(item, Unknown) for item in value)
    if unknown:
        # Of unknown elements that were made from as many policies each is one; else which is which is not known. What is
        # known of the list was made from the policies that it names.
        named = {
            policy.urn for item in value if isinstance(item, str) for policy in stack.policies_of(item, (), resource)
        }
        made_from = [urn for urn in resource.made_from(prop, MANAGED_POLICIES) if type_of(urn) in MANAGED_POLICIES]
        policies = [urn for urn in made_from if urn not in named]
        left = policies if unknown == len(policies) else []
    for i, item in enumerate(value):
        yield f"{prop}[{i}]", item, (left.pop(0),) if isinstance(item, Unknown) and left else ()


def policy_grant(
    execution: ExecutionRole, stack: Stack, value: object, urns: Sequence[str], attachment: Resource, path: str
) -> Grant:
    """The managed policy that a property names; one of which nothing is known, and a gap, where it is not to be had."""
    policy = stack.policy_of(value, urns, attachment)
    if policy is not None:
        return customer_grant(policy, execution)
    label = value if isinstance(value, str) else path
    if isinstance(value, str) and managed.is_aws_managed(value):
        found = managed.lookup(value)
        if found is not None:
            document = aws_managed(found.suffix, value)
            return Grant(document, attachment.urn, path, GrantKind.AWS_MANAGED, value, found.suffix)
        execution.gaps.append(Gap(attachment.urn, path, Decided.NEWER_DATA, value))
    elif isinstance(value, str):
        execution.gaps.append(Gap(attachment.urn, path, Decided.ELSEWHERE, value))
    else:
        execution.gaps.append(unreadable(attachment, path, value))
    # A literal ARN was made from nothing, so nothing is known of what it stands for.
    prop = path.partition("[")[0]
    return Grant(
        PolicyDocument.not_known(label), attachment.urn, path, GrantKind.MANAGED, label, gave=(attachment, prop)
    )


@lru_cache(maxsize=512)
def aws_managed(suffix: str, arn: str) -> PolicyDocument:
    found = managed.lookup(arn)
    document = parse_document(found.document if found else UNKNOWN, suffix.rpartition("/")[2])
    # The data leaves out what does not matter here, so a document can be empty there and be none that IAM refuses.
    return replace(document, errors=())


def customer_grant(policy: Resource, execution: ExecutionRole) -> Grant:
    prop = policy.row.document
    source = policy.props.get(prop, UNKNOWN)
    document = parsed(source, policy.name, MANAGED_POLICY_LIMIT)
    if document.unknown:
        execution.gaps.append(unreadable(policy, prop, policy.props.get(prop)))
    listed_as = policy.arn if isinstance(policy.arn, str) else ""
    return Grant(document, policy.urn, prop, GrantKind.MANAGED, listed_as, gave=(policy, prop))


def perhaps(grant: Grant) -> Grant:
    """The grant of a resource that may be on another role instead."""
    return replace(grant, document=grant.document.perhaps())
