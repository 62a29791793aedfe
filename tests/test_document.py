"""Documents in, typed values out: one-or-many, what is not known, and each thing that IAM refuses, with its path."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import UserDict, UserList
from pathlib import Path
from typing import Any, Final

import pytest

from policy.iam.conditions import SetOperator, holds
from policy.iam.document import (
    INLINE_POLICIES_LIMIT,
    MANAGED_POLICY_LIMIT,
    Effect,
    PolicyDocument,
    Statement,
    parse_conditions,
    parse_document,
)
from policy.iam.elements import DocumentError, TextForm
from policy.iam.evaluate import evaluate
from policy.iam.request import Authorization, Request
from policy.iam.truth import UNKNOWN, Truth

ROOT: Final = Path(__file__).resolve().parent.parent
ALLOW: Final = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
DELETE: Final = Request(
    "ec2:DeleteNetworkInterface", (Authorization("arn:aws:ec2:us-east-1:123456789012:network-interface/eni-0"),)
)


def read(source: Any) -> PolicyDocument:
    return parse_document(source, "d")


def statement(**more: Any) -> Statement:
    """The one statement of a document, which IAM takes."""
    document = read({"Version": "2012-10-17", "Statement": {**ALLOW, **more}})
    assert document.errors == ()
    return document.statements[0]


def errors(source: Any) -> list[str]:
    return [str(error) for error in read(source).errors]


def _without(*names: str, **more: Any) -> dict[str, Any]:
    return {key: value for key, value in {**ALLOW, **more}.items() if key not in names}


# ---- forms


@pytest.mark.parametrize(
    "source",
    [
        {"Version": "2012-10-17", "Statement": [ALLOW]},
        {"Version": "2012-10-17", "Statement": ALLOW},
        {"Version": "2012-10-17", "Statement": (ALLOW,)},
        {"Version": "2012-10-17", "Id": "x", "Statement": [{**ALLOW, "Action": ["ec2:*"], "Resource": ("*",)}]},
        {"Statement": [{**ALLOW, "Sid": "", "Condition": {}}]},
        {"Statement": [{**ALLOW, "Sid": None}]},
        UserDict({"Statement": UserList([UserDict(ALLOW)])}),
        json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]}),
        "\n " + json.dumps({"Statement": ALLOW}, indent=2),
    ],
)
def test_one_or_many_text_or_object(source: Any) -> None:
    document = read(source)
    assert document.name == "d"
    assert document.errors == ()
    assert not document.unknown
    (found,) = document.statements
    assert (found.index, found.effect, found.actions, found.resources) == (0, Effect.ALLOW, ("ec2:*",), ("*",))
    assert (found.not_actions, found.not_resources, found.conditions, found.uncertain) == (None, None, (), False)
    assert not found.sid
    assert evaluate(DELETE, [document]).allowed is Truth.YES


def test_the_negated_elements() -> None:
    document = read(
        {"Statement": _without("Action", "Resource", Effect="Deny", NotAction=["s3:*", "iam:*"], NotResource="arn:*")}
    )
    assert document.errors == ()
    (found,) = document.statements
    assert found.effect is Effect.DENY
    assert (found.actions, found.not_actions) == (None, ("s3:*", "iam:*"))
    assert (found.resources, found.not_resources) == (None, ("arn:*",))


def test_statements_are_numbered_and_named() -> None:
    document = read({"Statement": [ALLOW, {**ALLOW, "Sid": "Eni"}]})
    assert [s.index for s in document.statements] == [0, 1]
    assert [s.path for s in document.statements] == ["Statement[0]", "Statement[1]"]
    assert [s.label for s in document.statements] == ["`Statement[0]`", "statement `Eni`"]


@pytest.mark.parametrize(
    ("version", "variables"), [("2012-10-17", True), ("2008-10-17", False), (UNKNOWN, True), (None, False)]
)
def test_the_version_decides_on_variables(version: Any, variables: bool) -> None:
    source = {"Statement": {**ALLOW, "Condition": {"StringLike": {"aws:x": "a"}}}}
    document = read(source if version is None else {"Version": version, **source})
    assert document.errors == ()
    assert document.statements[0].variables is variables
    assert document.statements[0].conditions[0].variables is variables


def test_with_an_unknown_version_a_variable_is_not_certain() -> None:
    """It may be a policy variable, or just text."""

    def uncertain(**more: Any) -> bool:
        return read({"Version": UNKNOWN, "Statement": {**ALLOW, **more}}).statements[0].uncertain

    assert not uncertain()
    assert not uncertain(Condition={"StringLike": {"aws:x": "a"}})
    assert uncertain(Resource="arn:aws:ec2:*:*:network-interface/${aws:userid}")
    assert uncertain(Condition={"StringLike": {"aws:x": ["a", "${aws:userid}"]}})


def test_conditions() -> None:
    (first, second, third) = statement(
        Condition={
            "StringLike": {"aws:RequestedRegion": ["eu-*", UNKNOWN], "AWS:SourceVpc": True},
            "forallvalues:stringequalsIfExists": {"aws:TagKeys": ["a", 1, 1.5]},
        }
    ).conditions
    assert (first.name, first.key, first.values) == ("StringLike", "aws:requestedregion", ("eu-*", UNKNOWN))
    assert first.path == "Statement[0].Condition.StringLike.aws:RequestedRegion"
    assert (second.key, second.values) == ("aws:sourcevpc", ("true",))
    assert third.name == "ForAllValues:StringEqualsIfExists"
    assert third.set_operator is SetOperator.FOR_ALL_VALUES
    assert third.if_exists
    assert third.values == ("a", "1", "1.5")
    assert third.path == "Statement[0].Condition.forallvalues:stringequalsIfExists.aws:TagKeys"
    assert statement(Condition={"Bool": {"aws:x": False}}).conditions[0].values == ("false",)
    assert statement(Condition={"StringLike": {"aws:x": []}}).conditions[0].values == ()


def test_without_and_perhaps() -> None:
    document = read({"Statement": [ALLOW, {**ALLOW, "Effect": "Deny"}]})
    first, second = document.statements
    assert document.without({id(first)}).statements == (second,)
    assert document.without({id(first), id(second)}).statements == ()
    assert document.without({1, 2}) is document
    perhaps = document.perhaps()
    assert [s.uncertain for s in perhaps.statements] == [True, True]
    assert [s.effect for s in perhaps.statements] == [Effect.ALLOW, Effect.DENY]
    assert not first.uncertain


@pytest.mark.parametrize(
    ("more", "possible"),
    [
        ({}, True),
        ({"Condition": {"Null": {"aws:x": "true"}}}, True),
        ({"Effect": UNKNOWN}, False),
        ({"Action": ["s3:*", UNKNOWN]}, False),
        ({"Resource": UNKNOWN}, False),
        ({"Condition": UNKNOWN}, False),
        ({"Condition": {"Null": {"aws:x": UNKNOWN}}}, False),
        ({"Sid": "-"}, False),
    ],
)
def test_a_statement_is_possible_if_only_its_place_is_not_known(more: dict[str, Any], possible: bool) -> None:
    document = read({"Statement": {**ALLOW, **more}})
    for perhaps in (document.perhaps(), document.perhaps().perhaps(), document.perhaps_allowing()):
        assert [s.possible for s in perhaps.statements] == [possible]
    assert not document.statements[0].possible
    for negated in ("NotAction", "NotResource"):
        (found,) = read({"Statement": {**_without(negated[3:]), negated: [UNKNOWN, "*"]}}).perhaps().statements
        assert not found.possible


def test_a_document_that_nobody_declares_may_allow_but_not_deny() -> None:
    document = read(
        {"Statement": [ALLOW, {**ALLOW, "Effect": "Deny"}, {**ALLOW, "Effect": UNKNOWN}, {**ALLOW, "Action": "s3:*"}]}
    )
    found = document.perhaps_allowing()
    assert found.name == "d"
    assert [s.index for s in found.statements] == [0, 2, 3]
    assert [s.effect for s in found.statements] == [Effect.ALLOW] * 3
    assert all(s.uncertain for s in found.statements)
    assert evaluate(DELETE, [found]).allowed is Truth.UNKNOWN
    assert evaluate(DELETE, [found, read({"Statement": ALLOW})]).allowed is Truth.YES


# ---- what is not known


def test_a_document_of_which_nothing_is_known_may_do_anything() -> None:
    for document in (
        read(UNKNOWN),
        PolicyDocument.not_known("d"),
        read({"Version": "2012-10-17", "Statement": UNKNOWN}),
    ):
        assert document.name == "d"
        assert document.unknown
        assert document.errors == ()
        (found,) = document.statements
        assert (found.index, found.effect, found.actions, found.resources) == (0, None, (UNKNOWN,), (UNKNOWN,))
        assert found.uncertain
        assert evaluate(DELETE, [document]).allowed is Truth.UNKNOWN
        granted = read({"Statement": ALLOW})
        assert evaluate(DELETE, [granted, document]).allowed is Truth.UNKNOWN


def test_an_unknown_statement_list_keeps_what_is_wrong_beside_it() -> None:
    assert errors({"Statement": UNKNOWN, "Statements": []}) == ["Statements: is not an element of a policy document"]


@pytest.mark.parametrize(
    ("more", "alone", "beside_an_allow"),
    [
        ({"Effect": UNKNOWN}, Truth.UNKNOWN, Truth.UNKNOWN),
        ({"Action": UNKNOWN}, Truth.UNKNOWN, Truth.YES),
        ({"Action": [UNKNOWN, "s3:*"]}, Truth.UNKNOWN, Truth.YES),
        ({"Resource": UNKNOWN}, Truth.UNKNOWN, Truth.YES),
        ({"Condition": UNKNOWN}, Truth.UNKNOWN, Truth.YES),
        ({"Condition": {"StringLike": UNKNOWN}}, Truth.UNKNOWN, Truth.YES),
        ({"Condition": {"StringLike": {"aws:x": UNKNOWN}}}, Truth.NO, Truth.YES),
        ({"Condition": {"StringNotLike": {"aws:x": UNKNOWN}}}, Truth.YES, Truth.YES),
        ({"Condition": {"Null": {"aws:x": UNKNOWN}}}, Truth.UNKNOWN, Truth.YES),
        ({"Condition": {"StringLike": UNKNOWN, "Null": {"aws:x": "false"}}}, Truth.NO, Truth.YES),
        ({"Sid": UNKNOWN}, Truth.YES, Truth.YES),
        ({"Effect": "Deny", "Resource": UNKNOWN}, Truth.NO, Truth.UNKNOWN),
        ({"Effect": "Deny", "Condition": UNKNOWN}, Truth.NO, Truth.UNKNOWN),
    ],
)
def test_what_is_not_known_stays_in_its_place(more: Any, alone: Truth, beside_an_allow: Truth) -> None:
    document = read({"Version": "2012-10-17", "Statement": {**ALLOW, **more}})
    assert document.errors == ()
    assert not document.unknown
    assert evaluate(DELETE, [document]).allowed is alone
    assert evaluate(DELETE, [document, read({"Statement": ALLOW})]).allowed is beside_an_allow


def test_an_unknown_statement_stands_among_known_ones() -> None:
    document = read({"Statement": [UNKNOWN, ALLOW]})
    assert document.errors == ()
    assert not document.unknown
    assert [s.effect for s in document.statements] == [None, Effect.ALLOW]
    assert [s.uncertain for s in document.statements] == [True, False]
    assert [s.index for s in document.statements] == [0, 1]


# ---- what IAM refuses: (document, errors)

_LONG: Final = "x" * 70
_REFUSED: Final[list[tuple[Any, list[str]]]] = [
    (None, ["a policy document is a JSON object, not null"]),
    (True, ["a policy document is a JSON object, not a boolean"]),
    (7, ["a policy document is a JSON object, not a number"]),
    (7.5, ["a policy document is a JSON object, not a number"]),
    ([], ["a policy document is a JSON object, not a list"]),
    (object(), ["a policy document is a JSON object, not a object"]),
    ("[]", ["a policy document is a JSON object, not a list"]),
    ('"text"', ["a policy document is a JSON object, not a string"]),
    ("null", ["a policy document is a JSON object, not null"]),
    ("", ["not JSON: Expecting value at line 1, column 1"]),
    ("{", ["not JSON: Expecting property name enclosed in double quotes at line 1, column 2"]),
    ('{"Statement":\n nope}', ["not JSON: Expecting value at line 2, column 2"]),
    ("[" * 100_000, ["not readable as JSON: nested too deeply, or a number too long"]),
    ("9" * 5_000, ["not readable as JSON: nested too deeply, or a number too long"]),
    (" " * 1_000_001, ["1,000,001 characters; IAM takes at most 10,240"]),
    ({}, ["Statement: is missing"]),
    ({"Version": "2012-10-17"}, ["Statement: is missing"]),
    ({"Statement": None}, ["Statement: must be a statement or a list of them, not null"]),
    ({"Statement": "x"}, ["Statement: must be a statement or a list of them, not a string"]),
    ({"Statement": 1}, ["Statement: must be a statement or a list of them, not a number"]),
    ({"Statement": []}, ["Statement: is empty"]),
    ({"Statement": ["x"]}, ["Statement[0]: must be an object, not a string"]),
    ({"Statement": [ALLOW, []]}, ["Statement[1]: must be an object, not a list"]),
    ({"Version": "2012", "Statement": ALLOW}, ['Version: must be "2012-10-17" or "2008-10-17", not \'2012\'']),
    ({"Version": 2012, "Statement": ALLOW}, ['Version: must be "2012-10-17" or "2008-10-17", not \'2012\'']),
    (
        {"Version": ["a", "b"], "Statement": ALLOW},
        ['Version: must be "2012-10-17" or "2008-10-17", not \'["a", "b"]\''],
    ),
    ({"version": "2012-10-17", "Statement": ALLOW}, ["version: is not an element of a policy document"]),
    ({"Statement": _without("Effect")}, ["Statement[0].Effect: is missing"]),
    ({"Statement": {**ALLOW, "Effect": "allow"}}, ['Statement[0].Effect: must be "Allow" or "Deny", not \'allow\'']),
    ({"Statement": {**ALLOW, "Effect": None}}, ['Statement[0].Effect: must be "Allow" or "Deny", not \'null\'']),
    ({"Statement": {**ALLOW, "Effect": " a\n b "}}, ['Statement[0].Effect: must be "Allow" or "Deny", not \'a b\'']),
    (
        {"Statement": {**ALLOW, "Effect": _LONG}},
        [f'Statement[0].Effect: must be "Allow" or "Deny", not \'{"x" * 57}...\''],
    ),
    (
        {"Statement": {**ALLOW, "Effect": _LONG[:60]}},
        [f'Statement[0].Effect: must be "Allow" or "Deny", not \'{"x" * 60}\''],
    ),
    ({"Statement": {**ALLOW, "Sid": 1}}, ["Statement[0].Sid: must be a string, not a number"]),
    ({"Statement": {**ALLOW, "Sid": "a-b"}}, ["Statement[0].Sid: may hold letters and digits only, not 'a-b'"]),
    (
        {"Statement": [{**ALLOW, "Sid": "a"}, {**ALLOW, "Sid": "a"}]},
        ["Statement[1].Sid: 'a' stands on an earlier statement too"],
    ),
    ({"Statement": [{**ALLOW, "Sid": ""}, {**ALLOW, "Sid": ""}]}, []),
    ({"Statement": {**ALLOW, "action": "x"}}, ["Statement[0].action: is not an element of a statement"]),
    ({"Statement": {**ALLOW, "Principal": "*"}}, ["Statement[0].Principal: is not allowed in a policy on a role"]),
    (
        {"Statement": {**ALLOW, "NotPrincipal": "*"}},
        ["Statement[0].NotPrincipal: is not allowed in a policy on a role"],
    ),
    ({"Statement": _without("Action")}, ["Statement[0]: has neither Action nor NotAction"]),
    ({"Statement": _without("Resource")}, ["Statement[0]: has neither Resource nor NotResource"]),
    (
        {"Statement": {**ALLOW, "NotAction": "s3:*"}},
        ["Statement[0].NotAction: stands beside Action; a statement has one of the two"],
    ),
    (
        {"Statement": {**ALLOW, "NotResource": "*"}},
        ["Statement[0].NotResource: stands beside Resource; a statement has one of the two"],
    ),
    ({"Statement": {**ALLOW, "Action": []}}, ["Statement[0].Action: is empty"]),
    (
        {"Statement": {**ALLOW, "Action": None}},
        ["Statement[0].Action: must be a string or a list of strings, not null"],
    ),
    (
        {"Statement": {**ALLOW, "Action": {}}},
        ["Statement[0].Action: must be a string or a list of strings, not an object"],
    ),
    (
        {"Statement": {**ALLOW, "Action": "ec2"}},
        ["Statement[0].Action: must be `*` or like `service:Action`, not 'ec2'"],
    ),
    (
        {"Statement": {**ALLOW, "Action": "ec2:"}},
        ["Statement[0].Action: must be `*` or like `service:Action`, not 'ec2:'"],
    ),
    (
        {"Statement": {**ALLOW, "Action": "ec2:a b"}},
        ["Statement[0].Action: must be `*` or like `service:Action`, not 'ec2:a b'"],
    ),
    ({"Statement": {**ALLOW, "Action": "**"}}, ["Statement[0].Action: must be `*` or like `service:Action`, not '**'"]),
    (
        {"Statement": {**ALLOW, "Action": "*\n*"}},
        ["Statement[0].Action: must be `*` or like `service:Action`, not '* *'"],
    ),
    (
        {"Statement": {**ALLOW, "Action": ["ec2:*", "x", 1]}},
        [
            "Statement[0].Action[1]: must be `*` or like `service:Action`, not 'x'",
            "Statement[0].Action[2]: must be a string, not a number",
        ],
    ),
    ({"Statement": {**ALLOW, "Action": [None]}}, ["Statement[0].Action: must be a string, not null"]),
    (
        {"Statement": _without("Action", NotAction="x")},
        ["Statement[0].NotAction: must be `*` or like `service:Action`, not 'x'"],
    ),
    ({"Statement": {**ALLOW, "Resource": "eni-1"}}, ["Statement[0].Resource: must be `*` or an ARN, not 'eni-1'"]),
    ({"Statement": {**ALLOW, "Resource": ""}}, ["Statement[0].Resource: must be `*` or an ARN, not ''"]),
    ({"Statement": {**ALLOW, "Resource": "a:*"}}, ["Statement[0].Resource: must be `*` or an ARN, not 'a:*'"]),
    ({"Statement": {**ALLOW, "Resource": ["*", "x"]}}, ["Statement[0].Resource[1]: must be `*` or an ARN, not 'x'"]),
    (
        {"Statement": _without("Resource", NotResource="x")},
        ["Statement[0].NotResource: must be `*` or an ARN, not 'x'"],
    ),
    ({"Statement": {**ALLOW, "Condition": None}}, ["Statement[0].Condition: must be an object, not null"]),
    ({"Statement": {**ALLOW, "Condition": [{}]}}, ["Statement[0].Condition: must be an object, not a list"]),
    ({"Statement": {**ALLOW, "Condition": {"Like": {}}}}, ["Statement[0].Condition.Like: is not a condition operator"]),
    ({"Statement": {**ALLOW, "Condition": {"": {}}}}, ["Statement[0].Condition.: is not a condition operator"]),
    (
        {"Statement": {**ALLOW, "Condition": {"NullIfExists": {"aws:x": "true"}}}},
        ["Statement[0].Condition.NullIfExists: is not a condition operator"],
    ),
    (
        {"Statement": {**ALLOW, "Condition": {"ForSome:StringLike": {"aws:x": "a"}}}},
        ["Statement[0].Condition.ForSome:StringLike: is not a condition operator"],
    ),
    (
        {"Statement": {**ALLOW, "Condition": {":StringLike": {"aws:x": "a"}}}},
        ["Statement[0].Condition.:StringLike: is not a condition operator"],
    ),
    (
        {"Statement": {**ALLOW, "Condition": {"ForAllValues:": {"aws:x": "a"}}}},
        ["Statement[0].Condition.ForAllValues:: is not a condition operator"],
    ),
    (
        {"Statement": {**ALLOW, "Condition": {"StringLike": "a"}}},
        ["Statement[0].Condition.StringLike: must be an object of condition keys, not a string"],
    ),
    (
        {"Statement": {**ALLOW, "Condition": {"StringLike": {"aws:x": None}}}},
        ["Statement[0].Condition.StringLike.aws:x: must be a string or a list of strings, not null"],
    ),
    (
        {"Statement": {**ALLOW, "Condition": {"StringLike": {"aws:x": ["a", {}], "aws:y": {}}}}},
        [
            "Statement[0].Condition.StringLike.aws:x: must be a string or a list of strings, not an object",
            "Statement[0].Condition.StringLike.aws:y: must be a string or a list of strings, not an object",
        ],
    ),
    (
        {"Statement": {**ALLOW, "Condition": {"Null": {"aws:x": "yes"}}}},
        ['Statement[0].Condition.Null.aws:x: must be "true" or "false"'],
    ),
    (
        {"Statement": {**ALLOW, "Condition": {"Null": {"aws:x": ["true", "no"]}}}},
        ['Statement[0].Condition.Null.aws:x: must be "true" or "false"'],
    ),
    ({"": 1, "Statement": ALLOW}, ['"": is not an element of a policy document']),
    ({"Version": [UNKNOWN], "Statement": ALLOW}, ['Version: must be "2012-10-17" or "2008-10-17", not \'["..."]\'']),
    ({"Version": 10**5000, "Statement": ALLOW}, ['Version: must be "2012-10-17" or "2008-10-17", not \'...\'']),
    ({"Version": {(1, 2): 3}, "Statement": ALLOW}, ['Version: must be "2012-10-17" or "2008-10-17", not \'...\'']),
    (
        {"Statement": {**ALLOW, "Condition": {"NumericEquals": {"aws:x": 10**5000}}}},
        ["Statement[0].Condition.NumericEquals.aws:x: is a number too long"],
    ),
    (
        {"Statement": {**ALLOW, "Condition": {"Null": {"aws:x": 1}}}},
        ['Statement[0].Condition.Null.aws:x: must be "true" or "false"'],
    ),
]


@pytest.mark.parametrize(("source", "expected"), _REFUSED)
def test_what_iam_refuses(source: Any, expected: list[str]) -> None:
    assert errors(source) == expected
    assert read(source).name == "d"
    if not expected or str(expected).startswith(("['Statement: is empty", "['Version", "['version", '["Version')):
        return
    document = read(source)
    # It may turn out to allow anything once it is mended, and until then guards nothing.
    assert evaluate(DELETE, [read({"Statement": ALLOW}), document]).allowed is not Truth.NO
    assert not document.unknown


@pytest.mark.parametrize(
    "action",
    ["*", "ec2:*", "*:*", "e?2:Describe*", "execute-api:Invoke", "aws-portal:View*", "s3:Get?", "a2c:Do1"],
)
def test_actions_that_iam_takes(action: str) -> None:
    assert statement(Action=action).actions == (action,)
    assert statement(Action=[action, "ec2:*"]).actions == (action, "ec2:*")


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        "**",
        "arn:aws:ec2:*:*:*",
        "arn:aws:ec2",
        "arn:*",
        "*:x",
        "?",
        "${aws:x}",
        "ar*:aws",
        "a*",
        "?rn:x",
        "arn:aws:s3:::a/b c",
    ],
)
def test_resources_that_iam_takes(resource: str) -> None:
    assert statement(Resource=resource).resources == (resource,)
    assert statement(Resource=["*", resource]).resources == ("*", resource)


def test_a_long_list_with_one_bad_text_is_read_in_no_time() -> None:
    """A search that tries every way to split such a list would outlive whoever waits for it."""
    patterns = ("*", "**", "?", "a*b*c*d", "a*:*", "*:*", "?*:*?", "arn:*:*", "$*", "ar*n*:*")
    script = f"""
