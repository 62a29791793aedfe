"""A representative of each way in which permissions reach the code of a function, in the real engine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from policy.preview.run import preview
from policy.shared import aws_types
from policy.shared.names import STACK_POLICIES

from .engine import E2E, Engine, Pack
from .test_examples import GUARD, UNVERIFIED, comparable, found

pytestmark = pytest.mark.e2e

SHAPES, SPELLINGS = E2E / "programs" / "shapes", E2E / "programs" / "spellings"
SPLIT_IAM, SPLIT_FUNCTIONS = E2E / "programs" / "split-iam", E2E / "programs" / "split-functions"
OPEN_ARN, GUARDED_ARN = (f"arn:aws:iam::123456789012:role/split-{name}" for name in ("open", "guarded"))


def test_every_shape_is_seen_and_nobody_else_is_blamed(engine: Engine, pack: Pack, advisory_pack: Pack) -> None:
    holes = (
        "native-eni",
        "mixed-eni",
        "reverse-managed",
        "poller-eni",
        "canary-eni",
        "attached-policy",
        "component-eni",
    )
    expected = frozenset((GUARD, name) for name in holes)
    previewed = engine.preview(SHAPES, [pack]).exited(1)
    assert found(previewed.violations) == expected
    component = next(v for v in previewed.violations if v.urn.endswith("::component-eni"))
    assert "functions `component-0` and `component-1`" in component.message
    assert "canary `canary`" in next(v for v in previewed.violations if v.urn.endswith("::canary-eni")).message

    assert found(engine.up(SHAPES, [advisory_pack]).exited(0).violations) == expected
    engine.refresh(SHAPES).exited(0)
    assert found(engine.analyze(engine.export(SHAPES), [pack]).exited(1).violations) == expected


def test_roles_and_functions_in_two_stacks(engine: Engine, pack: Pack, advisory_pack: Pack) -> None:
    assert found(engine.preview(SPLIT_IAM, [pack]).exited(1).violations) == {(GUARD, "open-eni")}
    engine.up(SPLIT_IAM, [advisory_pack]).exited(0)
    for command in (engine.preview, engine.up):
        violations = command(SPLIT_FUNCTIONS, [pack]).exited(0).violations
        assert {(v.policy, v.enforcement) for v in violations} == {(UNVERIFIED, "advisory")}
        told = "\n".join(v.message for v in violations)
        for name in ("by-reference", "by-data-source", "by-arn", "by-get"):
            assert f"`{name}`" in told
        assert OPEN_ARN in told
        assert GUARDED_ARN in told
        assert "Run this policy pack on the stack that makes the role" in told


def account_details(state: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The roles of a deployed stack as `aws iam get-account-authorization-details` tells them."""
    roles = [
        {
            "Arn": role["outputs"]["arn"],
            "RoleName": role["outputs"]["name"],
            "AssumeRolePolicyDocument": json.loads(role["outputs"]["assumeRolePolicy"]),
            "RoleLastUsed": {"LastUsedDate": datetime.now(timezone.utc).isoformat()},
            "RolePolicyList": [
                {"PolicyName": policy["outputs"]["name"], "PolicyDocument": json.loads(policy["outputs"]["policy"])}
                for policy in state.values()
                if policy["type"] == aws_types.ROLE_POLICY and policy["outputs"]["role"] == role["outputs"]["name"]
            ],
        }
        for role in state.values()
        if role["type"] == aws_types.ROLE
    ]
    return {"RoleDetailList": roles, "Policies": []}


@pytest.fixture
def aws(engine: Engine) -> Iterator[str]:
    """The address of a server that stands for AWS, which the pack has credentials for. Its account is the programs'."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with engine.with_environment(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing"):
        yield f"http://{host}:{port}"
    server.stop()


def put_into_aws(address: str, details: dict[str, Any]) -> None:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    iam = boto3.client("iam", endpoint_url=address, **keys)
    for role in details["RoleDetailList"]:
        trust = json.dumps(role["AssumeRolePolicyDocument"])
        iam.create_role(RoleName=role["RoleName"], AssumeRolePolicyDocument=trust)
        for policy in role["RolePolicyList"]:
            text = json.dumps(policy["PolicyDocument"])
            iam.put_role_policy(RoleName=role["RoleName"], PolicyName=policy["PolicyName"], PolicyDocument=text)


def test_two_stacks_are_judged_as_one_where_the_roles_are_on_record(
    engine: Engine, pack: Pack, advisory_pack: Pack, tmp_path: Path, aws: str
) -> None:
    engine.up(SPLIT_IAM, [advisory_pack]).exited(0)
    put_into_aws(aws, account_details(engine.state(SPLIT_IAM)))
    details = tmp_path / "account.json"
    details.write_text(json.dumps(account_details(engine.state(SPLIT_IAM))), encoding="utf-8")
    known: list[dict[str, Any]] = [{"known_stacks": [str(engine.export(SPLIT_IAM))]}, {"known_roles": [str(details)]}]
    for options in (*known, {"lookup": "aws", "lookup_endpoint": aws, "lookup_timeout": 60}):
        config = tmp_path / "config.json"
        config.write_text(json.dumps(dict.fromkeys(STACK_POLICIES, options)), encoding="utf-8")
        violations = engine.preview(SPLIT_FUNCTIONS, [Pack(pack.folder, config)]).exited(1).violations
        assert {violation.policy for violation in violations} == {GUARD}
        told = "\n".join(violation.message for violation in violations)
        assert {name for name in ("by-reference", "by-data-source", "by-get", "by-arn") if f"`{name}`" in told} == {
            "by-reference", "by-data-source", "by-get",
        }  # fmt: skip
        assert "change it where it is made" in told


def test_every_way_of_writing_it_is_read(engine: Engine, pack: Pack, advisory_pack: Pack) -> None:
    """What is known only after the update is judged then: the second word of those functions' names."""
    previewed = engine.preview(SPELLINGS, [pack]).exited(1)
    assert comparable(previewed.violations) == comparable(preview(SPELLINGS, first_preview=True).violations)
    assert "can't run policy" not in previewed.stdout

    deployed = engine.up(SPELLINGS, [advisory_pack]).exited(0)
    assert {violation.policy for violation in deployed.violations} == {GUARD}
    told = {
        name
        for violation in deployed.violations
        for name in re.findall(r"`([a-z0-9-]+)`", violation.message.split("\n")[1])
    }
    assert {"later-open-apply", "later-open-format", "open-dict", "open-crowd-2", "open-transformed"} <= told
    assert not any(name.startswith(("closed", "later-closed")) for name in told)
