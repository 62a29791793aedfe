"""`python -m policy judge`: its forms are an interface (issue 3, item 5), so they are pinned here whole."""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from policy.commands import judge as judging
from policy.commands.judge import InputError, judge, judge_line
from policy.commands.judge_command import configure_parser, run
from policy.iam.document import parse_document
from policy.iam.request import Caller
from policy.iam.search.actions import KEPT_FROM_CODE
from policy.iam.truth import Truth

ROOT: Final = Path(__file__).resolve().parent.parent
FUNCTION: Final = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
ROLE_ARN: Final = "arn:aws:iam::123456789012:role/service/orders"
NOW: Final = Decimal(1_790_000_000)
OPEN: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Eni", "Effect": "Allow", "Action": list(KEPT_FROM_CODE), "Resource": "*"}],
}
GUARD: Final = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Deny",
        "Action": "ec2:*",
        "Resource": "*",
        "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}},
    },
}
INVERTED: Final = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"Null": {"lambda:SourceFunctionArn": "true"}},
    },
}


_STATEMENT: Final = {"Effect": "Allow", "Action": list(KEPT_FROM_CODE), "Resource": "*"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, document in (("open", OPEN), ("guard", GUARD), ("inverted", INVERTED)):
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str, stdin: str = "") -> int:
    parser = argparse.ArgumentParser()
    configure_parser(parser)
    return run(parser.parse_args(words), io.StringIO(stdin))


def line(**value: Any) -> dict[str, Any]:
    return judge_line(json.dumps(value), now=NOW)


# ---- one line of --jsonl


def test_a_line_has_one_form() -> None:
    found = line(policies=[OPEN], function_arn=FUNCTION)
    assert list(found) == ["actions", "errors"]
    assert list(found["actions"]) == list(KEPT_FROM_CODE)
    assert found["errors"] == []
    key = {"lambda:SourceFunctionArn": FUNCTION}
    assert found["actions"]["ec2:DescribeSubnets"] == {
        "code": "allowed",
        "service": "allowed",
        "witness": {"requests": [{"resource": "*", "context": key}]},
    }
    place = "arn:aws:ec2:eu-central-1:123456789012:"
    assert found["actions"]["ec2:CreateNetworkInterface"]["witness"] == {
        "requests": [
            {"resource": f"{place}network-interface/*", "context": key},
            {"resource": f"{place}subnet/subnet-0c0de0c0de0c0de00", "context": key},
        ]
    }
    assert found["actions"]["ec2:DeleteNetworkInterface"]["witness"] == {
        "requests": [{"resource": f"{place}network-interface/eni-0c0de0c0de0c0de00", "context": key}]
    }


@pytest.mark.parametrize(
    ("value", "code", "service"),
    [
        ({"policies": [OPEN]}, "allowed", "allowed"),
        ({"policies": [json.dumps(OPEN)]}, "allowed", "allowed"),
        ({"policies": []}, "denied", "denied"),
        ({"policies": [OPEN, GUARD]}, "denied", "allowed"),
        ({"policies": [OPEN, INVERTED]}, "allowed", "denied"),
        ({"policies": [OPEN], "boundary": None}, "allowed", "allowed"),
        ({"policies": [OPEN], "boundary": []}, "denied", "denied"),
        ({"policies": [OPEN], "boundary": [OPEN]}, "allowed", "allowed"),
        ({"policies": [OPEN], "boundary": [OPEN, GUARD]}, "denied", "allowed"),
        ({"policies": [OPEN], "boundary": GUARD}, "denied", "denied"),
        ({"policies": [OPEN], "boundary": json.dumps(OPEN)}, "allowed", "allowed"),
        ({"policies": ["nonsense"]}, "unknown", "unknown"),
        ({"policies": [OPEN, "nonsense"]}, "allowed", "allowed"),
        ({"policies": [OPEN], "function_arn": None}, "allowed", "allowed"),
    ],
)
def test_verdicts(value: dict[str, Any], code: str, service: str) -> None:
    for answers in line(**value)["actions"].values():
        assert (answers["code"], answers["service"]) == (code, service)
        assert (answers["witness"] is not None) is (code == "allowed")


