"""Workflow commands of GitHub Actions: printed in a job, they become annotations at the lines of a pull request.

Source: GitHub Docs, "Workflow commands for GitHub Actions"; actions/toolkit `packages/core/src/command.ts` for what is
escaped.
"""

from __future__ import annotations

from policy.reports.report import Item, Report
from policy.shared import names


def render(report: Report) -> str:
    """One line for each finding."""
    lines = [_line(report, item) for item in report.items]
    lines += [f"::error title={_property('not read')}::{_data(error)}" for error in report.errors]
    lines += [f"::notice title={_property(f'exempt: {i.resource}')}::{_data(i.exempt)}" for i in report.exempted]
    return "".join(f"{line}\n" for line in lines)


def _line(report: Report, item: Item) -> str:
    kind = "error" if item.level == "mandatory" else "notice" if item.policy == names.NOTICES else "warning"
    file = report.place(item)
    place = f"file={_property(file)},line={item.line}," if file else ""
    title = f"{item.policy}: {item.resource}" + (f" of {item.stack}" if item.stack else "")
    return f"::{kind} {place}title={_property(title)}::{_data(item.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
