"""What the AWS managed policies grant on network interfaces, for roles that attach one by its ARN.

managed_policies.json holds every AWS managed policy by name, and of its statements those that can decide a network
interface action or a way round a guard (scripts/managed_policies.py makes it, and says what is left out). It is read once,
when the first ARN is looked up: importing this module costs nothing. The documents are those of partition `aws`;
the same name in another partition is taken to say the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

# Made for the Lambda service to manage interfaces with, and without a guard: facts of the Lambda Developer Guide,
# "Giving Lambda functions access to resources in an Amazon VPC" and "AWS managed policies in the execution role".
MADE_FOR_LAMBDA: Final = frozenset(
    {
        "service-role/AWSLambdaENIManagementAccess",
        "service-role/AWSLambdaMSKExecutionRole",
        "service-role/AWSLambdaVPCAccessExecutionRole",
    }
)

_FILE: Final = Path(__file__).resolve().parents[1] / "data" / "managed_policies.json"


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """One AWS managed policy, as far as it matters here. Without `statements` it grants and denies nothing of it."""

    suffix: str
    version: str
    statements: tuple[dict[str, Any], ...]

    @property
    def name(self) -> str:
        """The name without its path."""
        return self.suffix.rpartition("/")[2]

    @property
    def document(self) -> dict[str, Any]:
        """The reduced policy document. Shared by all that ask: read it, do not change it."""
        return {"Version": self.version, "Statement": list(self.statements)}


def _suffix(arn: str) -> str | None:
    """What follows `:policy/` in the ARN of an AWS managed policy of any partition; None for every other text."""
    match arn.split(":", 5):
        case ["arn", _, "iam", "", "aws", resource] if resource.startswith("policy/"):
            return resource.removeprefix("policy/")
    return None


def is_aws_managed(arn: str) -> bool:
    """Whether the ARN is that of a policy which AWS manages: its account field is `aws`."""
    return _suffix(arn) is not None


def lookup(arn: str) -> ManagedPolicy | None:
    """The AWS managed policy of that ARN; None when it is another kind of ARN, or newer than the data (`as_of`)."""
    suffix = _suffix(arn)
    data = _data() if suffix is not None else {"policies": {}}
    if suffix is None or suffix not in data["policies"]:
        return None
    return ManagedPolicy(suffix, data["version"], tuple(data["policies"][suffix] or ()))


def by_name(name: str) -> ManagedPolicy | None:
    """The AWS managed policy of that name, which is unique whatever its path; None where there is none."""
    data = _data()
    suffix = next((suffix for suffix in data["policies"] if suffix.rpartition("/")[2] == name), None)
    return None if suffix is None else ManagedPolicy(suffix, data["version"], tuple(data["policies"][suffix] or ()))


def as_of() -> str:
    """The day of the newest policy in the data, YYYY-MM-DD."""
    return str(_data()["date"])


def source() -> str:
    """Where the data is from."""
    return str(_data()["source"])


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return data
