"""Random roles: documents, a boundary, the ARN of the function. Standard library only.

A role has a profile (open, closed by a guard, anything) and a few *focus* keys that most of its conditions use, so that
several patterns meet on one key or resource: a role with thirty unrelated keys is easy to judge, whatever its size.
What is generated is what IAM takes; a small share has the forms that the simulator is known to get wrong, which
differences.py translates.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

Json = dict[str, Any]

ACCOUNT: Final = "123456789012"
OTHER_ACCOUNT: Final = "210987654321"
REGION: Final = "eu-central-1"
FUNCTION_ARN: Final = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
ROLE_ARN: Final = f"arn:aws:iam::{ACCOUNT}:role/orders-role"
KEY: Final = "lambda:SourceFunctionArn"
ENI_ACTIONS: Final = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
REGIONS: Final = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2")

_ACTION_FORMS: Final = (
    "ec2:*", "*", "ec2:*NetworkInterface*", "EC2:create*", "ec2:Describe*", "ec2:Delete*", "ec2:*PrivateIpAddresses",
    "ec2:?escribeSubnets", "ec2:*assign*", "ec2:AssignPrivateIp*", "ec2:Create?etworkInterface", "ec2:*e*s", "s3:*",
    "logs:PutLogEvents", "ec2:DescribeVpcs", "ec2:CreateNetworkInterfaces", "ec2:?*",
)  # fmt: skip
_COVERING: Final = (
    f"arn:aws:lambda:*:{ACCOUNT}:function:*", "arn:aws:lambda:*:*:function:orders", "arn:aws:lambda:*:*:function:*",
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ord*", f"arn:aws:lambda:eu-*:{ACCOUNT}:function:*s",
    "arn:*:lambda:*:*:function:o?d*", f"arn:aws:lambda:{REGION}:*:function:*", "arn:aws:*:*:*:*",
)  # fmt: skip
_MISSING: Final = (
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:billing", f"{FUNCTION_ARN}:live", f"{FUNCTION_ARN}:*",
    f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:orders", f"arn:aws:lambda:{REGION}:{OTHER_ACCOUNT}:function:*",
    f"arn:aws:lambda:{ACCOUNT}:function:orders", f"arn:aws:lambda:*:{ACCOUNT}:function:p2-*",
    f"arn:aws:lambda:us-*:{ACCOUNT}:function:*", "arn:aws:lambda:*:*:function:?????", f"{FUNCTION_ARN}*d",
)  # fmt: skip

_STRING: Final = (
    "StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringLike", "StringNotLike",
    "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase",
)  # fmt: skip
_ARN: Final = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringEquals", "StringNotLike")
_DATE: Final = (
    "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "DateEquals", "DateNotEquals",
)  # fmt: skip
_IP: Final = ("IpAddress", "NotIpAddress")
_BOOL: Final = ("Bool",)

_RESTRICTING_KEYS: Final = (
    "aws:RequestedRegion", "ec2:Region", "aws:SourceVpc", "aws:SourceVpce", "aws:SourceIp", "aws:CurrentTime",
    "aws:EpochTime", "aws:RequestTag/x", "aws:RequestTag/Team", "aws:TagKeys", "aws:ResourceTag/x", "ec2:ResourceTag/x",
    "ec2:Vpc", "ec2:Subnet", "ec2:AvailabilityZone", "aws:SecureTransport", "aws:UserAgent", "aws:PrincipalTag/x",
    "aws:PrincipalAccount", "aws:ViaAWSService", "aws:VpcSourceIp", "ec2:SubnetID", "ec2:NetworkInterfaceID",
    "aws:Referer", "aws:ResourceAccount",
)  # fmt: skip
_RANGES: Final = (
    "203.0.113.0/24", "203.0.113.64/26", "203.0.113.0/25", "10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/1", "128.0.0.0/1",
    "2001:db8::/32", "2001:db8:1::/48", "203.0.113.77", "0.0.0.0/0", "2001:db8::1", "198.51.100.0/24", "::/0",
)  # fmt: skip
# What the patterns of one kind are made of: few characters, so that they overlap.
_PIECES: Final = ("0", "a", "b", "*", "?", "*", "0a", "ab")


# Function ARNs with variables: of the account, of a tag that the role does not have, with a default and without.
_COVERING_VARIABLES: Final = (
    "arn:aws:lambda:*:${aws:PrincipalAccount}:function:*",
    f"arn:aws:lambda:{REGION}:${{aws:PrincipalAccount}}:function:ord*",
    "arn:aws:lambda:*:*:function:${aws:PrincipalTag/none, 'orders'}",
)
_MISSING_VARIABLES: Final = (
    "arn:aws:lambda:*:*:function:${aws:PrincipalTag/none}",
    "arn:aws:lambda:us-*:${aws:PrincipalAccount}:function:*",
    "arn:aws:lambda:*:*:function:${aws:PrincipalTag/none, 'reports'}",
)


class RoleGenerator:
    """One role from one random generator; with `variables` there are some in its guards."""

    def __init__(self, rng: Random, *, variables: bool = False) -> None:
        self._rng = rng
        self._covers = (*_COVERING, *_COVERING_VARIABLES * 3) if variables else _COVERING
        self._misses = (*_MISSING, *_MISSING_VARIABLES * 3) if variables else _MISSING
        self._focus = rng.sample(_RESTRICTING_KEYS, rng.choice((1, 1, 2, 3)))
        self._resources_matter = rng.random() < 0.5
        # A role's text patterns come from one small pool, so that equal and overlapping ones meet.
        self._pool = ["".join(rng.choices(_PIECES, k=rng.randint(1, 4))) for _ in range(4)]

    def role(self) -> Json:
        """A role in the form that `judge --jsonl` reads."""
        rng = self._rng
        profile = rng.choices(("open", "null", "deny", "any"), (36, 17, 24, 23))[0]
        number = rng.choices((1, 2, 3, 4), (4, 3, 2, 1))[0]
        documents: list[list[Json]] = [[] for _ in range(number)]
        boundary: list[list[Json]] | None = None
        if rng.random() < 0.35:
            boundary = [[] for _ in range(rng.choice((1, 1, 1, 2)))]
            rng.choice(boundary).append(self._limit(profile))
        for statement in getattr(self, f"_{profile}")(documents, boundary):
            rng.choice(documents).append(statement)
        for document in (*documents, *(boundary or ())):
            rng.shuffle(document)
        return {
            "policies": [self._document(d) for d in documents if d],
            "boundary": None if boundary is None else [self._document(d) for d in boundary if d],
            "function_arn": FUNCTION_ARN,
        }

    def _document(self, found: list[Json]) -> Json:
        if len(found) == 1 and self._rng.random() < 0.2:
            return {"Version": "2012-10-17", "Statement": found[0]}
        return {"Version": "2012-10-17", "Statement": found[:5]}

    # Profiles: the statements of the identity documents.

    def _open(self, _: list[list[Json]], boundary: list[list[Json]] | None) -> list[Json]:
        found = [self._grant() for _ in range(self._rng.choice((1, 1, 2)))]
        for _times in range(self._rng.choice((0, 1, 1, 2, 3))):
            found.append(self._narrow_deny(guarding=self._rng.random() < 0.5))
        self._noise(found, 1)
        if boundary is not None and self._rng.random() < 0.4:
            self._rng.choice(boundary).append(self._narrow_deny(guarding=True))
        return found

    def _null(self, _: list[list[Json]], __: list[list[Json]] | None) -> list[Json]:
        """Every Allow is guarded, in one of the ways that work or, seldom, in one that does not."""
        found = []
        for _times in range(self._rng.choice((1, 2, 2, 3))):
            grant = self._grant()
            self._add(grant, *self._guard_of_an_allow())
            found.append(grant)
        for _times in range(self._rng.choice((0, 0, 1, 2))):
            found.append(self._narrow_deny(guarding=False))
        return found

    def _deny(self, _: list[list[Json]], boundary: list[list[Json]] | None) -> list[Json]:
        """Allows, and a Deny on the key: in one statement, or split by action, region or resource."""
        found = [self._grant() for _ in range(self._rng.choice((1, 1, 2, 3)))]
        guards = self._guarding_denies()
        if boundary is not None and self._rng.random() < 0.3:
            self._rng.choice(boundary).extend(guards)
        else:
            found += guards
        self._noise(found, 2)
        return found

    def _any(self, _: list[list[Json]], boundary: list[list[Json]] | None) -> list[Json]:
        found = [self._statement() for _ in range(self._rng.randint(1, 6))]
        if boundary is not None:
            self._rng.choice(boundary).extend(self._statement() for _ in range(self._rng.randint(0, 2)))
        return found

    def _noise(self, found: list[Json], most: int) -> None:
        for _ in range(self._rng.randint(0, most)):
            statement = self._statement()
            if self._rng.random() < 0.6:
                statement["Effect"] = "Deny"
            found.append(statement)

    # Statements.

    def _grant(self) -> Json:
        rng = self._rng
        statement: Json = {"Effect": "Allow", "Action": self._broad_actions(), "Resource": "*"}
        if rng.random() < 0.45:
            self._set_resource(statement)
        for _ in range(rng.choice((0, 0, 0, 1, 2))):
            self._add_restriction(statement)
        return statement

    def _narrow_deny(self, guarding: bool) -> Json:
        rng = self._rng
        statement: Json = {"Effect": "Deny", "Action": self._broad_actions(), "Resource": "*"}
        if guarding:
            self._add(statement, *self._guard_of_a_deny())
        if rng.random() < 0.4:
            self._set_resource(statement)
        for _ in range(rng.choice((0, 1, 1, 2))):
            self._add_restriction(statement)
        return statement

    def _limit(self, profile: str) -> Json:
        rng = self._rng
        statement: Json = {
            "Effect": "Allow",
            "Action": rng.choice(("*", "ec2:*", self._broad_actions())),
            "Resource": "*",
        }
        if profile == "null" and rng.random() < 0.3:
            self._add(statement, *self._guard_of_an_allow())
        if rng.random() < 0.4:
            self._set_resource(statement)
        if rng.random() < 0.4:
            self._add_restriction(statement)
        return statement

    def _guarding_denies(self) -> list[Json]:
        """Together they cover every ENI action of the function (or nearly do)."""
        rng = self._rng
        way = rng.choice(("whole", "whole", "actions", "regions", "resources", "tag"))
        base: Json = {
            "Effect": "Deny",
            "Action": rng.choice(
                ("ec2:*", "*", list(ENI_ACTIONS), ["ec2:*NetworkInterface*", "ec2:*Address*", "ec2:DescribeS*"])
            ),
            "Resource": "*",
        }
        parts: list[Json]
        if way == "actions":
            cut = rng.randint(1, 5)
            parts = [{**base, "Action": list(ENI_ACTIONS[:cut])}, {**base, "Action": list(ENI_ACTIONS[cut:])}]
        elif way == "regions":
            region = rng.choice((*REGIONS, "eu-*", "us-*"))
            key = rng.choice(("aws:RequestedRegion", "ec2:Region"))
            parts = [dict(base), dict(base)]
            self._add(parts[0], "StringLike", key, region)
            self._add(parts[1], "StringNotLike", rng.choice(("aws:RequestedRegion", "ec2:Region")), region)
        elif way == "resources":
            pattern = self._eni_arn()
            parts = [
                {**base, "Resource": pattern},
                {k: v for k, v in base.items() if k != "Resource"} | {"NotResource": pattern},
            ]
        elif way == "tag":
            key = rng.choice(("aws:SourceVpc", "aws:UserAgent", "aws:ResourceTag/x", "aws:RequestTag/x"))
            pattern = self._text(key)
            parts = [dict(base), dict(base)]
            self._add(parts[0], "StringLike", key, pattern)
            self._add(parts[1], "StringNotLike", key, pattern)
        else:
            parts = [base]
        for part in parts:
            self._add(part, *self._guard_of_a_deny())
        return parts

    def _statement(self) -> Json:
        rng = self._rng
        statement: Json = {"Effect": rng.choice(("Allow", "Allow", "Deny")), "Action": self._actions(), "Resource": "*"}
        if rng.random() < 0.15:
            statement["NotAction"] = statement.pop("Action")
        if rng.random() < 0.5:
            self._set_resource(statement)
        if rng.random() < 0.4:
            self._add(statement, *self._on_the_key())
        for _ in range(rng.choice((0, 1, 1, 2))):
            self._add_restriction(statement)
        return statement

    def _broad_actions(self) -> Any:
        rng = self._rng
        return rng.choice(
            ("ec2:*", "*", list(ENI_ACTIONS), ["ec2:*NetworkInterface*", "ec2:*Address*"], self._actions())
        )

    def _actions(self) -> Any:
        rng = self._rng
        forms = [rng.choice((rng.choice(ENI_ACTIONS), rng.choice(_ACTION_FORMS))) for _ in range(rng.randint(1, 4))]
        forms = [rng.choice((form, form, form.lower(), form.swapcase())) for form in forms]
        if rng.random() < 0.01:
            forms.append(rng.choice(("*:*", "e*:*", "ec?:Delete*")))
        return forms[0] if len(forms) == 1 and rng.random() < 0.7 else forms

    # Resources.

    def _set_resource(self, statement: Json) -> None:
        rng = self._rng
        statement.pop("Resource", None)
        number = rng.choice((1, 1, 2, 3))
        patterns = [self._resource() for _ in range(number)]
        value = patterns[0] if number == 1 and rng.random() < 0.6 else patterns
        statement["NotResource" if rng.random() < 0.2 else "Resource"] = value

    def _resource(self) -> str:
        rng = self._rng
        draw = rng.random()
        if draw < 0.12:
            return "*"
        if draw < 0.55:
            return self._eni_arn()
        if draw < 0.75:
            return f"arn:aws:ec2:{self._region()}:{self._account()}:subnet/subnet-{rng.choice(self._pool)}"
        if draw < 0.85:
            kind = rng.choice(("network-interface", "subnet", "security-group"))
            return f"arn:aws:ec2:{self._region()}:{self._account()}:{kind}/*"
        if draw < 0.93:
            return rng.choice(
                ("arn:aws:ec2:*:*:*", f"arn:aws:ec2:{REGION}:*", "arn:aws:ec2:*", "arn:*", f"arn:aws:ec2:*:{ACCOUNT}:*")
            )
        return rng.choice(
            (
                "arn:aws:ec2:*:*:*/*",
                f"arn:aws:ec2:*:*:network-*/eni-{rng.choice(self._pool)}",
                f"arn:aws:ec2:{self._region()}:${{aws:PrincipalAccount}}:network-interface/eni-{rng.choice(self._pool)}",
                "arn:aws:ec2:*:*:network-interface/${aws:PrincipalTag/x, 'eni-0a'}",
                "arn:aws:ec2:*:*:network-interface/eni-${aws:RequestedRegion}*",
                f"arn:aws:ec2:*:*:*{rng.choice(self._pool)}",
                "arn:aws:s3:::bucket/*",
            )
        )

    def _eni_arn(self) -> str:
        rng = self._rng
        name = rng.choice(
            ("*", f"eni-{rng.choice(self._pool)}", f"eni-{rng.choice(self._pool)}", f"*{rng.choice(self._pool)}")
        )
        return f"arn:aws:ec2:{self._region()}:{self._account()}:network-interface/{name}"

    def _region(self) -> str:
        return self._rng.choice(("*", "*", "*", *REGIONS, "eu-*", "us-*", "*-1", "??-*-1"))

    def _account(self) -> str:
        return self._rng.choice(("*", "*", ACCOUNT, ACCOUNT, ACCOUNT, OTHER_ACCOUNT, "12345678901?"))

    # Conditions on lambda:SourceFunctionArn: (operator, key, value).

    def _spelled(self) -> str:
        return self._rng.choice((KEY, KEY, KEY, "lambda:sourcefunctionarn", "Lambda:SourceFunctionARN"))

    def _guard_of_an_allow(self) -> tuple[str, str, Any]:
        rng = self._rng
        pick = rng.random()
        if pick < 0.6:
            return "Null", self._spelled(), rng.choice(("true", "true", True, ["true"], "True"))
        if pick < 0.93:
            operator = rng.choice(
                ("ArnNotLike", "ArnNotEquals", "StringNotLike", "ArnNotLikeIfExists", "ForAllValues:ArnNotLike")
            )
            return operator, self._spelled(), self._covering_values()
        return self._on_the_key()

    def _guard_of_a_deny(self) -> tuple[str, str, Any]:
        rng = self._rng
        pick = rng.random()
        if pick < 0.35:
            return "Null", self._spelled(), rng.choice(("false", "false", False, ["false"]))
        if pick < 0.6:
            operator = rng.choice(
                ("ArnEquals", "ArnLike", "StringEquals", "StringLike", "ArnEqualsIfExists", "ForAnyValue:ArnEquals")
            )
            return (
                operator,
                self._spelled(),
                rng.choice((FUNCTION_ARN, [FUNCTION_ARN], [rng.choice(self._misses), FUNCTION_ARN])),
            )
        if pick < 0.95:
            operator = rng.choice(
                ("ArnLike", "ArnEquals", "StringLike", "ForAnyValue:ArnLike", "ForAllValues:StringLike")
            )
            return operator, self._spelled(), self._covering_values()
        return self._on_the_key()

    def _covering_values(self) -> Any:
        rng = self._rng
        value = rng.choice(self._covers)
        return rng.choice((value, [value], [rng.choice(self._misses), value], [value, rng.choice(self._covers)]))

    def _on_the_key(self) -> tuple[str, str, Any]:
        rng = self._rng
        if rng.random() < 0.25:
            return "Null", self._spelled(), rng.choice(("true", "false", True, False, ["true", "false"]))
        operator = rng.choice((*_ARN, "StringNotEquals", "StringEqualsIgnoreCase"))
        operator = (
            rng.choice(("", "", "", "", "ForAllValues:", "ForAnyValue:"))
            + operator
            + rng.choice(("", "", "", "IfExists"))
        )
        values = [
            rng.choice((FUNCTION_ARN, rng.choice(self._covers), rng.choice(self._misses)))
            for _ in range(rng.choice((1, 1, 2)))
        ]
        return operator, self._spelled(), values[0] if len(values) == 1 else values

    # Conditions on other keys.

    def _add_restriction(self, statement: Json) -> None:
        rng = self._rng
        key = rng.choice(self._focus) if rng.random() < 0.8 else rng.choice(_RESTRICTING_KEYS)
        if rng.random() < 0.12:
            self._add(statement, "Null", key, rng.choice(("true", "false")))
            return
        operator = rng.choice(self._operators(key))
        values = [self._value(key, operator) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
        if key == "aws:TagKeys" or rng.random() < 0.04:
            operator = rng.choice(("ForAllValues:", "ForAnyValue:")) + operator
        if rng.random() < 0.12:
            operator += "IfExists"
        if rng.random() < 0.05:
            operator = rng.choice((operator.lower(), operator.upper()))
        if rng.random() < 0.05:
            key = rng.choice((key.lower(), key.upper()))
        self._add(statement, operator, key, values[0] if len(values) == 1 and rng.random() < 0.8 else values)

    def _operators(self, key: str) -> tuple[str, ...]:
        if key in ("aws:SourceIp", "aws:VpcSourceIp"):
            return _IP
        if key == "aws:CurrentTime":
            return _DATE
        if key == "aws:EpochTime":
            # Numbers only, also for dates: the simulator takes a date and a number for different moments.
            return tuple(name.replace("Date", "Numeric") for name in _DATE) + _DATE
        if key in ("aws:SecureTransport", "aws:ViaAWSService"):
            return _BOOL
        return _ARN if key in ("ec2:Vpc", "ec2:Subnet") else _STRING

    def _value(self, key: str, operator: str) -> Any:
        rng = self._rng
        if "Ip" in operator:
            return self._ip()
        if key == "aws:CurrentTime":
            return rng.choice(
                (
                    "2020-01-01T00:00:00Z",
                    "2026-07-01T00:00:00Z",
                    "2026-07-01T12:30:00Z",
                    "2030-01-01T00:00:00Z",
                    "2026-08-01T00:00:00Z",
                )
            )
        if key == "aws:EpochTime":
            return rng.choice(("1500000000", "1790000000", "1790000001", "1800000000", "1900000000"))
        if operator == "Bool":
            return rng.choice(("true", "false", True, False))
        if key in ("aws:PrincipalAccount", "aws:ResourceAccount"):
            return rng.choice((ACCOUNT, ACCOUNT, OTHER_ACCOUNT, "1234*", "*", "${aws:PrincipalAccount}"))
        if key in ("aws:RequestedRegion", "ec2:Region"):
            return rng.choice(
                (*REGIONS, "eu-*", "us-*", "*-1", "eu-????-1", "*", "${aws:RequestedRegion}", "EU-central-1")
            )
        return self._text(key)

    def _ip(self) -> str:
        return self._rng.choice(_RANGES)

    def _text(self, key: str) -> str:
        rng = self._rng
        piece = rng.choice(self._pool)
        if key == "aws:SourceVpc":
            return rng.choice((f"vpc-{piece}", f"*{piece}", "vpc-*"))
        if key == "aws:SourceVpce":
            return rng.choice((f"vpce-{piece}", f"*{piece}", "vpce-*"))
        if key in ("ec2:Vpc", "ec2:Subnet"):
            kind = key[4:].lower()
            name = rng.choice((f"{kind}-{piece}", "*", f"*{piece}"))
            return f"arn:aws:ec2:{self._region()}:{self._account()}:{kind}/{name}"
        if key in ("ec2:SubnetID", "ec2:NetworkInterfaceID"):
            prefix = "subnet-" if key == "ec2:SubnetID" else "eni-"
            return rng.choice((f"{prefix}{piece}", f"*{piece}", f"{prefix}*"))
        if key == "ec2:AvailabilityZone":
            return rng.choice(
                (f"{rng.choice(REGIONS)}{rng.choice('abc')}", "*a", "*b", "eu-*", "us-east-1?", "eu-central-1*")
            )
        if key == "aws:TagKeys":
            return rng.choice(("x", "Team", "x", piece, "other"))
        return rng.choice((piece, piece, "code", f"x{piece}", "*", ""))

    @staticmethod
    def _add(statement: Json, operator: str, key: str, value: Any) -> None:
        statement["Condition"] = {k: dict(v) for k, v in statement.get("Condition", {}).items()}
        statement["Condition"].setdefault(operator, {})[key] = value


def role(seed: int, number: int, *, variables: bool = False) -> Json:
    """Role `number` of a run: the same for the same seed, however the run is split."""
    return RoleGenerator(Random(f"{seed}:{number}"), variables=variables).role()


def role_in_organization(seed: int, number: int) -> Json:
    """The same role below one to three levels of service control policies, which are what other roles have for limits."""
    found = role(seed, number)
    rng = Random(f"{seed}:{number}:levels")
    levels = []
    for level in range(rng.choice((1, 1, 2, 3))):
        other = role(seed, 1_000_000 * (level + 1) + number)
        limits = other["boundary"] or other["policies"]
        allow_all = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        beside = [{"Version": "2012-10-17", "Statement": [allow_all]}] if rng.random() < 0.6 else []
        levels.append([*beside, *limits])
    return {**found, "levels": levels}
