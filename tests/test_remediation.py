"""A document in, the same document with a guard out: what changes, what does not, and what is refused.

The law has a name: `fix_is_idempotent_and_keeps_the_service_working`. It is tried on random documents against the pack's
own evaluator, and on a sample of those of the differential test against an independent simulator.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ACCOUNT, FUNCTION, KEY, Json, contexts, examples, statements

from policy.iam.conditions import Context
from policy.iam.document import INLINE_POLICIES_LIMIT, MANAGED_POLICY_LIMIT, PolicyDocument, parse_document
from policy.iam.evaluate import evaluate
from policy.iam.request import Authorization, Caller, Request
from policy.iam.search.actions import KEPT_FROM_CODE
from policy.iam.search.subject import Subject
from policy.iam.search.witness import ask
from policy.iam.truth import UNKNOWN, Truth
from policy.preview.analyzer import Analyzer, Violation
from policy.preview.config_file import load
from policy.preview.engine import Engine, serve
from policy.preview.monitor import Monitor
from policy.preview.properties import UNKNOWN as SENTINEL
from policy.preview.properties import as_secret, is_secret, reveal
from policy.preview.registration import STACK_TYPE, Registration, StackIdentity
from policy.shared import aws_types
from policy.verdict.remediation import HIDDEN, RefusedError, guard, remedy
from tests.differential import generate, simulator
from tests.differential.differences import Translation
from tests.differential.simulator import Simulator

PACK: Final = Path(__file__).parent.parent
NOW: Final = Decimal(1_767_225_600)
NULL: Final = {"Null": {KEY: "true"}}
DENY: Final = {"Effect": "Deny", "Action": list(KEPT_FROM_CODE), "Resource": "*", "Condition": {"Null": {KEY: "false"}}}
NEW_DENY: Final = {"Sid": "DenyEniToFunctionCode", **DENY}
LOGS: Final = {"Sid": "Logs", "Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": "arn:aws:logs:*:*:*"}


def allow(action: object, **more: object) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": "*", **more}


def document(*found: Json, **more: object) -> Json:
    return {"Version": "2012-10-17", **more, "Statement": list(found)}


ENI: Final = allow(list(KEPT_FROM_CODE))
WRITES: Final = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"]


def guarded(source: object, actions: Sequence[str] = KEPT_FROM_CODE) -> Any:
    return guard(source, actions, NOW)


def in_order(value: object) -> object:
    """The value as text, so that the order of keys counts."""
    return json.dumps(value)


# ---- what changes and what does not

CASES: Final[dict[str, tuple[Json, Json]]] = {
    "a statement that lists them and nothing else gets the condition": (
        document(LOGS, ENI),
        document(LOGS, {**ENI, "Condition": NULL}),
    ),
    "as does one that stands alone, which stays an object": (
        {"Version": "2012-10-17", "Statement": ENI},
        {"Version": "2012-10-17", "Statement": {**ENI, "Condition": NULL}},
    ),
    "keys keep their order": (
        {
            "Statement": [{"Resource": "*", "Action": list(KEPT_FROM_CODE), "Sid": "E", "Effect": "Allow"}],
            "Version": "2012-10-17",
        },
        {
            "Statement": [
                {"Resource": "*", "Action": list(KEPT_FROM_CODE), "Sid": "E", "Effect": "Allow", "Condition": NULL}
            ],
            "Version": "2012-10-17",
        },
    ),
    "what else a statement lists stays where it is": (
        document(allow(["logs:PutLogEvents", *KEPT_FROM_CODE, "s3:GetObject"], Sid="All"), LOGS),
        document(
            allow(["logs:PutLogEvents", "s3:GetObject"], Sid="All"),
            {**allow(list(KEPT_FROM_CODE), Sid="AllEni"), "Condition": NULL},
            LOGS,
        ),
    ),
    "one action that is left over stands without a list": (
        document(allow([*KEPT_FROM_CODE, "logs:PutLogEvents"])),
        document(allow("logs:PutLogEvents"), {**ENI, "Condition": NULL}),
    ),
    "a Sid that is taken is not given again": (
        document(allow([*KEPT_FROM_CODE, "s3:*"], Sid="A"), {**LOGS, "Sid": "AEni"}, {**LOGS, "Sid": "AEni2"}),
        document(
            allow("s3:*", Sid="A"),
            {**allow(list(KEPT_FROM_CODE), Sid="AEni3"), "Condition": NULL},
            {**LOGS, "Sid": "AEni"},
            {**LOGS, "Sid": "AEni2"},
        ),
    ),
    "nor that of the Deny": (
        document(allow("ec2:*", Sid="DenyEniToFunctionCode")),
        document(allow("ec2:*", Sid="DenyEniToFunctionCode"), {"Sid": "DenyEniToFunctionCode2", **DENY}),
    ),
    "an empty Sid is no Sid": (
        document(allow([*KEPT_FROM_CODE, "s3:*"], Sid="")),
        document(allow("s3:*", Sid=""), {**allow(list(KEPT_FROM_CODE), Sid="Eni"), "Condition": NULL}),
    ),
    "upper and lower case are kept": (
        document(allow([action.upper() for action in KEPT_FROM_CODE])),
        document({**allow([action.upper() for action in KEPT_FROM_CODE]), "Condition": NULL}),
    ),
    "a condition on other keys is kept": (
        document({**ENI, "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}}),
        document({**ENI, "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}, **NULL}}),
    ),
    "a Null block gets one key more, however it is spelled": (
        document({**ENI, "Condition": {"null": {"aws:SourceIp": "false"}, "Bool": {"aws:SecureTransport": "true"}}}),
        document(
            {
                **ENI,
                "Condition": {"null": {"aws:SourceIp": "false", KEY: "true"}, "Bool": {"aws:SecureTransport": "true"}},
            }
        ),
    ),
    "a condition on the key that covers another function only is kept beside the guard": (
        document({**ENI, "Condition": {"ArnNotEquals": {KEY: "arn:aws:lambda:*:*:function:my_function"}}}, ENI),
        document(
            {**ENI, "Condition": {"ArnNotEquals": {KEY: "arn:aws:lambda:*:*:function:my_function"}, **NULL}},
            {**ENI, "Condition": NULL},
        ),
    ),
    "a wildcard gets a Deny beside it": (document(allow("ec2:*"), LOGS), document(allow("ec2:*"), LOGS, NEW_DENY)),
    "as does everything": (document(allow("*")), document(allow("*"), NEW_DENY)),
    "also where it stands alone": (
        {"Version": "2012-10-17", "Statement": allow("*")},
        {"Version": "2012-10-17", "Statement": [allow("*"), NEW_DENY]},
    ),
    "as does a NotAction": (
        document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
        document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, NEW_DENY),
    ),
    "a list of both is split and has the Deny": (
        document(allow([*WRITES, "ec2:Describe*"])),
        document(allow("ec2:Describe*"), {**allow(WRITES), "Condition": NULL}, NEW_DENY),
    ),
    "one hole in a guarded document is closed, the guard stays": (
        document({**ENI, "Condition": NULL}, allow("ec2:DeleteNetworkInterface")),
        document({**ENI, "Condition": NULL}, {**allow("ec2:DeleteNetworkInterface"), "Condition": NULL}),
    ),
    "what depends on something unknown is closed too": (
        document(ENI, {**allow(WRITES), "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}),
        document(
            {**ENI, "Condition": NULL},
            {**allow(WRITES), "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
            NEW_DENY,
        ),
    ),
    "an old version stays": (
        {"Version": "2008-10-17", "Id": "x", "Statement": [ENI]},
        {"Version": "2008-10-17", "Id": "x", "Statement": [{**ENI, "Condition": NULL}]},
    ),
    "AWS's list with DetachNetworkInterface, which is not judged": (
        document(allow([*KEPT_FROM_CODE, "ec2:DetachNetworkInterface"])),
        document(allow("ec2:DetachNetworkInterface"), {**ENI, "Condition": NULL}),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_guarded_document(name: str) -> None:
    source, expected = CASES[name]
    kept = copy.deepcopy(source)
    assert in_order(guarded(source)) == in_order(expected)
    assert source == kept
    assert guarded(expected) is None
    assert in_order(json.loads(guarded(json.dumps(source)))) == in_order(expected)


@pytest.mark.parametrize(
    "source",
    [
        document({**ENI, "Condition": NULL}),
        document(ENI, DENY),
        document(allow("*"), {**DENY, "Action": "ec2:*"}),
        document(ENI, {**DENY, "Condition": {"ArnLike": {KEY: "arn:aws:lambda:*:*:function:*"}}}),
        document(LOGS),
        document({**ENI, "Effect": "Deny"}),
    ],
)
def test_there_is_nothing_to_guard(source: Json) -> None:
    assert guarded(source) is None
    assert guarded(json.dumps(source)) is None


def test_other_actions_can_be_judged() -> None:
    actions = ("ec2:AttachNetworkInterface", "ec2:CreateNetworkInterface")
    source = document(allow([*KEPT_FROM_CODE, "ec2:AttachNetworkInterface"]))
    unjudged = [a for a in KEPT_FROM_CODE if a != "ec2:CreateNetworkInterface"]
    assert guarded(source, actions) == document(
        allow(unjudged), {**allow(["ec2:CreateNetworkInterface", "ec2:AttachNetworkInterface"]), "Condition": NULL}
    )
    assert guarded(document(allow("ec2:*")), actions)["Statement"][1]["Action"] == list(actions)


COMPACT: Final = json.dumps(document(ENI), separators=(",", ":"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (COMPACT, {"separators": (",", ":")}),
        (COMPACT + "\n", {"separators": (",", ":")}),
        (json.dumps(document(ENI)), {}),
        (json.dumps(document(ENI), indent=2), {"indent": 2}),
        ("\n" + json.dumps(document(ENI), indent=4) + "\n", {"indent": 4}),
        (json.dumps(document(ENI), indent="\t"), {"indent": "\t"}),
        (json.dumps(document(ENI)).replace(", ", ",\n"), {"indent": 2}),
        (
            json.dumps(document({**LOGS, "Resource": "arn:aws:s3:::ä"}, ENI), ensure_ascii=False),
            {"ensure_ascii": False},
        ),
        (json.dumps(document({**LOGS, "Resource": "arn:aws:s3:::ä"}, ENI)), {}),
    ],
)
def test_text_stays_text_with_its_layout(text: str, expected: dict[str, Any]) -> None:
    value = json.loads(text)
    value["Statement"][-1]["Condition"] = NULL
    assert guarded(text) == json.dumps(value, **expected)


# ---- what is refused

INVERTED: Final = {**allow(WRITES), "Condition": {"ArnLike": {KEY: "arn:aws:lambda:*:*:function:*"}}}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (UNKNOWN, "it is not known before the update"),
        (document({**ENI, "Resource": UNKNOWN}), "it is not known before the update"),
        (HIDDEN, "it is a secret"),
        (document({**ENI, "Resource": [HIDDEN]}), "it has a secret in it"),
        ("no JSON", "IAM would refuse it (not JSON"),
        ('{"Statement": [], "Statement": []}', "IAM would refuse it (the key 'Statement' stands twice"),
        (json.dumps(document(ENI))[:-1], "IAM would refuse it (not JSON"),
        ([ENI], "IAM would refuse it (a policy document is a JSON object"),
        (document(ENI, {**LOGS, "Effect": "allow"}), "IAM would refuse it (Statement[1].Effect"),
        (document({**ENI, "Sid": "A"}, {**LOGS, "Sid": "A"}), "IAM would refuse it (Statement[1].Sid"),
        (document({**ENI, "Principal": "*"}), "IAM would refuse it (Statement[0].Principal"),
        (document(ENI, INVERTED), f"`Statement[1]` has a condition on `{KEY}` that is not a guard"),
        (
            document(ENI, {**allow(WRITES, Sid="Code"), "Condition": {"Null": {KEY: "false"}}}),
            f"statement `Code` has a condition on `{KEY}` that is not a guard",
        ),
        (
            document({**ENI, "Condition": {"Null": {KEY: ["true", "false"]}}}),
            f"`Statement[0]` has a condition on `{KEY}` that is not a guard",
        ),
        # Enough for this function, and it cannot be told here that it is the only one: that is for the stack check.
        (
            document(ENI, {**DENY, "Condition": {"ArnEquals": {KEY: FUNCTION}}}),
            "whether it lets calls through depends on the function that runs on the role",
        ),
        # Not what a function in a VPC needs: its code manages interfaces by design, and Lambda does not.
        (
            document(allow(WRITES)),
            "it does not allow Lambda `ec2:DescribeNetworkInterfaces`, which a function in a VPC",
        ),
        (document(allow("ec2:Describe*")), "it does not allow Lambda `ec2:CreateNetworkInterface` and"),
        (
            document({**ENI, "Condition": {"Null": {KEY: "false"}}}),
            "it does not allow Lambda `ec2:CreateNetworkInterface`",
        ),
    ],
)
def test_a_document_is_refused(source: object, reason: str) -> None:
    with pytest.raises(RefusedError) as error:
        guarded(source)
    assert str(error.value).startswith(reason)


@pytest.mark.parametrize("actions", ["ec2:*", WRITES])
def test_what_lets_one_function_in_is_closed_by_the_deny(actions: object) -> None:
    """Whether that is the role's function is not known here, and the Deny holds for all."""
    found = document(ENI, {**allow(actions), "Condition": {"ArnEquals": {KEY: FUNCTION}}})
    assert guarded(found) == document({**ENI, "Condition": NULL}, found["Statement"][1], NEW_DENY)


