"""Mutation testing of the judging core: `python scripts/mutation.py [MODULE ...]`. It takes long; CI does not run it.

Runs mutmut on a copy of policy/ with the fast unit tests. mutmut leaves decorated functions alone, and forks its test
runs from a process that has imported the module and filled its caches. So in the copy each cached function and each
property is a plain function behind its decorator, what builds a table does so at each look-up, and every test starts
with empty caches.

Exit status 1 if fewer than 95 % of the mutants are killed. Survivors are listed. Those known are of these groups:

- shortcuts that save work and decide nothing: `_of_every_region`, `_about`, `_can_differ`, `usual`, `_without_space`, the
  fields of `Glob.matches`, `"*"` before a pattern is looked at, what `Role` and `Relevant.answers` keep;
- a first service or part found with a longer or shorter text that finds the same (`split(":", 6)`, `_service`);
- arguments that a later check makes up for: `strict=`, names of encodings, defaults that no caller leaves out;
- the exact price of a step in the search's budget;
- words for what stays undecided, where another reason is told as well.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
# `witness` is what answers the existential question: the witness module and the three that it is made of.
MODULES: Final = (
    "iam/evaluate", "iam/conditions", "iam/matching", "iam/document",
    "iam/search/witness", "iam/search/constraints", "iam/search/relevant", "iam/search/subject",
)  # fmt: skip
TESTS: Final = (
    "truth", "matching", "conditions", "document", "evaluate", "keys", "solver", "candidates", "subject", "witness",
)  # fmt: skip
GOAL: Final = 95.0
_MOST_MEMORY: Final = 2 * 1024**3
_MOST_STARTS: Final = 30

_CACHED: Final = re.compile(r"^@(?P<cache>(?:lru_cache\([^)]*\)|cache))\ndef (?P<name>\w+)\(", re.MULTILINE)
_BUILT: Final = re.compile(r"_ordered\(parse_\w+, t\)")
_PROPERTY: Final = re.compile(r"^    @(?P<kind>property|cached_property)\n    def (?P<name>\w+)\(self\)", re.MULTILINE)
_CONFTEST: Final = """\
import functools
import gc
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import policy.iam.search.witness

_CACHES = [found for found in gc.get_objects() if isinstance(found, functools._lru_cache_wrapper)]


@pytest.fixture(autouse=True)
def _no_old_answers():
    for cache in _CACHES:
        if cache.__module__.startswith("policy."):
            cache.cache_clear()
"""
_SETUP: Final = """\
[mutmut]
source_paths=policy
only_mutate=
{modules}
also_copy=
    policy
pytest_add_cli_args_test_selection=
{tests}
pytest_add_cli_args=-q
track_dependencies=false
use_git_change_detection=false
timeout_multiplier=20
timeout_constant=3
"""
# Exit statuses of one mutant's test run, as mutmut records them.
_KILLED: Final = frozenset((1, 3, -11, -9, -6))
_TIMEOUT: Final = frozenset((-24, 24, 36, 152, 255))
_UNTESTED: Final = frozenset((5, 33))


def undecorated(source: str) -> str:
    """The module with every cached function and property written so that mutmut can reach the code in it."""
    source = _CACHED.sub(
        r"\g<name> = \g<cache>(lambda *args, **more: \g<name>__plain(*args, **more))\n\n\ndef \g<name>__plain(", source
    )
    # What runs when the module is imported has run before a mutant is chosen.
    source = _BUILT.sub(r"(lambda value, wanted, t=t: \g<0>(value, wanted))", source)
    return _PROPERTY.sub(
        r"    \g<name> = \g<kind>(lambda self: self.get_\g<name>())\n\n    def get_\g<name>(self)", source
    )


def prepare(folder: Path, modules: list[str]) -> None:
    """A copy of what is needed, with mutmut's configuration."""
    shutil.rmtree(folder, ignore_errors=True)
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "policy", folder / "policy", ignore=skip)
    (folder / "tests").mkdir()
    for name in (*(f"test_{test}" for test in TESTS), "strategies"):
        shutil.copy(ROOT / "tests" / f"{name}.py", folder / "tests")
    (folder / "tests" / "conftest.py").write_text(_CONFTEST, encoding="utf-8")
    for name in modules:
        path = folder / "policy" / f"{name}.py"
        path.write_text(undecorated(path.read_text(encoding="utf-8")), encoding="utf-8")
    lines = {
        "modules": "\n".join(f"    policy/{name}.py" for name in modules),
        "tests": "\n".join(f"    tests/test_{name}.py" for name in TESTS),
    }
    (folder / "setup.cfg").write_text(_SETUP.format(**lines), encoding="utf-8")


def results(folder: Path) -> Iterator[tuple[str, str]]:
    """Each mutant's name and what became of it."""
    for meta in sorted((folder / "mutants" / "policy").rglob("*.py.meta")):
        for name, status in json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].items():
            if status is None:
                outcome = "not run"
            elif status in _KILLED:
                outcome = "killed"
            elif status in _TIMEOUT:
                outcome = "timeout"
            else:
                outcome = "no test" if status in _UNTESTED else "survived"
            yield name, outcome


def report(folder: Path, show: bool) -> bool:
    """Print the figures by module, and the survivors; whether the goal is met."""
    by_module: dict[str, Counter[str]] = {}
    alive: list[str] = []
    for name, outcome in results(folder):
        by_module.setdefault(name.rpartition(".x")[0].rpartition(".")[2], Counter())[outcome] += 1
        if outcome in ("survived", "no test"):
            alive.append(name)
    total: Counter[str] = Counter()
    for module, counts in by_module.items():
        print(_line(module, counts))
        total += counts
    print(_line("all", total))
    for name in alive:
        print(f"\n{name}")
        if show:
            command = [sys.executable, "-m", "mutmut", "show", name]
            found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            changed = [
                line for line in found.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
            ]
            print("\n".join(changed))
    return _score(total) >= GOAL


def _score(counts: Counter[str]) -> float:
    tried = counts.total() - counts["not run"]
    return 100 * (counts["killed"] + counts["timeout"]) / tried if tried else 0.0


def _line(name: str, counts: Counter[str]) -> str:
    what = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
    return f"{name:12} {_score(counts):5.1f} %  ({what})"


def main() -> int:
    """Prepare, run, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(MODULES)}; default: all")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "mutation")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--report", action="store_true", help="only report on the last run")
    args = parser.parse_args()
    if unknown := set(args.modules) - set(MODULES):
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    if not args.report:
        prepare(args.folder, args.modules or list(MODULES))
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(args.processes)]
        # A mutant may well collect things for ever: it then fails alone, and takes nothing else with it.
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
        for _ in range(_MOST_STARTS):
            ended = subprocess.run(command, cwd=args.folder, check=False).returncode
            left = [name for name, outcome in results(args.folder) if outcome == "not run"]
            if not ended and not left:
                break
            if ended > 0:
                print(f"mutmut ended with {ended}; is it installed? pip install mutmut", file=sys.stderr)
                return 2
            # It was killed (which happens on a machine with little memory), and goes on where it was.
            print(f"\nmutmut ended with {ended}, {len(left)} mutants left", flush=True)
    return 0 if report(args.folder, show=True) else 1


if __name__ == "__main__":
    sys.exit(main())
