"""What the AWS providers would answer at preview, for the resource types that matter to execution roles.

`Check` fills in the physical name and the provider's defaults, `Create` at preview echoes the inputs and leaves what
AWS computes unknown, `Read` knows nothing but the id. The tables follow the schemas of pulumi-aws 7 and aws-native 1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from .properties import UNKNOWN, Properties, as_secret, is_secret, is_unknown, reveal


@dataclass(frozen=True)
class ResourceType:
    """How one resource type behaves at preview."""

    name: str = ""
    """The input that holds the physical name and is filled in when left out."""
    defaults: Properties = field(default_factory=dict)
    computed: tuple[str, ...] = ()
    """Outputs that are unknown until creation, unless the program sets them; `a.b` is a key inside the object `a`."""
    readable: tuple[str, ...] = ()
    """Inputs that a read resource would show, and that therefore are unknown, not absent, on it."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FUNCTION_COMPUTED = (
    "arn id codeSha256 invokeArn lastModified qualifiedArn qualifiedInvokeArn responseStreamingInvokeArn signingJobArn "
    "signingProfileVersionArn sourceCodeHash sourceCodeSize version architectures ephemeralStorage loggingConfig "
    "tracingConfig vpcConfig.vpcId"
)
_FUNCTION_DEFAULTS = {
    "memorySize": 128,
    "packageType": "Zip",
    "publish": False,
    "reservedConcurrentExecutions": -1,
    "skipDestroy": False,
    "timeout": 3,
}
_ROLE_DEFAULTS = {"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"}

