"""`python -m bench [PART] [--quick] [--into FILE]`: prints one table of ratios, and a profile.

In a page, the table of a part stands between `<!-- bench PART -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timezone
from pathlib import Path

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
    parser.add_argument("--into", type=Path, metavar="FILE", help="put each part's table into this page as well")
    args = parser.parse_args()
    rows: list[Row] = []
    for name, measured in _PARTS.items():
        if args.part in (name, "all"):
            started = datetime.now(timezone.utc)
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            found = measured(quick=args.quick)
            minutes = (datetime.now(timezone.utc) - started).total_seconds() / 60
            shown = f"{started:%Y-%m-%d %H:%M} UTC, {minutes:.0f} minutes; {machine()}\n\n{table(found)}\n"
            print(shown, flush=True)
            if args.into:
                _put(args.into, name, shown)
            rows += found
    if args.part in ("sdk", "all"):
        print(f"\n{sdk.profile()}")
    return 1 if any(row.met().startswith("NO") for row in rows) else 0


def _put(page: Path, part: str, shown: str) -> None:
    """Replace the table of a part in a page."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(f"<!-- bench {part} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    if not end:
        raise SystemExit(f"{page} has no place for the table of {part}")
    page.write_text(f"{before}{begin}{shown}{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
