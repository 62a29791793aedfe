"""The table of what uses a role: a kind that is new is a row, with its words, its cases and its line in the docs."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest
from case_runner import CASES

from policy.iam.truth import UNKNOWN, Truth
from policy.shared import aws_types
from policy.shared.aws_types import TYPES
from policy.stack.execution_role import Needs, User, UserKind
from policy.stack.inventory import Stack
from policy.stack.resources import Resource
from policy.stack.users import ROWS, Row, users
from policy.verdict import words
from scripts import role_properties

COVERAGE = (Path(__file__).resolve().parent.parent / "docs" / "coverage.md").read_text(encoding="utf-8")


def used_by(row: Row) -> User:
    top, _, inner = row.role.partition(".")
    props = {top: {inner: "role"} if inner else "role", "vpcConfig": {"subnetIds": ["subnet-1"]}}
    ((user, path),) = users(Stack([Resource(f"urn:pulumi:s::p::{row.type}::it", row.type, props)]), event_sources=True)
    assert path == row.role
    return user


@pytest.mark.parametrize("kind", UserKind)
def test_every_kind_has_its_words(kind: UserKind) -> None:
    its = words.WORDS[kind]
    assert its.one in its.one_of_them
    assert its.one_of_them.split()[0] in ("a", "an")
    assert its.role.endswith(" role")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.type)
def test_every_row_is_seen_and_said(row: Row) -> None:
    assert row.type in TYPES
    user = used_by(row)
    assert user.kind is row.kind
    assert words.users([user]) == f"{words.WORDS[row.kind].one} `it`"
    assert f"`{row.type.rpartition(':')[2]}.{row.role}`" in COVERAGE
    assert any(f"type: {row.type}\n" in path.read_text(encoding="utf-8") for path in CASES.glob("*/stack.yaml"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.type)
def test_code_is_judged_and_a_service_is_not(row: Row) -> None:
    user, known = used_by(row), row.kind.value
    assert (user.judged is Truth.YES) is known.runs_code
    assert (user.needs_vpc is Truth.YES) is (known.needs is not Needs.NEVER)


@pytest.mark.parametrize("row", [row for row in ROWS if row.optional], ids=lambda row: row.type)
def test_a_role_that_is_left_out_is_none(row: Row) -> None:
    assert not list(users(Stack([Resource("urn:pulumi:s::p::t::it", row.type, {})]), event_sources=True))


@pytest.mark.parametrize(
    ("config", "managed"),
    [
        (UNKNOWN, Truth.UNKNOWN),
        ({"lambdaManagedInstancesCapacityProviderConfig": UNKNOWN}, Truth.YES),
        ({}, Truth.NO),
        ([], Truth.NO),
        (None, Truth.NO),
    ],
)
def test_a_function_on_a_capacity_provider(config: object, managed: Truth) -> None:
    function = Resource("urn:pulumi:s::p::t::f", aws_types.FUNCTION, {"role": "r", "capacityProviderConfig": config})
    ((user, _),) = users(Stack([function]), event_sources=True)
    assert user.judged is managed
    assert (user.kind is UserKind.MANAGED_INSTANCES) is (managed is not Truth.NO)
    assert (user.gap is not None) is (managed is Truth.UNKNOWN)


@pytest.mark.slow
def test_no_role_of_lambdas_services_in_the_sdks_is_without_a_row() -> None:
    """The installed SDKs say which there are: with an older one, some of the rows' types are not there yet."""
    found = [item for item in role_properties.role_properties() if item.service in role_properties.LAMBDA_SERVICES]
    assert len(found) >= 4
    assert [item for item in found if item.verdict != "judged"] == []
    new_enough = tuple(map(int, metadata.version("pulumi_aws").split(".")[:2])) >= (7, 51)
    if new_enough and tuple(map(int, metadata.version("pulumi_aws_native").split(".")[:2])) >= (1, 84):
        assert {(item.type, item.path) for item in found} == {(row.type, row.role) for row in ROWS}


def test_users_of_several_kinds_are_named_by_kind() -> None:
    found = [used_by(row) for row in ROWS if row.type in (aws_types.FUNCTION, aws_types.MICROVM, aws_types.CANARY)]
    assert words.users(found) == "function `it`, canary `it` and MicroVM `it`"
    assert words.kinds(found) == "a function in a VPC, a canary in a VPC and a MicroVM"
    assert words.their_role(found) == "their execution role"
