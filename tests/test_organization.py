"""An organization of 200 stacks: every planted hole is found, and no other, whichever stacks it is spread over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from organization import STACKS, Planted, organization, write

from policy.__main__ import main
from policy.survey.many import survey_files
from policy.survey.ruled import rules
from policy.survey.survey import Survey, together
from policy.told.judging import Verdict

NOW = 1795795200.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("organization")
    assert sum(1 for _ in write(organization(), made)) == STACKS
    return made


@pytest.fixture(scope="module")
def survey(folder: Path) -> Survey:
    judged_by = rules({}, NOW)
    return together(survey_files([str(p) for p in sorted(folder.iterdir())], judged_by, 1, lambda _: None), judged_by)


def test_every_planted_hole_is_found_and_no_other(survey: Survey) -> None:
    found = {Planted(i.stack, i.resource, i.kind, tuple(sorted(i.functions))) for i in survey.items}
    planted = set(organization().planted)
    assert found - planted == set()
    assert planted - found == set()
    assert len(survey.items) == len(planted)
    assert survey.unread == ()


def test_a_stack_has_the_verdict_of_the_roles_that_its_functions_run_on(survey: Survey) -> None:
    verdicts = {stack.name: stack.told.verdict for stack in survey.stacks}
    assert all(verdicts[f"team-{i}/{stage}"] == Verdict.STOPPED for i in range(4) for stage in ("prod", "stage", "dev"))
    assert verdicts["platform/prod"] == Verdict.STOPPED
    assert verdicts["looking/dev"] == Verdict.WARNED
    assert verdicts["outside/dev"] == verdicts["secret/dev"] == Verdict.NOT_JUDGED
    assert verdicts["service-0/prod"] == Verdict.PASSES
    assert verdicts["service-2/dev"] == Verdict.NOTHING


def test_nothing_secret_is_passed_on(survey: Survey) -> None:
    team = next(stack for stack in survey.stacks if stack.name == "team-0/prod")
    assert all("environment" not in resource.props for resource in team.resources.resources)
    assert any(resource.props.get("vpcConfig") for resource in team.resources.resources)


def run(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    monkeypatch.setattr("sys.argv", ["policy", "survey", *args])
    return main()


def without_the_run(file: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    value.pop("part", None)
    return value


@pytest.mark.parametrize("number", [2, pytest.param(7, marks=pytest.mark.slow)])
def test_merged_parts_equal_the_whole(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)
    whole = tmp_path / "whole.json"
    # Every third file, which are of all kinds.
    given = [str(path) for path in sorted(folder.iterdir())[::3]]
    run(monkeypatch, *given, "--jobs", "1", "--output", str(whole))
    printed = capsys.readouterr().out
    parts = [str(tmp_path / f"part-{k}.json.gz") for k in range(1, number + 1)]
    for k, part in enumerate(parts, 1):
        run(monkeypatch, *given, "--jobs", "1", "--shard", f"{k}/{number}", "--output", part)
    capsys.readouterr()
    merged = tmp_path / "merged.json"
    # In whichever order they come.
    run(monkeypatch, "--merge", *reversed(parts), "--output", str(merged))
    assert capsys.readouterr().out == printed
    assert without_the_run(merged) == without_the_run(whole)


def test_parts_that_do_not_fit_get_one_sentence(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = [str(path) for path in sorted(folder.iterdir())[:4]]
    first, other = str(tmp_path / "1.json"), str(tmp_path / "2.json")
    run(monkeypatch, *few, "--shard", "1/2", "--output", first)
    run(monkeypatch, *few, "--shard", "1/3", "--output", other)
    fewer, older = str(tmp_path / "3.json"), str(tmp_path / "4.json")
    run(monkeypatch, *few[:3], "--shard", "2/2", "--output", fewer)
    made = json.loads(Path(first).read_text(encoding="utf-8"))
    del made["part"]["files"]
    Path(older).write_text(json.dumps(made), encoding="utf-8")
    (tmp_path / "config.json").write_text('{"all": "advisory"}', encoding="utf-8")
    capsys.readouterr()
    for args, told in (
        ([first], "of 2 parts these are missing: 2"),
        ([first, first], "are both part 1 of 2"),
        ([first, other], "is one of 3 parts, and the first file is one of 2"),
        ([first, fewer], "was made of 3 files, and the first part of 4: give all parts the same paths"),
        ([older], "is no JSON result of this version's `survey --shard`"),
        ([few[0]], "is no JSON result of `survey --shard`"),
        ([first, "--policy-pack-config", str(tmp_path / "config.json")], "was made with another configuration"),
        ([first, "--shard", "1/2"], "give one of them"),
    ):
        assert run(monkeypatch, "--merge", *args) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert told in captured.err
        assert captured.err.count("\n") == 1
