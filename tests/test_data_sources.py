"""Data sources: getPolicyDocument to the letter of the AWS provider, everything else honest about what is not known."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from policy.preview.data_sources import POLICY_DOCUMENT, DataSourceError, answer
from policy.preview.properties import UNKNOWN, as_secret

REGION = "aws:index/getRegion:getRegion"
PARTITION = "aws:index/getPartition:getPartition"
IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"


def document(**arguments: Any) -> Any:
    result = answer(POLICY_DOCUMENT, arguments, {}).result
    assert result is not None
    assert json.loads(str(result["json"])) == json.loads(str(result["minifiedJson"]))
    return json.loads(str(result["json"]))


def source(*statements: dict[str, Any], **members: Any) -> str:
    return json.dumps({"Version": "2012-10-17", **members, "Statement": list(statements)})


def test_policy_document_text_is_the_providers_own() -> None:
    result = answer(
        POLICY_DOCUMENT,
        {
            "statements": [
                {
                    "sid": "Eni",
                    "actions": ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"],
                    "resources": ["*"],
                    "conditions": [{"test": "Null", "variable": "lambda:SourceFunctionArn", "values": ["true"]}],
                }
            ]
        },
        {},
    ).result
    assert result is not None
    assert result["json"] == (
        "{\n"
        '  "Version": "2012-10-17",\n'
        '  "Statement": [\n'
        "    {\n"
        '      "Sid": "Eni",\n'
        '      "Effect": "Allow",\n'
        '      "Action": [\n'
        '        "ec2:DeleteNetworkInterface",\n'
        '        "ec2:CreateNetworkInterface"\n'
        "      ],\n"
        '      "Resource": "*",\n'
        '      "Condition": {\n'
        '        "Null": {\n'
        '          "lambda:SourceFunctionArn": "true"\n'
        "        }\n"
        "      }\n"
        "    }\n"
        "  ]\n"
        "}"
    )
    assert result["id"] == str(zlib.crc32(str(result["json"]).encode()))


def test_no_statement_gives_only_a_version() -> None:
    assert document() == {"Version": "2012-10-17"}
    assert document(version="2008-10-17", policyId="x") == {"Version": "2008-10-17", "Id": "x"}


def test_names_in_snake_case_are_the_same_arguments() -> None:
    """As a program's dictionaries are sent: the bridge turns every name into the provider's, which is in snake case."""
    other = {"type": "AWS", "identifiers": ["*"]}
    camel = {"notActions": ["iam:*"], "notResources": ["a"], "notPrincipals": [other]}
    snake = {"not_actions": ["iam:*"], "not_resources": ["a"], "not_principals": [other]}
    assert document(statements=[snake]) == document(statements=[camel])
    assert document(policy_id="x") == {"Version": "2012-10-17", "Id": "x"}
    assert document(source_policy_documents=[json.dumps({"Statement": [{"Sid": "a"}]})])["Statement"]


def test_one_is_a_string_many_are_sorted_in_reverse_without_duplicates() -> None:
    found = document(statements=[{"effect": "Deny", "notActions": ["b", "a", "b", "c"], "notResources": ["r"]}])
    assert found["Statement"] == [{"Effect": "Deny", "NotAction": ["c", "b", "a"], "NotResource": "r"}]


def test_variables_are_written_with_an_ampersand() -> None:
    found = document(
        statements=[
            {
                "actions": ["s3:*"],
                "resources": ["arn:aws:s3:::b/&{aws:username}"],
                "conditions": [{"test": "StringLike", "variable": "s3:prefix", "values": ["&{aws:username}/*", "x"]}],
            }
        ]
    )
    (statement,) = found["Statement"]
    assert statement["Resource"] == "arn:aws:s3:::b/${aws:username}"
    assert statement["Condition"] == {"StringLike": {"s3:prefix": ["${aws:username}/*", "x"]}}


def test_variables_in_an_old_document_are_refused() -> None:
    with pytest.raises(DataSourceError, match="not supported in document version 2008-10-17"):
        document(version="2008-10-17", statements=[{"resources": ["&{aws:username}"]}])


def test_conditions_of_one_test_and_variable_are_joined_in_order() -> None:
    conditions = [
        {"test": "StringEquals", "variable": "k", "values": ["z", "a"]},
        {"test": "StringEquals", "variable": "k", "values": ["m"]},
        {"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]},
    ]
    (statement,) = document(statements=[{"actions": ["a"], "conditions": conditions}])["Statement"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"k": ["z", "a", "m"]}}


@pytest.mark.parametrize(
    ("principals", "expected"),
    [
        ([{"type": "*", "identifiers": ["*"]}], "*"),
        ([{"type": "AWS", "identifiers": ["*"]}], {"AWS": "*"}),
        (
            [{"type": "Service", "identifiers": ["lambda.amazonaws.com"]}, {"type": "AWS", "identifiers": ["1", "2"]}],
            {"AWS": ["2", "1"], "Service": "lambda.amazonaws.com"},
        ),
        (
            [{"type": "Service", "identifiers": ["a"]}, {"type": "Service", "identifiers": ["b"]}],
            {"Service": ["a", "b"]},
        ),
    ],
)
def test_principals(principals: list[dict[str, Any]], expected: object) -> None:
    (statement,) = document(statements=[{"actions": ["sts:AssumeRole"], "principals": principals}])["Statement"]
    assert statement["Principal"] == expected


def test_go_escapes_angle_brackets_and_ampersands() -> None:
    result = answer(POLICY_DOCUMENT, {"statements": [{"actions": ["a"], "resources": ["<é&>"]}]}, {}).result
    assert result is not None
    assert "\\u003cé\\u0026\\u003e" in str(result["json"])


def test_sources_are_merged_and_overrides_replace_by_sid() -> None:
    found = document(
        sourcePolicyDocuments=[
            source({"Sid": "A", "Effect": "Allow", "Action": "a"}, {"Effect": "Allow", "Action": "anonymous"}),
            source({"Sid": "B", "Effect": "Allow", "Action": ["b"]}, Id="from-source"),
        ],
        statements=[{"sid": "A", "actions": ["own"]}, {"sid": "C", "actions": ["c"]}],
        overridePolicyDocuments=[
            source({"Sid": "C", "Effect": "Deny", "Action": "overridden"}, {"Effect": "Allow", "Action": "appended"})
        ],
    )
    assert found["Id"] == "from-source"
    assert [(item.get("Sid"), item["Effect"], item["Action"]) for item in found["Statement"]] == [
        ("A", "Allow", "own"),
        (None, "Allow", "anonymous"),
        ("B", "Allow", ["b"]),
        ("C", "Deny", "overridden"),
        (None, "Allow", "appended"),
    ]


def test_sources_are_read_as_go_reads_them() -> None:
    text = json.dumps(
        {
            "statement": [
                {
                    "effect": "Allow",
                    "ACTION": ["z", "a"],
                    "principal": {"AWS": ["1", "2"], "Service": "s"},
                    "Condition": {"Bool": {"k": True}, "StringEquals": {"l": ["one"]}, "NumericLess": {"n": 3}},
                    "Unheard": "of",
                }
            ]
        }
    )
    (statement,) = document(sourcePolicyDocuments=[text])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": ["z", "a"],
        "Principal": {"AWS": ["2", "1"], "Service": "s"},
        "Condition": {"Bool": {"k": "true"}, "StringEquals": {"l": "one"}, "NumericLess": {}},
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"statements": [{"sid": "A"}, {"sid": "A"}]}, r"duplicate Sid \(A\)\. Remove the Sid"),
        (
            {"sourcePolicyDocuments": [source({"Sid": "A"}), source({"Sid": "A"})]},
            r"merging source document 1: duplicate Sid \(A\) in source_policy_documents \(statement 0\)",
        ),
        ({"sourcePolicyDocuments": ["{"]}, "merging source document 0: "),
        ({"sourcePolicyDocuments": ["[]"]}, "not a JSON object"),
        ({"overridePolicyDocuments": [source(), '{"Statement": {}}']}, "merging override document 1: Statement must"),
        ({"sourcePolicyDocuments": ['{"Statement": [{"Condition": 1}]}']}, "Condition must be an object of objects"),
        ({"sourcePolicyDocuments": ['{"Statement": [{"Principal": 1}]}']}, "Principal must be"),
    ],
)
def test_refused_as_by_the_provider(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DataSourceError, match=message):
        document(**arguments)


@pytest.mark.parametrize("text", [UNKNOWN, f"arn:aws:iam::{UNKNOWN}:role/x", f"a-{UNKNOWN.upper()}"])
def test_an_unknown_argument_makes_the_document_unknown(text: str) -> None:
    given = answer(POLICY_DOCUMENT, {"statements": [{"actions": ["a"], "resources": ["*", text]}]}, {})
    assert given.result is None
    assert given.note == ""


def test_a_secret_argument_is_used() -> None:
    found = document(statements=as_secret([{"actions": [as_secret("a")]}]))
    assert found["Statement"] == [{"Effect": "Allow", "Action": "a"}]


def test_region_and_partition_follow_the_configuration() -> None:
    config = {"aws:region": "cn-north-1"}
    region = answer(REGION, {}, config).result
    assert region is not None
    assert region["region"] == region["name"] == region["id"] == "cn-north-1"
    partition = answer(PARTITION, {}, config)
    assert partition.result is not None
    assert partition.result["partition"] == "aws-cn"
    assert partition.result["dnsSuffix"] == "amazonaws.com.cn"
    assert partition.note == ""
    assert answer(PARTITION, {}, {"aws:region": "us-gov-west-1"}).result["partition"] == "aws-us-gov"  # type: ignore[index]


def test_the_providers_region_wins_over_the_stacks() -> None:
    assert answer(REGION, {}, {"aws:region": "eu-west-1"}, "us-east-2").result["region"] == "us-east-2"  # type: ignore[index]


def test_without_a_region_the_partition_is_assumed_and_said_so() -> None:
    assert answer(REGION, {}, {}).result is None
    partition = answer(PARTITION, {}, {})
    assert partition.result is not None
    assert partition.result["partition"] == "aws"
    assert "was answered as `aws`" in partition.note


def test_the_account_is_known_only_where_the_configuration_allows_one() -> None:
    given = answer(IDENTITY, {}, {})
    assert given.result is None
    assert "aws:allowedAccountIds" in given.note
    assert answer(IDENTITY, {}, {"aws:allowedAccountIds": '["1", "2"]'}).result is None
    allowed = answer(IDENTITY, {}, {"aws:allowedAccountIds": '["111122223333"]'}).result
    assert allowed is not None
    assert allowed["accountId"] == "111122223333"


def test_every_other_data_source_is_unknown_by_name() -> None:
    given = answer("aws:ec2/getVpc:getVpc", {"id": "vpc-1"}, {})
    assert given.result is None
    note = "aws:ec2/getVpc:getVpc was answered as unknown: AWS is not asked (answer it with --answers)"
    assert given.note == note
