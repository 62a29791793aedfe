"""Spares the SDK what the pack does not look at: it decodes each resource for each call, and once for each stack policy.

A resource of any other type is answered for as the SDK has answered for the first one of them, where that is nothing;
of a stack the SDK gets what is read of it. The pack says the same without this, only later: it is an interceptor of the
SDK's gRPC server (`listening.py` tells how it gets there), and with an SDK that takes none nothing is spared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from pulumi.runtime.proto import analyzer_pb2

from policy.shared.terraform_types import LOOKED_AT
from policy.stack.needed import needed

Behaviour = Callable[[Any, grpc.ServicerContext], Any]


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
            return grpc.unary_unary_rpc_method_handler(
                behaviour, lambda data: reduced(read(data)), handler.response_serializer
            )
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


def reduced(request: analyzer_pb2.AnalyzeStackRequest) -> analyzer_pb2.AnalyzeStackRequest:
    """The request with what the pack reads of it; one that says more than its resources, as it came."""
    if any(field.name != "resources" for field, _ in request.ListFields()):
        return request
    found = ((resource if whole else _bare(resource)) for resource, whole in needed(request.resources))
    return analyzer_pb2.AnalyzeStackRequest(resources=found)


def _bare(resource: analyzer_pb2.AnalyzerResource) -> analyzer_pb2.AnalyzerResource:
    """The resource without its values."""
    provider = analyzer_pb2.AnalyzerProviderResource(urn=resource.provider.urn, type=resource.provider.type)
    return analyzer_pb2.AnalyzerResource(
        type=resource.type,
        urn=resource.urn,
        name=resource.name,
        parent=resource.parent,
        provider=provider if resource.HasField("provider") else None,
    )