# ---- where documents are

TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
TEXT: Final = json.dumps(document(ENI))


def role(*documents: object, trust: object = TRUST, **more: object) -> dict[str, Any]:
    listed = [{"name": f"p{i}", "policy": found} for i, found in enumerate(documents)]
    return {"name": "orders-role", "assumeRolePolicy": trust, "inlinePolicies": listed, **more}


def native_role(*documents: object, trust: object = None) -> dict[str, Any]:
    listed = [{"policyName": f"p{i}", "policyDocument": found} for i, found in enumerate(documents)]
    return {"assumeRolePolicyDocument": trust or json.loads(TRUST), "policies": listed}


STANDALONE: Final = [
    (aws_types.ROLE_POLICY, "policy"),
    (aws_types.POLICY, "policy"),
    (aws_types.NATIVE_ROLE_POLICY, "policyDocument"),
    (aws_types.NATIVE_POLICY, "policyDocument"),
    (aws_types.NATIVE_INLINE_POLICY, "policyDocument"),
]


def test_documents_in_a_role_that_trusts_lambda() -> None:
    found = remedy(aws_types.ROLE, role(json.dumps(document(LOGS)), TEXT), KEPT_FROM_CODE, NOW)
    assert list(found.documents) == [("inlinePolicies", 1, "policy")]
    assert found.refused == {}
    native = remedy(aws_types.NATIVE_ROLE, native_role(document(ENI), TEXT), KEPT_FROM_CODE, NOW)
    assert list(native.documents) == [("policies", 0, "policyDocument"), ("policies", 1, "policyDocument")]
    assert isinstance(native.documents["policies", 0, "policyDocument"], dict)
    assert isinstance(native.documents["policies", 1, "policyDocument"], str)


