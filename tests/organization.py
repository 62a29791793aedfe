"""A made-up organization of 200 stacks in three accounts, with holes that are known: states as `pulumi stack export` writes.

    python tests/organization.py FOLDER

Each stack is what a team has: functions with roles of their own, functions on roles of a platform stack, buckets only. Into
some a hole is planted; the plan says which, and nothing else may be found.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

ACCOUNTS: Final = ("111111111111", "222222222222", "333333333333")
STAGES: Final = ("prod", "stage", "dev")
ENI: Final = (
    "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
)  # fmt: skip
KEY: Final = "lambda:SourceFunctionArn"
VPC_ACCESS: Final = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
SECRET: Final = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}
STACKS: Final = 200


class Planted(NamedTuple):
    """One thing that has to be found: the stack and the resource to change, what it is, and the functions behind it."""

    stack: str
    resource: str
    kind: str
    functions: tuple[str, ...]


def document(*statements: dict[str, Any]) -> str:
    """A policy document as text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(condition: dict[str, Any] | None = None) -> dict[str, Any]:
    """An Allow of the network interface actions."""
    more = {} if condition is None else {"Condition": condition}
    return {"Sid": "Eni", "Effect": "Allow", "Action": list(ENI), "Resource": "*", **more}


def deny(condition: dict[str, Any]) -> dict[str, Any]:
    """A Deny of the same."""
    return {"Sid": "Guard", "Effect": "Deny", "Action": list(ENI), "Resource": "*", "Condition": condition}


GUARDED_ALLOW: Final = document(allow({"Null": {KEY: "true"}}))
OPEN_ALLOW: Final = document(allow())
GUARD: Final = document(deny({"Null": {KEY: "false"}}))
TRUST: Final = document(
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
)


@dataclass
class Stack:
    """One stack while it is made."""

    project: str
    stage: str
    account: str
    resources: list[dict[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """`project/stage`."""
        return f"{self.project}/{self.stage}"

    def urn(self, kind: str, name: str) -> str:
        """The URN of a resource of this stack."""
        return f"urn:pulumi:{self.stage}::{self.project}::{kind}::{name}"

    def add(
        self, kind: str, name: str, inputs: dict[str, Any], outputs: dict[str, Any] | None = None, **more: Any
    ) -> str:
        """Add a resource; gives its URN."""
        urn = self.urn(kind, name)
        provider = f"{self.urn('pulumi:providers:aws', 'default')}::0000"
        made = {"urn": urn, "custom": True, "id": f"{name}-id", "type": kind, "inputs": inputs, "provider": provider}
        self.resources.append({**made, "outputs": {**inputs, **(outputs or {})}, **more})
        return urn

    def role(self, name: str) -> str:
        """A role that Lambda assumes; gives its ARN."""
        arn = f"arn:aws:iam::{self.account}:role/{name}"
        self.add("aws:iam/role:Role", name, {"assumeRolePolicy": TRUST, "name": name}, {"arn": arn})
        return arn

    def read_role(self, name: str) -> str:
        """A role of another stack, read with `Role.get`."""
        arn = f"arn:aws:iam::{self.account}:role/{name}"
        outputs = {"arn": arn, "name": name, "assumeRolePolicy": TRUST}
        self.add("aws:iam/role:Role", f"read-{name}", {}, outputs, external=True)
        return arn

    def policy(self, role: str, name: str, text: object) -> None:
        """An inline policy of the role of that name."""
        self.add("aws:iam/rolePolicy:RolePolicy", name, {"role": role, "policy": text, "name": name})

    def managed(self, name: str, text: str) -> str:
        """A customer managed policy; gives its ARN."""
        arn = f"arn:aws:iam::{self.account}:policy/{name}"
        self.add("aws:iam/policy:Policy", name, {"policy": text, "name": name, "path": "/"}, {"arn": arn})
        return arn

    def attach(self, role: str, name: str, arn: str) -> None:
        """Attach a managed policy to the role of that name."""
        self.add("aws:iam/rolePolicyAttachment:RolePolicyAttachment", name, {"role": role, "policyArn": arn})

    def function(self, name: str, role_arn: str, *, vpc: bool = True) -> str:
        """A function; gives its URN."""
        config = {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]} if vpc else {"subnetIds": []}
        arn = f"arn:aws:lambda:eu-west-1:{self.account}:function:{name}"
        inputs = {
            "role": role_arn,
            "name": name,
            "vpcConfig": config,
            "environment": {"variables": {"TOKEN": "hidden"}},
        }
        return self.add("aws:lambda/function:Function", name, inputs, {"arn": arn})

    def export(self) -> dict[str, Any]:
        """The state as `pulumi stack export` writes it."""
        root = {"urn": self.urn("pulumi:pulumi:Stack", f"{self.project}-{self.stage}"), "custom": False}
        provider = {"urn": self.urn("pulumi:providers:aws", "default"), "custom": True, "id": "0000"}
        first = [
            {**root, "type": "pulumi:pulumi:Stack"},
            {**provider, "type": "pulumi:providers:aws", "inputs": {"region": "eu-west-1"}, "outputs": {}},
        ]
        manifest = {"time": "2026-11-01T00:00:00Z", "magic": "", "version": "v3.259.0"}
        return {"version": 3, "deployment": {"manifest": manifest, "resources": [*first, *self.resources]}}


@dataclass
class Organization:
    """All stacks, and what has to be found in them."""

    stacks: list[Stack] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)

    def stack(self, project: str, stage: int) -> Stack:
        """A new stack, in the account of its stage."""
        made = Stack(project, STAGES[stage], ACCOUNTS[stage])
        self.stacks.append(made)
        return made

    def plant(self, stack: Stack, resource: str, kind: str, functions: Sequence[str]) -> None:
        """Note what has to be found."""
        self.planted.append(Planted(stack.name, resource, kind, tuple(sorted(functions))))


