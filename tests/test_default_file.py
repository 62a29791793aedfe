"""The configuration that is found without being named: in the folder of the pack, and beside a program that is previewed."""

from __future__ import annotations

import argparse
import json
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from pulumi_policy import EnforcementLevel

from policy.pack.default_file import NO_FILE, Configured, read_default_file
from policy.pack.policies import initial_config
from policy.preview.run import Preview, PreviewError, preview
from policy.shared.names import CONFIGURATION_FILE, GUARD, NOTICES, READ_ONLY, ROLE_GUARD, UNVERIFIED
from policy.survey import run as survey

ROOT: Final = Path(__file__).resolve().parent.parent
PROGRAM: Final = ROOT / "examples" / "unguarded-inline-policy"
PUBLISH: Final = SimpleNamespace(**runpy.run_path(str(ROOT / "scripts" / "publish.py")))
EXEMPTIONS: Final = [{"match": "orders", "reason": "OPS-1"}]
OTHER: Final = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy
one = ResourceValidationPolicy("one", "One.", lambda args, report: None, EnforcementLevel.ADVISORY)
PolicyPack("other", [one])
"""
POLICIES: Final = {ROLE_GUARD, GUARD, READ_ONLY, UNVERIFIED, NOTICES}


def written(folder: Path, content: object) -> Path:
    file = folder / CONFIGURATION_FILE
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


# ---- what the file says


def test_no_file_configures_nothing(tmp_path: Path) -> None:
    assert read_default_file(tmp_path) is NO_FILE
    assert initial_config(NO_FILE) is None


def test_an_empty_file_configures_nothing(tmp_path: Path) -> None:
    written(tmp_path, " \n")
    assert read_default_file(tmp_path) == NO_FILE


def test_levels_and_options_are_read(tmp_path: Path) -> None:
    written(tmp_path, {GUARD: {"enforcementLevel": "advisory", "event_sources": False}, NOTICES: "disabled"})
    found = read_default_file(tmp_path)
    assert found.problems == ()
    assert found.policies == {GUARD: Configured("advisory", {"event_sources": False}), NOTICES: Configured("disabled")}


def test_all_gives_a_level_to_those_without_their_own(tmp_path: Path) -> None:
    written(tmp_path, {"all": "remediate", GUARD: "disabled", READ_ONLY: {"actions": "all"}})
    policies = read_default_file(tmp_path).policies
    assert {name: found.level for name, found in policies.items()} == {
        **dict.fromkeys(POLICIES, "remediate"),
        GUARD: "disabled",
    }


def test_an_option_alone_leaves_a_policy_its_own_level(tmp_path: Path) -> None:
    written(tmp_path, {GUARD: {"event_sources": False}, READ_ONLY: {"event_sources": False}})
    assert initial_config(read_default_file(tmp_path)) == {
        GUARD: {"enforcementLevel": EnforcementLevel.MANDATORY, "event_sources": False},
        READ_ONLY: {"enforcementLevel": EnforcementLevel.ADVISORY, "event_sources": False},
    }


WRONG: Final[list[tuple[object, str]]] = [
    ("{", "it is not JSON: Expecting property name"),
    ("[" * 100_000, "it is not JSON: "),
    ([], "it must be a JSON object"),
    ("3", "it must be a JSON object"),
    ({"vpc-lambda-eni-gaurd": "advisory"}, "`vpc-lambda-eni-gaurd` is not a policy of this pack; there are "),
    ({"environments": ["acme/policies"]}, "`environments` is not a policy of this pack"),
    ({GUARD: "blocking"}, f"`{GUARD}` must have one of the levels"),
    ({GUARD: None}, f"`{GUARD}` must have one of the levels"),
    ({GUARD: ["advisory"]}, f"`{GUARD}` must have one of the levels"),
    ({GUARD: {"enforcementLevel": 3}}, f"`{GUARD}` must have one of the levels"),
    ({GUARD: {"exemption": []}}, f"`{GUARD}`: `exemption` is not an option of this policy"),
    ({GUARD: {"exemptions": "orders"}}, f"`{GUARD}`: `exemptions` must be a list, not 'orders'"),
    ({GUARD: {"exemption_tag": ""}}, f"`{GUARD}`: `exemption_tag` must be a text, not ''"),
    ({GUARD: {"lookup": None}}, f'`{GUARD}`: `lookup` must be "aws", not None'),
    ({NOTICES: {"exemptions": []}}, f"`{NOTICES}` has a level and no options"),
    ({"all": {"exemptions": []}}, "`all` has a level and no options"),
]


@pytest.mark.parametrize(("content", "problem"), WRONG, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_one_sentence_and_nothing_is_used(content: object, problem: str, tmp_path: Path) -> None:
    written(tmp_path, {**content, READ_ONLY: "disabled"} if isinstance(content, dict) else content)
    found = read_default_file(tmp_path)
    assert len(found.problems) == 1
    assert found.problems[0].startswith(problem)
    assert found.policies == {}


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / CONFIGURATION_FILE).mkdir()
    assert read_default_file(tmp_path).problems[0].startswith("it cannot be read: ")
    (tmp_path / CONFIGURATION_FILE).rmdir()
    (tmp_path / CONFIGURATION_FILE).write_bytes(b"\xff{}")
    assert read_default_file(tmp_path).problems == ("it cannot be read: it is not UTF-8",)


# ---- in the folder of the pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack as it is published, in a folder of its own."""
    folder = tmp_path_factory.mktemp("staged") / "pack"
    PUBLISH.stage(folder)
    return folder


