"""Who may assume a role, read from its trust policy.

Source: IAM User Guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any, Final, NamedTuple

from policy.iam.conditions import Condition, ContextValues, holds, variable_keys
from policy.iam.document import parse_conditions
from policy.iam.matching import ARN_FIELDS, action_matches, glob
from policy.iam.request import SOURCE_FUNCTION_ARN
from policy.iam.truth import UNKNOWN, Truth, Unknown, all_of, any_of

LAMBDA: Final = "lambda.amazonaws.com"
# What assumes the operator role of a network connector, on which no code runs.
CONNECTORS: Final = "network-connectors.lambda.amazonaws.com"
ASSUME_ROLE: Final = "sts:AssumeRole"

# What whoever assumes a role chooses freely, and which texts are taken (STS API Reference, AssumeRole).
_CHOSEN: Final = {
    "sts:externalid": re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII),
    "sts:rolesessionname": re.compile(r"[\w+=,.@-]{2,64}", re.ASCII),
}
_LEFT_OUT: Final = ("sts:externalid",)
_ANOTHER: Final = "any-other"
# How many choices are tried. Past it, what has been tried counts, and the rest is not known.
_CHOICES: Final = 50


@dataclass(frozen=True, slots=True)
class Trust:
    """The trust policy of one role. `known` is False where it could not be read: everything is then possible."""

    statements: tuple[Mapping[str, Any], ...]
    known: bool = True

    def names_service(self, service: str) -> Truth:
        """Whether the service can open sessions on the role."""
        if not self.known:
            return Truth.UNKNOWN
        return any_of(
            all_of((allows, Truth.UNKNOWN if isinstance(name, Unknown) else Truth.of(name == service)))
            for _, statement, allows in self._allowing()
            for name in _one_or_many(_principals(statement).get("Service", ()))
        )

    def services(self) -> frozenset[str]:
        """The services that are named, as far as known."""
        return frozenset(
            name
            for _, statement, _ in self._allowing()
            for name in _one_or_many(_principals(statement).get("Service", ()))
            if isinstance(name, str)
        )

    def lets_in(self, caller: Principal) -> Entry:
        """Whether a session of the role itself may assume the role, and by which statement."""
        if not self.known:
            return Entry(Truth.UNKNOWN, Truth.UNKNOWN, Truth.UNKNOWN, "")
        ways, denied = [Truth.NO, Truth.NO, Truth.NO], Truth.NO
        paths: dict[Truth, str] = {}
        for where, statement, effect, covered in self._covering():
            met = caller.meets(statement.get("Condition"))
            named = caller.named_in(statement)
            applies = all_of((covered, met, any_of(named)))
            if effect is not True:  # a Deny, or not known to be none
                denied = any_of((denied, applies if effect is False else all_of((applies, Truth.UNKNOWN))))
            if effect is not False and applies is not Truth.NO:
                allows = Truth.YES if effect is True else Truth.UNKNOWN
                ways = [any_of((w, all_of((allows, covered, met, name)))) for w, name in zip(ways, named, strict=True)]
                paths.setdefault(all_of((allows, applies)), where)
        path = paths.get(Truth.YES, paths.get(Truth.UNKNOWN, ""))
        direct, to_session, by_account = (all_of((way, ~denied)) for way in ways)
        return Entry(direct, to_session, by_account, path)

    def conditions_on_function(self) -> Iterator[tuple[str, bool]]:
        """The paths of conditions on the function's ARN, each with whether its statement denies. In a trust policy they
        guard nothing: the key is never there when Lambda assumes the role."""
        for index, statement in enumerate(self.statements):
            condition = statement.get("Condition")
            for operator, keys in condition.items() if isinstance(condition, Mapping) else ():
                for key in keys if isinstance(keys, Mapping) else ():
                    if str(key).lower() == SOURCE_FUNCTION_ARN.lower():
                        yield f"Statement[{index}].Condition.{operator}.{key}", statement.get("Effect") == "Deny"

    def condition_keys(self) -> frozenset[str]:
        """The keys, in lower case, that its conditions ask for, also in policy variables."""
        return frozenset(key for c in self._conditions() for key in (c.key, *variables(c)))

    def choices(self) -> Iterator[dict[str, ContextValues | None]]:
        """What whoever assumes the role may choose for the keys that are asked for: the texts that conditions name, with
        their wildcards filled in, another one, and None for what can be left out. Nothing where no such key is asked for."""
        asked = list(self._conditions())
        keys = [key for key in _CHOSEN if any(condition.key == key for condition in asked)]
        chosen: list[list[ContextValues | None]] = []
        for key in keys:
            values = (v for c in asked if c.key == key for v in c.values if isinstance(v, str))
            texts = dict.fromkeys((*(v.replace("*", "xx").replace("?", "x") for v in values), _ANOTHER))
            found: list[ContextValues | None] = [None] if key in _LEFT_OUT else []
            chosen.append([*found, *((text,) for text in texts if _CHOSEN[key].fullmatch(text))])
        for choice in islice(product(*chosen), _CHOICES if keys else 0):
            yield dict(zip(keys, choice, strict=True))

    def _conditions(self) -> Iterator[Condition]:
        return (c for s in self.statements for c in parse_conditions(s.get("Condition"))[0])

    def sessions(self) -> frozenset[str]:
        """The names of the sessions that it names as principals, of whichever role."""
        named = (name for s in self.statements for name in _one_or_many(_principals(s).get("AWS", ())))
        return frozenset(n.rpartition("/")[2] for n in named if isinstance(n, str) and ":assumed-role/" in n)

    def _allowing(self) -> Iterator[tuple[str, Mapping[str, Any], Truth]]:
        """The statements that allow the role to be assumed, for certain or perhaps."""
        for where, statement, effect, covered in self._covering():
            if effect is not False:
                yield where, statement, all_of((covered, Truth.YES if effect is True else Truth.UNKNOWN))

    def _covering(self) -> Iterator[tuple[str, Mapping[str, Any], bool | None, Truth]]:
        """The statements about assuming the role: whether each is an Allow (None: not known), and whether it covers it."""
        for index, statement in enumerate(self.statements):
            effect = statement.get("Effect")
            covered = _covers(statement.get("Action", ()))
            if "NotAction" in statement:
                covered = ~_covers(statement["NotAction"])
            if covered is not Truth.NO:
                known = None if isinstance(effect, Unknown) else effect == "Allow"
                yield f"Statement[{index}]", statement, known, covered


def _covers(actions: object) -> Truth:
    return any_of(
        Truth.UNKNOWN if isinstance(a, Unknown) else Truth.of(isinstance(a, str) and action_matches(a, ASSUME_ROLE))
        for a in _one_or_many(actions)
    )


def parse_trust(source: object) -> Trust:
    """Read a trust policy given as JSON text, as an object or as UNKNOWN. Never raises."""
    value = source
    if isinstance(source, str):
        try:
            value = json.loads(source)
        except (ValueError, RecursionError):
            value = UNKNOWN
    statements = value.get("Statement") if isinstance(value, Mapping) else UNKNOWN
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list | tuple) or not all(isinstance(s, Mapping) for s in statements):
        return Trust((), known=False)
    return Trust(tuple(statements))


def _principals(statement: Mapping[str, Any], element: str = "Principal") -> Mapping[str, Any]:
    principal = statement.get(element)
    if isinstance(principal, Mapping):
        return principal
    if principal == "*":
        return {"AWS": "*"}
    return {"AWS": UNKNOWN, "Service": UNKNOWN} if isinstance(principal, Unknown) else {}


def _one_or_many(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


@dataclass(frozen=True, slots=True)
class Principal:
    """A session of the role, as a trust policy can name it.

    `role_arn` may hold wildcards, or be None; `session_name` is None where it is not known. `context` has what is known of
    its call, None for an absent key; `perhaps_absent` are the keys in it that may also be absent.
    """

    role_arn: str | None
    session_name: str | None
    context: Mapping[str, ContextValues | None]
    perhaps_absent: frozenset[str] = frozenset()

    def named_in(self, statement: Mapping[str, Any]) -> tuple[Truth, Truth, Truth]:
        """Whether the statement names its role or everybody; the session itself; the whole account."""
        if "NotPrincipal" in statement:
            left_out = any_of(self._named_by(_principals(statement, "NotPrincipal")))
            # Who has to be left out, the role, its session, the account or all of them, is said of a Deny only.
            others = ~left_out if left_out is Truth.NO and statement.get("Effect") == "Deny" else Truth.UNKNOWN
            return others, others, Truth.NO
        return self._named_by(_principals(statement))

    def _named_by(self, principals: Mapping[str, Any]) -> tuple[Truth, Truth, Truth]:
        """The same for what a Principal element lists."""
        found = [self._is(name) for name in _one_or_many(principals.get("AWS", ()))]
        by_role, by_session, by_account = zip(*found, strict=True) if found else ((), (), ())
        return any_of(by_role), any_of(by_session), any_of(by_account)

    def meets(self, condition: object) -> Truth:
        """Whether the conditions of a statement are met. What is not known of the call may be as it must be."""
        if condition in (None, {}):
            return Truth.YES
        conditions, incomplete = parse_conditions(condition)
        asked = {key for c in conditions for key in (c.key, *variables(c))}
        found: dict[str, ContextValues | None] = {key: self.context.get(key, UNKNOWN) for key in asked}
        known = {key: values for key, values in found.items() if values is not None}
        without = {key: values for key, values in known.items() if key not in self.perhaps_absent}
        answers = {all_of(holds(c, context) for c in conditions) for context in (known, without)}
        met = answers.pop() if len(answers) == 1 else Truth.UNKNOWN
        return all_of((met, Truth.UNKNOWN)) if incomplete else met

    def _is(self, name: object) -> tuple[Truth, Truth, Truth]:
        """The same for one name."""
        no = Truth.NO
        if isinstance(name, Unknown):
            return Truth.UNKNOWN, Truth.UNKNOWN, Truth.UNKNOWN
        if name == "*":
            return Truth.YES, no, no
        if not isinstance(name, str):
            return no, no, no
        arn = self.role_arn if self.role_arn is not None and self.role_arn.count(":") >= ARN_FIELDS - 1 else None
        fields = (arn or "arn:*:iam::*:role/*").split(":", 5)
        whole = name.endswith(":root") and name.count(":") == ARN_FIELDS - 1
        account = name if name.isdigit() else name.split(":")[4] if whole else None
        if account is not None:
            return no, no, Truth.UNKNOWN if "*" in fields[4] else Truth.of(account == fields[4])
        if ":assumed-role/" in name:
            return no, self._is_session(name, fields), no
        if arn is not None and "*" not in arn:
            return Truth.of(name == arn), no, no
        return (Truth.UNKNOWN if arn is not None and glob(arn).matches(name) else no), no, no

    def _is_session(self, name: str, role: list[str]) -> Truth:
        """Whether an ARN of a session is this one's; it has the role's name without its path."""
        account, path = name.split(":", 5)[4:] if name.count(":") >= ARN_FIELDS - 1 else ("", "")
        role_name, _, session = path.removeprefix("assumed-role/").partition("/")
        same = [
            Truth.UNKNOWN if "*" in wanted else Truth.of(found == wanted)
            for found, wanted in ((account, role[4]), (role_name, role[5].rpartition("/")[2]))
        ]
        # Lambda names its sessions after the function; that is seen in every log, and promised nowhere.
        named = Truth.YES if self.session_name is not None and session == self.session_name else Truth.UNKNOWN
        return all_of((*same, named))


class Entry(NamedTuple):
    """Whether a trust policy lets a session in: `direct` by naming its role, and `to_session` by naming it, which in one
    account is enough (STS API Reference, AssumeRole), or `by_account`, which leaves it to the session's own policies."""

    direct: Truth
    to_session: Truth
    by_account: Truth
    path: str

    def or_by(self, other: Entry) -> Entry:
        """What is let in for certain by one of two choices."""
        ways = (self.direct, other.direct), (self.to_session, other.to_session), (self.by_account, other.by_account)
        direct, to_session, by_account = (b if b is Truth.YES else a for a, b in ways)
        return Entry(direct, to_session, by_account, other.path if Truth.YES in other else self.path)


def variables(condition: Condition) -> Iterator[str]:
    """The keys of the policy variables in its values."""
    for value in condition.values:
        if isinstance(value, str) and "${" in value:
            yield from variable_keys(value)
