"""`python -m bench [PART] [--quick]`: prints one table of ratios, and a profile."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timezone

from . import analyzer, growth, judgement, preview, sdk, upstream
from .measure import Row, machine, table

_PARTS = {
    "growth": growth.measured,
    "judgement": judgement.measured,
    "preview": preview.measured,
    "analyzer": analyzer.measured,
    "upstream": upstream.measured,
}


def main() -> int:
    """Exit status 0 when every target is met, 1 when one is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("part", nargs="?", default="all", choices=[*_PARTS, "sdk", "all"])
    parser.add_argument("--quick", action="store_true", help="few rounds and no large stacks: for a first look")
    args = parser.parse_args()
    rows: list[Row] = []
    for name, measured in _PARTS.items():
        if args.part in (name, "all"):
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            rows += measured(quick=args.quick)
    print(f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC; {machine()}\n")
    if rows:
        print(table(rows))
    if args.part in ("sdk", "all"):
        print(f"\n{sdk.profile()}")
    return 1 if any(row.met().startswith("NO") for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
