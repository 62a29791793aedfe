"""Roles looked up in AWS, where that is asked for: boto3 reads them with the credentials of whoever runs the preview.

Read-only calls, each named in docs/administrators.md with the permissions that they need. Nothing is imported before the
first role is asked for, and nothing that goes wrong is more than a reason why a role is not on record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from datetime import datetime, timezone
from typing import Any, Final

from policy.iam import managed
from policy.iam.api_shapes import decoded
from policy.outside.lookup import Lookup
from policy.outside.records import Found, Record, as_resources
from policy.shared.escapes import one_line

_MOST_AT_ONCE: Final = 8
_SOURCE: Final = "AWS, looked up in this run"


class Live:
    """The roles of the account that the credentials are of. Each is looked up once."""

    def __init__(self, lookup: Lookup, clock: Callable[[], float] = time.monotonic) -> None:
        self._lookup = lookup
        self._clock = clock
        self._left = lookup.timeout
        self._found: dict[str, Record] = {}
        self._reasons: dict[str, str] = {}
        self._clients: _Clients | None = None

    def find(self, roles: Sequence[str]) -> Found:
        """See Directory. Takes no longer than what is left of the timeout."""
        new = [role for role in roles if role not in self._found and role not in self._reasons]
        if new:
            started = self._clock()
            self._look(new, started + self._left)
            self._left -= self._clock() - started
        return {role: as_resources(self._found[role]) for role in roles if role in self._found}

    def why_not(self, role: str) -> Sequence[str]:
        """See Directory."""
        return [self._reasons[role]] if role in self._reasons else []

    def _look(self, roles: Sequence[str], deadline: float) -> None:
        late = f"could not be looked up in AWS within {self._lookup.timeout:g} seconds"
        # A call that hangs ends by its own timeout, after nobody waits for it any more.
        pool = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="lookup")
        try:
            connecting = pool.submit(self._connected, max(deadline - self._clock(), 0.1))
            clients = connecting.result(timeout=max(deadline - self._clock(), 0))
            looking = {role: pool.submit(clients.record, role) for role in roles}
            for role, future in looking.items():
                try:
                    self._found[role] = future.result(timeout=max(deadline - self._clock(), 0))
                except FutureTimeoutError:
                    self._reasons[role] = late
                except Exception as error:
                    self._reasons[role] = f"could not be looked up in AWS: {_reason(error)}"
        except FutureTimeoutError:
            self._reasons.update(dict.fromkeys(roles, late))
        except Exception as error:
            self._reasons.update(dict.fromkeys(roles, f"could not be looked up in AWS: {_reason(error)}"))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _connected(self, seconds: float) -> _Clients:
        if self._clients is None:
            self._clients = _Clients(self._lookup, seconds)
        return self._clients


class _NotThereError(Exception):
    """A role that this account cannot have, or does not have; the text says so."""


class _Clients:
    """IAM of one account."""

    def __init__(self, lookup: Lookup, seconds: float) -> None:
        import boto3
        from botocore.config import Config

        settings: dict[str, Any] = {
            "config": Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 2}),
            **({"endpoint_url": lookup.endpoint} if lookup.endpoint else {}),
        }
        session = boto3.Session(profile_name=lookup.profile or None)
        region = session.region_name or "us-east-1"
        if lookup.role:
            sts = session.client("sts", region_name=region, **settings)
            given = sts.assume_role(RoleArn=lookup.role, RoleSessionName="lambda-eni-guard")["Credentials"]
            session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        sts = session.client("sts", region_name=region, **settings)
        self._account = str(sts.get_caller_identity()["Account"])
        self._iam = session.client("iam", region_name=region, **settings)

    def record(self, arn: str) -> Record:
        """The role of that ARN, with all that is on it. Raises what boto3 raises, and _NotThereError."""
        account = arn.split(":")[4]
        if account != self._account:
            raise _NotThereError(f"it is in account {account}, and the credentials are of another one")
        name = arn.rpartition("/")[2]
        role = self._iam.get_role(RoleName=name)["Role"]
        if role["Arn"] != arn:
            raise _NotThereError("a role of that name has another path")
        inline = _pages(self._iam, "list_role_policies", "PolicyNames", RoleName=name)
        attached = _pages(self._iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name)
        arns = [str(item["PolicyArn"]) for item in attached]
        boundary = (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        return Record(
            arn,
            decoded(role["AssumeRolePolicyDocument"]),
            {str(policy): self._inline(name, str(policy)) for policy in inline},
            arns,
            _SOURCE,
            datetime.now(timezone.utc),
            boundary,
            self._customer([*arns, *([boundary] if boundary else [])]),
            {str(tag["Key"]): str(tag["Value"]) for tag in role.get("Tags", ())},
        )

    def _inline(self, role: str, policy: str) -> object:
        return decoded(self._iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])

    def _customer(self, arns: Iterable[str]) -> Mapping[str, object]:
        """The documents of the managed policies that the pack's own data does not have."""
        found: dict[str, object] = {}
        for arn in dict.fromkeys(arns):
            if managed.lookup(arn) is None:
                version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
                answer = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)
                found[arn] = decoded(answer["PolicyVersion"]["Document"])
        return found


def _pages(client: Any, operation: str, of: str, **parameters: str) -> list[Any]:
    return [item for page in client.get_paginator(operation).paginate(**parameters) for item in page[of]]


def _reason(error: Exception) -> str:
    """Why, without what an error of boto3 says of requests and credentials."""
    if isinstance(error, _NotThereError):
        return str(error)
    if isinstance(error, ImportError):
        return "boto3 is not installed (see requirements-lookup.txt)"
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    if isinstance(code, str):
        return f"{one_line(code)} for {one_line(str(getattr(error, 'operation_name', 'a call')))}"
    return type(error).__name__
