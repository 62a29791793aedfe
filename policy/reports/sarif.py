"""SARIF 2.1.0 (OASIS, sarif-v2.1.0-os): what GitHub code scanning, Azure DevOps and editors read."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

from policy.reports.report import Item, Report
from policy.shared import names
from policy.shared.rules import RULES, Rule

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# GitHub sorts by a number that it calls security-severity: over 7.0 is high, over 4.0 medium.
_SECURITY: Final = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}


def render(report: Report) -> str:
    """The report as one run."""
    found = [*report.items, *report.exempted]
    rules = sorted({item.policy for item in found} | {names.GUARD})
    run = {
        "tool": {
            "driver": {
                "name": report.pack,
                # SARIF's own is for semantic versions; a pack without one has none.
                **({"version": report.version} if report.version else {}),
                "informationUri": names.AWS_PAGE,
                "rules": [_rule(name) for name in rules],
            }
        },
        # Code scanning takes one run of each category.
        "automationDetails": {"id": f"{report.pack}/{report.folder or report.title}/"},
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the folder of the repository"}}},
        "results": [_result(report, item, rules.index(item.policy)) for item in found],
        "invocations": [_invocation(report)],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(name: str) -> dict[str, Any]:
    rule = RULES.get(name, Rule(name, name, "", ""))
    found: dict[str, Any] = {
        "id": name,
        "name": "".join(part.capitalize() for part in name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.demands},
        "helpUri": names.url(name),
        "help": {"text": rule.help or rule.demands},
        "properties": {"tags": ["security", "aws", "lambda", "iam"], "precision": "very-high"},
    }
    if rule.severity in _SECURITY:
        found["properties"]["security-severity"] = _SECURITY[rule.severity]
    return found


def _result(report: Report, item: Item, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": item.policy,
        "ruleIndex": rule,
        "level": _level(item),
        "message": {"text": item.message},
        "locations": [_location(report, item)],
        "partialFingerprints": {"finding/v1": item.fingerprint},
        "properties": {
            "stack": item.stack,
            "enforcement": item.level,
            # A fix of SARIF's own replaces text of a file at known places; what to write here is known, the place is not.
            "fixes": list(item.fixes),
            "functions": list(item.functions),
            "actions": list(item.actions),
        },
    }
    if item.exempt:
        until = f" (until {item.until})" if item.until else ""
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": item.exempt + until}]
    return result


def _level(item: Item) -> str:
    if item.level == "mandatory":
        return "error"
    return "note" if item.policy == names.NOTICES or item.severity == "low" else "warning"


def _location(report: Report, item: Item) -> dict[str, Any]:
    location: dict[str, Any] = {
        "logicalLocations": [{"name": item.resource or item.stack, "fullyQualifiedName": item.urn, "kind": "resource"}]
    }
    file = report.place(item)
    if file:
        # Artifacts are named by URI references (RFC 3986), relative to the repository.
        artifact = {"uri": quote(file), "uriBaseId": "%SRCROOT%"}
        location["physicalLocation"] = {"artifactLocation": artifact, "region": {"startLine": max(item.line, 1)}}
    return location


def _invocation(report: Report) -> dict[str, Any]:
    notes = [{"level": "note", "message": {"text": note}} for note in report.notes]
    errors = [{"level": "error", "message": {"text": error}} for error in report.errors]
    found: dict[str, Any] = {"executionSuccessful": not errors}
    if notes or errors:
        found["toolExecutionNotifications"] = [*errors, *notes]
    return found
