"""Gives a preview's resources the ARNs, ids and names that AWS would give them, or stand-ins of the same form.

What can be formed from what is known is formed (stand_in_forms.py); what AWS makes up gets a value with a mark
(stand_ins.py); everything else stays unknown, and so does whatever would be formed from it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ..shared import stand_ins
from .places import Place
from .properties import UNKNOWN, Properties, as_secret, is_secret, is_unknown, reveal
from .stand_in_forms import FORMS, NAMES, Templates

_FIELD: Final = re.compile(r"\{(?P<name>\w+)(?:=(?P<default>[^:}]*))?(?::(?P<filter>[\w-]+))?\}")


class _UnknownPartError(Exception):
    """A part of the template is not known: the whole stays unknown."""


@dataclass(frozen=True)
class Formed:
    """A resource's id, empty where it is unknown, and its outputs."""

    id: str
    outputs: Properties


def form(resource_type: str, urn: str, inputs: Properties, outputs: Properties, place: Place) -> Formed:
    """Complete the outputs of a resource that is yet to be created, as far as they can be formed."""
    templates = FORMS.get(resource_type)
    if templates is None:
        return Formed("", outputs)
    formed = {**outputs, **_name(resource_type, urn, inputs, outputs, templates)}
    for key, template in templates.items():
        # A property that the program gives is not made again, even where it is unknown: the input is unknown then.
        if key not in inputs and (key not in formed or is_unknown(formed[key])):
            value = _Former(urn, key, formed, place).fill(template)
            if not is_unknown(value) or key in formed:
                formed[key] = value
    # The id of an aws-native resource is none of its properties.
    found = reveal(formed.get("id") if resource_type.startswith("aws:") else formed.pop("id", None))
    return Formed(found if isinstance(found, str) and not is_unknown(found) else "", formed)


def form_read(resource_type: str, outputs: Properties, place: Place) -> Properties:
    """Complete the outputs of a resource that exists already: its ARN, where its id and what the program says give it.

    Nothing is made up for it, and nothing is taken for its default.
    """
    templates = FORMS.get(resource_type, {})
    known = dict(outputs)
    if match := re.fullmatch(r"\{(\w+)\}", templates.get("id", "")):
        known[match[1]] = outputs.get("id", UNKNOWN)
    if "arn" not in templates or not is_unknown(outputs.get("arn", UNKNOWN)):
        return outputs
    arn = known["arn"] if match and match[1] == "arn" else _Former("", "arn", known, place).fill(templates["arn"])
    return {**outputs, "arn": arn}


def stood_in(value: object) -> frozenset[str]:
    """All stand-ins in a value."""
    if isinstance(value, str):
        return frozenset(match[0] for match in stand_ins.ANY.finditer(value))
    if isinstance(value, Mapping):
        value = list(value.values())
    return frozenset().union(*map(stood_in, value)) if isinstance(value, list) else frozenset()


def described(found: Iterable[str]) -> str:
    """One line that names what stands in, and says how to give the real thing; empty for nothing."""
    ordered = sorted(found)
    accounts = [text for text in ordered if stand_ins.ACCOUNTS.fullmatch(text)]
    parts = []
    if accounts:
        many = "s" * (len(accounts) > 1)
        parts.append(f"{', '.join(accounts)} for the account{many} (to give it: allowedAccountIds, or --answers)")
    if {stand_ins.REGION, stand_ins.PARTITION} & {*ordered}:
        parts.append(f"{stand_ins.REGION} for the region, {stand_ins.PARTITION} for the partition (aws:region)")
    if any(stand_ins.IDS.fullmatch(text) for text in ordered):
        parts.append("made-up digits for the ids that AWS chooses")
    return f"AWS is not asked, stand-ins are used: {'; '.join(parts)}" if parts else ""


