"""The recordings of a real provider (tests/recordings), and what a stand-in for it shows otherwise on purpose."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from policy.shared import aws_types

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = ROOT / "tests" / "recordings"
STACK = "rec"

FIRST, DEPLOYED, REFRESHED, ADDS_GUARD = "first-preview", "deployed-preview", "refreshed-preview", "update-adds-guard"
LATER = (DEPLOYED, REFRESHED, ADDS_GUARD)


@dataclass(frozen=True)
class Difference:
    """Properties in which a stand-in is not as recorded. A path begins with `inputs` or `outputs`."""

    type: str
    paths: str
    reason: str
    stages: tuple[str, ...] = (FIRST, *LATER)


@dataclass(frozen=True)
class Program:
    """What was recorded, with its configuration."""

    folder: Path
    config: Mapping[str, str] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()


_NEWER_RUNTIME = Difference(
    aws_types.FUNCTION,
    "inputs.runtime outputs.runtime",
    "the examples' runtime; version 5.14 of the provider refuses it, and the recorded programs have an older one",
)
PROGRAMS: Mapping[str, Program] = {
    **{
        name: Program(ROOT / "examples" / name, differences=(_NEWER_RUNTIME,))
        for name in ("guarded-deny-statement", "half-right", "unguarded-inline-policy")
    },
    "updates": Program(RECORDINGS / "programs" / "updates", {"upd:rolename": "rrec", "upd:guard": "no"}),
}

DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        aws_types.FUNCTION,
        "inputs.vpcConfig.ipv6AllowedForDualStack inputs.vpcConfig.__defaults "
        "outputs.vpcConfig.ipv6AllowedForDualStack outputs.capacityProviderConfig outputs.codeSha256 "
        "outputs.durableConfig outputs.loggingConfig outputs.publishTo outputs.region "
        "outputs.responseStreamingInvokeArn outputs.sourceKmsKeyArn outputs.tenancyConfig "
        "outputs.useResourceTimeoutForPropagation",
        "properties of pulumi-aws 7 that version 5.14 of the provider does not have",
    ),
    Difference(
        aws_types.FUNCTION,
        "outputs.architectures",
        "a list in pulumi-aws 7; the recorded provider has one text",
        LATER,
    ),
    Difference(
        aws_types.FUNCTION,
        "outputs.sourceCodeHash outputs.sourceCodeSize",
        "made from the code, which the stand-in does not read",
        LATER,
    ),
    Difference(
        aws_types.ROLE_POLICY,
        "outputs.namePrefix",
        "computed in newer versions of the provider, and null in 5.14",
    ),
)

_VARYING: tuple[tuple[str, str], ...] = (
    (r"-[0-9a-f]{7}\b", "-<digits>"),
    (r"\b(vpc|subnet|sg)-[0-9a-f]+\b", r"\1-<id>"),
    (r"-[0-9]{26}\b", "-<time>"),
    (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|\+0000)", "<time>"),
    (r"\bAROA[0-9A-Za-z]+\b", "AROA<id>"),
)
"""What differs from one deployment to the next: the form is compared, the digits are not."""


@dataclass(frozen=True)
class Seen:
    """One resource as a policy pack is shown it. `depends_on` has names of resources for each property."""

    type: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    depends_on: Mapping[str, frozenset[str]]


def messages(name: str, stage: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The requests of the resource checks and the resources of the stack check, as protobuf JSON."""
    content = json.loads((RECORDINGS / f"{name}.{stage}.json").read_text(encoding="utf-8"))
    return content["analyze"], content["analyzeStack"]


def recordings() -> list[tuple[str, str]]:
    """All recordings: program and stage."""
    found = (path.name.split(".") for path in RECORDINGS.glob("*.json"))
    return sorted((name, stage) for name, stage, _ in found)


def recorded(name: str, stage: str) -> dict[str, Seen]:
    """What was recorded of the resources that the pack reads, by name."""
    analyze, stack = messages(name, stage)
    inputs = {request["name"]: request["properties"] for request in analyze}
    return {
        found["name"]: Seen(
            found["type"],
            inputs[found["name"]],
            found["properties"],
            {key: names(value["urns"]) for key, value in found.get("propertyDependencies", {}).items()},
        )
        for found in stack
        if found["type"] in aws_types.TYPES
    }


def names(urns: Any) -> frozenset[str]:
    """The names of resources."""
    return frozenset(urn.rpartition("::")[2] for urn in urns)


def differences(name: str, stage: str, shown: Mapping[str, Seen]) -> list[str]:
    """How what a stand-in shows differs from the recording otherwise than on purpose, or where it no longer does."""
    expected = recorded(name, stage)
    if {key: seen.type for key, seen in expected.items()} != {key: seen.type for key, seen in shown.items()}:
        return [f"resources {sorted(shown)}, recorded {sorted(expected)}"]
    found: list[str] = []
    for key, seen in expected.items():
        allowed = {
            path: False
            for difference in (*DIFFERENCES, *PROGRAMS[name].differences)
            if difference.type == seen.type and stage in difference.stages
            for path in difference.paths.split()
        }
        before, after = dict(_leaves(seen)), dict(_leaves(shown[key]))
        for path in sorted(before.keys() | after.keys()):
            recorded_as, shown_as = before.get(path, "absent"), after.get(path, "absent")
            if recorded_as == shown_as:
                continue
            reason = next((known for known in allowed if path == known or path.startswith(f"{known}.")), None)
            if reason is None:
                found.append(f"{key}: {path} is {shown_as}, recorded {recorded_as}")
            else:
                allowed[reason] = True
        found += [
            f"{key}: {path} is as recorded; the table says otherwise" for path, used in allowed.items() if not used
        ]
    return found


def _leaves(seen: Seen) -> Iterator[tuple[str, str]]:
    """Each property that is no object, by its path, in the form that is compared."""

    def walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
        if isinstance(value, Mapping) and value:
            for key, item in value.items():
                yield from walk(f"{path}.{key}", item)
        else:
            yield path, _form(value)

    # The bridge's own notes at the top are not passed on, and the code is not recorded.
    inputs = {key: value for key, value in seen.inputs.items() if key not in ("__defaults", "code")}
    yield from walk("inputs", inputs)
    yield from walk("outputs", {key: value for key, value in seen.outputs.items() if key != "code"})
    yield from ((f"dependencies.{key}", str(sorted(names))) for key, names in seen.depends_on.items())


def _form(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    # Protobuf knows one kind of number only.
    text = text.removesuffix(".0") if isinstance(value, float) else text
    for pattern, varying in _VARYING:
        text = re.sub(pattern, varying, text)
    return text
