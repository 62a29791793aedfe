"""IAM documents judged as the policies of one role, without Pulumi: `python -m policy judge`.

The JSON forms here are an interface: verdicts are checked from outside with them.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final, NamedTuple

from policy.commands.judge_input import InputError
from policy.iam.document import Effect, PolicyDocument, parse_document
from policy.iam.evaluate import Determining, Levels, action_covered
from policy.iam.request import Caller, Request
from policy.iam.search import keys
from policy.iam.search.actions import KEPT_FROM_CODE
from policy.iam.search.reasons import reasons
from policy.iam.search.relevant import Role
from policy.iam.search.subject import ANY_FUNCTION, Subject
from policy.iam.search.witness import DENIED, Answer, ask, ask_role
from policy.iam.truth import Truth
from policy.shared.escapes import one_line, quoted

_WORDS: Final = {Truth.YES: "allowed", Truth.NO: "denied", Truth.UNKNOWN: "unknown"}
_FUNCTION_ARN: Final = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,140}")

# A role's path and name (IAM API Reference, `CreateRole`).
_ROLE_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\x21-\x7e]{1,576}")


class Judgement(NamedTuple):
    """The answers to both questions for each action, and what is wrong with the documents."""

    answers: Mapping[str, Mapping[Caller, Answer]]
    policies: Sequence[PolicyDocument]
    boundary: Sequence[PolicyDocument] | None
    service: Subject
    levels: Levels = ()

    @property
    def documents(self) -> tuple[PolicyDocument, ...]:
        """All documents, those that only limit the others last."""
        return (*self.policies, *(self.boundary or ()), *(document for level in self.levels for document in level))

    def keeping_service_out(self, action: str) -> list[Determining]:
        """The statements without which the Lambda service could make a call; none where nothing allows it anyway."""
        if self.answers[action][Caller.SERVICE].allowed is not Truth.NO:
            return []
        denies = [
            Determining(document, statement)
            for document in self.documents
            for statement in document.statements
            if statement.effect is Effect.DENY and action_covered(statement, action) is not Truth.NO
        ]
        if denies and self._service_may(action, denies):
            return [deny for deny in denies if not self._service_may(action, [d for d in denies if d is not deny])]
        allowing = self.answers[action][Caller.CODE].evaluation
        return [] if allowing is None else [a for a in allowing.allowing if keys.SOURCE_FUNCTION_KEY in _keys(a)]

    def _service_may(self, action: str, left_out: Sequence[Determining]) -> bool:
        """Whether Lambda could make the call without these statements."""
        without = {id(found.statement) for found in left_out}
        policies = [document.without(without) for document in self.policies]
        boundary = None if self.boundary is None else [document.without(without) for document in self.boundary]
        levels = [[document.without(without) for document in level] for level in self.levels]
        return ask(action, self.service, policies, boundary, levels=levels).allowed is Truth.YES

    def errors(self) -> list[str]:
        """`<document>: <path>: <what>` for each part that IAM refuses."""
        return [f"{d.name}: {error}" for d in self.documents for error in d.errors]

    def to_json(self) -> dict[str, object]:
        """The form that `judge --json` prints."""
        actions: dict[str, dict[str, object]] = {}
        for action, answers in self.answers.items():
            code = answers[Caller.CODE]
            actions[action] = {
                **{caller.value: _WORDS[answer.allowed] for caller, answer in answers.items()},
                "witness": witness_json(code.witness) if code.witness else None,
            }
            why = {caller.value: unknown for caller, answer in answers.items() if (unknown := _why(answer))}
            if why:
                actions[action]["unknown"] = why
        return {"actions": actions, "errors": self.errors()}


def witness_json(request: Request) -> dict[str, object]:
    """What the call carries: one entry for each resource that EC2 authorises."""
    return {"requests": [a.to_json({k: keys.spelled(k) for k in a.context}) for a in request.authorizations]}


def _keys(found: Determining) -> set[str]:
    return {condition.key for condition in found.statement.conditions}


def _why(answer: Answer) -> list[str]:
    """Why a row is unknown, and what would decide it; nothing for any other row."""
    if answer.allowed is not Truth.UNKNOWN:
        return []
    found = list(dict.fromkeys(reasons(answer)))
    if keys.SOURCE_FUNCTION_KEY in answer.unknown_keys:
        found = ["it depends on which function runs on the role: give its ARN (--function-arn, `function_arn`)"]
    return found or [f"nothing is known of {quoted(d.document.name)}" for d in answer.unresolved[:1]]


_NEITHER: Final = {Caller.CODE: DENIED, Caller.SERVICE: DENIED}


def judge(
    policies: Sequence[PolicyDocument],
    boundary: Sequence[PolicyDocument] | None = None,
    function_arn: str | None = None,
    actions: Sequence[str] = KEPT_FROM_CODE,
    now: Decimal | None = None,
    *,
    role_arn: str | None = None,
    tags: Mapping[str, str] | None = None,
    levels: Levels = (),
) -> Judgement:
    """Judge documents as the policies of one role. `now` (seconds since 1970) is the present unless given.

    `tags` are those of the role, which has none unless they are given. `levels` are the SCPs that bind it.

    Raises InputError when `function_arn` is not the
    unqualified ARN of a function, or `role_arn` not that of a role.
    """
    moment = Decimal(int(time.time())) if now is None else now
    code = Subject(Caller.CODE, _function(function_arn, role_arn), role_arn, dict(tags or {}), moment)
    service = replace(code, caller=Caller.SERVICE)
    role = Role(policies, boundary, levels)
    answers: dict[str, Mapping[Caller, Answer]] = {}
    for action in map(keys.action, actions):
        # Most documents say nothing of EC2.
        answers[action.name] = (
            _NEITHER
            if role.relevant(action).denied
            else {Caller.CODE: ask_role(action, code, role), Caller.SERVICE: ask_role(action, service, role)}
        )
    return Judgement(answers, policies, boundary, service, levels)


def _function(function_arn: str | None, role_arn: str | None) -> str:
    """The function's ARN with `*` for what is not known of it. Its role is in its own account."""
    if role_arn is not None and not _ROLE_ARN.fullmatch(role_arn):
        raise InputError(f"role_arn: not the ARN of a role: {role_arn[:80]!r}")
    if function_arn is not None and not _FUNCTION_ARN.fullmatch(function_arn):
        raise InputError(f"function_arn: not the unqualified ARN of a Lambda function: {function_arn[:80]!r}")
    if role_arn is None:
        return function_arn or ANY_FUNCTION
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    if function_arn is not None:
        if function_arn.split(":")[4] != account:
            raise InputError("function_arn: a function and its role are in one account, and these are in two")
        return function_arn
    return f"arn:{partition}:lambda:*:{account}:function:*"


