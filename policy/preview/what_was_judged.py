"""What there was to judge in a previewed stack, so that a preview that finds nothing says what it looked at.

Counted with the pack's own eyes, by `policy.stack.links`: this knows of this pack only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from policy.iam.trust import LAMBDA
from policy.iam.truth import Truth
from policy.preview.config_file import PolicyConfig
from policy.preview.properties import reveal
from policy.preview.registration import Registration
from policy.shared import names
from policy.shared.terraform_types import LOOKED_AT, classic_names, classic_properties, classic_type
from policy.stack.execution_role import ExecutionRole, User, UserKind
from policy.stack.links import link
from policy.stack.resources import Resource, declared, plain
from policy.stack.templates.expand import expand


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


def judged(resources: Iterable[Registration], config: Mapping[str, PolicyConfig]) -> Judged | None:
    """Count what this pack's stack policies judge; None where its configuration switches all of them off."""
    active = [config[name] for name in names.STACK_POLICIES if name in config and config[name].level != "disabled"]
    if not active:
        return None
    event_sources = any(policy.properties.get("event_sources", True) is not False for policy in active)
    return counted(link(expand(_resources(resources)).resources, event_sources=event_sources))


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


def _resources(registrations: Iterable[Registration]) -> Iterator[Resource]:
    for found in registrations:
        if found.type in LOOKED_AT:
            outputs = _plain(found.type, found.outputs)
            inputs = None if found.external else _plain(found.type, found.inputs)
            yield Resource(
                found.urn,
                classic_type(found.type),
                declared(outputs, inputs),
                classic_names(found.type, found.property_dependencies),
                inputs,
                managed=not found.external,
            )


def _plain(kind: str, properties: Mapping[str, object]) -> dict[str, Any]:
    return classic_properties(kind, {key: plain(_opened(value)) for key, value in properties.items()})


def _opened(value: object) -> object:
    """A value without the marks of secrets, as the SDK hands it to a policy."""
    value = reveal(value)
    if isinstance(value, dict):
        return {key: _opened(item) for key, item in value.items()}
    return [_opened(item) for item in value] if isinstance(value, list) else value


def _concerned(execution: ExecutionRole) -> Iterator[User]:
    return (user for user in execution.users if user.judged is not Truth.NO)


def _count(users: Iterable[User], judged: Truth, *kinds: UserKind) -> int:
    return sum(user.judged is judged and user.kind in kinds for user in users)


def _some(count: int, one: str, many: str) -> list[str]:
    return [f"{count} {one if count == 1 else many}"] if count else []


def _and(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
