"""The one-way flow: a module of policy/ imports only modules that stand before it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = ROOT / "policy"

# Judging, from the smallest notion to what the engine calls. A new module is put where it belongs.
ORDER: Final = (
    "names",
    "truth",
    "matching",
    "conditions",
    "document",
    "request",
    "evaluate",
    "keys",
    "solver",
    "candidates",
    "relevant",
    "subject",
    "problem",
    "witness",
    "reasons",
    "managed",
    "resources",
    "trust",
    "stack",
    "execution",
    "users",
    "possible_guards",
    "removals",
    "links",
    "outcomes",
    "shedding",
    "exposure",
    "worlds",
    "diagnosis",
    "settings",
    "words",
    "unverified",
    "finding",
    "exempt",
    "single",
    "remediation",
    "hiding",
    "judging",
    "policies",
    "listening",
)
# `python -m policy judge`: beside the CrossGuard policies, it ends where the verdict is.
JUDGE: Final = "judge"
JUDGE_INPUT: Final = "judge_input"
# Counts for the preview what this pack judges: of both lists, to where roles are linked, and to what is registered.
JUDGED: Final = "judged"
# The forms of stand-in values: the preview makes them, the pack recognises them, and neither knows the other.
# What of users' texts reaches a terminal is the same everywhere.
SHARED: Final = ("stand_ins", "escapes")
# The stand-in for the engine. It runs the pack in a process of its own, as the engine does; it knows nothing of judging.
PREVIEW: Final = (
    "streams",
    "properties",
    "source",
    "registration",
    "bridge",
    "resource_types",
    "provider",
    "policy_documents",
    "places",
    "data_sources",
    "answers",
    "origins",
    "stand_in_forms",
    "stand_in_values",
    "standing_in",
    "asking",
    "transforms",
    "monitor",
    "engine",
    "project",
    "pack_config",
    "masking",
    "analyzer",
    "program",
    "rendering",
    "preview",
    "testing",
)
ORDERS: Final = (
    ORDER,
    PREVIEW,
    (*ORDER[: ORDER.index("links") + 1], *PREVIEW[: PREVIEW.index("pack_config") + 1], JUDGED),
    (*ORDER[: ORDER.index("exposure") + 1], "streams", JUDGE_INPUT, JUDGE),
)
EDGES: Final = ("resources", "judging", "policies", "listening", *PREVIEW)
HEAVY: Final = ("pulumi_aws", "pulumi_aws_native", "boto3", "botocore")


def _modules() -> dict[str, ast.Module]:
    paths = sorted(PACKAGE.glob("*.py"))
    return {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _imported(tree: ast.Module) -> set[str]:
    """The names of all modules that a module imports, wherever in it; `policy.x` for a relative import of x."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(filter(None, ("policy" if node.level else "", node.module)))
            found.update(f"{package}.{alias.name}" for alias in node.names)
            found.add(package)
    return found


def _own(tree: ast.Module, known: set[str]) -> set[str]:
    """The modules of policy/ that a module imports."""
    parts = (name.split(".") for name in _imported(tree))
    return {part[1] for part in parts if part[0] == "policy" and len(part) > 1 and part[1] in known}


MODULES: Final = _modules()


@pytest.mark.parametrize("name", [name for name in MODULES if name not in ("__init__", "__main__")])
def test_a_module_imports_only_modules_before_it(name: str) -> None:
    if name in SHARED:
        assert not _own(MODULES[name], set(MODULES))
        return
    order = next((order for order in ORDERS if name in order), ())
    assert order, f"{name} is in no list: put it where it belongs"
    before = {*SHARED, *order[: order.index(name)]}
    before |= {JUDGED} if name in ("rendering", "preview") else set()
    assert _own(MODULES[name], set(MODULES)) <= before


def test_the_package_itself_imports_nothing() -> None:
    assert _imported(MODULES["__init__"]) == set()


def test_the_entry_points_import_the_ends_only() -> None:
    assert _own(MODULES["__main__"], set(MODULES)) <= {"judge", "preview", "streams"}
    pack = ast.parse((ROOT / "__main__.py").read_text(encoding="utf-8"))
    assert _own(pack, set(MODULES)) <= {"policies", "listening"}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_pulumi_is_imported_only_at_the_edges(name: str) -> None:
    packages = {imported.partition(".")[0] for imported in _imported(MODULES[name])}
    if name not in EDGES:
        assert not packages & {"pulumi", "pulumi_policy", "grpc", "google"}
    assert not packages & set(HEAVY)


def _loaded_by(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(found.stdout.split())


def test_importing_the_pack_loads_nothing_heavy() -> None:
    loaded = _loaded_by("import policy.policies")
    assert "pulumi_policy" in loaded
    assert not loaded & set(HEAVY)


def test_the_pack_starts_without_what_judges() -> None:
    code = "import policy.policies, sys; print(*sorted(m for m in sys.modules if m.startswith('policy.')))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(found.stdout.split())
    assert "policy.policies" in loaded
    assert not loaded & {"policy.judging", "policy.document", "policy.links", "policy.finding"}


def test_the_judging_core_loads_no_pulumi() -> None:
    loaded = _loaded_by("import policy.witness, policy.managed, policy.trust")
    assert not loaded & {"pulumi", "pulumi_policy", "grpc", *HEAVY}


@pytest.mark.parametrize(
    "broken",
    [
        "from policy import finding",
        "import policy.finding",
        "from .finding import Finding",
        "from policy.finding import Finding",
    ],
)
def test_the_check_sees_every_form_of_import(broken: str) -> None:
    assert _own(ast.parse(f"def late():\n    {broken}"), set(MODULES)) == {"finding"}