@pytest.mark.parametrize(
    "trust",
    [
        TRUST.replace("lambda.", "ec2."),
        TRUST.replace('"Allow"', '"Deny"'),
        "no JSON",
        UNKNOWN,
        HIDDEN,
        None,
    ],
)
def test_a_role_that_does_not_trust_lambda_for_certain_is_left_alone(trust: object) -> None:
    found = remedy(aws_types.ROLE, role(TEXT, trust=trust), KEPT_FROM_CODE, NOW)
    assert found.documents == {}
    (why,) = found.refused.values()
    assert why in ("its trust policy does not name Lambda", "whether the role trusts Lambda is not known")


def test_a_role_that_trusts_others_too_is_guarded() -> None:
    trust = TRUST.replace('"lambda.amazonaws.com"', '["ec2.amazonaws.com", "lambda.amazonaws.com"]')
    assert len(remedy(aws_types.ROLE, role(TEXT, trust=trust), KEPT_FROM_CODE, NOW).documents) == 1


def test_the_documents_of_a_role_are_judged_together() -> None:
    one, other = json.dumps(document(allow(WRITES))), json.dumps(document(allow("ec2:DescribeNetworkInterfaces")))
    found = remedy(aws_types.ROLE, role(one, other), KEPT_FROM_CODE, NOW)
    assert [json.loads(str(text))["Statement"][0]["Condition"] for text in found.documents.values()] == [NULL, NULL]
    # A Deny in one is the guard of the others, and one that cannot be read is none of them.
    assert remedy(aws_types.ROLE, role(TEXT, json.dumps(document(DENY))), KEPT_FROM_CODE, NOW).documents == {}
    beside = remedy(aws_types.ROLE, role(UNKNOWN, TEXT, HIDDEN), KEPT_FROM_CODE, NOW)
    assert list(beside.documents) == [("inlinePolicies", 1, "policy")]
    assert beside.refused == {
        "inlinePolicies[0].policy": "it is not known before the update",
        "inlinePolicies[2].policy": "it is a secret",
    }


