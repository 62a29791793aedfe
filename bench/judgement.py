"""All answers about one document, against other judges of IAM documents on all AWS managed policies."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from statistics import fmean, median

from tests.differential import simulator

from .measure import Ratio, Row, in_turn, ratio
from .process import cache

_JUDGES = Path(__file__).resolve().parent / "judges"
_OTHERS = ("cloudsplaining", "parliament", "policyuniverse")
_VERSIONS = ("cloudsplaining==0.9.1", "parliament==1.6.4", "policyuniverse==1.5.1.20231109", "setuptools<81")


def documents() -> list[str]:
    """The AWS managed policies that moto carries, as JSON text."""
    package = find_spec("moto")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("moto is not installed: pip install -r requirements-dev.txt")
    file = Path(next(iter(package.submodule_search_locations)), "iam", "aws_managed_policies.py")
    spec = spec_from_file_location("aws_managed_policies", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    policies = json.loads(module.aws_managed_policies_data)
    return [json.dumps(policy["Document"]) for policy in policies.values()]


def _environment() -> Path | None:
    """A Python with the other tools; None where pip cannot install them."""
    folder = cache() / "analyzers-1"
    python = folder / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_VERSIONS]
    return None if subprocess.run(pip, capture_output=True, check=False).returncode else python


def _commands(file: Path) -> dict[str, list[str]]:
    found = {
        "this pack": [sys.executable, str(_JUDGES / "ours.py"), str(file)],
        "json.loads": [sys.executable, str(_JUDGES / "json_loads.py"), str(file)],
    }
    if simulator.unavailable() is None:
        found["iam-simulate"] = ["node", str(_JUDGES / "simulate.mjs"), str(file), str(simulator.folder())]
    python = _environment()
    for tool in _OTHERS if python else ():
        found[tool] = [str(python), str(_JUDGES / "others.py"), str(file), tool]
    return found


def measured(*, quick: bool) -> list[Row]:
    """The rows of this part, in CPU time. Every round of every judge is a fresh process, in which each document is new."""
    texts = documents()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "documents.json")
        file.write_text(json.dumps(texts), encoding="utf-8")
        series: dict[str, list[list[float]]] = {name: [] for name in _commands(file)}

        def one(name: str, command: Sequence[str]) -> dict[str, float]:
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            times: list[float] = json.loads(done.stdout)
            assert len(times) == len(texts)
            series[name].append(times)
            return {"mean": fmean(times), "median": median(times)}

        measures = {name: partial(one, name, command) for name, command in _commands(file).items()}
        found = in_turn(2 if quick else 5, measures)
    shown = {name: _shown(rounds) for name, rounds in series.items()}
    rows = []
    for name, figures in found.items():
        if name == "this pack":
            continue
        for figure in ("mean", "median"):
            measured_ratio = ratio(found["this pack"][figure], figures[figure])
            rows.append(_row(name, figure, shown, measured_ratio, len(figures[figure])))
    return rows


_TARGETS = {
    ("json.loads", "mean"): 10.0,
    ("iam-simulate", "median"): 1.0,
    **{(tool, "mean"): 0.05 for tool in _OTHERS},
}


def _row(name: str, figure: str, shown: dict[str, str], found: Ratio, rounds: int) -> Row:
    target = _TARGETS.get((name, figure))
    return Row("Judgement", f"{figure}, {name}", shown["this pack"], shown[name], found, target, rounds)


def _shown(rounds: Sequence[Sequence[float]]) -> str:
    """Each document's quickest round: median / mean / 99th percentile / maximum, in microseconds."""
    best = sorted(min(times) * 1e6 for times in zip(*rounds, strict=True))
    return f"{median(best):.0f} / {fmean(best):.0f} / {best[int(0.99 * len(best))]:.0f} / {best[-1]:.0f} us"