def judge_line(line: str, now: Decimal | None = None) -> dict[str, object]:
    """One line of `judge --jsonl`. A line that cannot be read has `errors` only, and no action is judged safe."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return _unjudged("the line is not JSON")
    if not isinstance(value, dict) or not isinstance(value.get("policies"), list):
        return _unjudged('the line must be an object with a list "policies"')
    boundary, function_arn, role_arn = value.get("boundary"), value.get("function_arn"), value.get("role_arn")
    tags = value.get("tags")
    if boundary is not None and not isinstance(boundary, list):
        boundary = [boundary]
    if function_arn is not None and not isinstance(function_arn, str):
        return _unjudged("function_arn: must be a string")
    if role_arn is not None and not isinstance(role_arn, str):
        return _unjudged("role_arn: must be a string")
    if tags is not None and not (isinstance(tags, dict) and all(isinstance(tag, str) for tag in tags.values())):
        return _unjudged("tags: must be an object of strings")
    policies = [parse_document(item, f"policies[{i}]") for i, item in enumerate(value["policies"])]
    limits = None if boundary is None else [parse_document(d, f"boundary[{i}]") for i, d in enumerate(boundary)]
    try:
        return judge(policies, limits, function_arn, now=now, role_arn=role_arn, tags=tags).to_json()
    except InputError as error:
        return _unjudged(str(error))


def _unjudged(why: str) -> dict[str, object]:
    unknown = {"code": "unknown", "service": "unknown", "witness": None}
    return {"actions": {action: dict(unknown) for action in KEPT_FROM_CODE}, "errors": [why]}


def _locked_out(judgement: Judgement) -> list[str]:
    """What keeps the Lambda service out, which needs these calls for a function in a VPC."""
    told: dict[str, list[str]] = {}
    for action in judgement.answers:
        for found in judgement.keeping_service_out(action):
            told.setdefault(f"{found.statement.label} of {one_line(found.document.name)}", []).append(action)
    return [
        f"\nThe Lambda service is kept out by {statement}: {', '.join(actions)}" for statement, actions in told.items()
    ]


def render(judgement: Judgement) -> str:
    """A table for people, and the witness of the first call that the code can make."""
    lines = [f"{'action':34}{'function code':16}{'Lambda service':16}"]
    shown = None
    for action, answers in judgement.answers.items():
        code, service = answers[Caller.CODE], answers[Caller.SERVICE]
        lines.append(f"{action:34}{_WORDS[code.allowed]:16}{_WORDS[service.allowed]:16}".rstrip())
        shown = shown or code
        if code.witness and not shown.witness:
            shown = code
    unknown: dict[str, list[str]] = {}
    for action, answers in judgement.answers.items():
        for answer in answers.values():
            for why in _why(answer):
                unknown.setdefault(why, []).append(action)
    for why, actions in unknown.items():
        lines += ["", f"unknown: {', '.join(dict.fromkeys(actions))}: {one_line(why)}"]
    if shown and shown.witness:
        lines += ["", f"The code can call {shown.witness.action} like this:"]
        lines.append(json.dumps(witness_json(shown.witness), indent=2))
        for found in shown.evaluation.allowing if shown.evaluation else ():
            lines.append(f"allowed by {found.statement.label} of {one_line(found.document.name)}")
    lines += _locked_out(judgement)
    lines += [one_line(f"error: {error}") for error in judgement.errors()]
    return "\n".join(lines)