from policy.iam.document import parse_document
for pattern in {patterns!r}:
    for element in ("Action", "Resource"):
        statement = {{"Effect": "Allow", "Action": "*", "Resource": "*", element: [pattern] * 300 + ["x"]}}
        assert parse_document({{"Statement": statement}}).errors
"""
    # In a process of its own, which can be stopped.
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=60, check=True)


_DUPLICATED: Final = [
    ('{"Statement": [], "Statement": []}', "Statement"),
    ('{"Id": "a", "Statement": [], "Id": "b"}', "Id"),
    ('{"Statement": [{"Sid": "a", "Sid": "b"}]}', "Sid"),
    ('{"Statement": {"Sid": "a", "Sid": "b"}}', "Sid"),
    ('{"Statement": [{"Sid": "a"}, {"Condition": {"Null": {}, "Null": {}}}]}', "Null"),
    ('{"Statement": [{"Condition": {"Null": {"a": 1}, "Bool": {"b": 1, "b": 2}}}]}', "b"),
    ('{"Statement": [{"Condition": {"Null": 7, "Bool": {"b": 1, "b": 2}}}]}', "b"),
    ('{"Statement": [{"Condition": [{"b": 1, "b": 2}]}]}', "b"),
    ('{"Statement": [{"Principal": {"AWS": "*", "AWS": "*"}}]}', "AWS"),
    ('{"Statement": [[{"a": 1, "a": 1}]]}', "a"),
    ('{"Statement": [], "x": {"a": {"a": 1, "b": 2, "b": 3}}}', "b"),
    ('[{"a": 1, "a": 1}]', "a"),
    ('{"Statement": {"b": 1, "a": 1, "b": 2, "a": 2}}', "a"),
    ('{"a": {"x": 1, "c": 1, "x": 2, "c": 2}, "Statement": [], "Statement": []}', "c"),
    ('{"Statement"  :[],\n"Statement"\t:  []}', "Statement"),
]


@pytest.mark.parametrize(("text", "key"), _DUPLICATED)
def test_a_key_that_stands_twice_is_seen_at_every_depth(text: str, key: str) -> None:
    assert errors(text) == [f"the key {key!r} stands twice in one object"]


def test_a_usual_document_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reading, which looks for keys that stand twice, is for documents that may have some."""

    def never(text: str) -> list[str]:
        raise AssertionError(text)

    monkeypatch.setattr("policy.iam.document._duplicates", never)
    condition = {"Null": {"aws:x": "true", "aws:y": "true"}, "StringLike": {"aws:z": ["a"]}}
    for statements in (ALLOW, [ALLOW], [], [ALLOW, {**ALLOW, "Condition": condition}]):
        assert read(json.dumps({"Version": "2012-10-17", "Id": "x", "Statement": statements}, indent=1)).name == "d"
    for text in (
        "[]",
        "7",
        '"text"',
        "{}",
        '{"Statement": {"Condition": {"Null": 7}}}',
        '{"Statement": [{"Condition": []}, 7]}',
    ):
        assert errors(text)


