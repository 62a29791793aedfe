"""Lists every property of the installed AWS SDKs that is named like a role, and what the pack takes it for.

    python scripts/role_properties.py [--lambda]

One line for each property: the type, the path, and `judged` or why it is left out. With `--lambda` only those of the
services with which customers' code runs on Lambda. The SDKs' sources are read (their schemas are not published with them):
the arguments of each resource, and the objects inside of these.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policy.stack.users import ROWS

PACKAGES: Final = ("pulumi_aws", "pulumi_aws_native")
# What runs customers' code with Lambda's service, by the folder of the SDK.
LAMBDA_SERVICES: Final = ("lambda_", "lambdamicrovms", "synthetics")
# What runs customers' code elsewhere: on machines, in containers, or with Lambda inside of another service's account.
CODE_ELSEWHERE: Final = (
    "amplify", "apprunner", "autoscaling", "batch", "bedrockagentcore", "codebuild", "deadline", "ec2", "ecs", "eks",
    "elasticbeanstalk", "emr", "emrcontainers", "emrserverless", "gamelift", "glue", "imagebuilder", "kinesisanalyticsv2",
    "mwaa", "mwaaserverless", "omics", "robomaker", "sagemaker", "ssm",
)  # fmt: skip
NOT_ON_LAMBDA: Final = "code runs with it, and not on Lambda in the customer's account: the key is never in its calls"
NO_CODE: Final = "another service acts with it, or hands it to people: no customer's code runs with it on Lambda"
_NOT_A_ROLE: Final = re.compile(r"control|policy|enrol|scroll|rolling|rollback|payroll", re.IGNORECASE)
_DEPTH: Final = 6


class Found(NamedTuple):
    """A property of a resource type that is named like a role."""

    type: str
    path: str
    service: str

    @property
    def verdict(self) -> str:
        """`judged`, or why it is left out."""
        if any(row.type == self.type and row.role == self.path for row in ROWS):
            return "judged"
        if self.service not in LAMBDA_SERVICES:
            return NOT_ON_LAMBDA if self.service in CODE_ELSEWHERE else NO_CODE
        return ""


def role_properties() -> list[Found]:
    """All of the installed SDKs."""
    return sorted({found for package in PACKAGES for found in _of_package(package)})


def _of_package(package: str) -> Iterator[Found]:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed")
    for folder in sorted(path for path in Path(spec.origin).parent.iterdir() if path.is_dir()):
        inside = _classes(folder / "_inputs.py")
        for file in sorted(folder.glob("[!_]*.py")):
            token = re.search(r'^@pulumi\.type_token\("([^"]+)"\)', file.read_text(encoding="utf-8"), re.MULTILINE)
            if token is None:
                continue
            own = next((body for name, body in _classes(file).items() if name.endswith("Args")), "")
            for path in _paths(own, inside, ()):
                yield Found(token[1], ".".join(path), folder.name)


@cache
def _classes(file: Path) -> Mapping[str, str]:
    """The source of each class of arguments in a module."""
    if not file.exists():
        return {}
    parts = re.split(r"(?m)^class (\w+)", file.read_text(encoding="utf-8"))
    return {name: body for name, body in zip(parts[1::2], parts[2::2], strict=True) if name.endswith("Args")}


def _paths(body: str, inside: Mapping[str, str], before: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The paths of properties named like a role, through the objects in the arguments."""
    for name, annotation in re.findall(r"(?m)^                 (\w+): (pulumi\.Input\[.*?)(?: = None)?[,)]", body):
        path = (*before, re.sub(r"_([a-z0-9])", lambda m: m[1].upper(), name))
        if "role" in name and not _NOT_A_ROLE.search(name) and "str" in annotation:
            yield path
        if len(path) < _DEPTH:
            for inner in re.findall(r"'(?:_?\w+\.)?(\w+Args)'", annotation):
                yield from _paths(inside.get(inner, ""), inside, path)


def main() -> int:
    """The command: 1 where a role of Lambda's services is not judged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lambda", dest="only", action="store_true", help="only the services that run code on Lambda")
    only = parser.parse_args().only
    found = [item for item in role_properties() if not only or item.service in LAMBDA_SERVICES]
    for item in found:
        print(f"{item.type}  {item.path}  {item.verdict or 'NOT JUDGED'}")
    return int(any(not item.verdict for item in found))


if __name__ == "__main__":
    raise SystemExit(main())
