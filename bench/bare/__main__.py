"""A gRPC server that answers every request with an empty response: less than this no Python pack can cost."""

import sys
from concurrent import futures

import grpc

_NAME = b"\x0a\x04bare"  # AnalyzerInfo(name="bare")


class _Empty(grpc.GenericRpcHandler):
    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return _INFO if details.method.endswith("/GetAnalyzerInfo") else _EMPTY


def nothing(*_: object) -> bytes:
    return b""


_EMPTY = grpc.unary_unary_rpc_method_handler(nothing)
_INFO = grpc.unary_unary_rpc_method_handler(lambda *_: _NAME)

_SIZE = ("grpc.max_receive_message_length", 1024 * 1024 * 1024)
server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), handlers=[_Empty()], options=[_SIZE])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
sys.stdout.buffer.write(f"{port}\n".encode())
server.wait_for_termination()
