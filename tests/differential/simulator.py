"""The Node worker around @cloud-copilot/iam-simulate: where it is installed, and how it is asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from tests.differential.differences import Translation, resource_for_simulator
from tests.differential.plain import Json

HERE: Final = Path(__file__).resolve().parent
PACKAGE: Final = "@cloud-copilot/iam-simulate"
VERSION: Final[str] = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"][PACKAGE]


class SimulatorError(Exception):
    """The simulator is not to be had, or broke down; the text is one sentence."""


def folder() -> Path:
    """Where the node modules are: outside the repository, one folder for each version."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "lambda-eni-guard" / f"node-{VERSION}"


def unavailable() -> str | None:
    """Why the simulator cannot run here; None where it can."""
    if shutil.which("node") is None:
        return "node is not on PATH"
    manifest = folder() / "node_modules" / PACKAGE / "package.json"
    if not manifest.is_file() or json.loads(manifest.read_text(encoding="utf-8"))["version"] != VERSION:
        return f"{PACKAGE} {VERSION} is not installed: run `python -m tests.differential --install`"
    return None


def install() -> None:
    """Install the package with npm, unless it is there. Raises SimulatorError."""
    if unavailable() is None:
        return
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        raise SimulatorError("the differential test needs Node.js 18 or newer with npm on PATH")
    folder().mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", folder() / "package.json")
    done = subprocess.run(
        [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode or unavailable() is not None:
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no message")
        raise SimulatorError(f"npm could not install {PACKAGE} {VERSION}: {last.strip()}")


class Simulator:
    """A long-running worker. `asked` counts the questions."""

    def __init__(self) -> None:
        reason = unavailable()
        if reason:
            raise SimulatorError(reason)
        self.asked = 0
        self._process = subprocess.Popen(
            ["node", str(HERE / "simulate.mjs"), str(folder())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def ask(self, role: Json, asks: Sequence[Json]) -> list[str]:
        """`allowed`, `denied` or `error: ...` for each question."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if not asks:
            return []
        _, partition, _, _, account, *_ = role["function_arn"].split(":")
        batch: dict[str, Any] = {
            "policies": role["policies"], "boundary": role["boundary"], "levels": role.get("levels", []), "account": account,
            "principal": f"arn:{partition}:sts::{account}:assumed-role/orders-role/orders",
            "asks": [{**ask, "resource": resource_for_simulator(ask["resource"])} for ask in asks],
        }  # fmt: skip
        self._process.stdin.write(json.dumps(batch) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SimulatorError(f"the simulator stopped with status {self._process.wait(timeout=30)}")
        self.asked += len(asks)
        answers: list[str] = json.loads(line)["answers"]
        return answers

    def calls(self, role: Json, calls: Sequence[Sequence[Json]]) -> list[str]:
        """The answer to each whole call: all its questions must be allowed."""
        flat = iter(self.ask(role, [ask for call in calls for ask in call]))
        return [overall([next(flat) for _ in call]) for call in calls]

    def translated(self, role: Json, calls: Sequence[Sequence[Json]]) -> list[str]:
        """The same of the role as the simulator has to be given it."""
        answers = [""] * len(calls)
        for describe in (False, True):
            chosen = [i for i, call in enumerate(calls) if ("Describe" in call[0]["action"]) == describe]
            found = self.calls(Translation(role, describe=describe).role, [calls[i] for i in chosen])
            for i, answer in zip(chosen, found, strict=True):
                answers[i] = answer
        return answers


def overall(answers: Sequence[str]) -> str:
    """One answer for all the resources of a call."""
    error = next((a for a in answers if a.startswith("error")), None)
    if error:
        return error
    return "allowed" if all(a == "allowed" for a in answers) else "denied"
