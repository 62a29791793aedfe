"""What the engine tells the pack's process and the SDK keeps to itself: levels, what is managed, the end of a run.

A gRPC server takes interceptors, and the SDK makes its server with `grpc.server`, so that is where one is handed in. An
SDK that makes its server otherwise leaves the pack as it was: it then knows no levels, and forgets nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from pulumi.runtime.proto import analyzer_pb2

Behaviour = Callable[[Any, grpc.ServicerContext], Any]


class Listener(grpc.ServerInterceptor):  # type: ignore[misc, type-arg, unused-ignore]
    """Tells `configured` the level of each policy, `checked` each resource that the stack manages, whichever policies are
    disabled, and `finished` that a stack was judged."""

    def __init__(
        self,
        configured: Callable[[Mapping[str, str]], None],
        checked: Callable[[str], None],
        finished: Callable[[], None],
    ) -> None:
        self._configured, self._checked, self._finished = configured, checked, finished

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """The SDK's own handler, with an ear on two of its methods."""
        handler = continuation(handler_call_details)
        method = handler_call_details.method.rpartition("/")[2]
        around = {
            "Configure": self._configure,
            "Analyze": self._analyze,
            "AnalyzeStack": self._analyze_stack,
        }.get(method)
        if handler is None or around is None:
            return handler
        return grpc.unary_unary_rpc_method_handler(
            around(handler.unary_unary), handler.request_deserializer, handler.response_serializer
        )

    def _configure(self, behaviour: Behaviour) -> Behaviour:
        def configure(request: Any, context: grpc.ServicerContext) -> Any:
            names = analyzer_pb2.EnforcementLevel.Name
            self._configured({name: names(c.enforcementLevel).lower() for name, c in request.policyConfig.items()})
            return behaviour(request, context)

        return configure

    def _analyze(self, behaviour: Behaviour) -> Behaviour:
        def analyze(request: Any, context: grpc.ServicerContext) -> Any:
            self._checked(request.urn)
            return behaviour(request, context)

        return analyze

    def _analyze_stack(self, behaviour: Behaviour) -> Behaviour:
        def analyze_stack(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return behaviour(request, context)
            finally:
                self._finished()

        return analyze_stack


@contextmanager
def listening(*interceptors: grpc.ServerInterceptor) -> Iterator[None]:  # type: ignore[type-arg, unused-ignore]
    """Servers that are made within the block have these interceptors, the first outermost."""
    make: Callable[..., Any] = grpc.server

    def server(*args: Any, **more: Any) -> Any:
        return make(*args, **{**more, "interceptors": (*(more.get("interceptors") or ()), *interceptors)})

    grpc.server = server
    try:
        yield
    finally:
        grpc.server = make
