"""Which context keys a call carries, who chooses them, and what EC2 authorises for each action.

Four kinds of key: *facts* of the session (nobody chooses them here), the *place* (region, account, partition), keys that
the caller is *free* to choose, and keys that are simply *absent* from such a call.

Sources: Service Authorization Reference for Amazon EC2 (ec2_actions.json, made by scripts/ec2_actions.py) and IAM User
Guide, "AWS global condition context keys", the paragraph "Availability" of each key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from policy.iam.conditions import ContextValues
from policy.iam.request import SOURCE_FUNCTION_ARN, Caller
from policy.iam.truth import UNKNOWN, Unknown

SOURCE_FUNCTION_KEY: Final = SOURCE_FUNCTION_ARN.lower()

# What stands where no account is known: AWS's own example account.
EXAMPLE_ACCOUNT: Final = "123456789012"
EXAMPLE_REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True, eq=False)
class ResourceType:
    """A resource that is authorised for an action. `fixed` is the identifier where the caller has no choice.

    `service` is whose resource it is; `regional` says whether the service that is called has endpoints in many regions.
    """

    name: str
    keys: frozenset[str]
    fixed: str | None = None
    service: str = "ec2"
    regional: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """What IAM is asked for one action: each of `resources` must be allowed, or `*` where there are none."""

    name: str
    resources: tuple[ResourceType, ...]
    keys: frozenset[str]
    read_only: bool


@cache
def _reference() -> Any:
    return json.loads((Path(__file__).resolve().parents[2] / "data" / "ec2_actions.json").read_text(encoding="utf-8"))


# One object for each: actions that ask for the same are told by it.
_resource_type = cache(ResourceType)


@cache
def action(name: str) -> Action:
    """The reference's entry for an action, e.g. `ec2:CreateNetworkInterface`. KeyError if it is in no list."""
    entry = _reference()["actions"][name]
    common = frozenset(key.lower() for key in entry["keys"])
    resources = tuple(
        _resource_type(
            kind,
            common | frozenset(key.lower() for key in row["keys"]),
            # The new interface has no identifier yet: EC2 asks for `network-interface/*`.
            fixed="*" if name == "ec2:CreateNetworkInterface" and kind == "network-interface" else None,
        )
        for kind, row in entry["resources"].items()
        if row["required"]
    )
    return Action(name, resources, common, entry["access_level"] in ("List", "Read"))


# What the caller gives with a call that changes tags (Service Authorization Reference for IAM).
_GIVEN_WITH: Final = {
    "iam:TagRole": frozenset(("aws:requesttag/", "aws:tagkeys")),
    "iam:UntagRole": frozenset(("aws:tagkeys",)),
}

# What a role needs to open a further session on itself, which then is none of Lambda's. (Service Authorization Reference
# for AWS STS. The keys of STS's own are not looked into: a condition on one is not decided.)
ASSUME_ROLE: Final = "sts:AssumeRole"


@lru_cache(maxsize=1024)
def on_iam(action: str, kind: str, name: str) -> Action:
    """An action on a resource of IAM, such as `sts:AssumeRole` on the `role` of that name, with its path.

    A role is the caller's own. STS is called in any region, IAM in one only.
    """
    given = _GIVEN_WITH.get(action, frozenset())
    resource = ResourceType(kind, given, fixed=name, service="iam", regional=not action.startswith("iam:"))
    return Action(action, (resource,), frozenset(), read_only=False)


@cache
def known_actions() -> frozenset[str]:
    """The actions that can be judged."""
    return frozenset(_reference()["actions"])


@cache
def _key_types() -> Mapping[str, str]:
    return {name.lower(): kind for name, kind in _reference()["key_types"].items()}


@cache
def key_type(key: str) -> str:
    """The type of a key of EC2's own in the reference, e.g. `ARN`; `String` for those it does not list."""
    types = _key_types()
    return types.get(key, types.get(key.partition("/")[0] + "/", "String"))


