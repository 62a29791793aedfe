"""IAM documents judged as the policies of one role, without Pulumi: `python -m policy judge`.

The JSON forms here are an interface: verdicts are checked from outside with them.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from policy import keys
from policy.document import PolicyDocument, parse_document
from policy.escapes import one_line, printable
from policy.keys import ENI_ACTIONS
from policy.reasons import reasons
from policy.relevant import Role
from policy.request import Caller, Request
from policy.subject import Subject
from policy.truth import Truth
from policy.witness import DENIED, Answer, ask_role

_WORDS: Final = {Truth.YES: "allowed", Truth.NO: "denied", Truth.UNKNOWN: "unknown"}
_FUNCTION_ARN: Final = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,140}")


class InputError(Exception):
    """What was given cannot be judged; the text says which part of it, and why."""


class Judgement(NamedTuple):
    """The answers to both questions for each action, and what is wrong with the documents."""

    answers: Mapping[str, Mapping[Caller, Answer]]
    documents: tuple[PolicyDocument, ...]

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


def _why(answer: Answer) -> list[str]:
    """Why a row is unknown, and what would decide it; nothing for any other row."""
    if answer.allowed is not Truth.UNKNOWN:
        return []
    found = list(dict.fromkeys(reasons(answer)))
    if keys.SOURCE_FUNCTION_KEY in answer.unknown_keys:
        found = ["it depends on which function runs on the role: give its ARN (--function-arn, `function_arn`)"]
    return found or [f"nothing is known of `{d.document.name}`" for d in answer.unresolved[:1]]


_NEITHER: Final = {Caller.CODE: DENIED, Caller.SERVICE: DENIED}


def judge(
    policies: Sequence[PolicyDocument],
    boundary: Sequence[PolicyDocument] | None = None,
    function_arn: str | None = None,
    actions: Sequence[str] = ENI_ACTIONS,
    now: Decimal | None = None,
) -> Judgement:
    """Judge documents as the policies of one role. `now` (seconds since 1970) is the present unless given.

    Raises InputError when `function_arn` is not the unqualified ARN of a function.
    """
    if function_arn is not None and not _FUNCTION_ARN.fullmatch(function_arn):
        raise InputError(f"function_arn: not the unqualified ARN of a Lambda function: {function_arn[:80]!r}")
    moment = Decimal(int(time.time())) if now is None else now
    code = Subject(Caller.CODE, now=moment) if function_arn is None else Subject(Caller.CODE, function_arn, now=moment)
    service = Subject(Caller.SERVICE, code.function_arn, now=moment)
    role = Role(policies, boundary)
    answers: dict[str, Mapping[Caller, Answer]] = {}
    for action in map(keys.action, actions):
        # Most documents say nothing of EC2.
        answers[action.name] = (
            _NEITHER
            if role.relevant(action).denied
            else {Caller.CODE: ask_role(action, code, role), Caller.SERVICE: ask_role(action, service, role)}
        )
    return Judgement(answers, (*policies, *(boundary or ())))


def judge_line(line: str, now: Decimal | None = None) -> dict[str, object]:
    """One line of `judge --jsonl`. A line that cannot be read has `errors` only, and no action is judged safe."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return _unjudged("the line is not JSON")
    if not isinstance(value, dict) or not isinstance(value.get("policies"), list):
        return _unjudged('the line must be an object with a list "policies"')
    boundary, function_arn = value.get("boundary"), value.get("function_arn")
    if boundary is not None and not isinstance(boundary, list):
        boundary = [boundary]
    if function_arn is not None and not isinstance(function_arn, str):
        return _unjudged("function_arn: must be a string")
    policies = [parse_document(item, f"policies[{i}]") for i, item in enumerate(value["policies"])]
    limits = None if boundary is None else [parse_document(d, f"boundary[{i}]") for i, d in enumerate(boundary)]
    try:
        return judge(policies, limits, function_arn, now=now).to_json()
    except InputError as error:
        return _unjudged(str(error))


def _unjudged(why: str) -> dict[str, object]:
    unknown = {"code": "unknown", "service": "unknown", "witness": None}
    return {"actions": {action: dict(unknown) for action in ENI_ACTIONS}, "errors": [why]}


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m policy judge`."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="IAM policy documents of one role, as JSON")
    parser.add_argument("--boundary", action="append", metavar="FILE", help="the role's permissions boundary")
    parser.add_argument("--function-arn", metavar="ARN", help="the function whose code makes the calls")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--jsonl", action="store_true", help="judge one role for each line of standard input")


def run(args: argparse.Namespace, stdin: TextIO = sys.stdin) -> int:
    """Exit status 0: the code may not touch interfaces; 1: it may, or that is unknown; 2: bad input."""
    if args.jsonl:
        for line in stdin:
            if line.strip():
                print(json.dumps(judge_line(line)), flush=True)
        return 0
    try:
        if not args.files:
            raise InputError("no FILE given: name the role's policy documents, or use --jsonl")
        policies = [_read(name) for name in args.files]
        boundary = [_read(name) for name in args.boundary] if args.boundary else None
        judgement = judge(policies, boundary, args.function_arn)
    except InputError as error:
        print(one_line(f"error: {error}"), file=sys.stderr)
        return 2
    print(json.dumps(judgement.to_json(), indent=2) if args.json else printable(render(judgement)))
    closed = all(answers[Caller.CODE].allowed is Truth.NO for answers in judgement.answers.values())
    return 0 if closed and not judgement.errors() else 1


def _read(name: str) -> PolicyDocument:
    try:
        return parse_document(Path(name).read_text(encoding="utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{name}: {reason}") from None


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
    lines += [one_line(f"error: {error}") for error in judgement.errors()]
    return "\n".join(lines)
