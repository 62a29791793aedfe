"""The process that the engine runs: what `__main__.py` sets up before it serves the policies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_RUN = """
import gc, inspect, json, runpy
import pulumi_policy
from pulumi.runtime import Settings

worked_out = inspect.signature(Settings)
served = []
pulumi_policy.PolicyPack = lambda **given: served.append(given)
runpy.run_path("__main__.py")
found = inspect.signature(Settings)
print(json.dumps({
    "kept": found is inspect.signature(Settings),
    "same": found == worked_out,
    "thresholds": gc.get_threshold(),
    "frozen": gc.get_freeze_count() > 0,
    "policies": [policy.name for given in served for policy in given["policies"]],
}))
"""


def test_what_the_sdk_repeats_at_each_call_is_done_once() -> None:
    run = subprocess.run([sys.executable, "-c", _RUN], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    assert found.pop("policies")
    assert found == {"kept": True, "same": True, "thresholds": [100_000, 50, 50], "frozen": True}
