"""README.md and docs/: each block is a file that a test runs, each command is run, each option is there.

Commands that take long, or need what is not here, are named with what runs them instead.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from case_runner import CASES, stack_case

from policy.pack import settings
from policy.pack.policies import policies
from policy.pack.settings import read_settings
from policy.preview.config_file import LEVELS, PolicyInfo, load, reconcile

ROOT: Final = Path(__file__).resolve().parent.parent
ADMINISTRATORS: Final = "docs/administrators.md"
PAGES: Final = ("README.md", ADMINISTRATORS)
POLICIES: Final[tuple[Any, ...]] = tuple(policies())
PARTS: Final = ("**Avoid**", "**Prefer**", "**Why.**", "**Known limits.**", "**Fix safety.**")

# Commands that this module runs, with their exit status.
RUN_HERE: Final = {
    "make preview": 0,
    "python -m policy preview examples/half-right": 1,
    "python -m policy preview examples/unguarded-inline-policy --json": 1,
    "python -m policy preview examples/testing/infra --stack prod": 1,
    "python -m policy judge tests/cases/closed-readme-null-guard/policy.json": 0,
    "python -m policy preview examples/half-right --policy-pack-config docs/advisory.json": 0,
    "python scripts/publish.py --stage build/pack": 0,
}
# Commands that something else runs: the file in which, and what it has to hold.
RUN_ELSEWHERE: Final = {
    "make test": (".ci/run", "make test"),
    "cd examples/testing && python -m pytest": ("tests/test_example_tests.py", '"-m", "pytest"'),
    "pulumi preview --policy-pack path/to/lambda-eni-guard": ("tests/e2e/test_examples.py", "engine.preview("),
    "pulumi stack export --file state.json": ("tests/e2e/engine.py", '"stack", "export"'),
    "pulumi policy analyze --file state.json --policy-pack path/to/lambda-eni-guard": (
        "tests/e2e/engine.py", '"policy", "analyze"',
    ),
    "make publish ORG=acme": ("tests/e2e/test_publish.py", '"publish.py"'),
}  # fmt: skip
# Commands that need a full Pulumi installation, or a login; the first was tried in a fresh clone.
BY_HAND: Final = {
    ". .venv/bin/activate",
    "pulumi install",
    "pulumi login",
}
# Those that manage policy groups are read from the page and run by tests/e2e/test_publish.py.
RUN_BY_THE_PUBLISH_TEST: Final = re.compile(r"pulumi policy (ls|enable|disable) .*")


@cache
def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Block:
    """A code block, and the paragraph before it."""

    language: str
    before: str
    text: str


@cache
def _all_blocks(page: str) -> tuple[Block, ...]:
    found: list[Block] = []
    prose: list[str] = []
    language, inside = "", list[str]()
    for line in _text(page).splitlines():
        if not language:
            if line.startswith("```"):
                language, inside = line[3:], []
            else:
                prose.append(line)
        elif line == "```":
            before = "\n".join(prose).strip().rpartition("\n\n")[2]
            found.append(Block(language, before, "".join(f"{each}\n" for each in inside)))
            language, prose = "", []
        else:
            inside.append(line)
    return tuple(found)


def _blocks(page: str, language: str) -> list[Block]:
    return [block for block in _all_blocks(page) if block.language == language]


def _commands(page: str) -> list[str]:
    return [line[2:] for block in _blocks(page, "console") for line in block.text.splitlines() if line.startswith("$ ")]


def _sections() -> dict[str, str]:
    """The sections of README.md about one policy each, by their heading."""
    part = _text("README.md").partition("\n## The policies\n")[2].partition("\n## ")[0]
    found = re.split(r"(?m)^### (.+)$", part)
    return dict(zip(found[1::2], found[2::2], strict=True))


# ---- blocks


@pytest.mark.parametrize("page", PAGES)
def test_every_json_block_is_a_file(page: str) -> None:
    for block in _blocks(page, "json"):
        links = re.findall(r"\]\(([\w./-]+\.json)\)", block.before)
        assert links, f"no link to a file before\n{block.text}"
        file = (ROOT / page).parent / links[-1]
        assert file.read_text(encoding="utf-8") == block.text, file


def test_every_policy_has_a_section_with_all_parts() -> None:
    assert set(_sections()) == {policy.name for policy in POLICIES}
    for name, text in _sections().items():
        places = [text.find(part) for part in PARTS]
        assert -1 not in places, (name, [part for part, place in zip(PARTS, places, strict=True) if place < 0])
        assert places == sorted(places), name
        level = next(policy.enforcement_level.value for policy in POLICIES if policy.name == name)
        assert text.strip().startswith(level.capitalize()), name


@pytest.mark.parametrize("policy", [policy.name for policy in POLICIES])
def test_what_to_avoid_violates_and_what_to_prefer_does_not(policy: str) -> None:
    """tests/test_cases.py runs the cases; here: that they say what README.md says of them."""
    section = _sections()[policy]
    cases = re.findall(r"(?s)\*\*(Avoid|Prefer)\*\*((?:(?!\*\*).)*?)\(tests/cases/([\w-]+)/(\w+\.json)\)", section)
    assert len(cases) == section.count("```json")
    for verb, text, folder, file in cases:
        case = stack_case(CASES / folder)
        (stage,) = case.stages
        violated = {violation.policy for violation in stage.violations}
        if policy == "vpc-lambda-eni-notices":
            assert violated == {policy}
            assert case.config == json.loads((CASES / folder / file).read_text(encoding="utf-8"))
            continue
        assert violated == ({policy} if verb == "Avoid" else set()), folder
        source = (CASES / folder / "stack.yaml").read_text(encoding="utf-8")
        assert f"!file {file}" in source
        beside = "AWSLambdaVPCAccessExecutionRole" in source
        assert ("beside an AWS managed policy" in " ".join(text.split())) == beside, folder


def test_the_test_shown_is_the_example() -> None:
    (shown,) = _blocks("README.md", "python")
    assert shown.text == (ROOT / "examples" / "testing" / "tests" / "test_infra.py").read_text(encoding="utf-8")


def test_the_pytest_settings_shown_are_the_examples() -> None:
    (shown,) = _blocks("README.md", "toml")
    example = (ROOT / "examples" / "testing" / "pyproject.toml").read_text(encoding="utf-8")
    without_comments = "".join(line for line in example.splitlines(keepends=True) if not line.startswith("#"))
    assert shown.text == without_comments.replace("../..", "policy-packs/lambda-eni-guard")


# ---- CI


@pytest.mark.slow
@pytest.mark.parametrize("block", _blocks(ADMINISTRATORS, "yaml"), ids=["github", "gitlab"])
def test_the_ci_job_runs_as_it_is_written(block: Block, tmp_path: Path) -> None:
    """Its last command, in a repository laid out as the page says; the installation is left out."""
    (tmp_path / "policy-packs").mkdir()
    (tmp_path / "policy-packs" / "lambda-eni-guard").symlink_to(ROOT, target_is_directory=True)
    shutil.copytree(ROOT / "examples" / "testing" / "infra", tmp_path / "infra")
    job: Any = yaml.safe_load(block.text)
    if "jobs" in job:
        step = job["jobs"]["preview"]["steps"][-1]
        command, variables = step["run"], step["env"]
    else:
        command, variables = job["eni-guard"]["script"][-1], job["eni-guard"]["variables"]
    assert command == "python -m policy preview infra --stack prod"
    done = _run(command, tmp_path, {"PYTHONPATH": variables["PYTHONPATH"]})
    assert done.returncode == 1, done.stderr
    assert "vpc-lambda-eni-guard  (aws:iam:RolePolicyAttachment: reports-vpc-access)" in done.stdout


def _run(command: str, folder: Path, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command with this Python first on PATH, and nothing that this pytest or a make around it has set."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON", "MAKE", "PULUMI"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**kept, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **(variables or {})}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)


# ---- commands


def test_every_command_is_run_by_something() -> None:
    found = {command for page in PAGES for command in _commands(page)}
    found = {command for command in found if not RUN_BY_THE_PUBLISH_TEST.fullmatch(command)}
    assert found == {*RUN_HERE, *RUN_ELSEWHERE, *BY_HAND}


@pytest.mark.parametrize("command", RUN_ELSEWHERE)
def test_the_command_is_run_elsewhere(command: str) -> None:
    file, words = RUN_ELSEWHERE[command]
    assert words in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("command", RUN_HERE)
def test_the_command_shows_what_the_page_shows(command: str, tmp_path: Path) -> None:
    run = command
    if command.startswith("make "):
        if shutil.which("make") is None:
            pytest.skip("there is no make")
        # With this environment as it is, instead of one in the repository.
        run += f" --no-print-directory VENV={sys.prefix} -o {sys.prefix}/examples"
    run = run.replace("build/pack", str(tmp_path / "pack"))
    done = _run(run, ROOT)
    assert done.returncode == RUN_HERE[command], done.stdout + done.stderr
    shown = _shown_after(command)
    printed = done.stdout.splitlines()
    for line in shown:
        # `…` stands for what is left out of a line. Every line that is shown is there, in this order.
        pattern = ".*".join(map(re.escape, line.rstrip().split("…")))
        while printed and not re.fullmatch(pattern, printed[0].rstrip()):
            printed.pop(0)
        assert printed, f"{line}\nis not in\n{done.stdout}"


def _shown_after(command: str) -> list[str]:
    """What a page shows as the output: the lines after the command; for `make preview`, the next block."""
    for page in PAGES:
        blocks = _all_blocks(page)
        for block, following in zip(blocks, [*blocks[1:], Block("", "", "")], strict=True):
            lines = block.text.splitlines()
            if block.language != "console" or f"$ {command}" not in lines:
                continue
            if command == "make preview":
                assert following.language == "text"
                return [line for line in following.text.splitlines() if line]
            rest = lines[lines.index(f"$ {command}") + 1 :]
            return list(takewhile(lambda line: not line.startswith("$ "), rest))
    raise AssertionError(command)


# ---- tables


def _rows(header: str) -> list[list[str]]:
    table = _text("README.md").partition(f"{header}\n|---")[2].partition("\n")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]


def test_the_options_are_those_of_the_policies() -> None:
    having: dict[str, list[str]] = {}
    described: dict[str, Any] = {}
    for policy in POLICIES:
        for name, schema in (policy.config_schema.properties if policy.config_schema else {}).items():
            having.setdefault(name, []).append(policy.name)
            described[name] = schema
    stack = {name for name in (policy.name for policy in POLICIES) if name.startswith("vpc-")}
    meant = {
        "all but `vpc-lambda-eni-notices`": {policy.name for policy in POLICIES} - {"vpc-lambda-eni-notices"},
        "the stack policies but `vpc-lambda-eni-notices`": stack - {"vpc-lambda-eni-notices"},
        "`lambda-role-eni-guard`": {"lambda-role-eni-guard"},
    }
    rows = _rows("| Option | Policies | Type | Default | Meaning |")
    assert {row[0].strip("`") for row in rows} == set(having)
    defaults = settings.DEFAULTS
    for option, who, kind, default, meaning in rows:
        name = option.strip("`")
        assert meant[who] == set(having[name]), name
        assert (
            kind
            == {"array": "list", "boolean": "true or false", "string": '"do not guard" or "may guard"'}[
                described[name]["type"]
            ]
        )
        assert described[name]["description"].startswith(meaning), name
        value = getattr(defaults, name)
        shown = {"the six above": settings.KEPT_FROM_CODE, "none": (), "`true`": True, "`false`": False}.get(
            default, default.strip('"')
        )
        assert value == shown, name


def test_the_keys_of_an_entry_are_those_of_the_schema() -> None:
    rows = {key.strip("`"): meaning for key, meaning in _rows("| Key | Meaning |")}
    assert rows == {key: schema["description"] for key, schema in settings._ENTRY.items()}


def test_the_rooms_are_those_of_the_package() -> None:
    named = set(re.findall(r"`([\w/]+)/`", _text("README.md").partition("| Room in")[2].partition("\n\n")[0]))
    rooms = {path.parent.relative_to(ROOT / "policy").as_posix() for path in (ROOT / "policy").rglob("__init__.py")}
    assert named - {"policy"} == rooms - {"."} | {"data"}


@pytest.mark.parametrize("file", ["docs/advisory.json", "docs/mandatory.json"])
def test_the_configurations_shown_are_taken(file: str) -> None:
    infos = [
        PolicyInfo(
            policy.name,
            policy.enforcement_level.value,
            dict(policy.config_schema.properties) if policy.config_schema else {},
        )
        for policy in POLICIES
    ]
    for policy in POLICIES:
        settled = reconcile(infos, {}, load(ROOT / file))[policy.name]
        assert settled.level in LEVELS
        known = policy.config_schema.properties if policy.config_schema else {}
        assert read_settings(settled.properties, known).problems == ()


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", _text(page)):
        if target.startswith("https://"):
            continue
        file, _, heading = target.partition("#")
        text = (ROOT / page).parent / file if file else ROOT / page
        assert text.exists(), target
        if heading:
            headings = re.findall(r"(?m)^#+ (.+)$", text.read_text(encoding="utf-8"))
            assert heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}, target
