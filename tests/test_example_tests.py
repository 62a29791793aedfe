"""The helper for a team's own tests, and the example that shows it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from policy.preview.run import Preview, Violation
from policy.testing import assert_passes, assert_violates

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "testing"


def run_example(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs pytest in a folder, without what this pytest has set."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON"))}
    # Nothing is written beside the sources: no bytecode, no cache.
    return subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_the_example_passes_as_a_team_runs_it(tmp_path: Path) -> None:
    """In a repository of its own, with the pack in a folder of it, as docs/testing.md says."""
    shutil.copytree(EXAMPLE, tmp_path / "shop")
    settings = tmp_path / "shop" / "pyproject.toml"
    text = settings.read_text(encoding="utf-8")
    (tmp_path / "shop" / "policy-packs").mkdir()
    (tmp_path / "shop" / "policy-packs" / "lambda-eni-guard").symlink_to(ROOT, target_is_directory=True)
    settings.write_text(text.replace('"../.."', '"policy-packs/lambda-eni-guard"'), encoding="utf-8")
    done = run_example(tmp_path / "shop")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed, 1 xfailed" in done.stdout


def test_a_hole_fails_the_example_with_the_violation_and_its_fix(tmp_path: Path) -> None:
    folder = tmp_path / "testing"
    shutil.copytree(EXAMPLE, folder)
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("../..", str(ROOT)), encoding="utf-8")
    tests = folder / "tests" / "test_infra.py"
    head, marker, rest = tests.read_text(encoding="utf-8").partition("@pytest.mark.xfail")
    imports = head[: head.index("def test_")]
    tests.write_text(imports + rest[rest.index("\n") + 1 :], encoding="utf-8")
    assert marker
    done = run_example(folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"^E +AssertionError: stack prod must pass, and has 1 violation:$", done.stdout, re.MULTILINE)
    assert "- [mandatory] vpc-lambda-eni-guard on `reports-vpc-access`" in done.stdout
    assert "Fix: " in done.stdout
    # The team's line, not the helper's.
    assert "raise AssertionError" not in done.stdout


def found(*violations: Violation, notes: tuple[str, ...] = ()) -> Preview:
    """A preview that found this."""
    return Preview(violations, notes, (), (), "", "dev", "pack", "1.0.0", ".")


OPEN = Violation("guard", "mandatory", "urn:pulumi:dev::shop::aws:iam/role:Role::orders-role", "No.\nIt is open.")
UNKNOWN = Violation("unverified", "advisory", "urn:pulumi:dev::shop::aws:iam/role:Role::other-role", "Not certain.")


def test_nothing_found_passes() -> None:
    assert_passes(found())


def test_an_advisory_does_not_pass_unless_it_is_allowed() -> None:
    with pytest.raises(AssertionError, match=r"must pass, and has 1 violation:\n- .advisory. unverified on `other-"):
        assert_passes(found(UNKNOWN))
    assert_passes(found(UNKNOWN), allow=["unverified"])
    with pytest.raises(AssertionError, match=r"has 1 violation:\n- .mandatory. guard on `orders-role`\n    No"):
        assert_passes(found(UNKNOWN, OPEN), allow=["unverified"])


@pytest.mark.parametrize("resource", [None, "orders-role", OPEN.urn])
@pytest.mark.parametrize("says", [(), "open", ("No.", "open")])
def test_a_violation_is_found_and_given(resource: str | None, says: str | tuple[str, ...]) -> None:
    assert assert_violates(found(UNKNOWN, OPEN), "guard", resource, says=says) is OPEN


@pytest.mark.parametrize(
    ("policy", "resource", "says", "text"),
    [
        ("gard", None, (), "stack dev must violate gard, and does not. It has 2 violations:"),
        ("guard", "orders", (), "must violate guard on `orders`, and does not. It has 2 violations:"),
        ("guard", None, ("open", "shut"), "must violate guard that says 'open' and 'shut', and does not. It has"),
    ],
)
def test_a_missing_violation_is_told_with_what_there_is(
    policy: str, resource: str | None, says: tuple[str, ...], text: str
) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_violates(found(UNKNOWN, OPEN), policy, resource, says=says)
    assert text in str(caught.value)
    assert "- [mandatory] guard on `orders-role`\n    No.\n    It is open." in str(caught.value)


def test_where_nothing_was_found_the_notes_are_told() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_violates(found(notes=("getVpc is answered as unknown",)), "guard")
    assert str(caught.value).endswith("does not. It passes.\nnote: getVpc is answered as unknown")
