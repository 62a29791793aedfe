"""What there was to judge in a stack: how many functions and the like, on how many roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from policy.iam.trust import LAMBDA
from policy.iam.truth import Truth
from policy.stack.execution_role import ExecutionRole, User, UserKind


@dataclass(frozen=True)
class Judged:
    """How many functions, canaries and the like of a stack were judged, and on how many roles."""

    functions: int = 0
    event_sources: int = 0
    """Functions outside a VPC whose events Lambda fetches out of one."""
    canaries: int = 0
    managed_instances: int = 0
    """Functions on a capacity provider, whose VPC is the provider's."""
    microvms: int = 0
    """MicroVMs and images of MicroVMs, whose builds run code too."""
    web_functions: int = 0
    unknown_functions: int = 0
    """Functions of which it is not known whether Lambda manages interfaces for them."""
    unknown_canaries: int = 0
    roles: int = 0
    """Roles of this stack that any of these run on."""
    roles_elsewhere: int = 0
    roles_unknown: int = 0
    unused_roles: int = 0
    """Roles that Lambda may assume and on which nothing in this stack runs: a function of another stack may."""

    @property
    def summary(self) -> str:
        """What was judged, as one line."""
        users = [
            *_some(self.functions, "function in a VPC", "functions in a VPC"),
            *_some(
                self.event_sources,
                "function with an event source in a VPC",
                "functions with an event source in a VPC",
            ),
            *_some(self.canaries, "canary in a VPC", "canaries in a VPC"),
            *_some(self.managed_instances, "function on a capacity provider", "functions on capacity providers"),
            *_some(self.microvms, "MicroVM or image of one", "MicroVMs or images of them"),
            *_some(self.web_functions, "web function", "web functions"),
            *_some(self.unknown_functions, "function whose VPC is not known", "functions whose VPC is not known"),
            *_some(self.unknown_canaries, "canary whose VPC is not known", "canaries whose VPC is not known"),
        ]
        roles = [
            *_some(self.roles, "role", "roles"),
            *_some(self.roles_elsewhere, "role that is not in this stack", "roles that are not in this stack"),
            *_some(self.roles_unknown, "role that is not known", "roles that are not known"),
        ]
        unused = _some(
            self.unused_roles,
            "role that Lambda may assume and on which nothing here runs",
            "roles that Lambda may assume and on which nothing here runs",
        )
        used = f"{_and(users)} on {_and(roles)}" if users else "no function in a VPC"
        return "; ".join([used, *unused])

    def to_json(self) -> dict[str, int | str]:
        """Give the counts and the line."""
        return {**asdict(self), "summary": self.summary}


def counted(executions: Sequence[ExecutionRole]) -> Judged:
    """Count what is judged of these roles."""
    used = {id(execution): list(_concerned(execution)) for execution in executions}
    users = [user for found in used.values() for user in found]
    on = [execution for execution in executions if used[id(execution)]]
    return Judged(
        functions=_count(users, Truth.YES, UserKind.FUNCTION),
        event_sources=_count(users, Truth.YES, UserKind.POLLER),
        canaries=_count(users, Truth.YES, UserKind.CANARY),
        managed_instances=_count(users, Truth.YES, UserKind.MANAGED_INSTANCES),
        microvms=_count(users, Truth.YES, UserKind.MICROVM, UserKind.MICROVM_IMAGE),
        web_functions=_count(users, Truth.YES, UserKind.WEB_FUNCTION),
        unknown_functions=_count(users, Truth.UNKNOWN, UserKind.FUNCTION, UserKind.POLLER, UserKind.MANAGED_INSTANCES),
        unknown_canaries=_count(users, Truth.UNKNOWN, UserKind.CANARY),
        roles=sum(execution.role is not None for execution in on),
        roles_elsewhere=sum(execution.role is None and execution.label != "" for execution in on),
        roles_unknown=sum(execution.role is None and execution.label == "" for execution in on),
        unused_roles=sum(
            execution.role is not None and not execution.users and execution.trust.names_service(LAMBDA) is not Truth.NO
            for execution in executions
        ),
    )


def _concerned(execution: ExecutionRole) -> Iterator[User]:
    return (user for user in execution.users if user.judged is not Truth.NO)


def _count(users: Iterable[User], judged: Truth, *kinds: UserKind) -> int:
    return sum(user.judged is judged and user.kind in kinds for user in users)


def _some(count: int, one: str, many: str) -> list[str]:
    return [f"{count} {one if count == 1 else many}"] if count else []


def _and(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
