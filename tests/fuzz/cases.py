"""What is spoilt: documents and stacks of the usual forms, small, because a million of them are judged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, Final

from pulumi.runtime import rpc
from pulumi_policy import proxy
from pulumi_policy.secret import Secret

from policy.shared import aws_types as types
from tests.fuzz.mutate import Json, structure, text

ACCOUNT: Final = "123456789012"
FUNCTION: Final = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:orders"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/orders-role"
KEY: Final = "lambda:SourceFunctionArn"
SENTINELS: Final = (
    rpc.UNKNOWN,
    proxy.UNKNOWN_STRING_VALUE,
    proxy.UNKNOWN_ARRAY_VALUE,
    proxy.UNKNOWN_OBJECT_VALUE,
    proxy.UNKNOWN_BOOLEAN_VALUE,
    proxy.UNKNOWN_NUMBER_VALUE,
)

_ENI: Final = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeSubnets",
]
_CONDITIONS: Final[tuple[Json, ...]] = (
    {"Null": {KEY: "true"}},
    {"Null": {KEY: "false"}},
    {"ArnEquals": {KEY: FUNCTION}},
    {"ArnNotLike": {KEY: [f"arn:aws:lambda:*:{ACCOUNT}:function:*"]}},
    {"StringLike": {"aws:RequestedRegion": "eu-*"}, "Null": {KEY: "true"}},
    {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.7"]}},
    {"StringEquals": {"aws:SourceVpc": "vpc-a", "aws:PrincipalTag/x": "y"}},
    {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}, "NumericLessThan": {"aws:EpochTime": 1900000000}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}, "StringLike": {"aws:RequestTag/a": "x*"}},
    {"ArnLike": {"ec2:Vpc": f"arn:aws:ec2:*:{ACCOUNT}:vpc/*"}, "Bool": {"aws:SecureTransport": "true"}},
    {"StringNotLike": {"aws:ResourceTag/x": ["*a", "b?"]}},
)


def _statement(rng: Random) -> Json:
    found: dict[str, Json] = {
        "Effect": rng.choice(("Allow", "Allow", "Deny")),
        "Action": rng.choice((_ENI, "ec2:*", "*", ["ec2:*NetworkInterface*", "s3:Get*"], "ec2:DeleteNetworkInterface")),
        "Resource": rng.choice(
            (
                "*",
                "*",
                ["*"],
                f"arn:aws:ec2:*:{ACCOUNT}:*/*",
                ["arn:aws:ec2:eu-central-1:*:network-interface/eni-0*", "arn:aws:ec2:*:*:subnet/*"],
            )
        ),
    }
    if rng.random() < 0.15:
        found["NotAction"] = found.pop("Action")
    if rng.random() < 0.15:
        found["NotResource"] = found.pop("Resource")
    if rng.random() < 0.5:
        found["Condition"] = rng.choice(_CONDITIONS)
    if rng.random() < 0.3:
        found["Sid"] = rng.choice(("Eni", "Guard", "A1"))
    return found


def document(rng: Random) -> Json:
    """A document that IAM takes (but for Sids that stand twice)."""
    found = [_statement(rng) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    return {
        "Version": rng.choice(("2012-10-17", "2012-10-17", "2008-10-17")),
        "Statement": found[0] if len(found) == 1 and rng.random() < 0.3 else found,
    }


def trust(rng: Random) -> Json:
    """A role's trust policy."""
    principal = rng.choice(
        (
            {"Service": "lambda.amazonaws.com"},
            {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]},
            {"AWS": ROLE, "Service": "lambda.amazonaws.com"},
            {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "*",
        )
    )
    found: dict[str, Json] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    if rng.random() < 0.2:
        found["Condition"] = {"ArnLike": {KEY: FUNCTION}}
    return {"Version": "2012-10-17", "Statement": [found]}


@dataclass(frozen=True)
class Case:
    """`kind` says how `value` is to be judged."""

    kind: str
    value: Json


def case(seed: int, number: int) -> Case:
    """Case `number` of a run."""
    rng = Random(f"{seed}:{number}")
    draw = rng.random()
    if draw < 0.4:
        return Case("documents", _role(rng, lambda d: structure(rng, d, most=2)))
    if draw < 0.65:
        return Case("documents", _role(rng, lambda d: text(rng, _dumped(rng, d))))
    if draw < 0.75:
        return Case("line", _line(rng))
    return Case("stack", stack(rng))