def test_text_forms_take_no_line_breaks_for_several_texts() -> None:
    form = TextForm("a letter", "[a-z]")
    assert form.texts(["a", "b"])
    assert form.texts(["a"])
    assert not form.texts(["a", "B"])
    assert not form.texts(["a", 1])
    assert not form.texts([])
    assert form.words == "a letter"


@pytest.mark.parametrize(
    ("more", "allowed"),
    [
        ({"Sid": "-"}, Truth.UNKNOWN),
        ({"Principal": "*"}, Truth.UNKNOWN),
        ({"Extra": 1}, Truth.UNKNOWN),
        ({"Effect": "permit"}, Truth.UNKNOWN),
        ({"Effect": "permit", "Action": "s3:*"}, Truth.NO),
        ({"NotAction": "s3:*"}, Truth.UNKNOWN),
        ({"Action": ["ec2:*", "x"]}, Truth.UNKNOWN),
        ({"Action": ["s3:*", "x"]}, Truth.NO),
        ({"Action": ["s3:*", 1]}, Truth.UNKNOWN),
        ({"Condition": {"Like": {}}}, Truth.UNKNOWN),
        ({"Condition": {"Like": {}, "Null": {"aws:x": "false"}}}, Truth.NO),
    ],
)
def test_what_iam_refuses_makes_its_own_statement_uncertain(more: Any, allowed: Truth) -> None:
    document = read({"Statement": [{**ALLOW, **more}]})
    assert document.errors
    assert evaluate(DELETE, [document]).allowed is allowed
    # And no other one.
    beside = read({"Statement": [{**ALLOW, **more}, {**ALLOW, "Action": "s3:*"}, ALLOW]})
    assert [s.uncertain for s in beside.statements][1:] == [False, False]


