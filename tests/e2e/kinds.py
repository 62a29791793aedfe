"""What the stand-in providers know of each resource type.

Only what a policy can see is modelled: which input is named automatically, what a resource's id looks like, which
outputs the provider computes (unknown at preview), what reading the resource adds, and which changes replace. What a
first preview shows of the classic types that the pack reads is in policy/resource_types.py. A type that is not listed
is stored as it comes, with an `arn`.
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

    Texts are templates over the resource's properties, `{random}`, and `{function}`, the name of the function that
    `functionName` means. `computed` holds the outputs that the provider adds unless the program gives them; a dotted
    name is an output inside an object that the program gives. `created` and `refreshed` hold what outputs that nobody
    sets are after the creation and after a refresh, where that is not null. An id can have a `{number}`.
    """

    autoname: str = ""
    id: str = "{random}"
    computed: Mapping[str, Any] = field(default_factory=dict)
    created: Mapping[str, Any] = field(default_factory=dict)
    refreshed: Mapping[str, Any] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()


def random_digits(*seed: str) -> str:
    """Seventeen digits that the seed determines, as many as EC2's ids have."""
    return hashlib.sha256("\0".join(seed).encode()).hexdigest()[:17]


_IAM = f"arn:aws:iam::{ACCOUNT}"
_LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}"
_TIME = "2026-01-01T00:00:00Z"
_VPC_ID = {"vpcConfig.vpcId": "vpc-0123456789abcdef0"}
_STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{{name}}/{{random}}"
_OF_A_STACK = {"capabilities": [], "outputs": {}, "parameters": {}, "region": REGION}


def _invoke(function: str, call: str = "invocations") -> str:
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{_LAMBDA}:function:{function}/{call}"


def _microvm_image() -> Kind:
    versions = dict.fromkeys(
        ("baseImageVersion", "imageVersion", "latestActiveImageVersion", "latestFailedImageVersion"), "1"
    )
    times = dict.fromkeys(("createdAt", "updatedAt"), _TIME)
    arn = _LAMBDA + ":microvm-image:{name}"
    more = {"region": REGION, "state": "ACTIVE", "egressNetworkConnectors": []}
    return Kind(
        autoname="name", id=arn, computed={"arn": arn, **versions, **times, **more}, replaces=frozenset({"name"})
    )


def _named(arn: str, **computed: Any) -> Kind:
    return Kind(autoname="name", id="{name}", computed={"arn": arn, **computed}, replaces=frozenset({"name"}))


def _ec2(prefix: str) -> Kind:
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:{prefix}/{prefix}-{{random}}"
    return Kind(id=f"{prefix}-{{random}}", computed={"arn": arn, "ownerId": ACCOUNT})


