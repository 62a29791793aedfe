"""The GitHub action, the GitLab job and the pre-commit hook: their shell lines are run as they stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).resolve().parent.parent
BASH: Final = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]


def environment(**more: str) -> dict[str, str]:
    bin_ = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", **more}


def action() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return found


def with_inputs(text: str, inputs: dict[str, str]) -> str:
    """The expressions of GitHub Actions filled in."""
    given = {name: spec.get("default", "") for name, spec in action()["inputs"].items()} | inputs
    return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda match: str(given[match[1]]), text)


def run_action(folder: Path, **inputs: str) -> tuple[int, str, dict[str, str]]:
    """Run the steps of the action with shell lines; gives the status, what they print, and the outputs."""
    files = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    base = environment(**files, RUNNER_TEMP=str(folder), GITHUB_ACTION_PATH=str(ROOT))
    for name in files.values():
        Path(name).touch()
    printed, status = "", 0
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    for step in action()["runs"]["steps"]:
        if "run" in step:
            assert "${{" not in step["run"], "an expression in a script is filled in by text, and may hold a command"
            env = base | {name: with_inputs(text, given) for name, text in step.get("env", {}).items()}
            done = subprocess.run([*BASH, step["run"]], cwd=ROOT, env=env, capture_output=True, text=True)
            printed, status = printed + done.stdout, status or done.returncode
            assert "Traceback" not in done.stderr
    outputs = dict(line.split("=", 1) for line in Path(files["GITHUB_OUTPUT"]).read_text().splitlines())
    return status, printed, outputs


@pytest.mark.slow
def test_the_action_annotates_sums_up_and_writes_sarif(tmp_path: Path) -> None:
    programs = "examples/unguarded-inline-policy\n\nexamples/guarded-deny-statement\n"
    status, printed, outputs = run_action(tmp_path, programs=programs)
    assert status == 1
    assert "::error file=examples/unguarded-inline-policy/__main__.py,line=" in printed
    files = sorted(Path(outputs["sarif"]).iterdir())
    assert [file.name for file in files] == ["1.sarif", "2.sarif"]
    first, second = (json.loads(file.read_text())["runs"][0] for file in files)
    assert len(first["results"]) == 1
    assert second["results"] == []
    # Code scanning takes one run of each category.
    assert first["automationDetails"]["id"] != second["automationDetails"]["id"]
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.count("## Preview of stack dev") == 2
    assert "orders-eni" in summary


@pytest.mark.slow
def test_the_action_takes_a_configuration_and_a_name_is_no_command(tmp_path: Path) -> None:
    config = {"programs": "examples/unguarded-inline-policy", "policy_pack_config": "docs/advisory.json"}
    assert run_action(tmp_path, **config)[0] == 0
    evil = f"$(touch {tmp_path}/evil); `touch {tmp_path}/evil`"
    assert run_action(tmp_path, programs=evil, stack=evil)[0] == 2
    assert not (tmp_path / "evil").exists()


@pytest.mark.slow
def test_the_job_of_gitlab_writes_what_gitlab_reads(tmp_path: Path) -> None:
    job = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text(encoding="utf-8"))[".lambda-eni-guard"]
    folder = tmp_path / "infra"
    folder.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        (folder / name).write_bytes((ROOT / "examples" / "unguarded-inline-policy" / name).read_bytes())
    (folder / "requirements.txt").write_text("pulumi\n", encoding="utf-8")
    env = environment(**{**job["variables"], "ENI_GUARD": str(ROOT)})
    install, preview = job["script"]
    assert subprocess.run([*BASH, install], cwd=tmp_path, env=env, capture_output=True).returncode == 0
    assert subprocess.run([*BASH, preview], cwd=tmp_path, env=env, capture_output=True).returncode == 1
    reports = job["artifacts"]["reports"]
    (issue,) = json.loads((tmp_path / reports["codequality"]).read_text())
    assert issue["location"]["path"] == "infra/__main__.py"
    assert len(ET.parse(tmp_path / reports["junit"]).findall(".//failure")) == 1


@pytest.mark.parametrize(
    ("files", "status"),
    [
        pytest.param(
            ["examples/unguarded-inline-policy/__main__.py", "examples/unguarded-inline-policy/Pulumi.yaml"],
            1,
            marks=pytest.mark.slow,
        ),
        (["examples/guarded-deny-statement/__main__.py"], 0),
        (["README.md", "policy/__main__.py"], 0),
    ],
)
def test_the_hook_previews_the_programs_of_what_changes(files: list[str], status: int) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    command = [str(ROOT / hook["entry"]), *files]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    assert done.stdout.count("Previewing stack") == (0 if files[0] == "README.md" else 1)