@pytest.mark.parametrize("source", ["{", None, {}, " " * 1_000_001, "9" * 5_000, '{"a": 1, "a": 1}'])
def test_a_document_that_is_refused_as_a_whole_may_allow_anything_and_denies_nothing(source: Any) -> None:
    document = read(source)
    (found,) = document.statements
    assert (document.name, document.unknown) == ("d", False)
    assert (found.index, found.effect, found.actions, found.resources) == (0, Effect.ALLOW, (UNKNOWN,), (UNKNOWN,))
    assert found.uncertain
    assert evaluate(DELETE, [document]).allowed is Truth.UNKNOWN
    assert evaluate(DELETE, [document, read({"Statement": ALLOW})]).allowed is Truth.YES


def test_what_is_refused_keeps_its_place() -> None:
    (found,) = read({"Statement": {**ALLOW, "Action": ["s3:*", 1, "x", UNKNOWN]}}).statements
    assert found.actions == ("s3:*", UNKNOWN, "x", UNKNOWN)
    (found,) = read({"Statement": [7]}).statements
    assert (found.index, found.effect) == (0, Effect.ALLOW)
    assert errors({"Statement": {**ALLOW, "Action": [1, "x"]}}) == [
        "Statement[0].Action[0]: must be a string, not a number",
        "Statement[0].Action[1]: must be `*` or like `service:Action`, not 'x'",
    ]
    long = errors({"Statement": {**ALLOW, "Effect": _LONG[:61]}})
    assert long == [f'Statement[0].Effect: must be "Allow" or "Deny", not \'{"x" * 57}...\'']


