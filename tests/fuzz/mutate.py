"""How a good value is spoilt: in its structure, or as text."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from policy.iam.truth import UNKNOWN

Json = Any

_DEEP: Final = 60


def _deep() -> Json:
    value: Json = "x"
    for _ in range(_DEEP):
        value = [value] if len(str(type(value))) % 2 else {"a": value}
    return value


# Values of every wrong type, and right ones at the wrong place.
JUNK: Final[tuple[Json, ...]] = (
    None, True, False, 0, -1, 7, 1.5, 1e308, float("nan"), float("inf"), float("-inf"), 10**30, 10**5000, "", " ",
    "*", "**", "?", ":", "a", "\u00e9", "\u00df", "\ud800", "a\udfffb", "\x00", "\ufeff", "\ue000", "\u2028", "\n",
    "true", "false", "Allow", "Deny", "null", "${", "${}", "${*}", "${aws:userid}", "${aws:none, 'x'}", "${a${b}}",
    "*" * 70, "?*" * 40, "*a" * 30, "1e999999", "-1e-999999", "NaN", "Infinity", "9" * 500, "0x10", "1_000",
    "\u0661\u0662", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0000-00-00", "2026-01-01T00:00:00+99:99",
    "1.2.3.4/0", "::/0", "::ffff:1.2.3.4", "fe80::1%eth0", "1.2.3.4/255.255.0.0", "255.255.255.255", "1.2.3.4/33",
    "QUJD", "arn:", "arn:aws:iam", "arn:aws:iam::aws:policy/", ":::::", "arn:aws:lambda:::function:",
    "arn:aws:iam::123456789012:role/", "x" * 3000, [], {}, [[]], [{}], {"": ""}, {"a": {"b": [1, None]}},
    [None, 1, "a", {}], ["a"] * 300, ["*"] * 40, (), _deep(),
)  # fmt: skip
_OPERATORS: Final = (
    "StringLike", "stringequals", "StringEqualsIfExists", "ForAnyValue:StringLike", "ForAllValues:ArnNotLikeIfExists",
    "Null", "NullIfExists", "Bool", "BinaryEquals", "IpAddress", "NotIpAddressIfExists", "NumericLessThan",
    "DateGreaterThanEquals", "DateNotEquals", "ArnEquals", "ForAnyValue:", ":", "IfExists", "ForAllValues:Null",
    "ForAllValues:ForAnyValue:StringLike", "StringLikeIfExistsIfExists", "Str\u0131ngLike", "\ud800", "",
    "StringLike ", "__proto__",
)  # fmt: skip
_KEYS: Final = (
    "lambda:SourceFunctionArn", "aws:RequestedRegion", "ec2:Region", "aws:SourceIp", "aws:SourceVpc",
    "aws:SourceVpce", "aws:VpcSourceIp", "aws:CurrentTime", "aws:EpochTime", "aws:TagKeys", "aws:RequestTag/x",
    "aws:RequestTag/X", "aws:ResourceTag/x", "ec2:ResourceTag/x", "ec2:Vpc", "ec2:Subnet", "ec2:AvailabilityZone",
    "ec2:NetworkInterfaceID", "ec2:SubnetID", "aws:userid", "aws:PrincipalTag/x", "aws:PrincipalArn",
    "aws:PrincipalOrgID", "aws:PrincipalAccount", "aws:TokenIssueTime", "aws:MultiFactorAuthPresent",
    "aws:SecureTransport", "aws:ViaAWSService", "aws:CalledVia", "sts:ExternalId", "", "/", "aws:RequestTag/", "aws:",
    "\ud800", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal", "Sid", "Version",
    "Id", "Statement",
)  # fmt: skip


def places(value: Json, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all parts of a value, the whole first."""
    found = [at]
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*at, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            found += places(item, (*at, i))
    return found


def _at(value: Json, path: Sequence[Any]) -> Json:
    for step in path:
        value = value[step]
    return value


def structure(rng: Random, value: Json, extra: Sequence[Json] = (UNKNOWN,), most: int = 3) -> Json:
    """A copy of the value with up to `most` places spoilt; `extra` are further values to put there."""
    value = copy.deepcopy(value)
    for _ in range(rng.randint(1, most)):
        every = places(value)
        path = rng.choice(every)
        if not path:
            if rng.random() < 0.1:
                return _junk(rng, extra)
            continue
        holder, last = _at(value, path[:-1]), path[-1]
        _ACTS[rng.randrange(len(_ACTS))](rng, holder, last, extra)
    return value


