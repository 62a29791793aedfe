"""What the stacks of a survey tell each other: their roles and policies, and what they name that is not theirs.

A survey can be split, so it is all plain values: the resources that matter of a stack, packed, and an index of what is in
them and what they name.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from typing import Any, Final

from policy.iam.managed import is_aws_managed
from policy.iam.truth import HIDDEN_SECRET, UNKNOWN, Unknown
from policy.outside.state_resources import Relevant
from policy.shared.aws_types import MANAGED_POLICIES, ROLES
from policy.stack.resources import Resource

_ACCOUNT: Final = re.compile(r"arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):")
# What no verdict needs, and what holds a program's own secrets: it is not passed on.
_LEFT_OUT: Final = frozenset(("environment", "code", "runConfig", "s3Bucket", "s3Key", "layers"))
# What a verdict needs of a provider's configuration.
_OF_PROVIDER: Final = ("region", "defaultTags", "allowedAccountIds", "forbiddenAccountIds")
_UNKNOWN: Final = "$unknown"


@dataclass(frozen=True, slots=True)
class Named:
    """Something that a resource names and that its stack does not manage: an ARN, or the bare name of a role.

    `stays` says that the resource names a role of its own stack as well.
    """

    urn: str
    what: str
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """What a stack has for others, and what it names of theirs.

    `roles` and `policies` are URNs by ARN of what it manages, `read` the URNs by ARN of roles that it only reads; `accounts`
    are the AWS accounts in its ARNs.
    """

    roles: Mapping[str, str]
    policies: Mapping[str, str]
    read: Mapping[str, str]
    named: tuple[Named, ...]
    accounts: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Give it as the JSON form has it."""
        return asdict(self)

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Index:
        """Read it. Raises KeyError or TypeError for another form."""
        named = tuple(Named(item["urn"], item["what"], item["stays"]) for item in value["named"])
        return Index(value["roles"], value["policies"], value["read"], named, tuple(value["accounts"]))


def index(resources: Sequence[Resource]) -> Index:
    """The index of one stack."""
    roles: dict[str, str] = {}
    read: dict[str, str] = {}
    policies: dict[str, str] = {}
    for resource in resources:
        arn = resource.arn
        if resource.type in ROLES and isinstance(arn, str):
            (roles if resource.managed else read)[arn] = resource.urn
        elif resource.type in MANAGED_POLICIES and isinstance(arn, str) and resource.managed:
            policies[arn] = resource.urn
    named = tuple(dict.fromkeys(_named(resources, roles.keys(), policies.keys())))
    every = [*roles, *policies, *read, *(one.what for one in named), *_own_arns(resources)]
    accounts = {found[1] for arn in every if (found := _ACCOUNT.match(arn))}
    return Index(roles, policies, read, named, tuple(sorted(accounts)))


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _own_arns(resources: Sequence[Resource]) -> Iterator[str]:
    return (arn for resource in resources if isinstance(arn := resource.arn, str))


def _named(resources: Sequence[Resource], own_roles: Set[str], own_policies: Set[str]) -> Iterator[Named]:
    names = {_name(arn) for arn in own_roles}
    for resource in resources:
        if resource.type in ROLES and not resource.managed:
            continue
        texts = list(resource.texts())
        naming = (resource.row.role, resource.row.roles)
        stays = any(text in own_roles or (key in naming and text in names) for key, text in texts)
        for key, text in texts:
            is_role = ":iam::" in text and ":role/" in text
            is_policy = ":iam::" in text and ":policy/" in text and not is_aws_managed(text)
            bare = key in naming and not text.startswith("arn:") and text not in names
            arn = (is_role or is_policy) and text.startswith("arn:")
            if text not in own_roles and text not in own_policies and (bare or arn):
                yield Named(resource.urn, text, stays)


def pack(relevant: Relevant) -> bytes:
    """The resources of a stack in few bytes, without what no verdict needs."""
    value = {
        "resources": [_encoded(resource) for resource in relevant.resources],
        "secrets": dict(relevant.secrets),
        "places": dict(relevant.places),
    }
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1)


def unpack(packed: bytes) -> Relevant:
    """The resources again. Raises ValueError, KeyError or TypeError for what is no such thing."""
    try:
        value = json.loads(zlib.decompress(packed))
    except zlib.error as error:
        raise ValueError(str(error)) from None
    return Relevant(
        tuple(_decoded(item) for item in value["resources"]),
        {urn: tuple(paths) for urn, paths in value["secrets"].items()},
        {urn: (str(file), int(line)) for urn, (file, line) in value["places"].items()},
    )


def _encoded(resource: Resource) -> dict[str, Any]:
    return {
        "urn": resource.urn,
        "type": resource.type,
        "props": _plain(_kept(resource.props)),
        "depends_on": dict(resource.depends_on),
        "inputs": None if resource.inputs is None else _plain(_kept(resource.inputs)),
        "not_managed": sorted(resource.not_managed),
        "provider": _plain({key: resource.provider[key] for key in _OF_PROVIDER if key in resource.provider}),
        "managed": resource.managed,
        "account": resource.account,
    }


def _kept(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key not in _LEFT_OUT}


def _decoded(value: Mapping[str, Any]) -> Resource:
    return Resource(
        value["urn"],
        value["type"],
        _known(value["props"]),
        {key: tuple(urns) for key, urns in value["depends_on"].items()},
        None if value["inputs"] is None else _known(value["inputs"]),
        frozenset(value["not_managed"]),
        _known(value["provider"]),
        value["managed"],
        value["account"],
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Unknown):
        return {_UNKNOWN: value.secret}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_UNKNOWN}:
            return HIDDEN_SECRET if value[_UNKNOWN] else UNKNOWN
        return {key: _known(item) for key, item in value.items()}
    return [_known(item) for item in value] if isinstance(value, list) else value
