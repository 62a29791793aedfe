"""What is asked of an execution role, and what can come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from policy.iam.document import PolicyDocument, Statement
from policy.iam.evaluate import Determining
from policy.iam.request import Request
from policy.iam.search import keys
from policy.iam.search.witness import Answer
from policy.stack.execution_role import ExecutionRole, Gap, Grant, User
from policy.stack.resources import Resource


@dataclass(eq=False)
class Exposed:
    """A document with statements that let code do what only Lambda should: one thing to change."""

    execution: ExecutionRole
    grant: Grant
    statements: list[Statement] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    users: list[User] = field(default_factory=list)
    # Further roles that have the same document from the same resource.
    others: list[ExecutionRole] = field(default_factory=list)
    # Documents that are not known yet and that are taken for no guards; without them nobody would be sure.
    unless: tuple[Grant, ...] = ()
    # Whether service control policies were judged with the role.
    under_scps: bool = False

    @property
    def executions(self) -> list[ExecutionRole]:
        """All roles that have the document."""
        return [self.execution, *self.others]

    @property
    def writes(self) -> bool:
        """Whether the code can change anything, and not only look."""
        return any(not keys.action(action).read_only for action in self.answers)


@dataclass(eq=False)
class LockedOut:
    """A guard that keeps the Lambda service out: the function cannot be created or will stop working."""

    execution: ExecutionRole
    grant: Grant
    statements: list[Statement]
    actions: list[str]
    users: list[User]


@dataclass(eq=False)
class Unverified:
    """A role that cannot be judged here, with everything that stands in the way."""

    execution: ExecutionRole
    users: list[User]
    actions: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    # The role is used by nothing in this stack and grants the actions by wildcards only.
    unused: bool = False
    # The calls with which the role may be able to shed its guard, where that is what is not certain.
    shedding: tuple[str, ...] = ()
    # What would be exposed if the documents that are not known had no Deny in them.
    unless_denied: list[Exposed] = field(default_factory=list)
    # What is exposed if the users, of which that is not known, are in a VPC.
    if_in_vpc: list[Exposed] = field(default_factory=list)
    # What may keep the Lambda service out, where that is what is not certain.
    locked_out: LockedOut | None = None


@dataclass(eq=False)
class WayRound:
    """Code can shed the guard: with a further session on its own role, whose calls lack the key, or by rewriting what is
    on the role.

    `calls` are those that it takes; `trust_path` is the statement of the trust policy that lets the session in, empty
    where the way is another. `allowing` are the statements that allow the calls, none where the trust policy is enough.
    """

    execution: ExecutionRole
    role: Resource
    users: list[User]
    actions: list[str]
    calls: tuple[str, ...]
    trust_path: str
    allowing: tuple[Determining, ...]
    witness: Request | None


Outcome = Exposed | LockedOut | WayRound | Unverified


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each role. `actions` are those that code must not have; `now` is in seconds since 1970-01-01T00:00Z.

    With `unknown_may_guard` any document that is not known may be a guard; else only those of which that is a real
    possibility. `levels` are the service control policies that bind every role of the account.
    """

    actions: tuple[str, ...]
    now: Decimal
    unknown_may_guard: bool = False
    levels: tuple[tuple[PolicyDocument, ...], ...] = ()
