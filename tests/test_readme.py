"""README.md and docs/: each block is a file that a test runs, each command is run, each option is there.

Commands that take long, or need what is not here, are named with what runs them instead.
"""

from __future__ import annotations

import ast
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise, takewhile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
import yaml
from case_runner import CASES, stack_case

from policy.outside.lookup import Lookup
from policy.pack import settings
from policy.pack.policies import policies
from policy.pack.settings import read_settings
from policy.preview.config_file import LEVELS, PolicyInfo, load, reconcile
from policy.preview.run import preview
from policy.shared import names

ROOT: Final = Path(__file__).resolve().parent.parent
picture: Final = SimpleNamespace(**runpy.run_path(str(ROOT / "scripts" / "picture.py")))
publish: Final = SimpleNamespace(**runpy.run_path(str(ROOT / "scripts" / "publish.py")))
ADMINISTRATORS: Final = "docs/administrators.md"
POLICIES_PAGE: Final = names.POLICIES_PAGE
CONFIGURATION: Final = names.CONFIGURATION_PAGE
PAGES: Final = (
    "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", ADMINISTRATORS, POLICIES_PAGE, CONFIGURATION, "docs/limits.md",
    "docs/commands.md", "docs/testing.md", "docs/beyond-the-stack.md", "docs/survey.md",
)  # fmt: skip
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
    "python -m policy preview examples/half-right --policy-pack-config docs/configuration.json": 0,
    "python scripts/publish.py --stage build/pack": 0,
    "python -m policy judge tests/cases/exposed-readme-no-guard/policy.json --scp docs/eni-guard-scp.json": 1,
}
# Commands that something else runs: the file in which, and what it has to hold.
RUN_ELSEWHERE: Final = {
    "make test": (".ci/run", "make test"),
    "make check": (".ci/run", "make check"),
    "make slow": (".ci/run", "make slow"),
    "make e2e": (".ci/run", "make e2e"),
    "make data": ("tests/test_managed.py", "managed_policies.py"),
    "python scripts/picture.py": ("tests/test_readme.py", "picture.drawn(picture.printed())"),
    "cd examples/testing && python -m pytest": ("tests/test_example_tests.py", '"-m", "pytest"'),
    "pulumi preview --policy-pack path/to/lambda-eni-guard": ("tests/e2e/test_examples.py", "engine.preview("),
    "pulumi stack export --file state.json": ("tests/e2e/engine.py", '"stack", "export"'),
    "pulumi policy analyze --file state.json --policy-pack path/to/lambda-eni-guard": (
        "tests/e2e/engine.py", '"policy", "analyze"',
    ),
    "pulumi stack export --stack acme/roles/prod --file exports/roles.json": (
        "tests/e2e/engine.py", '"stack", "export"',
    ),
    "pulumi stack export --stack acme/shop/prod --file states/shop.prod.json": (
        "tests/e2e/engine.py", '"stack", "export"',
    ),
    "python -m policy survey states": ("tests/test_survey.py", "run(capsys, monkeypatch, str(states)"),
    "python -m policy survey states --write-baseline baseline.json": ("tests/test_survey.py", '"--write-baseline"'),
    "python -m policy survey states --baseline baseline.json": ("tests/test_survey.py", '"--baseline"'),
    "python -m policy survey states --shard 1/2 --fail-on never --output part-1.json.gz": (
        "tests/test_organization.py", '"--shard"',
    ),
    "python -m policy survey states --shard 2/2 --fail-on never --output part-2.json.gz": (
        "tests/test_organization.py", '"--shard"',
    ),
    "python -m policy survey --merge part-1.json.gz part-2.json.gz": ("tests/test_organization.py", '"--merge"'),
    "python -m policy preview functions --known-stacks exports": ("tests/test_two_stacks.py", '"known_stacks": ['),
    "python -m policy preview functions --known-roles account.json": ("tests/test_two_stacks.py", '"known_roles": ['),
    "aws iam get-account-authorization-details > account.json": (
        "tests/test_live.py", "get_account_authorization_details",
    ),
    "pip install -r requirements-lookup.txt": ("requirements-dev.txt", "-r requirements-lookup.txt"),
    "make publish ORG=acme LOOKUP=yes": ("tests/test_readme.py", "lookup=True"),
    "make publish ORG=acme": ("tests/e2e/test_publish.py", '"publish.py"'),
}  # fmt: skip
# Commands that need a full Pulumi installation, or a login, or that run a part of these tests; each was tried by hand.
BY_HAND: Final = {
    ".venv/bin/python -m pytest -q tests/test_conditions.py",
    ".venv/bin/python -m pytest -q tests/test_cases.py -k exposed-allow-one-address",
    ".venv/bin/python -m pytest -q tests/test_cases.py -k diagnosis",
    ".venv/bin/python -m pytest -q tests/test_aws_types.py tests/test_users.py",
    ". .venv/bin/activate",
    "pulumi install",
    "pulumi login",
    "mkdir states",
    "pulumi stack ls --all --fully-qualify-stack-names --json | jq -r '.[].name' | while read -r stack; do",
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
    """The sections of docs/policies.md about one policy each, by their heading."""
    found = re.split(r"(?m)^## (.+)$", _text(POLICIES_PAGE))
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
    """tests/test_cases.py runs the cases; here: that they say what the page says of them."""
    section = _sections()[policy]
    cases = re.findall(r"(?s)\*\*(Avoid|Prefer)\*\*((?:(?!\*\*).)*?)\(\.\./tests/cases/([\w-]+)/(\w+\.json)\)", section)
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
    (whole,), (beginning,) = _blocks("docs/testing.md", "python"), _blocks("README.md", "python")
    example = (ROOT / "examples" / "testing" / "tests" / "test_infra.py").read_text(encoding="utf-8")
    assert whole.text == example
    assert example.startswith(f"{beginning.text}\n\n")


def test_the_pytest_settings_shown_are_the_examples() -> None:
    (shown,) = _blocks("docs/testing.md", "toml")
    example = (ROOT / "examples" / "testing" / "pyproject.toml").read_text(encoding="utf-8")
    without_comments = "".join(line for line in example.splitlines(keepends=True) if not line.startswith("#"))
    assert shown.text == without_comments.replace("../..", "policy-packs/lambda-eni-guard")


# ---- the same document in four languages


@dataclass(frozen=True)
class Forms:
    """One document of docs/policies.md: as JSON, and as a resource of a program in each language."""

    case: str
    document: Any
    python: str
    typescript: str
    yaml: str


def _forms() -> list[Forms]:
    """The documents of docs/policies.md, each with the three blocks behind it."""
    blocks = list(_all_blocks(POLICIES_PAGE))
    found: list[Forms] = []
    for i, block in enumerate(blocks):
        if block.language == "json" and "/policy.json" in block.before:
            following = blocks[i + 1 : i + 4]
            assert [each.language for each in following] == ["python", "typescript", "yaml"], block.before
            case = re.findall(r"tests/cases/([\w-]+)/policy\.json", block.before)[-1]
            found.append(Forms(case, json.loads(block.text), *(each.text for each in following)))
    return found


FORMS: Final = _forms()


def test_every_document_is_shown_in_every_language() -> None:
    assert {forms.case for forms in FORMS} == {path.parent.name for path in CASES.glob("*-readme-*/policy.json")}
    assert len(_all_blocks(POLICIES_PAGE)) == 4 * len(FORMS) + len(list(CASES.glob("*-readme-*/config.json")))


@pytest.mark.parametrize("forms", FORMS, ids=lambda forms: forms.case)
def test_all_languages_show_the_same_document(forms: Forms) -> None:
    (call,) = (node.value for node in ast.parse(forms.python).body if isinstance(node, ast.Expr))
    assert isinstance(call, ast.Call)
    assert ast.unparse(call.func) == "aws.iam.RolePolicy"
    ((name,), given) = call.args, {keyword.arg: keyword.value for keyword in call.keywords}
    assert isinstance(name, ast.Constant)
    assert ast.unparse(given["role"]) == "role.name"
    dumps = given["policy"]
    assert isinstance(dumps, ast.Call)
    assert ast.unparse(dumps.func) == "json.dumps"
    assert ast.literal_eval(dumps.args[0]) == forms.document

    script = re.fullmatch(
        r'new aws\.iam\.RolePolicy\("(.+?)", {\n    role: role\.name,\n    policy: JSON\.stringify\((.+)\),\n}\);\n',
        forms.typescript,
        re.DOTALL,
    )
    assert script is not None
    assert script[1] == name.value
    # An object of TypeScript becomes JSON: its plain keys get quotes, and the last commas go.
    literal = re.sub(r",(\s*[}\]])", r"\1", re.sub(r"(?m)(^\s*|[{] )(\w+): ", r'\1"\2": ', script[2]))
    assert json.loads(literal) == forms.document

    assert yaml.safe_load(forms.yaml) == {
        name.value: {
            "type": "aws:iam:RolePolicy",
            "properties": {"role": "${role.name}", "policy": {"fn::toJSON": forms.document}},
        }
    }


_PROGRAM: Final = """
import json, pulumi_aws as aws
service = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = aws.iam.Role("role", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [service]}))
if BESIDE:
    managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    aws.iam.RolePolicyAttachment("managed", role=role.name, policy_arn=managed)
aws.lambda_.Function(
    "orders", name="orders", role=role.arn, runtime="python3.12", handler="index.handler", s3_bucket="code", s3_key="code",
    vpc_config={"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
)
"""


@pytest.mark.slow
@pytest.mark.parametrize("forms", FORMS, ids=lambda forms: forms.case)
def test_the_python_shown_is_judged_as_the_page_says(forms: Forms, tmp_path: Path) -> None:
    beside = "AWSLambdaVPCAccessExecutionRole" in (CASES / forms.case / "stack.yaml").read_text(encoding="utf-8")
    (tmp_path / "Pulumi.yaml").write_text("name: shown\nruntime: python\n", encoding="utf-8")
    program = f"BESIDE = {beside}\n{_PROGRAM}\n{forms.python}"
    (tmp_path / "__main__.py").write_text(program, encoding="utf-8")
    found = {violation.policy for violation in preview(tmp_path, first_preview=True).violations}
    (stage,) = stack_case(CASES / forms.case).stages
    assert found == {violation.policy for violation in stage.violations}


# ---- the links of violations, and the picture


def test_every_page_that_a_violation_leads_to_is_there_and_published() -> None:
    led = {names.page(policy.name) for policy in POLICIES} | {names.CONFIGURATION_PAGE}
    published = {path.relative_to(ROOT).as_posix() for path in publish.needed()}
    for page in led:
        file, _, anchor = page.partition("#")
        assert file in published
        assert not anchor or anchor in _anchors(ROOT / file)


def test_published_pages_lead_only_to_published_pages_or_say_where() -> None:
    """In the published pack there are no cases and no tests; README.md says so under its links."""
    published = {path.relative_to(ROOT).as_posix() for path in publish.needed()}
    for page in sorted(name for name in published if name.startswith("docs/") and name.endswith(".md")):
        for target in re.findall(r"\]\((?!https://)([^)#\s]+)", _text(page)):
            file = (ROOT / page).parent.joinpath(target).resolve().relative_to(ROOT).as_posix()
            assert file in published or file.startswith("tests/cases") or file == "docs/coverage.md", (page, target)


def test_the_repository_is_the_same_everywhere() -> None:
    website = yaml.safe_load(_text("PulumiPolicy.yaml")).get("website", "")
    assert website == names.REPOSITORY
    for policy in POLICIES:
        assert policy.url == (f"{names.REPOSITORY}/{names.page(policy.name)}" if names.REPOSITORY else names.AWS_PAGE)


def test_with_a_repository_the_links_lead_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "REPOSITORY", "https://code.example/acme/lambda-eni-guard/blob/main")
    link = "https://code.example/acme/lambda-eni-guard/blob/main/docs/policies.md#vpc-lambda-eni-guard"
    assert names.url(names.GUARD) == link
    assert names.more(names.page(names.GUARD)) == f"More: {link}"


