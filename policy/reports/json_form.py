"""JSON: the form of the command that ran, each with a schema in docs/."""

from __future__ import annotations

import json

from policy.reports.report import Report


def render(report: Report) -> str:
    """Escaped to ASCII, JSON is the same in every encoding."""
    return json.dumps(report.document, indent=2) + "\n"