@cache
def key_names() -> Mapping[str, str]:
    """The usual spelling of each key, by its lower-case form."""
    names = [SOURCE_FUNCTION_ARN, *_GLOBAL_NAMES, *_reference()["key_types"]]
    return {name.lower(): name for name in names}


def spelled(key: str) -> str:
    """The usual spelling of a key in lower case; a tag's name stays as it is."""
    prefix, slash, name = key.partition("/")
    return key_names().get(prefix + slash, prefix + slash) + name if slash else key_names().get(key, key)


@cache
def regions(partition: str) -> tuple[str, ...]:
    """The regions of a partition, the commonest first."""
    known = tuple(_reference()["regions"].get(partition, ()))
    return tuple(sorted(known, key=lambda r: (r != EXAMPLE_REGION, r != "eu-west-1", r)))


_GLOBAL_NAMES: Final = (
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalTag/",
    "aws:PrincipalType",
    "aws:referer",
    "aws:RequestedRegion",
    "aws:RequestTag/",
    "aws:ResourceAccount",
    "aws:ResourceTag/",
    "aws:SecureTransport",
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "aws:VpcSourceIp",
    "iam:ResourceTag/",
)

# A request comes over the internet, with a source address, or through a VPC endpoint, with these keys; never both.
# (`aws:SourceVpcArn` and the keys of the endpoint's owner exist for listed services only, and EC2 is not listed.)
ENDPOINT_KEYS: Final = ("aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip")
# What tells from which network a call comes.
NETWORK_KEYS: Final = ("aws:sourceip", *ENDPOINT_KEYS)
TIME_KEYS: Final = ("aws:currenttime", "aws:epochtime")
REGION_KEYS: Final = ("aws:requestedregion", "ec2:region")
RESOURCE_ACCOUNT_KEY: Final = "aws:resourceaccount"
ACCOUNT_KEYS: Final = ("aws:principalaccount", RESOURCE_ACCOUNT_KEY)

# Keys of EC2 that every existing resource of that kind has: a call without them does not happen.
ALWAYS_PRESENT: Final = frozenset(("ec2:vpc", "ec2:subnet", "ec2:availabilityzone", "ec2:availabilityzoneid"))
# Keys that repeat the identifier of the resource itself.
IDENTIFIER_KEYS: Final = frozenset(
    ("ec2:networkinterfaceid", "ec2:subnetid", "ec2:securitygroupid", "ec2:vpcid", "ec2:instanceid")
)


class Session(NamedTuple):
    """One caller with the role's credentials. `function_arn` is None for calls without `lambda:SourceFunctionArn`.

    `role_tags` is None where they are not known at all; Lambda sets no session tags. `now` is in seconds since
    1970-01-01T00:00Z. `region` is the function's, empty where it is not known. `called` is the resource of IAM's that the
    calls are for: a role is the caller's own; None for calls of EC2.
    """

    caller: Caller
    partition: str
    account: str
    function_arn: str | None
    role_arn: str | None
    role_tags: Mapping[str, str | Unknown] | None
    now: Decimal
    region: str = ""
    called: ResourceType | None = None


# The Lambda service calls from AWS's own network: through no endpoint, and from an address that nobody knows. This one is
# in no range that anybody names (RFC 1112, section 4).
SERVICE_ADDRESS: Final = "240.0.0.1"


# Of each fact, every value it may have: None for an absent key, UNKNOWN for one of which nothing is known.
Alternatives = tuple[ContextValues | None, ...]


