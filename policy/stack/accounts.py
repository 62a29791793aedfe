"""The account that a provider works in, as far as its configuration, or what it has deployed, tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policy.iam.truth import UNKNOWN, Unknown
from policy.shared import stand_ins
from policy.shared.partitions import partition_of

# Which credentials a provider uses, and so which account; a region tells nothing of that. The native provider has one file.
_CREDENTIALS: Final = (
    "accessKey",
    "profile",
    "sharedConfigFiles",
    "sharedCredentialsFile",
    "sharedCredentialsFiles",
    "token",
)
# The roles that a provider assumes: the one for its web identity first, and the others with the credentials of that one.
# What is assumed last is what it works with.
_ASSUMES: Final = ("assumeRoles", "assumeRole", "assumeRoleWithWebIdentity")
_LISTS: Final = ("allowedAccountIds", "forbiddenAccountIds")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ROLE: Final = re.compile(r"arn:[^:]*:iam::([0-9]{12}):role/")


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of an account that tells it from another one.

    `partition` is empty where it is not known. `numbers` are those of which its own is one, None where it may be any but
    the `excluded` ones.
    """

    partition: str = ""
    numbers: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()

    def apart_from(self, other: Account) -> bool:
        """Whether it is certainly another account: none is in two partitions, and none has two numbers."""
        if self.partition and other.partition and self.partition != other.partition:
            return True
        if self.numbers is None or other.numbers is None:
            left = other.numbers if self.numbers is None else self.numbers
        else:
            left = self.numbers & other.numbers
        return left is not None and left <= self.excluded | other.excluded


def known_of(account: str, provider: Mapping[str, Any]) -> Account:
    """What is known of the account of a provider: `account` is its number, or what stands for it."""
    region = provider.get("region")
    told = isinstance(region, str) and region not in ("", stand_ins.REGION)
    numbers = _real([account]) if _ACCOUNT.fullmatch(account) else _real(_listed(provider.get("allowedAccountIds")))
    forbidden = [text for text in map(_text, _listed(provider.get("forbiddenAccountIds"))) if _ACCOUNT.fullmatch(text)]
    return Account(partition_of(str(region)) if told else "", numbers, _real(forbidden) or frozenset())


def elsewhere(provider: Mapping[str, Any]) -> dict[str, Any]:
    """The provider for what is made with it in other accounts: which ones it allows for itself tells nothing of these."""
    return {name: value for name, value in provider.items() if name not in _LISTS}


def of_arn(arn: str) -> Account:
    """What an ARN tells of its account."""
    fields = arn.split(":")
    if len(fields) <= 5:
        return Account()
    return Account("" if fields[1] == stand_ins.PARTITION else fields[1], _real([fields[4]]))


def _real(given: list[Any]) -> frozenset[str] | None:
    """The accounts of a list of their numbers; None where not all are known, or something stands in for one."""
    numbers = frozenset(map(_text, given))
    known = all(_ACCOUNT.fullmatch(text) and not stand_ins.ACCOUNTS.fullmatch(text) for text in numbers)
    return numbers if numbers and known else None


def _listed(value: object) -> list[Any]:
    """A list, also of one that is given by itself; empty where nothing is."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def account_of(urn: str, provider: Mapping[str, Any]) -> str:
    """The account of a provider as far as its configuration tells: its number, or what stands for it.

    Names are looked up in one account, so providers of which the same is known are taken for one; one of which something
    is not known yet is like itself only.
    """
    allowed = _listed(provider.get("allowedAccountIds"))
    if len(allowed) == 1 and _ACCOUNT.fullmatch(number := _text(allowed[0])):
        return number
    assumed = _assumed(provider)
    found = _ROLE.match(assumed) if isinstance(assumed, str) else None
    if found:
        return found[1]
    credentials = [provider.get(name) for name in _CREDENTIALS]
    forbidden = _listed(provider.get("forbiddenAccountIds"))
    if assumed is not None or any(isinstance(value, Unknown) for value in (*allowed, *forbidden, *credentials)):
        return urn
    return json.dumps(credentials, sort_keys=True) if any(credentials) else ""


def _assumed(provider: Mapping[str, Any]) -> object:
    """The ARN of the role that a provider works with, UNKNOWN where it does not tell; None where it assumes none."""
    for name in _ASSUMES:
        value = provider.get(name)
        last = value[-1] if isinstance(value, list) and value else value
        if last:
            return last.get("roleArn", UNKNOWN) if isinstance(last, Mapping) else UNKNOWN
    return None


def _text(value: object) -> str:
    """A number of digits as a program may have it, as text; empty for anything else, and for one that is too long."""
    if isinstance(value, int) and 0 <= value < 10**12:
        return f"{value:012}"
    return value if isinstance(value, str) else ""


class Told:
    """The numbers of accounts that `account_of` does not tell and ARNs do.

    What a provider has made before is in the account in which it makes what is new. Providers that stand for one account
    may differ in which accounts they allow, or in their partition: what those have made that do not tells more than what
    others have. Where the ARNs of one name several, none is told.
    """

    def __init__(self, deployed: Iterable[tuple[str, Account, object]]) -> None:
        """`deployed` are resources that the stack manages: what stands for the account, what is known of it, its ARN."""
        self._found: dict[tuple[str, Account | None], set[Account]] = {}
        for account, known, arn in deployed:
            there = of_arn(arn) if isinstance(arn, str) else Account()
            if there.numbers is not None:
                for key in ((account, known), (account, None)):
                    self._found.setdefault(key, set()).add(there)

    def number(self, account: str, known: Account) -> str:
        """The number of an account; what stands for it where nothing tells more."""
        found = self._found.get((account, known)) or self._found.get((account, None)) or ()
        numbers = {number for each in found for number in each.numbers or ()}
        told = len(numbers) == 1 and not _ACCOUNT.fullmatch(account) and not any(map(known.apart_from, found))
        return numbers.pop() if told else account
