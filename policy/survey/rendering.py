"""A survey as a report: its text, its JSON form, and the findings that the other formats show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from policy.reports import tables as as_text
from policy.reports.report import Item, Report
from policy.shared.escapes import one_line
from policy.survey import table
from policy.survey.baseline import Compared
from policy.survey.survey import Survey
from policy.survey.surveyed import Surveyed
from policy.told.judging import Verdict

PACK: Final = "lambda-eni-guard"
FORM: Final = 1
"""Number of the JSON form. It grows when something is taken away or changes its meaning, not when something is added."""


def report(survey: Survey, version: str, compared: Compared, *, whole: bool, part: Mapping[str, Any] | None) -> Report:
    """The survey as a report. With `whole` its tables have all rows and all findings are told; `part` is what else the JSON
    form of a part of a survey has."""
    items = list(compared.new)
    most = None if whole else table.FEW
    found = list(table.tables(survey, items, most))
    return Report(
        table.heading(survey),
        PACK,
        version,
        items,
        "\n".join(_text(survey, compared, found, whole=whole)) + "\n",
        _document(survey, version, compared, part),
        survey.exempted,
        survey.roles,
        tuple(_figures(survey, items)),
        tuple(table.tables(survey, items, None)),
        tuple(_notes(survey, compared)),
        tuple(f"{unread.source}: {unread.why}" for unread in survey.unread),
    )


def _figures(survey: Survey, items: Sequence[Item]) -> Iterator[tuple[str, str]]:
    total = table.counts(survey)
    verdicts = [stack.told.verdict for stack in survey.stacks]
    roles = table.open_roles(items)
    functions = {function for of in roles.values() for function in of}
    yield "stacks", f"{len(survey.stacks):,}"
    yield "would be stopped", f"{verdicts.count(Verdict.STOPPED):,}"
    yield "functions in a VPC", f"{total.get('functions', 0):,}"
    yield "open functions", f"{len(functions):,}"
    yield "open roles", f"{len(roles):,}"
    yield "not judged", f"{sum(item.kind == 'not judged' for item in items):,}"
    yield "exempt", f"{len(survey.exempted):,}"


def _notes(survey: Survey, compared: Compared) -> Iterator[str]:
    problems = dict.fromkeys(stack.told.problems for stack in survey.stacks if stack.told.problems)
    yield from problems
    used = {entry for stack in survey.stacks for entry in stack.told.used}
    for match, reason in sorted(used):
        yield f"`{match}` is exempt, or guarded elsewhere. Reason: {reason}"
    for match, reason in sorted({entry for stack in survey.stacks for entry in stack.told.ended}):
        yield f"The exemption of `{match}` has ended. Its reason was: {reason}"
    yield from compared.lines


def _text(survey: Survey, compared: Compared, found: Sequence[Any], *, whole: bool) -> Iterator[str]:
    yield table.heading(survey)
    for each in found:
        yield ""
        yield from as_text.lines(each)
    for note in _notes(survey, compared):
        yield ""
        yield f"note: {one_line(note)}"
    items = [item for item in compared.new if item.level == "mandatory" or whole]
    if not whole and len(items) > table.FEW:
        yield ""
        yield f"{len(items):,} findings of level mandatory; --all tells them all, --output FILE.html shows them."
        return
    for item in items:
        yield ""
        place = f"  {item.file}:{item.line}" if item.file else ""
        yield one_line(
            f"- [{item.level}] [severity: {item.severity}]  {item.policy}  {item.stack}: {item.resource}{place}"
        )
        yield from (f"  {line}".rstrip() for line in item.message.split("\n"))


def _document(survey: Survey, version: str, compared: Compared, part: Mapping[str, Any] | None) -> dict[str, Any]:
    """The JSON form; docs/survey.schema.json describes it."""
    return {
        "version": FORM,
        "pack": {"name": PACK, "version": version},
        "counts": table.counts(survey),
        "stacks": [_stack(stack) for stack in survey.stacks],
        "findings": [item.to_json() for item in compared.new],
        "known": len(compared.known),
        "gone": [dict(entry) for entry in compared.gone],
        "exempted": [item.to_json() for item in survey.exempted],
        "roles": [asdict(role) for role in survey.roles.values()],
        "unread": [{"source": unread.source, "why": unread.why} for unread in survey.unread],
        "notes": list(_notes(survey, compared)),
        **({"part": dict(part)} if part is not None else {}),
    }


def _stack(stack: Surveyed) -> dict[str, Any]:
    return {
        "stack": stack.name,
        "source": stack.source,
        "time": stack.time,
        "verdict": stack.told.verdict,
        "judged": dict(stack.told.judged),
        "findings": [item.fingerprint for item in stack.told.items],
        "through": [item.fingerprint for item in stack.through],
        "notes": list(stack.notes),
    }