def test_a_list_of_values_is_a_list() -> None:
    condition = {
        "ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]},
        "StringEquals": {"aws:RequestTag/a": "1", "aws:RequestTag/b": "2"},
    }
    grant = {
        "Effect": "Allow",
        "Action": "ec2:*",
        "Resource": "arn:aws:ec2:*:*:network-interface/*",
        "Condition": condition,
    }
    subnet = {"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*:*:subnet/*"}
    found = line(policies=[{"Version": "2012-10-17", "Statement": [grant, subnet]}])
    interface, _ = found["actions"]["ec2:CreateNetworkInterface"]["witness"]["requests"]
    assert interface["context"]["aws:RequestTag/a"] == "1"
    assert sorted(interface["context"]["aws:TagKeys"]) == ["a", "b"]
    assert list(interface["context"]) == sorted(interface["context"])


def test_errors_name_document_and_path() -> None:
    bad = {"Statement": [{"Effect": "allow", "Action": "ec2:*", "Resource": "*"}]}
    found = line(policies=[OPEN, bad], boundary=["{", OPEN])
    assert found["errors"] == [
        'policies[1]: Statement[0].Effect: must be "Allow" or "Deny", not \'allow\'',
        "boundary[0]: not JSON: Expecting property name enclosed in double quotes at line 1, column 2",
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("nonsense", "the line is not JSON"),
        ("[" * 100_000, "the line is not JSON"),
        ("\ufeff{}", "the line is not JSON"),
        ("9" * 5_000, "the line is not JSON"),
        ("[]", 'the line must be an object with a list "policies"'),
        ("{}", 'the line must be an object with a list "policies"'),
        ('{"policies": {}}', 'the line must be an object with a list "policies"'),
        ('{"policies": "x"}', 'the line must be an object with a list "policies"'),
        ('{"policies": [], "function_arn": 7}', "function_arn: must be a string"),
        (
            '{"policies": [], "function_arn": "orders"}',
            "function_arn: not the unqualified ARN of a Lambda function: 'orders'",
        ),
    ],
)
def test_a_line_that_cannot_be_read_judges_nothing_safe(text: str, error: str) -> None:
    found = judge_line(text)
    assert found["errors"] == [error]
    assert found["actions"] == {
        action: {"code": "unknown", "service": "unknown", "witness": None} for action in KEPT_FROM_CODE
    }


@pytest.mark.parametrize(
    ("arn", "good"),
    [
        (FUNCTION, True),
        ("arn:aws-cn:lambda:cn-north-1:123456789012:function:A-b_c", True),
        (f"{FUNCTION}:live", False),
        (f"{FUNCTION}:1", False),
        (FUNCTION.replace("orders", "*"), False),
        (FUNCTION.replace("eu-central-1", ""), False),
        (FUNCTION.replace("123456789012", "1234"), False),
        (FUNCTION.replace("lambda", "iam"), False),
        (FUNCTION + "\n", False),
        (FUNCTION + "x" * 140, False),
        ("", False),
    ],
)
def test_the_function_is_given_by_its_unqualified_arn(arn: str, good: bool) -> None:
    documents = [parse_document(OPEN, "d")]
    if good:
        assert (
            judge(documents, function_arn=arn, now=NOW).answers["ec2:DescribeSubnets"][Caller.CODE].allowed is Truth.YES
        )
    else:
        with pytest.raises(InputError, match="function_arn: not the unqualified ARN of a Lambda function"):
            judge(documents, function_arn=arn, now=NOW)


def test_the_present_is_now_unless_given() -> None:
    until = {"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}
    document = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": until},
    }
    text = json.dumps({"policies": [document]})
    for now, code in ((NOW, "allowed"), (Decimal(1_900_000_000), "denied")):
        found: dict[str, Any] = judge_line(text, now=now)
        assert found["actions"]["ec2:DescribeSubnets"]["code"] == code


# ---- the command


@pytest.mark.usefixtures("folder")
def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("open.json", "--function-arn", FUNCTION) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert (
        "\n".join(row.rstrip() for row in out.split("\n"))
        == f"""\
action                            function code   Lambda service
ec2:CreateNetworkInterface        allowed         allowed
ec2:DescribeNetworkInterfaces     allowed         allowed
ec2:DescribeSubnets               allowed         allowed
ec2:DeleteNetworkInterface        allowed         allowed
ec2:AssignPrivateIpAddresses      allowed         allowed
ec2:UnassignPrivateIpAddresses    allowed         allowed

The code can call ec2:CreateNetworkInterface like this:
{{
  "requests": [
    {{
      "resource": "arn:aws:ec2:eu-central-1:123456789012:network-interface/*",
      "context": {{
        "lambda:SourceFunctionArn": "{FUNCTION}"
      }}
    }},
    {{
      "resource": "arn:aws:ec2:eu-central-1:123456789012:subnet/subnet-0c0de0c0de0c0de00",
      "context": {{
        "lambda:SourceFunctionArn": "{FUNCTION}"
      }}
    }}
  ]
}}
allowed by statement `Eni` of open.json
"""
    )


