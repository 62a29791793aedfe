"""The preview in this process shows a program's resources as a real provider does at the first preview."""

from __future__ import annotations

import importlib
import inspect
import sys
import typing
import warnings
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from policy.preview import provider
from policy.preview.bridge import mark_defaults, sorted_document, versioned_document
from policy.preview.properties import UNKNOWN, as_secret
from policy.preview.resource_types import TYPES
from policy.preview.run import preview
from policy.shared import aws_types
from tests.recorded import FIRST, PROGRAMS, STACK, Seen, differences, names

NEWEST_SCHEMA = (7, 51)
"""The version of pulumi-aws that the tables follow; older ones have fewer properties."""


@pytest.fixture(scope="module")
def silent_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack that says nothing: what this one says is tested elsewhere."""
    folder = tmp_path_factory.mktemp("pack")
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 0.0.1\n", encoding="utf-8")
    source = """
from pulumi_policy import PolicyPack, StackValidationPolicy
PolicyPack("silent", policies=[StackValidationPolicy("silent", "Says nothing.", lambda args, report: None)])
"""
    (folder / "__main__.py").write_text(source, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "name", [n if n == "half-right" else pytest.param(n, marks=pytest.mark.slow) for n in PROGRAMS]
)
def test_the_first_preview_is_as_recorded(name: str, silent_pack: Path) -> None:
    program = PROGRAMS[name]
    found = preview(
        program.folder, stack=STACK, config=program.config, policy_pack=silent_pack, first_preview=True
    ).resources
    shown = {
        resource.name: Seen(
            resource.type,
            resource.inputs,
            resource.outputs,
            {key: names(urns) for key, urns in resource.property_dependencies.items()},
        )
        for resource in found
        if resource.type in aws_types.TYPES
    }
    assert differences(name, FIRST, shown) == []


CLASSES: Mapping[str, str] = {
    "aws:cloudcontrol/resource:Resource": "cloudcontrol.Resource",
    "aws:cloudformation/stack:Stack": "cloudformation.Stack",
    "aws:cloudformation/stackInstances:StackInstances": "cloudformation.StackInstances",
    "aws:cloudformation/stackSet:StackSet": "cloudformation.StackSet",
    "aws:cloudformation/stackSetInstance:StackSetInstance": "cloudformation.StackSetInstance",
    "aws:iam/policy:Policy": "iam.Policy",
    "aws:iam/policyAttachment:PolicyAttachment": "iam.PolicyAttachment",
    "aws:iam/role:Role": "iam.Role",
    "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive": "iam.RolePoliciesExclusive",
    "aws:iam/rolePolicy:RolePolicy": "iam.RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "iam.RolePolicyAttachment",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": "iam.RolePolicyAttachmentsExclusive",
    "aws:lambda/alias:Alias": "lambda_.Alias",
    "aws:lambda/capacityProvider:CapacityProvider": "lambda_.CapacityProvider",
    "aws:lambda/coreNetworkConnector:CoreNetworkConnector": "lambda_.CoreNetworkConnector",
    "aws:lambda/eventSourceMapping:EventSourceMapping": "lambda_.EventSourceMapping",
    "aws:lambda/function:Function": "lambda_.Function",
    "aws:lambda/microvmsImage:MicrovmsImage": "lambda_.MicrovmsImage",
    "aws:lambdamicrovms/image:Image": "lambdamicrovms.Image",
    "aws:lambdamicrovms/microvm:Microvm": "lambdamicrovms.Microvm",
    "aws:organizations/policy:Policy": "organizations.Policy",
    "aws:serverlessrepository/cloudFormationStack:CloudFormationStack": "serverlessrepository.CloudFormationStack",
    "aws:servicecatalog/provisionedProduct:ProvisionedProduct": "servicecatalog.ProvisionedProduct",
    "aws:synthetics/canary:Canary": "synthetics.Canary",
}


def class_of(kind: str) -> Any:
    """The class of pulumi-aws for a type."""
    package, _, name = CLASSES[kind].partition(".")
    with warnings.catch_warnings():
        # Packages import all of their modules, deprecated ones too.
        warnings.simplefilter("ignore", DeprecationWarning)
        return getattr(importlib.import_module(f"pulumi_aws.{package}"), name)


def outputs_of(resource: type) -> dict[str, bool]:
    """The outputs of a class of pulumi-aws, and whether each may be left empty: what Terraform computes may not."""
    space = vars(sys.modules[resource.__module__])
    found: dict[str, bool] = {}
    for member in vars(resource).values():
        if isinstance(member, property) and member.fget:
            kind = typing.get_type_hints(member.fget, space)["return"]
            name = getattr(member.fget, "_pulumi_name", member.fget.__name__)
            found[name] = type(None) in typing.get_args(typing.get_args(kind)[0])
    return found


def test_each_bridged_type_that_the_pack_reads_is_in_the_table() -> None:
    classic = {kind for kind in aws_types.TYPES if kind.startswith("aws:")}
    assert classic == CLASSES.keys()
    assert classic <= TYPES.keys()


@pytest.mark.parametrize("kind", CLASSES)
def test_what_nobody_sets_is_null_or_unknown_as_the_schema_has_it(kind: str) -> None:
    known, schema = TYPES[kind], outputs_of(class_of(kind))
    given = provider.check(kind, f"urn:pulumi:dev::shop::{kind}::it", {})
    created = provider.create(kind, given)
    empty = {name: [] if name in known.blocks else None for name, may_be_empty in schema.items() if may_be_empty}
    unset = schema.keys() & created.keys() - given.keys()
    assert {name: created[name] for name in unset} == {name: empty.get(name, UNKNOWN) for name in unset}
    # What is left has to be given: the program's own properties.
    required = {name for name, empty in schema.items() if not empty} - created.keys()
    assert schema.keys() - created.keys() == required
    assert {snake(name) for name in required} <= inspect.signature(class_of(kind)._internal_init).parameters.keys()
    version = tuple(int(part) for part in metadata.version("pulumi_aws").split(".")[:2])
    if version >= NEWEST_SCHEMA:
        assert created.keys() - {"id"} <= schema.keys()


def snake(name: str) -> str:
    """The name of a property in Python."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


