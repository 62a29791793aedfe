"""JUnit XML, as Jenkins, GitLab and others read it: a suite for each stack, a case for each finding.

The form is that of the schema of Jenkins' xUnit plugin. What stops a deployment is a failure; what is advisory or exempt is
skipped, with its message.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import Final

from policy.reports.report import Item, Report

# XML 1.0, section 2.2: no other characters can stand in a document, not even escaped.
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """The report as one document."""
    by_stack: dict[str, list[Item]] = {}
    for item in (*report.items, *report.exempted):
        by_stack.setdefault(item.stack or report.title, []).append(item)
    root = ET.Element("testsuites", name=_text(f"{report.pack} {report.version}".strip()))
    for stack, items in by_stack.items():
        root.append(_suite(report, stack, items))
    if report.errors:
        root.append(_unread(report.errors))
    if not by_stack and not report.errors:
        suite = ET.SubElement(
            root, "testsuite", name=_text(report.title), tests="1", failures="0", errors="0", skipped="0"
        )
        ET.SubElement(suite, "testcase", name="nothing found", classname=_text(report.pack))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(report: Report, stack: str, items: Iterable[Item]) -> ET.Element:
    suite = ET.Element("testsuite", name=_text(stack), errors="0")
    counts = {"tests": 0, "failures": 0, "skipped": 0}
    for item in items:
        counts["tests"] += 1
        case = ET.SubElement(suite, "testcase", name=_text(f"{item.policy}: {item.resource}"), classname=_text(stack))
        file = report.place(item)
        # The schema has no attributes for it.
        place = f"{file}:{item.line}\n" if file else ""
        if item.level == "mandatory" and not item.exempt:
            counts["failures"] += 1
            first = item.what.split("\n")[0]
            ET.SubElement(case, "failure", type=_text(item.policy), message=_text(first)).text = _text(
                place + item.message
            )
        else:
            counts["skipped"] += 1
            why = f"exempt: {item.exempt}" if item.exempt else f"{item.level}: {item.what}"
            ET.SubElement(case, "skipped")
            ET.SubElement(case, "system-out").text = _text(place + why)
    for name, count in counts.items():
        suite.set(name, str(count))
    return suite


def _unread(errors: Iterable[str]) -> ET.Element:
    found = list(errors)
    suite = ET.Element("testsuite", name="files that are not read", failures="0", skipped="0")
    suite.set("tests", str(len(found)))
    suite.set("errors", str(len(found)))
    for error in found:
        case = ET.SubElement(suite, "testcase", name=_text(error.partition(": ")[0]), classname="state")
        ET.SubElement(case, "error", type="state", message=_text(error))
    return suite


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
