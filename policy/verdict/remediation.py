"""A document in, the same document with a guard out; or a refusal with its reason.

The guard affects the function's own code and nobody else: what it denies is denied only to calls that carry
`lambda:SourceFunctionArn`. Everything that is not about the judged actions stays as it is written.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from policy.iam import managed
from policy.iam.conditions import holds
from policy.iam.document import INLINE_POLICIES_LIMIT, MANAGED_POLICY_LIMIT, PolicyDocument, Statement, parse_document
from policy.iam.request import SOURCE_FUNCTION_ARN, Caller
from policy.iam.search.actions import NEEDED_BY_NAME
from policy.iam.search.subject import Subject
from policy.iam.search.witness import ask
from policy.iam.trust import LAMBDA, parse_trust
from policy.iam.truth import Truth, Unknown
from policy.shared import aws_types
from policy.shared.aws_types import AwsType
from policy.stack.document_places import Path, at, document_paths, shown
from policy.verdict.callers import key_conditions
from policy.verdict.words import deny_statement, listed

# A remediation is handed one resource at a time.
_ELSEWHERE: Final = "what other resources say is not seen here"


class Hidden:
    """Stands for a secret value: it is neither read nor changed."""


HIDDEN: Final = Hidden()


class RefusedError(Exception):
    """The document cannot be guarded safely; the text says why."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """The new documents of a resource, by their paths, and what was refused, by the path as it is shown."""

    documents: Mapping[Path, object]
    refused: Mapping[str, str]


def remedy(
    kind: str, props: Mapping[str, Any], actions: Sequence[str], now: Decimal, *, standalone: bool = False
) -> Remedy:
    """Guard the documents in a resource's inputs.

    `props` are plain values with UNKNOWN and HIDDEN in them. Roles are guarded if they trust Lambda; policies that are
    no part of a role only with `standalone`. Documents are left alone unless they give Lambda what a function in a VPC
    needs, those of a role together.
    """
    row = aws_types.TYPES.get(kind, aws_types.OTHER)
    places = document_paths(row, props)
    limit = MANAGED_POLICY_LIMIT if kind in aws_types.MANAGED_POLICIES else INLINE_POLICIES_LIMIT
    new = copy.deepcopy(dict(props))
    documents: dict[Path, object] = {}
    refused = {shown(path): "AWS owns the policy" for path in _owned_by_aws(row, props)}
    refused.update((shown(path), "it is a secret") for path in _hidden(row, props))
    reason = _not_ours(row, props, standalone=standalone)
    if reason:
        return Remedy({}, {**dict.fromkeys(map(shown, places), reason), **refused})
    for path in places:
        holder = at(new, path[:-1])
        others = [parse_document(at(new, other)) for other in places if other != path and _readable(at(new, other))]
        try:
            guarded = guard(holder.get(path[-1]), actions, now, others)
            if guarded is not None:
                before, holder[path[-1]] = holder[path[-1]], guarded
                if _size(row, new) > limit:
                    holder[path[-1]] = before
                    raise RefusedError(f"with the guard it would exceed the {limit:,} characters that IAM takes")
                documents[path] = guarded
        except RefusedError as error:
            refused[shown(path)] = str(error)
    return Remedy(documents, refused)


def _not_ours(row: AwsType, props: Mapping[str, Any], *, standalone: bool) -> str:
    """Why a resource is left alone with all that is in it; empty where it is not."""
    if row.document and not standalone:
        return "it is not part of a role, and the option `remediate_standalone` is not set"
    if not row.trust:
        return ""
    trusts = parse_trust(props.get(row.trust)).names_service(LAMBDA)
    if trusts is Truth.UNKNOWN:
        return "whether the role trusts Lambda is not known"
    return "" if trusts is Truth.YES else "its trust policy does not name Lambda"


def _hidden(row: AwsType, props: Mapping[str, Any]) -> Iterator[Path]:
    """Where a role's list of documents, or an entry of it, is a secret."""
    inline = row.inline.prop
    items = props.get(inline)
    if isinstance(items, Hidden):
        yield (inline,)
    yield from (
        (inline, i) for i, item in enumerate(items if isinstance(items, list) else ()) if isinstance(item, Hidden)
    )


def _owned_by_aws(row: AwsType, props: Mapping[str, Any]) -> Iterator[Path]:
    """Where AWS managed policies are attached."""
    attached = props.get(row.managed)
    arns: dict[Path, object] = {(row.managed,): attached}
    if isinstance(attached, list):
        arns = {(row.managed, i): arn for i, arn in enumerate(attached)}
    yield from (path for path, arn in arns.items() if isinstance(arn, str) and managed.is_aws_managed(arn))


def secret_paths(value: object, path: Path = ()) -> Iterator[str]:
    """Where HIDDEN stands in plain values, as a path is shown."""
    if isinstance(value, Hidden):
        yield shown(path)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from secret_paths(item, (*path, str(key)))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from secret_paths(item, (*path, i))


def _readable(source: object) -> bool:
    return not _holds(source, Unknown) and not _holds(source, Hidden)


def _size(row: AwsType, props: Mapping[str, Any]) -> int:
    """The characters that count towards IAM's limit, of all the documents that share it."""
    total = 0
    for path in document_paths(row, props):
        value = at(props, path)
        text = value if isinstance(value, str) else json.dumps(value, default=str, separators=(",", ":"))
        total += sum(map(len, text.split()))
    return total


