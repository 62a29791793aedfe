"""Roles looked up in AWS: moto's server stands for it, on this machine."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from typing import Any, Final

import boto3
import pytest
from moto.server import ThreadedMotoServer

from policy.outside.account import AccountDetails
from policy.outside.completing import with_records
from policy.outside.live import Live
from policy.outside.lookup import Lookup
from policy.shared import aws_types
from policy.verdict.outcomes import Exposed, Unverified
from tests.test_outside import DENY, GUARDED, OPEN, TRUST, function, judged

# moto's account.
ACCOUNT: Final = "123456789012"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/team/orders-role"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-key")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def iam(endpoint: str) -> Any:
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).read()
    client = boto3.client("iam", endpoint_url=endpoint, region_name="us-east-1")
    client.create_role(RoleName="orders-role", Path="/team/", AssumeRolePolicyDocument=json.dumps(TRUST))
    return client


def put(iam: Any, name: str, document: Any) -> None:
    iam.put_role_policy(RoleName="orders-role", PolicyName=name, PolicyDocument=json.dumps(document))


def test_an_open_role_is_a_hole_and_a_guarded_one_is_none(iam: Any, endpoint: str) -> None:
    put(iam, "eni", OPEN)
    stack = with_records([function(ROLE)], Live(Lookup(endpoint=endpoint)))
    assert judged(stack) == [Exposed]
    (role, *_) = (resource for resource in stack if resource.type == aws_types.NATIVE_ROLE)
    assert role.recorded is not None
    assert role.recorded.source == "AWS, looked up in this run"
    assert role.recorded.as_of is not None
    put(iam, "guard", DENY)
    assert judged(with_records([function(ROLE)], Live(Lookup(endpoint=endpoint)))) == []


def test_managed_policies_the_boundary_and_tags(iam: Any, endpoint: str) -> None:
    arn = iam.create_policy(PolicyName="eni", PolicyDocument=json.dumps(GUARDED))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(OPEN), SetAsDefault=True)
    iam.attach_role_policy(RoleName="orders-role", PolicyArn=arn)
    assert judged(with_records([function(ROLE)], Live(Lookup(endpoint=endpoint)))) == [Exposed]
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=json.dumps(GUARDED))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="orders-role", PermissionsBoundary=limit)
    iam.tag_role(RoleName="orders-role", Tags=[{"Key": "Team", "Value": "blue"}])
    stack = with_records([function(ROLE)], Live(Lookup(endpoint=endpoint)))
    assert judged(stack) == []
    role = next(resource for resource in stack if resource.type == aws_types.NATIVE_ROLE)
    assert role.props["tags"] == [{"key": "Team", "value": "blue"}]


def test_the_details_of_the_account_say_the_same(iam: Any, endpoint: str, tmp_path: Any) -> None:
    """What the AWS CLI writes is this answer as JSON."""
    put(iam, "eni", OPEN)
    attached = iam.create_policy(PolicyName="more", PolicyDocument=json.dumps(GUARDED))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="orders-role", PolicyArn=attached)
    for document, expected in ((OPEN, [Exposed]), (GUARDED, [])):
        put(iam, "eni", document)
        details = iam.get_account_authorization_details()
        path = tmp_path / "account.json"
        path.write_text(json.dumps(details, default=lambda date: date.isoformat()), encoding="utf-8")
        recorded, live = AccountDetails(path), Live(Lookup(endpoint=endpoint))
        assert judged(with_records([function(ROLE)], recorded)) == expected
        assert judged(with_records([function(ROLE)], live)) == expected
        of_file, of_aws = (next(iter(known.find([ROLE]).values())) for known in (recorded, live))
        assert [r.arn for r in of_file] == [r.arn for r in of_aws]


def test_each_role_is_looked_up_once(iam: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(iam, "eni", OPEN)
    live = Live(Lookup(endpoint=endpoint))
    first = live.find([ROLE, ROLE + "-2"])
    monkeypatch.setattr(live, "_look", lambda *_: pytest.fail("asked again"))
    assert live.find([ROLE, ROLE + "-2"]) == first
    assert first.keys() == {ROLE}


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        (ROLE + "-2", "could not be looked up in AWS: NoSuchEntity for GetRole"),
        (ROLE.replace("/team", ""), "could not be looked up in AWS: a role of that name has another path"),
        (
            ROLE.replace(ACCOUNT, "999999999999"),
            "could not be looked up in AWS: it is in account 999999999999, and the credentials are of another one",
        ),
        ("arn:aws:iam", "could not be looked up in AWS: IndexError"),
    ],
)
@pytest.mark.usefixtures("iam")
def test_why_a_role_is_not_found(endpoint: str, role: str, reason: str) -> None:
    live = Live(Lookup(endpoint=endpoint))
    assert live.find([role, ROLE]).keys() == {ROLE}
    assert live.why_not(role) == [reason]
    assert live.why_not(ROLE) == []


def unverified_because(live: Live) -> str:
    assert judged(with_records([function(ROLE)], live)) == [Unverified]
    (reason,) = live.why_not(ROLE)
    assert "secret" not in reason
    return reason


def test_without_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    reason = unverified_because(Live(Lookup()))
    assert reason == "could not be looked up in AWS: boto3 is not installed (see requirements-lookup.txt)"


def test_without_credentials(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    reason = unverified_because(Live(Lookup(endpoint=endpoint)))
    assert reason == "could not be looked up in AWS: NoCredentialsError"


def test_a_profile_that_is_not_there(endpoint: str) -> None:
    reason = unverified_because(Live(Lookup(endpoint=endpoint, profile="nobody")))
    assert reason == "could not be looked up in AWS: ProfileNotFound"


def test_a_role_is_assumed_first(iam: Any, endpoint: str) -> None:
    put(iam, "eni", OPEN)
    reader = f"arn:aws:iam::{ACCOUNT}:role/reader"
    assert judged(with_records([function(ROLE)], Live(Lookup(endpoint=endpoint, role=reader)))) == [Exposed]


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling"])
def test_a_refused_call_is_told_by_its_code_alone(
    iam: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

    put(iam, "eni", OPEN)
    real = BaseClient._make_api_call

    def refused(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "GetRolePolicy":
            raise ClientError({"Error": {"Code": code, "Message": "User very-secret-key is not"}}, operation)
        return real(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", refused)
    reason = unverified_because(Live(Lookup(endpoint=endpoint)))
    assert reason == f"could not be looked up in AWS: {code} for GetRolePolicy"


def test_nobody_waits_longer_than_the_timeout() -> None:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        live = Live(Lookup(timeout=0.5, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}"))
        assert unverified_because(live) == "could not be looked up in AWS within 0.5 seconds"
        # Nothing is left of the time, so the next role does not wait at all.
        assert live.find([ROLE + "-2"]) == {}
        assert live.why_not(ROLE + "-2") == ["could not be looked up in AWS within 0.5 seconds"]


def test_nothing_is_imported_before_the_first_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    live = Live(Lookup())
    assert with_records([function(42)], live)
    assert live.why_not(ROLE) == []