def test_text_that_is_nested_ever_more_deeply() -> None:
    """Near the limit of Python's stack the text can be read, and what is read cannot be shown."""
    told = set()
    for depth in range(700, 1_000):
        statement = f'{{"Effect": {"[" * depth}{"]" * depth}, "Action": "*", "Resource": "*"}}'
        document = read(f'{{"Statement": {statement}}}')
        assert document.name == "d"
        told |= {str(error).partition(", not ")[0] for error in document.errors}
    assert told <= {
        'Statement[0].Effect: must be "Allow" or "Deny"',
        "nested too deeply to be an IAM policy document",
        "not readable as JSON: nested too deeply, or a number too long",
    }


def test_all_errors_of_a_document_are_told_in_order() -> None:
    source = {"Id": 1, "Extra": 1, "Version": "x", "Statement": [{"Effect": "x"}, {**ALLOW, "Sid": "-", "Extra": 1}]}
    assert errors(source) == [
        'Version: must be "2012-10-17" or "2008-10-17", not \'x\'',
        "Extra: is not an element of a policy document",
        'Statement[0].Effect: must be "Allow" or "Deny", not \'x\'',
        "Statement[0]: has neither Action nor NotAction",
        "Statement[0]: has neither Resource nor NotResource",
        "Statement[1].Sid: may hold letters and digits only, not '-'",
        "Statement[1].Extra: is not an element of a statement",
    ]


