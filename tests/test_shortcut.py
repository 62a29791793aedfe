"""What the SDK is spared, and that nothing of it is missed. Every stack case runs both ways in test_cases.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import grpc
import pytest
from case_runner import CASES, PACK, PROJECT, Pack, differences, registrations, stack_case
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2

from policy.pack.shortcut import Shortcut, reduced, split
from policy.preview.analyzer import PackError
from policy.preview.engine import Engine, serve
from policy.preview.monitor import Monitor
from policy.preview.registration import STACK_TYPE, Registration, StackIdentity
from policy.shared.aws_types import FUNCTION, ROLE_POLICY, TYPES

QUEUE = "aws:sqs/queue:Queue"
COMPONENT = "shop:index:Queues"
# What tells secrets, assets and the like from objects (pulumi sdk/go/common/resource/sig).
SIGNATURE = "4dabf18193072939515e22adb298388d"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:s::p::{kind}::{name}"


def resource(
    kind: str,
    name: str,
    *,
    provider: bool = True,
    parent: str = "",
    made_from: Mapping[str, Sequence[str]] | None = None,
) -> analyzer_pb2.AnalyzerResource:
    found = analyzer_pb2.AnalyzerResource(type=kind, urn=urn(kind, name), name=name, parent=parent)
    found.properties["name"] = name
    found.dependencies.append(urn(QUEUE, "depended-on"))
    if provider:
        found.provider.urn = urn("pulumi:providers:aws", "default")
        found.provider.properties["region"] = "eu-central-1"
    for key, urns in (made_from or {}).items():
        found.propertyDependencies[key].urns.extend(urns)
    return found


STACK = resource("pulumi:pulumi:Stack", "s", provider=False)
POLICY = resource(ROLE_POLICY, "eni", made_from={"policy": [urn(QUEUE, "origin"), urn(COMPONENT, "outer")]})
ORIGIN = resource(QUEUE, "origin", parent=STACK.urn)
UNREAD = resource(QUEUE, "unread", parent=STACK.urn, made_from={"name": [ORIGIN.urn]})
OUTER = resource(COMPONENT, "outer", provider=False, parent=STACK.urn)
INNER = resource(COMPONENT, "inner", provider=False, parent=OUTER.urn)
INSIDE = resource(QUEUE, "inside", parent=INNER.urn)
OTHER = resource(COMPONENT, "other", provider=False)
INSIDE_OTHER = resource(QUEUE, "inside-other", parent=OTHER.urn)
# The children of a resource with values of its own say nothing of them.
CHILD = resource(QUEUE, "child", parent=ORIGIN.urn)


def handed_on(*stack: analyzer_pb2.AnalyzerResource) -> list[analyzer_pb2.AnalyzerResource]:
    parts = split(analyzer_pb2.AnalyzeStackRequest(resources=stack).SerializeToString())
    assert parts is not None
    return list(reduced(parts).resources)


def kept(*stack: analyzer_pb2.AnalyzerResource) -> list[str]:
    return [each.name for each in handed_on(*stack)]


def test_the_sdk_gets_what_is_read_and_what_it_was_made_from() -> None:
    everything = (STACK, UNREAD, ORIGIN, CHILD, POLICY, OTHER, INSIDE_OTHER, INSIDE, INNER, OUTER)
    # The first resource says which stack it is, the first with a provider that the engine names providers.
    assert kept(*everything) == ["s", "unread", "origin", "eni", "inside", "inner", "outer"]


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_a_resource_that_is_read_is_handed_on_as_it_came(kind: str) -> None:
    given = resource(kind, "a", made_from={"role": [ORIGIN.urn]})
    assert handed_on(given) == [given]


def test_of_another_resource_no_value_is_handed_on() -> None:
    first, origin, policy = handed_on(STACK, ORIGIN, POLICY)
    assert (first.type, first.urn, first.HasField("provider")) == (STACK.type, STACK.urn, False)
    assert (origin.type, origin.urn, origin.name, origin.parent) == (QUEUE, ORIGIN.urn, "origin", STACK.urn)
    assert origin.HasField("provider")
    for bare in (first, origin):
        assert not bare.properties.fields
        assert not bare.provider.properties.fields
        assert not bare.dependencies
    assert policy == POLICY


def test_what_a_terraform_module_makes_is_kept_with_the_module() -> None:
    module = resource("orders:index:Module", "m")
    made = [resource(f"orders:tf:aws_{name}", name, parent=module.urn) for name in ("lambda_function", "iam_role")]
    assert kept(STACK, module, *made) == ["s", "m", "lambda_function"]


def test_what_is_inside_of_a_resource_without_a_provider_is_kept() -> None:
    """Whether it is sealed is asked of the resource itself as well."""
    function = resource(FUNCTION, "f", provider=False)
    assert kept(STACK, function, resource(QUEUE, "inside", parent=function.urn)) == ["s", "f", "inside"]


def test_a_resource_that_is_listed_twice_stays_so() -> None:
    assert kept(POLICY, ORIGIN, POLICY, ORIGIN) == ["eni", "origin", "eni", "origin"]


@pytest.mark.parametrize("length", [0, 1, 127, 128, 300, 20_000])
def test_resources_of_any_length_are_told_apart(length: int) -> None:
    stack = [analyzer_pb2.AnalyzerResource(name="n" * length), ORIGIN, analyzer_pb2.AnalyzerResource()]
    parts = split(analyzer_pb2.AnalyzeStackRequest(resources=stack).SerializeToString())
    assert parts == [each.SerializeToString() for each in stack]


TWO = analyzer_pb2.AnalyzeStackRequest(resources=[STACK, UNREAD]).SerializeToString()


@pytest.mark.parametrize(
    "data",
    [
        # A later protocol may tell more of the stack, and this pack does not know what that means.
        TWO + b"\x12\x01x",
        b"\x10\x01" + TWO,
        # What ends too early the SDK refuses.
        TWO[:-1],
        b"\x0a",
        b"\x0a\x80",
        b"\x0a\x03ab",
    ],
)
def test_a_request_that_is_more_than_resources_the_sdk_reads_itself(data: bytes) -> None:
    assert split(data) is None
    read: list[bytes] = []

    def handler(_: object) -> Any:
        return grpc.unary_unary_rpc_method_handler(lambda *_: None, request_deserializer=read.append)

    details = type("Details", (), {"method": "/pulumirpc.Analyzer/AnalyzeStack"})()
    Shortcut().intercept_service(handler, details).request_deserializer(data)
    assert read == [data]


def test_an_empty_stack_stays_empty() -> None:
    assert kept() == []


def test_a_circle_of_parents_ends() -> None:
    one = resource(COMPONENT, "one", provider=False, parent=urn(COMPONENT, "two"))
    two = resource(COMPONENT, "two", provider=False, parent=one.urn)
    function = resource(FUNCTION, "f", made_from={"role": [one.urn]})
    assert kept(function, one, two) == ["f", "one", "two"]


class Sdk:
    """Stands for the SDK's handlers: counts what it is asked, and says what it is told to say."""

    def __init__(self, says: Any) -> None:
        self.says = says
        self.asked: list[str] = []
        self._shortcut = Shortcut()

    def call(self, method: str, request: Any) -> Any:
        def answer(request: Any, _: object) -> Any:
            self.asked.append(f"{method} {getattr(request, 'type', '')}".strip())
            return self.says

        def handler(_: object) -> Any:
            return grpc.unary_unary_rpc_method_handler(answer)

        details = type("Details", (), {"method": f"/pulumirpc.Analyzer/{method}", "invocation_metadata": ()})()
        return self._shortcut.intercept_service(handler, details).unary_unary(request, None)


