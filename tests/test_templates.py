"""CloudFormation templates: read as text, their functions resolved, and what is no template refused with a reason."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from policy.iam.truth import UNKNOWN, Truth, Unknown
from policy.shared import aws_types
from policy.stack.resources import Resource
from policy.stack.templates.expand import expand
from policy.stack.templates.intrinsics import BoundsError, Resolver
from policy.stack.templates.reading import read_json, read_template
from policy.stack.templates.surroundings import Made, Surroundings
from policy.stack.templates.translate import native_name, native_type, unseen

# ---- reading


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("!Ref Role", {"Ref": "Role"}),
        ("!GetAtt Role.Arn", {"Fn::GetAtt": ["Role", "Arn"]}),
        ("!GetAtt Nested.Outputs.Arn", {"Fn::GetAtt": ["Nested", "Outputs.Arn"]}),
        ("!GetAtt [Role, Arn]", {"Fn::GetAtt": ["Role", "Arn"]}),
        ("!Sub '${Role}-x'", {"Fn::Sub": "${Role}-x"}),
        ("!Sub ['${a}', {a: !Ref B}]", {"Fn::Sub": ["${a}", {"a": {"Ref": "B"}}]}),
        ("!If [C, !Ref 'AWS::NoValue', x]", {"Fn::If": ["C", {"Ref": "AWS::NoValue"}, "x"]}),
        ("!Join ['', [a, !Ref B]]", {"Fn::Join": ["", ["a", {"Ref": "B"}]]}),
        ("!Not [!Condition C]", {"Fn::Not": [{"Condition": "C"}]}),
        ("!FindInMap [A, B, C]", {"Fn::FindInMap": ["A", "B", "C"]}),
        ("!Nonsense x", {"Fn::Nonsense": "x"}),
        # What YAML makes something else of stays the text that it is.
        ("2012-10-17", "2012-10-17"),
        ("012345678901", "012345678901"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("!!python/object/apply:os.system [ls]", ["ls"]),
        ("!!binary aGk=", "aGk="),
        ("true", True),
        ("'true'", "true"),
        ("No", False),
        ("~", None),
        ("", None),
        ("{Null: {key: 'true'}}", {"Null": {"key": "true"}}),
    ],
)
def test_yaml_is_read_as_cloudformation_reads_it(written: str, meant: object) -> None:
    assert read_template(f"Value: {written}").value == {"Value": meant}


def test_json_is_read_with_its_numbers_as_texts() -> None:
    assert read_template('{"A": 1, "B": [true, null, "x"]}').value == {"A": "1", "B": [True, None, "x"]}


def test_an_object_is_a_template_as_it_is() -> None:
    template = {"Resources": {"A": UNKNOWN}}
    assert read_template(template).value is template


def test_an_alias_is_its_anchor() -> None:
    assert read_template("a: &x {b: c}\nd: *x").value == {"a": {"b": "c"}, "d": {"b": "c"}}


BOMB: Final = "- &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(f"- &a{i + 1} [{','.join([f'*a{i}'] * 9)}]\n" for i in range(20))


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (UNKNOWN, "is not known"),
        ("", "is no template"),
        ("just words", "is no template"),
        ("[]", "is no template"),
        (3, "is no template"),
        (None, "is no template"),
        ("a: b: c", "neither JSON nor YAML at line 1, column 5"),
        ("\x00", "neither JSON nor YAML"),
        ("\ud800: x", "neither JSON nor YAML"),
        ("--- a\n--- b", "several documents"),
        ("? [a]\n: b", "a key in it is no text"),
        ("a: 1\na: 2", "a key stands twice"),
        ('{"a": 1, "a": 2}', "a key stands twice"),
        ("a: &x {b: c}\nd: {<<: *x}", "merge"),
        ("a: &x [*x]", "an alias without its anchor"),
        ("a: *x", "an alias without its anchor"),
        (BOMB, "more values than any template"),
        ("- " * 200_000, "nested more deeply"),
        ("{a: " * 100_000, "nested more deeply"),
        ('{"a":' * 200_000, "nested more deeply"),
        ("x" * 1_000_001, "1,000,001 characters"),
        ({"a": [[]] * 100_001}, "more values than any template"),
    ],
)
def test_what_is_no_template_is_refused_with_a_reason(source: object, problem: str) -> None:
    read = read_template(source)
    assert read.value is None
    assert problem in read.problem


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (UNKNOWN, "is not known"),
        ("{", "is not JSON"),
        ("a: b", "is not JSON"),
        ("[]", "is no object in JSON"),
        (None, "is no object in JSON"),
        ('{"a": 1, "a": 2}', "a key stands twice"),
        ('{"a":' * 200_000, "nested more deeply"),
    ],
)
def test_what_is_no_json_is_refused_with_a_reason(source: object, problem: str) -> None:
    assert problem in read_json(source).problem


# ---- functions

TEMPLATE: Final[dict[str, Any]] = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "prod"},
        "Subnets": {"Type": "CommaDelimitedList", "Default": "subnet-1, subnet-2"},
        "Count": {"Type": "Number", "Default": 2},
        "Given": {"Type": "String"},
        "Missing": {"Type": "String"},
        "Later": {"Type": "String"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a/b"},
    },
    "Mappings": {"Stages": {"prod": {"Path": "/p/"}}},
    "Conditions": {
        "Prod": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "Test": {"Fn::Not": [{"Condition": "Prod"}]},
        "Both": {"Fn::And": [{"Condition": "Prod"}, {"Condition": "Test"}]},
        "Either": {"Fn::Or": [{"Condition": "Prod"}, {"Condition": "Open"}]},
        "Open": {"Fn::Equals": [{"Ref": "Later"}, "x"]},
        "Never": {"Fn::Equals": [{"Ref": "Stored"}, "x"]},
        "Circle": {"Fn::Not": [{"Condition": "Circle"}]},
    },
    "Resources": {"Role": {"Type": "AWS::IAM::Role"}},
}
AROUND: Final = Surroundings(
    "orders", UNKNOWN, "eu-west-1", "123456789012", "aws", {"Given": "g", "Later": UNKNOWN}, frozenset({"urn:later"})
)


def resolver() -> Resolver:
    return Resolver(TEMPLATE, AROUND, lambda logical, attribute: Made(f"<{logical}.{attribute}>", frozenset({"urn:r"})))


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ({"Ref": "Stage"}, "prod"),
        ({"Ref": "Given"}, "g"),
        ({"Ref": "Count"}, "2"),
        ({"Ref": "Subnets"}, ["subnet-1", "subnet-2"]),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Ref": "Role"}, "<Role.Ref>"),
        ({"Fn::GetAtt": ["Role", "Arn"]}, "<Role.Arn>"),
        ({"Fn::GetAtt": "Role.Arn"}, "<Role.Arn>"),
        ({"Fn::Sub": "${AWS::StackName}-${Stage}-${!Literal}-${Role.Arn}"}, "orders-prod-${Literal}-<Role.Arn>"),
        ({"Fn::Sub": ["${a}${b}", {"a": {"Ref": "Stage"}, "b": "x"}]}, "prodx"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, "a-prod"),
        ({"Fn::Join": [",", {"Ref": "Subnets"}]}, "subnet-1,subnet-2"),
        ({"Fn::Join": ["-", []]}, ""),
        ({"Fn::Select": [1, {"Ref": "Subnets"}]}, "subnet-2"),
        ({"Fn::Split": [":", "a:b"]}, ["a", "b"]),
        ({"Fn::FindInMap": ["Stages", {"Ref": "Stage"}, "Path"]}, "/p/"),
        ({"Fn::FindInMap": ["Stages", "none", "Path", {"DefaultValue": "/"}]}, "/"),
        ({"Fn::If": ["Prod", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Test", "yes", "no"]}, "no"),
        ({"Fn::If": ["Open", "same", "same"]}, "same"),
        ({"a": {"Fn::If": ["Test", 1, {"Ref": "AWS::NoValue"}]}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": [1]}),
        ({"Fn::Base64": "hi"}, "aGk="),
        ({"Fn::Length": {"Ref": "Subnets"}}, "2"),
        ({"Fn::ToJsonString": {"a": {"Ref": "Stage"}}}, '{"a": "prod"}'),
        # IAM's own `Condition` is no function.
        ({"Condition": {"Bool": {"a": True}}}, {"Condition": {"Bool": {"a": True}}}),
    ],
)
def test_functions_are_resolved_as_far_as_known(value: object, meant: object) -> None:
    assert resolver().resolve(value).value == meant


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"Fn::ImportValue": "x"}, "is made with `Fn::ImportValue`, which this policy pack does not resolve"),
        ({"Fn::GetAZs": ""}, "is made with `Fn::GetAZs`"),
        ({"Fn::Sub": "x${Missing}"}, "is made from the parameter `Missing`, which has no value"),
        ({"Ref": "Stored"}, "in the SSM parameter store"),
        ({"Ref": "Nobody"}, "refers to `Nobody`, which is not in the template"),
        ({"Fn::Join": ["", "x"]}, "does not have the form"),
        ({"Fn::Select": [7, {"Ref": "Subnets"}]}, "does not have the form"),
        ({"Fn::FindInMap": ["Stages", "none", "Path"]}, "the mapping has no such keys"),
        ({"Fn::If": ["Never", 1, 2]}, "depends on the condition `Never`, which is not known here"),
        ({"Fn::If": ["Circle", 1, 2]}, "depends on the condition `Circle`"),
        ({"Fn::If": ["None", 1, 2]}, "depends on a condition that is not in the template"),
        ({"Fn::Transform": {"Name": "AWS::Include"}}, "is made with `Fn::Transform`"),
        ({"a": 1, "Fn::Transform": {"Name": "AWS::Include"}}, "is written by a macro"),
        ("{{resolve:ssm:/a/b}}", "is made with a dynamic reference"),
        # What no update decides is told, also beside what one does.
        ({"Fn::Join": ["", [{"Ref": "Later"}, {"Fn::ImportValue": "x"}]]}, "is made with `Fn::ImportValue`"),
    ],
)
def test_what_nothing_decides_says_why(value: object, why: str) -> None:
    found = resolver().resolve(value).value
    assert isinstance(found, Unknown)
    assert why in found.why


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Later"},
        {"Fn::Sub": "a${Later}"},
        {"Fn::If": ["Open", "a", "b"]},
        {"Fn::Split": [":", {"Ref": "Later"}]},
    ],
)
def test_what_the_update_decides_says_what_it_is_made_from(value: object) -> None:
    found = resolver().resolve(value)
    assert isinstance(found.value, Unknown)
    assert found.value.why == ""
    assert found.made_from == {"urn:later"}


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        (None, Truth.YES),
        ("Prod", Truth.YES),
        ("Test", Truth.NO),
        ("Both", Truth.NO),
        ("Either", Truth.YES),
        ("Open", Truth.UNKNOWN),
        ("Circle", Truth.UNKNOWN),
        ("None", Truth.UNKNOWN),
        (["Prod"], Truth.UNKNOWN),
    ],
)
def test_conditions_have_three_values(name: object, holds: Truth) -> None:
    assert resolver().condition(name) is holds


def test_a_value_says_what_it_is_made_from_and_only_that() -> None:
    one = resolver()
    assert one.resolve({"Ref": "Role"}).made_from == {"urn:r"}
    assert one.resolve({"Ref": "Stage"}).made_from == frozenset()
    assert one.resolve([{"Ref": "Role"}, {"Ref": "Later"}]).made_from == {"urn:r", "urn:later"}


def test_a_parameter_without_a_value_is_remembered() -> None:
    one = resolver()
    one.resolve({"Fn::Sub": "${Missing}"})
    assert list(one.without_value) == ["Missing"]


def grown(levels: int) -> object:
    value: object = "xxxxxxxxxx"
    for _ in range(levels):
        value = {"Fn::Sub": ["${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}", {"a": value}]}
    return value


@pytest.mark.parametrize("levels", [8, 5_000])
def test_what_was_made_to_grow_is_refused(levels: int) -> None:
    with pytest.raises((BoundsError, RecursionError)):
        resolver().resolve(grown(levels))


# ---- names


@pytest.mark.parametrize(
    ("name", "native"),
    [
        ("VpcConfig", "vpcConfig"),
        ("ManagedPolicyArns", "managedPolicyArns"),
        ("DocumentDBEventSourceConfig", "documentDbEventSourceConfig"),
        ("Ipv6AllowedForDualStack", "ipv6AllowedForDualStack"),
        ("KMSKeyArn", "kmsKeyArn"),
        ("S3Key", "s3Key"),
        ("subnetIds", "subnetIds"),
        ("", ""),
    ],
)
def test_properties_are_named_as_the_native_provider_names_them(name: str, native: str) -> None:
    assert native_name(name) == native


def test_the_native_provider_knows_the_types_that_are_read() -> None:
    assert native_type("AWS::IAM::Role") == aws_types.NATIVE_ROLE
    assert native_type("AWS::Lambda::EventSourceMapping") == aws_types.NATIVE_EVENT_SOURCE
    assert native_type("Custom::Thing") == "Custom::Thing"


@pytest.mark.parametrize(
    "kind", ["AWS::S3::Bucket", "AWS::Lambda::Permission", "AWS::IAM::UserToGroupAddition", "Custom::x"]
)
def test_what_makes_no_role_is_not_told(kind: str) -> None:
    assert unseen(kind, {}) == ""


@pytest.mark.parametrize(
    "kind", [None, 3, "", "AWS", "AWS::Lambda", "AWS::IAM::Roel", "A-B::C::D", "Team::Thing::Role"]
)
def test_what_is_no_type_is_told(kind: object) -> None:
    assert unseen(kind, {})


# ---- bounds and bad input, as a whole


def stack(body: object, **more: Any) -> Resource:
    urn = f"urn:pulumi:dev::shop::{aws_types.STACK}::cfn"
    return Resource(urn, aws_types.STACK, {"name": "cfn", "templateBody": body, **more})


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"Resources": {"A": {"Type": "AWS::IAM::Role", "Properties": {"Path": grown(8)}}}}),
        {"Resources": {"A": {"Type": "AWS::IAM::Role", "Properties": {"Path": grown(20)}}}},
        {
            "Conditions": {f"C{i}": {"Fn::Not": [{"Condition": f"C{i + 1}"}]} for i in range(5_000)},
            "Resources": {"A": {"Type": "AWS::IAM::Role", "Condition": "C0"}},
        },
        {
            "Resources": {
                f"F{i}": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": {"Ref": f"F{i + 1}"}}}
                for i in range(2_000)
            }
        },
    ],
    ids=["text that grows", "object that grows", "a chain of conditions", "a chain of names"],
)
def test_what_comes_to_too_much_is_said_and_not_judged(body: object) -> None:
    expansion = expand([stack(body)])
    assert expansion.resources == ()
    (unseen_part,) = expansion.unseen
    assert unseen_part.whole
    assert "comes to more than any template" in unseen_part.gaps[0].detail


def test_names_that_refer_to_each_other_are_not_known() -> None:
    names = {"A": "B", "B": "A"}
    body = {
        "Resources": {
            k: {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": {"Ref": v}}} for k, v in names.items()
        }
    }
    for made in expand([stack(body)]).resources:
        assert "arn" not in made.props


def test_a_stack_without_makers_is_as_it_was() -> None:
    role = Resource("urn:pulumi:dev::shop::aws:iam/role:Role::r", aws_types.ROLE, {})
    assert expand([role]).resources == (role,)


def test_what_is_made_says_who_makes_it() -> None:
    body = {
        "Resources": {
            "R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "Tags": [{"Key": "a", "Value": "b"}]}}
        }
    }
    maker = stack(body)
    expansion = expand([maker])
    (role,) = expansion.resources
    assert (role.type, role.name, role.maker) == (aws_types.NATIVE_ROLE, "R of template in cfn", maker.urn)
    assert role.props == {"roleName": "r", "tags": [{"key": "a", "value": "b"}]}
    assert expansion.made_by(role.urn) == maker.urn
    assert expansion.made_by("another") == "another"
