"""Values on both sides of every threshold that conditions set: of numbers, moments and ranges of addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from decimal import Context as DecimalContext
from itertools import pairwise
from typing import Final

from policy.iam.conditions import parse_date, parse_network, parse_number

_LAST_DATE: Final = Decimal(253_402_300_799)  # 9999-12-31T23:59:59Z
# With the usual 28 digits, the number below 1e30 would be 1e30.
_EXACT: Final = DecimalContext(prec=2000)


def numbers(texts: Iterable[str]) -> list[str]:
    """Each number, and one on either side of it and between neighbours."""
    given = sorted({n for n in map(parse_number, texts) if n is not None})
    between = [_EXACT.divide(_EXACT.add(a, b), Decimal(2)) for a, b in pairwise(given)]
    sides = [_EXACT.subtract(given[0], Decimal(1)), _EXACT.add(given[-1], Decimal(1))] if given else []
    return [format(n.normalize(_EXACT), "f") for n in [*given, *between, *sides]]


def instants(texts: Iterable[str], now: Decimal) -> list[Decimal]:
    """Whole seconds from `now` on: now, each date, and one second on either side of it."""
    found = {now.to_integral_value(ROUND_FLOOR)}
    for moment in map(parse_date, texts):
        if moment is not None:
            low, high = moment.to_integral_value(ROUND_FLOOR), moment.to_integral_value(ROUND_CEILING)
            found.update((low - 1, low, high, high + 1))
    return sorted(m for m in found if now <= m <= _LAST_DATE or m == now.to_integral_value(ROUND_FLOOR))


def addresses(texts: Iterable[str], fresh: str) -> list[str]:
    """The first address of each range and the ones just outside it, of both versions of IP.

    Complete: the lowest address of any combination of ranges is the first of one, or follows the last of another.
    """
    found: list[str] = [fresh]
    for network in map(parse_network, texts):
        if network is None:
            continue
        first, last = int(network.network_address), int(network.broadcast_address)
        highest = 2**network.max_prefixlen - 1
        make = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
        found += [str(make(n)) for n in (first, last + 1, first - 1) if 0 <= n <= highest]
    return list(dict.fromkeys([*found, "0.0.0.0", "2001:db8::7", "::"]))
