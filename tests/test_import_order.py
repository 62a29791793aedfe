"""The one-way flow: a room of policy/ imports only rooms below it, and a module in it only modules that stand before it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = ROOT / "policy"


class Room(NamedTuple):
    """A folder of policy/: the rooms that it may import, and its modules, each after those that it imports."""

    below: tuple[str, ...]
    modules: tuple[str, ...]


# A new module is put where it belongs.
ROOMS: Final = {
    "shared": Room((), ("names", "aws_types", "terraform_types", "escapes", "streams", "stand_ins", "rules", "partitions")),
    "iam": Room(
        ("shared",),
        (
            "api_shapes", "truth", "matching", "conditions", "elements", "document", "request", "evaluate", "trust",
            "service_control", "managed",
        ),
    ),
    "iam.search": Room(
        ("shared", "iam"),
        (
            "actions", "keys", "solver", "thresholds", "candidates", "relevant", "subject", "constraints", "witness",
            "reasons",
        ),
    ),
    "stack": Room(
        ("shared", "iam"),
        (
            "accounts", "resources", "needed", "document_places", "inventory", "called", "execution_role", "grants",
            "echoes", "users", "possible_guards", "removals", "links",
        ),
    ),
    "stack.templates": Room(
        ("shared", "iam", "stack"),
        (
            "surroundings", "instances", "reading", "intrinsics", "translate", "sam_policies", "sam", "making", "expand",
        ),
    ),
    "outside": Room(
        ("shared", "iam", "stack"),
        (
            "lookup", "records", "files", "account", "live", "organization", "state_file", "state_values", "state_resources",
            "other_stacks", "completing",
        ),
    ),
    "verdict": Room(
        ("shared", "iam", "iam.search", "stack", "stack.templates"),
        (
            "outcomes", "service", "tagging", "shedding", "callers", "exposure", "worlds", "further", "diagnosis", "words",
            "unverified", "finding", "one_resource", "remediation", "hiding", "unseen",
        ),
    ),
    "pack": Room(
        ("shared", "iam", "iam.search", "stack", "stack.templates", "outside", "verdict"),
        ("beyond", "settings", "default_file", "sources", "tags", "exempt", "checks", "policies", "listening", "shortcut"),
    ),
    "reports": Room(
        ("shared",),
        (
            "report", "tables", "text", "json_form", "sarif", "junit", "github", "gitlab", "markdown", "picture", "html",
            "formats",
        ),
    ),
    "told": Room(
        ("shared", "iam", "iam.search", "stack", "outside", "verdict", "pack", "reports"), ("counting", "facts", "judging")
    ),
    "commands": Room(("shared", "iam", "iam.search", "reports"), ("judge_input", "judge", "judge_report", "judge_command")),
    "preview": Room(
        ("shared", "reports"),
        (
            "properties", "source", "registration", "bridge", "resource_types", "provider", "get_policy_document", "places",
            "data_sources", "answers", "origins", "stand_in_forms", "stand_in_values", "standing_in", "asking", "transforms",
            "monitor", "engine", "project", "config_file", "masking", "analyzer", "program", "what_was_judged", "rendering",
            "run",
        ),
    ),
    "survey": Room(
        ("shared", "iam", "iam.search", "stack", "outside", "verdict", "pack", "told", "preview", "reports"),
        (
            "ruled", "exchange", "surveyed", "many", "crossing",
            "survey", "table", "baseline", "rendering", "parts", "run",
        ),
    ),
}  # fmt: skip
# The one module of the preview that knows the pack: it works out what the pack judges and says.
LOOKS_AT_THE_PACK: Final = "preview.what_was_judged"
# What the engine or a test runs: each may import these rooms, or only these modules.
ENTRIES: Final = {
    "policy/__main__.py": {"shared"},
    "policy/testing.py": {"preview"},
    "__main__.py": {"pack", "shared"},
}
EDGES: Final = ("stack.resources", "pack.checks", "pack.policies", "pack.listening", "pack.shortcut")
PUBLISHED: Final = ("shared", "iam", "iam.search", "stack", "stack.templates", "outside", "verdict", "pack")
SDK: Final = frozenset(("pulumi", "pulumi_policy", "grpc", "google"))
HEAVY: Final = frozenset(("pulumi_aws", "pulumi_aws_native", "boto3", "botocore"))
MODULES: Final = {f"{room}.{module}": room for room, found in ROOMS.items() for module in found.modules}


def _path(name: str) -> Path:
    return PACKAGE.joinpath(*name.split(".")).with_suffix(".py")


def _imported(tree: ast.Module, room: str) -> set[str]:
    """Every module that a module of `room` imports, wherever in it, as an absolute name."""
    package = ["policy", *room.split(".")]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            found.update(f"{module}.{alias.name}" for alias in node.names)
            found.add(module)
    return found


def _own(tree: ast.Module, room: str) -> set[str]:
    """The modules of policy/ that a module of `room` imports, without "policy."."""
    names = {name.removeprefix("policy.") for name in _imported(tree, room) if name.startswith("policy.")}
    return {known for known in MODULES if known in names}


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_every_module_has_its_place() -> None:
    found = {".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py")}
    inits = {f"{room}.__init__" for room in ROOMS}
    assert found == {*MODULES, *inits, "__init__", "__main__", "testing"}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_what_is_below_it(name: str) -> None:
    room = MODULES[name]
    modules = ROOMS[room].modules
    before = {f"{room}.{module}" for module in modules[: modules.index(name.rpartition(".")[2])]}
    rooms = {*ROOMS[room].below, *((*PUBLISHED, "told") if name == LOOKS_AT_THE_PACK else ())}
    assert _own(_parsed(_path(name)), room) <= before | {known for known, its in MODULES.items() if its in rooms}


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_a_room_says_what_it_is_and_imports_nothing(room: str) -> None:
    tree = _parsed(PACKAGE.joinpath(*filter(None, room.split("."))) / "__init__.py")
    assert _imported(tree, room) == set()
    assert ast.get_docstring(tree)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_may_import_and_must_never_know(room: str) -> None:
    text = ast.get_docstring(_parsed(PACKAGE.joinpath(*room.split(".")) / "__init__.py")) or ""
    assert "May import" in text
    assert "ust never" in text
    named = {word for word in text.split("May import")[1].split(". ")[0].split("`") if word in ROOMS}
    if room != "pack":
        assert named - {room} == set(ROOMS[room].below)


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_imports_the_ends_only(entry: str) -> None:
    assert {MODULES[name] for name in _own(_parsed(ROOT / entry), "")} <= ENTRIES[entry]


@pytest.mark.parametrize("name", MODULES)
def test_pulumi_is_imported_only_at_the_edges(name: str) -> None:
    packages = {imported.partition(".")[0] for imported in _imported(_parsed(_path(name)), MODULES[name])}
    if name not in EDGES and MODULES[name] != "preview":
        assert not packages & SDK
    # AWS is asked where that is configured, and boto3 is imported then.
    assert packages & HEAVY == ({"boto3", "botocore"} if name == "outside.live" else set())


def _loaded_by(statement: str, whole: bool = False) -> set[str]:
    names = "sys.modules" if whole else "{m.partition('.')[0] for m in sys.modules}"
    code = f"{statement}; import sys; print(*sorted({names}))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(found.stdout.split())


def test_importing_the_pack_loads_nothing_heavy() -> None:
    loaded = _loaded_by("import policy.pack.policies")
    assert "pulumi_policy" in loaded
    assert not loaded & HEAVY


def test_the_pack_starts_without_what_judges() -> None:
    loaded = _loaded_by("import policy.pack.policies", whole=True)
    assert "policy.pack.policies" in loaded
    assert not loaded & {"policy.pack.checks", "policy.iam.document", "policy.stack.links", "policy.verdict.finding"}


@pytest.mark.parametrize("module", ["policy.iam.search.witness", "policy.iam.trust", "policy.commands.judge_command"])
def test_what_judges_documents_loads_no_sdk(module: str) -> None:
    assert not _loaded_by(f"import {module}") & {*SDK, *HEAVY}


def test_judge_runs_where_nothing_is_installed() -> None:
    command = [sys.executable, "-I", "-S", "-c"]
    code = f"import sys, runpy; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['policy', 'judge', '-']; "
    code += "runpy.run_module('policy', run_name='__main__', alter_sys=True)"
    document = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}'
    done = subprocess.run([*command, code], input=document, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert "CreateNetworkInterface" in done.stdout


@pytest.mark.parametrize(
    ("broken", "room"),
    [
        ("from policy.verdict import finding", "iam"),
        ("import policy.verdict.finding", "iam.search"),
        ("from ..verdict.finding import Finding", "iam"),
        ("from ...verdict import finding", "iam.search"),
        ("from .finding import Finding", "verdict"),
        ("from . import finding", "verdict"),
        ("from policy.verdict.finding import Finding", "stack"),
    ],
)
def test_the_check_sees_every_form_of_import(broken: str, room: str) -> None:
    assert _own(ast.parse(f"def late():\n    {broken}"), room) == {"verdict.finding"}
