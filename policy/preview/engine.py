# gRPC gives the names and the signatures.
# ruff: noqa: N802, ARG002
"""The engine service, and the loopback server that it and the resource monitor stand on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2_grpc

from .monitor import Monitor

MESSAGE_SIZE = 400 * 1024 * 1024
"""Largest gRPC message, the engine's own limit: AnalyzeStack sends a whole stack in one."""


class Engine(engine_pb2_grpc.EngineServicer):
    """The engine service: takes log messages and the root resource."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self._root = ""

    def Log(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Keep what the program or the pack logs, but for debugging."""
        if request.severity != engine_pb2.DEBUG:
            level = engine_pb2.LogSeverity.Name(request.severity).lower()
            self.messages.append(f"{level}: {request.message.rstrip()}")
        return empty_pb2.Empty()

    def SetRootResource(self, request: Any, context: Any) -> Any:
        """Remember the stack's URN."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def GetRootResource(self, request: Any, context: Any) -> Any:
        """Give the stack's URN."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def RequirePulumiVersion(self, request: Any, context: Any) -> Any:
        """Satisfy every range: there is no CLI whose version could be wrong."""
        return engine_pb2.RequirePulumiVersionResponse()

    def StartDebugging(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Accept a debugger."""
        return empty_pb2.Empty()


@contextmanager
def serve(monitor: Monitor, engine: Engine) -> Iterator[str]:
    """Serve both on one loopback port, whose address it gives; port and threads are gone after the block."""
    with futures.ThreadPoolExecutor(max_workers=16, thread_name_prefix="preview") as executor:
        server = grpc.server(
            executor,
            options=[("grpc.max_receive_message_length", MESSAGE_SIZE), ("grpc.max_send_message_length", MESSAGE_SIZE)],
        )
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
        engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()
            monitor.close()
