"""The pack, in a process that asks the SDK again about all that the shortcut did not hand on as it came, and fails where
the answers differ."""

import runpy
import sys
from pathlib import Path

import grpc

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from policy.pack.shortcut import Shortcut  # noqa: E402

spared = Shortcut.intercept_service


def both_ways(self, continuation, details):
    sdk = continuation(details)
    if sdk is None:
        return sdk

    read, write = sdk.request_deserializer, sdk.response_serializer

    def behaviour(request, context):
        handed_on = []

        def noting(request, context):
            handed_on.append(request)
            return sdk.unary_unary(request, context)

        noted = grpc.unary_unary_rpc_method_handler(noting, read, write)
        short = spared(self, lambda _: noted, details)
        found = short.unary_unary(short.request_deserializer(request.SerializeToString()), context)
        if request not in handed_on:
            expected = sdk.unary_unary(request, context)
            if found != expected:
                raise RuntimeError(f"with the shortcut:\n{found}\nwithout it:\n{expected}")
        return found

    return grpc.unary_unary_rpc_method_handler(behaviour, read, write)


Shortcut.intercept_service = both_ways
runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