def test_the_picture_shows_what_is_printed() -> None:
    renew = "run `python scripts/picture.py`"
    assert picture.PICTURE.read_text(encoding="utf-8") == picture.drawn(picture.printed()), renew


def test_the_version_is_the_same_everywhere() -> None:
    version = yaml.safe_load(_text("PulumiPolicy.yaml"))["version"]
    releases = re.findall(r"(?m)^## \[([\d.]+)\] - \d{4}-\d{2}-\d{2}$", _text("CHANGELOG.md"))
    assert releases[0] == version
    assert set(re.findall(r"lambda-eni-guard@v([\d.]+)", _text("README.md"))) == {version}


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
        for block, following in pairwise((*blocks, Block("", "", ""))):
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
    table = _text(CONFIGURATION).partition(f"{header}\n|---")[2].partition("\n")[2].partition("\n\n")[0]
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
    lookup = {f"lookup_{key}": value or () for key, value in asdict(Lookup()).items()}
    beyond = {
        "service_control_policies": (),
        "known_roles": (),
        "known_stacks": (),
        "known_roles_max_age": 7,
        "lookup": (),
        **lookup,
    }
    for option, who, kind, default, meaning in rows:
        name = option.strip("`")
        assert meant[who] == set(having[name]), name
        choices = " or ".join(f'"{choice}"' for choice in described[name].get("enum", ()))
        types = {"array": "list", "boolean": "true or false", "number": "number", "string": choices or "text"}
        given = described[name]["type"]
        assert kind == ('list, or "all"' if given == ["array", "string"] else types[given]), name
        assert described[name]["description"].startswith(meaning), name
        value = beyond[name] if name in beyond else getattr(defaults, name)
        shown = {
            "the six that Lambda needs": settings.KEPT_FROM_CODE,
            "none": "" if name == "exemption_tag" else (),
            "`true`": True,
            "`false`": False,
            "`7`": 7,
            "`10`": 10,
        }.get(default, default.strip('"'))
        assert value == shown, name