def one(kind: str) -> analyzer_pb2.AnalyzeRequest:
    return analyzer_pb2.AnalyzeRequest(type=kind, urn=urn(kind, "a"))


EMPTY = {"Analyze": analyzer_pb2.AnalyzeResponse(), "Remediate": analyzer_pb2.RemediateResponse()}
NOT_APPLICABLE = analyzer_pb2.PolicyNotApplicable(policy_name="lambda-role-eni-guard", reason="Not here")


@pytest.mark.parametrize("method", EMPTY)
def test_the_sdk_is_asked_once_about_what_the_pack_does_not_look_at(method: str) -> None:
    sdk = Sdk(EMPTY[method])
    for kind in (QUEUE, QUEUE, "aws:s3/bucket:Bucket", FUNCTION, FUNCTION, QUEUE):
        assert sdk.call(method, one(kind)) == EMPTY[method]
    assert sdk.asked == [f"{method} {QUEUE}", f"{method} {FUNCTION}", f"{method} {FUNCTION}"]


def test_each_method_has_its_own_answer() -> None:
    sdk = Sdk(EMPTY["Analyze"])
    sdk.call("Analyze", one(QUEUE))
    sdk.says = EMPTY["Remediate"]
    assert isinstance(sdk.call("Remediate", one(QUEUE)), analyzer_pb2.RemediateResponse)


