"""`python -m policy survey`: the stacks of an organization, from their states, with nothing deployed and nothing asked."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import yaml

from policy.outside.state_file import files
from policy.pack.default_file import read_default_file
from policy.preview.config_file import PackConfigError, load, with_files
from policy.reports import formats
from policy.reports.formats import ReportError
from policy.shared import names, streams
from policy.shared.escapes import one_line
from policy.survey import baseline, parts, rendering
from policy.survey.baseline import BaselineError
from policy.survey.many import Progress, Result, Unread, cores, survey_files
from policy.survey.parts import PartError
from policy.survey.ruled import rules
from policy.survey.survey import together
from policy.told.judging import Rules

_PACK_FILE: Final = Path(__file__).resolve().parents[2] / "PulumiPolicy.yaml"
_LEVELS: Final = {"never": (), "mandatory": ("mandatory",), "advisory": ("mandatory", "advisory")}


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `python -m policy survey`."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help=(
            "files that `pulumi stack export` wrote, folders of them, the folder of a file backend, or `-` for standard "
            "input; also packed with gzip. With --merge: results of --shard"
        ),
    )
    parser.add_argument("--policy-pack-config", metavar="FILE", help="configuration of the policy pack, a JSON file")
    parser.add_argument(
        "--known-roles",
        action="append",
        default=[],
        metavar="FILE",
        help="output of `aws iam get-account-authorization-details`: roles that no surveyed stack has are judged by it",
    )
    formats.configure_parser(parser)
    parser.add_argument("--all", action="store_true", help="print all rows and all findings")
    parser.add_argument("--baseline", metavar="FILE", help="show only what is not in this file, and what has gone")
    parser.add_argument("--write-baseline", metavar="FILE", help="write what is found to a file for --baseline")
    parser.add_argument("--shard", metavar="K/N", type=parts.shard, help="survey the K-th of N parts of the files")
    parser.add_argument("--merge", action="store_true", help="put the JSON results of all parts together")
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="processes (default: one for each core)")
    parser.add_argument(
        "--fail-on",
        choices=tuple(_LEVELS),
        default="mandatory",
        help="exit with 1 on a finding of this level or a stricter one (default: mandatory)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command.

    Gives the exit status: 0 where nothing stops a deployment, 1 where something of the level `--fail-on` does, 2 where a
    file could not be read or the input is bad.
    """
    try:
        return _run(args)
    except (PackConfigError, BaselineError, PartError, ReportError) as error:
        streams.write(f"error: {one_line(str(error))}\n", sys.stderr)
        return 2


def _run(args: argparse.Namespace) -> int:
    if args.merge and args.shard:
        raise PartError("--merge puts all parts together, and --shard makes one: give one of them")
    outputs = formats.outputs(args.output)
    before = baseline.read(args.baseline) if args.baseline else None
    known = {"known_roles": args.known_roles}
    given = with_files(load(args.policy_pack_config), names.STACK_POLICIES, known)
    judged_by = rules(given, time.time(), read_default_file(_PACK_FILE.parent))
    results: Sequence[Result]
    results, files_in_all = (parts.read(args.paths, judged_by), 0) if args.merge else _survey(args, judged_by)
    survey = together(results, judged_by)
    compared = baseline.compare(survey, before)
    part = parts.part(survey, args.shard, files_in_all) if args.shard else None
    report = rendering.report(survey, _version(), compared, whole=args.all, part=part)
    if args.write_baseline:
        formats.write(baseline.written(survey.items), args.write_baseline)
    formats.emit(report, args.format, outputs)
    if any(item.level in _LEVELS[args.fail_on] for item in report.items):
        return 1
    return 2 if survey.unread else 0


def _survey(args: argparse.Namespace, judged_by: Rules) -> tuple[list[Result], int]:
    """The results, and how many files there are for all parts together."""
    found = list(files(args.paths))
    files_in_all = len(found)
    if args.shard:
        found = parts.of(args.shard, found)
    unread: list[Result] = [Unread(path, why) for path, why in found if why]
    paths = [path for path, why in found if not why]
    with _progress(len(paths)) as progress:
        return [*survey_files(paths, judged_by, args.jobs, progress), *unread], files_in_all


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Progress]:
    """A bar on a terminal; nothing in CI, in a pipe, or where rich is not installed."""
    if not sys.stderr or not sys.stderr.isatty():
        yield _silent
        return
    try:
        from rich.console import Console
        from rich.progress import Progress as Bar
    except ModuleNotFoundError:
        yield _silent
        return
    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Judging stacks", total=total)
        yield lambda done: bar.advance(task, done)


def _silent(_: int) -> None:
    return


def _version() -> str:
    return str(yaml.safe_load(_PACK_FILE.read_text(encoding="utf-8"))["version"])