def test_the_keys_of_an_entry_are_those_of_the_schema() -> None:
    rows = {key.strip("`"): meaning for key, meaning in _rows("| Key | Meaning |")}
    assert rows == {key: schema["description"] for key, schema in settings._ENTRY.items()}


def test_every_room_is_in_the_architecture() -> None:
    named = set(re.findall(r"`policy/([\w/]+)/`", _text("ARCHITECTURE.md")))
    rooms = {path.parent.relative_to(ROOT / "policy").as_posix() for path in (ROOT / "policy").rglob("__init__.py")}
    assert named == rooms - {"."} | {"data"}


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_is_there(page: str) -> None:
    named = re.findall(r"`((?:[\w.]+/)*\w+\.(?:py|md|json|txt|yaml))`", _text(page))
    shared = {path.name for path in (ROOT / "policy" / "verdict").iterdir()} | {"removals.py", "users.py"}
    in_a_case = {"role.json", "expected.json", "stack.yaml"}
    missing = [
        name
        for name in named
        if not (ROOT / name).exists() and not (ROOT / "policy" / name).exists() and name not in shared | in_a_case
    ]
    assert len(named) > 10
    assert missing == []
    sources = (path for folder in ("policy", "scripts") for path in (ROOT / folder).rglob("*.py"))
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    names_in_code = set(re.findall(r"`(_\w+|[A-Z][a-z]+[A-Z]\w+|[A-Z_]{4,})`", _text(page))) - {"UNKNOWN", "VERDICT"}
    assert names_in_code
    assert {name for name in names_in_code if not re.search(rf"\b{name}\b", code)} == set()


