"""Where a template becomes a stack: what its pseudo parameters and its parameters are, as far as its maker tells.

Source: CloudFormation User Guide, "Pseudo parameters reference" and "Get AWS values using pseudo parameters".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from policy.iam.truth import UNKNOWN, Unknown
from policy.shared import stand_ins
from policy.shared.partitions import partition_of
from policy.stack.resources import Resource


@dataclass(frozen=True, slots=True)
class Made:
    """A value, and the URNs of what it was made from."""

    value: Any
    made_from: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a template becomes a stack: the pseudo parameters, and the parameters that it is given.

    Each text may be UNKNOWN. `parameters` are those that are given, or UNKNOWN; `made_from` are the URNs that unknown
    values among them were made from, and `body_made_from` those of unknown values inside of the template. `which` tells
    the stack from others that the same resource makes; empty where it makes one, or all alike.
    """

    stack_name: str | Unknown
    stack_id: str | Unknown
    region: str | Unknown
    account: str | Unknown
    partition: str | Unknown
    parameters: Mapping[str, Any] | Unknown = field(default_factory=dict)
    made_from: frozenset[str] = frozenset()
    body_made_from: frozenset[str] = frozenset()
    which: str = ""

    @property
    def url_suffix(self) -> str | Unknown:
        """The ending of the names of AWS's servers."""
        if isinstance(self.partition, Unknown):
            return UNKNOWN
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"


_STACK_ID: Final = re.compile(r"arn:([^:]+):cloudformation:([^:]+):([0-9]{12}):stack/([^/:]+)/[^/:]+")
_ACCOUNTS: Final = 10_000


def surroundings(
    maker: Resource,
    name: object,
    stack_id: object,
    *,
    elsewhere: bool,
    parameters: Mapping[str, Any] | Unknown,
    body: frozenset[str],
) -> Surroundings:
    """What a template finds in the stack that `maker` makes of it.

    `name` and `stack_id` are what is known of these. A stack set makes its stacks `elsewhere`: in any account and region.
    An account or region that is not known gets a stand-in, so that ARNs made with it are known to be of one account.
    `body` are the URNs that the template was made from.
    """
    deployed = _STACK_ID.fullmatch(stack_id) if isinstance(stack_id, str) else None
    if deployed is not None:
        partition, region, account, name = deployed.groups()
    else:
        region = stand_ins.REGION if elsewhere else maker.region or stand_ins.REGION
        account = stand_ins.account(_number(maker.account))
        if maker.account.isdecimal():
            account = maker.account
        partition = stand_ins.PARTITION if region == stand_ins.REGION else partition_of(region)
    known = name if isinstance(name, str) and not elsewhere else UNKNOWN
    return Surroundings(
        known,
        stack_id if deployed is not None and isinstance(stack_id, str) else UNKNOWN,
        region,
        account,
        partition,
        parameters,
        frozenset(maker.depends_on.get("parameters", ())),
        body,
    )


def by_name(value: object, key: str, item: str) -> Mapping[str, Any] | Unknown:
    """Parameters or outputs by name: they are an object, or a list of objects, each with its name and its value.

    UNKNOWN where one of the names is; it says why where they cannot be read.
    """
    if isinstance(value, Mapping | Unknown):
        return value
    pairs = [] if value is None else value
    if not isinstance(pairs, list):
        return Unknown(why="is made from parameters that have the wrong type")
    if any(isinstance(pair, Unknown) for pair in pairs):
        return UNKNOWN
    objects = [pair for pair in pairs if isinstance(pair, Mapping)]
    if any(isinstance(pair.get(key), Unknown) for pair in objects):
        return UNKNOWN
    return {pair[key]: pair.get(item) for pair in objects if isinstance(pair.get(key), str)}


def _number(account: str) -> int:
    """Which account is stood in for: 0 is that of the default provider."""
    return 1 + int(hashlib.sha256(account.encode()).hexdigest(), 16) % (_ACCOUNTS - 1) if account else 0
