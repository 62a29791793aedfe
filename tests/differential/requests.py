"""Concrete requests for a role: contexts from the documents' own values, near misses of them, and fresh ones."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from policy.iam.request import Authorization, Caller, Request
from policy.iam.search import keys
from tests.differential.generate import ACCOUNT, OTHER_ACCOUNT, REGIONS, ROLE_ARN
from tests.differential.plain import Json, as_list, conditions, statements, texts_of

KEY: Final = "lambda:sourcefunctionarn"
_FACTS: Final = {
    "aws:principalaccount": ACCOUNT,
    "aws:principalarn": ROLE_ARN,
    "aws:principaltype": "AssumedRole",
    "aws:resourceaccount": ACCOUNT,
    "aws:viaawsservice": "false",
}
_CHARACTERS: Final = "0ab1zX-"
_GLOBAL: Final = (
    "aws:currenttime", "aws:epochtime", "aws:securetransport", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce",
    "aws:useragent", "aws:vpcsourceip",
)  # fmt: skip
_FRESH: Final = {
    "aws:currenttime": ("2026-01-01T00:00:00Z", "2031-05-05T05:05:05Z"),
    "aws:epochtime": ("1767225600", "1935000000"),
    "aws:securetransport": ("true", "false"),
    "aws:sourceip": ("198.51.100.7", "2001:db8::7", "203.0.113.80", "10.9.9.9"),
    "aws:vpcsourceip": ("10.0.0.7", "203.0.113.80", "10.1.0.1"),
    "aws:sourcevpc": ("vpc-0c0de", "vpc-0a"),
    "aws:sourcevpce": ("vpce-0c0de", "vpce-0a"),
}


@dataclass(frozen=True)
class Call:
    """One request and who makes it."""

    caller: Caller
    request: Request


def plain_context(authorization: Authorization) -> Json:
    """The context as the simulator takes it: a string, or a list for a key with several values."""
    given = {}
    for key, values in authorization.context.items():
        assert isinstance(values, tuple)
        given[key] = list(values) if key == "aws:tagkeys" or len(values) > 1 else values[0]
    return given


class RequestGenerator:
    """Random concrete requests for one role."""

    def __init__(self, role: Json, rng: Random) -> None:
        self._rng = rng
        self._function_arn = role["function_arn"]
        limits = [*(role["boundary"] or ()), *(document for level in role.get("levels", ()) for document in level)]
        found = statements(role["policies"]) + statements(limits)
        self._values: dict[str, list[str]] = {}
        for statement in found:
            for operator, key, values in conditions(statement):
                own = [] if operator.lower() == "null" else texts_of(values)
                self._values.setdefault(key.lower(), []).extend(text for text in own if "${" not in text)
        self._resources = [
            pattern
            for statement in found
            for pattern in (*as_list(statement.get("Resource", [])), *as_list(statement.get("NotResource", [])))
            if pattern.count(":") >= 5
        ]
        texts = [*self._values.get("aws:requestedregion", ()), *self._values.get("ec2:region", ())]
        texts += [pattern.split(":")[3] for pattern in self._resources]
        self._regions = [text for text in texts if text in REGIONS]
        # A key that no text names makes no difference, and costs the simulator time.
        self._mentioned = {KEY, *self._values}
        everything = json.dumps([role["policies"], limits]).lower()
        # Who owns the subnets and VPCs: another account may share its own.
        self._networks = (ACCOUNT, ACCOUNT, OTHER_ACCOUNT) if OTHER_ACCOUNT in everything else (ACCOUNT,)
        self._network = ACCOUNT
        self._mentioned.update(key for key in (*_FACTS, "aws:requestedregion") if key in everything)

    def calls(self, actions: Iterable[str], number: int) -> list[Call]:
        """`number` requests for each action and caller."""
        return [
            Call(caller, self._request(action, caller))
            for action in actions
            for caller in Caller
            for _ in range(number)
        ]

    def _request(self, action: str, caller: Caller) -> Request:
        rng = self._rng
        entry = keys.action(action)
        service = caller is Caller.SERVICE
        # The service calls where the function is, and from AWS's own network.
        region = self._function_arn.split(":")[3] if service else rng.choice((*REGIONS, *self._regions, *self._regions))
        self._network = rng.choice(self._networks)
        shared = {**_FACTS, "aws:requestedregion": region, "ec2:region": region}
        if caller is Caller.CODE:
            shared[KEY] = self._function_arn
        for key in _GLOBAL:
            if key in self._values and rng.random() < 0.8:
                shared[key] = self._value(key, region)
        # Over the internet or through an endpoint, never both.
        absent = ("aws:sourceip",) if rng.random() < 0.5 else ("aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip")
        for key in absent if not service else ("aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"):
            shared.pop(key, None)
        if service and "aws:sourceip" in self._values:
            shared["aws:sourceip"] = keys.SERVICE_ADDRESS
        parts = [
            self._authorization(self._resource(kind, region), self._context(shared, kind, entry.keys, region), kind)
            for kind in (entry.resources or (None,))
        ]
        return Request(action, tuple(parts))

    def _authorization(
        self, resource: str, context: dict[str, tuple[str, ...]], kind: keys.ResourceType | None
    ) -> Authorization:
        repeated = {"network-interface": "ec2:networkinterfaceid", "subnet": "ec2:subnetid"}
        if kind is not None and kind.fixed is None:
            context[repeated[kind.name]] = (resource.partition("/")[2],)
        return Authorization(resource, {key: values for key, values in context.items() if key in self._mentioned})

    def _context(
        self, shared: Json, kind: keys.ResourceType | None, common: frozenset[str], region: str
    ) -> dict[str, tuple[str, ...]]:
        rng = self._rng
        available = common if kind is None else kind.keys
        context: dict[str, tuple[str, ...]] = {key: (value,) for key, value in shared.items()}
        context["aws:resourceaccount"] = (self._owner(kind),)
        tags: list[str] = []
        if "aws:tagkeys" in available:
            named = [key.partition("/")[2] for key in self._values if key.startswith("aws:requesttag/")]
            named += [text for text in self._values.get("aws:tagkeys", ()) if "*" not in text and "?" not in text]
            for name in {n.lower(): n for n in named if n}.values():
                if rng.random() < 0.5:
                    context[f"aws:requesttag/{name.lower()}"] = (self._value(f"aws:requesttag/{name.lower()}", region),)
                    tags.append(name)
            if tags:
                context["aws:tagkeys"] = tuple(tags)
        if "aws:resourcetag/" in available and rng.random() < 0.7:
            for key in list(self._values):
                prefix, _, name = key.partition("/")
                if prefix in ("aws:resourcetag", "ec2:resourcetag"):
                    value = (self._value(key, region),)
                    context[f"aws:resourcetag/{name}"] = context[f"ec2:resourcetag/{name}"] = value
        for key in ("ec2:vpc", "ec2:subnet", "ec2:availabilityzone"):
            if key in available:
                context[key] = (self._value(key, region),)
        return context

    def _owner(self, kind: keys.ResourceType | None) -> str:
        return self._network if kind is not None and kind.name == "subnet" else ACCOUNT

    def _resource(self, kind: keys.ResourceType | None, region: str) -> str:
        if kind is None:
            return "*"
        head = f"arn:aws:ec2:{region}:{self._owner(kind)}:{kind.name}/"
        if kind.fixed is not None:
            return head + kind.fixed
        prefix = "eni-" if kind.name == "network-interface" else f"{kind.name}-"
        own = [pattern.split("/")[-1] for pattern in self._resources if "/" in pattern and "$" not in pattern]
        drawn = self._drawn(own) if own and self._rng.random() < 0.85 else "0c0de"
        return head + (drawn if drawn.startswith(prefix) else prefix + drawn)

    def _value(self, key: str, region: str) -> str:
        rng = self._rng
        if key == "ec2:availabilityzone":
            return region + rng.choice("abc")
        if key in ("ec2:vpc", "ec2:subnet"):
            kind = key[4:]
            own = [text.split("/")[-1] for text in self._values.get(key, ())]
            drawn = self._drawn(own) if own and rng.random() < 0.8 else "0c0de"
            return f"arn:aws:ec2:{region}:{self._network}:{kind}/" + (
                drawn if drawn.startswith(kind) else f"{kind}-{drawn}"
            )
        own = self._values.get(key, [])
        if key in ("aws:sourceip", "aws:vpcsourceip"):
            own = [self._address(text) for text in own]
        if own and rng.random() < 0.75:
            return rng.choice(own) if key in _FRESH else self._drawn(own)
        return rng.choice(_FRESH.get(key, ("code", "", "zz")))

    def _address(self, text: str) -> str:
        network = ipaddress.ip_network(text, strict=False)
        offset = self._rng.choice((0, network.num_addresses - 1, self._rng.randrange(network.num_addresses)))
        number = int(network.network_address) + offset + self._rng.choice((0, 0, 0, -1, 1))
        make = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
        return str(make(min(max(number, 0), 2**network.max_prefixlen - 1)))

    def _drawn(self, patterns: Sequence[str]) -> str:
        """One of the patterns, its wildcards filled in, sometimes with pieces of another; or a near miss of that."""
        rng = self._rng
        pattern = rng.choice(patterns)
        other = rng.choice(patterns).replace("*", "").replace("?", "")
        text = ""
        for character in pattern:
            if character == "*":
                text += rng.choice(("", "", other, rng.choice(_CHARACTERS), "".join(rng.choices(_CHARACTERS, k=3))))
            elif character == "?":
                text += rng.choice(_CHARACTERS)
            else:
                text += character
        if rng.random() < 0.2 and text:
            place = rng.randrange(len(text))
            text = rng.choice(
                (text[:place] + text[place + 1 :], text[:place] + rng.choice(_CHARACTERS) + text[place:], text.upper())
            )
        return text


def asks(call: Call) -> list[dict[str, Any]]:
    """The simulator's questions for one call: one for each resource, all of which must be allowed."""
    return [
        {"action": call.request.action, "resource": a.resource, "context": plain_context(a)}
        for a in call.request.authorizations
    ]