KINDS: Mapping[str, Kind] = {
    "aws:iam/role:Role": Kind(
        autoname="name",
        id="{name}",
        computed={
            "arn": _IAM + ":role/{name}",
            "uniqueId": "AROA{random}",
            "createDate": _TIME,
            "namePrefix": "",
            # Empty after a Create, what AWS really holds after a Read (cloud.py).
            "inlinePolicies": [],
            "managedPolicyArns": [],
        },
        created={"description": ""},
        refreshed={"tags": {}},
        replaces=frozenset({"name", "path"}),
    ),
    "aws:iam/rolePolicy:RolePolicy": Kind(
        autoname="name", id="{role}:{name}", computed={"namePrefix": ""}, replaces=frozenset({"name", "role"})
    ),
    "aws:iam/policy:Policy": Kind(
        autoname="name",
        id=_IAM + ":policy/{name}",
        computed={
            "arn": _IAM + ":policy/{name}",
            "policyId": "ANPA{random}",
            "attachmentCount": 0,
            "namePrefix": "",
        },
        created={"description": ""},
        refreshed={"tags": {}},
        replaces=frozenset({"name", "path", "description"}),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Kind(
        # The role's name, a time and a number.
        id="{role}-20260101000000{number}",
        replaces=frozenset({"role", "policyArn"}),
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
        computed={
            "architectures": ["x86_64"],
            "arn": _LAMBDA + ":function:{name}",
            "codeSha256": "{random}",
            "ephemeralStorage": {"size": 512},
            "invokeArn": _invoke("{name}"),
            "lastModified": "2026-01-01T00:00:00.000+0000",
            "loggingConfig": {
                "applicationLogLevel": "",
                "logFormat": "Text",
                "logGroup": "/aws/lambda/{name}",
                "systemLogLevel": "",
            },
            "qualifiedArn": _LAMBDA + ":function:{name}:$LATEST",
            "qualifiedInvokeArn": _invoke("{name}:$LATEST"),
            "region": REGION,
            "responseStreamingInvokeArn": _invoke("{name}", "response-streaming-invocations"),
            "signingJobArn": "",
            "signingProfileVersionArn": "",
            "sourceCodeHash": "{random}",
            "sourceCodeSize": 200,
            "tracingConfig": {"mode": "PassThrough"},
            "version": "$LATEST",
            **_VPC_ID,
        },
        created={"codeSigningConfigArn": "", "description": "", "imageUri": "", "kmsKeyArn": "", "sourceKmsKeyArn": ""},
        refreshed={"layers": [], "tags": {}},
        replaces=frozenset({"name", "packageType"}),
    ),
    "aws:lambda/alias:Alias": Kind(
        autoname="name",
        id="{arn}",
        computed={
            "arn": _LAMBDA + ":function:{function}:{name}",
            "invokeArn": _invoke("{function}:{name}"),
            "region": REGION,
        },
        created={"description": ""},
        replaces=frozenset({"functionName", "name"}),
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Kind(
        computed={
            "amazonManagedKafkaEventSourceConfig": None,
            "arn": _LAMBDA + ":event-source-mapping:{random}",
            "functionArn": _LAMBDA + ":function:{function}",
            "lastModified": _TIME,
            "lastProcessingResult": "No records processed",
            "maximumRecordAgeInSeconds": 0,
            "maximumRetryAttempts": 0,
            "parallelizationFactor": 0,
            "region": REGION,
            "selfManagedKafkaEventSourceConfig": None,
            "state": "Enabled",
            "stateTransitionReason": "USER_INITIATED",
            "uuid": "{random}",
        },
        refreshed={"tags": {}},
        replaces=frozenset({"eventSourceArn"}),
    ),
    "aws:synthetics/canary:Canary": Kind(
        autoname="name",
        id="{name}",
        computed={
            "arn": f"arn:aws:synthetics:{REGION}:{ACCOUNT}:canary:{{name}}",
            "engineArn": _LAMBDA + ":function:cwsyn-{name}-{random}:1",
            "region": REGION,
            "runConfig": {"activeTracing": False, "memoryInMb": 1000, "timeoutInSeconds": 840},
            "sourceLocationArn": _LAMBDA + ":layer:cwsyn-{name}-{random}:1",
            "status": "READY",
            "timelines": [{"created": _TIME, "lastModified": _TIME, "lastStarted": "", "lastStopped": ""}],
            **_VPC_ID,
        },
        refreshed={"tags": {}},
        replaces=frozenset({"name"}),
    ),
    "aws:ec2/vpc:Vpc": _ec2("vpc"),
    "aws:ec2/subnet:Subnet": _ec2("subnet"),
    "aws:ec2/securityGroup:SecurityGroup": _ec2("sg"),
    "aws:cloudwatch/logGroup:LogGroup": _named(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}"),
    "aws:sqs/queue:Queue": _named(f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}"),
    # The service in the ARN of an event source decides who polls it.
    "aws:msk/cluster:Cluster": Kind(computed={"arn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/{{random}}"}),
    "aws:docdb/cluster:Cluster": Kind(computed={"arn": f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{{random}}"}),
    "aws:lambda/coreNetworkConnector:CoreNetworkConnector": Kind(
        autoname="name",
        id=_LAMBDA + ":network-connector:{name}",
        computed={"arn": _LAMBDA + ":network-connector:{name}", "region": REGION},
        replaces=frozenset({"name"}),
    ),
    "aws:lambda/capacityProvider:CapacityProvider": _named(
        _LAMBDA + ":capacity-provider:{name}", region=REGION, capacityProviderScalingConfigs=[], instanceRequirements=[]
    ),
    "aws:lambda/microvmsImage:MicrovmsImage": _microvm_image(),
    "aws:lambdamicrovms/image:Image": _microvm_image(),
    "aws:lambdamicrovms/microvm:Microvm": Kind(
        id="{microvmId}",
        computed={
            "microvmId": "mvm-{random}",
            "endpoint": "{random}.example.com",
            "imageVersion": "1",
            "maximumDurationInSeconds": 3600,
            "ingressNetworkConnectors": [],
            "egressNetworkConnectors": [],
            "startedAt": _TIME,
            "state": "RUNNING",
            "region": REGION,
        },
    ),
    "aws:cloudformation/stackSet:StackSet": Kind(
        autoname="name",
        id="{name}",
        computed={
            "arn": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stackset/{{name}}:{{random}}",
            "stackSetId": "{name}:{random}",
            "executionRoleName": "AWSCloudFormationStackSetExecutionRole",
            "region": REGION,
        },
        replaces=frozenset({"name"}),
    ),
    "aws:cloudformation/stackInstances:StackInstances": Kind(
        id="{stackSetName},SELF",
        computed={"stackSetId": "{stackSetName}:{random}", "region": REGION, "stackInstanceSummaries": []},
        replaces=frozenset({"stackSetName"}),
    ),
    "aws:cloudformation/stack:Stack": Kind(
        autoname="name",
        id=_STACK,
        # A template at a URL comes back as the text that is deployed.
        computed={
            **_OF_A_STACK,
            "policyBody": "",
            "templateBody": '{{"Resources": {{"Q": {{"Type": "AWS::SQS::Queue"}}}}}}',
        },
        refreshed={"tags": {}},
        replaces=frozenset({"name"}),
    ),
    "aws:serverlessrepository/cloudFormationStack:CloudFormationStack": Kind(
        autoname="name", id=_STACK, computed={**_OF_A_STACK, "semanticVersion": "1.0.0"}
    ),
    "aws:servicecatalog/provisionedProduct:ProvisionedProduct": Kind(
        autoname="name",
        id="pp-{random}",
        computed={
            "arn": f"arn:aws:servicecatalog:{REGION}:{ACCOUNT}:stack/{{name}}/pp-{{random}}",
            "cloudwatchDashboardNames": [],
            "createdTime": _TIME,
            "lastProvisioningRecordId": "rec-{random}",
            "lastRecordId": "rec-{random}",
            "lastSuccessfulProvisioningRecordId": "rec-{random}",
            "launchRoleArn": "",
            "outputs": [],
            "pathId": "lpv2-{random}",
            "region": REGION,
            "status": "AVAILABLE",
            "statusMessage": "",
            "type": "CFN_STACK",
        },
    ),
    "aws:cloudcontrol/resource:Resource": Kind(computed={"properties": "{{}}", "schema": "{{}}", "region": REGION}),
    "aws-native:cloudformation:Stack": Kind(
        autoname="stackName",
        id=_STACK.replace("{name}", "{stackName}"),
        computed={
            "changeSetId": "",
            "creationTime": _TIME,
            "lastUpdateTime": _TIME,
            "outputs": [],
            "parentId": "",
            "rootId": "",
            "stackId": _STACK.replace("{name}", "{stackName}"),
            "stackStatus": "CREATE_COMPLETE",
        },
    ),
    "aws-native:index:ExtensionResource": Kind(computed={"outputs": {}}),
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