def test_a_call_that_two_documents_allow_together_is_closed() -> None:
    """Create is authorised for the interface and for the subnet, here each by another document."""
    rest = ["ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"]
    create = {"Effect": "Allow", "Action": "ec2:CreateNetworkInterface"}
    one = document({**create, "Resource": "arn:aws:ec2:*:*:network-interface/*"}, {**allow(rest), "Condition": NULL})
    other = document({**create, "Resource": ["arn:aws:ec2:*:*:subnet/*", "arn:aws:ec2:*:*:security-group/*"]})
    found = remedy(aws_types.ROLE, role(json.dumps(one), json.dumps(other)), KEPT_FROM_CODE, NOW)
    assert found.documents
    after = [
        json.loads(str(found.documents.get(("inlinePolicies", i, "policy"), json.dumps(d))))
        for i, d in enumerate((one, other))
    ]
    parsed = [parse_document(each) for each in after]
    assert {answer(action, Caller.CODE, *parsed) for action in KEPT_FROM_CODE} == {Truth.NO}
    assert answer("ec2:CreateNetworkInterface", Caller.SERVICE, *parsed) is Truth.YES


@pytest.mark.parametrize("inline", [None, UNKNOWN, HIDDEN, "text", [{}], [UNKNOWN], [None], [{"policy": None}]])
def test_a_role_without_a_document_to_read(inline: object) -> None:
    assert remedy(aws_types.ROLE, {**role(), "inlinePolicies": inline}, KEPT_FROM_CODE, NOW).documents == {}


@pytest.mark.parametrize(("kind", "prop"), STANDALONE)
def test_standalone_policies_only_with_the_option(kind: str, prop: str) -> None:
    props: dict[str, Any] = {prop: TEXT}
    off = remedy(kind, props, KEPT_FROM_CODE, NOW)
    assert off.documents == {}
    assert off.refused == {prop: "it is not part of a role, and the option `remediate_standalone` is not set"}
    on = remedy(kind, props, KEPT_FROM_CODE, NOW, standalone=True)
    assert on.documents == {(prop,): json.dumps(document({**ENI, "Condition": NULL}))}
    assert on.refused == {}
    assert props == {prop: TEXT}


