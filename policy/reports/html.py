"""HTML: one file that needs no network, for people. It needs jinja2 (requirements-tools.txt).

Every value goes through the template's escaping. The page allows no script but its own, by its hash, so that a name that
came through as a tag would do nothing either.
"""

from __future__ import annotations

import base64
import hashlib
import json
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
        "portion": _AT_ONCE,
        "first": [_row(report, item) for item in found[:_AT_ONCE]],
        "levels": sorted({item.level for item in found}, reverse=True),
        "kinds": sorted({item.kind for item in found}),
        "script": script,
        "style": style,
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'",
    }
    finding = template.make_module({**values, "index": "", "portions": []}).finding  # type: ignore[attr-defined]
    later = [_row(report, item) for item in found[_AT_ONCE:]]
    portions = [
        _data([str(finding(row)) for row in later[start : start + _AT_ONCE]])
        for start in range(0, len(later), _AT_ONCE)
    ]
    return template.render(**values, index=_data(list(map(_filtered_by, later))) if later else "", portions=portions)


def _data(value: object) -> str:
    """JSON in which nothing can end the element that it stands in."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _filtered_by(row: dict[str, Any]) -> dict[str, str]:
    """What a finding is filtered by. Its markup, in which each value is escaped, is read when a reader comes to it."""
    item = row["item"]
    return {"level": item.level, "kind": item.kind, "exempt": "yes" if item.exempt else "", "words": row["words"]}


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