FUNCTION, CANARY = "aws:lambda/function:Function", "aws:synthetics/canary:Canary"
EVENT_SOURCE, ROLE = "aws:lambda/eventSourceMapping:EventSourceMapping", "aws:iam/role:Role"
GUARD = '{"Version": "2012-10-17", "Statement": []}'


@pytest.mark.parametrize(
    ("kind", "path", "given", "shown"),
    [
        (FUNCTION, "layers", ["a", UNKNOWN], UNKNOWN),
        (FUNCTION, "layers", ["a"], ["a"]),
        (FUNCTION, "replacementSecurityGroupIds", [UNKNOWN], UNKNOWN),
        (CANARY, "vpcConfig", {"subnetIds": ["s", UNKNOWN]}, {
            "subnetIds": UNKNOWN, "vpcId": UNKNOWN, "ipv6AllowedForDualStack": None}),
        ("aws:iam/policyAttachment:PolicyAttachment", "roles", ["a", UNKNOWN], UNKNOWN),
        (ROLE, "managedPolicyArns", [UNKNOWN, "arn"], UNKNOWN),
        (ROLE, "managedPolicyArns", [as_secret("a"), as_secret(UNKNOWN)], as_secret(UNKNOWN)),
        (ROLE, "managedPolicyArns", as_secret(["a", UNKNOWN]), as_secret(UNKNOWN)),
        (EVENT_SOURCE, "topics", [UNKNOWN], UNKNOWN),
        # An object of which only a part is unknown is an element that is there.
        (EVENT_SOURCE, "sourceAccessConfigurations", [{"type": "VPC_SUBNET", "uri": UNKNOWN}],
            [{"type": "VPC_SUBNET", "uri": UNKNOWN}]),
        (EVENT_SOURCE, "sourceAccessConfigurations", [{"type": "VPC_SUBNET"}, UNKNOWN], UNKNOWN),
        (ROLE, "inlinePolicies", [{"name": "a", "policy": UNKNOWN}], [{"name": "a", "policy": UNKNOWN}]),
        # The Plugin Framework's values are converted one by one; aws-native is not bridged.
        ("aws:iam/rolePoliciesExclusive:RolePoliciesExclusive", "policyNames", ["a", UNKNOWN], ["a", UNKNOWN]),
        ("aws-native:iam:Role", "managedPolicyArns", ["a", UNKNOWN], ["a", UNKNOWN]),
        (ROLE, "assumeRolePolicy", GUARD, '{"Statement":[],"Version":"2012-10-17"}'),
        (ROLE, "assumeRolePolicy", as_secret(GUARD), as_secret('{"Statement":[],"Version":"2012-10-17"}')),
        (ROLE, "inlinePolicies", [{"policy": GUARD}, as_secret({"policy": GUARD})],
            [{"policy": '{"Version":"2012-10-17","Statement":[]}'},
             as_secret({"policy": '{"Version":"2012-10-17","Statement":[]}'})]),
        ("aws:iam/policy:Policy", "policy", GUARD, '{"Statement":[],"Version":"2012-10-17"}'),
        ("aws:iam/rolePolicy:RolePolicy", "policy", GUARD, '{"Version":"2012-10-17","Statement":[]}'),
        ("aws:iam/rolePolicy:RolePolicy", "policy", UNKNOWN, UNKNOWN),
        ("aws-native:iam:RolePolicy", "policyDocument", {"Version": "2012-10-17"}, {"Version": "2012-10-17"}),
    ],
)  # fmt: skip
def test_outputs_show_inputs_in_the_form_of_the_provider(kind: str, path: str, given: object, shown: object) -> None:
    inputs = provider.check(kind, f"urn:pulumi:dev::shop::{kind}::it", {path: given})
    assert provider.create(kind, inputs)[path] == shown


