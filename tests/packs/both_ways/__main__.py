"""The pack, in a process that asks the SDK everything again without the shortcut, and fails where that is not the same."""

import runpy
import sys
from pathlib import Path

import grpc

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from policy.pack.shortcut import Shortcut  # noqa: E402

spared = Shortcut.intercept_service


def both_ways(self, continuation, details):
    whole, short = continuation(details), spared(self, continuation, details)
    if whole is None or whole is short:
        return whole

    def behaviour(request, context):
        found, expected = short.unary_unary(request, context), whole.unary_unary(request, context)
        if found != expected:
            raise RuntimeError(f"with the shortcut:\n{found}\nwithout it:\n{expected}")
        return found

    return grpc.unary_unary_rpc_method_handler(behaviour, whole.request_deserializer, whole.response_serializer)


Shortcut.intercept_service = both_ways
runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
