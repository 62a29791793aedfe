"""A preview of a Pulumi Python program in this process: no CLI, no cloud account, no network.

`preview(folder)` runs the program against an in-process engine, drives the policy pack as the engine does, and gives
what it said. `python -m policy preview` prints it; a team's own tests can assert on it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from ..reports import formats
from ..reports.formats import ReportError
from ..shared import names, stand_ins, streams
from ..shared.escapes import one_line
from .analyzer import Analyzer, PackError, Remediation, Violation, pack_name
from .answers import Answers, AnswersError, load_answers
from .config_file import PackConfigError, load, with_files
from .engine import Engine, serve
from .monitor import Monitor
from .project import Project, ProjectError, load_project, load_stack
from .properties import UNKNOWN
from .registration import Registration, StackIdentity
from .rendering import LEVELS, Preview
from .source import Sources
from .what_was_judged import details, judged

__all__ = ["Preview", "PreviewError", "Registration", "Remediation", "Violation", "configure_parser", "preview", "run"]

_REPOSITORY = Path(__file__).resolve().parents[2]
_BESIDE = (
    f"configured by {names.CONFIGURATION_FILE} beside the program; the Pulumi CLI takes it only with "
    f"--policy-pack-config {names.CONFIGURATION_FILE}"
)
_SEVERITIES = ("critical", "high", "medium", "low", "")


class PreviewError(Exception):
    """The preview cannot be made; the message is one clear sentence for the user."""


def preview(
    program: str | Path,
    *,
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    policy_pack: str | Path = _REPOSITORY,
    policy_pack_config: str | Path | Mapping[str, object] | None = None,
    answers: object = None,
    first_preview: bool = False,
    known_roles: Sequence[str | Path] = (),
    known_stacks: Sequence[str | Path] = (),
) -> Preview:
    """Preview the Pulumi Python program in the folder `program` against a policy pack.

    `config` adds to, and wins over, the stack's configuration file (`{"key": ...}` or `{"namespace:key": ...}`).
    `policy_pack_config` is a file as for `pulumi preview --policy-pack-config`, or its content. Without one, this policy
    pack is configured by the `lambda-eni-guard.json` beside the program, if there is one.
    `answers` are the results of data sources and the outputs of other stacks: a JSON file, its content, or an object
    with the `call` method of `pulumi.runtime.Mocks` (see answers.py).
    `first_preview` leaves unknown what AWS chooses, such as ARNs, as the engine does for resources that do not exist
    yet; otherwise stand-ins are used.
    `known_roles` and `known_stacks` add to these options of this policy pack: files of an account's details, and exports
    of other stacks or folders of them.

    Raises PreviewError, with one sentence, for a folder that is no Python project, a program that raises or registers
    what the engine refuses, answers of the wrong form or that raise, or a pack that does not start, fails, or refuses
    its configuration.
    """
    try:
        project = load_project(Path(program))
        identity, notes = load_stack(project, stack, config or {})
        given = Given(load_answers(answers), first_preview)
        known = {"known_roles": known_roles, "known_stacks": known_stacks}
        pack = Path(policy_pack)
        if policy_pack_config is None and (beside := _beside(project, pack)):
            policy_pack_config, notes = beside, (*notes, _BESIDE)
        pack_config = with_files(load(policy_pack_config), names.STACK_POLICIES, known)
        return _preview(project, identity, notes, pack, pack_config, given)
    except (ProjectError, PackError, PackConfigError, AnswersError) as error:
        raise PreviewError(_one_line(str(error))) from None


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `python -m policy preview`."""
    parser.add_argument("program", metavar="DIR", help="folder of the Pulumi program (with Pulumi.yaml)")
    parser.add_argument(
        "--stack", default="dev", metavar="NAME", help="stack whose configuration is used (default: dev)"
    )
    parser.add_argument(
        "--config", "-c", action="append", default=[], metavar="KEY=VALUE", help="configuration value; may be repeated"
    )
    parser.add_argument(
        "--policy-pack", default=str(_REPOSITORY), metavar="DIR", help="policy pack (default: this one)"
    )
    parser.add_argument("--policy-pack-config", metavar="FILE", help="configuration of the policy pack, a JSON file")
    parser.add_argument(
        "--known-roles",
        action="append",
        default=[],
        metavar="FILE",
        help="output of `aws iam get-account-authorization-details`: roles outside the stack are judged by it",
    )
    parser.add_argument(
        "--known-stacks",
        action="append",
        default=[],
        metavar="PATH",
        help="export of another stack, or a folder of them: its roles are judged by it",
    )
    parser.add_argument(
        "--answers", metavar="FILE", help="results of data sources and outputs of other stacks, a JSON file"
    )
    parser.add_argument(
        "--first-preview",
        action="store_true",
        help="leave unknown what AWS chooses, as the engine does before the first deployment",
    )
    formats.configure_parser(parser)
    parser.add_argument(
        "--json",
        action="store_const",
        const="json",
        dest="format",
        help="the same as --format json (docs/preview.schema.json)",
    )
    parser.add_argument(
        "--fail-on",
        choices=("mandatory", "advisory"),
        default="mandatory",
        help="exit with 1 on a violation of this level or a stricter one (default: mandatory)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command.

    Gives the exit status: 1 on a violation of the level `--fail-on`, 2 on bad input, 130 when interrupted.
    """
    try:
        outputs = formats.outputs(args.output)
    except ReportError as error:
        streams.write(f"error: {one_line(str(error))}\n", sys.stderr)
        return 2
    return _run(args, outputs)


def _run(args: argparse.Namespace, outputs: list[formats.Output]) -> int:
    # Without a handler SIGTERM (a cancelled CI job) would leave the two child processes behind.
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        result = preview(
            args.program,
            stack=args.stack,
            config=_pairs(args.config),
            policy_pack=args.policy_pack,
            policy_pack_config=args.policy_pack_config,
            answers=args.answers,
            first_preview=args.first_preview,
            known_roles=args.known_roles,
            known_stacks=args.known_stacks,
        )
    except PreviewError as error:
        streams.write(f"error: {one_line(str(error))}\n", sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        signal.signal(signal.SIGTERM, previous)
    if result.output:
        streams.write(result.output.rstrip("\n") + "\n", sys.stderr)
    try:
        asked = {args.format, *(output.format for output in outputs)}
        formats.emit(result.report(args.program, details=bool(asked - formats.PLAIN)), args.format, outputs)
    except ReportError as error:
        streams.write(f"error: {one_line(str(error))}\n", sys.stderr)
        return 2
    return 1 if result.fails_on(args.fail_on) else 0


def _beside(project: Project, pack: Path) -> Path | None:
    """The configuration beside the program, where it is this pack, whose name it has, that the program is held against."""
    file = project.root / names.CONFIGURATION_FILE
    return file if file.exists() and f"{pack_name(pack)}.json" == file.name else None


@dataclass(frozen=True)
class Given:
    """What a preview is told of AWS."""

    answers: Answers
    first_preview: bool


def _preview(
    project: Project,
    stack: StackIdentity,
    notes: tuple[str, ...],
    pack: Path,
    config: Mapping[str, Any],
    given: Given,
) -> Preview:
    engine = Engine()
    with ExitStack() as cleanup:
        sources = Sources(project.root, project.entry.parent)
        monitor = Monitor(
            stack,
            lambda resource: analyzer.review(resource),
            sources.of,
            given.answers,
            first_preview=given.first_preview,
        )
        address = cleanup.enter_context(serve(monitor, engine))
        analyzer = cleanup.enter_context(Analyzer(pack, address, stack, config))
        output = cleanup.enter_context(tempfile.TemporaryFile())
        error = _run_program(project, stack, address, output)
        if error or monitor.failure:
            # A pack that does not start fails every registration: it, not the program, is to blame.
            analyzer.ready()
            raise PreviewError(_explain(error, monitor))
        resources = (*monitor.resources, *monitor.origins)
        analyzer.review_stack(resources)
        output.seek(0)
        printed = output.read().decode(errors="replace")
        own = pack.resolve() == _REPOSITORY
        return Preview(
            tuple(sorted(analyzer.violations, key=_order)),
            (*notes, *monitor.notes),
            monitor.resources,
            tuple(analyzer.remediations),
            "".join([printed, *(f"{message}\n" for message in engine.messages)]),
            stack.stack,
            analyzer.name,
            analyzer.version,
            str(pack),
            mode="first-preview" if given.first_preview else "stand-in",
            # What another pack judges, and another version of this one, only it knows.
            judged=judged(resources, analyzer.config) if own else None,
            details=partial(details, resources, analyzer.config, _REPOSITORY, analyzer.without_secrets)
            if own
            else None,
        )


def _run_program(project: Project, stack: StackIdentity, address: str, output: IO[bytes]) -> Mapping[str, Any]:
    """Run the program in its own process until it ends; gives its error, empty for none."""
    orders = {
        "address": address,
        "config": dict(stack.config),
        "entry": str(project.entry),
        "organization": stack.organization,
        "origin": stack.urn("", stand_ins.DATA_SOURCE, ""),
        "project": stack.project,
        "root": str(project.root),
        "secret_keys": list(stack.secret_keys),
        "stack": stack.stack,
        "stand_ins": stand_ins.ANY.pattern,
    }
    # Settings of a Pulumi CLI around this process are not the previewed program's.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    with _process(
        [str(project.python), "-u", str(Path(__file__).with_name("program.py"))],
        cwd=project.entry.parent,
        env={**environment, "no_grpc_proxy": "127.0.0.1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=output,
    ) as process:
        reported, _ = process.communicate(json.dumps(orders).encode())
    try:
        result = json.loads(reported)
    except ValueError:
        output.seek(0)
        lines = output.read().decode(errors="replace").strip().splitlines() or [f"exit status {process.returncode}"]
        return {
            "type": "",
            "message": f"ended without a result ({lines[-1].strip()})",
            "file": str(project.entry),
            "line": 0,
        }
    error = result.get("error")
    return error if isinstance(error, dict) else {}


@contextmanager
def _process(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _explain(error: Mapping[str, Any], monitor: Monitor) -> str:
    if monitor.failure:
        return _one_line(str(monitor.failure))
    place = f"{error['file']}:{error['line']}" if error.get("line") else str(error["file"])
    kind = f"raises {error['type']}: " if error.get("type") else ""
    unknown = [note.split(" ", 1)[0] for note in monitor.notes if "answered as unknown" in note]
    hint = f" (data sources answered as unknown: {', '.join(unknown)})" if unknown else ""
    if error.get("stand_ins"):
        hint += (
            f" ({', '.join(error['stand_ins'])}: made up, because AWS is not asked; --answers can give the real value, "
            "--first-preview leaves it unknown)"
        )
    if error.get("type") == "SystemExit":
        kind = "exits with "
    message = str(error["message"]).replace(UNKNOWN, "<unknown>")
    return _one_line(f"the program {kind}{message} at {place}{hint}")


def _one_line(text: str) -> str:
    return one_line(" ".join(text.split()))


def _order(violation: Violation) -> tuple[int, int, str, str]:
    return (
        LEVELS.index(violation.enforcement),
        _SEVERITIES.index(violation.severity),
        violation.policy,
        violation.urn,
    )


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise PreviewError(f"--config {text!r} is not KEY=VALUE")
        pairs[key] = value
    return pairs


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
