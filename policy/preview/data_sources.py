"""Data sources, answered without AWS.

`aws:iam/getPolicyDocument:getPolicyDocument` needs no AWS, and is computed (policy_documents.py). Region and partition
follow from the stack's configuration. `aws:iam/getPolicy:getPolicy` of an AWS managed policy is known as far as the
pack knows the policy. Everything else is answered as unknown, with a note that says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..shared import stand_ins
from .get_policy_document import DataSourceError, policy_document
from .places import Place, dns_suffix, partition
from .properties import UNKNOWN, Properties, is_unknown, normalise, reveal

__all__ = ["CALLER_IDENTITY", "IDENTITY", "POLICY_DOCUMENT", "REGION", "Answer", "DataSourceError", "answer"]

POLICY_DOCUMENT = "aws:iam/getPolicyDocument:getPolicyDocument"

CALLER_IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"

REGION = "aws:index/getRegion:getRegion"

_REGIONS = (REGION, "aws-native:index:getRegion")
_POLICY = "aws:iam/getPolicy:getPolicy"
_PARTITION = ("aws:index/getPartition:getPartition", "aws-native:index:getPartition")
_ACCOUNT = (CALLER_IDENTITY, "aws-native:index:getAccountId")
IDENTITY = (*_REGIONS, *_PARTITION, *_ACCOUNT)
"""Data sources that say where a program runs. Their results are formed together: an answer to some members leaves the
others as they are."""


@dataclass(frozen=True)
class Answer:
    """A data source's result: None where it is unknown. `note` tells the user what was assumed or not asked."""

    result: Properties | None
    note: str = ""


def answer(
    token: str, arguments: Properties, config: Mapping[str, str], region: str = "", place: Place | None = None
) -> Answer:
    """Answer the data source `token`, or say that it is unknown.

    `region` is that of the provider used, where it is known; otherwise `aws:region` of `config` counts. `place` is
    where that provider works, with stand-ins for what is not known of it; None is for a preview without stand-ins.
    Raises DataSourceError for arguments that the real data source refuses.
    """
    seen: set[str] = set()
    plain = {key: _plain(normalise(value, seen)) for key, value in arguments.items()}
    region = place.region if place else region or config.get(f"{token.split(':', 1)[0]}:region", "")
    if token == POLICY_DOCUMENT:
        return Answer(None) if _has_unknown(plain) else Answer({**plain, **policy_document(plain)})
    if token == _POLICY and not _has_unknown(plain):
        result = _managed_policy(plain, partition(region))
        if result is not None:
            return Answer(result, f"{token} was answered from the pack's list of AWS managed policies")
    if token in _REGIONS:
        region = str(plain.get("region") or plain.get("name") or region)
        if region and not is_unknown(region):
            return Answer(
                {"id": region, "name": region, "region": region, "endpoint": f"ec2.{region}.{dns_suffix(region)}"}
            )
    if token in _PARTITION:
        if is_unknown(region):
            return Answer(None)
        suffix = dns_suffix(region)
        reverse = ".".join(reversed(suffix.split(".")))
        result = {
            "partition": partition(region),
            "id": partition(region),
            "dnsSuffix": suffix,
            "reverseDnsPrefix": reverse,
        }
        return Answer(result, "" if region else f"{token} was answered as `aws`: the stack has no aws:region")
    if token in _ACCOUNT:
        account = place.account if place else _only_account(config.get("aws:allowedAccountIds", ""))
        if account:
            where = partition(region)
            arn = {} if is_unknown(where) else {"arn": f"arn:{where}:iam::{account}:root"}
            return Answer({"accountId": account, "id": account, "userId": account, **arn})
        return Answer(
            None, f"{token} was answered as unknown: to have it known, set aws:allowedAccountIds to one account"
        )
    return Answer(None, f"{token} was answered as unknown: AWS is not asked (answer it with --answers)")


def _managed_policy(arguments: Mapping[str, object], where: str) -> Properties | None:
    """Give the AWS managed policy that `arn`, or `name` with or without `pathPrefix`, finds in every account."""
    data = _managed_policies()
    given = str(arguments.get("arn") or "")
    if given.startswith("arn:") and where == stand_ins.PARTITION:
        where = given.split(":")[1]
    prefix = str(arguments.get("pathPrefix") or "/").removeprefix("/")
    for suffix, statements in data["policies"].items():
        arn = f"arn:{where}:iam::aws:policy/{suffix}"
        path, _, name = suffix.rpartition("/")
        if arn == given or (not given and name == arguments.get("name") and suffix.startswith(prefix)):
            # Text that carries the sentinel: a plain call cannot say "unknown" of one member (see program.py).
            document = json.dumps({"Version": data["version"], "Statement": statements})
            return {
                "arn": arn,
                "attachmentCount": 0,
                "description": f"getPolicy.description-{UNKNOWN}",
                "id": arn,
                "name": name,
                "path": f"/{path}/" if path else "/",
                "policy": document if statements else f"getPolicy.policy-{UNKNOWN}",
                "policyId": f"getPolicy.policyId-{UNKNOWN}",
                "tags": {},
            }
    return None


@cache
def _managed_policies() -> dict[str, Any]:
    """Read the pack's data on AWS managed policies, as data: what they mean is the pack's business."""
    text = (Path(__file__).resolve().parents[1] / "data" / "managed_policies.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def _plain(value: object) -> object:
    value = reveal(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _has_unknown(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_unknown, value.values()))
    return any(map(_has_unknown, value)) if isinstance(value, list) else is_unknown(value)


def _only_account(text: str) -> str:
    try:
        accounts = json.loads(text)
    except ValueError:
        return ""
    accounts = accounts if isinstance(accounts, list) else [accounts]
    return str(accounts[0]) if len(accounts) == 1 else ""
