"""EDGE IN: what the engine passes becomes plain resources, with UNKNOWN for what is not known yet.

The SDK wraps properties in proxies that raise on unknown values, and one that escapes turns a whole policy run into an
advisory. So proxies are taken off here, once, and nothing behind this module ever meets one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from threading import Lock
from typing import Any, Final

from pulumi.runtime import rpc
from pulumi_policy import PolicyResource, Secret, proxy

from policy.iam.truth import HIDDEN_SECRET, UNKNOWN, Unknown
from policy.shared import stand_ins
from policy.shared.aws_types import OTHER, TYPES, AwsType
from policy.shared.terraform_types import LOOKED_AT, MODULE, classic_names, classic_properties, classic_type, in_module
from policy.stack.accounts import Account, Told, account_of, known_of

STACK_REFERENCE: Final = "pulumi:pulumi:StackReference"
# Where values come from that no update decides.
_NEVER_MANAGED: Final = frozenset((STACK_REFERENCE, stand_ins.DATA_SOURCE, stand_ins.SECRET))

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


def name_of(urn: str) -> str:
    """The name that the program gives a resource."""
    return urn.rpartition("::")[2]


def on_record(urn: str) -> bool:
    """Whether it is the URN of something that is only on record, and so of nothing that the engine knows."""
    return urn.partition("::")[2].startswith(RECORD)


def type_of(urn: str) -> str:
    """The resource's own type, as the table has it: a URN has those of its parents before it."""
    return classic_type(urn.split("::")[2].rpartition("$")[2]) if urn.count("::") >= 3 else ""


