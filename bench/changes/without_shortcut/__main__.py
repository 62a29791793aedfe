"""This pack as it was before the SDK was spared what the pack does not look at (`policy/pack/shortcut.py`)."""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from policy.pack.shortcut import Shortcut  # noqa: E402


def as_the_sdk_does(_, continuation, details):
    return continuation(details)


Shortcut.intercept_service = as_the_sdk_does
runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
