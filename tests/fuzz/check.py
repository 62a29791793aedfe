"""What must hold for every case: no exception, and no verdict without a reason."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final
from unittest import mock

from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    StackValidationArgs,
    proxy,
)
from pulumi_policy.secret import Secret

from policy.commands.judge import judge, judge_line, render
from policy.iam.document import PolicyDocument, parse_document
from policy.iam.evaluate import evaluate
from policy.iam.request import SOURCE_FUNCTION_ARN, Caller
from policy.iam.search.actions import KEPT_FROM_CODE
from policy.iam.search.witness import Answer
from policy.iam.trust import LAMBDA, Principal, parse_trust
from policy.iam.truth import Truth, any_of
from policy.pack.checks import Judge
from policy.pack.policies import Callbacks
from policy.shared import names
from policy.verdict import finding
from tests.fuzz.cases import SENTINELS, Case
from tests.fuzz.mutate import Json

NOW: Final = 1_790_000_000
# One case is a few small documents. Seconds of it are a way to stop somebody's preview.
MOST_SECONDS: Final = 5.0
_NEVER_SHOWN: Final = re.compile(
    "|".join(
        [
            # Not the end of an escaped character, before a text that is a sentinel but for its first digit.
            *(rf"(?<!\\u[0-9a-f]{{3}})(?<!\\x[0-9a-f]){re.escape(sentinel)}" for sentinel in SENTINELS),
            r"\bNone\b",
            r"Truth\.",
            "UNKNOWN",
            # Inside of a longer text it is that text's own.
            r"(?<![^\s`'\"])\[secret\](?![^\s`'\",.:;)])",
            " at 0x",
            r"bug in this policy pack",
            "too little is known of it",
        ]
    )
)
_WORDS: Final = ("allowed", "denied", "unknown")


class WrongError(Exception):
    """A case whose answer breaks a rule."""


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise WrongError(what)


def _fit_to_show(message: str) -> None:
    _expect(bool(message.strip()), "an empty message")
    found = _NEVER_SHOWN.search(message)
    _expect(found is None, f"{found and found.group()!r} is shown: {message[:500]}")
    try:
        message.encode("utf-8")
    except UnicodeEncodeError:
        raise WrongError(f"half a character in a message, which gRPC cannot send: {message[:300]!r}") from None


def check(case: Case) -> str:
    """Judge one case. Returns what it came to, for the statistics; raises on anything that must not happen."""
    begun = time.process_time()
    outcome = _KINDS[case.kind](case.value)
    _expect(time.process_time() - begun < MOST_SECONDS, f"it took {time.process_time() - begun:.1f} s")
    return outcome


# ---- documents


def _documents(value: Json) -> str:
    policies = [parse_document(item, f"policies[{i}]") for i, item in enumerate(value["policies"])]
    boundary = value["boundary"]
    limits = None if boundary is None else [parse_document(item, f"boundary[{i}]") for i, item in enumerate(boundary)]
    for document in (*policies, *(limits or ())):
        _document(document)
    for item in value["policies"]:
        _trust(item)
    judgement = judge(policies, limits, value["function_arn"], now=Decimal(NOW))
    worst = 0
    for answers in judgement.answers.values():
        for caller, answer in answers.items():
            _answer(caller, answer, policies, limits)
        worst = max(worst, _RANK[answers[Caller.CODE].allowed])
    _json_form(judgement.to_json())
    render(judgement)
    return "refused" if judgement.errors() else _WORDS[2 - worst]


_RANK: Final = {Truth.NO: 1, Truth.UNKNOWN: 0, Truth.YES: 2}


def _document(document: PolicyDocument) -> None:
    for error in document.errors:
        _expect(bool(error.what), "an error that says nothing")
        _expect(_NEVER_SHOWN.search(str(error)) is None, f"not to be shown: {error}")
        whole = (
            "a policy document is",
            "not JSON",
            "not readable",
            "nested too deeply",
            "the key ",
            "IAM takes at most",
        )
        _expect(bool(error.path) or any(text in error.what for text in whole), f"an error without a path: {error}")
    _expect(
        bool(document.statements) or any(e.path == "Statement" for e in document.errors), "no statement and no error"
    )


def _trust(source: object) -> None:
    found = parse_trust(source)
    found.services()
    for role_arn in ("arn:aws:iam::123456789012:role/orders-role", "arn:*:iam::*:role/x", "junk", None):
        entry = found.lets_in(Principal(role_arn, "orders", {"aws:principalarn": ("x",)}))
        open_to = any_of((entry.direct, entry.to_session, entry.by_account))
        _expect(open_to is Truth.NO or bool(entry.path) or not found.known, "a way round without a path")
    _expect(found.known or found.names_service(LAMBDA) is Truth.UNKNOWN, "an unread trust policy decided something")
    list(found.conditions_on_function())


def _answer(
    caller: Caller, answer: Answer, policies: list[PolicyDocument], limits: list[PolicyDocument] | None
) -> None:
    if answer.allowed is Truth.YES:
        _expect(answer.witness is not None and answer.evaluation is not None, "allowed without a witness")
        assert answer.witness is not None
        _expect(
            evaluate(answer.witness, policies, limits).allowed is Truth.YES,
            f"the witness does not replay: {answer.witness}",
        )
        for part in answer.witness.authorizations:
            _expect(
                (SOURCE_FUNCTION_ARN.lower() in part.context) is (caller is Caller.CODE),
                "the witness is another caller's",
            )
        return
    _expect(answer.witness is None, "a witness of what is not allowed")
    if answer.allowed is Truth.UNKNOWN:
        told = answer.too_complex or answer.unresolved or answer.unknown_keys
        _expect(bool(told), "undecided without a reason")


def _json_form(found: Json) -> None:
    json.loads(json.dumps(found))
    _expect(set(found["actions"]) == set(KEPT_FROM_CODE), "not all actions")
    for answers in found["actions"].values():
        _expect(answers["code"] in _WORDS and answers["service"] in _WORDS, "no verdict")
        _expect((answers["witness"] is not None) is (answers["code"] == "allowed"), "a witness if and only if allowed")


def _line(value: str) -> str:
    found: Json = judge_line(value, now=Decimal(NOW))
    _json_form(found)
    return "line with errors" if found["errors"] else "line judged"


# ---- stacks

_PARTS: Final = (names.READ_ONLY, names.UNVERIFIED, names.GUARD)


def _urn(item: Json) -> str:
    return f"urn:pulumi:dev::shop::{item['type']}::{item['name']}"


def _revealed(value: Json) -> Json:
    """As the engine passes it to a check: secrets are plain there, tuples are lists."""
    if isinstance(value, Secret):
        return _revealed(value.value)
    if isinstance(value, dict):
        return {key: _revealed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_revealed(item) for item in value]
    return value


def _raise(error: Exception, subject: object) -> Any:  # noqa: ARG001  # stands in for finding.internal_error
    raise error


@contextmanager
def _no_catch_all() -> Iterator[None]:
    """A bug that the pack would tell as "could not be judged" is raised."""
    with mock.patch.object(finding, "internal_error", _raise):
        yield


def _stack(value: Json) -> str:
    callbacks = Callbacks(Judge(clock=lambda: float(NOW)))
    messages: list[tuple[str, str]] = []

    def report(name: str) -> Callable[[str, str | None], None]:
        def add(message: str, urn: str | None = None) -> None:
            messages.append((name, message))
            _expect(urn is None or urn in urns, f"a violation of no resource of the stack: {urn}")

        return add

    urns = {_urn(item) for item in value}
    options = PolicyResourceOptions(False, [], False, [], PolicyCustomTimeouts(0, 0, 0), [])
    with _no_catch_all():
        for item in value:
            args = (item["type"], item["inputs"], _urn(item), item["name"], options, None)
            changed = callbacks.remediate(ResourceValidationArgs(*args))
            if changed is not None:
                # Remediation fixes documents. It may add none of a text's stand-ins and lose no property.
                _expect(set(changed) >= set(item["inputs"]), "a remediation that loses a property")
            inputs = proxy.unknown_checking_proxy(_revealed(item["inputs"]))
            args = (item["type"], inputs, _urn(item), item["name"], options, None)
            callbacks.resource(ResourceValidationArgs(*args), report(names.ROLE_GUARD))
        for name in _PARTS:
            callbacks.stack(name)(StackValidationArgs(_policy_resources(value, options)), report(name))
        callbacks.notices(StackValidationArgs(_policy_resources(value, options)), report("notices"))
    for name, message in messages:
        _fit_to_show(message)
        # The call itself is shown only for a role that has an ARN.
        said = ("can call", "cannot call", "can get round every guard", "can take the guard off")
        reasoned = name != names.GUARD or ("Fix: " in message and any(word in message for word in said))
        _expect(reasoned, f"a violation without its reason or its fix: {message[:300]}")
    told = {name for name, _ in messages}
    return "stack: " + next((name for name in (names.GUARD, names.ROLE_GUARD, *_PARTS) if name in told), "silent")


def _policy_resources(value: Json, options: PolicyResourceOptions) -> list[PolicyResource]:
    made: dict[str, PolicyResource] = {}
    for item in value:
        props = proxy.unknown_checking_proxy({**_revealed(item["inputs"]), **_revealed(item["computed"])})
        made.setdefault(
            item["name"], PolicyResource(item["type"], props, _urn(item), item["name"], options, None, None, [], {})
        )
    for item in value:
        resource = made[item["name"]]
        for prop, urns in item["depends"].items():
            resource.property_dependencies[prop] = [made[name] for name in urns if name in made]
    return list(made.values())


_KINDS: Final[dict[str, Callable[[Json], str]]] = {"documents": _documents, "line": _line, "stack": _stack}