@pytest.mark.usefixtures("folder")
def test_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("open.json") == 1
    assert call("open.json", "guard.json") == 0
    assert call("guard.json") == 0
    assert call("open.json", "--boundary", "guard.json") == 0
    assert call("open.json", "--boundary", "open.json") == 1
    assert call("open.json", "--boundary", "open.json", "--boundary", "guard.json") == 0
    assert call("open.json", "inverted.json") == 1
    assert capsys.readouterr().err == ""


def test_what_is_not_certain_is_no_success(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.json").write_text(json.dumps({"Statement": "text"}), encoding="utf-8")
    assert call("bad.json") == 1
    out = capsys.readouterr().out
    assert "unknown" in out
    assert "error: bad.json: Statement: must be a statement or a list of them" in out
    # Closed, but a document is not what IAM takes.
    (folder / "odd.json").write_text(json.dumps({**GUARD, "Extra": 1}), encoding="utf-8")
    assert call("odd.json") == 1
    assert "error: odd.json: Extra: is not an element of a policy document" in capsys.readouterr().out


def test_what_is_no_document_is_bad_input(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text, error in (
        ("{", "not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ("[]", "not a JSON object, so no policy document"),
        ("null", "not a JSON object, so no policy document"),
        ('{"a": 1}', "no policy document: it has no Statement"),
        ("[" * 100_000, "not readable as JSON: nested too deeply, or a number too long"),
    ):
        (folder / "bad.json").write_text(text, encoding="utf-8")
        assert call("bad.json", "open.json") == 2
        assert capsys.readouterr() == ("", f"error: bad.json: {error}\n")
        assert call("open.json", "--boundary", "bad.json") == 2
        capsys.readouterr()


@pytest.mark.usefixtures("folder")
def test_standard_input_is_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("open.json", "-", stdin=json.dumps(GUARD)) == 0
    assert call("-", stdin="nonsense") == 2
    assert capsys.readouterr().err.startswith("error: -: not JSON")


@pytest.mark.usefixtures("folder")
def test_the_role_is_given_by_its_arn_and_tags(capsys: pytest.CaptureFixture[str]) -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "net"}, "ArnEquals": {"aws:PrincipalArn": ROLE_ARN}}
    document = {"Version": "2012-10-17", "Statement": {**_STATEMENT, "Condition": condition}}
    text = json.dumps(document)
    role = ("--role-arn", ROLE_ARN)
    assert call("-", *role, "--tags", "team=net", "--tags", "a=b=c", stdin=text) == 1
    assert call("-", *role, "--tags", "team=other", stdin=text) == 0
    assert call("-", *role, stdin=text) == 0
    capsys.readouterr()
    for words, error in (
        (("--role-arn", "orders"), "role_arn: not the ARN of a role: 'orders'"),
        (("--tags", "team"), "--tags: not KEY=VALUE: 'team'"),
    ):
        assert call("-", *words, stdin=text) == 2
        assert capsys.readouterr() == ("", f"error: {error}\n")
    found = line(policies=[document], role_arn=ROLE_ARN, tags={"team": "net"})
    assert found["actions"]["ec2:DescribeSubnets"]["code"] == "allowed"
    for wrong in ({"role_arn": 7}, {"role_arn": "x"}, {"tags": []}, {"tags": {"a": 1}}):
        assert next(iter(wrong)) in line(policies=[document], **wrong)["errors"][0]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("prefix", ["", "arn:aws:iam::aws:policy/service-role/"])
def test_aws_managed_policies_by_name_or_arn(prefix: str, capsys: pytest.CaptureFixture[str]) -> None:
    name = f"{prefix}AWSLambdaVPCAccessExecutionRole"
    assert call(name) == 1
    assert f"allowed by `Statement[0]` of {name}" in capsys.readouterr().out.replace(
        "statement `AWSLambdaVPCAccessExecutionPermissions`", "`Statement[0]`"
    )
    assert call(name, "guard.json") == 0
    assert call("AmazonS3ReadOnlyAccess") == 0
    assert call("arn:aws:iam::aws:policy/NoSuchPolicy") == 2
    assert "not among the AWS managed policies as of" in capsys.readouterr().err


def test_what_the_aws_cli_prints_is_taken_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inline = {"RoleName": "orders", "PolicyName": "eni", "PolicyDocument": OPEN}
    (folder / "inline.json").write_text(json.dumps(inline), encoding="utf-8")
    version = {"PolicyVersion": {"Document": quote(json.dumps(GUARD), safe=""), "VersionId": "v1"}}
    (folder / "version.json").write_text(json.dumps(version), encoding="utf-8")
    assert call("inline.json") == 1
    assert call("inline.json", "version.json") == 0
    assert capsys.readouterr().err == ""


GUARDING: Final = "arn:aws:iam::123456789012:policy/guarding"


def details(*, tags: bool = True, boundary: bool = False) -> dict[str, Any]:
    """What `aws iam get-account-authorization-details` prints, with two roles."""
    vpc_access = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    role = {
        "RoleName": "orders",
        "Arn": ROLE_ARN,
        "RolePolicyList": [{"PolicyName": "eni", "PolicyDocument": OPEN}],
        "AttachedManagedPolicies": [{"PolicyName": "AWSLambdaVPCAccessExecutionRole", "PolicyArn": vpc_access}],
        "Tags": [{"Key": "team", "Value": "net"}] if tags else [],
    }
    if boundary:
        role["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": GUARDING}
    guarded = {
        "RoleName": "guarded",
        "Arn": ROLE_ARN.replace("orders", "guarded"),
        "RolePolicyList": [],
        "AttachedManagedPolicies": [*role["AttachedManagedPolicies"], {"PolicyName": "g", "PolicyArn": GUARDING}],
    }
    versions = [
        {"Document": OPEN, "VersionId": "v1", "IsDefaultVersion": False},
        {"Document": GUARD, "VersionId": "v2", "IsDefaultVersion": True},
    ]
    policies = [{"PolicyName": "guarding", "Arn": GUARDING, "PolicyVersionList": versions}]
    return {"UserDetailList": [], "RoleDetailList": [role, guarded], "Policies": policies}


def test_a_role_from_the_details_of_an_account(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "account.json").write_text(json.dumps(details()), encoding="utf-8")
    assert call("account.json", "--role", "orders") == 1
    assert "allowed by statement `Eni` of eni" in capsys.readouterr().out
    assert call("account.json", "--role", "guarded") == 0
    (folder / "limited.json").write_text(json.dumps(details(boundary=True)), encoding="utf-8")
    assert call("limited.json", "--role", "orders") == 0
    assert call("limited.json", "--role", "orders", "--boundary", "open.json") == 1
    condition = {"StringEquals": {"aws:PrincipalTag/team": "net"}, "ArnEquals": {"aws:PrincipalArn": ROLE_ARN}}
    tagged = json.dumps({"Version": "2012-10-17", "Statement": {**GUARD["Statement"], "Condition": condition}})
    assert call("account.json", "-", "--role", "orders", stdin=tagged) == 0
    assert call("account.json", "-", "--role", "orders", "--tags", "team=x", stdin=tagged) == 1


def test_a_role_of_the_account_by_its_arn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roles = [
        {
            "Arn": ROLE_ARN + suffix,
            "RoleName": "orders" + suffix,
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": d}],
        }
        for suffix, d in (("", OPEN), ("-2", GUARD))
    ]
    (folder / "account.json").write_text(json.dumps({"RoleDetailList": roles, "Policies": []}), encoding="utf-8")
    assert call("--known-roles", "account.json", "--role-arn", ROLE_ARN) == 1
    assert call("--known-roles", "account.json", "--role-arn", ROLE_ARN + "-2") == 0
    assert call("guard.json", "--known-roles", "account.json", "--role", "orders") == 0
    capsys.readouterr()
    assert call("--known-roles", "account.json", "--role-arn", ROLE_ARN + "-3") == 2
    assert "it has no role" in capsys.readouterr().err


def test_details_without_what_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "account.json").write_text(json.dumps(details()), encoding="utf-8")
    (folder / "bare.json").write_text(json.dumps({**details(), "Policies": []}), encoding="utf-8")
    one = {**details(), "RoleDetailList": details()["RoleDetailList"][:1]}
    (folder / "one.json").write_text(json.dumps(one), encoding="utf-8")
    assert call("one.json") == 1
    capsys.readouterr()
    for words, error in (
        (["account.json"], "account.json: it has 2 roles: choose one with --role NAME"),
        (["account.json", "--role", "x"], "account.json: it has no role 'x'"),
        (
            ["bare.json", "--role", "guarded"],
            f"bare.json: it does not have the document of {GUARDING}, which is on the role",
        ),
        (
            ["open.json", "--role", "x"],
            "--role: no FILE is the output of `aws iam get-account-authorization-details`",
        ),
    ):
        assert call(*words) == 2
        assert capsys.readouterr() == ("", f"error: {error}\n")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"PolicyDocument": 7}, "x.json: not a JSON object, so no policy document"),
        ({"PolicyDocument": []}, "x.json: not a JSON object, so no policy document"),
        ({"PolicyVersion": {"Document": "[]"}}, "x.json: not a JSON object, so no policy document"),
        (
            {"PolicyDocument": "%7Bbad"},
            "x.json: not JSON: Expecting property name enclosed in double quotes at line 1, column 2",
        ),
        (
            {"RoleDetailList": [{"RolePolicyList": [{"PolicyName": "p"}]}]},
            "p: not a JSON object, so no policy document",
        ),
    ],
)
def test_what_the_cli_prints_holds_documents(
    folder: Path, capsys: pytest.CaptureFixture[str], content: Any, error: str
) -> None:
    (folder / "x.json").write_text(json.dumps(content), encoding="utf-8")
    assert call("x.json") == 2
    assert capsys.readouterr() == ("", f"error: {error}\n")


