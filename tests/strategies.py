"""Hypothesis strategies: IAM documents as JSON, requests for their actions, and the same with parts made unknown.

The vocabulary is small on purpose. Two statements that name the same region, tag or interface meet far more often than
with random text, and the laws are about statements that meet.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from policy.iam.conditions import Context
from policy.iam.document import PolicyDocument, parse_document
from policy.iam.request import Authorization, Request
from policy.iam.truth import UNKNOWN, Unknown

Json = Any
Path = tuple[str | int, ...]

# How many times the usual number of examples; `LAWS=50 python -m pytest tests/test_laws.py` is a search for new ones.
_TIMES: Final = int(os.environ.get("LAWS", "1"))


def examples(number: int) -> settings:
    """So many examples, the same in every run: a red build is then a change of the code, and no draw of the lot."""
    return settings(
        max_examples=number * _TIMES,
        derandomize=_TIMES == 1,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )


ACCOUNT: Final = "123456789012"
FUNCTION: Final = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:orders"
KEY: Final = "lambda:SourceFunctionArn"
ACTIONS: Final = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:DescribeNetworkInterfaces",
)

_ACTION_PATTERNS: Final = (
    *ACTIONS,
    "*",
    "ec2:*",
    "ec2:*NetworkInterface*",
    "EC2:DELETEnetworkINTERFACE",
    "ec2:Describe*",
    "ec2:?ssign*",
    "s3:*",
)
_RESOURCE_PATTERNS: Final = (
    "*",
    "*",
    "arn:aws:ec2:*:*:network-interface/*",
    "arn:aws:ec2:*:*:subnet/*",
    f"arn:aws:ec2:eu-central-1:{ACCOUNT}:network-interface/eni-0a*",
    f"arn:aws:ec2:*:{ACCOUNT}:*/*b",
    "arn:aws:ec2:us-*:*:*",
    "arn:aws:ec2:*",
    "arn:aws:ec2:*:*:network-interface/${aws:PrincipalTag/team}",
)
_FUNCTION_PATTERNS: Final = (
    FUNCTION,
    f"arn:aws:lambda:*:{ACCOUNT}:function:*",
    "arn:aws:lambda:*:*:function:ord*",
    "arn:aws:lambda:*:*:function:billing",
    f"{FUNCTION}:live",
    "*",
)
_STRING: Final = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase")
_ARN: Final = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike")
_DATE: Final = ("DateLessThan", "DateGreaterThanEquals", "DateEquals", "DateNotEquals")

# key: (operators, values of a statement, values of a request)
_KEYS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]] = {
    KEY: ((*_ARN, *_STRING), _FUNCTION_PATTERNS, (FUNCTION,)),
    "aws:RequestedRegion": (
        _STRING,
        ("eu-central-1", "us-east-1", "eu-*", "EU-central-1"),
        ("eu-central-1", "us-east-1"),
    ),
    "aws:SourceVpc": (_STRING, ("vpc-a", "vpc-*", "vpc-a*", "*b"), ("vpc-a", "vpc-ab", "vpc-c")),
    "aws:SourceIp": (
        ("IpAddress", "NotIpAddress"),
        ("10.0.0.0/8", "10.1.0.0/16", "203.0.113.7"),
        ("10.0.0.7", "10.1.0.7", "203.0.113.7"),
    ),
    "aws:CurrentTime": (
        _DATE,
        ("2030-01-01T00:00:00Z", "2031-06-01"),
        ("2029-12-31T23:59:59Z", "2030-01-01T00:00:00Z", "2032-01-01T00:00:00Z"),
    ),
    "aws:SecureTransport": (("Bool",), ("true", "false"), ("true", "false")),
    "aws:PrincipalTag/team": (_STRING, ("eni-0a", "x", "*", "${aws:PrincipalTag/team}"), ("eni-0a", "x")),
    "aws:ResourceTag/env": (_STRING, ("prod", "p*", "*d", "dev", ""), ("prod", "pd", "dev", "")),
    "aws:PrincipalOrgID": (_STRING, ("o-1", "o-*"), ("o-1", "o-2")),
    "ec2:Vpc": (
        _ARN,
        (f"arn:aws:ec2:eu-central-1:{ACCOUNT}:vpc/vpc-a", "arn:aws:ec2:*:*:vpc/*"),
        (f"arn:aws:ec2:eu-central-1:{ACCOUNT}:vpc/vpc-a",),
    ),
}
_SET_OPERATORS: Final = ("", "", "", "ForAllValues:", "ForAnyValue:")
_RESOURCES: Final = (
    "*",
    f"arn:aws:ec2:eu-central-1:{ACCOUNT}:network-interface/*",
    f"arn:aws:ec2:eu-central-1:{ACCOUNT}:network-interface/eni-0ab",
    f"arn:aws:ec2:us-east-1:{ACCOUNT}:network-interface/x",
    f"arn:aws:ec2:eu-central-1:{ACCOUNT}:subnet/subnet-b",
)


def _conditions(rng: Random) -> Json:
    """The Condition element: up to three keys, on the function's ARN more often than on any other."""
    found: dict[str, dict[str, Json]] = {}
    for key in rng.choices((KEY, KEY, KEY, *_KEYS), k=rng.choice((0, 0, 1, 1, 2, 3))):
        operators, values, _ = _KEYS[key]
        if rng.random() < 0.25:
            found.setdefault("Null", {})[key] = rng.choice(("true", "false", True, ["false"]))
            continue
        name = rng.choice(_SET_OPERATORS) + rng.choice(operators) + rng.choice(("", "", "IfExists"))
        found.setdefault(name, {})[key] = _one_or_many(rng, values, 2)
    return found