def test_a_vpc_configuration_that_is_secret_is_completed_inside() -> None:
    inputs = provider.check(FUNCTION, "urn:pulumi:dev::shop::f::f", {"vpcConfig": as_secret({"subnetIds": ["s"]})})
    given = {"subnetIds": ["s"], "ipv6AllowedForDualStack": False}
    assert inputs["vpcConfig"] == as_secret({**given, "__defaults": ["ipv6AllowedForDualStack"]})
    assert provider.create(FUNCTION, inputs)["vpcConfig"] == as_secret({**given, "vpcId": UNKNOWN})


def test_defaults_are_noted_in_objects_and_not_in_maps_of_the_users_own() -> None:
    asset = {"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7", "path": "."}
    given = {
        "tags": {"a": "b"},
        "environment": {"variables": {"A": "b"}},
        "code": asset,
        "inlinePolicies": [{"name": "a"}, as_secret({})],
    }
    assert mark_defaults(given) == {
        "tags": {"a": "b"},
        "environment": {"__defaults": [], "variables": {"A": "b"}},
        "code": asset,
        "inlinePolicies": [{"__defaults": [], "name": "a"}, as_secret({"__defaults": []})],
    }


@pytest.mark.parametrize(
    ("given", "by_key", "by_version"),
    [
        ('{"Version": "2012-10-17"}', '{"Version":"2012-10-17"}', '{"Version":"2012-10-17"}'),
        ('{"b": 1.0, "a": "é<&>"}', *['{"a":"é\\u003c\\u0026\\u003e","b":1}'] * 2),
        ('{"Version": "2008-10-17", "Id": "x"}', *['{"Id":"x","Version":"2008-10-17"}'] * 2),
        (
            '{"Statement": [{"Sid": "b", "Action": "a"}], "Id": "x", "Version": "2012-10-17"}',
            '{"Id":"x","Statement":[{"Action":"a","Sid":"b"}],"Version":"2012-10-17"}',
            '{"Version":"2012-10-17","Id":"x","Statement":[{"Action":"a","Sid":"b"}]}',
        ),
        ("no JSON", "no JSON", "no JSON"),
        ("[]", "[]", "[]"),
        ("", "", ""),
        (UNKNOWN, UNKNOWN, UNKNOWN),
        (None, None, None),
    ],
)
def test_documents_are_written_as_the_provider_writes_them(given: Any, by_key: Any, by_version: Any) -> None:
    assert sorted_document(given) == by_key
    assert versioned_document(given) == by_version
