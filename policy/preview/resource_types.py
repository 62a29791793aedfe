"""How the AWS providers show at preview the resource types that matter to execution roles.

Which property of a type says what is in shared/aws_types.py. The tables here say which outputs the provider computes, and
which stay null where nobody sets them. They follow the schemas of pulumi-aws 7 and aws-native 1, and
terraform-provider-aws where pulumi-aws does not say more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..shared import aws_types
from .bridge import Change, sorted_document, versioned_document
from .properties import Properties


@dataclass(frozen=True)
class ResourceType:
    """How one resource type behaves at preview; in all paths `a.b` is a key inside the object `a`."""

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


_ROLE = aws_types.TYPES[aws_types.ROLE]

_MICROVM_IMAGE = ResourceType(
    computed=_words(
        "arn baseImageVersion createdAt egressNetworkConnectors id imageVersion latestActiveImageVersion "
        "latestFailedImageVersion region state tagsAll updatedAt"
    ),
    optional=_words("additionalOsCapabilities cpuConfigurations description environmentVariables tags timeouts"),
    readable=("buildRoleArn", "name"),
    framework=True,
)

TYPES: Mapping[str, ResourceType] = {
    aws_types.ROLE: ResourceType(
        defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
        computed=_words("arn createDate id inlinePolicies managedPolicyArns namePrefix tagsAll uniqueId"),
        optional=_words("description permissionsBoundary tags"),
        documents={_ROLE.trust: sorted_document, f"{_ROLE.inline.prop}.{_ROLE.inline.document}": versioned_document},
        readable=_words("assumeRolePolicy inlinePolicies managedPolicyArns permissionsBoundary path"),
    ),
    aws_types.POLICY: ResourceType(
        defaults={"path": "/"},
        computed=_words("arn attachmentCount id namePrefix policyId tagsAll"),
        optional=_words("delayAfterPolicyCreationInMs description tags"),
        documents={aws_types.TYPES[aws_types.POLICY].document: sorted_document},
        readable=("policy", "name"),
    ),
    aws_types.ORGANIZATION_POLICY: ResourceType(
        defaults={"type": "SERVICE_CONTROL_POLICY"},
        computed=_words("arn id tagsAll"),
        optional=_words("description skipDestroy tags"),
        readable=_words("content name type"),
    ),
    aws_types.ROLE_POLICY: ResourceType(
        computed=("id", "namePrefix"),
        documents={aws_types.TYPES[aws_types.ROLE_POLICY].document: versioned_document},
        readable=("policy", "role", "name"),
    ),
    aws_types.ROLE_ATTACHMENT: ResourceType(computed=("id",), readable=("policyArn", "role")),
    aws_types.POLICY_ATTACHMENT: ResourceType(
        computed=("id",), optional=_words("groups roles users"), readable=("policyArn", "roles")
    ),
    aws_types.POLICIES_EXCLUSIVE: ResourceType(framework=True),
    aws_types.ATTACHMENTS_EXCLUSIVE: ResourceType(framework=True),
    aws_types.FUNCTION: ResourceType(
        defaults={
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
    aws_types.ALIAS: ResourceType(
        computed=_words("arn id invokeArn region"),
        optional=_words("description routingConfig"),
        readable=("functionName", "functionVersion", "name"),
    ),
    aws_types.EVENT_SOURCE: ResourceType(
        defaults={"enabled": True},
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
    aws_types.CANARY: ResourceType(
        defaults={
            "deleteLambda": False,
            "failureRetentionPeriod": 31,
            "startCanary": False,
            "successRetentionPeriod": 31,
        },
        computed=_words("arn engineArn id region runConfig sourceLocationArn status tagsAll timelines vpcConfig.vpcId"),
        optional=_words(
            "artifactConfig kmsKeyArn s3Bucket s3Key s3Version tags vpcConfig vpcConfig.ipv6AllowedForDualStack zipFile"
        ),
        readable=("executionRoleArn", "vpcConfig", "name"),
    ),
    aws_types.CONNECTOR: ResourceType(
        computed=_words("arn id region"),
        optional=("timeouts",),
        readable=("operatorRole", "name"),
        framework=True,
    ),
    aws_types.CAPACITY_PROVIDER: ResourceType(
        computed=_words("arn capacityProviderScalingConfigs id instanceRequirements region tagsAll"),
        optional=_words("kmsKeyArn tags timeouts"),
        readable=("permissionsConfig", "name"),
        framework=True,
    ),
    aws_types.MICROVM_IMAGE: _MICROVM_IMAGE,
    aws_types.OLD_MICROVM_IMAGE: _MICROVM_IMAGE,
    aws_types.MICROVM: ResourceType(
        computed=_words(
            "egressNetworkConnectors endpoint id imageVersion ingressNetworkConnectors maximumDurationInSeconds microvmId "
            "region startedAt state"
        ),
        optional=_words("executionRoleArn idlePolicy logging runHookPayload timeouts"),
        readable=("executionRoleArn", "imageArn"),
        framework=True,
    ),
    # The template that is deployed comes back as the stack's own, also where it is at a URL.
    aws_types.STACK: ResourceType(
        computed=_words("id outputs parameters policyBody region tagsAll templateBody"),
        optional=_words(
            "capabilities disableRollback iamRoleArn notificationArns onFailure policyUrl tags templateUrl timeoutInMinutes"
        ),
        readable=("parameters", "templateBody"),
    ),
    aws_types.STACK_SET: ResourceType(
        defaults={"callAs": "SELF", "permissionModel": "SELF_MANAGED"},
        computed=_words("arn executionRoleName id region stackSetId tagsAll templateBody"),
        optional=_words(
            "administrationRoleArn autoDeployment capabilities description managedExecution operationPreferences parameters "
            "tags templateUrl"
        ),
        readable=("parameters", "templateBody"),
    ),
    aws_types.STACK_INSTANCES: ResourceType(
        defaults={"callAs": "SELF", "retainStacks": False},
        computed=_words("accounts id region regions stackInstanceSummaries stackSetId"),
        optional=_words("deploymentTargets operationPreferences parameterOverrides"),
        readable=("parameterOverrides", "stackSetName"),
    ),
    aws_types.STACK_SET_INSTANCE: ResourceType(
        defaults={"callAs": "SELF", "retainStack": False},
        computed=_words(
            "accountId id organizationalUnitId region stackId stackInstanceSummaries stackSetInstanceRegion"
        ),
        optional=_words("deploymentTargets operationPreferences parameterOverrides"),
        readable=("parameterOverrides", "stackSetName"),
    ),
    aws_types.CLOUD_CONTROL: ResourceType(
        computed=_words("id properties region schema"),
        optional=_words("roleArn typeVersionId"),
        readable=("desiredState", "typeName"),
    ),
    aws_types.APPLICATION: ResourceType(
        computed=_words("capabilities id outputs parameters region semanticVersion tagsAll"),
        optional=("tags",),
        readable=("applicationId",),
    ),
    aws_types.PRODUCT: ResourceType(
        defaults={"acceptLanguage": "en", "ignoreErrors": False, "retainPhysicalResources": False},
        computed=_words(
            "arn cloudwatchDashboardNames createdTime id lastProvisioningRecordId lastRecordId "
            "lastSuccessfulProvisioningRecordId launchRoleArn outputs pathId productId provisioningArtifactId region status "
            "statusMessage tagsAll type"
        ),
        optional=_words(
            "notificationArns pathName productName provisioningArtifactName provisioningParameters "
            "stackSetProvisioningPreferences tags"
        ),
        readable=("productId",),
    ),
    aws_types.NATIVE_ROLE: ResourceType(
        computed=("arn", "roleId"),
        readable=_words("assumeRolePolicyDocument managedPolicyArns permissionsBoundary policies roleName"),
    ),
    aws_types.NATIVE_ORGANIZATION_POLICY: ResourceType(readable=("content", "name", "type")),
    aws_types.NATIVE_ROLE_POLICY: ResourceType(readable=("policyDocument", "policyName", "roleName")),
    aws_types.NATIVE_POLICY: ResourceType(
        computed=_words(
            "attachmentCount createDate defaultVersionId isAttachable permissionsBoundaryUsageCount policyArn policyId "
            "updateDate"
        ),
        readable=("policyDocument", "roles"),
    ),
    aws_types.NATIVE_FUNCTION: ResourceType(
        computed=("arn", "snapStartResponse"),
        readable=("role", "vpcConfig", "functionName"),
    ),
    aws_types.NATIVE_EVENT_SOURCE: ResourceType(
        computed=("awsId", "eventSourceMappingArn"),
        readable=("eventSourceArn", "functionName", "selfManagedEventSource", "sourceAccessConfigurations"),
    ),
    aws_types.NATIVE_ALIAS: ResourceType(computed=("aliasArn",), readable=("functionName", "functionVersion", "name")),
    aws_types.NATIVE_VERSION: ResourceType(computed=("functionArn", "version"), readable=("functionName",)),
    aws_types.NATIVE_CONNECTOR: ResourceType(
        computed=_words("arn latestVersion latestVersionArn state"), readable=("operatorRole", "name")
    ),
    aws_types.NATIVE_CAPACITY_PROVIDER: ResourceType(
        computed=("arn", "state"), readable=("permissionsConfig", "capacityProviderName")
    ),
    aws_types.NATIVE_MICROVM_IMAGE: ResourceType(
        computed=_words("createdAt imageArn latestActiveImageVersion latestFailedImageVersion state updatedAt"),
        readable=("buildRoleArn", "name"),
    ),
    aws_types.NATIVE_WEB_FUNCTION: ResourceType(
        computed=_words("createdAt functionArn revisionArn revisionId state stateReason"),
        readable=("serviceConfig", "functionName"),
    ),
    aws_types.NATIVE_INLINE_POLICY: ResourceType(readable=("policyDocument", "policyName", "roles")),
    aws_types.NATIVE_STACK: ResourceType(
        computed=_words("changeSetId creationTime lastUpdateTime outputs parentId rootId stackId stackStatus"),
        readable=("parameters", "templateBody"),
    ),
    aws_types.NATIVE_STACK_SET: ResourceType(computed=("stackSetId",), readable=("parameters", "templateBody")),
    aws_types.NATIVE_EXTENSION: ResourceType(computed=("outputs",), readable=("properties", "type")),
    aws_types.NATIVE_PRODUCT: ResourceType(
        computed=_words("cloudformationStackArn outputs provisionedProductId recordId"), readable=("productId",)
    ),
    aws_types.NATIVE_CANARY: ResourceType(
        computed=("awsId", "state"), readable=("executionRoleArn", "vpcConfig", "name")
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
DOCUMENTS: Mapping[str, str] = {
    **dict.fromkeys(
        _words(
            "aws:ecr/registryPolicy:RegistryPolicy aws:ecr/repositoryPolicy:RepositoryPolicy "
            "aws:iam/groupPolicy:GroupPolicy aws:iam/userPolicy:UserPolicy aws:s3/bucket:Bucket "
            "aws:s3/bucketPolicy:BucketPolicy aws:sns/topicPolicy:TopicPolicy aws:sqs/queuePolicy:QueuePolicy"
        ),
        "policy",
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    "aws:elasticsearch/domain:Domain": "accessPolicies",
    "aws:elasticsearch/domainPolicy:DomainPolicy": "accessPolicies",
    **{
        kind: row.document or row.trust
        for kind, row in aws_types.TYPES.items()
        if row.provider == aws_types.CLASSIC and (row.document or row.trust)
    },
}


def physical_name(resource_type: str) -> str:
    """The input that holds the physical name and is filled in when left out; empty where there is none."""
    known = aws_types.TYPES.get(resource_type)
    return known.name if known else _AUTONAMED.get(resource_type, "")