def test_other_resources_have_no_documents() -> None:
    for kind in aws_types.TYPES.keys() - {kind for kind, _ in STANDALONE} - {aws_types.ROLE, aws_types.NATIVE_ROLE}:
        assert (
            remedy(kind, {"policy": TEXT, "policyDocument": TEXT}, KEPT_FROM_CODE, NOW, standalone=True).documents == {}
        )


MANAGED: Final = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
OWN: Final = f"arn:aws:iam::{ACCOUNT}:policy/own"


@pytest.mark.parametrize(
    ("kind", "props", "paths"),
    [
        (aws_types.ROLE_ATTACHMENT, {"policyArn": MANAGED}, ["policyArn"]),
        (aws_types.ROLE_ATTACHMENT, {"policyArn": MANAGED.replace("arn:aws:", "arn:aws-cn:")}, ["policyArn"]),
        (aws_types.ROLE_ATTACHMENT, {"policyArn": OWN}, []),
        (aws_types.ROLE_ATTACHMENT, {"policyArn": UNKNOWN}, []),
        (aws_types.POLICY_ATTACHMENT, {"policyArn": MANAGED}, ["policyArn"]),
        (aws_types.ATTACHMENTS_EXCLUSIVE, {"policyArns": [OWN, MANAGED]}, ["policyArns[1]"]),
        (aws_types.ROLE, role(managedPolicyArns=[OWN, MANAGED]), ["managedPolicyArns[1]"]),
        (aws_types.NATIVE_ROLE, {**native_role(), "managedPolicyArns": [MANAGED, UNKNOWN]}, ["managedPolicyArns[0]"]),
        (aws_types.ROLE, role(managedPolicyArns=UNKNOWN), []),
    ],
)
def test_an_aws_managed_policy_is_not_ours_to_change(kind: str, props: dict[str, Any], paths: list[str]) -> None:
    assert remedy(kind, props, KEPT_FROM_CODE, NOW).refused == dict.fromkeys(paths, "AWS owns the policy")


# ---- IAM's limits


def of_size(size: int) -> str:
    """An unguarded document with so many characters, without white space."""
    lacking = size - len(COMPACT.replace("[", '[{"Sid":"","Effect":"Deny","Action":"s3:x","Resource":"*"},', 1))
    padding = {"Sid": "x" * lacking, "Effect": "Deny", "Action": "s3:x", "Resource": "*"}
    text = json.dumps(document(padding, ENI), separators=(",", ":"))
    assert len(text) == size
    return text


ADDED: Final = len(json.dumps(document({**ENI, "Condition": NULL}), separators=(",", ":"))) - len(COMPACT)


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        (aws_types.POLICY, MANAGED_POLICY_LIMIT),
        (aws_types.NATIVE_POLICY, MANAGED_POLICY_LIMIT),
        (aws_types.ROLE_POLICY, INLINE_POLICIES_LIMIT),
        (aws_types.NATIVE_ROLE_POLICY, INLINE_POLICIES_LIMIT),
        (aws_types.ROLE, INLINE_POLICIES_LIMIT),
        (aws_types.NATIVE_ROLE, INLINE_POLICIES_LIMIT),
    ],
)
@pytest.mark.parametrize("layout", ["compact", "indented", "object"])
def test_a_document_at_the_limit(kind: str, limit: int, layout: str) -> None:
    def inputs(size: int) -> dict[str, Any]:
        text = of_size(size)
        source: object = {
            "compact": text,
            "indented": json.dumps(json.loads(text), indent=8),
            "object": json.loads(text),
        }[layout]
        if kind == aws_types.ROLE:
            return role(source)
        return native_role(source) if kind == aws_types.NATIVE_ROLE else {dict(STANDALONE)[kind]: source}

    fits = remedy(kind, inputs(limit - ADDED), KEPT_FROM_CODE, NOW, standalone=True)
    assert len(fits.documents) == 1
    assert fits.refused == {}
    exceeds = remedy(kind, inputs(limit - ADDED + 1), KEPT_FROM_CODE, NOW, standalone=True)
    assert exceeds.documents == {}
    assert list(exceeds.refused.values()) == [f"with the guard it would exceed the {limit:,} characters that IAM takes"]