def _name(
    resource_type: str, urn: str, inputs: Properties, outputs: Properties, templates: Templates
) -> Mapping[str, object]:
    """The name that Pulumi or the provider chooses where the program leaves it out, for a type whose ARN holds it."""
    key = NAMES.get(resource_type, "name")
    if key in inputs or not any(re.search(rf"\{{{key}[:=}}]", template) for template in templates.values()):
        return {}
    prefix = reveal(inputs.get(f"{key}Prefix"))
    digits = hashlib.sha256(urn.encode()).hexdigest()
    if prefix is None:
        return {} if key in outputs else {key: f"{urn.split('::', 3)[3]}-{digits[:7]}"}
    if not isinstance(prefix, str) or is_unknown(prefix):
        return {key: UNKNOWN}
    # The provider puts the time and a counter there, 26 digits together.
    name = prefix + str(int(digits, 16))[:26]
    return {key: as_secret(name) if is_secret(inputs[f"{key}Prefix"]) else name}


class _Former:
    """Fills the template of one property of one resource."""

    def __init__(self, urn: str, key: str, properties: Properties, place: Place) -> None:
        self._seed = urn if key == "id" else f"{urn}#{key}"
        self._properties = properties
        self._place = place
        self._exists = not urn
        self._secret = False

    def fill(self, template: str) -> object:
        """The property's value: unknown where a part is, secret where any part is."""
        try:
            text = _FIELD.sub(self._part, template)
        except _UnknownPartError:
            return UNKNOWN
        return as_secret(text) if self._secret else text

    def _part(self, match: re.Match[str]) -> str:
        name, default, rule = match["name"], match["default"], match["filter"]
        if name == "new":
            return _MADE[rule](self._seed) if rule in _MADE else stand_ins.identifier(rule, self._seed)
        value = getattr(self._place, name, None) if name in _PLACE else self._properties.get(name)
        self._secret |= is_secret(value)
        value = reveal(value)
        if value is None and not self._exists:
            value = default
        if is_unknown(value) or value is None:
            raise _UnknownPartError
        if rule is not None:
            return _FILTERS[rule](value, self._place)
        if not isinstance(value, str) or UNKNOWN in value:
            raise _UnknownPartError
        return value


_PLACE: Final = ("partition", "region", "account", "dns")
_MADE: Final[Mapping[str, Callable[[str], str]]] = {
    "uuid": stand_ins.uuid,
    "token": stand_ins.token,
    "hexadecimal": stand_ins.hexadecimal,
    "suffix": lambda _: stand_ins.SUFFIX,
}


def _function(value: object, place: Place) -> str:
    """A function's unqualified ARN, from its name, its ARN, or `account:function:name`; each may have a qualifier."""
    text = str(value)
    if text.startswith("arn:"):
        return ":".join(text.split(":")[:7])
    if is_unknown(place.region):
        raise _UnknownPartError
    account, function, name = text.partition(":function:")
    if not function:
        account, name = place.account, text
    return f"arn:{place.partition}:lambda:{place.region}:{account}:function:{name.partition(':')[0]}"


def _version(publish: object, _: Place) -> str:
    return "1" if publish in (True, "true") else "$LATEST"


def _moment(enabled: object, _: Place) -> str:
    if enabled is not True:
        raise _UnknownPartError
    return stand_ins.MOMENT


def _bus(name: object, _: Place) -> str:
    # The default bus does not stand in a rule's ARN.
    text = str(name).rpartition("/")[2]
    return "" if text == "default" else f"{text}/"


_BALANCERS: Final = {"application": "app", "network": "net", "gateway": "gwy"}
_FILTERS: Final[Mapping[str, Callable[[object, Place], str]]] = {
    "function": _function,
    "version": _version,
    "moment": _moment,
    "bus": _bus,
    "balancer": lambda kind, _: _BALANCERS.get(str(kind), "app"),
    "host": lambda url, _: str(url).removeprefix("https://"),
    # The ARN of the parameter `/app/key` is `parameter/app/key`.
    "unrooted": lambda name, _: str(name).removeprefix("/"),
}