def test_errors_beside_a_missing_statement_are_told() -> None:
    assert errors({"Version": "x"}) == [
        'Version: must be "2012-10-17" or "2008-10-17", not \'x\'',
        "Statement: is missing",
    ]


def test_an_object_nested_too_deeply() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    found = read({"Statement": {**ALLOW, "Effect": deep}})
    assert [str(e) for e in found.errors] == ["nested too deeply to be an IAM policy document"]
    assert found.name == "d"
    assert evaluate(DELETE, [found]).allowed is Truth.UNKNOWN


def test_the_size_is_that_of_the_text_without_white_space() -> None:
    text = json.dumps({"Statement": [ALLOW]}, indent=4)
    assert read(text).size == len("".join(text.split()))
    # An object, as aws-native takes it, counts as much; what is not known of it counts nothing.
    assert read(json.loads(text)).size == read(text).size
    accented = {"Statement": [ALLOW], "Id": "é è"}
    assert read(accented).text == json.dumps(accented, separators=(",", ":"), ensure_ascii=False)
    assert (MANAGED_POLICY_LIMIT, INLINE_POLICIES_LIMIT) == (6_144, 10_240)
    assert not read(json.dumps({"Statement": ALLOW}) + " " * (1_000_000 - len(json.dumps({"Statement": ALLOW})))).errors


