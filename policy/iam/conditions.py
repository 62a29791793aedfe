"""IAM's condition operators: one row of a table each, and the set operators, IfExists and Null on top.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Final

from policy.iam.matching import LITERAL_QUESTION, LITERAL_STAR, arn_like, glob, unescaped
from policy.iam.truth import UNKNOWN, Truth, Unknown, all_of, any_of

# What a request says of one context key. A key that is in no mapping is absent. `UNKNOWN` in place of a value:
# the key is there, its value is not known. `UNKNOWN` in place of the tuple: not even its presence is known.
ContextValues = tuple[str | Unknown, ...] | Unknown
Context = Mapping[str, ContextValues]

Compare = Callable[[str, str], Truth]


class Family(Enum):
    """What an operator takes its values for; it decides which values are worth trying."""

    STRING = "String"
    NUMERIC = "Numeric"
    DATE = "Date"
    BOOL = "Bool"
    BINARY = "Binary"
    IP_ADDRESS = "IpAddress"
    ARN = "Arn"
    NULL = "Null"


@dataclass(frozen=True, slots=True)
class Operator:
    """One row: `compare(value of the request, value of the statement)`, and whether the operator is its negation."""

    name: str
    family: Family
    compare: Compare
    negated: bool = False
    wildcards: bool = False
    ignore_case: bool = False

    @property
    def takes_variables(self) -> bool:
        """Policy variables work in String and Arn operators only (IAM User Guide, "Policy variables")."""
        return self.family in (Family.STRING, Family.ARN)


def _equal(value: str, wanted: str) -> Truth:
    return Truth.of(value == unescaped(wanted))


def _equal_ignoring_case(value: str, wanted: str) -> Truth:
    return Truth.of(value.lower() == unescaped(wanted).lower())


def _like(value: str, pattern: str) -> Truth:
    return Truth.of(glob(pattern).matches(value))


def _arn_like(value: str, pattern: str) -> Truth:
    return Truth.of(arn_like(value, pattern))


def _arn_unlike(value: str, pattern: str) -> Truth:
    # Whether the negated operators take a text that is not nearly an ARN (`*`, `orders`) for one is not documented.
    return Truth.UNKNOWN if pattern.count(":") < 4 else Truth.of(arn_like(value, pattern))


_MOST_DIGITS: Final = 400


def parse_number(text: str) -> Decimal | None:
    """The number, or None. Exact, because IAM compares decimals.

    `1e999999` is none: written out in digits it is a megabyte, and beyond what any key's value can be.
    """
    if len(text) > _MOST_DIGITS:
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= _MOST_DIGITS else None


_DATE: Final = re.compile(
    r"(\d{4})-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?)?", re.ASCII
)


@lru_cache(maxsize=4096)
def parse_date(text: str) -> Decimal | None:
    """Seconds since 1970-01-01T00:00Z, or None. W3C date formats and epoch seconds, as IAM takes them."""
    match = _DATE.fullmatch(text.strip())
    if not match:
        return parse_number(text)
    year, month, day, hour, minute, second = (int(group or 0) for group in match.groups()[:6])
    try:
        moment = datetime(year, month, day or 1, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None
    zone = match.group(8) or "Z"
    offset = 0
    if zone != "Z":
        offset = (int(zone[1:3]) * 60 + int(zone[-2:])) * (60 if zone[0] == "+" else -60)
    return Decimal(int(moment.timestamp())) + Decimal(match.group(7) or 0) - offset


@lru_cache(maxsize=4096)
def parse_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """An address or a CIDR range, or None. Host bits are taken off, as IAM does."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def _in_network(value: str, wanted: str) -> Truth:
    address, network = parse_network(value), parse_network(wanted)
    if address is None or network is None:
        return Truth.UNKNOWN
    if address.version != network.version:
        return Truth.NO
    return Truth.of(address.subnet_of(network))  # type: ignore[arg-type]  # the versions are the same


def _ordered(parse: Callable[[str], Decimal | None], test: Callable[[Decimal, Decimal], bool]) -> Compare:
    def compare(value: str, wanted: str) -> Truth:
        left, right = parse(value), parse(wanted)
        if left is None or right is None:
            return Truth.UNKNOWN
        return Truth.of(test(left, right))

    return compare


def _boolean(value: str, wanted: str) -> Truth:
    return Truth.of(value.lower() == wanted.lower())