def guard(source: object, actions: Sequence[str], now: Decimal, others: Sequence[PolicyDocument] = ()) -> object | None:
    """The guarded document, in the form of the given one (text or object); None where there is nothing to guard.

    `others` are on the same role: what they deny needs no further guard. Raises RefusedError.
    """
    if isinstance(source, Hidden):
        raise RefusedError("it is a secret")
    if _holds(source, Unknown):
        raise RefusedError("it is not known before the update")
    if _holds(source, Hidden):
        raise RefusedError("it has a secret in it")
    document = parse_document(source)
    if document.errors:
        raise RefusedError(f"IAM would refuse it ({document.errors[0]})")
    exposed = _exposed(document, others, actions, now)
    if not exposed:
        if any(ask(a, Subject(Caller.CODE, now=now), [document, *others]).allowed is Truth.UNKNOWN for a in actions):
            raise RefusedError("whether it lets calls through depends on the function that runs on the role")
        return None
    missing = _missing_to_lambda([document, *others], now)
    if missing:
        raise RefusedError(f"it does not allow Lambda {listed(missing)}, which a function in a VPC needs: {_ELSEWHERE}")
    value: Any = json.loads(source) if isinstance(source, str) else copy.deepcopy(source)
    guarded = _guarded(value, document, exposed, actions)
    if not _closed(parse_document(guarded), actions, now):
        # Wildcards, NotAction, and what depends on something unknown: a Deny closes them whatever it is.
        guarded = _guarded(value, document, exposed, actions, deny=True)
    return _like(source, guarded) if isinstance(source, str) else guarded


def _holds(value: object, kind: type) -> bool:
    if isinstance(value, Mapping):
        return any(_holds(item, kind) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_holds(item, kind) for item in value)
    return isinstance(value, kind)


def _missing_to_lambda(documents: Sequence[PolicyDocument], now: Decimal) -> list[str]:
    """What Lambda needs for a function in a VPC, and these documents do not give it together."""
    service = Subject(Caller.SERVICE, now=now)
    return [action for action in NEEDED_BY_NAME if ask(action, service, documents).allowed is not Truth.YES]


def _exposed(
    document: PolicyDocument, others: Sequence[PolicyDocument], actions: Sequence[str], now: Decimal
) -> list[Statement]:
    """The statements of the document that let the code of some function make a judged call."""
    found: dict[int, Statement] = {}
    for action in actions:
        left = [document, *others]
        while (answer := ask(action, Subject(Caller.CODE, now=now), left)).allowed is Truth.YES:
            assert answer.evaluation is not None
            allowing = {id(d.statement): d.statement for d in answer.evaluation.allowing}
            found.update(allowing)
            left = [each.without(allowing) for each in left]
    return [statement for statement in document.statements if id(statement) in found]


def _closed(document: PolicyDocument, actions: Sequence[str], now: Decimal) -> bool:
    return all(ask(action, Subject(Caller.CODE, now=now), [document]).allowed is Truth.NO for action in actions)


def _guarded(
    value: Mapping[str, Any],
    document: PolicyDocument,
    exposed: Sequence[Statement],
    actions: Sequence[str],
    *,
    deny: bool = False,
) -> dict[str, Any]:
    """Put the condition on the judged actions that the exposed statements list; with `deny`, a Deny beside them."""
    single = isinstance(value["Statement"], Mapping)
    statements: list[Any] = [value["Statement"]] if single else list(value["Statement"])
    judged = {action.lower() for action in actions}
    sids = {s.sid for s in document.statements}
    result: list[Any] = []
    for parsed, written in zip(document.statements, statements, strict=True):
        if parsed not in exposed:
            result.append(written)
            continue
        listed = [a for a in parsed.actions or () if isinstance(a, str) and a.lower() in judged]
        rest = [a for a in parsed.actions or () if a not in listed]
        if not listed:
            result.append(written)
        elif not rest:
            result.append(_with_condition(written, parsed))
        else:
            result.append({**written, "Action": rest if len(rest) > 1 else rest[0]})
            part = _with_condition({**written, "Action": listed if len(listed) > 1 else listed[0]}, parsed)
            if "Sid" in part:
                part["Sid"] = _new_sid(f"{part['Sid']}Eni", sids)
            result.append(part)
    if deny:
        result.append({"Sid": _new_sid("DenyEniToFunctionCode", sids), **deny_statement(actions, detach=False)})
    return {**value, "Statement": result[0] if single and len(result) == 1 else result}


def _with_condition(written: Mapping[str, Any], parsed: Statement) -> dict[str, Any]:
    """The statement with the Null guard in its Condition, which otherwise stays as it is."""
    for condition in key_conditions(parsed):
        if condition.operator.name == "Null" or holds(condition, {}) is not Truth.YES:
            raise RefusedError(f"{parsed.label} has a condition on `{SOURCE_FUNCTION_ARN}` that is not a guard")
    conditions = dict(written.get("Condition", {}))
    operator = next((name for name in conditions if name.lower() == "null"), "Null")
    conditions[operator] = {**conditions.get(operator, {}), SOURCE_FUNCTION_ARN: "true"}
    return {**written, "Condition": conditions}


def _new_sid(wanted: str, sids: set[str | None]) -> str:
    sid, number = wanted, 2
    while sid in sids:
        sid, number = f"{wanted}{number}", number + 1
    sids.add(sid)
    return sid


def _like(text: str, value: object) -> str:
    """The document as text, laid out like the given one."""
    lines = text.strip().splitlines()
    indent: str | None = None
    if len(lines) > 1:
        indent = next((line[: -len(line.lstrip())] for line in lines if line.lstrip() != line), "  ")
    separators = None if indent or '": ' in text else (",", ":")
    return json.dumps(value, indent=indent, separators=separators, ensure_ascii=text.isascii())