def _junk(rng: Random, extra: Sequence[Json]) -> Json:
    return copy.deepcopy(rng.choice(extra) if extra and rng.random() < 0.35 else rng.choice(JUNK))


def _replace(rng: Random, holder: Json, last: Any, extra: Sequence[Json]) -> None:
    holder[last] = _junk(rng, extra)


def _delete(rng: Random, holder: Json, last: Any, extra: Sequence[Json]) -> None:  # noqa: ARG001  # one signature for all
    del holder[last]


def _rename(rng: Random, holder: Json, last: Any, extra: Sequence[Json]) -> None:
    if not isinstance(holder, dict):
        return _replace(rng, holder, last, extra)
    name = rng.choice(
        (
            rng.choice(_OPERATORS),
            rng.choice(_KEYS),
            str(last).lower(),
            str(last).upper(),
            f"{last}IfExists",
            f"ForAnyValue:{last}",
        )
    )
    holder[name] = holder.pop(last)
    return None


def _wrap(rng: Random, holder: Json, last: Any, extra: Sequence[Json]) -> None:
    holder[last] = rng.choice(
        ([holder[last]], {"a": holder[last]}, [holder[last], _junk(rng, extra)], {rng.choice(_KEYS): holder[last]})
    )


def _add(rng: Random, holder: Json, last: Any, extra: Sequence[Json]) -> None:
    target = holder[last] if isinstance(holder[last], dict | list) else holder
    if isinstance(target, dict):
        target[rng.choice((rng.choice(_OPERATORS), rng.choice(_KEYS)))] = rng.choice(
            (_junk(rng, extra), {rng.choice(_KEYS): _junk(rng, extra)})
        )
    else:
        target.insert(rng.randint(0, len(target)), _junk(rng, extra))


def _repeat(rng: Random, holder: Json, last: Any, extra: Sequence[Json]) -> None:  # noqa: ARG001
    if isinstance(holder, list):
        holder.insert(last, copy.deepcopy(holder[last]))
    elif isinstance(holder[last], list):
        holder[last] = holder[last] * rng.choice((0, 2, 30))


def _text(rng: Random, holder: Json, last: Any, extra: Sequence[Json]) -> None:
    if isinstance(holder[last], str):
        holder[last] = text(rng, holder[last], most=2)
    else:
        _replace(rng, holder, last, extra)


_ACTS: Final[tuple[Callable[[Random, Json, Any, Sequence[Json]], None], ...]] = (
    _replace, _replace, _replace, _delete, _rename, _rename, _wrap, _add, _add, _repeat, _text, _text,
)  # fmt: skip

_SPLICES: Final = (
    "[" * 200, "{" * 3, '{"a":' * 150, "]" * 5, "}", '"', "\\", "\\u", "\\ud800", "\\udfff\\ud800", "NaN",
    "-Infinity", "1e400", "-0", "9" * 5000, "\ufeff", "\ud83d", "\x00", "//", "/*", "'", ",", ":", "*", "?", "${",
    "null", "true", '"Effect":"Deny",', '"Statement":[],', '"Version":1,', '"Condition":{},', '"Action":"*",', "e+",
    ".5", "\t", "\u2028", "\u202e",
)  # fmt: skip


def text(rng: Random, value: str, most: int = 4) -> str:
    """The text with up to `most` places spoilt: bytes flipped, cut, doubled, and pieces put in."""
    for _ in range(rng.randint(1, most)):
        i = rng.randint(0, len(value))
        j = rng.randint(i, min(len(value), i + rng.choice((1, 3, 40))))
        match rng.randrange(6):
            case 0:
                value = value[:i] + rng.choice(_SPLICES) + value[i:]
            case 1:
                value = value[:i] + value[j:]
            case 2:
                value = value[:j] + value[i:j] + value[j:]
            case 3:
                value = value[:i]
            case 4:
                value = value[:i] + rng.choice(_SPLICES) + value[j:]
            case _:
                raw = bytearray(value.encode("utf-8", "surrogatepass"))
                if raw:
                    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
                value = raw.decode("utf-8", rng.choice(("replace", "surrogateescape")))
    return value
