"""Roles in one stack and functions in another: judged as one stack is, however the roles come to be known."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from policy.preview.run import preview
from policy.shared.names import GUARD, STACK_POLICIES, UNVERIFIED
from tests.test_beyond import policy_state, role_state, state
from tests.test_live import ROLE as MOTO_ROLE
from tests.test_live import credentials, endpoint, iam, put
from tests.test_outside import DENY, GUARDED, OPEN, ROLE, details, role

PROGRAM: Final = f"""\
import pulumi_aws as aws

aws.lambda_.Function(
    "orders",
    role="{ROLE}",
    runtime="python3.13",
    handler="orders.handler",
    s3_bucket="code",
    s3_key="orders.zip",
    vpc_config={{"subnet_ids": ["subnet-0a1b2c3d4e5f60718"], "security_group_ids": ["sg-0a1b2c3d4e5f60718"]}},
)
"""

__all__ = ["credentials", "endpoint", "iam"]  # fixtures

Documents = Sequence[tuple[str, Any]]


@pytest.fixture
def functions(tmp_path: Path) -> Path:
    folder = tmp_path / "functions"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: functions\nruntime: python\n", encoding="utf-8")
    (folder / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    return folder


def account(folder: Path, documents: Documents) -> dict[str, Any]:
    path = folder / "account.json"
    used = {"LastUsedDate": "2999-01-01T00:00:00Z"}  # newer than any day on which this test runs
    path.write_text(json.dumps(details(role(dict(documents), RoleLastUsed=used))), encoding="utf-8")
    return {"known_roles": [path]}


def export(folder: Path, documents: Documents) -> dict[str, Any]:
    exports = folder / "exports"
    exports.mkdir(exist_ok=True)
    policies = [policy_state(document, name) for name, document in documents]
    (exports / "roles.json").write_text(json.dumps(state(role_state(), *policies)), encoding="utf-8")
    return {"known_stacks": [exports]}


@pytest.mark.parametrize(
    ("known", "documents", "expected"),
    [
        (account, [("eni", OPEN), ("guard", DENY)], set()),
        (export, [("eni", OPEN)], {GUARD}),
        pytest.param(account, [("eni", OPEN)], {GUARD}, marks=pytest.mark.slow),
        pytest.param(export, [("eni", GUARDED)], set(), marks=pytest.mark.slow),
        pytest.param(account, [("eni", GUARDED)], set(), marks=pytest.mark.slow),
        pytest.param(export, [("eni", OPEN), ("guard", DENY)], set(), marks=pytest.mark.slow),
    ],
)
def test_the_functions_are_judged_with_the_roles_of_the_other_stack(
    functions: Path, tmp_path: Path, known: Callable[[Path, Documents], Any], documents: Documents, expected: set[str]
) -> None:
    found = preview(functions, **known(tmp_path, documents)).violations
    assert {violation.policy for violation in found} == expected
    assert {violation.urn.rpartition("::")[2] for violation in found} == ({"orders"} if expected else set())


def test_the_role_can_be_looked_up(functions: Path, iam: Any, endpoint: str) -> None:
    put(iam, "eni", OPEN)
    options = {"lookup": "aws", "lookup_endpoint": endpoint, "lookup_timeout": 60}
    lookup = dict.fromkeys(STACK_POLICIES, options)
    program = functions / "__main__.py"
    program.write_text(PROGRAM.replace(ROLE, MOTO_ROLE), encoding="utf-8")
    (violation,) = preview(functions, policy_pack_config=lookup).violations
    assert violation.policy == GUARD
    assert "is known from AWS, looked up in this run" in violation.message
    put(iam, "guard", DENY)
    assert preview(functions, policy_pack_config=lookup).violations == ()


def test_without_them_it_is_said_how_they_can_be_known(functions: Path) -> None:
    (violation,) = preview(functions).violations
    assert violation.policy == UNVERIFIED
    assert "the option `known_stacks`" in violation.message
    assert "`known_roles`" in violation.message
    assert '`lookup: "aws"`' in violation.message


def test_they_add_to_what_is_configured(functions: Path, tmp_path: Path) -> None:
    known = account(tmp_path, [("eni", OPEN)])
    exempt = {GUARD: {"exemptions": [{"match": "orders", "reason": "known"}], "known_roles": [str(tmp_path / "none")]}}
    found = preview(functions, policy_pack_config=exempt, **known).violations
    assert GUARD not in {violation.policy for violation in found}
