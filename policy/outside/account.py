"""Roles out of files that `aws iam get-account-authorization-details` wrote.

A file holds one output or several of them one after the other or in a list (pages, accounts), as it is or compressed with
gzip. Source of the shapes: IAM API Reference, GetAccountAuthorizationDetails; the AWS CLI decodes the documents, other
tools leave them URL-encoded (RFC 3986).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from policy.iam import managed
from policy.iam.api_shapes import decoded, objects
from policy.outside.files import shown, text_of
from policy.outside.records import Found, Record, RecordError, as_resources

_DATES: Final = ("LastUsedDate", "CreateDate", "UpdateDate")


class AccountDetails:
    """The roles of one file, which is read when the first of them is asked for. `as_of` is of when it is, if told."""

    def __init__(self, path: Path, as_of: datetime | None = None) -> None:
        self._path = path
        self._as_of = as_of
        self._roles: dict[str, dict[str, Any]] | None = None
        self._policies: dict[str, object] = {}
        self._problem = ""

    def find(self, roles: Sequence[str]) -> Found:
        """See Directory."""
        if self._roles is None:
            self._roles = {}
            try:
                self._read(self._roles)
            except RecordError as error:
                self._problem = str(error)
        known = self._roles
        return {role: as_resources(self._record(role, known[role])) for role in roles if role in known}

    def why_not(self, role: str) -> Sequence[str]:
        """See Directory."""
        if self._problem:
            return [f"could not be looked up in {self._problem}"]
        return [] if self._roles and role in self._roles else [f"is not in {self._source}"]

    @property
    def _source(self) -> str:
        return f"the account details in {shown(self._path)}"

    def _read(self, roles: dict[str, dict[str, Any]]) -> None:
        newest = _Newest()
        found_any = False
        for details in _outputs(self._path, newest):
            found_any = True
            for item in objects(details.get("RoleDetailList")):
                if isinstance(item.get("Arn"), str):
                    roles[item["Arn"]] = item
            for item in objects(details.get("Policies")):
                if isinstance(item.get("Arn"), str):
                    self._policies[item["Arn"]] = _in_force(item)
        if not found_any:
            raise RecordError(
                f"{shown(self._path)}: holds no output of `aws iam get-account-authorization-details` (no RoleDetailList)"
            )
        # An account in use has dates of today: the newest tells when it was read, or that it may be older.
        self._as_of = self._as_of or newest.date

    def _record(self, arn: str, role: Mapping[str, Any]) -> Record:
        attached = [str(i["PolicyArn"]) for i in objects(role.get("AttachedManagedPolicies")) if "PolicyArn" in i]
        limit = role.get("PermissionsBoundary")
        boundary = limit.get("PermissionsBoundaryArn") if isinstance(limit, dict) else None
        named = [*attached, *([boundary] if isinstance(boundary, str) else [])]
        return Record(
            arn,
            decoded(role.get("AssumeRolePolicyDocument")),
            {
                str(item.get("PolicyName")): decoded(item.get("PolicyDocument"))
                for item in objects(role.get("RolePolicyList"))
            },
            attached,
            self._source,
            self._as_of,
            boundary if isinstance(boundary, str) else None,
            {name: self._policies[name] for name in named if self._has(name)},
            {str(tag.get("Key")): str(tag.get("Value")) for tag in objects(role.get("Tags"))},
        )

    def _has(self, arn: str) -> bool:
        """Whether the file has the document of a policy which the pack's own data does not have."""
        return arn in self._policies and managed.lookup(arn) is None


class _Newest:
    """The newest date among all that are given."""

    def __init__(self) -> None:
        self._text = ""

    def look(self, item: Mapping[str, Any]) -> None:
        """Look at the dates of one object. All are in UTC and in ISO 8601, so the texts sort as the dates do."""
        for key in _DATES:
            text = item.get(key)
            if isinstance(text, str) and text > self._text:
                self._text = text

    @property
    def date(self) -> datetime | None:
        """The newest, None where there is none."""
        try:
            found = datetime.fromisoformat(self._text.replace("Z", "+00:00"))
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _outputs(path: Path, newest: _Newest) -> Iterator[dict[str, Any]]:
    """The outputs in a file. Raises RecordError."""

    def kept(item: dict[str, Any]) -> object:
        """What is kept of an object: a document as its text, which takes a tenth of the memory; no users and groups."""
        if "Statement" in item:
            return json.dumps(item)
        newest.look(item)
        item.pop("UserDetailList", None)
        item.pop("GroupDetailList", None)
        return item

    decoder = json.JSONDecoder(object_hook=kept)
    text = text_of(path)
    at, end = 0, len(text)
    try:
        while at < end:
            value, at = decoder.raw_decode(text, at)
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, dict) and "RoleDetailList" in item:
                    yield item
            while at < end and text[at] in " \t\r\n,":
                at += 1
    except json.JSONDecodeError as error:
        raise RecordError(
            f"{shown(path)}: not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except (RecursionError, ValueError):
        raise RecordError(f"{shown(path)}: not readable as JSON: nested too deeply, or a number too long") from None


def _in_force(policy: Mapping[str, Any]) -> object:
    """The document of the version that is in force; None, which is refused as a document, where the file lacks it."""
    for version in objects(policy.get("PolicyVersionList")):
        if version.get("IsDefaultVersion") is True or version.get("VersionId") == policy.get("DefaultVersionId"):
            return decoded(version.get("Document"))
    return None
