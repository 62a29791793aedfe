"""A role with everything on it and everything that runs on it: what is judged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from policy.iam import managed
from policy.iam.document import PolicyDocument
from policy.iam.trust import Trust
from policy.iam.truth import Truth, Unknown
from policy.shared import stand_ins
from policy.stack import resources
from policy.stack.resources import Resource, name_of, type_of


class Decided(Enum):
    """When, or by whom, an unknown will be decided."""

    UPDATE = "update"  # a value that is computed when the stack is deployed
    REFERENCE = "stack reference"  # an output of another stack, whose state was not read
    DATA_SOURCE = "data source"  # one that was not asked
    READ = "read resource"  # a value of a resource that this stack reads and does not manage
    NAME = "name"  # the name that CloudFormation makes for what a template does not name
    STAND_IN = "stand-in"  # what AWS would choose, and a preview without AWS stands in for
    SECRET = "secret"  # a value that is hidden from the pack
    ELSEWHERE = "elsewhere"  # a resource that is not in this stack
    REFRESH = "refresh"  # the state says something that no program declares
    MENDING = "mending"  # a property that cannot be read
    OLD_RECORD = "old record"  # what is on record of the role may have changed since
    NEWER_DATA = "newer data"  # an AWS managed policy that the pack's data does not have
    NOT_DOCUMENTED = "not documented"  # what no document of AWS's says


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
    OF_SAM = "SAM's inline policy"
    INLINE = "inline policy"
    MANAGED = "managed policy"
    AWS_MANAGED = "AWS managed policy"
    SERVICE_CONTROL = "service control policy"


# What stands in a role, or beside it under a name of the role's own.
INLINE_KINDS: Final = (GrantKind.INLINE, GrantKind.IN_ROLE, GrantKind.OF_SAM)
# What the program cannot change: who owns it, as a sentence begins.
OWNED: Final = {GrantKind.AWS_MANAGED: "AWS owns", GrantKind.OF_SAM: "SAM writes"}


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """One document on a role. `urn` is the resource to change: the one that holds it, or that attaches it.

    `gave` are the resource and the property that the document was taken from, or that names it; None for what no
    program declares. `may_guard` says whether what is not known of it could well be a guard.
    """

    document: PolicyDocument
    urn: str
    path: str
    kind: GrantKind
    # The name or ARN under which the role's state lists it.
    listed_as: str = ""
    suffix: str = ""
    gave: tuple[Resource, str] | None = None
    may_guard: bool = True
    # What takes a policy with a Deny off the role again.
    taken_off: Gap | None = None

    @property
    def made_for_lambda(self) -> bool:
        """Whether it is an AWS managed policy for Lambda to manage interfaces with."""
        return self.suffix in managed.MADE_FOR_LAMBDA


class Needs(Enum):
    """When a kind of user needs network interface permissions on its role: the service makes interfaces with it."""

    IN_A_VPC = "where it is in a VPC"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class KindOfUser:
    """What is known of everything of one kind that uses a role.

    `runs_code`: whether customers' code runs with the role, or only the service does. `carries_key`: whether
    `lambda:SourceFunctionArn` is in the calls of that code; UNKNOWN where no document of AWS's says so.
    """

    name: str
    runs_code: bool
    needs: Needs
    carries_key: Truth


class UserKind(Enum):
    """What uses a role, with what is known of it.

    Sources: Lambda Developer Guide, "Using source function ARN to control function access behavior" (functions),
    "Security and permissions" of MicroVMs (both roles run hooks of the customer's), "Lambda operator role for Lambda
    Managed Instances"; Lambda API Reference, CreateNetworkConnector (its operator role makes the interfaces).
    """

    FUNCTION = KindOfUser("function", True, Needs.IN_A_VPC, Truth.YES)
    POLLER = KindOfUser("event source mapping", True, Needs.IN_A_VPC, Truth.YES)
    CANARY = KindOfUser("canary", True, Needs.IN_A_VPC, Truth.YES)
    MANAGED_INSTANCES = KindOfUser("function on a capacity provider", True, Needs.NEVER, Truth.YES)
    MICROVM = KindOfUser("MicroVM", True, Needs.NEVER, Truth.UNKNOWN)
    MICROVM_IMAGE = KindOfUser("MicroVM image", True, Needs.NEVER, Truth.UNKNOWN)
    WEB_FUNCTION = KindOfUser("web function", True, Needs.NEVER, Truth.UNKNOWN)
    CONNECTOR = KindOfUser("network connector", False, Needs.ALWAYS, Truth.NO)
    CAPACITY_PROVIDER = KindOfUser("capacity provider", False, Needs.ALWAYS, Truth.NO)


@dataclass(frozen=True, slots=True, eq=False)
class User:
    """A function, or another thing, that uses a role. `needs_vpc` says whether the service manages interfaces for it with
    that role, `judged` whether what the role allows matters because of it.

    `function_arn` has `*` for each part that is not known. `gap` is what decides where `judged` is UNKNOWN.
    """

    kind: UserKind
    resource: Resource
    needs_vpc: Truth
    judged: Truth
    function_arn: str = "arn:*:lambda:*:*:function:*"
    gap: Gap | None = None


@dataclass(slots=True, eq=False)
class ExecutionRole:
    """A role with everything on it and everything that runs on it.

    `role` is None for a role that is not in this stack; `label` then is its ARN or name as far as known.
    `boundary` is None where the role has none.
    """

    role: Resource | None
    label: str
    role_arn: str | None = None
    role_tags: Mapping[str, str | Unknown] | None = None
    # The ARN of any function that may run on it, with `*` for what is not known.
    some_function: str = "arn:*:lambda:*:*:function:*"
    trust: Trust = field(default_factory=lambda: Trust((), known=False))
    users: list[User] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    boundary: list[Grant] | None = None
    gaps: list[Gap] = field(default_factory=list)
    reference: Gap | None = None
    # The roles of the stack of which it may be one, where which role it is is not known.
    may_be: list[ExecutionRole] = field(default_factory=list)
    # Lists that own all policies of a kind on the role: what is added has to be listed there.
    owned: list[Gap] = field(default_factory=list)
    # Why a role that is not in the stack is not on record either, a clause each, as far as it was asked for.
    not_on_record: tuple[str, ...] = ()
    # Why what is on record of the role does not show that there is no hole.
    doubt: Gap | None = None
    # What IAM or the provider will refuse, besides what is wrong inside the documents.
    refused: list[Gap] = field(default_factory=list)

    @property
    def operators(self) -> list[User]:
        """What makes interfaces with the role and runs no code on it: its permissions are there for these."""
        return [user for user in self.users if not user.kind.value.runs_code]

    @property
    def serves_code(self) -> bool:
        """Whether interfaces are, or may be, made with the role for something that runs code on it; what uses it may live
        in another stack where nothing does here."""
        return not self.users or any(u.needs_vpc is not Truth.NO for u in self.users if u.kind.value.runs_code)

    def running(self, user: User) -> User:
        """The user on this role, which tells the account of its ARN: a function is in the account of its role."""
        fields = zip(user.function_arn.split(":", 6), self.some_function.split(":", 6), strict=True)
        return replace(user, function_arn=":".join(known if own == "*" else own for own, known in fields))

    @property
    def documents(self) -> list[PolicyDocument]:
        """All documents on the role. One that nothing is known of stands for each gap in what is attached."""
        return [grant.document for grant in self.grants]


_FOREIGN: Final = {
    resources.STACK_REFERENCE: Decided.REFERENCE,
    stand_ins.DATA_SOURCE: Decided.DATA_SOURCE,
    stand_ins.SECRET: Decided.SECRET,
}


def unreadable(resource: Resource, path: str, value: object) -> Gap:
    """The gap that a property leaves which is unknown, missing, or of the wrong type."""
    if isinstance(value, Unknown):
        if value.secret:
            return Gap(resource.urn, path, Decided.SECRET)
        if value.why:
            return Gap(resource.urn, path, Decided.MENDING, value.why)
        for urn in resource.depends_on.get(re.split(r"[.\[]", path)[0], ()):
            if urn in resource.not_managed:
                return Gap(resource.urn, path, _FOREIGN.get(type_of(urn), Decided.READ), name_of(urn))
        if not resource.managed:
            return Gap(resource.urn, path, Decided.READ, resource.name)
        return Gap(resource.urn, path, Decided.UPDATE)
    return Gap(resource.urn, path, Decided.MENDING, "is missing" if value is None else "has the wrong type")
