"""Resource properties as they travel between a program, the engine and a policy pack.

Both directions use plain Python values (what `json` would give) in which Pulumi's special values stay in their wire
form: an unknown value is a sentinel string, a secret or an asset is an object with a signature key. Source of the
forms: pulumi `sdk/go/common/resource/properties.go` and `sdk/go/common/resource/plugin/rpc.go`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.rpc import UNKNOWN

__all__ = [
    "SIGNATURE",
    "TEXT",
    "UNKNOWN",
    "Properties",
    "as_secret",
    "from_struct",
    "inside",
    "is_secret",
    "is_unknown",
    "normalise",
    "readable",
    "reveal",
    "to_struct",
    "without_internal",
]

Properties = Mapping[str, object]

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key of Pulumi's special objects: secrets, assets, references."""
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"

TEXT = "text:"
"""Before a text with the unknown sentinel in it, among dependencies: what it was formed from is told by it alone."""

_UNKNOWN_IN_TEXT = re.compile(re.escape(UNKNOWN), re.IGNORECASE)
_UNKNOWN_IN_NAME = re.compile(r"[-._]?" + re.escape(UNKNOWN), re.IGNORECASE)


def from_struct(struct: Struct) -> dict[str, object]:
    """Decode protobuf properties; secrets, assets and sentinels keep their wire form."""
    return cast("dict[str, object]", json_format.MessageToDict(struct))


def to_struct(properties: Properties) -> Struct:
    """Encode properties for gRPC."""
    struct = Struct()
    struct.update(cast("Any", dict(properties)))
    return struct


def is_unknown(value: object) -> bool:
    """Tell whether a value is unknown as a whole (not: whether it has an unknown part)."""
    return isinstance(value, str) and value == UNKNOWN


def is_secret(value: object) -> bool:
    """Tell whether a value is a secret in its wire form."""
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def as_secret(value: object) -> object:
    """Mark a value as secret; a secret stays as it is."""
    return value if is_secret(value) else {SIGNATURE: SECRET, "value": value}


def reveal(value: object) -> object:
    """Give the value inside a secret, or the value itself."""
    return reveal(value.get("value")) if isinstance(value, dict) and is_secret(value) else value


def inside(value: object, change: Callable[[object], object]) -> object:
    """Give the value changed, and still secret where it is a secret."""
    return as_secret(change(reveal(value))) if is_secret(value) else change(value)


def readable(name: str) -> str:
    """Take the unknown sentinel out of a resource name, so that a URN can be read."""
    return _UNKNOWN_IN_NAME.sub("", name) or "unknown"


def normalise(value: object, dependencies: set[str]) -> object:
    """Bring a value from the program into the form that the engine hands to providers and policies.

    As the engine does for a provider that accepts neither: an output value becomes its value (unknown where it has
    none), with its URNs added to `dependencies`; a resource reference becomes the resource's id (unknown at preview),
    or its URN where it is a component. Beyond the engine: text that *contains* the unknown sentinel is unknown as a
    whole. Such text comes from formatting a plain data-source result or a secret configuration value, and must not be
    judged as known; it is added to `dependencies` behind TEXT, for origins.py to read.
    """
    if isinstance(value, str):
        return _known_text(value, dependencies)
    if isinstance(value, list):
        return [normalise(item, dependencies) for item in value]
    if not isinstance(value, dict):
        return value
    signature = value.get(SIGNATURE)
    if signature is None:
        if UNKNOWN in [_known_text(key, dependencies) for key in value]:
            return UNKNOWN
        return {key: normalise(item, dependencies) for key, item in value.items()}
    if signature == SECRET:
        return as_secret(normalise(value.get("value"), dependencies))
    if signature == OUTPUT_VALUE:
        dependencies.update(value.get("dependencies") or ())
        inner = normalise(value["value"], dependencies) if "value" in value else UNKNOWN
        return as_secret(inner) if value.get("secret") else inner
    if signature == RESOURCE_REFERENCE:
        return normalise(value["id"] or UNKNOWN, dependencies) if "id" in value else value.get("urn", UNKNOWN)
    return value


def _known_text(text: str, dependencies: set[str]) -> str:
    if not _UNKNOWN_IN_TEXT.search(text):
        return text
    if text != UNKNOWN:
        dependencies.add(f"{TEXT}{text}")
    return UNKNOWN


def without_internal(properties: Properties) -> Properties:
    """Drop the engine's internal keys (`__defaults` and the like), which policies see only inside of other values."""
    return {key: value for key, value in properties.items() if not key.startswith("__")}
