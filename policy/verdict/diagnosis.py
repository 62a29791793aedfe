"""Why a statement that names the function's ARN, or something like it, does not guard: in words, with what would."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from policy.iam.conditions import Condition, Family, SetOperator, holds
from policy.iam.document import Effect, PolicyDocument, Statement
from policy.iam.evaluate import action_covered
from policy.iam.matching import WILDCARDS, cells, glob
from policy.iam.request import SOURCE_FUNCTION_ARN
from policy.iam.search.candidates import text_globs
from policy.iam.search.keys import SOURCE_FUNCTION_KEY, spelled
from policy.iam.search.subject import ANY_FUNCTION, function_shape
from policy.iam.truth import Truth, Unknown, all_of

ALLOW_FORM: Final = f'"Condition": {{"Null": {{"{SOURCE_FUNCTION_ARN}": "true"}}}}'
DENY_FORM: Final = f'"Condition": {{"Null": {{"{SOURCE_FUNCTION_ARN}": "false"}}}}'


def form_for(effect: Effect | None) -> str:
    """The condition that guards, on an Allow or on a Deny."""
    return DENY_FORM if effect is Effect.DENY else ALLOW_FORM


def diagnose(
    document: PolicyDocument, actions: Sequence[str], function_arns: Sequence[str], judged: Sequence[str]
) -> Iterator[tuple[Statement, str, str]]:
    """The statements of a document that were meant to guard `actions` and do not, each with what is wrong and the part
    of the statement that would be right. `judged` are all the actions that a guard has to cover.

    `function_arns` are those of the role's functions, with `*` for unknown parts; empty where none are known.
    """
    for statement in document.statements:
        if statement.uncertain or statement.effect is None:
            continue
        reason = next(_reasons(statement, function_arns), None)
        form = form_for(statement.effect)
        if reason is None:
            reason, form = next(_too_narrow(statement, actions, judged), (None, form))
        if reason is not None:
            yield statement, reason, form


def dead_guard(statement: Statement) -> str | None:
    """What is wrong with a guard that can do nothing, whichever function runs on the role and whatever else is on it."""
    for condition in statement.conditions:
        if condition.key == SOURCE_FUNCTION_KEY and condition.set_operator is None:
            reason = next(_dead_values(condition), None)
            if reason is not None and _never_tells(statement, condition):
                return reason
    return None


def _never_tells(statement: Statement, condition: Condition) -> bool:
    """Whether no function's ARN meets the condition (or, negated, every one does), so that nothing is guarded."""
    shape = function_shape(ANY_FUNCTION, "*", "*")
    found = cells(text_globs([condition], {}), base=shape, fresh=_SOME_FUNCTION)
    answers = {holds(condition, {SOURCE_FUNCTION_KEY: (text,)}) for text in found.texts if not WILDCARDS & set(text)}
    idle = Truth.NO if statement.effect is Effect.DENY else Truth.YES
    return found.complete and answers == {idle}


def _reasons(statement: Statement, function_arns: Sequence[str]) -> Iterator[str]:
    yield from _wrong_keys(statement)
    conditions = [c for c in statement.conditions if c.key == SOURCE_FUNCTION_KEY]
    if not conditions or any(isinstance(v, Unknown) for c in conditions for v in c.values):
        return
    for condition in conditions:
        yield from _dead_values(condition)
        yield from _operator(statement, condition)
    yield from _inverted(statement, conditions)
    yield from _functions(statement, conditions, function_arns)
    if statement.effect is Effect.DENY:
        yield from _weakened(statement, conditions)


def _inverted(statement: Statement, conditions: Sequence[Condition]) -> Iterator[str]:
    """A guard that decides against Lambda's own calls, which lack the key, and for the code's."""
    if _null_both(conditions):
        return
    without_key = all_of(holds(condition, {}) for condition in conditions)
    if statement.effect is Effect.ALLOW and without_key is Truth.NO:
        yield "its condition is inverted: it lets the function's code in and keeps Lambda out"
    elif statement.effect is not Effect.ALLOW and without_key is not Truth.NO:
        yield "its condition is inverted: it denies Lambda's own calls, which lack the key, and not the code's"


def _wrong_keys(statement: Statement) -> Iterator[str]:
    for condition in statement.conditions:
        service, _, name = condition.key.partition(":")
        near = "sourcefunction" in name or (service == "lambda" and condition.key != SOURCE_FUNCTION_KEY)
        if near and condition.key != SOURCE_FUNCTION_KEY:
            yield f"`{condition.path.rpartition('.')[2]}` is not a key that these calls carry: it is `{SOURCE_FUNCTION_ARN}`"


def _dead_values(condition: Condition) -> Iterator[str]:
    """Values that no unqualified function ARN can match, each with the reason."""
    operator = condition.operator
    if operator.family not in (Family.STRING, Family.ARN):
        return
    for value in condition.values:
        if not isinstance(value, str) or "${" in value or _matches_some_function(replace(condition, values=(value,))):
            continue
        fields = value.split(":")
        if operator.family is Family.STRING and not operator.wildcards and ("*" in value or "?" in value):
            yield f"`{operator.name}` takes no wildcards, so `{value}` matches no ARN; the Arn operators take them"
        elif fields[0] == "arn" and fields[2:3] != ["lambda"] and not WILDCARDS.intersection("".join(fields[2:3])):
            yield f"`{value}` is not the ARN of a function"
        elif len(fields) > _FUNCTION_FIELDS:
            yield f"`{value}` has a version or alias, and the key's value is the ARN without one"
        elif len(fields) < _FUNCTION_FIELDS or not all(fields):
            yield f"`{value}` lacks a field of a function's ARN, `arn:partition:lambda:region:account:function:name`"
        else:
            yield f"`{value}` is not the ARN of a function"