@pytest.mark.usefixtures("folder")
def test_a_function_and_its_role_are_in_one_account(capsys: pytest.CaptureFixture[str]) -> None:
    function, role = "arn:aws:lambda:eu-west-1:123456789012:function:f", "arn:aws:iam::{}:role/r"
    assert call("open.json", "--function-arn", function, "--role-arn", role.format("123456789012")) == 1
    capsys.readouterr()
    assert call("open.json", "--function-arn", function, "--role-arn", role.format("999999999999")) == 2
    assert "are in one account, and these are in two" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.usefixtures("folder")
def test_a_full_disk_is_said_without_a_traceback() -> None:
    command = [sys.executable, "-m", "policy", "judge", str(Path("open.json").resolve())]
    with open("/dev/full", "w", encoding="utf-8") as full:
        found = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (found.returncode, found.stderr) == (1, "error: No space left on device\n")


@pytest.mark.usefixtures("folder")
def test_what_keeps_the_service_out_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("open.json", "inverted.json") == 1
    assert "The Lambda service is kept out by `Statement[0]` of inverted.json: ec2:Cre" in capsys.readouterr().out
    only_code = {**_STATEMENT, "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}}}
    assert call("-", stdin=json.dumps({"Version": "2012-10-17", "Statement": only_code})) == 1
    assert "The Lambda service is kept out by `Statement[0]` of -: ec2:Cre" in capsys.readouterr().out
    # Nothing allows it anyway.
    assert call("guard.json", "inverted.json") == 0
    assert "kept out" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("policies", "status", "code", "service"),
    [
        (None, 1, "allowed", "allowed"),
        (GUARD, 0, "denied", "allowed"),  # FullAWSAccess is beside it: an account without it could do nothing at all
        ([GUARD, {"Version": "2012-10-17", "Statement": _STATEMENT}], 0, "denied", "allowed"),
        ({"Policy": {"Content": json.dumps(GUARD)}}, 0, "denied", "allowed"),
        (INVERTED, 1, "allowed", "denied"),
        ([{"Version": "2012-10-17", "Statement": {**_STATEMENT, "Action": "s3:*"}}], 0, "denied", "denied"),
    ],
)
def test_service_control_policies(
    folder: Path, capsys: pytest.CaptureFixture[str], policies: Any, status: int, code: str, service: str
) -> None:
    (folder / "scp.json").write_text(json.dumps(policies), encoding="utf-8")
    given = [] if policies is None else ["--scp", "scp.json"]
    assert call("open.json", *given, "--json") == status
    action = json.loads(capsys.readouterr().out)["actions"]["ec2:CreateNetworkInterface"]
    assert (action["code"], action["service"]) == (code, service)
    if policies is INVERTED:
        call("open.json", *given)
        assert "The Lambda service is kept out by `Statement[0]` of scp.json" in capsys.readouterr().out


