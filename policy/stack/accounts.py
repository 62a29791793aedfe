"""The account that a provider works in, as far as its configuration, or what it has deployed, tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from policy.iam.truth import Unknown
from policy.shared import stand_ins

# Which credentials a provider uses, and so which account; a region tells nothing of that.
_CREDENTIALS: Final = ("accessKey", "profile", "sharedConfigFiles", "sharedCredentialsFiles", "token")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")


def account_of(urn: str, provider: Mapping[str, Any]) -> str:
    """The account of a provider as far as its configuration tells: its number, or what stands for it.

    Names are looked up in one account, so providers of which the same is known are taken for one; one of which something
    is not known yet is like itself only.
    """
    allowed = provider.get("allowedAccountIds")
    allowed = [allowed] if isinstance(allowed, str | int) else allowed
    if isinstance(allowed, list) and len(allowed) == 1 and _ACCOUNT.fullmatch(number := _text(allowed[0])):
        return number
    assumed = json.dumps(provider.get("assumeRoles") or provider.get("assumeRole") or "", default=lambda _: "?")
    found = re.findall(r"arn:[^:]*:iam::([0-9]{12}):role/", assumed)
    if found:
        return str(found[-1])
    credentials = [provider.get(name) for name in _CREDENTIALS]
    if assumed != '""' or any(isinstance(value, Unknown) for value in (allowed, *credentials)):
        return urn
    return json.dumps(credentials, sort_keys=True) if any(credentials) else ""


def _text(value: object) -> str:
    """A number of digits as a program may have it, as text; empty for anything else, and for one that is too long."""
    if isinstance(value, int) and 0 <= value < 10**12:
        return f"{value:012}"
    return value if isinstance(value, str) else ""


def told_by_arns(deployed: Iterable[tuple[str, object]]) -> dict[str, str]:
    """The numbers of accounts that `account_of` does not tell and ARNs do, by what stands for them.

    `deployed` are resources that the stack manages, each as what stands for its account and its own ARN: what a provider
    has made before is in the account in which it makes what is new. Where the ARNs of one name several, none is told.
    """
    found: dict[str, set[str]] = {}
    for account, arn in deployed:
        fields = arn.split(":") if isinstance(arn, str) else []
        if len(fields) > 5 and _ACCOUNT.fullmatch(fields[4]) and not stand_ins.ACCOUNTS.fullmatch(fields[4]):
            found.setdefault(account, set()).add(fields[4])
    return {
        account: numbers.pop()
        for account, numbers in found.items()
        if len(numbers) == 1 and not _ACCOUNT.fullmatch(account)
    }
