"""The service control policies of an organization, as they are given: by level, from the root to the account.

A level is the root, an organizational unit, or the account itself, with all the policies that are attached there. Source:
AWS Organizations User Guide, "SCP evaluation": each level must allow, and a Deny anywhere wins.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from policy.iam.api_shapes import described_policy
from policy.iam.document import PolicyDocument, parse_document
from policy.iam.service_control import level_of
from policy.outside.files import shown, text_of
from policy.outside.records import RecordError


@dataclass(frozen=True, slots=True)
class Organization:
    """The policies by level, and what is wrong with what was given, a sentence each.

    A policy that cannot be read is left out: it may be the guard, but nobody knows that it is.
    """

    levels: tuple[tuple[PolicyDocument, ...], ...] = ()
    problems: tuple[str, ...] = ()


def read_organization(given: Sequence[Sequence[str]]) -> Organization:
    """The policies of each level: each is a JSON text that begins with `{`, or the path of a file with one."""
    levels: list[tuple[PolicyDocument, ...]] = []
    problems: list[str] = []
    for i, level in enumerate(given):
        documents: list[PolicyDocument] = []
        for j, item in enumerate(level):
            place = f"service_control_policies[{i}][{j}]"
            try:
                documents.append(_policy(item, place))
            except RecordError as error:
                problems.append(f"`{place}` cannot be read, and is taken for no guard: {error}")
        problems += [
            f"`{document.name}` is not a policy that IAM takes: {e}" for document in documents for e in document.errors
        ]
        if documents:
            levels.append(level_of(documents))
    return Organization(tuple(levels), tuple(problems))


def _policy(given: str, place: str) -> PolicyDocument:
    if given.lstrip().startswith("{"):
        return parse_document(given, place)
    path = Path(given).expanduser()
    text = text_of(path)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise RecordError(f"{shown(path)}: not JSON") from None
    content = described_policy(value)
    if content is None and not (isinstance(value, dict) and "Statement" in value):
        raise RecordError(f"{shown(path)}: no policy document")
    return parse_document(text if content is None else content, shown(path))
