"""The resource monitor's rarer answers, asked without a program."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime.proto import resource_pb2

from policy.preview.engine import Engine, serve
from policy.preview.monitor import Monitor
from policy.preview.properties import (
    TEXT,
    UNKNOWN,
    Properties,
    as_secret,
    from_struct,
    normalise,
    readable,
    reveal,
    to_struct,
)
from policy.preview.registration import Registration, StackIdentity, seconds

STACK = StackIdentity("shop", "dev", config={"aws:region": "eu-west-1"})
SIGNATURE = "4dabf18193072939515e22adb298388d"


class AbortedError(Exception):
    """What gRPC raises in `abort`."""


class Context:
    """A servicer context that only aborts."""

    def abort(self, _code: object, details: str) -> None:
        raise AbortedError(details)


@pytest.fixture
def monitor() -> Monitor:
    return Monitor(STACK, lambda resource: resource.inputs, first_preview=True)


def register(monitor: Monitor, **request: Any) -> Any:
    properties = to_struct(request.pop("object", {}))
    request = {"type": "test:index:Thing", "name": "thing", "custom": True, **request}
    return monitor.RegisterResource(resource_pb2.RegisterResourceRequest(object=properties, **request), Context())


def invoke(monitor: Monitor, token: str, arguments: dict[str, object], provider: str = "") -> Any:
    request = resource_pb2.ResourceInvokeRequest(tok=token, args=to_struct(arguments), provider=provider)
    return monitor.Invoke(request, Context())


def test_a_reference_to_a_resource_is_resolved(monitor: Monitor) -> None:
    urn = register(monitor, object={"a": 1}).urn
    found = from_struct(getattr(invoke(monitor, "pulumi:pulumi:getResource", {"urn": urn}), "return"))
    assert found == {"urn": urn, "id": "", "state": {"a": 1}}
    missing = invoke(monitor, "pulumi:pulumi:getResource", {"urn": "urn:x"})
    assert missing.failures[0].reason == "unknown resource urn:x"


def test_an_imported_resource_has_its_id(monitor: Monitor) -> None:
    response = register(monitor, type="aws:iam/role:Role", importId="the-role")
    assert response.id == "the-role"
    assert monitor.resources[-1].outputs["id"] == "the-role"
    assert "thing (aws:iam/role:Role) is imported" in monitor.notes[0]


def test_a_remote_component_is_noted(monitor: Monitor) -> None:
    register(monitor, type="awsx:ec2:Vpc", custom=False, remote=True)
    assert monitor.notes == ("what the component thing (awsx:ec2:Vpc) creates is not seen: only its provider knows",)


def test_a_method_of_a_component_provider_is_refused(monitor: Monitor) -> None:
    with pytest.raises(AbortedError, match="the program calls awsx:x:y, which only a provider plugin can answer"):
        monitor.Call(resource_pb2.ResourceCallRequest(tok="awsx:x:y"), Context())
    assert monitor.failure is not None


def test_only_the_first_failure_is_kept(monitor: Monitor) -> None:
    for _ in range(3):
        try:
            register(monitor)
        except AbortedError:
            continue
    assert str(monitor.failure).startswith("Duplicate resource URN")
    assert len(monitor.resources) == 2, "the default provider and the resource"


def test_a_data_source_knows_the_region_of_its_provider(monitor: Monitor) -> None:
    urn = register(
        monitor, type="pulumi:providers:aws", name="west", object={"region": "us-west-2"}, version="7.0.0"
    ).urn
    assert monitor.resources[-1].inputs["version"] == "7.0.0"
    token = "aws:index/getRegion:getRegion"
    assert from_struct(getattr(invoke(monitor, token, {}, f"{urn}::{UNKNOWN}"), "return"))["region"] == "us-west-2"
    assert from_struct(getattr(invoke(monitor, token, {}), "return"))["region"] == "eu-west-1"


def test_a_default_provider_takes_the_packages_configuration(monitor: Monitor) -> None:
    register(monitor, type="aws:iam/role:Role", version="7.51.1")
    provider = monitor.resources[0]
    assert provider.urn == "urn:pulumi:dev::shop::pulumi:providers:aws::default_7_51_1"
    assert provider.inputs == {"region": "eu-west-1", "version": "7.51.1"}
    assert monitor.resources[1].provider == provider.urn


def test_the_fifo_ending_and_nested_outputs() -> None:
    reviewed: list[Registration] = []

    def review(resource: Registration) -> Properties:
        reviewed.append(resource)
        return {**resource.inputs, "more": True}

    monitor = Monitor(STACK, review, first_preview=True)
    register(monitor, type="aws:sns/topic:Topic", name="a::b", object={"fifoTopic": True})
    name = reviewed[-1].inputs["name"]
    assert isinstance(name, str)
    assert name.startswith("a::b-")
    assert name.endswith(".fifo")
    assert monitor.resources[-1].outputs == {
        "fifoTopic": True, "name": name, "more": True, "id": UNKNOWN, "arn": UNKNOWN,
    }  # fmt: skip


def test_other_questions_are_answered(monitor: Monitor) -> None:
    context = Context()
    assert monitor.SupportsFeature(resource_pb2.SupportsFeatureRequest(id="secrets"), context).hasSupport
    assert not monitor.SupportsFeature(resource_pb2.SupportsFeatureRequest(id="telepathy"), context).hasSupport
    package = resource_pb2.RegisterPackageRequest(name="aws", version="1.0.0")
    assert monitor.RegisterPackage(package, context).ref == "aws@1.0.0"
    with serve(monitor, Engine()) as address:
        assert address.startswith("127.0.0.1:")


def test_values_take_the_form_that_policies_see() -> None:
    dependencies: set[str] = set()
    output = {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": "v", "secret": True, "dependencies": ["urn:a"]}
    unknown_output = {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}
    reference = {SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "urn:b", "id": "the-id"}
    component = {SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "urn:b"}
    asset = {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": f"x{UNKNOWN}"}
    given = [output, unknown_output, reference, component, {**reference, "id": ""}, asset, {f"k{UNKNOWN}": 1}, None, 1]
    assert normalise(given, dependencies) == [
        as_secret("v"), UNKNOWN, "the-id", "urn:b", UNKNOWN, asset, UNKNOWN, None, 1,
    ]  # fmt: skip
    assert dependencies == {"urn:a", f"{TEXT}k{UNKNOWN}"}, "what the text was formed from is told by it alone"
    assert reveal(as_secret(as_secret("v"))) == "v"


def test_names_and_durations() -> None:
    assert readable(f"role-getVpc.id-{UNKNOWN}") == "role-getVpc.id"
    assert readable(UNKNOWN) == "unknown"
    assert [seconds(text) for text in ("", "90s", "1h30m", "1.5m", "soon")] == [0, 90, 5400, 90, 0]


@pytest.mark.parametrize(
    ("resource_type", "key"),
    [
        ("aws:iam/policy:Policy", "policy"),
        ("aws:iam/role:Role", "assumeRolePolicy"),
        ("aws:sqs/queuePolicy:QueuePolicy", "policy"),
    ],
)
def test_a_document_given_as_an_object_is_text_to_everybody_else(
    monitor: Monitor, resource_type: str, key: str
) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Sid": "A"}]}
    text = '{"Statement":[{"Sid":"A"}],"Version":"2012-10-17"}'
    response = register(monitor, type=resource_type, object={key: document})
    assert from_struct(response.object)[key] == text
    assert monitor.resources[-1].inputs[key] == text


def test_a_document_given_as_an_object_is_unknown_or_secret_as_a_whole(monitor: Monitor) -> None:
    def text_of(name: str, sid: object) -> object:
        document = {"Statement": [{"Sid": sid}]}
        register(monitor, type="aws:iam/policy:Policy", name=name, object={"policy": document})
        return monitor.resources[-1].inputs["policy"]

    assert text_of("unknown", UNKNOWN) == UNKNOWN
    assert text_of("secret", as_secret("A")) == as_secret('{"Statement":[{"Sid":"A"}]}')
    assert text_of("both", as_secret(UNKNOWN)) == as_secret(UNKNOWN)
    document = {"Statement": [{"Sid": UNKNOWN}]}
    register(monitor, type="aws-native:iam:RolePolicy", name="native", object={"policyDocument": document})
    assert monitor.resources[-1].inputs["policyDocument"] == document, "aws-native takes objects"


VPC_ACCESS = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


@pytest.mark.parametrize(
    ("arguments", "arn", "path"),
    [
        ({"name": "AWSLambdaVPCAccessExecutionRole"}, VPC_ACCESS, "/service-role/"),
        ({"name": "AWSLambdaVPCAccessExecutionRole", "pathPrefix": "/service-role/"}, VPC_ACCESS, "/service-role/"),
        ({"arn": VPC_ACCESS}, VPC_ACCESS, "/service-role/"),
        ({"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, "arn:aws:iam::aws:policy/ReadOnlyAccess", "/"),
    ],
)
def test_an_aws_managed_policy_is_found_by_name_or_arn(
    monitor: Monitor, arguments: dict[str, object], arn: str, path: str
) -> None:
    found = from_struct(getattr(invoke(monitor, "aws:iam/getPolicy:getPolicy", arguments), "return"))
    assert (found["arn"], found["id"], found["path"]) == (arn, arn, path)
    assert found["name"] == arn.rpartition("/")[2]
    assert "Statement" in str(found["policy"])
    assert "from the pack's list of AWS managed policies" in monitor.notes[0]


def test_a_managed_policy_that_grants_nothing_here_has_an_unknown_document(monitor: Monitor) -> None:
    arguments: dict[str, object] = {"name": "AWSLambdaBasicExecutionRole"}
    found = from_struct(getattr(invoke(monitor, "aws:iam/getPolicy:getPolicy", arguments), "return"))
    assert normalise(found["policy"], set()) == UNKNOWN


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "our-own"},
        {"name": "AWSLambdaVPCAccessExecutionRole", "pathPrefix": "/ours/"},
        {"arn": "arn:aws:iam::111122223333:policy/our-own"},
        {"arn": UNKNOWN},
    ],
)
def test_any_other_policy_is_unknown(monitor: Monitor, arguments: dict[str, object]) -> None:
    # The field `unknown` of the reply is younger than the oldest SDK that the pack works with.
    assert "__unknown__" in getattr(invoke(monitor, "aws:iam/getPolicy:getPolicy", arguments), "return")
    assert "was answered as unknown" in monitor.notes[0]


def test_a_stand_in_partition_finds_a_managed_policy_by_any_arn(monitor: Monitor) -> None:
    assert monitor.resources == ()
    standing_in = Monitor(StackIdentity("shop", "dev"), lambda resource: resource.inputs)
    for arguments, arn in (
        ({"arn": VPC_ACCESS}, VPC_ACCESS),
        ({"arn": VPC_ACCESS.replace("aws", "aws-cn", 1)}, VPC_ACCESS.replace("aws", "aws-cn", 1)),
        ({"name": "ReadOnlyAccess"}, "arn:aws-standin:iam::aws:policy/ReadOnlyAccess"),
    ):
        found = invoke(standing_in, "aws:iam/getPolicy:getPolicy", dict(arguments))
        assert from_struct(getattr(found, "return"))["arn"] == arn
    assert "for the partition (aws:region)" in standing_in.notes[0]


def test_an_imported_resource_has_an_arn_of_its_id(monitor: Monitor) -> None:
    standing_in = Monitor(STACK, lambda resource: resource.inputs)
    for each in (monitor, standing_in):
        assert register(each, type="aws:ec2/vpc:Vpc", importId="vpc-1").id == "vpc-1"
    assert monitor.resources[-1].outputs["arn"] == UNKNOWN
    assert standing_in.resources[-1].outputs["arn"] == "arn:aws:ec2:eu-west-1:984001750000:vpc/vpc-1"


def test_a_reference_to_a_new_resource_has_its_id_where_one_stands_in(monitor: Monitor) -> None:
    standing_in = Monitor(STACK, lambda resource: resource.inputs)
    for each, known in ((monitor, ""), (standing_in, "the-role")):
        response = register(each, type="aws:iam/role:Role", object={"name": "the-role"})
        assert response.id == known
        found = getattr(invoke(each, "pulumi:pulumi:getResource", {"urn": response.urn}), "return")
        assert from_struct(found)["id"] == known


def test_an_unknown_region_of_a_provider_leaves_region_and_partition_unknown() -> None:
    standing_in = Monitor(STACK, lambda resource: resource.inputs)
    urn = register(standing_in, type="pulumi:providers:aws", name="west", object={"region": UNKNOWN}).urn
    found = {
        token: from_struct(
            getattr(invoke(standing_in, f"aws:index/{token}:{token}", {}, f"{urn}::{UNKNOWN}"), "return")
        )
        for token in ("getRegion", "getPartition", "getCallerIdentity")
    }
    assert found["getRegion"] == found["getPartition"] == {"__unknown__": True}
    identity = dict.fromkeys(("accountId", "id", "userId"), "984001750000")
    assert found["getCallerIdentity"] == identity, "its ARN has a partition"


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        (f"x-getVpc.id-{UNKNOWN}", {"aws:ec2/getVpc:getVpc"}),
        (f"arn:xgetVpc.tags.0-{UNKNOWN}:y", {"aws:ec2/getVpc:getVpc"}),
        (f"GETVPC.ID-{UNKNOWN.upper()}", {"aws:ec2/getVpc:getVpc"}),
        (f"getVpc.id-{UNKNOWN}/secret-shop:pass-{UNKNOWN}", {"aws:ec2/getVpc:getVpc", "shop:pass"}),
        (f"getPartition-{UNKNOWN}", {"aws:index/getPartition:getPartition", "aws-native:index:getPartition"}),
        (f"secret-of-secret-shop:pass-{UNKNOWN}", {"shop:pass"}),
        (f"secret-shop:other-pass-{UNKNOWN}", {"shop:other-pass"}),
        (f"secret-shop:unheard-of-{UNKNOWN}", set()),
        (f"getSubnets.id-{UNKNOWN}", set()),
        (f"x{UNKNOWN}", set()),
        (f"getPolicyDocument.json-{UNKNOWN}", {"aws:ec2/getVpc:getVpc"}),
    ],
)
def test_a_text_tells_where_its_unknown_part_comes_from(text: str, origins: set[str]) -> None:
    stack = StackIdentity("shop", "dev", secret_keys=("shop:pass", "shop:other-pass", "pass"))
    monitor = Monitor(stack, lambda resource: resource.inputs)
    for token in ("aws:ec2/getVpc:getVpc", "aws:index/getPartition:getPartition", "aws-native:index:getPartition"):
        invoke(monitor, token, {})
    statements: dict[str, object] = {"statements": [{"actions": [f"getVpc.id-{UNKNOWN}"]}]}
    invoke(monitor, "aws:iam/getPolicyDocument:getPolicyDocument", statements)
    register(monitor, object={"value": ["known", text]})
    assert monitor.resources[-1].inputs == {"value": ["known", UNKNOWN]}
    assert {entry.name for entry in monitor.origins} == origins
    assert set(monitor.resources[-1].property_dependencies.get("value", ())) == {entry.urn for entry in monitor.origins}
