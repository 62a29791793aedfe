"""Roles of a preview without AWS: stand-ins in the place of the account, and sometimes of the region and the partition.

The role's own account is always a stand-in. In the documents some of it is spelled out instead, as other accounts are,
and may or may not be the same. What is said of the stack must hold in every *world*: whatever the stand-ins turn out to
be, named in the documents or not.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Final

from policy.iam.request import Caller
from policy.shared import aws_types, stand_ins
from policy.stack.links import link
from policy.stack.resources import Resource
from policy.verdict.exposure import Exposed, LockedOut, Outcome, Question, Unverified, judge_role
from policy.verdict.worlds import Judged as JudgedStack
from policy.verdict.worlds import judge_in_all
from tests.differential import generate
from tests.differential.generate import ACCOUNT, ENI_ACTIONS, OTHER_ACCOUNT, REGION, REGIONS
from tests.differential.plain import Json, statements
from tests.differential.run import NOW
from tests.differential.sure import Claim, Given, Judged, SureReport, run_part

QUESTION: Final = Question(ENI_ACTIONS, Decimal(NOW))
OWN: Final = stand_ins.account()
# That of another provider of the same program.
SECOND: Final = stand_ins.account(1)
# Those that no document names: one, and two that patterns of accounts match.
FRESH_ACCOUNTS: Final = ("555566667777", "123456789019", "123400005678")
ACCOUNT_PATTERNS: Final = ("12345678901?", "1234*", "1234????5678", "5*")
FRESH_REGIONS: Final = ("sa-east-1", "eu-north-1", "us-east-2")
_ABROAD: Final = (("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1"))

World = Mapping[str, str]


@dataclass(frozen=True)
class StandingIn:
    """A role with stand-ins in it, and what they turn out to be."""

    role: Json
    world: World

    def with_role(self, role: Json) -> StandingIn:
        """The same with another role."""
        return replace(self, role=role)

    def shown(self) -> Json:
        """The given role as a case folder keeps it."""
        return {"stand-ins": self.role, "turn out to be": dict(self.world)}

    def real(self) -> Json:
        """The role with everything in its place."""
        return replaced(self.role, self.world)

    def judged(self) -> Judged:
        """What is said of the stack."""
        return judged(self.role)

    def binds(self, _: Claim) -> bool:
        """Every claim is made for every world."""
        return True

    def smallest(self, _: Callable[[Given], bool]) -> StandingIn:
        """It is as small as its role."""
        return self


def replaced(role: Json, texts: Mapping[str, str]) -> Json:
    """The role with other texts in the place of some, wherever they are."""
    found = re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))))
    changed: Json = json.loads(found.sub(lambda match: texts[match.group()], json.dumps(role)))
    return changed


# ---- what the pack says


def judged(role: Json) -> Judged:
    """Judge the stack in all worlds. What is left of a role once something is unverified is not sure."""
    ((_, outcomes),) = judge_in_all(stack(role), _judge_one)
    undecided = any(isinstance(outcome, Unverified) for outcome in outcomes)
    claims = list(_claims(outcomes))
    exposed = {claim.action for claim in claims if claim.allowed}
    left = [action for action in ENI_ACTIONS if action not in exposed]
    if undecided:
        return Judged(claims, Counter({"a role's action": len(left)}))
    return Judged([*claims, *(Claim("no hole", a, Caller.CODE, allowed=False) for a in left)], Counter())


def _judge_one(found: tuple[Resource, ...]) -> JudgedStack:
    return [(execution, judge_role(execution, QUESTION)) for execution in link(found)]


def _claims(outcomes: list[Outcome]) -> Iterator[Claim]:
    for outcome in outcomes:
        if isinstance(outcome, Exposed):
            # The witness is one of a single world.
            yield from (Claim("a hole", action, Caller.CODE, allowed=True) for action in outcome.answers)
        elif isinstance(outcome, LockedOut):
            yield from (Claim("Lambda is locked out", a, Caller.SERVICE, allowed=False) for a in outcome.actions)


_URN: Final = "urn:pulumi:dev::shop::{}::{}"
_TRUST: Final = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def stack(role: Json) -> tuple[Resource, ...]:
    """The role with its policies, and the function in a VPC that runs on it, as the preview makes them."""
    _, partition, _, _, account, *_ = role["function_arn"].split(":")
    head = f"arn:{partition}:iam::{account}"
    role_arn, role_urn = f"{head}:role/orders-role", _URN.format(aws_types.ROLE, "orders-role")
    trust = {"Version": "2012-10-17", "Statement": _TRUST}
    role_props = {"name": "orders-role", "arn": role_arn, "assumeRolePolicy": json.dumps(trust)}
    vpc = {"subnetIds": ["subnet-0a1b2c3d4e5f60718"], "securityGroupIds": ["sg-0a1b2c3d4e5f60718"]}
    function = {"name": "orders", "arn": role["function_arn"], "role": role_arn, "vpcConfig": vpc}
    found = [Resource(_URN.format(aws_types.FUNCTION, "orders"), aws_types.FUNCTION, function, {"role": (role_urn,)})]
    for i, document in enumerate(role["policies"]):
        props = {"role": "orders-role", "policy": json.dumps(document), "name": f"p{i}"}
        found.append(Resource(_URN.format(aws_types.ROLE_POLICY, f"p{i}"), aws_types.ROLE_POLICY, props))
    if role["boundary"] is not None:
        role_props["permissionsBoundary"] = arn = f"{head}:policy/limit"
        # A role has one boundary.
        document = {"Version": "2012-10-17", "Statement": statements(role["boundary"])}
        props = {"arn": arn, "policy": json.dumps(document)}
        found.append(Resource(_URN.format(aws_types.POLICY, "limit"), aws_types.POLICY, props))
    return (Resource(role_urn, aws_types.ROLE, role_props), *found)


# ---- random ones


def with_stand_ins(role: Json, rng: Random) -> Json:
    """The role with stand-ins for its account, and sometimes for its region and partition, in most places."""
    region = rng.random() < 0.3
    partition = rng.random() < 0.3

    def text(found: re.Match[str]) -> str:
        word = found.group()
        if word == ACCOUNT:
            return rng.choices((OWN, word, rng.choice(ACCOUNT_PATTERNS)), (7, 2, 1))[0]
        if word == OTHER_ACCOUNT:
            return SECOND if second and rng.random() < 0.5 else word
        if word == REGION:
            return stand_ins.REGION if region and rng.random() < 0.7 else word
        return f"arn:{stand_ins.PARTITION}:" if partition and rng.random() < 0.7 else word

    second = rng.random() < 0.3
    words = re.compile(rf"(?<![0-9])(?:{ACCOUNT}|{OTHER_ACCOUNT})(?![0-9?*])|{REGION}(?![0-9a-z])|arn:aws:")
    documents = json.dumps({name: role[name] for name in ("policies", "boundary")})
    own_region = stand_ins.REGION if region else REGION
    own_partition = stand_ins.PARTITION if partition else "aws"
    function_arn = f"arn:{own_partition}:lambda:{own_region}:{OWN}:function:orders"
    return {**json.loads(words.sub(text, documents)), "function_arn": function_arn}


def worlds(role: Json, rng: Random) -> Iterator[World]:
    """One world of what the documents name, one of what they do not, and one of either."""
    _, partition, _, region, *_ = role["function_arn"].split(":")
    anywhere = partition == stand_ins.PARTITION and region == stand_ins.REGION
    for accounts, regions in (
        ((ACCOUNT, ACCOUNT, OTHER_ACCOUNT), REGIONS),
        (FRESH_ACCOUNTS, FRESH_REGIONS),
        ((ACCOUNT, OTHER_ACCOUNT, *FRESH_ACCOUNTS), (*REGIONS, *FRESH_REGIONS)),
    ):
        abroad = anywhere and rng.random() < 0.3
        of_partition, of_region = rng.choice(_ABROAD) if abroad else ("aws", rng.choice(regions))
        yield {
            OWN: rng.choice(accounts),
            SECOND: rng.choice((ACCOUNT, OTHER_ACCOUNT, *FRESH_ACCOUNTS)),
            stand_ins.REGION: of_region,
            stand_ins.PARTITION: of_partition,
        }


def roles_standing_in(seed: int, number: int) -> list[StandingIn]:
    """Role `number` of a run with stand-ins in it, and the worlds that it is tried in."""
    rng = Random(f"{seed}:{number}:stand-ins")
    role = with_stand_ins(generate.role(seed, number), rng)
    return [StandingIn(role, world) for world in worlds(role, rng)]


def run_stand_ins(seed: int, numbers: Iterable[int]) -> SureReport:
    """The roles with these numbers, with stand-ins in them."""
    return run_part(seed, numbers, lambda number: roles_standing_in(seed, number))