def test_the_documents_of_a_role_share_one_limit() -> None:
    half = of_size(INLINE_POLICIES_LIMIT // 2)
    logs = json.dumps(document(LOGS))
    room = INLINE_POLICIES_LIMIT - 2 * len(half) - len("".join(logs.split()))
    assert room < 0
    found = remedy(
        aws_types.ROLE, role(of_size(INLINE_POLICIES_LIMIT - len(COMPACT) - ADDED), COMPACT), KEPT_FROM_CODE, NOW
    )
    assert list(found.documents) == [("inlinePolicies", 0, "policy")], "the second guard has no room any more"
    assert list(found.refused) == ["inlinePolicies[1].policy"]


# ---- the law

_INTERFACE: Final = f"arn:aws:ec2:eu-central-1:{ACCOUNT}:network-interface/eni-0ab"
# Actions that are not judged, each with a resource of its own.
OTHERS: Final = {
    "logs:PutLogEvents": f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:g:log-stream:s",
    "s3:GetObject": "arn:aws:s3:::bucket/key",
    "ec2:RunInstances": _INTERFACE,
    "ec2:AttachNetworkInterface": _INTERFACE,
    "ec2:DetachNetworkInterface": _INTERFACE,
    "ec2:CreateNetworkInterfacePermission": _INTERFACE,
    "ec2:DescribeVpcs": "*",
    "sts:AssumeRole": f"arn:aws:iam::{ACCOUNT}:role/other",
    "iam:PassRole": f"arn:aws:iam::{ACCOUNT}:role/other",
}
# Each gives Lambda what it needs, unless the other statements take it away.
_SERVING: Final = (
    ENI,
    allow("*"),
    allow("ec2:*"),
    allow(["ec2:*NetworkInterface*", "ec2:describesubnets", "s3:Get*"]),
    allow([*KEPT_FROM_CODE, "logs:*"], Sid="All"),
    allow(["EC2:CREATENETWORKINTERFACE", *KEPT_FROM_CODE[1:], "ec2:RunInstances"]),
    allow(
        ["ec2:Create*", *KEPT_FROM_CODE[1:], "ec2:AttachNetworkInterface"], Condition={"Null": {"aws:SourceIp": "true"}}
    ),
    {"Effect": "Allow", "NotAction": ["iam:*", "s3:*"], "Resource": "*"},
    {**ENI, "Condition": {"ArnNotEquals": {KEY: FUNCTION}}},
)


def documents_for_lambda() -> st.SearchStrategy[Json]:
    """Documents most of which are to be guarded."""

    def build(serving: Json, more: list[Json], at: int) -> Json:
        return document(*more[:at], serving, *more[at:])

    return st.builds(build, st.sampled_from(_SERVING), st.lists(statements(), max_size=3), st.integers(0, 3))


def answer(action: str, caller: Caller, *documents: PolicyDocument) -> Truth:
    return ask(action, Subject(caller, now=NOW), documents).allowed


def verdict(found: PolicyDocument, action: str, resource: str, context: Context) -> Truth:
    return evaluate(Request(action, (Authorization(resource, context),)), [found]).allowed


def parts(found: Json) -> Iterator[Json]:
    """The statements of a document, each as it would be without a guard."""
    listed = found["Statement"]
    yield from [listed] if isinstance(listed, dict) else listed


@pytest.mark.slow
@examples(60)
@given(
    source=documents_for_lambda(),
    as_text=st.booleans(),
    tries=st.lists(st.tuples(st.sampled_from(("*", _INTERFACE)), contexts()), min_size=2, max_size=4),
)
def test_fix_is_idempotent_and_keeps_the_service_working(
    source: Json, as_text: bool, tries: list[tuple[str, Context]]
) -> None:
    given = json.dumps(source) if as_text else source
    try:
        fixed = guarded(given)
    except RefusedError as error:
        if not any(
            reason in str(error) for reason in ("that is no guard", "it does not allow Lambda", "depends on the")
        ):
            raise
        return
    if fixed is None:
        return
    assert type(fixed) is type(given)
    after, before = parse_document(fixed), parse_document(source)
    assert after.errors == ()
    assert guarded(fixed) is None
    for action in KEPT_FROM_CODE:
        assert answer(action, Caller.CODE, after) is Truth.NO
        assert answer(action, Caller.SERVICE, after) is answer(action, Caller.SERVICE, before)
    for resource, context in tries:
        absent = {key: values for key, values in context.items() if key != KEY.lower()}
        present: Context = {**absent, KEY.lower(): (FUNCTION,)}
        for action, own in OTHERS.items():
            for each in (absent, present):
                assert verdict(after, action, own, each) is verdict(before, action, own, each)
                assert verdict(after, action, resource, each) is verdict(before, action, resource, each)
        for action in KEPT_FROM_CODE:
            assert verdict(after, action, resource, absent) is verdict(before, action, resource, absent)
    # What is not about the judged actions stays as it is written, in its order.
    written = json.loads(fixed) if isinstance(fixed, str) else fixed
    kept = [s for s in parts(written) if s in source["Statement"]]
    assert kept == [s for s in source["Statement"] if s in kept]
    judged = {action.lower() for action in KEPT_FROM_CODE}
    for statement in source["Statement"]:
        listed = statement.get("Action", ())
        if not judged & {a.lower() for a in ([listed] if isinstance(listed, str) else listed)}:
            assert statement in kept
    assert {key: value for key, value in written.items() if key != "Statement"} == {"Version": "2012-10-17"}


@pytest.fixture(scope="module")
def iam() -> Iterator[Simulator]:
    reason = simulator.unavailable()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"in CI the simulator must be there: {reason}")
    if reason:
        pytest.skip(reason)
    with Simulator() as running:
        yield running


SAMPLE: Final = 60