@pytest.mark.parametrize("method", EMPTY)
def test_an_sdk_that_has_something_to_say_is_always_asked(method: str) -> None:
    says = type(EMPTY[method])(not_applicable=[NOT_APPLICABLE])
    sdk = Sdk(says)
    assert [sdk.call(method, one(QUEUE)) for _ in range(3)] == [says] * 3
    assert len(sdk.asked) == 3


def test_what_the_sdk_says_is_forgotten_when_it_is_configured() -> None:
    sdk = Sdk(EMPTY["Analyze"])
    sdk.call("Analyze", one(QUEUE))
    sdk.call("Configure", analyzer_pb2.ConfigureAnalyzerRequest())
    sdk.says = analyzer_pb2.AnalyzeResponse(not_applicable=[NOT_APPLICABLE])
    assert sdk.call("Analyze", one(QUEUE)) == sdk.says


def test_other_methods_are_the_sdks() -> None:
    sdk = Sdk(analyzer_pb2.AnalyzerInfo(name="pack"))
    assert sdk.call("GetAnalyzerInfo", empty_pb2.Empty()) == sdk.says


def test_a_method_that_the_sdk_does_not_have_stays_so() -> None:
    details = type("Details", (), {"method": "/pulumirpc.Analyzer/Analyze"})()
    assert Shortcut().intercept_service(lambda _: None, details) is None


@pytest.fixture(scope="module")
def other_sdk() -> Iterator[Pack]:
    """The pack's process with an SDK that makes its server where no interceptor gets in."""
    stack = StackIdentity(PROJECT, "case")
    with (
        serve(Monitor(stack, lambda resource: resource.inputs), Engine()) as address,
        Pack(PACK / "tests" / "packs" / "other_sdk", address, stack, {}) as process,
    ):
        yield process


@pytest.mark.parametrize(
    "name",
    [
        "exposed-unknown-document-made-in-a-component",
        "exposed-poller-msk-of-the-stack",
        "unverified-unknown-document-made-from-a-queue-and-a-stack-reference",
        "unverified-unknown-document-made-from-a-read-resource",
        "silent-poller-sqs-of-the-stack",
    ],
)
def test_the_pack_says_the_same_with_an_sdk_that_takes_no_interceptor(name: str, other_sdk: Pack) -> None:
    case = stack_case(CASES / name)
    for stage in case.stages:
        assert differences(stage.violations, other_sdk.run(registrations(stage), case.config)) == []


def test_an_sdk_that_takes_no_interceptor_leaves_the_engines_levels_unheard(other_sdk: Pack) -> None:
    """That it is such an SDK shows in the one case that needs to hear them."""
    case = stack_case(CASES / "exposed-role-guard-at-a-lower-level")
    found = [differences(stage.violations, other_sdk.run(registrations(stage), case.config)) for stage in case.stages]
    assert any(found)


def unreadable() -> list[Registration]:
    """A stack with a queue whose name the SDK cannot read: it has a signature of which it knows nothing."""
    stack = StackIdentity(PROJECT, "unreadable")
    root = Registration(stack.root_urn, STACK_TYPE, stack.root_urn.rpartition("::")[2], False, "", {})
    props: dict[str, Any] = {SIGNATURE: "of a later version"}
    queues = [
        Registration(stack.urn(root.urn, QUEUE, name), QUEUE, name, True, root.urn, inputs, outputs=inputs)
        for name, inputs in (("first", {}), ("second", {"name": props}))
    ]
    return [root, *queues]


def test_what_the_pack_does_not_look_at_the_sdk_need_not_understand(other_sdk: Pack) -> None:
    """The same shows that the shortcut is in the pack's own process."""
    with pytest.raises(PackError, match="Unrecognized signature"):
        other_sdk.run(unreadable())
    stack = StackIdentity(PROJECT, "case")
    with (
        serve(Monitor(stack, lambda resource: resource.inputs), Engine()) as address,
        Pack(PACK, address, stack, {}) as process,
    ):
        assert process.run(unreadable()) == []
