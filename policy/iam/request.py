"""The requests that are judged: what EC2 asks IAM when a function's code, or the Lambda service, makes a call.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2" (ec2_actions.json),
and IAM User Guide, "AWS global condition context keys", for who sets which key.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple

from policy.iam.conditions import Context, ContextValues
from policy.iam.truth import Unknown

SOURCE_FUNCTION_ARN: Final = "lambda:SourceFunctionArn"


class Caller(Enum):
    """Who makes the call with the execution role's credentials."""

    CODE = "code"
    SERVICE = "service"

    # By identity, as members are compared; the hash of an Enum is that of its name, worked out in Python.
    __hash__ = object.__hash__


class Authorization(NamedTuple):
    """What IAM is asked for one resource of a call: `*` for an action without resource level."""

    resource: str
    context: Context = {}  # noqa: RUF012  # a mapping that nothing writes to

    def to_json(self, key_names: Mapping[str, str]) -> dict[str, object]:
        """`{"resource": ..., "context": {...}}`; a key with one value has a string, one with several a list."""
        shown = {key_names.get(key, key): _json_values(values) for key, values in self.context.items()}
        return {"resource": self.resource, "context": dict(sorted(shown.items()))}


def _json_values(values: ContextValues) -> object:
    known = () if isinstance(values, Unknown) else tuple(v for v in values if isinstance(v, str))
    return known[0] if len(known) == 1 else list(known)


class Request(NamedTuple):
    """One API call: IAM must allow it for every resource that EC2 authorises."""

    action: str
    authorizations: tuple[Authorization, ...]

    def without(self, key: str) -> Request:
        """The same call without one context key, given in lower case."""
        return Request(
            self.action,
            tuple(
                Authorization(a.resource, {name: value for name, value in a.context.items() if name != key})
                for a in self.authorizations
            ),
        )