def _one_or_many(rng: Random, patterns: Sequence[str], most: int) -> Json:
    chosen = rng.sample(patterns, rng.randint(1, most))
    return chosen if len(chosen) > 1 or rng.random() < 0.5 else chosen[0]


def _statement(rng: Random, effect: str) -> Json:
    found: dict[str, Json] = {
        "Effect": effect,
        "NotAction" if rng.random() < 0.1 else "Action": _one_or_many(rng, _ACTION_PATTERNS, 3),
        "NotResource" if rng.random() < 0.15 else "Resource": _one_or_many(rng, _RESOURCE_PATTERNS, 2),
    }
    condition = _conditions(rng)
    if condition or rng.random() < 0.2:
        found["Condition"] = condition
    return found


@cache
def _pool(effect: str) -> tuple[Json, ...]:
    """Statements to draw from, the shortest first. One draw for each costs a tenth of building it draw by draw, and an
    example still shrinks, to fewer and to shorter statements."""
    rng = Random(effect)
    return tuple(sorted((_statement(rng, effect) for _ in range(800)), key=lambda s: (len(str(s)), str(s))))


def statements(effects: tuple[str, ...] = ("Allow", "Deny")) -> st.SearchStrategy[Json]:
    """One statement that IAM takes."""
    return st.one_of(*(st.sampled_from(_pool(effect)) for effect in effects))


def _document(found: list[Json]) -> Json:
    return {"Version": "2012-10-17", "Statement": found}


def documents(effects: tuple[str, ...] = ("Allow", "Deny"), min_size: int = 0) -> st.SearchStrategy[Json]:
    """One document that IAM takes (or one without statements)."""
    return st.lists(statements(effects), min_size=min_size, max_size=3).map(_document)


def roles() -> st.SearchStrategy[list[Json]]:
    """The documents on a role. The first has an Allow, so that something can be allowed."""
    return st.builds(
        lambda allow, more, rest: [_document([allow, *more]), *rest],
        st.sampled_from(_pool("Allow")),
        st.lists(statements(), max_size=2),
        st.lists(documents(), max_size=1),
    )


def boundaries() -> st.SearchStrategy[list[Json] | None]:
    """A permissions boundary, mostly a wide one; or none."""
    wide = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    return st.one_of(st.none(), st.builds(lambda d: [wide, d], documents()), documents(min_size=1).map(lambda d: [d]))


@cache
def _contexts() -> tuple[Context, ...]:
    rng = Random("contexts")

    def one() -> Context:
        present = [key for key in _KEYS if rng.random() < 0.6]
        return {key.lower(): (rng.choice(_KEYS[key][2]),) for key in present}

    return tuple(sorted((one() for _ in range(800)), key=len))


def contexts() -> st.SearchStrategy[Context]:
    """What one request says of the keys: each absent or with a value."""
    return st.sampled_from(_contexts())


def _request(rng: Random) -> Request:
    parts = tuple(Authorization(rng.choice(_RESOURCES), rng.choice(_contexts())) for _ in range(rng.choice((1, 1, 2))))
    return Request(rng.choice(ACTIONS), parts)


def _batch(seed: int) -> list[Request]:
    rng = Random(seed)
    return [_request(rng) for _ in range(16)]


def batches() -> st.SearchStrategy[list[Request]]:
    """Several calls, each with one or two resources that are authorised. Most calls meet no statement of a role; to ask
    many of one role costs little, and makes it likely that some do."""
    return st.integers(0, 2**20).map(_batch)


def parsed(found: list[Json] | None) -> list[PolicyDocument] | None:
    """JSON documents, read."""
    return None if found is None else [parse_document(item, f"document {i}") for i, item in enumerate(found)]


def _places(value: Json, at: Path = ()) -> Iterator[Path]:
    """Where something can be unknown: everywhere but in the names of keys and in what decides nothing."""
    yield at
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*at, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _places(item, (*at, i))


@st.composite
def forgotten(draw: st.DrawFn, value: Json, most: int = 3) -> Json:
    """The value with up to `most` of its parts, of whatever size, UNKNOWN. The whole list of documents stays a list."""
    known = copy.deepcopy(value)
    if known is None:
        return known
    for _ in range(draw(st.integers(0, most))):
        places = [place for place in _places(known) if place]
        if not places:
            break
        # First how deep, then where: most places are leaves, and a statement that is unknown should not be rare.
        depth = draw(st.sampled_from(sorted({len(place) for place in places})))
        *way, last = draw(st.sampled_from([place for place in places if len(place) == depth]))
        target = known
        for step in way:
            target = target[step]
        target[last] = UNKNOWN
    return known


def with_less_known(request: Request, rng: Random) -> Request:
    """The request with some values, and the presence of some keys, unknown."""
    keys = [key.lower() for key in _KEYS]
    parts = []
    for authorization in request.authorizations:
        context: dict[str, tuple[str | Unknown, ...] | Unknown] = dict(authorization.context)
        for key in rng.sample(keys, rng.randint(0, 3)):
            context[key] = (UNKNOWN,) if key in context and rng.random() < 0.5 else UNKNOWN
        parts.append(Authorization(authorization.resource, context))
    return Request(request.action, tuple(parts))
