"""A tiny IAM evaluator for the brute force: standard library only, documents as plain JSON, nothing of the pack.

It answers True, False or None (AWS does not say). None never makes a request count as allowed, so the brute force
proposes nothing that is a matter of opinion.

A key that the context has with no value at all, `()`, is known to be absent; one that it does not have, of which a policy
variable asks, is not known.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from functools import cache
from typing import Any

Json = dict[str, Any]
Maybe = bool | None
Context = Mapping[str, Sequence[str]]


def as_list(value: Any) -> list[Any]:
    """One-or-many of IAM's JSON as a list."""
    return value if isinstance(value, list) else [value]


def statements(documents: Iterable[Json]) -> list[Json]:
    """All statements of some documents."""
    return [statement for document in documents for statement in as_list(document["Statement"])]


@cache
def _regex(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def like(pattern: str, text: str, ignore_case: bool = False) -> bool:
    """`*` and `?` over the whole text."""
    return _regex(pattern, ignore_case).fullmatch(text) is not None


def arn_like(pattern: str, text: str) -> bool:
    """Six fields, each matched alone."""
    left, right = pattern.split(":", 5), text.split(":", 5)
    return len(left) == len(right) == 6 and all(like(p, t) for p, t in zip(left, right, strict=True))


def all_of(answers: Iterable[Maybe]) -> Maybe:
    """And, with None for what is not known."""
    result: Maybe = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            result = None
    return result


def negation(answer: Maybe) -> Maybe:
    """Not, with None for what is not known."""
    return None if answer is None else not answer


def any_of(answers: Iterable[Maybe]) -> Maybe:
    """Or, with None for what is not known."""
    return negation(all_of(negation(answer) for answer in answers))


def action_covered(statement: Json, action: str) -> bool:
    """Action or NotAction; names are case-insensitive."""
    if "Action" in statement:
        return _named(tuple(as_list(statement["Action"])), action)
    return not _named(tuple(as_list(statement["NotAction"])), action)


@cache
def _named(patterns: tuple[str, ...], action: str) -> bool:
    return any(like(pattern, action, True) for pattern in patterns)


def _resource(pattern: str, resource: str) -> Maybe:
    if pattern == "*":
        return True
    if not pattern.startswith("arn:"):
        return like(pattern, resource)
    padded = pattern + ":*" * (5 - pattern.count(":"))
    if arn_like(padded, resource):
        return True
    return None if like(pattern, resource) else False


def resource_covered(statement: Json, resource: str, context: Context) -> Maybe:
    """Resource or NotResource."""
    name = "Resource" if "Resource" in statement else "NotResource"
    answers = []
    for pattern in as_list(statement[name]):
        filled = fill(pattern, context)
        answers.append(filled if not isinstance(filled, str) else _resource(filled, resource))
    return any_of(answers) if name == "Resource" else negation(any_of(answers))


def fill(text: str, context: Context) -> str | Maybe:
    """The text with its policy variables; None where one is not known, False where one has no value: that matches nothing
    (IAM User Guide, "Policy variables with no value")."""
    if "${" not in text:
        return text
    missing = absent = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing, absent
        name, _, default = match.group(1).partition(",")
        values = context.get(name.strip().lower(), ())
        if len(values) == 1 and not set(values[0]) & set("*?"):
            return values[0]
        if not values and default.strip().startswith("'"):
            return default.strip().strip("'")
        if not values and name.strip().lower() in context:
            absent = True
        else:
            missing = True
        return ""

    filled = re.sub(r"\$\{([^{}]*)\}", value, text)
    return False if absent else None if missing else filled


@cache
def seconds(text: str) -> float | None:
    """A date, or seconds since 1970."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


@cache
def _in_range(value: str, wanted: str) -> Maybe:
    try:
        address, network = ipaddress.ip_address(value), ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return None
    return address.version == network.version and address in network


def _ordered(test: Callable[[float, float], bool]) -> Callable[[str, str], Maybe]:
    def compare(value: str, wanted: str) -> Maybe:
        left, right = seconds(value), seconds(wanted)
        return None if left is None or right is None else test(left, right)

    return compare


_COMPARE: dict[str, Callable[[str, str], Maybe]] = {
    "stringequals": lambda v, w: v == w,
    "stringequalsignorecase": lambda v, w: v.lower() == w.lower(),
    "stringlike": lambda v, w: like(w, v),
    "arnlike": lambda v, w: arn_like(w, v) if w.count(":") >= 4 else None,
    "bool": lambda v, w: v.lower() == w.lower(),
    "ipaddress": _in_range,
}
_COMPARE["arnequals"] = _COMPARE["arnlike"]
for _family in ("numeric", "date"):
    _COMPARE[_family + "equals"] = _ordered(lambda a, b: a == b)
    _COMPARE[_family + "lessthan"] = _ordered(lambda a, b: a < b)
    _COMPARE[_family + "lessthanequals"] = _ordered(lambda a, b: a <= b)
    _COMPARE[_family + "greaterthan"] = _ordered(lambda a, b: a > b)
    _COMPARE[_family + "greaterthanequals"] = _ordered(lambda a, b: a >= b)

# Keys with several values: without a set operator IAM's answer is not documented.
_SEVERAL = ("aws:tagkeys",)


def texts_of(values: Any) -> list[str]:
    """The values of a condition as IAM reads them."""
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in as_list(values)]


def holds(operator: str, key: str, values: Any, context: Context) -> Maybe:
    """One key under one operator."""
    prefix, _, name = operator.lower().rpartition(":")
    if_exists = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    given = context.get(key.lower(), ())
    wanted = texts_of(values)
    if name == "null":
        return any((w.lower() == "true") != bool(given) for w in wanted)
    negated = "not" in name
    if not given:
        if prefix == "foranyvalue":
            return None if if_exists else False
        return if_exists or prefix == "forallvalues" or negated
    compare = _COMPARE[name.replace("not", "")]

    def met(value: str) -> Maybe:
        answers: list[Maybe] = []
        for text in wanted:
            filled = fill(text, context) if name.startswith(("string", "arn")) else text
            answers.append(filled if not isinstance(filled, str) else compare(value, filled))
        return negation(any_of(answers)) if negated else any_of(answers)

    if not prefix and (len(given) > 1 or key.lower() in _SEVERAL):
        return None
    return any_of(map(met, given)) if prefix == "foranyvalue" else all_of(map(met, given))


def conditions(statement: Json) -> Iterable[tuple[str, str, Any]]:
    """(operator, key, values) of a statement."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, values


def allowed(
    policies: Sequence[Json], boundary: Sequence[Json] | None, action: str, resource: str, context: Context
) -> bool:
    """Whether one resource of one call is certainly allowed."""
    groups = [statements(policies)] + ([] if boundary is None else [statements(boundary)])
    for group in groups:
        allow = False
        for statement in group:
            if not action_covered(statement, action):
                continue
            matched = all_of(
                (
                    resource_covered(statement, resource, context),
                    *(holds(operator, key, values, context) for operator, key, values in conditions(statement)),
                )
            )
            if statement["Effect"] == "Deny":
                if matched is not False:
                    return False
            elif matched is True:
                allow = True
        if not allow:
            return False
    return True
