"""What `python -m policy judge` is given, as the documents of one role.

A file is a policy document, or what the AWS CLI prints that has some in it: `aws iam get-role-policy`,
`get-policy-version` and `get-account-authorization-details`. The name or ARN of an AWS managed policy is taken as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

from policy.iam import managed
from policy.iam.api_shapes import decoded, described_policy, objects
from policy.iam.document import PolicyDocument, parse_document
from policy.iam.service_control import level_of

STANDARD_INPUT: Final = "-"


class InputError(Exception):
    """What was given cannot be judged; the text says which part of it, and why."""


@dataclass
class Given:
    """One role. `boundary` is None where it has none, `role_arn` and `tags` are None where they are not given."""

    policies: list[PolicyDocument] = field(default_factory=list)
    boundary: list[PolicyDocument] | None = None
    role_arn: str | None = None
    tags: dict[str, str] | None = None


def read(files: Sequence[str], boundary: Sequence[str] | None, role: str | None, stdin: TextIO) -> Given:
    """The role that the files describe. `boundary` are files too, and stand in the place of the role's own.

    `role` is the name of the role to take from the details of an account. Raises InputError.
    """
    given = Given()
    chosen = False
    for name in files:
        value, text = _content(name, stdin)
        if isinstance(value, dict) and "RoleDetailList" in value:
            chosen = True
            _add_role(given, name, value, role)
        else:
            given.policies.append(_document(name, value, text))
    if role is not None and not chosen:
        raise InputError("--role: no FILE is the output of `aws iam get-account-authorization-details`")
    if boundary:
        given.boundary = [_document(name, *_content(name, stdin)) for name in boundary]
    return given


def read_levels(files: Sequence[str], stdin: TextIO) -> list[tuple[PolicyDocument, ...]]:
    """The service control policies of each level: a file holds those of one, a policy or a list. Raises InputError."""
    levels = []
    for name in files:
        value, text = _content(name, stdin)
        policies = value if isinstance(value, list) else [value]
        label = name if len(policies) == 1 else "{}[{}]"
        documents = [
            _scp(label.format(name, i), item, text if item is value else "") for i, item in enumerate(policies)
        ]
        levels.append(level_of(documents))
    return levels


def _scp(name: str, value: object, text: str) -> PolicyDocument:
    """A policy itself, or what `aws organizations describe-policy` prints, which has its text in it."""
    content = described_policy(value)
    return _document(name, value, text) if content is None else _parsed(name, content)


def lines(name: str, stdin: TextIO) -> Iterator[str]:
    """The lines of a file, one after the other. Raises InputError."""
    if name == STANDARD_INPUT:
        yield from stdin
        return
    try:
        with Path(name).open(encoding="utf-8-sig") as stream:
            yield from stream
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{name}: {_reason(error)}") from None


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "not UTF-8 text"


def _content(name: str, stdin: TextIO) -> tuple[object, str]:
    """What a file holds, and its text; of an AWS managed policy the document."""
    if name != STANDARD_INPUT and not Path(name).exists():
        known = managed.lookup(name) or managed.by_name(name)
        if known is not None:
            return known.document, ""
        if managed.is_aws_managed(name):
            raise InputError(f"{name}: not among the AWS managed policies as of {managed.as_of()}")
    try:
        text = stdin.read() if name == STANDARD_INPUT else Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{name}: {_reason(error)}") from None
    return _json(name, text), text


def _json(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}: not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except (RecursionError, ValueError):
        raise InputError(f"{name}: not readable as JSON: nested too deeply, or a number too long") from None


def _document(name: str, value: object, text: str) -> PolicyDocument:
    """The one document in what a file holds."""
    if not isinstance(value, dict):
        raise InputError(_NO_OBJECT.format(name))
    inside = value.get("PolicyDocument")
    if inside is None and isinstance(version := value.get("PolicyVersion"), dict):
        inside = version.get("Document")
    if inside is not None:
        return _parsed(name, inside)
    if "Statement" not in value:
        raise InputError(f"{name}: no policy document: it has no Statement")
    # A text shows more than the object that was read from it, such as a key that stands twice.
    return _parsed(name, text or value)


_NO_OBJECT: Final = "{}: not a JSON object, so no policy document"


def _parsed(name: str, source: object) -> PolicyDocument:
    text = decoded(source)
    value = _json(name, text) if isinstance(text, str) else text
    if not isinstance(value, dict):
        raise InputError(_NO_OBJECT.format(name))
    if value.get("Statement") == []:
        return PolicyDocument(name, ())  # an AWS managed policy that says nothing of network interfaces
    return parse_document(text, name)


# ---- the details of an account


def _add_role(given: Given, name: str, details: Mapping[str, Any], wanted: str | None) -> None:
    """Take a role from the output of `get-account-authorization-details`, with all that is on it."""
    role = _chosen(name, details, wanted)
    for item in objects(role.get("RolePolicyList")):
        label = str(item.get("PolicyName"))
        given.policies.append(_parsed(label, item.get("PolicyDocument")))
    for item in objects(role.get("AttachedManagedPolicies")):
        given.policies.append(_managed(name, details, str(item.get("PolicyArn"))))
    limit = role.get("PermissionsBoundary")
    if isinstance(limit, dict):
        given.boundary = [_managed(name, details, str(limit.get("PermissionsBoundaryArn")))]
    if isinstance(role.get("Arn"), str):
        given.role_arn = role["Arn"]
    given.tags = {str(tag.get("Key")): str(tag.get("Value")) for tag in objects(role.get("Tags"))}


def _chosen(name: str, details: Mapping[str, Any], wanted: str | None) -> dict[str, Any]:
    roles = list(objects(details["RoleDetailList"]))
    if wanted is None:
        if len(roles) == 1:
            return roles[0]
        raise InputError(f"{name}: it has {len(roles)} roles: choose one with --role NAME")
    found = [role for role in roles if wanted in (role.get("RoleName"), role.get("Arn"))]
    if not found:
        raise InputError(f"{name}: it has no role {wanted!r}")
    return found[0]


def _managed(name: str, details: Mapping[str, Any], arn: str) -> PolicyDocument:
    """A managed policy by the version of it that is in force."""
    for policy in objects(details.get("Policies")):
        if policy.get("Arn") != arn:
            continue
        for version in objects(policy.get("PolicyVersionList")):
            if version.get("IsDefaultVersion"):
                return _parsed(arn, version.get("Document"))
    known = managed.lookup(arn)
    if known is None:
        raise InputError(f"{name}: it does not have the document of {arn}, which is on the role")
    return _parsed(arn, known.document)