# The project in the URNs of what is on record: no project of a program can be called so.
RECORD: Final = "(on record)"


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a resource outside the stack is on record, in words, and of when that is (None where nothing tells).

    `complete` says of a role that its lists have all that is on it, whoever put it there.
    """

    source: str
    as_of: datetime | None = None
    complete: bool = True


# Without slots, so that what is known of its account is found out once: it is asked for with each name that is looked up.
@dataclass(frozen=True)
class Resource:
    """One resource of the stack.

    `props` are its outputs for a stack check, with what the program declared where an output is not known; `inputs` are
    what it declared, or None where that is not known. `depends_on` has, for each property, the URNs that its value was
    made from, the resources inside of components among them. `not_managed` are those of these URNs whose resources the
    stack does not manage: the update does not decide their values.
    """

    urn: str
    type: str
    props: Mapping[str, Any]
    depends_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: Mapping[str, Any] | None = None
    not_managed: frozenset[str] = frozenset()
    # The configuration of its provider, as far as it is given.
    provider: Mapping[str, Any] = field(default_factory=dict, compare=False)
    # Whether the stack manages it, or only reads it.
    managed: bool = True
    # Its account, or what tells it from that of another provider; empty for that of the stack's default provider.
    account: str = ""
    # Where it is on record, if it is none of the stack's own.
    recorded: Recorded | None = None
    # The URN of the resource of the program that makes it; empty where the program makes it itself.
    maker: str = ""
    # The condition, of its maker, under which it is there, where that is not known; empty where it is there for certain.
    perhaps: str = ""

    @property
    def name(self) -> str:
        """The name that the program gives it."""
        return name_of(self.urn)

    @property
    def row(self) -> AwsType:
        """Which of its properties says what: the row of its type in the table."""
        return TYPES.get(self.type, OTHER)

    def texts(self) -> Iterator[tuple[str, str]]:
        """The texts that it gives directly or in a list, each with its property."""
        for prop, value in self.props.items():
            for text in value if isinstance(value, list) else (value,):
                if isinstance(text, str):
                    yield prop, text

    @property
    def physical_name(self) -> Any:
        """The name that it has in AWS, as far as it is known; None where it has none."""
        return self.props.get(self.row.name)

    @property
    def arn(self) -> Any:
        """Its ARN, as far as it is known; None where nothing of its type is named by one."""
        return self.props.get(self.row.arn)

    @property
    def region(self) -> str:
        """The region that it is in, as far as it is known; empty where it is not.

        A `region` of its own wins over its provider's. (Since pulumi-aws 7; docs of the AWS provider, "Enhanced region
        support".) One that nobody gave is an output, and will be the provider's.
        """
        own = self.props.get("region")
        if isinstance(own, str) and own:
            return own
        given = own if self.inputs is None else self.inputs.get("region")
        of_provider = self.provider.get("region")
        return of_provider if isinstance(of_provider, str) and not isinstance(given, Unknown) else ""

    @cached_property
    def known_account(self) -> Account:
        """What is known of its account that tells it from another one."""
        return known_of(self.account, self.provider)

    def outside(self, prop: str, kinds: Collection[str]) -> bool:
        """Whether a value was made from something outside the stack, so that it may be anything.

        A resource of one of the `kinds` that the property names is what is meant, also where it is only read.
        """
        urns = self.not_managed.intersection(self.depends_on.get(prop, ()))
        return any(type_of(urn) not in kinds for urn in urns)

    def made_from(self, prop: str, kinds: Collection[str]) -> tuple[str, ...]:
        """The URNs of the resources of which an unknown value must be one; none where it may be anything."""
        return () if self.outside(prop, kinds) else self.depends_on.get(prop, ())


def plain(value: Any, hidden: Any = UNKNOWN) -> Any:
    """A value of the SDK without proxies: unknown values become UNKNOWN, also inside lists and objects.

    A text that contains a stand-in for an unknown value is as unknown as that value. Secrets, which the SDK marks for
    remediations only, become `hidden`.
    """
    if isinstance(value, Secret):
        return hidden
    if isinstance(value, str):
        if value == _HIDDEN:
            return HIDDEN_SECRET
        return UNKNOWN if len(value) >= _SENTINEL_LENGTH and any(s in value for s in _SENTINELS) else value
    if value is None or isinstance(value, bool | int | float):
        return value
    target = _target(value)
    if isinstance(target, Mapping):
        keys = [str(key) for key in target]
        if any(len(key) >= _SENTINEL_LENGTH and any(s in key for s in _SENTINELS) for key in keys):
            return UNKNOWN  # a key that is not known: the object may say anything
        return {key: plain(item, hidden) for key, item in zip(keys, target.values(), strict=True)}
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


def declared(output: Any, given: Any) -> Any:
    """An output with what the program gave for it where the output is not known, at any depth.

    The AWS provider makes a set unknown as a whole where one element is (recorded in tests/recordings), so that at a
    first preview nothing is left of a function's subnets; the program's own list is still there. Which of the two is
    known wins, and of lists only those of one length are compared: a set comes back in another order, but then it is
    known.
    """
    if isinstance(output, Unknown):
        return output if given is None else given
    if isinstance(output, dict) and isinstance(given, dict):
        return {key: declared(value, given.get(key)) for key, value in output.items()}
    if isinstance(output, list) and isinstance(given, list) and len(output) == len(given):
        return [declared(value, item) for value, item in zip(output, given, strict=True)]
    return output


def stack_resources(resources: Sequence[PolicyResource], declarations: Declarations) -> tuple[Resource, ...]:
    """The resources that matter, out of a whole stack; in order of URN, because the engine's order is random."""
    origins = _Origins(resources, declarations)
    found = [r for r in resources if r.resource_type in LOOKED_AT]
    whole = [_resource(r, declarations.inputs(r.urn), origins) for r in found]
    told = Told((r.account, r.known_account, r.arn) for r in whole if r.managed)
    whole = [replace(r, account=told.number(r.account, r.known_account)) for r in whole]
    return tuple(sorted((*whole, *_modules(resources)), key=lambda r: r.urn))


def _modules(resources: Iterable[PolicyResource]) -> Iterator[Resource]:
    """The Terraform modules that make something that matters, with the names of what they make: nobody shows more."""
    made: dict[str, list[str]] = {}
    for resource in resources:
        if in_module(resource.resource_type) and resource.parent is not None:
            made.setdefault(resource.parent.urn, []).append(name_of(resource.urn))
    for urn, names in made.items():
        yield Resource(urn, MODULE, {"makes": sorted(names)})


