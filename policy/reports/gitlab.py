"""A Code Quality report of GitLab: shown in merge requests.

Source: GitLab Docs, "Code Quality", "Code Quality report format".
"""

from __future__ import annotations

import json
from typing import Final

from policy.reports.report import Item, Report

_SEVERITIES: Final = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}
# The format has no finding without a file: one whose line is not known stands at the project's own.
_PROJECT_FILE: Final = "Pulumi.yaml"


def render(report: Report) -> str:
    """The findings as a list. What is exempt has no place in the format."""
    return json.dumps([_issue(report, item) for item in report.items], indent=1) + "\n"


def _issue(report: Report, item: Item) -> dict[str, object]:
    folder = f"{report.folder}/" if report.folder not in ("", ".") else ""
    return {
        "description": f"{item.resource} of {item.stack}: {item.message}",
        "check_name": item.policy,
        "fingerprint": item.fingerprint,
        "severity": _SEVERITIES.get(item.severity, "info") if item.level == "mandatory" else "info",
        "location": {
            "path": report.place(item) or f"{folder}{_PROJECT_FILE}",
            "lines": {"begin": max(item.line, 1)},
        },
    }
