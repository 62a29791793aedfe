"""The formats by name, and where reports go: standard output, and any number of files."""

from __future__ import annotations

import argparse
import gzip
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from policy.reports.report import Report
from policy.reports.text import for_terminal
from policy.shared import streams

# Each module has `render(report) -> str`, and is imported when it is asked for: `html` needs a package.
FORMATS: Final = {
    "text": "policy.reports.text",
    "json": "policy.reports.json_form",
    "sarif": "policy.reports.sarif",
    "junit": "policy.reports.junit",
    "github": "policy.reports.github",
    "gitlab": "policy.reports.gitlab",
    "markdown": "policy.reports.markdown",
    "html": "policy.reports.html",
}
PLAIN: Final = frozenset(("text", "json"))
"""Those that show the run as its command tells it, and ask a report for nothing else."""
_ENDINGS: Final = {
    ".txt": "text",
    ".json": "json",
    ".sarif": "sarif",
    ".xml": "junit",
    ".md": "markdown",
    ".html": "html",
    ".htm": "html",
}
_PACKED: Final = ".gz"


class ReportError(Exception):
    """A report that cannot be written; the message is one sentence."""


class Output(NamedTuple):
    """A file, and the format that goes into it."""

    format: str
    file: str


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Add `--format` and `--output`."""
    parser.add_argument(
        "--format", choices=tuple(FORMATS), default="text", help="what is printed (default: text, for people)"
    )
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="[FORMAT=]FILE",
        help=(
            "write a report to a file as well; may be repeated. The format is that of the file's ending (.txt .json .sarif "
            ".xml .md .html, each also with .gz) unless it is given (gitlab=report.json)"
        ),
    )


def outputs(given: list[str]) -> list[Output]:
    """What `--output` names. Raises ReportError for a file whose format is not known."""
    found = []
    for text in given:
        name, equals, file = text.partition("=")
        if not equals or name not in FORMATS:
            name, file = _ENDINGS.get(Path(text.removesuffix(_PACKED)).suffix.lower(), ""), text
        if not name or not file:
            raise ReportError(f"--output {text}: give the format as well, one of {', '.join(FORMATS)}: FORMAT={text}")
        found.append(Output(name, file))
    return found


def renderer(name: str) -> Callable[[Report], str]:
    """What renders a format. Raises ReportError where a package that it needs is missing."""
    try:
        render: Callable[[Report], str] = import_module(FORMATS[name]).render
    except ModuleNotFoundError as error:
        raise ReportError(
            f"the format {name} needs the package {error.name}: pip install -r requirements-tools.txt"
        ) from None
    return render


def emit(
    report: Report, name: str, files: list[Output], stdout: TextIO | None = None, *, to_the_end: bool = False
) -> None:
    """Print a report in one format, and write it to files in others.

    Raises ReportError, and BrokenPipeError where it is to be read `to_the_end` and the reader is seen to have gone.
    """
    for output in files:
        write(renderer(output.format)(report), output.file)
    stream = sys.stdout if stdout is None else stdout
    text = renderer(name)(report)
    if stream is not None and name == "text":
        text = for_terminal(text, stream)
    if stream is not None and to_the_end:
        stream.write(text)
    else:
        streams.write(text, stream)


def write(text: str, file: str) -> None:
    """Write a text to a file, packed if its name ends so. Raises ReportError."""
    content = text.encode("utf-8", "backslashreplace")
    if file.endswith(_PACKED):
        content = gzip.compress(content, mtime=0)
    # Whole or not at all: a job that is ended halfway leaves no half of a report.
    partial = f"{file}.{os.getpid()}.part"
    try:
        Path(partial).write_bytes(content)
        os.replace(partial, file)
    except OSError as error:
        raise ReportError(f"{file} cannot be written: {error.strerror or type(error).__name__}") from None
