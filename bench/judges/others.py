"""parliament, cloudsplaining or policyuniverse on the same documents; runs in an environment of its own.

python others.py <documents.json> <tool>
"""

from __future__ import annotations

import contextlib
import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import thread_time


def _parliament() -> Callable[[str], object]:
    from parliament import analyze_policy_string  # type: ignore[import-not-found,unused-ignore]

    return lambda text: analyze_policy_string(text)


def _cloudsplaining() -> Callable[[str], object]:
    from cloudsplaining.scan.policy_document import PolicyDocument  # type: ignore[import-not-found,unused-ignore]

    def scan(text: str) -> object:
        document = PolicyDocument(json.loads(text))
        return document.all_allowed_unrestricted_actions, document.allows_privilege_escalation

    return scan


def _policyuniverse() -> Callable[[str], object]:
    from policyuniverse.expander_minimizer import expand_policy  # type: ignore[import-not-found,unused-ignore]

    return lambda text: expand_policy(policy=json.loads(text))


_TOOLS = {"parliament": _parliament, "cloudsplaining": _cloudsplaining, "policyuniverse": _policyuniverse}


def main() -> None:
    documents = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    times = []
    with contextlib.redirect_stdout(sys.stderr):
        run = _TOOLS[sys.argv[2]]()
        run('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}')
        gc.freeze()  # for all judges alike, as in the pack's process
        gc.set_threshold(100_000, 50, 50)
        for text in documents:
            before = thread_time()
            # A document that the tool does not take costs what it costs to find that out.
            with contextlib.suppress(Exception):
                run(text)
            times.append(thread_time() - before)
    print(json.dumps(times))


main()
