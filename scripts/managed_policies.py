"""Makes policy/data/managed_policies.json: what the AWS managed policies say about network interfaces.

Source: moto's copy of all AWS managed policies (moto/iam/aws_managed_policies.py, made from AWS's own API); nothing
else of moto is imported. A statement is kept when it can decide one of the actions of policy/data/ec2_actions.json,
`sts:AssumeRole`, or one that rewrites what is on a role, and is cut down to the action entries which matter for them:
every judgement of these actions comes out on the kept part as it does on the whole (tests/test_managed.py compares them
for all policies).

    pip install moto==5.2.5 && python scripts/managed_policies.py
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

_DATA: Final = Path(__file__).resolve().parent.parent / "policy" / "data"
TARGET: Final = _DATA / "managed_policies.json"

# What leads round a guard: policy/verdict/shedding.py asks for these.
WAYS_ROUND: Final = (
    "sts:AssumeRole",
    "iam:AttachRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
)
_SERVICES: Final = ("ec2", "iam", "sts")


def moto_data() -> dict[str, Any]:
    """moto's policies by name, read from its file: importing the package would import all of it."""
    package = find_spec("moto")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("moto is not installed here: pip install moto")
    file = Path(next(iter(package.submodule_search_locations)), "iam", "aws_managed_policies.py")
    spec = spec_from_file_location("aws_managed_policies", file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"cannot load {file.name} of moto")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    policies: dict[str, Any] = json.loads(module.aws_managed_policies_data)
    return policies


def relevant_actions() -> tuple[str, ...]:
    """The actions that a judgement is ever asked for."""
    table = json.loads((_DATA / "ec2_actions.json").read_text(encoding="utf-8"))
    return (*table["actions"], *WAYS_ROUND)


@cache
def _pattern(entry: str) -> re.Pattern[str]:
    """IAM's pattern of an action: case does not matter, `*` is any run of characters, `?` any one."""
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(char, re.escape(char)) for char in entry), re.IGNORECASE | re.DOTALL)


def _matches(entry: str, text: str) -> bool:
    return _pattern(entry).fullmatch(text) is not None


def _entries(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _names_our_services(entry: str) -> bool:
    """Whether a NotAction entry can match an action of EC2, IAM or STS at all."""
    service = entry.partition(":")[0]
    return any(_matches(service, name) for name in _SERVICES)


def reduced(statement: dict[str, Any], relevant: tuple[str, ...]) -> dict[str, Any] | None:
    """The statement with only the entries that can decide a relevant action; None when it decides none."""
    if "NotAction" in statement:
        excluded = _entries(statement["NotAction"])
        if all(any(_matches(entry, action) for entry in excluded) for action in relevant):
            return None
        # An empty NotAction would not say "everything": the whole list stays when no entry of it is ours.
        ours = [entry for entry in excluded if _names_our_services(entry)]
        return statement if not ours or ours == excluded else statement | {"NotAction": ours}
    named = _entries(statement["Action"])
    ours = [entry for entry in named if any(_matches(entry, action) for action in relevant)]
    if not ours:
        return None
    return statement if ours == named else statement | {"Action": ours}


def statements(document: dict[str, Any], relevant: tuple[str, ...]) -> list[dict[str, Any]]:
    """The statements of a document that matter, in their order; a document may hold one outside a list."""
    held = document["Statement"]
    kept = (reduced(statement, relevant) for statement in (held if isinstance(held, list) else [held]))
    return [statement for statement in kept if statement is not None]


def render() -> str:
    """The whole file: one policy a line, so that a diff shows which policy changed."""
    data = moto_data()
    relevant = relevant_actions()
    versions = {policy["Document"]["Version"] for policy in data.values()}
    if len(versions) != 1:
        raise SystemExit(f"one document version for all policies no longer holds: {sorted(versions)}")
    policies = {
        policy["Path"].removeprefix("/") + name: statements(policy["Document"], relevant) or None
        for name, policy in data.items()
    }
    header = {
        "source": f"moto {version('moto')} (PyPI), moto/iam/aws_managed_policies.py, partition aws",
        "date": max(policy.get("UpdateDate") or policy["CreateDate"] for policy in data.values())[:10],
        "version": versions.pop(),
    }
    lines = [f"{json.dumps(name)}: {json.dumps(value)}," for name, value in header.items()]
    entries = [
        f"{json.dumps(suffix)}: {json.dumps(kept, separators=(',', ':'), sort_keys=True)}"
        for suffix, kept in sorted(policies.items())
    ]
    return "\n".join(["{", *lines, '"policies": {', ",\n".join(entries), "}}", ""])


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")