_TYPES: Mapping[str, ResourceType] = {
    "aws:iam/role:Role": ResourceType(
        "name",
        _ROLE_DEFAULTS,
        _words("arn createDate id uniqueId inlinePolicies managedPolicyArns namePrefix"),
        _words("assumeRolePolicy inlinePolicies managedPolicyArns permissionsBoundary path"),
    ),
    "aws:iam/policy:Policy": ResourceType(
        "name",
        {"path": "/"},
        _words("arn attachmentCount id namePrefix policyId"),
        ("policy", "name"),
    ),
    "aws:iam/rolePolicy:RolePolicy": ResourceType(
        "name", computed=("id", "namePrefix"), readable=("policy", "role", "name")
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ResourceType(computed=("id",), readable=("policyArn", "role")),
    "aws:iam/policyAttachment:PolicyAttachment": ResourceType(
        "name", computed=("id",), readable=("policyArn", "roles")
    ),
    "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive": ResourceType(),
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": ResourceType(),
    "aws:lambda/function:Function": ResourceType(
        "name", _FUNCTION_DEFAULTS, _words(_FUNCTION_COMPUTED), ("role", "vpcConfig", "name")
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": ResourceType(
        "",
        {"enabled": True},
        _words(
            "arn functionArn id lastModified lastProcessingResult maximumRecordAgeInSeconds maximumRetryAttempts "
            "parallelizationFactor state stateTransitionReason uuid"
        ),
        ("eventSourceArn", "functionName", "selfManagedEventSource", "sourceAccessConfigurations"),
    ),
    "aws:synthetics/canary:Canary": ResourceType(
        "name",
        {"deleteLambda": False, "failureRetentionPeriod": 31, "successRetentionPeriod": 31},
        _words("arn engineArn id sourceLocationArn status timelines runConfig vpcConfig.vpcId"),
        ("executionRoleArn", "vpcConfig", "name"),
    ),
    "aws-native:iam:Role": ResourceType(
        "roleName",
        computed=("arn", "roleId"),
        readable=_words("assumeRolePolicyDocument managedPolicyArns permissionsBoundary policies roleName"),
    ),
    "aws-native:iam:RolePolicy": ResourceType(readable=("policyDocument", "policyName", "roleName")),
    "aws-native:iam:ManagedPolicy": ResourceType(
        "managedPolicyName",
        computed=_words(
            "attachmentCount createDate defaultVersionId isAttachable permissionsBoundaryUsageCount policyArn policyId "
            "updateDate"
        ),
        readable=("policyDocument", "roles"),
    ),
    "aws-native:lambda:Function": ResourceType(
        "functionName",
        computed=("arn", "snapStartResponse"),
        readable=("role", "vpcConfig", "functionName"),
    ),
    "aws-native:lambda:EventSourceMapping": ResourceType(
        computed=("awsId", "eventSourceMappingArn"),
        readable=("eventSourceArn", "functionName", "selfManagedEventSource", "sourceAccessConfigurations"),
    ),
    "aws-native:synthetics:Canary": ResourceType(
        "name", computed=("awsId", "state"), readable=("executionRoleArn", "vpcConfig", "name")
    ),
}

# Their names stand in other resources' policy documents (`f"arn:aws:s3:::{bucket.bucket}/*"`): unknown ones would make
# whole documents unknown that the real preview knows.
_AUTONAMED: Mapping[str, str] = {
    **dict.fromkeys(
        _words(
            "aws:apigateway/restApi:RestApi aws:apigatewayv2/api:Api aws:cloudwatch/eventBus:EventBus "
            "aws:cloudwatch/eventRule:EventRule aws:cloudwatch/logGroup:LogGroup aws:cognito/userPool:UserPool "
            "aws:dynamodb/table:Table aws:ec2/securityGroup:SecurityGroup aws:ecs/cluster:Cluster "
            "aws:iam/group:Group aws:iam/instanceProfile:InstanceProfile aws:iam/user:User aws:kinesis/stream:Stream "
            "aws:kms/alias:Alias aws:lb/loadBalancer:LoadBalancer aws:lb/targetGroup:TargetGroup "
            "aws:scheduler/schedule:Schedule aws:secretsmanager/secret:Secret aws:sfn/stateMachine:StateMachine "
            "aws:sns/topic:Topic aws:sqs/queue:Queue aws:ssm/parameter:Parameter"
        ),
        "name",
    ),
    "aws:s3/bucket:Bucket": "bucket",
    "aws:s3/bucketV2:BucketV2": "bucket",
}

# pulumi-aws takes a policy document as an object too, and makes it JSON text before anybody else sees it
# (`TransformJSONDocument` in its resources.go; text it is in the outputs, whose Python types are `str`).
_DOCUMENTS: Mapping[str, str] = {
    **dict.fromkeys(
        _words(
            "aws:ecr/registryPolicy:RegistryPolicy aws:ecr/repositoryPolicy:RepositoryPolicy "
            "aws:iam/groupPolicy:GroupPolicy aws:iam/policy:Policy aws:iam/rolePolicy:RolePolicy "
            "aws:iam/userPolicy:UserPolicy aws:s3/bucket:Bucket aws:s3/bucketPolicy:BucketPolicy "
            "aws:sns/topicPolicy:TopicPolicy aws:sqs/queuePolicy:QueuePolicy"
        ),
        "policy",
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    "aws:elasticsearch/domain:Domain": "accessPolicies",
    "aws:elasticsearch/domainPolicy:DomainPolicy": "accessPolicies",
    "aws:iam/role:Role": "assumeRolePolicy",
}


def check(resource_type: str, urn: str, inputs: Properties) -> Properties:
    """Complete a resource's inputs: documents as text, the physical name as the provider would choose it, the defaults.

    The seven hexadecimal digits come from the URN, so that two previews of one program say the same.
    """
    known = _TYPES.get(resource_type) or ResourceType(_AUTONAMED.get(resource_type, ""))
    checked = dict(inputs)
    document = _DOCUMENTS.get(resource_type)
    if document is not None and isinstance(reveal(inputs.get(document)), dict):
        checked[document] = _document_text(inputs[document])
    if known.name and known.name not in inputs and f"{known.name}Prefix" not in inputs:
        suffix = ".fifo" if reveal(inputs.get("fifoQueue") or inputs.get("fifoTopic")) is True else ""
        digits = hashlib.sha256(urn.encode()).hexdigest()[:7]
        prefix = "alias/" if resource_type == "aws:kms/alias:Alias" else ""
        checked[known.name] = f"{prefix}{urn.split('::', 3)[3]}-{digits}{suffix}"
    for key, value in known.defaults.items():
        checked.setdefault(key, value)
    return checked


def _document_text(document: object) -> object:
    """Give a document's JSON text, unknown as a whole where a part is, secret where any of it is."""
    secret, unknown = False, False

    def plain(value: object) -> object:
        nonlocal secret, unknown
        secret |= is_secret(value)
        value = reveal(value)
        unknown |= is_unknown(value)
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    text = json.dumps(plain(document), separators=(",", ":"), sort_keys=True)
    result = UNKNOWN if unknown else text
    return as_secret(result) if secret else result


def create(resource_type: str, inputs: Properties) -> Properties:
    """Give the outputs of a resource that is yet to be created: its inputs, and what AWS computes as unknown."""
    known = _TYPES.get(resource_type)
    outputs = dict(inputs)
    if known is None:
        if resource_type.startswith("aws:"):
            outputs.setdefault("id", UNKNOWN)
            outputs.setdefault("arn", UNKNOWN)
        return outputs
    if known.name and f"{known.name}Prefix" in inputs:
        outputs.setdefault(known.name, UNKNOWN)
    for key in known.computed:
        outer, _, inner = key.partition(".")
        if not inner:
            outputs.setdefault(outer, UNKNOWN)
            continue
        value = outputs.get(outer)
        if isinstance(value, dict) and inner not in value and not is_unknown(value):
            outputs[outer] = {**value, inner: UNKNOWN}
    return outputs


def read(resource_type: str, resource_id: str, state: Properties) -> Properties:
    """Give the outputs of a resource that exists elsewhere: what the program says of it, all else unknown."""
    known = _TYPES.get(resource_type, ResourceType(computed=("arn",)))
    outputs = dict(state)
    if resource_type.startswith("aws:"):
        outputs["id"] = resource_id
    # A classic IAM role is identified by its name.
    if resource_type == "aws:iam/role:Role":
        outputs["name"] = resource_id
    for key in (*known.computed, *known.readable):
        outputs.setdefault(key.partition(".")[0], UNKNOWN)
    return outputs