def test_two_levels_must_both_allow(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, actions in (("root", ["ec2:*"]), ("unit", ["s3:*", "ec2:Describe*"])):
        content = {"Version": "2012-10-17", "Statement": {**_STATEMENT, "Action": actions}}
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    call("open.json", "--scp", "root.json", "--scp", "unit.json", "--json")
    found = json.loads(capsys.readouterr().out)["actions"]
    assert {action: answers["code"] for action, answers in found.items() if "Describe" in action}
    assert all(("Describe" in action) == (answers["code"] == "allowed") for action, answers in found.items())


def test_jsonl_reads_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "roles.jsonl").write_text(json.dumps({"policies": [OPEN]}) + "\n\n", encoding="utf-8")
    assert call("--jsonl", "roles.jsonl", "-", stdin=json.dumps({"policies": []})) == 0
    out = capsys.readouterr().out.splitlines()
    assert [json.loads(text)["actions"]["ec2:DescribeSubnets"]["code"] for text in out] == ["allowed", "denied"]
    assert call("--jsonl", "none.jsonl") == 2
    assert capsys.readouterr() == ("", "error: none.jsonl: No such file or directory\n")


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "| true"])
def test_a_closed_stream_is_no_traceback(folder: Path, redirection: str) -> None:
    command = f"{sys.executable} -m policy judge {folder / 'open.json'} {redirection}"
    found = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert found.stderr == ""


