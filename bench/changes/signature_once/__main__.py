"""The no-op pack, with an SDK that works out the signature of its settings once instead of at each call."""

import runpy
from inspect import signature
from pathlib import Path

from pulumi.runtime import Settings

# `inspect` looks here first.
Settings.__signature__ = signature(Settings)
runpy.run_path(str(Path(__file__).resolve().parents[2] / "noop" / "__main__.py"), run_name="__main__")