def test_an_object_is_refused_when_its_text_is_too_long() -> None:
    empty = {"Statement": [{**ALLOW, "Sid": ""}]}
    longest = 204_800 - len(json.dumps(empty, separators=(",", ":")))
    assert read({"Statement": [{**ALLOW, "Sid": "x" * longest}]}).errors == ()
    refused = read({"Statement": [{**ALLOW, "Sid": "x" * (longest + 1)}]})
    what = "characters without white space; IAM takes at most 10,240"
    assert [str(error) for error in refused.errors] == [f"204,801 {what}"]
    assert refused.name == "d"
    text = json.dumps({"Statement": [{**ALLOW, "Sid": "x" * (longest + 1)}]}, indent=4)
    assert [str(error) for error in read(text).errors] == [f"204,801 {what}"]
    assert read(text.replace("xx", "x", 1)).errors == ()
    # What is no document is told so, however long it is.
    assert errors(["x" * 1_000_001]) == ["a policy document is a JSON object, not a list"]


def test_an_object_that_is_no_json_has_no_text() -> None:
    assert read({"Statement": [ALLOW], ("Id",): 1}).text == ""


def test_an_error_reads_with_or_without_its_path() -> None:
    assert (
        str(DocumentError("Statement[1].Condition.ArnEquals", "is bad")) == "Statement[1].Condition.ArnEquals: is bad"
    )
    assert str(DocumentError("", "is bad")) == "is bad"


