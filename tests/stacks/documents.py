"""Random policy documents about network interfaces: open, guarded, denying, about other things. Standard library only.

They are small, so that a reference can try every request that they tell apart, and made of what the pack has been wrong
about: variables in conditions, facts, networks, accounts and regions that are named and may be the function's or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from tests.stacks.values import Json

KEY: Final = "lambda:SourceFunctionArn"
ACTIONS: Final = ("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface")
ALL_ACTIONS: Final = (
    *ACTIONS,
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
# The account that is the stack's own, unless something makes it another; one that documents name; one that none names.
OWN: Final = "123456789012"
NAMED: Final = "111122223333"
FRESH: Final = "999988887777"
HOME: Final = "eu-west-1"
REGIONS: Final = (HOME, "us-east-1")
# One that AWS may open some day.
NEW_REGION: Final = "eu-newest-9"
VPC: Final = "vpc-0a1b2c3d4e5f60718"
# What documents say of times: long ago, within a session before the preview, soon, and in some years.
_TIMES: Final = ("2020-01-01T00:00:00Z", "2025-12-31T23:30:00Z", "2026-06-01T00:00:00Z", "2030-01-01T00:00:00Z")
_MANY: Final = 80


def document(*statements: Json) -> Json:
    """A document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


NOTHING: Final = document({"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"})
OPEN: Final = document({"Effect": "Allow", "Action": list(ALL_ACTIONS), "Resource": "*"})
GUARD: Final = document(
    {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": {"Null": {KEY: "false"}}},
)
# What AWS owns, as far as it matters here; transcribed from the managed policies' pages.
AWS_MANAGED: Final = {
    "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole": OPEN,
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": NOTHING,
    "arn:aws:iam::aws:policy/AdministratorAccess": document({"Effect": "Allow", "Action": "*", "Resource": "*"}),
}
VPC_ACCESS, BASIC, ADMIN = AWS_MANAGED


@dataclass
class Documents:
    """Random documents of one stack: they name its functions and roles, and share a taste. `rare` decides what is rare."""

    rng: Random
    functions: Sequence[str]
    roles: Sequence[str]
    rare: Random

    def any(self) -> Json:
        """A document of one to four statements."""
        usual = self._usual()
        return self._rarer(usual) if self.rare.random() < 0.08 else usual

    def _rarer(self, usual: Json) -> Json:
        """The document with a time, a region that is newer than the pack's data, many names, or a network in one region."""
        rng = self.rare
        found = deepcopy(usual)
        statement = rng.choice(found["Statement"])
        kind = rng.choice(("time", "time", "region", "names", "network"))
        if kind == "time":
            operator = rng.choice(("DateLessThan", "DateGreaterThan"))
            _add(statement, operator, rng.choice(("aws:TokenIssueTime", "aws:CurrentTime")), rng.choice(_TIMES))
        elif kind == "region":
            operator = rng.choice(("StringEquals", "StringNotEquals", "StringLike"))
            _add(statement, operator, "aws:RequestedRegion", NEW_REGION if operator != "StringLike" else "eu-*-9")
        elif kind == "names":
            names = [
                f"{name}{rng.choice(('', '-*'))}" for name in (*map("worker-{}".format, range(_MANY)), *self.functions)
            ]
            rng.shuffle(names)
            values = [f"arn:aws:lambda:*:{rng.choice(('*', OWN))}:function:{name}" for name in names]
            deny = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}
            found["Statement"].append({**deny, "Condition": {rng.choice(("ArnLike", "StringLike")): {KEY: values}}})
        else:
            deny = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}
            where = {
                "StringNotEquals": {"aws:SourceVpc": VPC},
                "StringEquals": {"aws:RequestedRegion": rng.choice(REGIONS)},
            }
            found["Statement"].append({**deny, "Condition": where})
        return found

    def _usual(self) -> Json:
        rng = self.rng
        kind = rng.random()
        if kind < 0.1:
            return NOTHING
        if kind < 0.2:
            return OPEN
        if kind < 0.32:
            return GUARD
        make = (self.open, self.guarded, self.deny, self.deny, self.other)
        return document(*(rng.choice(make)() for _ in range(rng.choice((1, 1, 2, 3)))))

    def open(self) -> Json:
        """An Allow without a guard, now and then with a condition on something else."""
        statement: Json = {"Effect": "Allow", "Action": self._actions(), "Resource": "*"}
        if self.rng.random() < 0.3:
            self._restrict(statement)
        return statement

    def guarded(self) -> Json:
        """An Allow with a guard, which may or may not be one."""
        rng = self.rng
        statement = self.open()
        if rng.random() < 0.5:
            _add(statement, "Null", KEY, "true")
        else:
            operator = rng.choice(("ArnNotLike", "ArnNotEquals", "StringNotLike", "ArnNotLikeIfExists"))
            _add(statement, operator, KEY, self._functions())
        return statement

    def deny(self) -> Json:
        """A Deny on the key, which may or may not be one that works, or on the network."""
        rng = self.rng
        statement: Json = {"Effect": "Deny", "Action": rng.choice(("ec2:*", "*", self._actions())), "Resource": "*"}
        kind = rng.random()
        if kind < 0.25:
            _add(statement, "Null", KEY, "false")
        elif kind < 0.88:
            operator = rng.choice(
                ("ArnLike", "ArnEquals", "ArnLike", "StringLike", "ForAnyValue:ArnLike", "ArnLikeIfExists")
            )
            _add(statement, operator, KEY, self._functions())
        else:
            operator = rng.choice(("StringNotEquals", "StringNotEqualsIfExists", "StringEquals"))
            _add(statement, operator, "aws:SourceVpc", VPC)
        if rng.random() < 0.15:
            self._restrict(statement)
        return statement

    def other(self) -> Json:
        """An Allow of what gets round a guard, or of nothing that matters."""
        rng = self.rng
        action = rng.choice(
            (
                "sts:AssumeRole",
                "sts:AssumeRole",
                "iam:*",
                "iam:PutRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PassRole",
                "s3:*",
            )
        )
        account = rng.choice(("*", OWN, NAMED))
        resource = rng.choice(("*", "*", f"arn:aws:iam::{account}:role/{rng.choice((*self.roles, '*'))}"))
        statement: Json = {"Effect": rng.choice(("Allow",) * 5 + ("Deny",)), "Action": action, "Resource": resource}
        if rng.random() < 0.25:
            _add(statement, "Null", KEY, "true")
        elif rng.random() < 0.2:
            _add(statement, "ArnLike", KEY, self._functions())
        return statement

    def _actions(self) -> Any:
        return self.rng.choice(
            ("ec2:*", list(ALL_ACTIONS), list(ACTIONS), "ec2:*NetworkInterface*", self.rng.choice(ACTIONS))
        )

    def _functions(self) -> Any:
        """One pattern of function ARNs, or a list of names."""
        rng = self.rng
        if rng.random() < 0.12:
            return [self._function(name) for name in rng.sample(self.functions, rng.randint(1, len(self.functions)))]
        if rng.random() < 0.01:
            return [self._function(name) for name in [*(f"worker-{i}" for i in range(40)), *self.functions]]
        return self._function(rng.choice((*self.functions, "*", "*", "*", *_NAME_VARIABLES)))

    def _function(self, name: str) -> str:
        rng = self.rng
        account = rng.choice(("*", "*", OWN, OWN, NAMED, "${aws:PrincipalAccount}", "${aws:ResourceAccount}"))
        region = rng.choice(("*", "*", "*", HOME, "us-east-1", "${aws:RequestedRegion}"))
        return f"arn:{rng.choice(('aws', 'aws', '*'))}:lambda:{region}:{account}:function:{name}"

    def _restrict(self, statement: Json) -> None:
        rng = self.rng
        operator, key, value = rng.choice(
            (
                ("StringEquals", "aws:RequestedRegion", rng.choice(REGIONS)),
                ("StringNotEquals", "aws:RequestedRegion", rng.choice(REGIONS)),
                ("StringEquals", "aws:SourceVpc", VPC),
                ("StringNotEquals", "aws:SourceVpc", VPC),
                ("StringEquals", "aws:PrincipalAccount", rng.choice((OWN, NAMED))),
                ("StringNotEquals", "aws:PrincipalAccount", rng.choice((OWN, NAMED))),
                ("StringEquals", "aws:PrincipalTag/app", rng.choice(("orders", "shop"))),
                ("StringNotEquals", "aws:PrincipalTag/app", rng.choice(("orders", "shop", "${aws:PrincipalTag/none}"))),
                ("StringEquals", "aws:PrincipalTag/app", "${aws:PrincipalTag/none, 'orders'}"),
                ("StringEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}"),
                ("Null", "aws:PrincipalTag/app", rng.choice(("true", "false"))),
                ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{rng.choice((OWN, NAMED, '*'))}:role/*"),
            )
        )
        _add(statement, operator, key, value)


_NAME_VARIABLES: Final = ("${aws:PrincipalTag/app}", "${aws:PrincipalTag/app, 'orders'}", "${aws:PrincipalTag/none}")


def _add(statement: Json, operator: str, key: str, value: Any) -> None:
    statement.setdefault("Condition", {}).setdefault(operator, {})[key] = value
