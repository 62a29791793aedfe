"""EDGE IN: what the engine passes becomes plain resources, with UNKNOWN for what is not known yet.

The SDK wraps properties in proxies that raise on unknown values, and one that escapes turns a whole policy run into an
advisory. So proxies are taken off here, once, and nothing behind this module ever meets one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from pulumi.runtime import rpc
from pulumi_policy import PolicyResource, Secret, proxy

from policy.truth import UNKNOWN

FUNCTION: Final = "aws:lambda/function:Function"
EVENT_SOURCE: Final = "aws:lambda/eventSourceMapping:EventSourceMapping"
ALIAS: Final = "aws:lambda/alias:Alias"
CANARY: Final = "aws:synthetics/canary:Canary"
ROLE: Final = "aws:iam/role:Role"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
POLICY: Final = "aws:iam/policy:Policy"
ROLE_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
POLICY_ATTACHMENT: Final = "aws:iam/policyAttachment:PolicyAttachment"
POLICIES_EXCLUSIVE: Final = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
ATTACHMENTS_EXCLUSIVE: Final = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
NATIVE_FUNCTION: Final = "aws-native:lambda:Function"
NATIVE_EVENT_SOURCE: Final = "aws-native:lambda:EventSourceMapping"
NATIVE_ALIAS: Final = "aws-native:lambda:Alias"
NATIVE_CANARY: Final = "aws-native:synthetics:Canary"
NATIVE_ROLE: Final = "aws-native:iam:Role"
NATIVE_ROLE_POLICY: Final = "aws-native:iam:RolePolicy"
NATIVE_POLICY: Final = "aws-native:iam:ManagedPolicy"

# A resource of any other type costs the pack one look-up in this set.
TYPES: Final = frozenset(
    (
        FUNCTION,
        EVENT_SOURCE,
        ALIAS,
        CANARY,
        ROLE,
        ROLE_POLICY,
        POLICY,
        ROLE_ATTACHMENT,
        POLICY_ATTACHMENT,
        POLICIES_EXCLUSIVE,
        ATTACHMENTS_EXCLUSIVE,
        NATIVE_FUNCTION,
        NATIVE_EVENT_SOURCE,
        NATIVE_ALIAS,
        NATIVE_CANARY,
        NATIVE_ROLE,
        NATIVE_ROLE_POLICY,
        NATIVE_POLICY,
    )
)

# The strings that stand for unknown values on the wire. The SDKs for Python and for Node.js use the same ones.
_SENTINELS: Final = (
    rpc.UNKNOWN,
    proxy.UNKNOWN_BOOLEAN_VALUE,
    proxy.UNKNOWN_NUMBER_VALUE,
    proxy.UNKNOWN_STRING_VALUE,
    proxy.UNKNOWN_ARRAY_VALUE,
    proxy.UNKNOWN_ASSET_VALUE,
    proxy.UNKNOWN_ARCHIVE_VALUE,
    proxy.UNKNOWN_OBJECT_VALUE,
)
_SENTINEL_LENGTH: Final = 36
# What stands for a secret where the engine has no passphrase (`pulumi policy analyze`, tried).
_HIDDEN: Final = "[secret]"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the stack.

    `props` are its outputs for a stack check, `inputs` what the program declared, or None where that is not known.
    `depends_on` has, for each property, the URNs that its value was made from.
    """

    urn: str
    type: str
    props: Mapping[str, Any]
    depends_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The name that the program gives it."""
        return self.urn.rpartition("::")[2]


def plain(value: Any, hidden: Any = UNKNOWN) -> Any:
    """A value of the SDK without proxies: unknown values become UNKNOWN, also inside lists and objects.

    A text that contains a stand-in for an unknown value is as unknown as that value. Secrets, which the SDK marks for
    remediations only, become `hidden`.
    """
    if isinstance(value, Secret):
        return hidden
    if isinstance(value, str):
        unknown = value == _HIDDEN or (len(value) >= _SENTINEL_LENGTH and any(s in value for s in _SENTINELS))
        return UNKNOWN if unknown else value
    if value is None or isinstance(value, bool | int | float):
        return value
    target = _target(value)
    if isinstance(target, Mapping):
        return {str(key): plain(item, hidden) for key, item in target.items()}
    if isinstance(target, list | tuple):
        return [plain(item, hidden) for item in target]
    return value


def _target(value: Any) -> Any:
    # Name-mangled in the SDK, offered by it under this key. The proxies are Mapping and Sequence.
    if type(value).__module__.startswith("pulumi_policy"):
        try:
            return value["__target"]
        except (KeyError, TypeError, AttributeError):
            return value
    return value


def with_values(props: Any, changes: Mapping[tuple[str | int, ...], object]) -> dict[str, Any]:
    """The properties as the SDK gave them, secrets and unknowns included, with other values at some paths."""
    changed: dict[str, Any] = dict(_target(props))
    for path, value in changes.items():
        holder: Any = changed
        for step in path[:-1]:
            inner = _target(holder[step])
            holder[step] = dict(inner) if isinstance(inner, Mapping) else list(inner)
            holder = holder[step]
        holder[path[-1]] = value
    return changed


def stack_resources(resources: Iterable[PolicyResource], declarations: Declarations) -> tuple[Resource, ...]:
    """The resources that matter, out of a whole stack; in order of URN, because the engine's order is random."""
    return tuple(
        Resource(
            r.urn,
            r.resource_type,
            plain(r.props),
            {key: tuple(dep.urn for dep in deps) for key, deps in r.property_dependencies.items()},
            declarations.inputs(r.urn),
        )
        for r in sorted((r for r in resources if r.resource_type in TYPES), key=lambda r: r.urn)
    )


class Declarations:
    """What each resource declares, as its resource check saw it, for the stack check later in the same run.

    The state of a role carries policies that nobody declared (computed echoes, possibly stale); only the inputs tell
    the two apart. The SDK serves on four threads, so access is under a lock.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inputs: dict[str, Mapping[str, Any]] = {}
        self._reported: dict[str, frozenset[str]] = {}
        self._refused: dict[str, Mapping[str, str]] = {}

    def remember(self, urn: str, inputs: Mapping[str, Any], reported: Iterable[str]) -> None:
        """Keep a resource's inputs, and the paths of the documents in it that its resource check has reported."""
        with self._lock:
            self._inputs[urn] = inputs
            self._reported[urn] = frozenset(reported)

    def inputs(self, urn: str) -> Mapping[str, Any] | None:
        """The inputs, or None where the resource check did not see the resource."""
        with self._lock:
            return self._inputs.get(urn)

    def reported(self, urn: str) -> frozenset[str]:
        """The paths of the documents that were reported for this resource already."""
        with self._lock:
            return self._reported.get(urn, frozenset())

    def refuse(self, urn: str, refused: Mapping[str, str]) -> None:
        """Keep why documents of a resource were not remediated, by their paths."""
        with self._lock:
            self._refused[urn] = refused

    def refused(self, urn: str) -> Mapping[str, str]:
        """Why documents of a resource were not remediated, by their paths."""
        with self._lock:
            return self._refused.get(urn, {})
