"""A document in, the same document with a guard out; or a refusal with its reason.

The guard affects the function's own code and nobody else: what it denies is denied only to calls that carry
`lambda:SourceFunctionArn`. Everything that is not about the judged actions stays as it is written.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from policy import resources
from policy.document import INLINE_POLICIES_LIMIT, MANAGED_POLICY_LIMIT, PolicyDocument, Statement, parse_document
from policy.exposure import NEEDED_BY_NAME, key_conditions
from policy.finding import deny_statement
from policy.matching import action_matches
from policy.request import SOURCE_FUNCTION_ARN, Caller
from policy.trust import LAMBDA, parse_trust
from policy.truth import Truth, Unknown
from policy.witness import Subject, ask


Path = tuple[str | int, ...]


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

    `props` are plain values with UNKNOWN and HIDDEN in them. Roles are guarded if they trust Lambda; policies that are no
    part of a role only with `standalone`. A document is left alone unless it gives Lambda what a function in a VPC needs.
    """
    places = _places(kind, props, standalone=standalone)
    limit = MANAGED_POLICY_LIMIT if kind in (resources.POLICY, resources.NATIVE_POLICY) else INLINE_POLICIES_LIMIT
    new = copy.deepcopy(dict(props))
    documents: dict[Path, object] = {}
    refused: dict[str, str] = {}
    for path in places:
        holder: Any = new
        for step in path[:-1]:
            holder = holder[step]
        try:
            guarded = guard(holder.get(path[-1]), actions, now)
            if guarded is not None:
                before, holder[path[-1]] = holder[path[-1]], guarded
                if _size(kind, new) > limit:
                    holder[path[-1]] = before
                    raise RefusedError(f"with the guard it would exceed the {limit:,} characters that IAM takes")
                documents[path] = guarded
        except RefusedError as error:
            refused[_shown(path)] = str(error)
    return Remedy(documents, refused)


def _places(kind: str, props: Mapping[str, Any], *, standalone: bool) -> list[Path]:
    """Where the documents are."""
    if kind in (resources.ROLE_POLICY, resources.POLICY):
        return [("policy",)] if standalone else []
    if kind in (resources.NATIVE_ROLE_POLICY, resources.NATIVE_POLICY):
        return [("policyDocument",)] if standalone else []
    shape = {
        resources.ROLE: ("assumeRolePolicy", "inlinePolicies", "policy"),
        resources.NATIVE_ROLE: ("assumeRolePolicyDocument", "policies", "policyDocument"),
    }.get(kind)
    if shape is None:
        return []
    trust, inline, document = shape
    if parse_trust(props.get(trust)).names_service(LAMBDA) is not Truth.YES:
        return []
    items = props.get(inline)
    return [
        (inline, i, document)
        for i, item in enumerate(items if isinstance(items, list) else ())
        if isinstance(item, Mapping) and item.get(document) is not None
    ]


def _shown(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _size(kind: str, props: Mapping[str, Any]) -> int:
    """The characters that count towards IAM's limit, of all the documents that share it."""
    total = 0
    for path in _places(kind, props, standalone=True):
        value: Any = props
        for step in path:
            value = value[step]
        text = value if isinstance(value, str) else json.dumps(value, default=str, separators=(",", ":"))
        total += sum(map(len, text.split()))
    return total


def guard(source: object, actions: Sequence[str], now: Decimal) -> object | None:
    """The guarded document, in the form of the given one (text or object); None where there is nothing to guard.

    Raises RefusedError.
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
    if not _serves_lambda(document, now):
        return None
    exposed = _exposed(document, actions, now)
    if not exposed:
        return None
    value: Any = json.loads(source) if isinstance(source, str) else copy.deepcopy(source)
    guarded = _guarded(value, document, exposed, actions)
    if _exposed(parse_document(guarded), actions, now):
        raise RefusedError("its conditions are too unusual to be guarded without changing what else they do")
    return _like(source, guarded) if isinstance(source, str) else guarded


def _holds(value: object, kind: type) -> bool:
    if isinstance(value, Mapping):
        return any(_holds(item, kind) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_holds(item, kind) for item in value)
    return isinstance(value, kind)


def _serves_lambda(document: PolicyDocument, now: Decimal) -> bool:
    service = Subject(Caller.SERVICE, now=now)
    return all(ask(action, service, [document]).allowed is Truth.YES for action in NEEDED_BY_NAME)


def _exposed(document: PolicyDocument, actions: Sequence[str], now: Decimal) -> list[Statement]:
    """The statements that let the code of some function make a judged call."""
    found: dict[int, Statement] = {}
    for action in actions:
        left = document
        while (answer := ask(action, Subject(Caller.CODE, now=now), [left])).allowed is Truth.YES:
            assert answer.evaluation is not None
            allowing = {id(d.statement): d.statement for d in answer.evaluation.allowing}
            found.update(allowing)
            left = left.without(allowing)
    return sorted(found.values(), key=lambda statement: statement.index)


def _guarded(
    value: dict[str, Any], document: PolicyDocument, exposed: Sequence[Statement], actions: Sequence[str]
) -> dict[str, Any]:
    """Guard the statements: those that list judged actions get the condition, the others a Deny beside them."""
    single = isinstance(value["Statement"], Mapping)
    statements: list[Any] = [value["Statement"]] if single else list(value["Statement"])
    judged = {action.lower() for action in actions}
    sids = {s.sid for s in document.statements}
    result: list[Any] = []
    deny = False
    for parsed, written in zip(document.statements, statements, strict=True):
        if parsed not in exposed:
            result.append(written)
            continue
        listed = [a for a in parsed.actions or () if isinstance(a, str) and a.lower() in judged]
        rest = [a for a in parsed.actions or () if a not in listed]
        deny = deny or parsed.actions is None or _covers_any(rest, actions)
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
    value["Statement"] = result[0] if single and len(result) == 1 else result
    return value


def _covers_any(patterns: Sequence[Any], actions: Sequence[str]) -> bool:
    return any(isinstance(p, str) and action_matches(p, action) for p in patterns for action in actions)


def _with_condition(written: Mapping[str, Any], parsed: Statement) -> dict[str, Any]:
    """The statement with the Null guard in its Condition, which otherwise stays as it is."""
    if any(c.operator.name == "Null" for c in key_conditions(parsed)):
        raise RefusedError(f"{parsed.label} has a Null condition on `{SOURCE_FUNCTION_ARN}` that is no guard")
    condition = dict(written.get("Condition", {}))
    operator = next((name for name in condition if name.lower() == "null"), "Null")
    condition[operator] = {**condition.get(operator, {}), SOURCE_FUNCTION_ARN: "true"}
    return {**written, "Condition": condition}


def _new_sid(wanted: str, sids: set[str | None]) -> str:
    sid, number = wanted, 2
    while sid in sids:
        sid, number = f"{wanted}{number}", number + 1
    sids.add(sid)
    return sid


def _like(text: str, value: object) -> str:
    """The document as text, laid out like the given one."""
    lines = text.splitlines()
    if len(lines) > 1:
        indent = next((len(line) - len(line.lstrip()) for line in lines if line.startswith(" ")), 2)
        return json.dumps(value, indent=indent, ensure_ascii=text.isascii())
    separators = None if '": ' in text else (",", ":")
    return json.dumps(value, separators=separators, ensure_ascii=text.isascii())

