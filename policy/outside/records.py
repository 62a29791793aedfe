"""What a directory of roles answers: a role with all that is on it, where that is from, and of when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from policy.shared.aws_types import NATIVE_POLICY, NATIVE_ROLE, TYPES
from policy.stack.resources import RECORD, Recorded, Resource


class RecordError(Exception):
    """A source of records cannot be read; the text names it and says why, and holds nothing of what is in it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One role as a source has it.

    `documents` are its inline policies by name, `attached` the ARNs of its managed policies, `boundary` that of its
    permissions boundary or None. `customer` has the documents of the customer managed policies among these, by ARN. A
    document is JSON text or an object, as policy/iam/document.py reads it. `source` names the file or service in words;
    `as_of` is when it was true (aware), None where nothing tells.
    """

    arn: str
    trust: object
    documents: Mapping[str, object]
    attached: Sequence[str]
    source: str
    as_of: datetime | None = None
    boundary: str | None = None
    customer: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The role's name, without its path."""
        return self.arn.rpartition("/")[2]


Found = Mapping[str, tuple[Resource, ...]]
"""What is on record of roles, by ARN: the role itself first, then the customer managed policies on it."""


class Directory(Protocol):
    """Somewhere that roles are on record."""

    def find(self, roles: Sequence[str]) -> Found:
        """The roles of these ARNs that are on record here, and all that is on them. Never raises."""
        ...

    def why_not(self, role: str) -> Sequence[str]:
        """Why a role that was asked for is not on record here, a clause each ("is not in ...")."""
        ...


def as_resources(record: Record) -> tuple[Resource, ...]:
    """A record in the shape of a stack's resources: the role declares all that is on it.

    The Cloud Control shape (`aws-native`) is IAM's own: a role with lists of its policies, and managed policies.
    """
    account = record.arn.split(":")[4] if record.arn.count(":") >= 5 else ""
    recorded = Recorded(record.source, record.as_of)

    def made(kind: str, name: str, props: dict[str, Any]) -> Resource:
        # As a URN of a stack that has the account's name, so that two accounts are never taken for each other.
        urn = f"urn:pulumi:{account}::{RECORD}::{kind}::{name}"
        return Resource(urn, kind, props, inputs=props, account=account, recorded=recorded)

    row, inline = TYPES[NATIVE_ROLE], TYPES[NATIVE_ROLE].inline
    role: dict[str, Any] = {
        row.arn: record.arn,
        row.name: record.name,
        "path": record.arn.partition(":role")[2].removesuffix(record.name) or "/",
        row.trust: record.trust,
        inline.prop: [{inline.name: name, inline.document: text} for name, text in record.documents.items()],
        row.managed: list(record.attached),
        "tags": [{"key": key, "value": value} for key, value in record.tags.items()],
    }
    if record.boundary is not None:
        role[row.boundary] = record.boundary
    managed = TYPES[NATIVE_POLICY]
    policies = (
        made(NATIVE_POLICY, arn.partition(":policy/")[2], {managed.arn: arn, managed.document: text})
        for arn, text in record.customer.items()
    )
    return (made(NATIVE_ROLE, record.arn.partition(":role/")[2], role), *policies)


class Several:
    """Several directories, asked in order: the first that has a role answers for it."""

    def __init__(self, directories: Iterable[Directory]) -> None:
        self._directories = tuple(directories)

    def find(self, roles: Sequence[str]) -> Found:
        """See Directory."""
        found: dict[str, tuple[Resource, ...]] = {}
        for directory in self._directories:
            left = [role for role in roles if role not in found]
            if left:
                found.update(directory.find(left))
        return found

    def why_not(self, role: str) -> Sequence[str]:
        """See Directory."""
        return [reason for directory in self._directories for reason in directory.why_not(role)]