def _binary(value: str, wanted: str) -> Truth:
    try:
        return Truth.of(base64.b64decode(value, validate=True) == base64.b64decode(wanted, validate=True))
    except (binascii.Error, ValueError):
        return Truth.UNKNOWN


def _null(*_: str) -> Truth:
    raise AssertionError("Null looks at presence, not at values")


_ORDER: Final[tuple[tuple[str, Callable[[Decimal, Decimal], bool], bool], ...]] = (
    ("Equals", lambda a, b: a == b, False),
    ("NotEquals", lambda a, b: a == b, True),
    ("LessThan", lambda a, b: a < b, False),
    ("LessThanEquals", lambda a, b: a <= b, False),
    ("GreaterThan", lambda a, b: a > b, False),
    ("GreaterThanEquals", lambda a, b: a >= b, False),
)

_ROWS: Final = (
    Operator("StringEquals", Family.STRING, _equal),
    Operator("StringNotEquals", Family.STRING, _equal, negated=True),
    Operator("StringEqualsIgnoreCase", Family.STRING, _equal_ignoring_case, ignore_case=True),
    Operator("StringNotEqualsIgnoreCase", Family.STRING, _equal_ignoring_case, negated=True, ignore_case=True),
    Operator("StringLike", Family.STRING, _like, wildcards=True),
    Operator("StringNotLike", Family.STRING, _like, negated=True, wildcards=True),
    *(Operator(f"Numeric{n}", Family.NUMERIC, _ordered(parse_number, t), negated=neg) for n, t, neg in _ORDER),
    *(Operator(f"Date{n}", Family.DATE, _ordered(parse_date, t), negated=neg) for n, t, neg in _ORDER),
    Operator("Bool", Family.BOOL, _boolean),
    Operator("BinaryEquals", Family.BINARY, _binary),
    Operator("IpAddress", Family.IP_ADDRESS, _in_network),
    Operator("NotIpAddress", Family.IP_ADDRESS, _in_network, negated=True),
    Operator("ArnEquals", Family.ARN, _arn_like, wildcards=True),
    Operator("ArnLike", Family.ARN, _arn_like, wildcards=True),
    Operator("ArnNotEquals", Family.ARN, _arn_unlike, negated=True, wildcards=True),
    Operator("ArnNotLike", Family.ARN, _arn_unlike, negated=True, wildcards=True),
    Operator("Null", Family.NULL, _null),
)

# Operator names are case-insensitive (facts: tried against IAM), so they are looked up in lower case.
OPERATORS: Final[Mapping[str, Operator]] = {row.name.lower(): row for row in _ROWS}


# The global keys that can have several values (IAM User Guide, "AWS global condition context keys").
MULTIVALUED_KEYS: Final = frozenset(
    (
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "aws:vpceorgpaths",
    )
)


class SetOperator(Enum):
    """How an operator looks at a key that has several values."""

    FOR_ALL_VALUES = "ForAllValues"
    FOR_ANY_VALUE = "ForAnyValue"


SET_OPERATORS: Final[Mapping[str, SetOperator]] = {member.value.lower(): member for member in SetOperator}


# Not `frozen`, which makes building one five times as slow; nothing writes to it.
@dataclass(slots=True, unsafe_hash=True)
class Condition:
    """One key under one operator. Keys are kept in lower case: IAM does not look at their case."""

    operator: Operator
    key: str
    values: tuple[str | Unknown, ...]
    set_operator: SetOperator | None = None
    if_exists: bool = False
    # `${...}` is a policy variable only from version 2012-10-17 on.
    variables: bool = True
    path: str = ""

    @property
    def name(self) -> str:
        """The operator as a statement spells it, e.g. `ForAnyValue:StringEqualsIfExists`."""
        prefix = f"{self.set_operator.value}:" if self.set_operator else ""
        return f"{prefix}{self.operator.name}{'IfExists' if self.if_exists else ''}"


_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")


def variable_keys(text: str) -> tuple[str, ...]:
    """The context keys, in lower case, of the policy variables in a value."""
    names = (match.group(1).split(",")[0].strip().lower() for match in _VARIABLE.finditer(text))
    return tuple(dict.fromkeys(name for name in names if name not in ("*", "?", "$")))


