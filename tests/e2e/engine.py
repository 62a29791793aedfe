"""The real Pulumi engine in a temporary folder: the CLI, a file backend, stand-in providers, and a way to run the pack.

Nothing of the user's own Pulumi set-up is seen: home, backend, PATH and environment are made here. Violations are
read from the engine's event log, not from its text, which is kept for tests of what a user reads.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

E2E = Path(__file__).resolve().parent
ROOT = E2E.parent.parent
TIMEOUT = 120
"""Seconds for one command; each takes about three."""


class Pack(NamedTuple):
    """A policy pack and, where its defaults do not serve, its `--policy-pack-config` file."""

    folder: Path
    config: Path | None = None


class Violation(NamedTuple):
    """One violation as the engine reports it; the message holds the policy's description as its first line."""

    policy: str
    enforcement: str
    urn: str
    message: str


@dataclass(frozen=True)
class Result:
    """What a command did.

    Violations and changes of an `up` are those of its update, or of its preview where that stopped it: the event log
    holds one phase.
    """

    exit_code: int
    stdout: str
    stderr: str
    violations: tuple[Violation, ...]
    changes: Mapping[str, int]

    def exited(self, exit_code: int) -> Result:
        """This result if the command ended so; else a failure that shows what it wrote."""
        if self.exit_code != exit_code:
            raise AssertionError(f"exit code {self.exit_code}, not {exit_code}\n{self.stdout}\n{self.stderr}")
        return self


