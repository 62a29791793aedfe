"""A search for a request that IAM allows, by trying requests: standard library only, no code of the pack.

Values come from the role's own texts: each pattern alone, and every few patterns on one key or resource *together*
(`merged` writes the patterns of what both match), with their wildcards filled in by nothing and by a fresh character.
Small products are tried out whole. Large ones are sampled, and a sample that is denied is repaired by changing one
choice that the denying statement depends on.

Respected, because nobody can make such a request: the function's ARN and the session's facts; over the internet or
through a VPC endpoint, never both; a key only where EC2's reference lists it for the resource; `aws:TagKeys` are the
names of the request's tags; the new interface of a Create is `network-interface/*`. Interfaces are the role's own
account's; subnets and VPCs may be those of another account that the statements for the call name: it may share them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from itertools import combinations, product
from random import Random
from typing import Any, Final

from tests.differential.plain import (
    Json,
    Maybe,
    action_covered,
    as_list,
    conditions,
    fill,
    holds,
    resource_covered,
    seconds,
    statements,
    texts_of,
)

KEY: Final = "lambda:sourcefunctionarn"
REGIONS: Final = (
    "eu-central-1", "us-east-1", "eu-west-1", "us-west-2", "ap-southeast-2", "sa-east-1", "eu-north-1", "us-east-2",
    "us-west-1", "eu-west-3", "ap-northeast-1", "ca-central-1", "me-south-1", "af-south-1",
)  # fmt: skip
_OTHER_PARTITIONS: Final = {
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
}
# Transcribed from the Service Authorization Reference: what a call is authorised for, and the keys of each resource.
_EXISTING: Final = ("ec2:vpc", "ec2:availabilityzone", "resourcetag")
# The keys that repeat the identifier of the resource.
_IDENTIFIER_KEYS: Final = {"network-interface": "ec2:networkinterfaceid", "subnet": "ec2:subnetid"}
KINDS: Final[Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "ec2:CreateNetworkInterface": (("new", ("requesttag",)), ("subnet", _EXISTING)),
    "ec2:DeleteNetworkInterface": (("network-interface", (*_EXISTING, "ec2:subnet")),),
    "ec2:AssignPrivateIpAddresses": (("network-interface", (*_EXISTING, "ec2:subnet")),),
    "ec2:UnassignPrivateIpAddresses": (("network-interface", (*_EXISTING, "ec2:subnet")),),
    "ec2:DescribeNetworkInterfaces": (("none", ()),),
    "ec2:DescribeSubnets": (("none", ()),),
}
_PREFIX: Final = {"network-interface": "eni-", "subnet": "subnet-"}
_FACTS: Final[Mapping[str, Sequence[str]]] = {
    "aws:principaltype": ("AssumedRole",),
    "aws:viaawsservice": ("false",),
}
# Facts of the session of which nothing is known here: a condition on them is met by nobody and escaped by nobody.
_UNKNOWN_FACTS: Final = (
    "aws:principalarn",
    "aws:principalorgid",
    "aws:userid",
    "aws:multifactorauthpresent",
    "aws:tokenissuetime",
)

_WHOLE_PRODUCT: Final = 1500
_SAMPLES: Final = 120
_REPAIRS: Final = 25

Option = Mapping[str, Sequence[str]]


@lru_cache(maxsize=65536)
def merged(left: str, right: str, most: int = 6) -> tuple[str, ...]:
    """Patterns that cover what both patterns match; the shortest ones, where there are many."""
    found: dict[str, None] = {}
    queue = [(left, right, "")]
    for one, two, text in queue:
        if len(queue) > 400:
            break
        if not one and not two:
            found.setdefault(text)
            continue
        if one[:1] == "*" and two[:1] == "*":
            star = text if text.endswith("*") else text + "*"
            queue += [(one[1:], two, star), (one, two[1:], star)] if one != two else [(one[1:], two[1:], star)]
        elif one[:1] == "*":
            queue.append((one[1:], two, text))
            if two:
                queue.append((one, two[1:], text + two[0]))
        elif two[:1] == "*":
            queue.append((one, two[1:], text))
            if one:
                queue.append((one[1:], two, text + one[0]))
        elif one and two and (one[0] == two[0] or "?" in (one[0], two[0])):
            queue.append((one[1:], two[1:], text + (two[0] if one[0] == "?" else one[0])))
    return tuple(sorted(found, key=len)[:most])


@lru_cache(maxsize=8192)
def texts(patterns: tuple[str, ...], form: str, fresh: str) -> tuple[str, ...]:
    """Texts of this form that meet the patterns alone and together."""
    covers: dict[str, None] = {form: None}
    for pattern in dict.fromkeys(patterns):
        for cover in list(covers):
            if len(covers) < 48:
                covers.update(dict.fromkeys(merged(cover, pattern)))
    found = {fresh: None}
    for cover in covers:
        for star, mark in (("", "z"), ("z7", "z"), ("", "0")):
            text = cover.replace("*", star).replace("?", mark)
            found.setdefault(text)
    return tuple(found)


@dataclass(frozen=True)
class Found:
    """A request that is allowed: (resource, context) for each authorisation."""

    action: str
    parts: tuple[tuple[str, Option], ...]

    def asks(self) -> list[Json]:
        """In the form that the simulator is asked."""
        return [
            {
                "action": self.action,
                "resource": resource,
                "context": {k: list(v) if k == "aws:tagkeys" else v[0] for k, v in context.items() if v},
            }
            for resource, context in self.parts
        ]


class Brute:
    """The search for one role. `tried` counts requests."""

    def __init__(self, role: Json, rng: Random, now: int) -> None:
        self._role, self._rng, self._now = role, rng, now
        groups = [statements(role["policies"])] + ([] if role["boundary"] is None else [statements(role["boundary"])])
        groups += [statements(level) for level in role.get("levels", ())]
        self._groups = groups
        _, self.partition, _, _, self.account, *_ = role["function_arn"].split(":")
        self.facts: Option = {
            **_FACTS, "aws:principaltag/none": (),
            "aws:principalaccount": (self.account,), "aws:resourceaccount": (self.account,),
        }  # fmt: skip
        self.tried = 0
        self._memo: dict[tuple[str, str, int, object], Maybe] = {}
        self._values: dict[str, list[tuple[str, str]]] = {}
        self._patterns: list[str] = []
        for statement in (s for group in groups for s in group):
            for operator, key, values in conditions(statement):
                self._values.setdefault(key.lower(), []).extend((operator.lower(), t) for t in texts_of(values))
            for name in ("Resource", "NotResource"):
                self._patterns += [p for p in as_list(statement.get(name, [])) if ":" in p]

    def search(self, action: str, *, code: bool) -> Found | None:
        """A request for the action by the function's code (or by the Lambda service) that is allowed."""
        groups = [[s for s in group if action_covered(s, action)] for group in self._groups]
        if not all(any(s["Effect"] == "Allow" for s in group) for group in groups):
            return None
        seen = set()
        # The service calls where the function is.
        regions = self._regions() if code else [self.function_arn.split(":")[3]]
        for network, region in product(_networks(groups, self.account), regions):
            attempt = _Attempt(self, groups, action, region, network, code)
            if attempt.signature in seen:
                continue
            seen.add(attempt.signature)
            found = attempt.run()
            self.tried += attempt.tried
            if found is not None:
                return found
        return None

    # What the role's texts suggest.

    def _regions(self) -> list[str]:
        named = ("aws:requestedregion", "ec2:region", "ec2:vpc", "ec2:subnet", "ec2:availabilityzone")
        regional = self._values.keys() & set(named)
        regions = _OTHER_PARTITIONS.get(self.partition, REGIONS)
        return list(regions if regional or self._patterns else regions[:1])

    def on(self, key: str, context: Option) -> tuple[str, ...]:
        """The patterns on a key. An operator without case also suggests the other cases."""
        found = []
        for operator, text in self._values.get(key, ()):
            filled = fill(text, {**self.facts, **context})
            if "null" in operator or not isinstance(filled, str):
                continue
            text = filled
            found.append(text)
            if "ignorecase" in operator:
                found += [text.lower(), text.upper()]
        return tuple(found)

    def mentions(self, prefix: str) -> list[str]:
        """The keys that the role has conditions on."""
        return sorted(key for key in self._values if key == prefix or key.startswith(prefix + "/"))

    def identifiers(self, kind: str, region: str, account: str) -> list[str]:
        """Resources of one kind that the role's patterns suggest."""
        head = f"arn:{self.partition}:ec2:{region}:{account}:"
        here = {**self.facts, "aws:requestedregion": (region,)}
        ends = []
        for pattern in self._patterns:
            fields = (fill(pattern, here) or "").split(":", 5)
            if len(fields) == 6:
                ends.append(fields[5])
        ends += [f"{kind}/{text}" for text in self.on(_IDENTIFIER_KEYS[kind], here)]
        # AWS never gives an identifier that is nothing but its prefix, or that ends the field of an ARN.
        form = f"{kind}/{_PREFIX[kind]}?*"
        found = texts(tuple(ends), form, f"{kind}/{_PREFIX[kind]}0c0de")
        return [head + text for text in found if not set(text.partition("/")[2]) & set(":/")]

    def moments(self) -> list[int]:
        """Now, and both sides of each date from now on."""
        found = {self._now}
        for key in ("aws:currenttime", "aws:epochtime"):
            for _, text in self._values.get(key, ()):
                moment = seconds(text)
                if moment is not None:
                    found.update((int(moment) - 1, int(moment), int(moment) + 1))
        return sorted(m for m in found if m >= self._now)

    def addresses(self, key: str) -> list[str]:
        """Both ends of each range, and the addresses next to them."""
        found = {"198.51.100.7": None, "2001:db8::7": None, "1.2.3.4": None, "fd00::1": None, "200.1.2.3": None}
        for operator, text in self._values.get(key, ()):
            if "null" in operator:
                continue
            network = ipaddress.ip_network(text, strict=False)
            make = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
            for number in (int(network[0]), int(network[0]) - 1, int(network[-1]) + 1, int(network[-1])):
                if 0 <= number < 2**network.max_prefixlen:
                    found.setdefault(str(make(number)))
        return list(found)

    def met(self, operator: str, key: str, values: Any, option: Option, facts: Option) -> Maybe:
        """A condition under one option; remembered where it depends on nothing else."""
        if any("${" in text for text in texts_of(values)):
            return holds(operator, key, values, {**facts, **option})
        given = tuple(option.get(key.lower(), ()))
        name = (operator, key, id(values), given)
        if name not in self._memo:
            self._memo[name] = holds(operator, key, values, {key.lower(): given})
        return self._memo[name]

    @property
    def rng(self) -> Random:
        """The source of the samples."""
        return self._rng

    @property
    def function_arn(self) -> str:
        """The function whose code calls."""
        return str(self._role["function_arn"])