@pytest.mark.slow
def test_the_simulator_says_the_same_of_random_documents(iam: Simulator) -> None:
    """The law again, on the documents of the differential test, as an independent evaluator judges them."""
    rng, tried = Random(20260101), 0
    for number in count():
        if tried == SAMPLE:
            break
        assert number < 40 * SAMPLE, "hardly any document is to be guarded"
        found = rng.choice(generate.role(20260101, number)["policies"])
        try:
            fixed = guarded(found)
        except RefusedError:
            continue
        if fixed is None:
            continue
        tried += 1
        for action in (*KEPT_FROM_CODE, *rng.sample(list(OTHERS), 4)):
            resource = OTHERS.get(action, "*" if "Describe" in action else _INTERFACE)
            for caller in ({}, {KEY: generate.FUNCTION_ARN}):
                context = {
                    "aws:requestedregion": "eu-central-1",
                    "aws:sourceip": "198.51.100.7",
                    "aws:securetransport": "true",
                    **caller,
                }
                asked = [{"action": action, "resource": resource, "context": context}]
                was, became = (iam.ask(_translated(each, action), asked) for each in (found, fixed))
                expected = ["denied"] if caller and action in KEPT_FROM_CODE else was
                assert became == expected, (action, caller, json.dumps(found), json.dumps(fixed))


def _translated(found: Json, action: str) -> Json:
    whole = {"policies": [found], "boundary": None, "function_arn": generate.FUNCTION_ARN}
    return Translation(whole, describe="Describe" in action).role


# ---- through the SDK, as the engine does it


@dataclass(frozen=True)
class Told:
    """What a pack at level `remediate` made of one resource."""

    inputs: Mapping[str, Any]
    remediated: bool
    violations: tuple[Violation, ...]


_numbers = count(1)


class Remediating:
    """The pack's process at one configuration."""

    def __init__(self, analyzer: Analyzer, stack: StackIdentity) -> None:
        self._analyzer, self._stack = analyzer, stack

    def tell(self, kind: str, inputs: Mapping[str, Any], name: str | None = None) -> Told:
        """Hand over one resource that is alone in its stack."""
        name = name or f"it-{next(_numbers)}"
        found = Registration(self._stack.urn("", kind, name), kind, name, True, self._stack.root_urn, inputs, inputs)
        self._analyzer.violations.clear()
        self._analyzer.remediations.clear()
        after = self._analyzer.review(found)
        remediated = [item.urn for item in self._analyzer.remediations]
        assert remediated in ([], [found.urn])
        root = Registration(self._stack.root_urn, STACK_TYPE, "stack", False, "", {})
        outputs = Registration(
            found.urn, kind, name, True, self._stack.root_urn, after, {k: reveal(v) for k, v in after.items()}
        )
        self._analyzer.review_stack([root, outputs])
        return Told(after, bool(remediated), tuple(self._analyzer.violations))


def _remediating(**options: object) -> Iterator[Remediating]:
    stack = StackIdentity("shop", "dev")
    config = {"lambda-role-eni-guard": {"enforcementLevel": "remediate", **options}}
    with (
        serve(Monitor(stack, lambda resource: resource.inputs), Engine()) as address,
        Analyzer(PACK, address, stack, load(config)) as process,
    ):
        yield Remediating(process, stack)


@pytest.fixture(scope="module")
def pack() -> Iterator[Remediating]:
    yield from _remediating()


@pytest.fixture(scope="module")
def standalone_pack() -> Iterator[Remediating]:
    exemptions = [{"match": match, "reason": "by design"} for match in ("exempt-*", "unneeded-*")]
    yield from _remediating(remediate_standalone=True, exemptions=exemptions)


def test_a_role_is_remediated_on_its_way(pack: Remediating) -> None:
    inputs = {**role(TEXT, managedPolicyArns=[]), "__defaults": [], "tags": {"owner": as_secret("me"), "id": SENTINEL}}
    told = pack.tell(aws_types.ROLE, inputs)
    assert told.remediated
    assert told.violations == ()
    expected = copy.deepcopy(inputs)
    expected["inlinePolicies"][0]["policy"] = json.dumps(document({**ENI, "Condition": NULL}))
    assert told.inputs == expected
    again = pack.tell(aws_types.ROLE, told.inputs)
    assert not again.remediated


def test_a_native_role_is_remediated_on_its_way(pack: Remediating) -> None:
    inputs = {**native_role(document(LOGS, ENI)), "maxSessionDuration": 3600.0}
    told = pack.tell(aws_types.NATIVE_ROLE, inputs)
    assert told.remediated
    assert told.violations == ()
    assert told.inputs["policies"][0]["policyDocument"] == document(LOGS, {**ENI, "Condition": NULL})
    assert told.inputs["maxSessionDuration"] == 3600.0