class Engine:
    """One Pulumi installation over one AWS account. A project's stacks are made when they are first named."""

    def __init__(self, folder: Path, pulumi: Path, timeout: int = TIMEOUT) -> None:
        self._folder = folder
        self._timeout = timeout
        self._bin = folder / "bin"
        for each in ("bin", "home", "backend", "projects"):
            (folder / each).mkdir(parents=True)
        self._pulumi = self._without_language_host(pulumi)
        for package in ("aws", "aws-native"):
            self._launcher(
                f"pulumi-resource-{package}",
                f"PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m tests.e2e.provider"
                f' {package} {shlex.quote(str(folder / "account.json"))} "$@"',
            )
        self._launcher(
            "pulumi-analyzer-policy-python", f'exec {shlex.quote(sys.executable)} -u -m pulumi.policy "$1" "$2"'
        )
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "AWS_", "PYTHON"))},
            "PATH": str(self._bin),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": (folder / "backend").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "e2e",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DEBUG_COMMANDS": "1",  # makes --event-log and --client available
        }

    @contextmanager
    def with_environment(self, **variables: str) -> Iterator[None]:
        """Commands have these environment variables too, and the policy packs that they start."""
        before = self._environment
        self._environment = {**before, **variables}
        try:
            yield
        finally:
            self._environment = before

    def preview(
        self, program: Path, packs: Iterable[Pack] = (), *, stack: str = "dev", options: Sequence[str] = ()
    ) -> Result:
        """`pulumi preview` of a program folder; `options` are passed on (`--target`, `--config`, ...)."""
        return self._run_program(["preview", *options], program, packs, stack)

    def up(
        self, program: Path, packs: Iterable[Pack] = (), *, stack: str = "dev", options: Sequence[str] = ()
    ) -> Result:
        """`pulumi up`: a preview, which can stop it, and then the update."""
        return self._run_program(["up", "--yes", *options], program, packs, stack)

    def refresh(self, program: Path, *, stack: str = "dev", options: Sequence[str] = ()) -> Result:
        """`pulumi refresh`: reads each resource of the stack from the account again. The program does not run."""
        return self._run(
            ["refresh", "--yes", "--skip-preview", *options, "--stack", stack], self._project(program, stack)
        )

    def destroy(self, program: Path, *, stack: str = "dev", options: Sequence[str] = ()) -> Result:
        """`pulumi destroy`. The program does not run."""
        return self._run(
            ["destroy", "--yes", "--skip-preview", *options, "--stack", stack], self._project(program, stack)
        )

    def export(self, program: Path, *, stack: str = "dev") -> Path:
        """The stack's state as a file, as `pulumi stack export` writes it."""
        file = self._folder / f"{_project_name(program)}.{stack}.json"
        self._command(["stack", "export", "--stack", stack, "--file", str(file)], self._project(program, stack))
        return file

    def analyze(self, state: Path, packs: Iterable[Pack]) -> Result:
        """`pulumi policy analyze` of an exported state: no program, no provider, no backend."""
        command = [str(self._pulumi), "policy", "analyze", "--json", "--file", str(state), *self._pack_options(packs)]
        exit_code, stdout, stderr = self._execute(command, self._folder)
        return _result(exit_code, stdout, stderr, stdout.splitlines())

    def state(self, program: Path, *, stack: str = "dev") -> dict[str, dict[str, Any]]:
        """The resources of the stack's state by name; a stack's names in the tests are unique."""
        exported = json.loads(self.export(program, stack=stack).read_text(encoding="utf-8"))
        resources: list[dict[str, Any]] = exported["deployment"].get("resources", [])
        return {resource["urn"].rpartition("::")[2]: resource for resource in resources}

    def _without_language_host(self, pulumi: Path) -> Path:
        """The CLI, where no `pulumi-language-python` stands beside it.

        That would be asked to run the pack, and would look for the environment that PulumiPolicy.yaml names.
        """
        if (pulumi.resolve().parent / "pulumi-language-python").exists():
            return Path(shutil.copy(pulumi, self._bin / "pulumi"))
        return pulumi

    def _launcher(self, name: str, command: str) -> None:
        script = self._bin / name
        script.write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
        script.chmod(0o755)

    def _project(self, program: Path, stack: str) -> Path:
        """A folder with a copy of the program's project file and settings: the CLI writes settings of its own there."""
        folder = self._folder / "projects" / _project_name(program)
        folder.mkdir(exist_ok=True)
        shutil.copy(program / "Pulumi.yaml", folder)
        settings = folder / f"Pulumi.{stack}.yaml"
        if not settings.exists():
            if (program / settings.name).exists():
                shutil.copy(program / settings.name, folder)
            self._command(["stack", "init", stack], folder)
        return folder

    def _pack_options(self, packs: Iterable[Pack]) -> list[str]:
        nothing = self._folder / "no-config.json"
        nothing.write_text("{}", encoding="utf-8")
        return [
            option
            for pack in packs
            # The two flags are matched by position.
            for option in ("--policy-pack", str(pack.folder), "--policy-pack-config", str(pack.config or nothing))
        ]

    def _run_program(self, arguments: Sequence[str], program: Path, packs: Iterable[Pack], stack: str) -> Result:
        folder = self._project(program, stack)
        runner = [sys.executable, str(E2E / "run_inline.py"), str(program.resolve())]
        return self._run([*arguments, *self._pack_options(packs), "--stack", stack], folder, runner)

    def _run(self, arguments: Sequence[str], folder: Path, runner: Sequence[str] = ()) -> Result:
        log = self._folder / "events.jsonl"
        log.unlink(missing_ok=True)  # a command that fails before the engine starts writes none
        command = [*runner, str(self._pulumi), *arguments, "--event-log", str(log)]
        exit_code, stdout, stderr = self._execute(command, folder)
        events = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return _result(exit_code, stdout, stderr, events)

    def _command(self, arguments: Sequence[str], folder: Path) -> None:
        exit_code, stdout, stderr = self._execute([str(self._pulumi), *arguments], folder)
        if exit_code:
            raise RuntimeError(f"pulumi {' '.join(arguments)}: {stdout}{stderr}")

    def _execute(self, command: Sequence[str], folder: Path) -> tuple[int, str, str]:
        process = subprocess.Popen(
            [*command, "--non-interactive", "--color", "never"],
            cwd=folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(timeout=self._timeout)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # the process that serves the program, and the CLI that it runs
            process.wait()
            raise
        return process.returncode, stdout, stderr


def _project_name(program: Path) -> str:
    return str(yaml.safe_load((program / "Pulumi.yaml").read_text(encoding="utf-8"))["name"])


def _result(exit_code: int, stdout: str, stderr: str, lines: Iterable[str]) -> Result:
    violations: list[Violation] = []
    changes: Mapping[str, int] = {}
    for event in map(json.loads, lines):
        if found := event.get("policyEvent"):
            # A line break ends the message in the event log, and does not in `policy analyze`.
            message = found["message"].rstrip("\n")
            violations.append(
                Violation(found["policyName"], found["enforcementLevel"], found.get("resourceUrn", ""), message)
            )
        elif summary := event.get("summaryEvent"):
            changes = summary["resourceChanges"]
    return Result(exit_code, stdout, stderr, tuple(sorted(violations)), changes)