@pytest.mark.usefixtures("folder")
def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--json", "open.json", "guard.json", "--function-arn", FUNCTION) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == line(policies=[OPEN, GUARD], function_arn=FUNCTION)
    assert call("--json", "open.json", "--function-arn", FUNCTION) == 1
    assert json.loads(capsys.readouterr().out) == line(policies=[OPEN], function_arn=FUNCTION)


def test_jsonl(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.dumps({"policies": [OPEN]}), "", "   ", "nonsense", json.dumps({"policies": [OPEN, GUARD]})]
    assert call("--jsonl", stdin="\n".join(lines) + "\n") == 0
    out = capsys.readouterr().out.splitlines()
    verdicts = [json.loads(text)["actions"]["ec2:DescribeSubnets"]["code"] for text in out]
    assert verdicts == ["allowed", "unknown", "denied"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([], "error: no FILE given: name the role's policy documents, or use --jsonl\n"),
        (["none.json"], "error: none.json: No such file or directory\n"),
        (["."], "error: .: Is a directory\n"),
        (["open.json", "--boundary", "none.json"], "error: none.json: No such file or directory\n"),
        (["latin.json"], "error: latin.json: not UTF-8 text\n"),
        (
            ["open.json", "--function-arn", "orders"],
            "error: function_arn: not the unqualified ARN of a Lambda function: 'orders'\n",
        ),
    ],
)
def test_bad_input(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], error: str) -> None:
    (folder / "latin.json").write_bytes(b'{"\xe9": 1}')
    assert call(*words) == 2
    assert capsys.readouterr() == ("", error)


def test_half_a_character_can_be_printed(folder: Path) -> None:
    """JSON can hold one, no terminal can."""
    document = {"Version": "2012-10-17", "Statement": {**_STATEMENT, "Sid": "\ud800", "\udfff": 1}}
    (folder / "half.json").write_text(json.dumps(document), encoding="utf-8")
    command = [sys.executable, "-m", "policy", "judge", str(folder / "half.json"), str(folder / "open.json")]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert found.returncode == 1
    assert found.stderr == ""
    assert "error: " in found.stdout


def test_the_command_line(folder: Path) -> None:
    command = [sys.executable, "-m", "policy", "judge", "--jsonl"]
    text = json.dumps({"policies": [OPEN]}) + "\n"
    found = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, encoding="utf-8", check=True)
    assert json.loads(found.stdout) == judge_line(text)
    closed = [sys.executable, "-m", "policy", "judge", str(folder / "open.json"), str(folder / "guard.json")]
    assert subprocess.run(closed, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_the_first_witness_is_shown() -> None:
    grant = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}}
    text = judging.render(judge([parse_document(grant, "d")], now=NOW))
    assert "The code can call ec2:DescribeNetworkInterfaces like this:" in text
    assert text.count("like this") == 1
    assert "allowed by `Statement[0]` of d" in text
    assert "like this" not in judging.render(judge([], now=NOW))
