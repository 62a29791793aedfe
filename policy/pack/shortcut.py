"""Spares the SDK what the pack does not look at: it decodes each resource for each call, and once for each stack policy.

A resource of any other type is answered for as the SDK has answered for the first one of them, where that is nothing;
of a stack the SDK gets what is read of it. The pack says the same without this, only later: it is an interceptor of the
SDK's gRPC server (`listening.py` tells how it gets there), and with an SDK that takes none nothing is spared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import grpc
from pulumi.runtime.proto import analyzer_pb2

from policy.shared.terraform_types import LOOKED_AT
from policy.stack.needed import needed

Behaviour = Callable[[Any, grpc.ServicerContext], Any]

# The tag of `repeated AnalyzerResource resources = 1` (Pulumi's analyzer.proto).
_RESOURCES = 0x0A


class Shortcut(grpc.ServerInterceptor):  # type: ignore[misc, type-arg, unused-ignore]
    """Answers `Analyze` and `Remediate` for resources of other types, and hands on what `AnalyzeStack` needs."""

    def __init__(self) -> None:
        # By method: what the SDK itself says of a resource that the pack does not look at, since it was configured. It
        # knows which policies are on, and what an answer looks like in its version.
        self._nothing: dict[str, Any] = {}

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """The SDK's own handler, or one that calls it where it must."""
        handler = continuation(handler_call_details)
        method = handler_call_details.method.rpartition("/")[2]
        if handler is None:
            return handler
        behaviour, read = handler.unary_unary, handler.request_deserializer
        if method in ("Analyze", "Remediate"):
            behaviour = self._of_one(method, behaviour)
        elif method == "AnalyzeStack":
            # Here, so that the whole stack is gone from memory before anything is made of what is left.
            return grpc.unary_unary_rpc_method_handler(behaviour, _stack(read), handler.response_serializer)
        else:
            if method == "Configure":
                self._nothing.clear()
            return handler
        return grpc.unary_unary_rpc_method_handler(behaviour, read, handler.response_serializer)

    def _of_one(self, method: str, behaviour: Behaviour) -> Behaviour:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            if request.type in LOOKED_AT:
                return behaviour(request, context)
            known = self._nothing.get(method)
            if known is not None:
                return known
            response = behaviour(request, context)
            if response.ByteSize() == 0:
                self._nothing[method] = response
            return response

        return answer


def _stack(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """The SDK's `read` of an `AnalyzeStackRequest`, spared what the pack does not read of it."""

    def read_needed(data: bytes) -> Any:
        resources = split(data)
        return read(data) if resources is None else reduced(resources)

    return read_needed


def split(data: bytes) -> list[bytes] | None:
    """The resources of a serialized `AnalyzeStackRequest`, each serialized; None where it says more than those.

    In protobuf's encoding (https://protobuf.dev/programming-guides/encoding) a repeated field is, each time, the field's
    tag, a length in groups of seven bits, the lowest first, and so many bytes.
    """
    found, at = [], 0
    try:
        while at < len(data):
            if data[at] != _RESOURCES:
                return None
            length, bits, more = 0, 0, True
            while more:
                at += 1
                length |= (data[at] & 0x7F) << bits
                bits, more = bits + 7, data[at] > 0x7F
            found.append(data[at + 1 : at + 1 + length])
            at += 1 + length
    except IndexError:
        return None
    return found if at == len(data) else None


def reduced(resources: Iterable[bytes]) -> analyzer_pb2.AnalyzeStackRequest:
    """The request with what the pack reads. One resource after the other is decoded: that of the whole stack at once takes
    most of the memory that the process ever has."""
    return analyzer_pb2.AnalyzeStackRequest(resources=needed([_kept(resource) for resource in resources]))


def _kept(data: bytes) -> analyzer_pb2.AnalyzerResource:
    """The resource, without its values where they are not read."""
    resource = analyzer_pb2.AnalyzerResource.FromString(data)
    if resource.type in LOOKED_AT:
        return resource
    provider = analyzer_pb2.AnalyzerProviderResource(urn=resource.provider.urn, type=resource.provider.type)
    return analyzer_pb2.AnalyzerResource(
        type=resource.type,
        urn=resource.urn,
        name=resource.name,
        parent=resource.parent,
        provider=provider if resource.HasField("provider") else None,
    )
