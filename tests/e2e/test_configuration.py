"""Configuration through the real CLI: what it takes, what it refuses, and what it shows of exemptions."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from .engine import ROOT, Engine, Pack, Result
from .test_examples import found

pytestmark = pytest.mark.e2e

PROGRAM = ROOT / "examples" / "unguarded-inline-policy"
GUARD = "vpc-lambda-eni-guard"
NOTICES = "vpc-lambda-eni-notices"
EXEMPTION = {"match": "orders", "reason": "moves to another account in June"}


class Configured:
    """Previews of one program, with one configuration after another."""

    def __init__(self, engine: Engine, folder: Path, pack: Path) -> None:
        self._engine, self._file, self._pack = engine, folder / "config.json", pack

    def preview(self, config: dict[str, Any]) -> Result:
        self._file.write_text(json.dumps(config), encoding="utf-8")
        return self._engine.preview(PROGRAM, [Pack(self._pack, self._file)])


@pytest.fixture
def configured(engine: Engine, tmp_path: Path, pack: Pack) -> Configured:
    return Configured(engine, tmp_path, pack.folder)


def test_an_exemption_is_shown_once_and_stops_nothing(configured: Configured) -> None:
    everywhere = {"exemptions": [EXEMPTION]}
    names = ("lambda-role-eni-guard", "vpc-lambda-eni-read-only", GUARD)
    config = {
        **dict.fromkeys(names, everywhere),
        "vpc-lambda-eni-unverified": {**everywhere, "enforcementLevel": "mandatory"},
    }
    result = configured.preview(config).exited(0)
    (notice,) = result.violations
    assert (notice.policy, notice.enforcement) == (NOTICES, "advisory")
    assert "`orders` is exempt. Reason: moves to another account in June\n" in notice.message
    assert result.stdout.count(EXEMPTION["reason"]) == 1


def test_an_exemption_that_is_over_stops_again(configured: Configured) -> None:
    result = configured.preview({GUARD: {"exemptions": [{**EXEMPTION, "until": "2020-02-29"}]}}).exited(1)
    assert found(result.violations) == {(GUARD, "orders-eni"), (NOTICES, "unguarded-inline-policy-dev")}
    assert "ended on 2020-02-29" in result.stdout


def test_levels(configured: Configured) -> None:
    assert configured.preview({"all": "disabled"}).exited(0).violations == ()
    (advisory,) = configured.preview({"all": "mandatory", GUARD: "advisory"}).exited(0).violations
    assert (advisory.policy, advisory.enforcement) == (GUARD, "advisory")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({GUARD: {"exemptions": [{"match": "orders"}]}}, [GUARD, "exemptions.0", "reason is required"]),
        ({GUARD: {"exemptions": [{**EXEMPTION, "until": "June"}]}}, [GUARD, "exemptions.0.until", "pattern"]),
        ({GUARD: {"event_sources": "no"}}, [GUARD, "event_sources", "boolean"]),
        ({GUARD: "blocking"}, ["blocking", "enforcement level"]),
    ],
)
def test_the_cli_refuses_what_the_schema_refuses(
    configured: Configured, config: dict[str, Any], words: list[str]
) -> None:
    result = configured.preview(config)
    assert result.exit_code not in (0, None)
    assert result.changes == {}
    for word in words:
        assert word in result.stdout + result.stderr


def test_what_no_schema_refuses_is_one_violation_on_the_stack(configured: Configured) -> None:
    wrong = {"exemptions": [EXEMPTION, {**EXEMPTION, "until": "2026-02-30"}]}
    config = {GUARD: wrong, "lambda-role-eni-guard": {"exemption": [EXEMPTION]}}
    result = configured.preview(config).exited(1)
    (problem,) = (violation for violation in result.violations if violation.policy == GUARD)
    assert problem.enforcement == "mandatory"
    assert problem.urn.endswith("::unguarded-inline-policy-dev")
    assert "`exemptions[1].until` must be a day like 2026-12-31, not '2026-02-30'" in problem.message
    assert "lambda-role-eni-guard: `exemption` is not an option of this policy" in problem.message


def test_a_file_in_the_folder_of_the_pack_configures_it_and_what_is_given_wins(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    stage = runpy.run_path(str(ROOT / "scripts" / "publish.py"))["stage"]
    stage(folder)
    file, given = folder / "lambda-eni-guard.json", tmp_path / "given.json"

    def preview(content: str, config: dict[str, Any]) -> set[tuple[str, str]]:
        file.write_text(content, encoding="utf-8")
        given.write_text(json.dumps(config), encoding="utf-8")
        return {(v.policy, v.enforcement) for v in engine.preview(PROGRAM, [Pack(folder, given)]).violations}

    # An option alone leaves the policy its level.
    assert preview(json.dumps({GUARD: {"event_sources": False}}), {}) == {(GUARD, "mandatory")}
    assert preview(json.dumps({GUARD: {"exemptions": [EXEMPTION]}}), {}) == {(NOTICES, "advisory")}
    exempt = json.dumps({GUARD: {"enforcementLevel": "advisory", "exemptions": [EXEMPTION]}})
    assert preview(exempt, {GUARD: {"event_sources": False}}) == {(NOTICES, "advisory")}
    assert preview(exempt, {GUARD: {"exemptions": []}}) == {(GUARD, "advisory")}


def test_a_wrong_file_in_the_folder_of_the_pack_stops_and_is_named(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    runpy.run_path(str(ROOT / "scripts" / "publish.py"))["stage"](folder)
    (folder / "lambda-eni-guard.json").write_text("{", encoding="utf-8")
    result = engine.preview(PROGRAM, [Pack(folder)]).exited(1)
    assert found(result.violations) == {(GUARD, "orders-eni"), (GUARD, "unguarded-inline-policy-dev")}
    assert (
        "lambda-eni-guard.json in the folder of this policy pack, none of which is used: it is not JSON"
        in result.stdout
    )