def test_every_policy_is_in_the_tables_with_its_level() -> None:
    levels = {policy.name: policy.enforcement_level.value for policy in POLICIES}
    for page in ("README.md", POLICIES_PAGE):
        rows = re.findall(r"(?m)^\| \[([\w-]+)\]\([^)]*#([\w-]+)\) \| (\w+) \|", _text(page))
        assert {name: level for name, _, level in rows} == levels, page
        assert all(name == anchor for name, anchor, _ in rows), page


@pytest.mark.parametrize(("page", "lines"), [("README.md", 180), ("ARCHITECTURE.md", 70)])
def test_a_page_stays_short(page: str, lines: int) -> None:
    assert len(_text(page).splitlines()) <= lines


def test_a_pack_that_looks_roles_up_brings_boto3(tmp_path: Path) -> None:
    publish.stage(tmp_path / "plain")
    publish.stage(tmp_path / "lookup", lookup=True)
    plain, lookup = ((tmp_path / name / "requirements.txt").read_text(encoding="utf-8") for name in ("plain", "lookup"))
    assert "boto3" not in plain
    assert lookup.startswith(plain)
    assert re.search(r"(?m)^boto3>=", lookup)


def test_the_scp_of_the_page_is_the_file() -> None:
    page = [json.loads(block.text) for block in _blocks("docs/beyond-the-stack.md", "json")]
    assert json.loads(_text("docs/eni-guard-scp.json")) in page


@pytest.mark.parametrize("file", ["docs/advisory.json", "docs/mandatory.json", "docs/configuration.json"])
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


@pytest.mark.parametrize(
    "page", sorted({*PAGES, "CHANGELOG.md", *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))})
)
def test_links_lead_to_files_and_headings(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", _text(page)):
        if target.startswith("https://"):
            continue
        file, _, heading = target.partition("#")
        text = (ROOT / page).parent / file if file else ROOT / page
        assert text.exists(), target
        if heading:
            assert heading in _anchors(text), target


def _anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}
