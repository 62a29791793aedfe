"""What a program registers: the stack, and each resource as the engine records it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .properties import Properties
from .source import Source

STACK_TYPE = "pulumi:pulumi:Stack"

_TIMEOUT_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_TIMEOUT_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class StackIdentity:
    """The names that a URN and a policy pack are given, with the stack's configuration in its final, textual form."""

    project: str
    stack: str
    organization: str = "organization"
    config: Mapping[str, str] = field(default_factory=dict)
    secret_keys: tuple[str, ...] = ()

    @property
    def root_urn(self) -> str:
        """The URN of the stack resource itself."""
        return self.urn("", STACK_TYPE, f"{self.project}-{self.stack}")

    def urn(self, parent: str, resource_type: str, name: str) -> str:
        """Build a URN as the engine does: with the types of all parents, but for the stack's own."""
        parent_type = parent.split("::", 3)[2] if parent else ""
        if parent_type and parent_type != STACK_TYPE:
            resource_type = f"{parent_type}${resource_type}"
        return f"urn:pulumi:{self.stack}::{self.project}::{resource_type}::{name}"


@dataclass(frozen=True)
class Timeouts:
    """A resource's custom timeouts, in seconds; 0 where none is given."""

    create: float = 0.0
    update: float = 0.0
    delete: float = 0.0


@dataclass(frozen=True)
class Options:
    """The resource options that policies can see."""

    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    delete_before_replace: bool | None = None
    additional_secret_outputs: tuple[str, ...] = ()
    timeouts: Timeouts = Timeouts()


@dataclass(frozen=True)
class Registration:
    """One resource of the previewed stack. `outputs` holds what the stack policies see."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    inputs: Properties
    outputs: Properties = field(default_factory=dict)
    external: bool = False
    """Read (`Role.get`), not managed by this stack: stack policies see it, resource policies do not."""
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Options = Options()
    source: Source | None = None
    """The line that makes it; None where the SDK does not say, and for what no line makes: default providers."""


def seconds(duration: str) -> float:
    """Read a Go duration such as `1h30m`; text of any other form counts as none."""
    parts = _TIMEOUT_PART.findall(duration)
    return sum(float(number) * _TIMEOUT_UNITS[unit] for number, unit in parts)