# The engine calls the whole list secret where one entry is, for a provider that takes no secrets, as pulumi-aws does.
@pytest.mark.parametrize("secret", ["document", "whole list", "entry"])
def test_a_secret_stays_as_it_is_and_is_a_violation(pack: Remediating, secret: str) -> None:
    inputs = role(as_secret(TEXT) if secret == "document" else TEXT, managedPolicyArns=[])
    if secret == "whole list":
        inputs["inlinePolicies"] = as_secret(inputs["inlinePolicies"])
    if secret == "entry":
        inputs["inlinePolicies"][0] = as_secret(inputs["inlinePolicies"][0])
    told = pack.tell(aws_types.ROLE, inputs)
    assert not told.remediated
    assert told.inputs == inputs
    (violation,) = told.violations
    assert violation.policy == "lambda-role-eni-guard"
    assert violation.enforcement == "mandatory"
    assert "\nNot remediated: it is a secret." in violation.message


SECRET_SID: Final = "Hunter2Sid"
SECRET_VALUE: Final = "hunter2-s3cr3t"


def with_secrets(**more: object) -> str:
    condition = {"StringEquals": {"aws:UserAgent": SECRET_VALUE}, **more}
    return json.dumps(document({**ENI, "Sid": SECRET_SID, "Condition": condition}))


DEAD: Final = {"StringNotEquals": {KEY: f"{SECRET_VALUE}*"}}


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        (aws_types.ROLE, role(as_secret(with_secrets()), managedPolicyArns=[])),
        (aws_types.ROLE, role(as_secret(with_secrets(**DEAD)), managedPolicyArns=[])),
        (aws_types.ROLE, {**role(with_secrets()), "inlinePolicies": as_secret(role(with_secrets())["inlinePolicies"])}),
        (aws_types.NATIVE_ROLE, native_role(as_secret(json.loads(with_secrets())))),
        (aws_types.ROLE_POLICY, {"role": "r", "policy": as_secret(with_secrets(**DEAD))}),
        (aws_types.ROLE, role(as_secret(with_secrets().replace('"Allow"', f'"{SECRET_VALUE}"')), managedPolicyArns=[])),
    ],
)
def test_what_is_secret_is_not_shown(pack: Remediating, kind: str, inputs: dict[str, Any]) -> None:
    told = pack.tell(kind, inputs)
    assert told.violations
    for violation in told.violations:
        assert SECRET_SID not in violation.message
        assert SECRET_VALUE not in violation.message
        assert "Check:" not in violation.message


def test_a_secret_beside_the_document_stays_a_secret(pack: Remediating) -> None:
    inputs = role(as_secret(json.dumps(document(LOGS))), TEXT, managedPolicyArns=[])
    told = pack.tell(aws_types.ROLE, inputs)
    assert told.remediated
    assert is_secret(told.inputs["inlinePolicies"][0]["policy"])
    assert told.violations == ()


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        (role(json.dumps(document(ENI, INVERTED)), managedPolicyArns=[]), "`Statement[1]` has a condition on"),
        (role(of_size(INLINE_POLICIES_LIMIT - 9), managedPolicyArns=[]), "with the guard it would exceed the 10,240"),
        (role(managedPolicyArns=[MANAGED]), "AWS owns the policy"),
    ],
)
def test_a_refusal_is_told_with_its_reason(pack: Remediating, inputs: dict[str, Any], reason: str) -> None:
    told = pack.tell(aws_types.ROLE, inputs)
    assert not told.remediated
    (violation,) = told.violations
    assert violation.enforcement == "mandatory"
    assert f"\nNot remediated: {reason}" in violation.message


def test_a_document_that_is_unknown_stays_so(pack: Remediating) -> None:
    inputs = role(SENTINEL, managedPolicyArns=[])
    told = pack.tell(aws_types.ROLE, inputs)
    assert told.inputs == inputs
    assert not [violation for violation in told.violations if violation.enforcement == "mandatory"]


@pytest.mark.parametrize(("kind", "prop"), STANDALONE)
def test_standalone_policies_on_their_way(
    pack: Remediating, standalone_pack: Remediating, kind: str, prop: str
) -> None:
    native = kind in (aws_types.NATIVE_ROLE_POLICY, aws_types.NATIVE_POLICY)
    inputs = {prop: document(ENI) if native else TEXT}
    assert not pack.tell(kind, inputs).remediated
    told = standalone_pack.tell(kind, inputs)
    assert told.remediated
    found = told.inputs[prop]
    assert (found if native else json.loads(found)) == document({**ENI, "Condition": NULL})


def test_what_is_exempt_is_not_remediated(standalone_pack: Remediating) -> None:
    told = standalone_pack.tell(aws_types.ROLE_POLICY, {"role": "r", "policy": TEXT}, "exempt-1")
    assert not told.remediated
    assert [violation.policy for violation in told.violations] == ["vpc-lambda-eni-notices"]


def test_an_exemption_from_nothing_is_not_shown(standalone_pack: Remediating) -> None:
    inputs = {"role": "r", "policy": json.dumps(document(LOGS))}
    told = standalone_pack.tell(aws_types.ROLE_POLICY, inputs, "unneeded-1")
    assert not [violation for violation in told.violations if "unneeded" in violation.message]
