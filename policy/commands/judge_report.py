"""A judgement of documents as a report, for all formats: one finding for each thing that is wrong with the role."""

from __future__ import annotations

from collections.abc import Iterator

from policy.commands.judge import Judgement, render, witness_json
from policy.iam.document import Effect
from policy.iam.evaluate import action_covered
from policy.iam.request import Caller
from policy.iam.search import keys
from policy.iam.truth import Truth
from policy.reports.report import ALLOWS, GUARD, OPEN, UNKNOWN, Document, Item, Report, Role
from policy.shared import names
from policy.shared.escapes import printable, quoted
from policy.shared.rules import RULES

_FIX = (
    'Fix: add to the statements that allow it "Condition": {"Null": {"lambda:SourceFunctionArn": "true"}}, or deny it to '
    'calls with the key: "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}}'
)


def report(judgement: Judgement, role: str, file: str) -> Report:
    """The judgement as a report. `role` is the name or ARN of the role, or a word for it; `file` the first that was read."""
    items = list(_items(judgement, role, file))
    code = [answers[Caller.CODE].allowed for answers in judgement.answers.values()]
    figures = [
        ("actions judged", str(len(code))),
        ("open to the code", str(code.count(Truth.YES))),
        ("not known", str(code.count(Truth.UNKNOWN))),
        ("closed", str(code.count(Truth.NO))),
    ]
    return Report(
        f"{role}: judged",
        "lambda-eni-guard",
        "",
        items,
        printable(render(judgement)) + "\n",
        judgement.to_json(),
        roles={role: _role(judgement, role)},
        figures=figures,
    )


def _items(judgement: Judgement, role: str, file: str) -> Iterator[Item]:
    asked = {action: answers[Caller.CODE] for action, answers in judgement.answers.items()}
    for allowed, policy, kind in ((Truth.YES, names.GUARD, "open"), (Truth.UNKNOWN, names.UNVERIFIED, "not judged")):
        actions = [action for action, answer in asked.items() if answer.allowed is allowed]
        if not actions:
            continue
        writes = any(not keys.action(action).read_only for action in actions)
        if allowed is Truth.YES and not writes:
            policy, kind = names.READ_ONLY, "read-only"
        can = "can call" if allowed is Truth.YES else "may be able to call, which is not known,"
        lines = [f"The code of a function with {quoted(role)} {can} {', '.join(map(quoted, actions))}."]
        answer = next((asked[action] for action in actions if asked[action].witness), asked[actions[0]])
        for found in answer.evaluation.allowing if answer.evaluation else ():
            lines.append(f"Allowed by {found.statement.label} of {quoted(found.document.name)}.")
        witness = {"action": answer.witness.action, **witness_json(answer.witness)} if answer.witness else None
        yield _item(policy, kind, role, file, [*lines, _FIX], actions, witness)
    for action in judgement.answers:
        for found in judgement.keeping_service_out(action):
            by = f"{found.statement.label} of {quoted(found.document.name)}"
            told = f"The Lambda service cannot call {quoted(action)}: {by}."
            yield _item(names.GUARD, "locked out", role, file, [told], [action], None)
    for error in judgement.errors():
        yield _item(names.UNVERIFIED, "other", role, file, [f"IAM takes no such document: {error}"], [], None)


def _item(
    policy: str,
    kind: str,
    role: str,
    file: str,
    lines: list[str],
    actions: list[str],
    witness: dict[str, object] | None,
) -> Item:
    # Judged by hand there is no level: what the pack stops by default is mandatory.
    level = "mandatory" if policy == names.GUARD else "advisory"
    severity = RULES[policy].severity
    return Item(
        policy, level, severity, kind, role, printable("\n".join(lines)),
        role=role, actions=tuple(actions), file=file, line=1 if file else 0, witness=witness,
    )  # fmt: skip


def _role(judgement: Judgement, role: str) -> Role:
    actions = tuple(judgement.answers)
    documents = []
    for document in judgement.documents:
        ways: dict[str, str] = {}
        for action in actions:
            answer = judgement.answers[action][Caller.CODE]
            allowing = answer.evaluation.allowing if answer.evaluation and answer.allowed is Truth.YES else ()
            about = [s for s in document.statements if action_covered(s, action) is not Truth.NO]
            if any(found.document is document for found in allowing):
                ways[action] = OPEN
            elif document.unknown:
                ways[action] = UNKNOWN
            elif any(c.key == keys.SOURCE_FUNCTION_KEY for s in about for c in s.conditions):
                ways[action] = GUARD
            elif about:
                ways[action] = ALLOWS if any(s.effect is Effect.ALLOW for s in about) else GUARD
        documents.append(Document(document.name, "policy", ways))
    return Role(role, role, actions=actions, documents=tuple(documents))
