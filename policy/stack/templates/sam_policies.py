"""The policies that SAM has ready, as far as they can decide about network interfaces.

Source: policy_templates.json and eventsources/pull.py of serverless-application-model; scripts that read them found the
actions of EC2, IAM and STS in the templates named here only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class Ready(NamedTuple):
    """A policy template: its name in `Policies`, and its document."""

    name: str
    document: Mapping[str, Any]


VPC_ACCESS: Final = Ready(
    "VPCAccessPolicy",
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "ec2:CreateNetworkInterface",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DetachNetworkInterface",
                ],
                "Resource": "*",
            }
        ],
    },
)
# What SAM gives the role of a function that is polled for in a VPC.
POLLING: Final[Mapping[str, Any]] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ec2:CreateNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeVpcs",
                "ec2:DescribeSubnets",
                "ec2:DescribeSecurityGroups",
            ],
            "Resource": "*",
        }
    ],
}
# All others: none of them allows an action on network interfaces, on roles or policies, or `sts:AssumeRole`.
_NAMES: Final = (
    "AMIDescribePolicy AWSSecretsManagerGetSecretValuePolicy AWSSecretsManagerRotationPolicy "
    "AcmGetCertificatePolicy AthenaQueryPolicy CloudFormationDescribeStacksPolicy CloudWatchDashboardPolicy "
    "CloudWatchDescribeAlarmHistoryPolicy CloudWatchPutMetricPolicy CodeCommitCrudPolicy CodeCommitReadPolicy "
    "CodePipelineLambdaExecutionPolicy CodePipelineReadOnlyPolicy ComprehendBasicAccessPolicy "
    "CostExplorerReadOnlyPolicy DynamoDBBackupFullAccessPolicy DynamoDBCrudPolicy DynamoDBReadPolicy "
    "DynamoDBReconfigurePolicy DynamoDBRestoreFromBackupPolicy DynamoDBStreamReadPolicy DynamoDBWritePolicy "
    "EC2CopyImagePolicy EC2DescribePolicy EFSWriteAccessPolicy EKSDescribePolicy EcsRunTaskPolicy "
    "ElasticMapReduceAddJobFlowStepsPolicy ElasticMapReduceCancelStepsPolicy "
    "ElasticMapReduceModifyInstanceFleetPolicy ElasticMapReduceModifyInstanceGroupsPolicy "
    "ElasticMapReduceSetTerminationProtectionPolicy ElasticMapReduceTerminateJobFlowsPolicy "
    "ElasticsearchHttpPostPolicy EventBridgePutEventsPolicy FilterLogEventsPolicy FirehoseCrudPolicy "
    "FirehoseWritePolicy KMSDecryptPolicy KMSEncryptPolicy KMSEncryptPolicy_v2 KinesisCrudPolicy "
    "KinesisStreamReadPolicy LambdaInvokePolicy MobileAnalyticsWriteOnlyAccessPolicy "
    "OrganizationsListAccountsPolicy PinpointEndpointAccessPolicy PollyFullAccessPolicy "
    "RekognitionDetectOnlyPolicy RekognitionFacesManagementPolicy RekognitionFacesPolicy RekognitionLabelsPolicy "
    "RekognitionNoDataAccessPolicy RekognitionReadPolicy RekognitionWriteOnlyAccessPolicy "
    "Route53ChangeResourceRecordSetsPolicy S3CrudPolicy S3FullAccessPolicy S3ReadPolicy S3WritePolicy "
    "SESBulkTemplatedCrudPolicy SESBulkTemplatedCrudPolicy_v2 SESCrudPolicy SESEmailTemplateCrudPolicy "
    "SESSendBouncePolicy SNSCrudPolicy SNSPublishMessagePolicy SQSPollerPolicy SQSSendMessagePolicy "
    "SSMParameterReadPolicy SSMParameterWithSlashPrefixReadPolicy SageMakerCreateEndpointConfigPolicy "
    "SageMakerCreateEndpointPolicy ServerlessRepoReadWriteAccessPolicy StepFunctionsCallbackPolicy "
    "StepFunctionsExecutionPolicy StepFunctionsExecutionPolicy_v2 TextractDetectAnalyzePolicy "
    "TextractGetResultPolicy TextractPolicy "
)
HARMLESS_TEMPLATES: Final = frozenset(_NAMES.split())