def _role(rng: Random, spoil: Any) -> Json:
    first = spoil(trust(rng) if rng.random() < 0.1 else document(rng))
    others = [document(rng) for _ in range(rng.choice((0, 0, 0, 1)))]
    boundary = None
    if rng.random() < 0.25:
        boundary = [spoil(document(rng)) if rng.random() < 0.5 else document(rng)]
    return {"policies": [first, *others], "boundary": boundary, "function_arn": rng.choice((None, FUNCTION, FUNCTION))}


def _dumped(rng: Random, value: Json) -> str:
    return json.dumps(value, indent=rng.choice((None, None, 1)), ensure_ascii=rng.random() < 0.5)


def _line(rng: Random) -> str:
    value = {
        "policies": [document(rng)],
        "boundary": rng.choice((None, [document(rng)])),
        "function_arn": rng.choice((None, FUNCTION)),
    }
    if rng.random() < 0.5:
        value = structure(rng, value, extra=())
    try:
        line = json.dumps(value)
    except ValueError:  # a number of too many digits
        line = json.dumps(repr(type(value)))
    return text(rng, line) if rng.random() < 0.7 else line


# ---- stacks


def _resource(
    kind: str, name: str, props: Json, computed: Json | None = None, depends: dict[str, list[str]] | None = None
) -> Json:
    return {"type": kind, "name": name, "inputs": props, "computed": computed or {}, "depends": depends or {}}


def _base(rng: Random) -> list[Json]:
    """A stack: a role, something that runs on it, and policies in one of the ways in which a role can have them."""
    found: list[Json] = []
    doc: Any = document(rng)
    as_text = json.dumps(doc)
    arn_known = rng.random() < 0.5
    arn: Json = ROLE if arn_known else rpc.UNKNOWN
    if rng.random() < 0.75:
        role = _resource(
            types.ROLE,
            "orders-role",
            {"name": "orders-role", "assumeRolePolicy": json.dumps(trust(rng)), "tags": {"x": "y"}},
            {"arn": arn, "id": "orders-role", "managedPolicyArns": [], "inlinePolicies": []},
        )
        name_prop, doc_prop = "name", "policy"
        role_prop: Json = {"role": rng.choice(("orders-role", rpc.UNKNOWN))}
    else:
        role = _resource(
            types.NATIVE_ROLE,
            "orders-role",
            {"roleName": "orders-role", "assumeRolePolicyDocument": trust(rng)},
            {"arn": arn},
        )
        name_prop, doc_prop = "policyName", "policyDocument"
        role_prop = {"role": arn}
    way = rng.randrange(7)
    on_role = {"role": ["orders-role"]}
    managed_arn = rng.choice(
        (
            "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "arn:aws:iam::aws:policy/New",
        )
    )
    if way == 0 and role["type"] == types.ROLE:
        role["inputs"]["inlinePolicies"] = [{"name": "eni", "policy": as_text}]
        if rng.random() < 0.6:
            role["inputs"]["managedPolicyArns"] = rng.choice(([], [managed_arn]))
    elif way == 0:
        role["inputs"]["policies"] = [{name_prop: "eni", doc_prop: doc}]
    elif way == 1:
        found.append(
            _resource(
                types.ROLE_POLICY,
                "orders-eni",
                {"role": role_prop["role"], "policy": as_text, "name": "eni"},
                depends=on_role,
            )
        )
    elif way == 2:
        found.append(
            _resource(
                types.ROLE_ATTACHMENT, "attach", {"role": role_prop["role"], "policyArn": managed_arn}, depends=on_role
            )
        )
    elif way == 3:
        found.append(_resource(types.POLICY, "orders-policy", {"name": "eni", "policy": as_text}, {"arn": rpc.UNKNOWN}))
        found.append(
            _resource(
                types.ROLE_ATTACHMENT,
                "attach",
                {"role": role_prop["role"], "policyArn": rpc.UNKNOWN},
                depends={**on_role, "policyArn": ["orders-policy"]},
            )
        )
    elif way == 4:
        found.append(
            _resource(
                types.NATIVE_POLICY,
                "orders-policy",
                {"policyDocument": doc, "roles": ["orders-role"]},
                {"policyArn": rpc.UNKNOWN},
                {"roles": ["orders-role"]},
            )
        )
        found.append(
            _resource(
                types.NATIVE_ROLE_POLICY,
                "orders-eni",
                {"roleName": "orders-role", "policyName": "eni", "policyDocument": doc},
            )
        )
    elif way == 5:
        found.append(
            _resource(
                types.POLICY_ATTACHMENT,
                "attach",
                {"roles": ["orders-role", rpc.UNKNOWN], "policyArn": managed_arn},
                depends={"roles": ["orders-role"]},
            )
        )
        found.append(_resource(types.POLICIES_EXCLUSIVE, "only", {"roleName": "orders-role", "policyNames": ["eni"]}))
    else:
        found.append(
            _resource(types.ATTACHMENTS_EXCLUSIVE, "only", {"roleName": "orders-role", "policyArns": [managed_arn]})
        )
        role["computed"]["managedPolicyArns"] = [managed_arn]
    if rng.random() < 0.15:
        role["inputs"]["permissionsBoundary"] = managed_arn
    found.insert(0, role)
    found.append(_user(rng, arn))
    if rng.random() < 0.3:
        found.append(_poller(rng))
    return found


