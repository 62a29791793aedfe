"""Who may assume a role, read from its trust policy.

Source: IAM User Guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policy.matching import ARN_FIELDS, action_matches, glob
from policy.request import SOURCE_FUNCTION_ARN
from policy.truth import UNKNOWN, Truth, Unknown, all_of, any_of

LAMBDA: Final = "lambda.amazonaws.com"
ASSUME_ROLE: Final = "sts:AssumeRole"


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

    def lets_in(self, role_arn: str | None) -> tuple[Truth, str]:
        """Whether a session of the role itself may assume the role, and the path of the statement that says so."""
        if not self.known:
            return Truth.UNKNOWN, ""
        possible = Truth.NO, ""
        for path, statement, allows in self._allowing():
            for name in _one_or_many(_principals(statement).get("AWS", ())):
                answer = all_of((allows, _is_self(name, role_arn)))
                if answer is Truth.NO:
                    continue
                if statement.get("Condition") not in (None, {}):
                    answer = Truth.UNKNOWN
                if answer is Truth.YES:
                    return answer, path
                possible = answer, path
        return possible

    def conditions_on_function(self) -> Iterator[str]:
        """The paths of conditions on the function's ARN. In a trust policy they guard nothing: the key is never there
        when Lambda assumes the role."""
        for index, statement in enumerate(self.statements):
            condition = statement.get("Condition")
            for operator, keys in condition.items() if isinstance(condition, Mapping) else ():
                for key in keys if isinstance(keys, Mapping) else ():
                    if str(key).lower() == SOURCE_FUNCTION_ARN.lower():
                        yield f"Statement[{index}].Condition.{operator}.{key}"

    def _allowing(self) -> Iterator[tuple[str, Mapping[str, Any], Truth]]:
        """The statements that allow the role to be assumed, for certain or perhaps."""
        for index, statement in enumerate(self.statements):
            effect = statement.get("Effect")
            allows = Truth.UNKNOWN if isinstance(effect, Unknown) else Truth.of(effect == "Allow")
            covers = _covers(statement.get("Action", ()))
            if "NotAction" in statement:
                covers = ~_covers(statement["NotAction"])
            if all_of((allows, covers)) is not Truth.NO:
                yield f"Statement[{index}]", statement, all_of((allows, covers))


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


def _principals(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        return principal
    if principal == "*":
        return {"AWS": "*"}
    return {"AWS": UNKNOWN, "Service": UNKNOWN} if isinstance(principal, Unknown) else {}


def _one_or_many(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _is_self(name: object, role_arn: str | None) -> Truth:
    """Whether a principal stands for the role itself: its ARN, its whole account, or everybody."""
    if isinstance(name, Unknown):
        return Truth.UNKNOWN
    if not isinstance(name, str):
        return Truth.NO
    if name == "*":
        return Truth.YES
    if role_arn is not None and role_arn.count(":") < ARN_FIELDS - 1:
        role_arn = None
    fields = (role_arn or "arn:*:iam::*:role/*").split(":", 5)
    account = (
        name if name.isdigit() else name.split(":")[4] if name.endswith(":root") and name.count(":") == 5 else None
    )
    if account is not None:
        return Truth.UNKNOWN if "*" in fields[4] else Truth.of(account == fields[4])
    if role_arn is not None and "*" not in role_arn:
        return Truth.of(name == role_arn)
    return Truth.UNKNOWN if role_arn is not None and glob(role_arn).matches(name) else Truth.NO