# arn:partition:lambda:region:account:function:name
_FUNCTION_FIELDS: Final = 7


def _matches_some_function(condition: Condition) -> bool:
    shape = function_shape(ANY_FUNCTION, "*", "*")
    globs = list(text_globs([condition], {}))
    # Of an ordinary value one is made at once: to look for one costs a hundred times as much.
    likely = [_function_like(value) for value in condition.values if isinstance(value, str)]
    if any(g.matches(text) and shape.matches(text) for g in globs for text in likely):
        return True
    found = cells(globs, base=shape, fresh=_SOME_FUNCTION)
    # No function's ARN has a wildcard, but the search for texts takes them from operators that read them literally.
    return any(g.matches(text) for g in globs for text in found.texts if not WILDCARDS & set(text))


def _function_like(value: str) -> str:
    """The value with something in the place of its wildcards: a field of a natural ARN where it has nothing else."""
    fields = zip(value.split(":"), _SOME_FUNCTION.split(":"), strict=False)
    return ":".join(field.replace("*", "").replace("?", "0") or natural for field, natural in fields)


_SOME_FUNCTION: Final = "arn:aws:lambda:us-east-1:123456789012:function:f"


def _null_both(conditions: Sequence[Condition]) -> bool:
    return any(c.operator.family is Family.NULL and len({str(v).lower() for v in c.values}) > 1 for c in conditions)


def _operator(statement: Statement, condition: Condition) -> Iterator[str]:
    deny = statement.effect is Effect.DENY
    if _null_both([condition]):
        yield '`Null` with both "true" and "false" is always met'
    elif condition.if_exists and (deny or not condition.operator.negated):
        yield f"`{condition.name}` is met by Lambda's own calls, which lack the key, " + (
            "so it denies them too" if deny else "and by the code's"
        )
    elif condition.set_operator is SetOperator.FOR_ALL_VALUES and (deny or not condition.operator.negated):
        yield f"`{condition.name}` is met by calls that lack the key, " + (
            "so it denies Lambda's own too" if deny else "so it lets Lambda and the code in alike"
        )


def _functions(statement: Statement, conditions: Sequence[Condition], function_arns: Sequence[str]) -> Iterator[str]:
    """A guard that names functions, but not those that run on the role."""
    known = [arn for arn in function_arns if "*" not in arn.split(":", 6)[-1]]
    if not known:
        return
    idle = Truth.NO if statement.effect is Effect.DENY else Truth.YES
    missed = [arn for arn in known if all_of(_may_hold(c, arn) for c in conditions) is idle]
    if not missed:
        return
    names = ", ".join(f"`{arn.rpartition(':')[2]}`" for arn in missed[:5]) + (", ..." if len(missed) > 5 else "")
    values = ", ".join(f"`{v}`" for c in conditions for v in c.values if isinstance(v, str))
    if len(missed) == len(function_arns):
        yield f"{values} is not a function of this role, which is used by {names}"
    else:
        yield f"it covers only some of the functions that share the role: not {names}"


def _may_hold(condition: Condition, arn: str) -> Truth:
    """Whether a condition is met by an ARN of which only the function's name is known for certain."""
    if any(isinstance(value, str) and "${" in value for value in condition.values):
        return Truth.UNKNOWN  # what the variables are is not looked into here
    if "*" not in arn:
        return holds(condition, {SOURCE_FUNCTION_KEY: (arn,)})
    if condition.operator.family not in (Family.ARN, Family.STRING):
        return holds(condition, {SOURCE_FUNCTION_KEY: ("arn",)})
    name = arn.rpartition(":")[2]
    if condition.set_operator is not None or not condition.operator.wildcards:
        return Truth.UNKNOWN
    could = any(glob(v.rpartition(":")[2]).matches(name) for v in condition.values if isinstance(v, str))
    return Truth.UNKNOWN if could else Truth.of(condition.operator.negated)


def _weakened(statement: Statement, conditions: Sequence[Condition]) -> Iterator[str]:
    others = list(dict.fromkeys(spelled(c.key) for c in statement.conditions if c not in conditions))
    if others:
        names = " and ".join(f"`{name}`" for name in others)
        yield f"its further condition on {names} weakens it: calls that do not meet that are not denied"


def _too_narrow(statement: Statement, actions: Sequence[str], judged: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A Deny with a right condition that does not cover all resources or actions, with the element that would."""
    guards = any(condition.key == SOURCE_FUNCTION_KEY for condition in statement.conditions)
    if statement.effect is not Effect.DENY or not guards:
        return
    if statement.resources is None or "*" not in statement.resources:
        yield 'its Resource is not `"*"`, so calls for other resources are not denied', '"Resource": "*"'
    left_out = [action for action in actions if action_covered(statement, action) is Truth.NO]
    if left_out:
        names = ", ".join(f"`{action}`" for action in left_out)
        yield f"it leaves out {names}", f'"Action": {json.dumps(list(judged))}'
