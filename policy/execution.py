"""A role with everything on it and everything that runs on it: what is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from policy import managed
from policy.document import PolicyDocument
from policy.resources import Resource
from policy.trust import Trust
from policy.truth import Truth, Unknown


class Decided(Enum):
    """When, or by whom, an unknown will be decided."""

    UPDATE = "update"  # a value that is computed when the stack is deployed
    ELSEWHERE = "elsewhere"  # a resource that is not in this stack
    REFRESH = "refresh"  # the state says something that no program declares
    MENDING = "mending"  # a property that cannot be read
    NEWER_DATA = "newer data"  # an AWS managed policy that the pack's data does not have


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that had to be known: the property of a resource, what of it, and when it will be decided."""

    urn: str
    path: str
    decided: Decided
    detail: str = ""


class GrantKind(Enum):
    """Where a document stands, which decides what there is to change."""

    IN_ROLE = "the role's inline policy"
    INLINE = "inline policy"
    MANAGED = "managed policy"
    AWS_MANAGED = "AWS managed policy"


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """One document on a role. `urn` is the resource to change: the one that holds it, or that attaches it."""

    document: PolicyDocument
    urn: str
    path: str
    kind: GrantKind
    # The name or ARN under which the role's state lists it.
    listed_as: str = ""
    suffix: str = ""

    @property
    def made_for_lambda(self) -> bool:
        """Whether it is an AWS managed policy for Lambda to manage interfaces with."""
        return self.suffix in managed.MADE_FOR_LAMBDA


class UserKind(Enum):
    """What runs on a role."""

    FUNCTION = "function"
    POLLER = "event source mapping"
    CANARY = "canary"


@dataclass(frozen=True, slots=True, eq=False)
class User:
    """A function (or canary) that runs on a role. `needs_vpc` says whether Lambda manages interfaces for it.

    `function_arn` has `*` for each part that is not known. `gap` is what decides where `needs_vpc` is UNKNOWN.
    """

    kind: UserKind
    resource: Resource
    needs_vpc: Truth
    function_arn: str
    gap: Gap | None = None


@dataclass(slots=True, eq=False)
class Execution:
    """A role with everything on it and everything that runs on it.

    `role` is None for a role that is not in this stack; `label` then is its ARN or name as far as known.
    `boundary` is None where the role has none.
    """

    role: Resource | None
    label: str
    role_arn: str | None = None
    role_tags: Mapping[str, str | Unknown] | None = None
    trust: Trust = field(default_factory=lambda: Trust((), known=False))
    users: list[User] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    boundary: list[Grant] | None = None
    gaps: list[Gap] = field(default_factory=list)
    reference: Gap | None = None
    # What IAM or the provider will refuse, besides what is wrong inside the documents.
    refused: list[Gap] = field(default_factory=list)

    @property
    def documents(self) -> list[PolicyDocument]:
        """All documents on the role. One that nothing is known of stands for each gap in what is attached."""
        return [grant.document for grant in self.grants]


def unreadable(resource: Resource, path: str, value: object) -> Gap:
    """The gap that a property leaves which is unknown, missing, or of the wrong type."""
    if isinstance(value, Unknown):
        return Gap(resource.urn, path, Decided.UPDATE)
    return Gap(resource.urn, path, Decided.MENDING, "is missing" if value is None else "has the wrong type")