@pytest.mark.parametrize(
    ("more", "empty"), [({}, False), ({"Condition": {}}, True), ({"Condition": {"Null": {"aws:x": "true"}}}, False)]
)
def test_a_condition_that_asks_for_nothing_is_told_from_none(more: dict[str, Any], empty: bool) -> None:
    assert statement(**more).empty_condition is empty


# ---- parts that are not known


def test_what_is_known_of_a_document_is_itself_where_all_is() -> None:
    document = read({"Version": "2012-10-17", "Statement": [ALLOW, {**ALLOW, "Effect": "Deny"}]})
    assert document.known_part is document
    assert document.denying_at_most is document


def test_a_statement_of_which_nothing_is_known_may_deny_at_most() -> None:
    document = read({"Version": "2012-10-17", "Statement": [ALLOW, UNKNOWN, {**ALLOW, "Effect": "Deny"}]})
    assert [s.index for s in document.known_part.statements] == [0, 2]
    assert document.known_part.name == document.name
    found = document.denying_at_most
    assert [(s.effect, s.uncertain) for s in found.statements] == [
        (Effect.ALLOW, False),
        (Effect.DENY, True),
        (Effect.DENY, False),
    ]
    assert [s.effect for s in document.statements] == [Effect.ALLOW, None, Effect.DENY]


def test_a_statement_of_which_the_actions_are_known_is_a_part_that_is() -> None:
    document = read({"Version": "2012-10-17", "Statement": [{**ALLOW, "Effect": UNKNOWN}]})
    assert document.known_part is document


def test_conditions_of_their_own() -> None:
    found, others = parse_conditions({"StringEquals": {"aws:x": "${aws:username}"}, "Null": {"aws:y": "true"}})
    assert [(c.key, c.path) for c in found] == [
        ("aws:x", "Condition.StringEquals.aws:x"),
        ("aws:y", "Condition.Null.aws:y"),
    ]
    assert not others
    assert holds(found[0], {"aws:x": ("me",), "aws:username": ("me",)}) is Truth.YES
    assert parse_conditions({"StringIs": {"aws:x": "y"}, "Null": {"aws:y": "true"}})[1]


def test_conditions_that_are_nested_too_deeply_are_others() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    found, others = parse_conditions({"StringEquals": {"aws:x": deep}})
    assert (found, others) == ((), True)


def test_the_length_of_an_object_counts_all_that_it_holds() -> None:
    plain = {"Version": "2012-10-17", "Statement": [{**ALLOW, "Action": ["ec2:*", "s3:*"]}]}
    others = UserDict(
        {"Version": "2012-10-17", "Statement": UserList([UserDict({**ALLOW, "Action": UserList(["ec2:*", "s3:*"])})])}
    )
    assert read(others).size == read(plain).size > 0
    assert read({**plain, "Sid": UNKNOWN}).size == len(json.dumps({**plain, "Sid": None}, separators=(",", ":")))