def _resource(r: PolicyResource, inputs: Mapping[str, Any] | None, origins: _Origins) -> Resource:
    dependencies = classic_names(r.resource_type, r.property_dependencies)
    made_from = {key: origins.of(deps) for key, deps in dependencies.items()}
    outputs = classic_properties(r.resource_type, plain(r.props))
    provider = {} if r.provider is None else configuration(plain(r.provider.props))
    return Resource(
        r.urn,
        classic_type(r.resource_type),
        outputs if inputs is None else declared(outputs, inputs),
        {key: tuple(dep.urn for dep in deps) for key, deps in made_from.items()},
        inputs,
        frozenset(dep.urn for deps in made_from.values() for dep in deps if not origins.managed(dep)),
        provider,
        origins.managed(r),
        "" if r.provider is None else account_of(r.provider.urn, provider),
    )


def configuration(props: Mapping[str, Any]) -> dict[str, Any]:
    """A provider's configuration. The engine hands over what is no text, such as `defaultTags`, as JSON text."""
    return {name: _decoded(value) for name, value in props.items()}


def _decoded(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


class _Origins:
    """What values are made from, followed through components: a component has no values, what it makes has."""

    def __init__(self, resources: Sequence[PolicyResource], declarations: Declarations) -> None:
        self._resources = resources
        self._declarations = declarations
        # The engine names the provider of each resource that has one; a component has none.
        self._providers_named = any(r.provider is not None for r in resources)
        self._children: dict[str, list[PolicyResource]] | None = None

    def of(self, dependencies: Sequence[PolicyResource]) -> list[PolicyResource]:
        """The resources themselves, and those inside of the components among them; each once."""
        found: dict[str, PolicyResource] = {}
        left = list(dependencies)
        while left:
            resource = left.pop()
            if resource.urn not in found:
                found[resource.urn] = resource
                if resource.provider is None:
                    left += self._inside(resource.urn)
        return sorted(found.values(), key=lambda r: r.urn)

    def managed(self, resource: PolicyResource) -> bool:
        """Whether the update decides the values of a resource."""
        if resource.resource_type in _NEVER_MANAGED or not self._declarations.checked(resource.urn):
            return False
        # A component of which nothing is to be seen: another provider made it, and what is inside is not known.
        sealed = self._providers_named and resource.provider is None and not self._inside(resource.urn)
        return not sealed

    def _inside(self, urn: str) -> list[PolicyResource]:
        if self._children is None:
            self._children = {}
            for resource in self._resources:
                if resource.parent is not None:
                    self._children.setdefault(resource.parent.urn, []).append(resource)
        return self._children.get(urn, [])


class Declarations:
    """What each resource declares, as its resource check saw it, for the stack check later in the same run.

    The state of a role carries policies that nobody declared (computed echoes, possibly stale); only the inputs tell
    the two apart. The SDK serves on four threads, so access is under a lock.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._checked: set[str] = set()
        self._inputs: dict[str, Mapping[str, Any]] = {}
        self._reported: dict[str, frozenset[str]] = {}
        self._refused: dict[str, Mapping[str, str]] = {}
        self._secrets: dict[str, tuple[frozenset[str], Mapping[str, Any]]] = {}

    def forget(self) -> None:
        """Forget one run."""
        with self._lock:
            for kept in (self._inputs, self._reported, self._refused):
                kept.clear()
            self._checked.clear()

    def check(self, urn: str) -> None:
        """Note that a resource of whichever type has come to its resource check: the stack manages it."""
        self._checked.add(urn)

    def checked(self, urn: str) -> bool:
        """Whether the stack manages a resource. Where no resource check runs at all, nothing speaks against it."""
        return not self._checked or urn in self._checked

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

    def hide(self, urn: str, secrets: frozenset[str], public: Mapping[str, Any]) -> None:
        """Keep the paths of a resource's secrets, and its inputs with UNKNOWN in their places."""
        with self._lock:
            self._secrets[urn] = secrets, public

    def secrets(self, urn: str) -> tuple[frozenset[str], Mapping[str, Any]]:
        """The same; no path where there is no secret, or nobody was told of one."""
        with self._lock:
            return self._secrets.get(urn, (frozenset(), {}))

    def refused(self, urn: str) -> Mapping[str, str]:
        """Why documents of a resource were not remediated, by their paths."""
        with self._lock:
            return self._refused.get(urn, {})