def organization(stacks: int = STACKS) -> Organization:
    """The organization. Stacks beyond the special ones are ordinary: two in three guarded, the others without functions."""
    made = Organization()
    for stage in range(3):
        # The same names in every account, as stages have them: which role is meant, only the account tells.
        _platform(made, stage)
        _alone(made, stage)
    number = 0
    while len(made.stacks) < stacks:
        _ordinary(made, number)
        number += 1
    return made


def _ordinary(made: Organization, number: int) -> None:
    stack = made.stack(f"service-{number}", number % 3)
    for i in range(12):
        stack.add("aws:s3/bucket:Bucket", f"bucket-{i}", {"bucket": f"b-{number}-{i}"}, {"arn": f"arn:aws:s3:::b-{i}"})
    if number % 3 == 2:
        return
    arn = stack.role("role")
    if number % 2:
        stack.policy("role", "eni", GUARDED_ALLOW)
    else:
        stack.attach("role", "vpc-access", VPC_ACCESS)
        stack.policy("role", "guard", GUARD)
    stack.function("handler", arn)


def _platform(made: Organization, stage: int) -> None:
    """Roles in one stack, functions and further policies in others."""
    platform = made.stack("platform", stage)
    shared = made.stack("shared-policies", stage)
    open_arn, third, fourth, closed, guarded, read, half = (
        platform.role(f"platform-{name}") for name in ("open", "third", "fourth", "closed", "guarded", "read", "half")
    )
    platform.policy("platform-open", "open-eni", OPEN_ALLOW)
    platform.policy("platform-guarded", "guarded-eni", GUARDED_ALLOW)
    platform.attach("platform-closed", "closed-vpc-access", VPC_ACCESS)
    platform.attach("platform-read", "read-vpc-access", VPC_ACCESS)
    platform.attach("platform-half", "half-vpc-access", VPC_ACCESS)
    # A customer managed policy of another stack, which is the hole.
    platform.attach("platform-fourth", "fourth-shared", shared.managed("shared-eni", OPEN_ALLOW))
    users: dict[str, list[str]] = {"open": [], "fourth": [], "third": [], "read": [], "half": []}
    for i in range(4):
        team = made.stack(f"team-{i}", stage)
        users["open"].append(team.function(f"orders-{i}", open_arn))
        team.function(f"jobs-{i}", open_arn, vpc=False)
        users["fourth"].append(team.function(f"pays-{i}", fourth))
        users["third"].append(team.function(f"asks-{i}", third))
        team.function(f"safe-{i}", guarded)
        team.function(f"kept-{i}", closed)
        read_arn = team.read_role("platform-read") if i % 2 else read
        users["read"].append(team.function(f"reads-{i}", read_arn))
        if i:
            users["half"].append(team.function(f"half-{i}", half))
        else:
            # Its own stack keeps this one out, and only this one.
            name = "half-0"
            arn = f"arn:aws:lambda:eu-west-1:{team.account}:function:{name}"
            team.function(name, half)
            team.policy("platform-half", "half-guard", document(deny({"ArnEquals": {KEY: arn}})))
        if i == 0:
            # The hole is put on the role from here, by its bare name, and so is the guard of another role.
            team.policy("platform-third", "third-eni", OPEN_ALLOW)
            team.policy("platform-closed", "closed-guard", GUARD)
    jobs = [f"urn:pulumi:{STAGES[stage]}::team-{i}::aws:lambda/function:Function::jobs-{i}" for i in range(4)]
    made.plant(platform, "open-eni", "open", [*users["open"], *jobs])
    made.plant(shared, "shared-eni", "open", users["fourth"])
    made.plant(made.stacks[-4], "third-eni", "open", users["third"])
    made.plant(platform, "read-vpc-access", "open", users["read"])
    made.plant(platform, "half-vpc-access", "open", users["half"])


