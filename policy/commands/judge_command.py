"""`python -m policy judge`: its arguments, what it reads, and where its answers go."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from policy.commands import judge_input
from policy.commands.judge import judge, judge_line
from policy.commands.judge_input import InputError
from policy.commands.judge_report import report
from policy.iam.request import Caller
from policy.iam.truth import Truth
from policy.reports import formats
from policy.reports.formats import ReportError
from policy.shared import streams
from policy.shared.escapes import one_line

_FILES: Final = (
    "IAM policy documents of one role: files with JSON (also as `aws iam get-role-policy`, `get-policy-version` and "
    "`get-account-authorization-details` print it), `-` for standard input, names or ARNs of AWS managed policies"
)


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m policy judge`."""
    parser.add_argument("files", nargs="*", metavar="FILE", help=_FILES)
    parser.add_argument("--boundary", action="append", metavar="FILE", help="the role's permissions boundary")
    parser.add_argument(
        "--scp",
        action="append",
        metavar="FILE",
        help="service control policies of one level of the organization: a policy, or a list of them; may be repeated",
    )
    parser.add_argument("--function-arn", metavar="ARN", help="the function whose code makes the calls")
    parser.add_argument("--role-arn", metavar="ARN", help="the role")
    parser.add_argument(
        "--tags",
        action="append",
        metavar="KEY=VALUE",
        help="a tag of the role, which has none unless they are given; may be repeated",
    )
    parser.add_argument(
        "--role", metavar="NAME", help="the role to take from the output of `aws iam get-account-authorization-details`"
    )
    parser.add_argument(
        "--known-roles",
        action="append",
        default=[],
        metavar="FILE",
        help="the same output; the role in it is that of --role or --role-arn",
    )
    formats.configure_parser(parser)
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")
    parser.add_argument("--jsonl", action="store_true", help="judge one role for each line of FILE or standard input")


def run(args: argparse.Namespace, stdin: TextIO = sys.stdin) -> int:
    """Exit status 0: the code may not touch interfaces; 1: it may, or that is unknown; 2: bad input."""
    try:
        return _run_lines(args, stdin) if args.jsonl else _run_role(args, stdin)
    except (InputError, ReportError) as error:
        streams.write(one_line(f"error: {error}") + "\n", sys.stderr)
        return 2


def _run_lines(args: argparse.Namespace, stdin: TextIO) -> int:
    for name in args.files or [judge_input.STANDARD_INPUT]:
        for line in judge_input.lines(name, stdin):
            if line.strip():
                print(json.dumps(judge_line(line)), flush=True)
    return 0


def _run_role(args: argparse.Namespace, stdin: TextIO) -> int:
    files = [*args.files, *args.known_roles]
    if not files:
        raise InputError("no FILE given: name the role's policy documents, or use --jsonl")
    chosen = args.role or (args.role_arn if args.known_roles else None)
    given = judge_input.read(files, args.boundary, chosen, stdin)
    role_arn = args.role_arn or given.role_arn
    tags = given.tags if args.tags is None else _tags(args.tags)
    levels = judge_input.read_levels(args.scp or (), stdin)
    judgement = judge(given.policies, given.boundary, args.function_arn, role_arn=role_arn, tags=tags, levels=levels)
    outputs = formats.outputs(args.output)
    file = files[0] if Path(files[0]).is_file() else ""
    formats.emit(report(judgement, args.role or role_arn or "the role", file), args.format, outputs, to_the_end=True)
    closed = all(answers[Caller.CODE].allowed is Truth.NO for answers in judgement.answers.values())
    return 0 if closed and not judgement.errors() else 1


def _tags(pairs: Sequence[str]) -> dict[str, str]:
    tags = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InputError(f"--tags: not KEY=VALUE: {pair[:80]!r}")
        tags[key] = value
    return tags
