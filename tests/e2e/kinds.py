"""What the stand-in providers know of each resource type.

Only what a policy can see is modelled: which input is named automatically, what a resource's id looks like, which
outputs the provider computes (unknown at preview), which inputs it fills in, and which changes replace. A type that is
not listed is stored as it comes, with an `arn`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"

Properties = dict[str, Any]
"""Resource properties as JSON; an unknown is the engine's sentinel string."""


@dataclass(frozen=True)
class Kind:
    """One resource type.

    Texts are templates over the resource's properties and `{random}`. `computed` holds the outputs that the provider
    adds unless the program gives them; a dotted name is an output inside an object that the program gives.
    """

    autoname: str = ""
    id: str = "{random}"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    computed: Mapping[str, Any] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()


def random_digits(*seed: str) -> str:
    """Seventeen digits that the seed determines, as many as EC2's ids have."""
    return hashlib.sha256("\0".join(seed).encode()).hexdigest()[:17]


_IAM = f"arn:aws:iam::{ACCOUNT}"
_LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}"
_VPC_ID = {"vpcConfig.vpcId": "vpc-0123456789abcdef0"}


def _named(arn: str, **computed: Any) -> Kind:
    return Kind(autoname="name", id="{name}", computed={"arn": arn, **computed}, replaces=frozenset({"name"}))


def _ec2(prefix: str) -> Kind:
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:{prefix}/{prefix}-{{random}}"
    return Kind(id=f"{prefix}-{{random}}", computed={"arn": arn, "ownerId": ACCOUNT})


KINDS: Mapping[str, Kind] = {
    "aws:iam/role:Role": Kind(
        autoname="name",
        id="{name}",
        defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
        computed={
            "arn": _IAM + ":role/{name}",
            "uniqueId": "AROA{random}",
            "createDate": "2026-01-01T00:00:00Z",
            # Empty after a Create, what AWS really holds after a Read (cloud.py).
            "inlinePolicies": [],
            "managedPolicyArns": [],
        },
        replaces=frozenset({"name", "path"}),
    ),
    "aws:iam/rolePolicy:RolePolicy": Kind(autoname="name", id="{role}:{name}", replaces=frozenset({"name", "role"})),
    "aws:iam/policy:Policy": Kind(
        autoname="name",
        id=_IAM + ":policy/{name}",
        defaults={"path": "/"},
        computed={"arn": _IAM + ":policy/{name}", "policyId": "ANPA{random}", "attachmentCount": 0},
        replaces=frozenset({"name", "path", "description"}),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Kind(
        id="{role}/{policyArn}", replaces=frozenset({"role", "policyArn"})
    ),
    "aws:iam/policyAttachment:PolicyAttachment": Kind(
        autoname="name", id="{name}", replaces=frozenset({"name", "policyArn"})
    ),
    "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive": Kind(id="{roleName}", replaces=frozenset({"roleName"})),
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": Kind(
        id="{roleName}", replaces=frozenset({"roleName"})
    ),
    "aws:lambda/function:Function": Kind(
        autoname="name",
        id="{name}",
        defaults={
            "memorySize": 128,
            "packageType": "Zip",
            "publish": False,
            "reservedConcurrentExecutions": -1,
            "skipDestroy": False,
            "timeout": 3,
        },
        computed={
            "arn": _LAMBDA + ":function:{name}",
            "qualifiedArn": _LAMBDA + ":function:{name}:$LATEST",
            "version": "$LATEST",
            "lastModified": "2026-01-01T00:00:00.000+0000",
            **_VPC_ID,
        },
        replaces=frozenset({"name", "packageType"}),
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Kind(
        computed={"arn": _LAMBDA + ":event-source-mapping:{random}", "uuid": "{random}"},
        replaces=frozenset({"eventSourceArn"}),
    ),
    "aws:ec2/vpc:Vpc": _ec2("vpc"),
    "aws:ec2/subnet:Subnet": _ec2("subnet"),
    "aws:ec2/securityGroup:SecurityGroup": _ec2("sg"),
    "aws:synthetics/canary:Canary": _named(f"arn:aws:synthetics:{REGION}:{ACCOUNT}:canary:{{name}}", **_VPC_ID),
    "aws:cloudwatch/logGroup:LogGroup": _named(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}"),
    "aws:sqs/queue:Queue": _named(f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}"),
    # The service in the ARN of an event source decides who polls it.
    "aws:msk/cluster:Cluster": Kind(computed={"arn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/{{random}}"}),
    "aws:docdb/cluster:Cluster": Kind(computed={"arn": f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{{random}}"}),
    "aws-native:iam:Role": Kind(
        autoname="roleName",
        id="{roleName}",
        computed={"arn": _IAM + ":role/{roleName}", "roleId": "AROA{random}"},
        replaces=frozenset({"roleName", "path"}),
    ),
    "aws-native:iam:RolePolicy": Kind(id="{policyName}|{roleName}", replaces=frozenset({"policyName", "roleName"})),
    "aws-native:iam:ManagedPolicy": Kind(
        autoname="managedPolicyName",
        id=_IAM + ":policy/{managedPolicyName}",
        computed={
            "policyArn": _IAM + ":policy/{managedPolicyName}",
            "policyId": "ANPA{random}",
            "attachmentCount": 0,
        },
        replaces=frozenset({"managedPolicyName", "path", "description"}),
    ),
    "aws-native:lambda:Function": Kind(
        autoname="functionName",
        id="{functionName}",
        computed={"arn": _LAMBDA + ":function:{functionName}"},
        replaces=frozenset({"functionName", "packageType"}),
    ),
    "aws-native:synthetics:Canary": _named(f"arn:aws:synthetics:{REGION}:{ACCOUNT}:canary:{{name}}"),
}


def kind_of(type_token: str) -> Kind:
    """The kind of a type: `aws:iam/role:Role`, `aws-native:iam:Role`."""
    _, service, *_, name = re.split("[:/]", type_token)
    arn = f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name.lower()}/{{random}}"
    return KINDS.get(type_token) or Kind(computed={"arn": arn})
