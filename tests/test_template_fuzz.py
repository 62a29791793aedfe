"""Mutated templates: whatever a template says, the pack reads it or says why not, in bounded time, and never raises."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any, Final

import pytest

from policy.iam.truth import UNKNOWN
from policy.shared import aws_types
from policy.stack.links import link
from policy.stack.resources import Resource
from policy.stack.templates.expand import expand

TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
TEMPLATE: Final[dict[str, Any]] = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Globals": {"Function": {"VpcConfig": {"SubnetIds": ["subnet-1"]}}},
    "Parameters": {"Stage": {"Type": "String", "Default": "prod"}, "Later": {"Type": "CommaDelimitedList"}},
    "Mappings": {"Stages": {"prod": {"Path": "/p/"}}},
    "Conditions": {
        "Prod": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "Either": {"Fn::Or": [{"Condition": "Prod"}, {"Fn::Not": [{"Condition": "Prod"}]}]},
    },
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": {"Fn::Sub": "${AWS::StackName}-${Stage}"},
                "Path": {"Fn::FindInMap": ["Stages", {"Ref": "Stage"}, "Path"]},
                "AssumeRolePolicyDocument": TRUST,
                "ManagedPolicyArns": [{"Fn::Join": [":", ["arn:aws:iam:", "aws", "policy/PowerUserAccess"]]}],
                "Policies": [
                    {"PolicyName": "p", "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "ec2:*"}}}
                ],
                "PermissionsBoundary": {"Fn::ImportValue": "Boundary"},
            },
        },
        "Guard": {
            "Type": "AWS::IAM::Policy",
            "Condition": "Either",
            "Properties": {
                "PolicyName": "guard",
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Deny",
                            "Action": "ec2:*",
                            "Resource": "*",
                            "Condition": {
                                "ArnEquals": {"lambda:SourceFunctionArn": {"Fn::GetAtt": ["Function", "Arn"]}}
                            },
                        }
                    ]
                },
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "VpcConfig": {"Fn::If": ["Prod", {"SubnetIds": {"Ref": "Later"}}, {"Ref": "AWS::NoValue"}]},
            },
        },
        "Sam": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Policies": [
                    "AmazonEC2FullAccess",
                    {"VPCAccessPolicy": {}},
                    {"Statement": []},
                    {"Fn::If": ["Prod", "x", "y"]},
                ],
                "Events": {"E": {"Type": "MSK", "Properties": {"Stream": {"Ref": "Stage"}}}},
            },
        },
        "Nested": {"Type": "AWS::CloudFormation::Stack"},
    },
    "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
}
ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    "",
    "x",
    "${",
    "{{resolve:ssm:x}}",
    -1,
    1e400,
    UNKNOWN,
    [],
    {},
    [[]],
    {"": ""},
    {"Ref": None},
    {"Ref": "AWS::NoValue"},
    {"Ref": "Function"},
    {"Ref": ["Role"]},
    {"Fn::GetAtt": ["Role"]},
    {"Fn::GetAtt": "Sam.Arn"},
    {"Fn::GetAtt": [{}, {}]},
    {"Fn::Sub": "${Function.Arn}${Role}${Nobody}${!x}"},
    {"Fn::Sub": ["${a}", {"a": {"Ref": "Later"}}]},
    {"Fn::Join": ["", {"Ref": "Later"}]},
    {"Fn::Select": ["x", []]},
    {"Fn::Split": ["", "x"]},
    {"Fn::FindInMap": [{}, [], None]},
    {"Fn::If": ["Prod", 1]},
    {"Fn::If": [["Prod"], 1, 2]},
    {"Fn::Transform": {}},
    {"Fn::ForEach::X": ["x", ["y"], {}]},
    {"Fn::ToJsonString": {"a": UNKNOWN}},
    {"Condition": "Either"},
    {"Type": "AWS::IAM::Role"},
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a template."""
    found = [path] if path else []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        found += places(item, (*path, key))
    return found


def mutated(chance: random.Random) -> dict[str, Any]:
    """A template with a few values replaced, taken out, or put elsewhere."""
    template: dict[str, Any] = json.loads(json.dumps(TEMPLATE))
    for _ in range(chance.randint(1, 4)):
        *path, last = chance.choice(places(template))
        holder: Any = template
        for step in path:
            holder = holder[step]
        what = chance.random()
        if what < 0.2:
            del holder[last]
        elif what < 0.3 and isinstance(holder, dict):
            holder[chance.choice(("Fn::Sub", "Ref", "Type", "Condition", "Properties", "<<"))] = holder.pop(last)
        elif what < 0.4:
            holder[last] = [holder[last]]
        else:
            holder[last] = copy.deepcopy(chance.choice(ODD))
    return template


PIECES: Final = ("", "\n", "!Ref ", "&a ", "*a ", "{", "]", "'", "\x00", ": ")


def text(chance: random.Random) -> str:
    """The text of a template with some of its characters changed."""
    characters = list(json.dumps(TEMPLATE, indent=chance.choice((None, 1))))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(characters))
        characters[at : at + chance.randint(0, 3)] = chance.choice(
            ("", "\n", "!Ref ", "&a ", "*a ", "{", "]", "'", "\x00", ": ")
        )
    return "".join(characters)


def stack(body: object, kind: str, chance: random.Random) -> list[Resource]:
    """A stack with a maker that is given this, and a function of the program on what it makes."""
    maker, function = f"urn:pulumi:dev::shop::{kind}::m", f"urn:pulumi:dev::shop::{aws_types.FUNCTION}::f"
    wanted = {"typeName": "AWS::IAM::Role", "type": "AWS::Lambda::Function", "desiredState": body, "properties": body}
    parameters = chance.choice((None, UNKNOWN, {"Later": UNKNOWN}, {"Later": "a,b"}, [{"parameterKey": "Stage"}], "x"))
    outputs = chance.choice((None, UNKNOWN, {"Arn": "arn:aws:iam::123456789012:role/r"}, {"Arn": 3}, "x"))
    props = {"name": "cfn", **wanted, "templateBody": body, "parameters": parameters, "outputs": outputs}
    on = Resource(function, aws_types.FUNCTION, {"role": UNKNOWN, "vpcConfig": UNKNOWN}, {"role": (maker,)})
    return [Resource(maker, kind, props, {"parameters": (function,), "templateBody": (function,)}), on]


# The quick suite's share, and all that CI tries.
QUICK, ALL = 150, 1_500


@pytest.mark.parametrize("seeds", [range(QUICK), pytest.param(range(QUICK, ALL), marks=pytest.mark.slow)], ids=str)
@pytest.mark.parametrize("make", [mutated, text])
def test_no_template_is_too_odd(make: Callable[[random.Random], object], seeds: range) -> None:
    read = 0
    for seed in seeds:
        chance = random.Random(seed)
        body = make(chance)
        kind = chance.choice(sorted(aws_types.MAKERS)) if seed % 3 == 0 else aws_types.STACK
        expansion = expand(stack(body, kind, chance))
        read += any(resource.maker for resource in expansion.resources)
        assert all(gap.detail or gap.decided for each in expansion.unseen for gap in each.gaps)
        link(expansion.resources)
    # Most of what is changed here and there is a template still; a text is more easily none.
    assert read > len(seeds) // 15