def told(result: Preview) -> set[tuple[str, str]]:
    return {(violation.policy, violation.enforcement) for violation in result.violations}


def test_the_pack_is_configured_by_the_file_in_its_folder(pack: Path) -> None:
    written(pack, {GUARD: {"exemptions": EXEMPTIONS}})
    assert told(preview(PROGRAM, policy_pack=pack)) == {(NOTICES, "advisory")}


@pytest.mark.slow
def test_an_option_in_the_file_stops_no_policy_from_stopping(pack: Path) -> None:
    written(pack, {GUARD: {"event_sources": False}})
    assert told(preview(PROGRAM, policy_pack=pack)) == {(GUARD, "mandatory")}


@pytest.mark.slow
def test_what_is_given_wins_option_by_option(pack: Path) -> None:
    written(pack, {GUARD: {"enforcementLevel": "advisory", "exemptions": EXEMPTIONS}})
    given: dict[str, Any] = {GUARD: {"event_sources": False}}
    assert told(preview(PROGRAM, policy_pack=pack, policy_pack_config=given)) == {(NOTICES, "advisory")}
    given = {GUARD: {"exemptions": []}}
    assert told(preview(PROGRAM, policy_pack=pack, policy_pack_config=given)) == {(GUARD, "advisory")}
    given = {GUARD: {"enforcementLevel": "mandatory", "exemptions": []}}
    assert told(preview(PROGRAM, policy_pack=pack, policy_pack_config=given)) == {(GUARD, "mandatory")}


@pytest.mark.parametrize("content", ["{", {GUARD: {"exemptions": EXEMPTIONS, "exemption": 1}, "all": "disabled"}])
def test_a_wrong_file_is_a_violation_and_all_is_judged_without_it(content: object, pack: Path) -> None:
    written(pack, content)
    found = preview(PROGRAM, policy_pack=pack).violations
    assert {violation.urn.rpartition("::")[2] for violation in found} == {"orders-eni", "unguarded-inline-policy-dev"}
    (problem,) = (violation for violation in found if violation.urn.endswith("-dev"))
    assert (problem.policy, problem.enforcement) == (GUARD, "mandatory")
    assert f"\n{CONFIGURATION_FILE} in the folder of this policy pack, none of which is used: " in problem.message


@pytest.mark.slow
def test_a_wrong_file_is_told_on_a_stack_with_nothing_to_judge(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: empty\nruntime: python\n", encoding="utf-8")
    (tmp_path / "__main__.py").write_text("", encoding="utf-8")
    written(pack, "{")
    assert told(preview(tmp_path, policy_pack=pack)) == {(GUARD, "mandatory")}


@pytest.mark.slow
def test_what_is_wrong_is_told_where_the_policy_that_tells_it_is_off(pack: Path) -> None:
    written(pack, "{")
    (problem,) = preview(PROGRAM, policy_pack=pack, policy_pack_config={GUARD: "disabled"}).violations
    assert (problem.policy, problem.enforcement) == (NOTICES, "advisory")
    assert CONFIGURATION_FILE in problem.message


# ---- beside a program


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROGRAM, tmp_path / "program"))


