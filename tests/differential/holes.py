"""Holes planted in closed roles: one Deny narrowed, one region, resource or function left out, one action misspelt...

Each is made around one call that the Lambda service may make, so that it is a hole by construction; the simulator
confirms that, before anybody is asked to find it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from tests.differential.brute import KEY
from tests.differential.generate import ENI_ACTIONS, FUNCTION_ARN, REGIONS
from tests.differential.plain import Json, action_covered, as_list, conditions, statements

Asks = list[dict[str, Any]]

_OTHER_FUNCTIONS: Final = (
    FUNCTION_ARN.replace("orders", "billing"),
    f"{FUNCTION_ARN}:live",
    FUNCTION_ARN.replace(":eu-central-1", ""),
    FUNCTION_ARN.replace("eu-central-1", "us-east-1"),
    FUNCTION_ARN.replace("orders", "p2-*"),
)


def _require(statement: Json, operator: str, key: str, value: Any) -> None:
    statement.setdefault("Condition", {}).setdefault(operator, {})[key] = value


def _region(rng: Random, deny: Json, asks: Asks) -> None:
    own = asks[0]["context"]["aws:requestedregion"]
    other = rng.choice([r for r in REGIONS if r != own])
    key = rng.choice(("aws:RequestedRegion", "ec2:Region"))
    operator, value = rng.choice((("StringEquals", other), ("StringNotEquals", own), ("StringLike", other[:3] + "*")))
    _require(deny, operator, key, value)


def _vpc(rng: Random, deny: Json, _: Asks) -> None:
    key, value = rng.choice(
        (
            ("aws:SourceVpc", "vpc-0ab1"),
            ("aws:SourceVpce", "vpce-0ab1"),
            ("ec2:Vpc", "arn:aws:ec2:*:*:vpc/vpc-0ab1"),
            ("ec2:Subnet", "arn:aws:ec2:*:*:subnet/subnet-0ab1"),
        )
    )
    _require(deny, "ArnLike" if key.startswith("ec2") else "StringEquals", key, value)


def _resource(rng: Random, deny: Json, asks: Asks) -> None:
    deny.pop("Resource", None)
    deny.pop("NotResource", None)
    own = rng.choice(asks)["resource"]
    choices = [("Resource", "arn:aws:ec2:*:*:network-interface/eni-0f1*"), ("NotResource", own)]
    if own != "*":
        choices += [("NotResource", own[:-1] + "*"), ("Resource", f"arn:aws:ec2:{rng.choice(REGIONS)}:*:*")]
    name, value = rng.choice(choices)
    deny[name] = value


def _function(rng: Random, deny: Json, _: Asks) -> None:
    """The Deny names other functions only, or this one by an ARN that never comes."""
    for by_key in deny["Condition"].values():
        for key in [k for k in by_key if k.lower() == KEY]:
            del by_key[key]
    deny["Condition"] = {operator: by_key for operator, by_key in deny["Condition"].items() if by_key}
    _require(deny, "ArnLike", "lambda:SourceFunctionArn", rng.sample(_OTHER_FUNCTIONS, rng.choice((1, 2))))


def _action(rng: Random, deny: Json, asks: Asks) -> None:
    own = asks[0]["action"]
    deny.pop("NotAction", None)
    rest = [action for action in ENI_ACTIONS if action != own]
    deny["Action"] = rng.choice(
        (rest, [*rest, own + "s"], [*rest, own.replace("e", "", 1)], [*rest, own.replace("ec2", "ec")])
    )
    if rng.random() < 0.2:
        del deny["Action"]
        deny["NotAction"] = [own, "s3:*"]


def _time(_: Random, deny: Json, asks: Asks) -> None:
    for ask in asks:
        ask["context"].update({"aws:currenttime": "2031-01-01T00:00:00Z", "aws:epochtime": "1925424000"})
    _require(deny, "DateLessThan", "aws:CurrentTime", "2030-06-01T00:00:00Z")


def _agent(_: Random, deny: Json, asks: Asks) -> None:
    for ask in asks:
        ask["context"]["aws:useragent"] = "curl/8"
    _require(deny, "StringNotLike", "aws:UserAgent", "curl*")


def _address(rng: Random, deny: Json, asks: Asks) -> None:
    for ask in asks:
        if not {"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"} & ask["context"].keys():
            ask["context"]["aws:sourceip"] = "203.0.113.9"
    _require(deny, "NotIpAddress", "aws:SourceIp", rng.choice(("203.0.113.0/24", "203.0.113.8/30")))


def _tag(rng: Random, deny: Json, asks: Asks) -> None:
    for ask in asks:
        for prefix in ("aws:resourcetag/", "ec2:resourcetag/"):
            ask["context"].pop(prefix + "hole", None)
    _require(deny, rng.choice(("StringEquals", "StringLike")), "aws:ResourceTag/hole", "prod")


_NARROWED: Final[dict[str, Callable[[Random, Json, Asks], None]]] = {
    "a Deny narrowed to or without a region": _region,
    "a Deny narrowed to a VPC, endpoint or subnet": _vpc,
    "a Deny narrowed by resource": _resource,
    "a Deny for other functions": _function,
    "a Deny with an action left out or misspelt": _action,
    "a Deny until a date": _time,
    "a Deny but for a user agent": _agent,
    "a Deny but for an address range": _address,
    "a Deny narrowed to a tag": _tag,
}
_UNGUARDED: Final = "an Allow without its guard"
_ADDED: Final = "an Allow added"


def _on_key(statement: Json) -> bool:
    return any(key.lower() == KEY for _, key, _ in conditions(statement))


def plant(role: Json, call: Sequence[Json], rng: Random) -> tuple[str, Json, Asks] | None:
    """A name, the role with a hole, and the code's call that the hole is made for; None where none was made.

    `call` is one that the Lambda service may make; nobody has checked yet that the code may make it now.
    """
    planted = copy.deepcopy(role)
    asks = [copy.deepcopy(dict(ask)) for ask in call]
    for ask in asks:
        ask["context"][KEY] = role["function_arn"]
    action = asks[0]["action"]
    groups = [statements(planted["policies"]), statements(planted["boundary"] or ())]
    guards = [s for group in groups for s in group if _on_key(s) and action_covered(s, action)]
    denies = [s for s in guards if s["Effect"] == "Deny"]
    allows = [s for s in guards if s["Effect"] == "Allow"]
    if denies:
        name = rng.choice(list(_NARROWED))
        _NARROWED[name](rng, rng.choice(denies), asks)
    elif allows and rng.random() < 0.7:
        name = _UNGUARDED
        guard = rng.choice(allows)
        guard["Condition"] = {
            operator: kept
            for operator, by_key in guard["Condition"].items()
            if (kept := {k: v for k, v in by_key.items() if k.lower() != KEY})
        }
    elif allows:
        name = _ADDED
        added: Json = {"Effect": "Allow", "Action": action, "Resource": sorted({ask["resource"] for ask in asks})}
        if rng.random() < 0.5:
            added["Resource"] = [r if r == "*" else r[:-1] + rng.choice(("*", "?")) for r in added["Resource"]]
        if rng.random() < 0.6:
            _require(added, "StringEquals", "ec2:Region", asks[0]["context"]["aws:requestedregion"])
        document = planted["policies"][0]
        document["Statement"] = [*as_list(document["Statement"]), added]
    else:
        return None
    return name, planted, asks
