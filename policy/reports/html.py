"""HTML: one file that needs no network, for people. It needs jinja2 (requirements-tools.txt).

Every value goes through the template's escaping. The page allows no script but its own, by its hash, so that a name that
came through as a tag would do nothing either.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from policy.reports.picture import picture
from policy.reports.report import Item, Report

# So many findings are elements when the page opens, and so many more at a time: a browser takes seconds for ten thousand.
_AT_ONCE: Final = 200
_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


def render(report: Report) -> str:
    """The report as one page."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    found = [*report.items, *report.exempted]
    template = environment.get_template("report.html")
    values = {
        "report": report,
        "number": len(found),
        "first": [_row(report, item) for item in found[:_AT_ONCE]],
        "levels": sorted({item.level for item in found}, reverse=True),
        "kinds": sorted({item.kind for item in found}),
        "script": script,
        "style": style,
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'",
    }
    finding = template.make_module({**values, "rest": ""}).finding  # type: ignore[attr-defined]
    rest = [_later(finding, _row(report, item)) for item in found[_AT_ONCE:]]
    # Nothing in it can end the element that it stands in.
    text = json.dumps(rest, separators=(",", ":")).replace("<", "\\u003c") if rest else ""
    return template.render(**values, rest=text)


def _later(finding: Callable[[dict[str, Any]], str], row: dict[str, Any]) -> dict[str, str]:
    """A finding that a reader comes to later: what it is filtered by, and its markup, in which each value is escaped."""
    item = row["item"]
    data = {"level": item.level, "kind": item.kind, "exempt": "yes" if item.exempt else "", "words": row["words"]}
    return {**data, "html": str(finding(row))}


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _row(report: Report, item: Item) -> dict[str, Any]:
    role = report.roles.get(item.role)
    names = [urn.rpartition("::")[2] for urn in item.functions]
    return {
        "item": item,
        "place": report.place(item),
        "role": role.name if role else item.role.rpartition("::")[2],
        "functions": names[:3],
        "more": max(len(names) - 3, 0),
        "picture": picture(role) if role else None,
        "witness": json.dumps(item.witness, indent=1) if item.witness else "",
        "words": " ".join(
            (item.policy, item.kind, item.stack, item.resource, item.role, role.name if role else "", *names)
        ).lower(),
    }