def substitute(text: str, context: Context) -> str | Unknown | None:
    """The value with its policy variables filled in from the request.

    None where a variable's key is not in the request (or has several values) and the variable has no default: IAM
    then matches nothing with it. What is filled in is literal: its `*` and `?` are no wildcards.
    """
    if "${" not in text:
        return text
    missing = unknown = False

    def fill(match: re.Match[str]) -> str:
        nonlocal missing, unknown
        name, comma, default = match.group(1).partition(",")
        name = name.strip()
        if name in ("*", "?", "$"):
            return {"*": LITERAL_STAR, "?": LITERAL_QUESTION, "$": "$"}[name]
        values = context.get(name.lower())
        if isinstance(values, Unknown):
            unknown = True
            return ""
        if values is not None and len(values) == 1:
            value = values[0]
            if isinstance(value, Unknown):
                unknown = True
                return ""
            return value.replace("*", LITERAL_STAR).replace("?", LITERAL_QUESTION)
        fallback = re.fullmatch(r"\s*'(.*)'\s*", default) if comma else None
        if values is None and fallback:
            return fallback.group(1).replace("*", LITERAL_STAR).replace("?", LITERAL_QUESTION)
        missing = True
        return ""

    filled = _VARIABLE.sub(fill, text)
    if missing:
        return None
    return UNKNOWN if unknown else filled


def widened(text: str, context: Context) -> str:
    """The value as a pattern that matches at least what it can match: a variable that is not known can be anything."""

    def fill(match: re.Match[str]) -> str:
        filled = substitute(match.group(), context)
        return filled if isinstance(filled, str) else "*"

    return _VARIABLE.sub(fill, text)


def holds(condition: Condition, context: Context) -> Truth:
    """Whether the condition is met by a request with this context. Keys of `context` are in lower case."""
    present = _presence(condition.key, context)
    if condition.operator.family is Family.NULL:
        return _null_holds(condition, present)
    if present is Truth.NO:
        return _holds_when_absent(condition)
    values = context[condition.key]
    return Truth.UNKNOWN if isinstance(values, Unknown) else _holds_for(condition, values, context)


def _presence(key: str, context: Context) -> Truth:
    if key not in context:
        return Truth.NO
    return Truth.UNKNOWN if isinstance(context[key], Unknown) else Truth.of(bool(context[key]))


def _null_holds(condition: Condition, present: Truth) -> Truth:
    # "true": the key must be absent, "false": it must be there. Several values are alternatives.
    return any_of(
        Truth.UNKNOWN if isinstance(value, Unknown) else ~present if value.lower() == "true" else present
        for value in condition.values
    )


def _holds_when_absent(condition: Condition) -> Truth:
    if condition.set_operator is SetOperator.FOR_ANY_VALUE:
        # IfExists says yes, ForAnyValue says no, and no document says which of them wins.
        return Truth.UNKNOWN if condition.if_exists else Truth.NO
    if condition.if_exists or condition.set_operator is SetOperator.FOR_ALL_VALUES:
        return Truth.YES
    # A negated operator is met by a key that is not there.
    return Truth.of(condition.operator.negated)


def _holds_for(condition: Condition, values: tuple[str | Unknown, ...], context: Context) -> Truth:
    if condition.set_operator is SetOperator.FOR_ALL_VALUES:
        return all_of(value_holds(condition, value, context) for value in values)
    if condition.set_operator is SetOperator.FOR_ANY_VALUE:
        return any_of(value_holds(condition, value, context) for value in values)
    if len(values) > 1 or condition.key in MULTIVALUED_KEYS:
        # IAM asks for a set operator on a key with several values and does not say what happens without one.
        return Truth.UNKNOWN
    return value_holds(condition, values[0], context)


def value_holds(condition: Condition, value: str | Unknown, context: Context) -> Truth:
    """One value of the request against all values of the statement: any of them, or, negated, none of them."""
    operator = condition.operator
    substituted = condition.variables and operator.takes_variables
    met = Truth.NO
    for wanted in condition.values:
        filled: str | Unknown | None = wanted
        if substituted and isinstance(wanted, str):
            filled = substitute(wanted, context)
        if filled is None:
            # Nothing matches a variable that has no value, so an inverted operator is met (IAM User Guide, "Policy
            # variables with no value").
            answer = Truth.NO
        elif isinstance(filled, Unknown):
            answer = Truth.UNKNOWN
        elif isinstance(value, Unknown):
            everything = operator.wildcards and operator.family is Family.STRING and set(filled) == {"*"}
            answer = Truth.YES if everything else Truth.UNKNOWN
        else:
            answer = operator.compare(value, filled)
        if answer is Truth.YES:
            met = answer
            break
        if answer is Truth.UNKNOWN:
            met = answer
    return ~met if operator.negated else met
