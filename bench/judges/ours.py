"""This pack: parse, and all six actions for both callers, with witness. Run as a script, one fresh process a round."""

from __future__ import annotations

import gc
import json
import sys
from decimal import Decimal
from pathlib import Path
from time import thread_time

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from policy.commands.judge import judge
from policy.iam.document import parse_document

_NOW = Decimal(1_800_000_000)


def main() -> None:
    documents = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # Start-up: reads the reference of EC2's actions.
    judge([parse_document('{"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}')], now=_NOW)
    gc.freeze()  # for all judges alike, as in the pack's process
    gc.set_threshold(100_000, 50, 50)
    times = []
    for text in documents:
        before = thread_time()
        judge([parse_document(text)], now=_NOW)
        times.append(thread_time() - before)
    print(json.dumps(times))


main()
