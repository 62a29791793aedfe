"""Whose code runs with a role: the users in groups that nothing tells apart, and whom the code of each may turn out to be.

Where no document of AWS's says whether `lambda:SourceFunctionArn` is in its calls, the code is judged as if it were, and as
if it were not. What both say is certain.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from policy.iam.conditions import Condition, Family, holds, variable_keys
from policy.iam.document import PolicyDocument, Statement
from policy.iam.elements import Text
from policy.iam.matching import ARN_FIELDS, WILDCARDS, may_name
from policy.iam.search.keys import ACCOUNT_KEYS, SOURCE_FUNCTION_KEY
from policy.iam.search.subject import Subject
from policy.iam.search.witness import Answer
from policy.iam.truth import Truth, all_of
from policy.stack.execution_role import Decided, ExecutionRole, Gap, User
from policy.verdict.outcomes import Question
from policy.verdict.shedding import Way, ways


def callers(subject: Subject, group: Sequence[User]) -> list[Subject]:
    """Whom the code of these users may turn out to be: where no document says whether the key is in its calls, both."""
    if not group:
        return [subject]
    code = replace(subject, function_arn=group[0].function_arn)
    return [code] if group[0].kind.value.carries_key is Truth.YES else [replace(code, keyless=True), code]


# Whether the code is let in hangs on nothing but whether its calls carry the key.
NOT_DOCUMENTED: Final = Answer(Truth.UNKNOWN)
_KEY_ALONE: Final = (SOURCE_FUNCTION_KEY,)


def of_all(answers: Sequence[Answer]) -> Answer:
    """One answer for all that the code may turn out to be."""
    if all(answer.allowed is Truth.NO for answer in answers):
        return answers[0]
    # Which ARN the key would have is documented no more than whether it is there.
    unknown = [a for a in answers if a.allowed is Truth.UNKNOWN and (len(answers) == 1 or a.unknown_keys != _KEY_ALONE)]
    return unknown[0] if unknown else NOT_DOCUMENTED


def shown(answers: Sequence[Answer]) -> Answer:
    """The answer whose request is shown: without the key where it may be absent."""
    first = answers[0]
    if len(answers) == 1 or first.witness is None:
        return first
    return first._replace(witness=first.witness.without(SOURCE_FUNCTION_KEY))


def allowing_statements(answers: Sequence[Answer]) -> set[int]:
    """The statements that let everybody in; where there is none, those that let each in."""
    each = [
        {id(d.statement) for d in answer.evaluation.allowing} for answer in answers if answer.evaluation is not None
    ]
    return set.intersection(*each) or set.union(*each)


def not_documented(user: User) -> Gap:
    """That no document says whether the key is in the calls of a user's code."""
    return Gap(user.resource.urn, "", Decided.NOT_DOCUMENTED, user.kind.value.name)


def common_ways(execution: ExecutionRole, code: Sequence[Subject], asked: Question) -> Iterator[Way]:
    """The ways that are open to all that the code may turn out to be."""
    first, *others = [list(ways(execution, caller, asked)) for caller in code]
    for way in first:
        same = [next((o for o in other if o.calls == way.calls), None) for other in others]
        if all(same):
            yield replace(way, open=all_of((way.open, *(other.open for other in same if other))))


def key_conditions(statement: Statement) -> list[Condition]:
    """The conditions of a statement on the function's ARN."""
    return [condition for condition in statement.conditions if condition.key == SOURCE_FUNCTION_KEY]


def alike(users: list[User], documents: Iterable[PolicyDocument], sessions: Container[str] = ()) -> list[list[User]]:
    """The users in groups that no condition tells apart; one group without users where there are none. `sessions` are
    names that also tell functions apart, whose sessions are named after them."""
    if not users:
        return [[]]
    telling = _Telling([c for d in documents for s in d.statements for c in key_conditions(s)])
    groups: dict[tuple[object, ...], list[User]] = {}
    for user in users:
        fields = user.function_arn.split(":", ARN_FIELDS - 1)
        session = name if (name := fields[-1].partition(":")[2]) in sessions else ""
        sign = user.kind.value.carries_key, fields[1], fields[4], session, telling.of(user.function_arn)
        groups.setdefault(sign, []).append(user)
    return list(groups.values())


class _Telling:
    """What conditions on a function's ARN say of one function after the other.

    Most values spell a function's name out and say nothing of other functions: they are found by that name.
    """

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self._conditions = conditions
        texts = [value for c in conditions for value in c.values if isinstance(value, str)]
        self._variables = {key for text in texts if "${" in text for key in variable_keys(text)}
        self._asked: list[tuple[int, Condition]] = []
        self._by_name: dict[str, list[tuple[int, Condition]]] = {}
        for i, condition in enumerate(conditions):
            names = [_spelled_name(condition, value) for value in condition.values]
            if None in names:
                self._asked.append((i, condition))
                continue
            values: dict[str, list[Text]] = {}
            for name, value in zip(names, condition.values, strict=True):
                values.setdefault(name or "", []).append(value)
            for name, own in values.items():
                self._by_name.setdefault(name, []).append((i, replace(condition, values=tuple(own))))

    def of(self, arn: str) -> object:
        """What they say of a function's ARN; the ARN itself where that hangs on more than the ARN."""
        account = arn.split(":", ARN_FIELDS - 1)[4]
        if self._variables - set(ACCOUNT_KEYS) or (self._variables and account == "*"):
            return arn
        if "*" not in arn:
            context = {SOURCE_FUNCTION_KEY: (arn,), **dict.fromkeys(ACCOUNT_KEYS, (account,))}
            said = {i: holds(condition, context) for i, condition in self._asked}
            for i, condition in self._by_name.get(arn.rpartition(":")[2], ()):
                # Only what is not said of a function with another name tells this one from it.
                answer = holds(condition, context)
                if answer is not Truth.of(condition.operator.negated):
                    said[i] = answer
            return frozenset(said.items())
        *place, name = arn.split(":", ARN_FIELDS - 1)
        conditions = self._conditions
        if (
            "*" in name
            or self._variables
            or any(c.operator.family not in (Family.ARN, Family.NULL) for c in conditions)
        ):
            return arn
        # Of the name is known what each value says of it; what is left to say is the same for all with such values.
        left = [
            frozenset(
                tuple(v.split(":", ARN_FIELDS - 1)[:-1]) for v in c.values if isinstance(v, str) and may_name(v, name)
            )
            for c in conditions
        ]
        return (*place, *left)


def _spelled_name(condition: Condition, value: Text) -> str | None:
    """The name without which no ARN matches a value; None where there is none, or another answer than yes or no."""
    whole = isinstance(value, str) and value.count(":") >= ARN_FIELDS and "${" not in value
    operator = condition.operator
    if not whole or operator.family not in (Family.ARN, Family.STRING) or operator.ignore_case:
        return None
    name = str(value).rpartition(":")[2]
    return None if WILDCARDS.intersection(name) else name
