"""The pack with an SDK whose server takes no interceptors of ours: it got `grpc.server` before the pack began."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import grpc
from pulumi_policy import policy as sdk

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

sdk.grpc = SimpleNamespace(**vars(grpc))
runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