def _user(rng: Random, arn: Json) -> Json:
    vpc: Json = rng.choice(
        (
            {"subnetIds": ["subnet-a"], "securityGroupIds": ["sg-a"]},
            {"subnetIds": [rpc.UNKNOWN]},
            None,
            {"subnetIds": []},
        )
    )
    depends = {"role": ["orders-role"]}
    draw = rng.random()
    if draw < 0.75:
        return _resource(
            types.FUNCTION,
            "orders",
            {"name": "orders", "role": arn, "vpcConfig": vpc, "runtime": "python3.12"},
            {"arn": rng.choice((FUNCTION, rpc.UNKNOWN))},
            depends,
        )
    if draw < 0.9:
        return _resource(
            types.NATIVE_FUNCTION,
            "orders",
            {"functionName": "orders", "role": arn, "vpcConfig": vpc},
            {"arn": rpc.UNKNOWN},
            depends,
        )
    kind = rng.choice((types.CANARY, types.NATIVE_CANARY))
    return _resource(
        kind,
        "orders",
        {"name": "orders", "executionRoleArn": arn, "vpcConfig": vpc},
        depends={"executionRoleArn": ["orders-role"]},
    )


def _poller(rng: Random) -> Json:
    source = rng.choice(
        (f"arn:aws:kafka:eu-central-1:{ACCOUNT}:cluster/x/y", f"arn:aws:sqs:eu-central-1:{ACCOUNT}:q", rpc.UNKNOWN)
    )
    kind = rng.choice((types.EVENT_SOURCE, types.NATIVE_EVENT_SOURCE))
    return _resource(
        kind,
        "events",
        {"functionName": "orders", "eventSourceArn": source, "topics": ["t"]},
        depends={"functionName": ["orders"]},
    )


@cache
def _stand_ins() -> tuple[Json, ...]:
    return (
        *SENTINELS,
        "[secret]",
        f"text with {rpc.UNKNOWN} inside",
        Secret("hidden"),
        Secret({"a": "hidden"}),
        Secret([rpc.UNKNOWN]),
    )


def stack(rng: Random) -> Json:
    """The resources of a stack, one to three of them spoilt in inputs, outputs or references."""
    found = _base(rng)
    names = [item["name"] for item in found]
    for _ in range(rng.randint(1, 3)):
        item = rng.choice(found)
        for part in ("inputs", "computed"):
            # The engine passes objects: what is none would not have come out of it.
            if not isinstance(item[part], dict):
                item[part] = {"junk": item[part]}
        draw = rng.random()
        if draw < 0.6:
            item["inputs"] = structure(rng, item["inputs"], extra=_stand_ins())
        elif draw < 0.75:
            item["computed"] = structure(rng, item["computed"], extra=_stand_ins())
        elif draw < 0.85:
            item["depends"][rng.choice(("role", "roles", "policyArn", "functionName", "x"))] = rng.choices(
                [*names, "gone"], k=rng.randint(0, 3)
            )
        elif draw < 0.9:
            item["type"] = rng.choice(sorted(types.TYPES))
        elif draw < 0.95 and len(found) > 1:
            found.remove(item)
        else:
            item["inputs"] = {**item["inputs"], **item["computed"]}
    for item in found:
        for part in ("inputs", "computed"):
            if not isinstance(item[part], dict):
                item[part] = {"junk": item[part]}
    return found
