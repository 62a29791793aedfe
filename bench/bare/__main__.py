"""A gRPC server that answers every request with an empty response: less than this no policy pack in Python can cost."""

import contextlib
import sys
from concurrent import futures

import grpc
from pulumi.runtime.proto import analyzer_pb2

# The engine asks for these two words.
_INFO = analyzer_pb2.AnalyzerInfo(name="bare", supportsConfig=True).SerializeToString()
_SIZE = ("grpc.max_receive_message_length", 1024 * 1024 * 1024)


def nothing(*_: object) -> bytes:
    return b""


class Empty(grpc.GenericRpcHandler):
    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return _described if details.method.endswith("/GetAnalyzerInfo") else _empty


_empty = grpc.unary_unary_rpc_method_handler(nothing)
_described = grpc.unary_unary_rpc_method_handler(lambda *_: _INFO)

server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), handlers=[Empty()], options=[_SIZE])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
sys.stdout.buffer.write(f"{port}\n".encode())
with contextlib.suppress(KeyboardInterrupt):
    server.wait_for_termination()
