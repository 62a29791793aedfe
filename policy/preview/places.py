"""Where a resource of the preview is made: partition, region and account, or the stand-ins for what nobody knows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..shared import stand_ins
from ..shared.partitions import partition_of
from .properties import UNKNOWN, Properties, is_unknown, reveal

# Inputs of a provider, and keys of its configuration, that decide in which account it works.
_CREDENTIALS = (
    "accessKey",
    "allowedAccountIds",
    "assumeRole",
    "assumeRoleWithWebIdentity",
    "assumeRoles",
    "profile",
    "roleArn",
    "secretKey",
    "sharedConfigFiles",
    "sharedCredentialsFiles",
    "token",
)
_ROLES = ("assumeRoles", "assumeRole", "assumeRoleWithWebIdentity", "roleArn")
_ACCOUNT = re.compile(r"[0-9]{12}")
_ROLE_ACCOUNT = re.compile(r"arn:[^:]*:iam::([0-9]{12}):")


@dataclass(frozen=True)
class Place:
    """A partition, region and account; each may be a stand-in, or UNKNOWN where the program's own value is."""

    partition: str
    region: str
    account: str

    @property
    def dns(self) -> str:
        """The ending of the names of AWS's servers."""
        return dns_suffix(self.region)


class Places:
    """The places of one preview's resources, by provider. The same provider has the same place all along."""

    def __init__(self, config: Mapping[str, str], account: str = "", region: str = "") -> None:
        """`config` is the stack's. `account` and `region` are what answers to data sources say, or empty."""
        self._region = config.get("aws:region") or region
        given = {key: config[f"aws:{key}"] for key in _CREDENTIALS if f"aws:{key}" in config}
        self._own = _fingerprint(given)
        self._account = account_of(given) or account or stand_ins.account(0)
        self._numbers: dict[str, int] = {}

    def of(self, urn: str, inputs: Properties, region: object = None) -> Place:
        """The place of a resource with the provider `urn` and its `inputs`; `region` is the resource's own input.

        Without a provider: that of the stack's configuration.
        """
        found = reveal(region) or reveal(inputs.get("region")) or self._region or stand_ins.REGION
        found = UNKNOWN if not isinstance(found, str) or UNKNOWN in found else found
        return Place(partition(found), found, self._account_of(urn, inputs))

    def is_own(self, urn: str, inputs: Properties) -> bool:
        """Whether a provider works with the credentials of the stack's configuration, or of the environment."""
        given = {key: inputs[key] for key in _CREDENTIALS if key in inputs}
        _, _, kind, name = urn.split("::", 3) if urn else ("", "", "", "default")
        if name.startswith("default") and (kind.endswith(":aws") or not given):
            return True
        own = _fingerprint(given)
        return own == self._own and UNKNOWN not in own

    def _account_of(self, urn: str, inputs: Properties) -> str:
        if self.is_own(urn, inputs):
            return self._account
        given = {key: inputs[key] for key in _CREDENTIALS if key in inputs}
        credentials = _fingerprint(given)
        # Providers whose credentials are unknown may each be in an account of its own.
        key = urn if UNKNOWN in credentials else credentials
        return account_of(given) or stand_ins.account(self._number(key))

    def _number(self, key: str) -> int:
        """A number from 1 for a set of credentials: that of another run, whatever the order of registration."""
        if key not in self._numbers:
            number = int(hashlib.sha256(key.encode()).hexdigest(), 16) % 9_999
            while number + 1 in self._numbers.values():
                number = (number + 1) % 9_999
            self._numbers[key] = number + 1
        return self._numbers[key]


def account_of(inputs: Properties) -> str:
    """The account that a provider's inputs or configuration tell: the only one allowed, or that of its role."""
    allowed = _plain(inputs.get("allowedAccountIds"))
    accounts = [_account_text(one) for one in (allowed if isinstance(allowed, list) else [allowed])]
    if len(accounts) == 1 and _ACCOUNT.fullmatch(accounts[0]):
        return accounts[0]
    for key in _ROLES:
        # Roles are assumed one after the other: the last one is what the provider works with.
        for text in reversed([*_texts(_plain(inputs.get(key)))]):
            if found := _ROLE_ACCOUNT.match(text):
                return found[1]
    return ""


def partition(region: str) -> str:
    """The partition of a region."""
    if region in (stand_ins.REGION, UNKNOWN):
        return stand_ins.PARTITION if region == stand_ins.REGION else UNKNOWN
    return partition_of(region)


def dns_suffix(region: str) -> str:
    """The ending of the names of AWS's servers in a region."""
    if region == UNKNOWN:
        return UNKNOWN
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def _account_text(value: object) -> str:
    # YAML reads an account without quotation marks as a number.
    return f"{value:012d}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _plain(value: object) -> object:
    """A provider's input as it was given: lists and objects travel as JSON text, in its inputs and its configuration."""
    value = reveal(value)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _texts(value: object) -> Iterator[str]:
    value = reveal(value)
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts(value.get("roleArn", value.get("role_arn")))


def _fingerprint(inputs: Properties) -> str:
    plain = {key: UNKNOWN if is_unknown(value) else _plain(value) for key, value in inputs.items()}
    return json.dumps(plain, sort_keys=True) if plain else ""
