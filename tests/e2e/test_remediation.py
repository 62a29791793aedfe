"""With the pack at level `remediate` the engine deploys guarded documents, and stops what cannot be guarded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .engine import E2E, Engine, Pack, Violation

pytestmark = pytest.mark.e2e

PROGRAM = E2E / "programs" / "remediation"
GUARD = "vpc-lambda-eni-guard"
ROLE_GUARD = "lambda-role-eni-guard"
NULL = {"Null": {"lambda:SourceFunctionArn": "true"}}


@pytest.fixture
def remediating(tmp_path: Path, pack: Pack) -> Pack:
    config = {ROLE_GUARD: {"enforcementLevel": "remediate", "remediate_standalone": True}}
    file = tmp_path / "remediate.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    return Pack(pack.folder, file)


def statements(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return found


def mandatory(violations: tuple[Violation, ...]) -> dict[str, str]:
    """What stops the deployment: the message by the name of the resource."""
    return {v.urn.rpartition("::")[2]: v.message for v in violations if v.enforcement == "mandatory"}


def test_guarded_documents_are_deployed(engine: Engine, pack: Pack, remediating: Pack) -> None:
    stopped = engine.preview(PROGRAM, [pack]).exited(1)
    # One document of the role `classic` is unknown before the update. It names a log group, and excuses nothing.
    assert mandatory(stopped.violations).keys() == {"attached-eni", "classic", "native"}

    deployed = engine.up(PROGRAM, [remediating]).exited(0)
    assert deployed.violations == ()
    assert f"[remediate]  {ROLE_GUARD}" in deployed.stdout
    state = engine.state(PROGRAM)
    eni, later = (policy["policy"] for policy in state["classic"]["inputs"]["inlinePolicies"])
    assert [s.get("Sid") for s in statements(eni)] == ["Eni", "EniEni"]
    assert [s.get("Condition") for s in statements(eni)] == [None, NULL]
    assert statements(eni)[0]["Action"] == "xray:PutTraceSegments"
    assert eni.startswith('{\n  "Version"'), "laid out as it was written"
    assert [s.get("Condition") for s in statements(later)] == [None, NULL]
    assert statements(later)[0]["Resource"].startswith("arn:aws:logs:")
    allowed, denied = statements(state["attached-eni"]["inputs"]["policy"])
    assert allowed == {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Null": {"lambda:SourceFunctionArn": "false"}})
    (native,) = state["native"]["inputs"]["policies"]
    assert [s["Condition"] for s in native["policyDocument"]["Statement"]] == [NULL]
    assert statements(state["attached-eni"]["outputs"]["policy"]) == [allowed, denied]

    again = engine.preview(PROGRAM, [remediating]).exited(0)
    assert again.violations == ()
    assert again.changes.keys() == {"same"}
    # What is deployed is guarded to whoever looks at it.
    assert engine.analyze(engine.export(PROGRAM), [pack]).exited(0).violations == ()


def test_what_is_refused_stays_mandatory_with_its_reason(engine: Engine, remediating: Pack) -> None:
    result = engine.up(PROGRAM, [remediating], options=["--config", "remediation:refused=true"]).exited(1)
    told = mandatory(result.violations)
    assert told.keys() == {"secret-eni", "managed-vpc-access"}
    assert "Not remediated: it is a secret." in told["secret-eni"]
    assert "Not remediated: AWS owns the policy." in told["managed-vpc-access"]
    assert "Not remediated: it is a secret." in result.stdout
    assert engine.state(PROGRAM) == {}