def fact(key: str, session: Session) -> Alternatives | None:
    """What a key that the caller does not choose can be; None for a key that is free or belongs to the place.

    A key that no document of AWS's lists for such a call is absent.
    """
    if key == SOURCE_FUNCTION_KEY:
        return ((session.function_arn,),) if session.function_arn is not None else (None,)
    if session.caller is Caller.SERVICE:
        if key in ENDPOINT_KEYS:
            return _ABSENT
        if key == "aws:sourceip":
            return ((SERVICE_ADDRESS,),)
    if key in ACCOUNT_KEYS:
        return ((session.account,),)
    if key == "aws:principalarn":
        return ((session.role_arn or UNKNOWN,),)
    if key == "aws:tokenissuetime":
        # Lambda opens sessions again and again: there are some that are hours old, and there will be newer ones.
        return ((iso_date(session.now),), (_FAR_DATE,), (iso_date(session.now - _OLD_SESSION),))
    if key.startswith(PRINCIPAL_TAG):
        return _tag(key, session.role_tags)
    if session.called is not None:
        known = _fact_of_iam(key, session, session.called)
        if known is not None:
            return known
    if key.startswith(("iam:", "sts:")):
        return _UNKNOWN
    if key in _FREE or key.startswith(_FREE_PREFIXES):
        return None
    return _FACTS.get(key) or (None if key.startswith("ec2:") else _ABSENT)


def _fact_of_iam(key: str, session: Session, called: ResourceType) -> Alternatives | None:
    """What a key can be in a call for a resource of IAM's, as far as such calls differ from those of EC2.

    Sources: Service Authorization Reference for IAM and for STS (a role carries `aws:ResourceTag` and `iam:ResourceTag`);
    IAM User Guide, "AWS: Denies access to AWS based on the requested Region" (IAM's one endpoint is in one region).
    """
    if key.startswith(RESOURCE_TAGS):
        return _tag(key, session.role_tags if called.name == "role" else None)
    if key == "aws:requestedregion" and not called.regional:
        region = _REGION_OF_IAM.get(session.partition)
        return _SOMETHING if region is None else ((region,),)
    return _ABSENT if key.startswith("ec2:") else None


def _tag(key: str, tags: Mapping[str, str | Unknown] | None) -> Alternatives:
    """What a key for a tag can be, where these are the tags; None where they are not known."""
    if tags is None:
        return _UNKNOWN
    named = {name.lower(): value for name, value in tags.items()}
    tag = named.get(key.partition("/")[2])
    return _ABSENT if tag is None else ((tag,),)


def iso_date(seconds: Decimal) -> str:
    """Seconds since 1970-01-01T00:00Z as IAM writes a date."""
    return datetime.fromtimestamp(int(seconds), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


# The longest that a session of a role can last (IAM User Guide, "maximum session duration").
_OLD_SESSION: Final = Decimal(12 * 3_600)
_FAR_DATE: Final = "2999-01-01T00:00:00Z"
_ABSENT: Final[Alternatives] = (None,)
_SOMETHING: Final[Alternatives] = ((UNKNOWN,),)
_UNKNOWN: Final[Alternatives] = (UNKNOWN,)

_FREE: Final = frozenset(
    (
        *ENDPOINT_KEYS,
        *TIME_KEYS,
        *REGION_KEYS,
        "aws:referer",
        "aws:securetransport",
        "aws:sourceip",
        "aws:tagkeys",
        "aws:useragent",
    )
)
PRINCIPAL_TAG: Final = "aws:principaltag/"
RESOURCE_TAGS: Final = ("aws:resourcetag/", "iam:resourcetag/")
# Where IAM's endpoint is in the public partitions (AWS General Reference, "IAM endpoints and quotas").
_REGION_OF_IAM: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_FREE_PREFIXES: Final = ("aws:requesttag/", "aws:resourcetag/")

# The session that Lambda opens on the role: an assumed role, no user, no MFA, no federation. Neither the code's calls nor
# those that the service makes with its service role come "via" a service. (MFA: AWS's text leaves absent and false open.)
_FACTS: Final[Mapping[str, Alternatives]] = {
    "aws:multifactorauthpresent": (None, ("false",)),
    "aws:principalisawsservice": (("false",),),
    "aws:principalorgid": _UNKNOWN,
    "aws:principalorgpaths": _UNKNOWN,
    "aws:principaltype": (("AssumedRole",),),
    "aws:resourceorgid": _UNKNOWN,
    "aws:resourceorgpaths": _UNKNOWN,
    "aws:userid": _SOMETHING,
    "aws:viaawsservice": (("false",),),
}