def _alone(made: Organization, stage: int) -> None:
    """Holes in one stack, and what cannot be judged."""
    inline = made.stack("inline", stage)
    function = inline.function("handler", inline.role("role"))
    inline.policy("role", "eni", OPEN_ALLOW)
    made.plant(inline, "eni", "open", [function])

    attached = made.stack("attached", stage)
    arn = attached.role("role")
    functions = [attached.function(f"handler-{i}", arn) for i in range(5)]
    attached.attach("role", "vpc-access", VPC_ACCESS)
    made.plant(attached, "vpc-access", "open", functions)

    inverted = made.stack("inverted", stage)
    function = inverted.function("handler", inverted.role("role"))
    inverted.policy("role", "eni", GUARDED_ALLOW)
    inverted.policy("role", "guard", document(deny({"Null": {KEY: "true"}})))
    made.plant(inverted, "guard", "locked out", [function])

    looking = made.stack("looking", stage)
    function = looking.function("handler", looking.role("role"))
    looks = {"Sid": "Look", "Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}
    looking.policy("role", "eni", document(looks, allow({"Null": {KEY: "true"}})))
    made.plant(looking, "eni", "read-only", [function])

    outside = made.stack("outside", stage)
    function = outside.function("handler", f"arn:aws:iam::{outside.account}:role/made-by-hand")
    made.plant(outside, "handler", "not judged", [function])

    secret = made.stack("secret", stage)
    function = secret.function("handler", secret.role("role"))
    secret.policy("role", "eni", SECRET)
    made.plant(secret, "role", "not judged", [function])


def write(made: Organization, folder: Path) -> Iterator[Path]:
    """Write each stack's export into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for stack in made.stacks:
        file = folder / f"{stack.project}.{stack.stage}.json"
        file.write_text(json.dumps(stack.export()), encoding="utf-8")
        yield file


if __name__ == "__main__":
    for _ in write(organization(), Path(sys.argv[1])):
        pass