def test_a_preview_is_configured_by_the_file_beside_the_program_and_says_so(program: Path) -> None:
    written(program, {GUARD: {"exemptions": EXEMPTIONS}})
    result = preview(program)
    assert told(result) == {(NOTICES, "advisory")}
    assert f"configured by {CONFIGURATION_FILE} beside the program" in result.notes[0]
    assert "--policy-pack-config" in result.notes[0]


@pytest.mark.slow
def test_a_configuration_that_is_given_takes_its_place(program: Path) -> None:
    written(program, {GUARD: {"exemptions": EXEMPTIONS}})
    result = preview(program, policy_pack_config={})
    assert told(result) == {(GUARD, "mandatory")}
    assert not any(CONFIGURATION_FILE in note for note in result.notes)


@pytest.mark.slow
def test_it_wins_over_the_file_in_the_folder_of_the_pack(program: Path, pack: Path) -> None:
    written(pack, {GUARD: "disabled"})
    written(program, {GUARD: "advisory"})
    assert told(preview(program, policy_pack=pack)) == {(GUARD, "advisory")}


def test_a_wrong_file_beside_a_program_is_one_sentence(program: Path) -> None:
    file = written(program, "{")
    with pytest.raises(PreviewError, match="is not JSON") as caught:
        preview(program)
    assert str(file) in str(caught.value)
    written(program, {GUARD: {"exemption": 1}})
    assert any("`exemption` is not an option" in found.message for found in preview(program).violations)


def test_it_is_none_for_another_pack(program: Path, tmp_path: Path) -> None:
    written(program, {GUARD: "disabled"})
    other = tmp_path / "other"
    other.mkdir()
    (other / "PulumiPolicy.yaml").write_text("name: other\nruntime: python\n", encoding="utf-8")
    (other / "__main__.py").write_text(OTHER, encoding="utf-8")
    result = preview(program, policy_pack=other)
    assert not any(CONFIGURATION_FILE in note for note in result.notes)


# ---- a survey, and a pack that is published


def surveyed(folder: Path, *more: str) -> int:
    parser = argparse.ArgumentParser()
    survey.configure_parser(parser)
    return survey.run(parser.parse_args([str(folder / "states"), *more]))


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the survey takes for that of the pack."""
    shutil.copy(ROOT / "PulumiPolicy.yaml", tmp_path)
    shutil.copytree(ROOT / "tests" / "states", tmp_path / "states")
    monkeypatch.setattr(survey, "_PACK_FILE", tmp_path / "PulumiPolicy.yaml")
    return tmp_path


def test_a_survey_is_configured_by_the_file_in_the_folder_of_the_pack(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert surveyed(copy) == 1
    written(copy, {"all": "advisory"})
    assert surveyed(copy, "--fail-on", "mandatory") != 1
    given = copy / "given.json"
    given.write_text(json.dumps({GUARD: "mandatory"}), encoding="utf-8")
    assert surveyed(copy, "--policy-pack-config", str(given)) == 1
    assert capsys.readouterr().err == ""


def test_a_survey_does_not_run_with_a_wrong_file(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(copy, "{")
    assert surveyed(copy) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"error: {CONFIGURATION_FILE} in the folder of this policy pack: it is not JSON")


def test_the_file_is_published_with_the_pack_unless_it_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / CONFIGURATION_FILE
    scope = PUBLISH.stage.__globals__
    assert scope["CONFIGURATION"] == ROOT / CONFIGURATION_FILE
    (tmp_path / "policy").mkdir()
    monkeypatch.setitem(scope, "CONFIGURATION", file)
    assert file not in PUBLISH.needed()
    written(tmp_path, {GUARD: "advisory"})
    assert file in PUBLISH.needed()
    written(tmp_path, "{")
    monkeypatch.setitem(scope, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="it is not JSON"):
        PUBLISH.stage(tmp_path / "out")
    assert not (tmp_path / "out").exists()
