"""Where the time of a call goes in the SDK: its own servicer, in this process, under the profiler, without gRPC."""

from __future__ import annotations

import cProfile
import os
import pstats
from unittest.mock import patch

from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import policy as sdk

from policy.pack.policies import policies

from .stack import PROJECT, STACK, messages

_RESOURCES = 1_000
# The functions of the SDK that stand for a step each, and the pack's own.
_STEPS = (
    ("_configure_runtime_settings", "runtime settings, set again for each call"),
    ("MessageToDict", "protobuf to dict"),
    ("deserialize_properties", "dict to dict without secrets and assets"),
    ("unknown_checking_proxy", "proxies for unknown values"),
    ("_get_resource_options", "resource options"),
)


def profile() -> str:
    """A table for each kind of call: the share of each step, and of the pack's callbacks."""
    servicer = sdk._PolicyAnalyzerServicer("bench", "0", policies(), sdk.EnforcementLevel.ADVISORY)
    made = messages(_RESOURCES)
    each = [analyzer_pb2.AnalyzeRequest.FromString(message) for message in made.resources]
    stack = analyzer_pb2.AnalyzeStackRequest.FromString(made.stack)
    environment = {"PULUMI_PROJECT": PROJECT, "PULUMI_STACK": STACK, "PULUMI_DRY_RUN": "true"}
    lines = [f"{'share of the SDK and the pack':48}{'Remediate':>12}{'Analyze':>12}{'AnalyzeStack':>14}"]
    columns = []
    with patch.dict(os.environ, environment):
        for method, requests in (
            (servicer.Remediate, each),
            (servicer.Analyze, each),
            (servicer.AnalyzeStack, [stack]),
        ):
            profiler = cProfile.Profile()
            profiler.enable()
            for request in requests:
                method(request, None)  # type: ignore[no-untyped-call]
            profiler.disable()
            columns.append(_shares(pstats.Stats(profiler)))
    for name, what in (*_STEPS, ("policies.py", "this pack's callbacks")):
        shown = "".join(f"{column.get(name, 0.0):>12.0%}" for column in columns)
        lines.append(f"{what:48}{shown}")
    return "\n".join(lines)


def _shares(stats: pstats.Stats) -> dict[str, float]:
    found: dict[str, float] = {}
    calls = stats.stats  # type: ignore[attr-defined]  # typeshed does not have it
    total = sum(own for _, _, own, _, _ in calls.values())
    for (file, _, name), (_, _, _, cumulative, callers) in calls.items():
        outside = not any(caller[2] == name for caller in callers)
        if any(name == step for step, _ in _STEPS) and (outside or name == "deserialize_properties"):
            found[name] = max(found.get(name, 0.0), cumulative / total)
        if file.endswith(os.path.join("pack", "policies.py")) and name in (
            "resource",
            "remediate",
            "validate",
            "notices",
        ):
            found["policies.py"] = found.get("policies.py", 0.0) + cumulative / total
    return found
