"""Reports to try formats with: real findings, and names that are made to break out of every format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from policy.preview.config_file import load
from policy.reports.report import Item, Report, Role
from policy.shared import names
from policy.survey import baseline, rendering
from policy.survey.many import survey_files
from policy.survey.ruled import rules
from policy.survey.survey import together

STATES: Final = Path(__file__).resolve().parent / "states"
NOW: Final = 1795795200.0
# A tag, ends of an attribute, of a cell, of a block of code and of a command, a line break, a character that XML has not.
EVIL: Final = "<img src=x onerror=alert(1)>\"'`|]]>--></script>\n::error::x\u202e\x01``` é"


def real(config: dict[str, object] | None = None) -> Report:
    """The report of the survey of tests/states."""
    judged_by = rules(load(config), NOW)
    paths = [str(path) for path in sorted(STATES.glob("*.json"))]
    survey = together(survey_files(paths, judged_by, 1, lambda _: None), judged_by)
    return rendering.report(survey, "1.2.3", baseline.compare(survey, None), whole=False, part=None)


def evil() -> Report:
    """The same with names, messages and reasons that nobody gives by accident."""
    report = real()
    first = report.items[0]
    role = report.roles[first.role]
    item = replace(
        first,
        urn=f"urn:pulumi:dev::p::t::{EVIL}",
        message=f"{EVIL}\nFix: {EVIL}\nMore: x",
        file=EVIL,
        functions=(f"urn:pulumi:dev::p::t::{EVIL}",),
        stack=EVIL,
        witness={"x": EVIL},
        role="r",
    )
    documents = tuple(replace(document, name=EVIL) for document in role.documents)
    roles = {"r": Role("r", EVIL, EVIL, "", item.functions, role.actions, documents)}
    exempted = replace(item, exempt=EVIL, until="2099-12-31")
    tables = tuple(replace(table, title=EVIL, rows=((EVIL,) * len(table.columns),)) for table in report.tables)
    return replace(
        report, items=[item], exempted=[exempted], roles=roles, tables=tables, notes=[EVIL], errors=[EVIL], title=EVIL
    )


def many(number: int) -> Report:
    """So many findings, each on a role of its own."""
    report = real()
    items: list[Item] = []
    roles: dict[str, Role] = {}
    for i in range(number):
        item = report.items[i % len(report.items)]
        role = replace(report.roles[item.role], key=f"{item.role}-{i}", name=f"role-{i}-")
        roles[role.key] = role
        items.append(replace(item, role=role.key, urn=f"{item.urn}-{i}"))
    return replace(report, items=items, roles=roles)


def one_of_each() -> Report:
    """A finding of every policy, level and kind."""
    report = real()
    first = report.items[0]
    items = [
        first,
        replace(first, policy=names.READ_ONLY, level="advisory", severity="low", kind="read-only"),
        replace(
            first, policy=names.UNVERIFIED, level="advisory", severity="medium", kind="not judged", file="", line=0
        ),
        replace(first, policy=names.ROLE_GUARD, kind="other", role=""),
        replace(first, policy=names.NOTICES, level="advisory", severity="low", kind="other", urn="", role=""),
    ]
    return replace(report, items=items, exempted=[replace(first, exempt="OPS-1", until="2099-12-31")])