def _networks(groups: Iterable[Iterable[Json]], own: str) -> list[str]:
    """The accounts whose subnets a call may use: the role's own, and those that the statements for it name."""
    found = []
    for statement in (s for group in groups for s in group):
        for name in ("Resource", "NotResource"):
            found += [p for p in as_list(statement.get(name, [])) if p.split(":")[2:3] in (["ec2"], ["*"])]
        for _, key, values in conditions(statement):
            if key.lower() in ("ec2:vpc", "ec2:subnet", "aws:resourceaccount"):
                found += texts_of(values)
    return list(dict.fromkeys([own, *re.findall(r"(?<!\d)\d{12}(?!\d)", " ".join(found))]))


class _Attempt:
    """The search in one region: choices, and what each statement makes of each option of them."""

    def __init__(
        self, brute: Brute, groups: list[list[Json]], action: str, region: str, network: str, code: bool
    ) -> None:
        self._brute, self._action, self._network, self._code, self.tried = brute, action, network, code, 0
        self._facts: dict[str, Sequence[str]] = {
            **brute.facts, "aws:requestedregion": (region,), "ec2:region": (region,),
        }  # fmt: skip
        if code:
            self._facts[KEY] = (brute.function_arn,)
        self._choices: list[list[Option]] = []
        self._owner: dict[str, int] = {}
        self._share()
        # For each authorisation: the choices it depends on, and its statements as parts (choice, bits that meet it).
        self._parts: list[dict[int, None]] = []
        self._accounts: list[Sequence[str]] = []
        self._allows: list[list[list[tuple[int, int]]]] = []
        self._denies: list[list[tuple[int, int]]] = []
        for kind, listed in KINDS[action]:
            self._facts["aws:resourceaccount"] = (network if kind == "subnet" else brute.account,)
            self._accounts.append(self._facts["aws:resourceaccount"])
            self._authorisation(kind, listed, region, groups)
        self.signature = (
            tuple(tuple(map(tuple, way)) for way in self._allows),
            tuple(map(tuple, self._denies)),
            tuple(map(len, self._choices)),
        )

    def _choice(self, options: Iterable[Option], owner: dict[str, int], keys: Iterable[str]) -> int:
        self._choices.append(list(options))
        owner.update(dict.fromkeys(keys, len(self._choices) - 1))
        return len(self._choices) - 1

    def _share(self) -> None:
        """The choices that all resources of a call have in common."""
        brute = self._brute
        inside = ("aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip")
        if any(brute.mentions(key) for key in ("aws:sourceip", *inside)):
            # The service calls from AWS's network: through no endpoint, and from an address in nobody's ranges.
            addresses = brute.addresses("aws:sourceip") if self._code else ["240.0.0.1"]
            options: list[Option] = [{"aws:sourceip": (a,)} for a in addresses]
            ends = product(
                texts(brute.on("aws:sourcevpc", self._facts), "vpc-*", "vpc-0c0de"),
                texts(brute.on("aws:sourcevpce", self._facts), "vpce-*", "vpce-0c0de"),
                brute.addresses("aws:vpcsourceip") if brute.mentions("aws:vpcsourceip") else ["10.0.0.7"],
            )
            if self._code:
                options += [dict(zip(inside, ((v,) for v in end), strict=True)) for end in _some(ends, 200)]
            self._choice(options, self._owner, ("aws:sourceip", *inside))
        if brute.mentions("aws:currenttime") or brute.mentions("aws:epochtime"):
            moments = (
                (datetime.fromtimestamp(m, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), str(m))
                for m in brute.moments()
            )
            self._choice(
                [{"aws:currenttime": (iso,), "aws:epochtime": (epoch,)} for iso, epoch in moments],
                self._owner, ("aws:currenttime", "aws:epochtime"),
            )  # fmt: skip
        if brute.mentions("aws:securetransport"):
            options = [{"aws:securetransport": (v,)} for v in ("true", "false")]
            self._choice(options, self._owner, ("aws:securetransport",))
        for key in ("aws:useragent", "aws:referer"):
            if brute.mentions(key):
                found = texts(brute.on(key, self._facts), "*", "other")
                self._choice([{}, *({key: (t,)} for t in found if t)], self._owner, (key,))

    def _authorisation(self, kind: str, listed: tuple[str, ...], region: str, groups: list[list[Json]]) -> None:
        brute = self._brute
        owner = dict(self._owner)
        if kind == "none":
            resources = ["*"]
        elif kind == "new":
            resources = [f"arn:{brute.partition}:ec2:{region}:{brute.account}:network-interface/*"]
        else:
            resources = brute.identifiers(kind, region, self._facts["aws:resourceaccount"][0])
        repeated = [_IDENTIFIER_KEYS[kind]] if kind in _IDENTIFIER_KEYS else []
        options = [{"": (r,), **{key: (r.partition("/")[2],) for key in repeated}} for r in resources]
        target = self._choice(options, owner, repeated)
        for key in listed:
            if key == "requesttag":
                self._request_tags(owner)
            elif key == "resourcetag":
                names = {k.partition("/")[2] for p in ("aws:resourcetag", "ec2:resourcetag") for k in brute.mentions(p)}
                for name in sorted(names):
                    both = (f"aws:resourcetag/{name}", f"ec2:resourcetag/{name}")
                    found = texts(tuple(t for k in both for t in brute.on(k, self._facts)), "*", "other")
                    self._choice([{}, *(dict.fromkeys(both, (t,)) for t in found)], owner, both)
            elif brute.mentions(key):
                name = key[4:]
                forms = {
                    "ec2:vpc": f"arn:{brute.partition}:ec2:{region}:{self._network}:vpc/vpc-?*",
                    "ec2:subnet": f"arn:{brute.partition}:ec2:{region}:{self._network}:subnet/subnet-?*",
                    "ec2:availabilityzone": f"{region}?",
                }
                fresh = f"{region}a" if name == "availabilityzone" else forms[key].replace("?*", "0c0de")
                found = [
                    text
                    for text in texts(brute.on(key, self._facts), forms[key], fresh)
                    if name == "availabilityzone" or re.fullmatch(r"[^:/]+", text.partition("/")[2])
                ]
                self._choice([{key: (t,)} for t in found], owner, (key,))
        self._parts.append(dict.fromkeys((target, *owner.values())))
        ways: list[list[list[tuple[int, int]]]] = []
        for group in groups:
            allows = []
            for statement in group:
                deny = statement["Effect"] == "Deny"
                parts = self._statement(statement, target, owner, deny)
                if parts is None:
                    continue
                if deny:
                    self._denies.append(parts)
                else:
                    allows.append(parts)
            ways.append(allows)
        self._allows += ways

    def _request_tags(self, owner: dict[str, int]) -> None:
        brute = self._brute
        named = [key.partition("/")[2] for key in brute.mentions("aws:requesttag")]
        if not named and not brute.mentions("aws:tagkeys"):
            return
        spelled = dict.fromkeys(t for t in texts(brute.on("aws:tagkeys", self._facts), "*", "other") if t)
        names = {name.lower(): name for name in (*named, *spelled)}
        for name in named:
            names.setdefault(name, name)
        values = {
            n: texts(brute.on(f"aws:requesttag/{n}", self._facts), "*", "other")[:9] if n in named else ("v",)
            for n in names
        }
        options: list[Option] = [{}]
        for count in (1, 2, 3):
            for chosen in combinations(names, count):
                for given in product(*(values[n] for n in chosen)):
                    if len(options) >= 250:
                        break
                    tags = {f"aws:requesttag/{n}": (v,) for n, v in zip(chosen, given, strict=True)}
                    options.append({**tags, "aws:tagkeys": tuple(names[n] for n in chosen)})
        self._choice(options, owner, ("aws:tagkeys", *(f"aws:requesttag/{n}" for n in named)))

    def _statement(
        self, statement: Json, target: int, owner: dict[str, int], deny: bool
    ) -> list[tuple[int, int]] | None:
        """The options that meet each part: for certain, or, of a Deny, possibly. None where a part is never met."""
        parts: list[tuple[int, int]] = []
        answers: list[Maybe] = [resource_covered(statement, o[""][0], self._facts) for o in self._choices[target]]
        parts.append((target, _bits(answers, deny)))
        for operator, key, values in conditions(statement):
            number = owner.get(key.lower())
            if number is None:
                known = None if key.lower() in _UNKNOWN_FACTS else holds(operator, key, values, self._facts)
                parts.append((target, _bits([known] * len(self._choices[target]), deny)))
                continue
            options = self._choices[number]
            met = [self._brute.met(operator, key, values, option, self._facts) for option in options]
            parts.append((number, _bits(met, deny)))
        return parts if all(bits for _, bits in parts) else None

    def run(self) -> Found | None:
        """Try requests that one Allow of each group allows."""
        if not all(self._allows):
            return None
        full = [(1 << len(options)) - 1 for options in self._choices]
        for ways in _some(product(*self._allows), 24):
            domains = list(full)
            for part in ways:
                for number, bits in part:
                    domains[number] &= bits
            if all(domains):
                found = self._among([_numbers(d) for d in domains])
                if found is not None:
                    return found
        return None

    def _among(self, domains: list[list[int]]) -> Found | None:
        # A choice that no Deny depends on needs no second option.
        used = {number for deny in self._denies for number, _ in deny}
        domains = [d if i in used else d[:1] for i, d in enumerate(domains)]
        size = 1
        for domain in domains:
            size *= len(domain)
        if size <= _WHOLE_PRODUCT:
            for chosen in product(*domains):
                self.tried += 1
                if self._denied_by(chosen) is None:
                    return self._found(chosen)
            return None
        rng = self._brute.rng
        for _ in range(_SAMPLES):
            pick = [rng.choice(domain) for domain in domains]
            for _ in range(_REPAIRS):
                self.tried += 1
                deny = self._denied_by(pick)
                if deny is None:
                    return self._found(pick)
                escapes = [(n, o) for n, bits in deny for o in domains[n] if not bits >> o & 1]
                if not escapes:
                    break
                number, option = rng.choice(escapes)
                pick[number] = option
        return None

    def _denied_by(self, chosen: Sequence[int]) -> list[tuple[int, int]] | None:
        return next((d for d in self._denies if all(bits >> chosen[n] & 1 for n, bits in d)), None)

    def _found(self, chosen: Sequence[int]) -> Found:
        parts = []
        for used, account in zip(self._parts, self._accounts, strict=True):
            context = {**self._facts, "aws:resourceaccount": account}
            for number in used:
                context.update(self._choices[number][chosen[number]])
            resource = context.pop("")[0]
            parts.append((resource, context))
        return Found(self._action, tuple(parts))


def _bits(answers: Sequence[Maybe], deny: bool) -> int:
    return sum(1 << i for i, answer in enumerate(answers) if answer is True or (deny and answer is None))


def _numbers(bits: int) -> list[int]:
    return [i for i in range(bits.bit_length()) if bits >> i & 1]


def _some(items: Iterable[Any], most: int) -> Iterator[Any]:
    for count, item in enumerate(items):
        if count >= most:
            return
        yield item
