"""The resource types of the AWS providers that matter to execution roles, as far as a preview shows them.

The tables follow the schemas of pulumi-aws 7 and aws-native 1, and of terraform-provider-aws where pulumi-aws does not
say more: which outputs the provider computes, and which stay null where nobody sets them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .bridge import Change, sorted_document, versioned_document
from .properties import Properties


@dataclass(frozen=True)
class ResourceType:
    """How one resource type behaves at preview; in all paths `a.b` is a key inside the object `a`."""

    name: str = ""
    """The input that holds the physical name and is filled in when left out."""
    defaults: Properties = field(default_factory=dict)
    computed: tuple[str, ...] = ()
    """Outputs that are unknown until creation, unless the program sets them."""
    optional: tuple[str, ...] = ()
    """Outputs that are null, unless the program sets them."""
    blocks: tuple[str, ...] = ()
    """Outputs that are an empty list, unless the program sets them: Terraform has no null for a list of objects."""
    documents: Mapping[str, Change] = field(default_factory=dict)
    """Policy documents, each with the form in which the provider shows it; a path goes into each element of a list."""
    readable: tuple[str, ...] = ()
    """Inputs that a read resource would show, and that therefore are unknown, not absent, on it."""
    framework: bool = False
    """Made with Terraform's newer Plugin Framework, whose values the bridge converts one by one: a list with an unknown
    element stays a list (pulumi-terraform-bridge, pkg/convert/set.go)."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TYPES: Mapping[str, ResourceType] = {
    "aws:iam/role:Role": ResourceType(
        "name",
        {"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
        computed=_words("arn createDate id inlinePolicies managedPolicyArns namePrefix tagsAll uniqueId"),
        optional=_words("description permissionsBoundary tags"),
        documents={"assumeRolePolicy": sorted_document, "inlinePolicies.policy": versioned_document},
        readable=_words("assumeRolePolicy inlinePolicies managedPolicyArns permissionsBoundary path"),
    ),
    "aws:iam/policy:Policy": ResourceType(
        "name",
        {"path": "/"},
        computed=_words("arn attachmentCount id namePrefix policyId tagsAll"),
        optional=_words("delayAfterPolicyCreationInMs description tags"),
        documents={"policy": sorted_document},
        readable=("policy", "name"),
    ),
    "aws:iam/rolePolicy:RolePolicy": ResourceType(
        "name",
        computed=("id", "namePrefix"),
        documents={"policy": versioned_document},
        readable=("policy", "role", "name"),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ResourceType(computed=("id",), readable=("policyArn", "role")),
    "aws:iam/policyAttachment:PolicyAttachment": ResourceType(
        "name", computed=("id",), optional=_words("groups roles users"), readable=("policyArn", "roles")
    ),
    "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive": ResourceType(framework=True),
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": ResourceType(framework=True),
    "aws:lambda/function:Function": ResourceType(
        "name",
        {
            "memorySize": 128,
            "packageType": "Zip",
            "publish": False,
            "reservedConcurrentExecutions": -1,
            "skipDestroy": False,
            "timeout": 3,
            "vpcConfig.ipv6AllowedForDualStack": False,
        },
        computed=_words(
            "architectures arn codeSha256 ephemeralStorage id invokeArn lastModified loggingConfig qualifiedArn "
            "qualifiedInvokeArn region responseStreamingInvokeArn signingJobArn signingProfileVersionArn "
            "sourceCodeHash sourceCodeSize tagsAll tracingConfig version vpcConfig.vpcId"
        ),
        optional=_words(
            "capacityProviderConfig code codeSigningConfigArn deadLetterConfig description durableConfig environment "
            "fileSystemConfig handler imageConfig imageUri kmsKeyArn layers publishTo replaceSecurityGroupsOnDestroy "
            "replacementSecurityGroupIds runtime s3Bucket s3Key s3ObjectVersion snapStart sourceKmsKeyArn tags "
            "tenancyConfig useResourceTimeoutForPropagation vpcConfig"
        ),
        readable=("role", "vpcConfig", "name"),
    ),
    "aws:lambda/alias:Alias": ResourceType(
        "name",
        computed=_words("arn id invokeArn region"),
        optional=_words("description routingConfig"),
        readable=("functionName", "functionVersion", "name"),
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": ResourceType(
        "",
        {"enabled": True},
        computed=_words(
            "amazonManagedKafkaEventSourceConfig arn functionArn id lastModified lastProcessingResult "
            "maximumRecordAgeInSeconds maximumRetryAttempts parallelizationFactor region "
            "selfManagedKafkaEventSourceConfig state stateTransitionReason tagsAll uuid"
        ),
        optional=_words(
            "batchSize bisectBatchOnFunctionError destinationConfig documentDbEventSourceConfig eventSourceArn "
            "filterCriteria functionResponseTypes kmsKeyArn maximumBatchingWindowInSeconds metricsConfig "
            "provisionedPollerConfig queues scalingConfig selfManagedEventSource startingPosition "
            "startingPositionTimestamp tags topics tumblingWindowInSeconds useResourceTimeoutForPropagation"
        ),
        blocks=("sourceAccessConfigurations",),
        readable=("eventSourceArn", "functionName", "selfManagedEventSource", "sourceAccessConfigurations"),
    ),
    "aws:synthetics/canary:Canary": ResourceType(
        "name",
        {"deleteLambda": False, "failureRetentionPeriod": 31, "startCanary": False, "successRetentionPeriod": 31},
        computed=_words("arn engineArn id region runConfig sourceLocationArn status tagsAll timelines vpcConfig.vpcId"),
        optional=_words(
            "artifactConfig kmsKeyArn s3Bucket s3Key s3Version tags vpcConfig vpcConfig.ipv6AllowedForDualStack zipFile"
        ),
        readable=("executionRoleArn", "vpcConfig", "name"),
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
AUTONAMED: Mapping[str, str] = {
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
DOCUMENTS: Mapping[str, str] = {
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
