"""Roles on record: read from an account's details, and judged with a stack that uses them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from policy.iam.search.actions import KEPT_FROM_CODE
from policy.iam.truth import UNKNOWN
from policy.outside import files
from policy.outside.account import AccountDetails
from policy.outside.completing import with_records
from policy.outside.records import Found, Record, Several, as_resources
from policy.shared import aws_types
from policy.stack.links import link
from policy.stack.resources import Resource
from policy.verdict.exposure import judge_role
from policy.verdict.outcomes import Exposed, Question, Unverified

ACCOUNT: Final = "111122223333"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/team/orders-role"
POLICY: Final = f"arn:aws:iam::{ACCOUNT}:policy/eni"
VPC_ACCESS: Final = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
KEY: Final = "lambda:SourceFunctionArn"
NOW: Final = Decimal(1_790_000_000)


def document(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": list(KEPT_FROM_CODE), "Resource": "*", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


OPEN: Final = document()
GUARDED: Final = document(Condition={"Null": {KEY: "true"}})
DENY: Final = document("Deny", Condition={"Null": {KEY: "false"}})


def role(inline: dict[str, Any] | None = None, attached: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    return {
        "Path": "/team/",
        "RoleName": "orders-role",
        "Arn": ROLE,
        "CreateDate": "2024-01-02T03:04:05+00:00",
        "AssumeRolePolicyDocument": TRUST,
        "RolePolicyList": [{"PolicyName": n, "PolicyDocument": d} for n, d in (inline or {}).items()],
        "AttachedManagedPolicies": [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in attached],
        **more,
    }


def customer(versions: dict[str, Any], default: str = "v1", arn: str = POLICY) -> dict[str, Any]:
    return {
        "Arn": arn,
        "DefaultVersionId": default,
        "PolicyVersionList": [
            {"VersionId": name, "Document": text, "IsDefaultVersion": name == default}
            for name, text in versions.items()
        ],
    }


def details(*roles: dict[str, Any], policies: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": list(roles), "Policies": list(policies)}


def function(arn: object = ROLE, **more: Any) -> Resource:
    props = {"role": arn, "vpcConfig": {"subnetIds": ["subnet-1"]}, "name": "orders"}
    props["arn"] = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:orders"
    urn = f"urn:pulumi:dev::shop::{aws_types.FUNCTION}::orders"
    return Resource(urn, aws_types.FUNCTION, {**props, **more})


def in_stack(kind: str, label: str, **props: Any) -> Resource:
    return Resource(f"urn:pulumi:dev::shop::{kind}::{label}", kind, props, inputs=props)


def directory(tmp_path: Path, *outputs: Any, as_of: datetime | None = None) -> AccountDetails:
    path = tmp_path / "account.json"
    path.write_text("\n".join(map(json.dumps, outputs)), encoding="utf-8")
    return AccountDetails(path, as_of)


def judged(stack: Sequence[Resource]) -> list[type]:
    found = [o for e in link(stack) for o in judge_role(e, Question(KEPT_FROM_CODE, NOW))]
    return sorted({type(o) for o in found}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize(
    ("inline", "attached", "policies", "expected"),
    [
        ({"eni": OPEN}, [], [], [Exposed]),
        ({"eni": json.dumps(OPEN)}, [], [], [Exposed]),
        ({"eni": quote(json.dumps(OPEN))}, [], [], [Exposed]),
        ({"eni": GUARDED}, [], [], []),
        ({"eni": OPEN, "guard": DENY}, [], [], []),
        ({}, [VPC_ACCESS], [], [Exposed]),
        ({"guard": DENY}, [VPC_ACCESS], [], []),
        ({}, [POLICY], [customer({"v1": OPEN})], [Exposed]),
        ({}, [POLICY], [customer({"v1": OPEN, "v2": GUARDED}, "v2")], []),
        ({}, [POLICY], [customer({"v1": GUARDED, "v2": OPEN}, "v2")], [Exposed]),
        ({}, [POLICY], [], [Unverified]),  # a page that is missing
        ({"eni": OPEN}, [POLICY], [], [Unverified]),  # which may deny
        ({"eni": "{not JSON"}, [], [], [Unverified]),
    ],
)
def test_a_role_on_record_is_judged_as_one_of_the_stack(
    tmp_path: Path, inline: dict[str, Any], attached: list[str], policies: list[Any], expected: list[type]
) -> None:
    known = directory(tmp_path, details(role(inline, attached), policies=policies))
    stack = with_records([function()], known)
    assert judged(stack) == expected
    (execution,) = link(stack)
    assert execution.role is not None
    assert execution.role_arn == ROLE
    assert [user.resource.name for user in execution.users] == ["orders"]


def test_what_is_not_on_record_stays_elsewhere(tmp_path: Path) -> None:
    known = directory(tmp_path, details(role({"eni": OPEN})))
    other = function(ROLE.replace("orders", "billing"))
    assert with_records([other], known) == (other,)
    assert known.why_not(other.props["role"]) == ["is not in the account details in account.json"]
    assert known.why_not(ROLE) == []
    assert judged(with_records([other], known)) == [Unverified]
    assert judged(with_records([function(UNKNOWN)], known)) == [Unverified]


def test_a_boundary_and_tags_come_with_the_role(tmp_path: Path) -> None:
    limit = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": POLICY}
    tags = [{"Key": "Team", "Value": "blue"}]
    open_role = role({"eni": OPEN}, PermissionsBoundary=limit, Tags=tags)
    s3 = customer(
        {"v1": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}}
    )
    known = directory(tmp_path, details(open_role, policies=[s3]))
    stack = with_records([function()], known)
    (execution,) = link(stack)
    assert execution.boundary is not None
    assert execution.role_tags == {"Team": "blue"}
    assert judged(stack) == []


def test_pages_and_accounts_of_one_file(tmp_path: Path) -> None:
    other = ROLE.replace(ACCOUNT, "444455556666")
    pages = [
        details(role({}, [POLICY])),
        [details(), details({**role({"eni": GUARDED}), "Arn": other})],
        details(policies=[customer({"v1": OPEN})]),
    ]
    known = directory(tmp_path, *pages)
    assert judged(with_records([function()], known)) == [Exposed]
    assert judged(with_records([function(other)], known)) == []
    both = with_records(
        [function(), in_stack(aws_types.FUNCTION, "b", role=other, vpcConfig={"subnetIds": ["s"]})], known
    )
    assert len({r.urn for r in both}) == len(both)
    assert judged(both) == [Exposed]


def test_a_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "account.json.gz"
    path.write_bytes(gzip.compress(json.dumps(details(role({"eni": OPEN}))).encode()))
    assert judged(with_records([function()], AccountDetails(path))) == [Exposed]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no output of"),
        (b"{}", "holds no output of"),
        (b"[1, null, []]", "holds no output of"),
        (b'{"RoleDetailList": [', "not JSON: "),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"RoleDetailList": ' + b"9" * 5000 + b"}", "a number too long"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (gzip.compress(b"{}")[:-9], "cut off"),
        (gzip.compress(b" " * (9 * 1024**2)), "more than 8 MB"),
    ],
    ids=range(9),  # not the bytes: gzip puts the time into them
)
def test_a_file_that_cannot_be_read_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, says: str
) -> None:
    monkeypatch.setattr(files, "LARGEST", 8 * 1024**2)
    path = tmp_path / "account\x1b.json"
    path.write_bytes(content)
    known = AccountDetails(path)
    assert known.find([ROLE]) == {}
    (problem,) = known.why_not(ROLE)
    assert says in problem
    assert problem.startswith("could not be looked up in account\\x1b.json: ")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    known = AccountDetails(tmp_path / "none.json")
    assert known.find([ROLE]) == {}
    assert known.why_not(ROLE) == ["could not be looked up in none.json: No such file or directory"]


@pytest.mark.parametrize(
    "broken",
    [
        {"RoleDetailList": [None, 1, {}, {"Arn": 5}, {"Arn": ROLE}], "Policies": "x"},
        {"RoleDetailList": [{"Arn": ROLE, "RolePolicyList": {"a": 1}, "AttachedManagedPolicies": [5, {}], "Tags": 7}]},
        {"RoleDetailList": [role({"eni": 7}, PermissionsBoundary=[])], "Policies": [{"Arn": POLICY}]},
        {"RoleDetailList": [role({}, [POLICY])], "Policies": [{"Arn": POLICY, "PolicyVersionList": [None]}]},
        {"RoleDetailList": [{**role(), "AssumeRolePolicyDocument": 3}]},
    ],
)
def test_wrong_types_raise_nothing(tmp_path: Path, broken: Any) -> None:
    known = directory(tmp_path, broken)
    assert set(judged(with_records([function()], known))) <= {Unverified}


def test_the_newest_date_in_a_file_is_its_date(tmp_path: Path) -> None:
    used = {"LastUsedDate": "2026-10-01T10:00:00Z", "Region": "eu-central-1"}
    known = directory(tmp_path, details(role({"eni": OPEN}, RoleLastUsed=used)))
    (found, *_) = known.find([ROLE])[ROLE]
    assert found.recorded is not None
    assert found.recorded.as_of == datetime(2026, 10, 1, 10, tzinfo=timezone.utc)
    assert found.recorded.source == "the account details in account.json"
    told = datetime(2026, 11, 1, tzinfo=timezone.utc)
    (found, *_) = directory(tmp_path, details(role()), as_of=told).find([ROLE])[ROLE]
    assert found.recorded is not None
    assert found.recorded.as_of == told
    (found, *_) = directory(tmp_path, details({**role(), "CreateDate": "soon"})).find([ROLE])[ROLE]
    assert found.recorded is not None
    assert found.recorded.as_of is None


# ---- beside what the stack has


def native_role(**props: Any) -> Resource:
    return in_stack(
        aws_types.NATIVE_ROLE, "r", arn=ROLE, roleName="orders-role", assumeRolePolicyDocument=TRUST, **props
    )


def test_what_a_stack_declares_wins_over_the_record(tmp_path: Path) -> None:
    known = directory(tmp_path, details(role({"eni": OPEN})))
    declared = native_role(policies=[{"policyName": "eni", "policyDocument": GUARDED}], managedPolicyArns=[])
    assert judged(with_records([function(), declared], known)) == []


def test_what_only_the_record_has_may_be_on_a_role_of_the_stack(tmp_path: Path) -> None:
    classic = in_stack(aws_types.ROLE, "r", arn=ROLE, name="orders-role", assumeRolePolicy=json.dumps(TRUST))
    assert judged([function(), classic]) == []
    known = directory(tmp_path, details(role({"eni": OPEN})))
    assert judged(with_records([function(), classic], known)) == [Unverified]
    known = directory(tmp_path, details(role({}, [VPC_ACCESS])))
    assert judged(with_records([function(), classic], known)) == [Unverified]
    policy = {"role": "orders-role", "name": "eni", "policy": json.dumps(GUARDED)}
    written = in_stack(aws_types.ROLE_POLICY, "p", **policy)
    known = directory(tmp_path, details(role({"eni": OPEN})))
    assert judged(with_records([function(), classic, written], known)) == []


def read_role() -> Resource:
    props = {"arn": ROLE, "name": "orders-role", "assumeRolePolicy": UNKNOWN, "inlinePolicies": UNKNOWN}
    urn = f"urn:pulumi:dev::shop::{aws_types.ROLE}::r"
    return Resource(urn, aws_types.ROLE, {**props, "managedPolicyArns": UNKNOWN}, managed=False)


def test_a_role_that_the_stack_only_reads_is_known_by_the_record(tmp_path: Path) -> None:
    assert judged([function(), read_role()]) == [Unverified]
    for inline, expected in (({"eni": OPEN}, [Exposed]), ({"eni": GUARDED}, []), ({}, [])):
        known = directory(tmp_path, details(role(inline)))
        assert judged(with_records([function(), read_role()], known)) == expected


def test_what_the_stack_puts_on_a_role_on_record_is_judged_with_it(tmp_path: Path) -> None:
    added = in_stack(aws_types.ROLE_POLICY, "p", role="orders-role", name="guard", policy=json.dumps(DENY))
    known = directory(tmp_path, details(role({"eni": OPEN})))
    assert judged(with_records([function(), added], known)) == []
    opened = in_stack(aws_types.ROLE_POLICY, "p", role="orders-role", name="more", policy=json.dumps(OPEN))
    known = directory(tmp_path, details(role({"eni": GUARDED})))
    assert judged(with_records([function(), opened], known)) == [Exposed]
    # The same name: what the stack writes takes the place of what is on record.
    mended = in_stack(aws_types.ROLE_POLICY, "p", role="orders-role", name="eni", policy=json.dumps(GUARDED))
    known = directory(tmp_path, details(role({"eni": OPEN})))
    assert judged(with_records([function(), mended], known)) == []


def test_a_policy_of_the_stack_wins_over_the_one_on_record(tmp_path: Path) -> None:
    own = in_stack(aws_types.POLICY, "p", arn=POLICY, name="eni", policy=json.dumps(GUARDED))
    known = directory(tmp_path, details(role({}, [POLICY]), policies=[customer({"v1": OPEN})]))
    assert judged(with_records([function()], known)) == [Exposed]
    assert judged(with_records([function(), own], known)) == []


def test_the_first_directory_that_has_a_role_answers() -> None:
    class One:
        def __init__(self, inline: dict[str, Any], problem: str) -> None:
            self._record = Record(ROLE, TRUST, inline, (), "here", NOW_AS_DATE)
            self._problem = problem

        def find(self, roles: Sequence[str]) -> Found:
            return {arn: as_resources(self._record) for arn in roles if arn == ROLE and self._record.documents}

        def why_not(self, role: str) -> Sequence[str]:
            return [f"{role.rpartition('/')[2]} {self._problem}"]

    several = Several([One({}, "a"), One({"eni": OPEN}, "b"), One({"eni": GUARDED}, "c")])
    assert judged(with_records([function()], several)) == [Exposed]
    assert several.why_not(ROLE) == ["orders-role a", "orders-role b", "orders-role c"]


NOW_AS_DATE: Final = datetime(2026, 11, 27, tzinfo=timezone.utc) - timedelta(days=1)
