"""How AWS forms the ARNs, ids and names of what it creates: a table for the preview, from resource type to templates.

The ARNs follow the "Resource types defined by" tables of the Service Authorization Reference, the ids the import
sections of pulumi-aws 7 and the primary identifiers of aws-native 1. A field of a template is `partition`, `region`,
`account`, `dns`, or a property of the resource, formed or given; `{path=/}` has a default, and what follows a `:`
says what is done with the field: see `_FILTERS` and `_MADE` in stand_in_values.py. Only properties that are unknown or
missing are formed, in the order of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..shared import aws_types

Templates = Mapping[str, str]


def _arn(service: str, resource: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{resource}"


def _iam(kind: str) -> str:
    return f"arn:{{partition}}:iam::{{account}}:{kind}{{path=/}}{{name}}"


def _named(service: str, resource: str, **more: str) -> Templates:
    """A resource whose id is its name."""
    return {"id": "{name}", "arn": _arn(service, resource), **more}


def _by_arn(service: str, resource: str, **more: str) -> Templates:
    """A resource whose id is its ARN."""
    return {**more, "arn": _arn(service, resource), "id": "{arn}"}


def _ec2(prefix: str, kind: str = "", **more: str) -> Templates:
    """A resource with an id such as `vpc-0a1b2c`, and with an ARN of that id where `kind` is given."""
    return {"id": f"{{new:{prefix}}}", **({"arn": _arn("ec2", f"{kind}/{{id}}")} if kind else {}), **more}


_FUNCTION: Final = "{functionName:function}"
_INVOKE: Final = "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{%s}/invocations"
_STREAMING: Final = "arn:{partition}:apigateway:{region}:lambda:path/2021-11-15/functions/{arn}"
_BUCKET: Final[Templates] = {
    "id": "{bucket}",
    "arn": "arn:{partition}:s3:::{bucket}",
    "bucketDomainName": "{bucket}.s3.{dns}",
    "bucketRegionalDomainName": "{bucket}.s3.{region}.{dns}",
}
_REST: Final = "arn:{partition}:apigateway:{region}::"
_DATABASE_CLUSTER: Final[Templates] = {"id": "{clusterIdentifier}", "arn": _arn("rds", "cluster:{clusterIdentifier}")}
_DATABASE_INSTANCE: Final[Templates] = {"id": "{identifier}", "arn": _arn("rds", "db:{identifier}")}
_DOMAIN: Final = _by_arn("es", "domain/{domainName}")

FORMS: Final[Mapping[str, Templates]] = {
    # IAM and Lambda
    "aws:iam/role:Role": {"id": "{name}", "arn": _iam("role")},
    "aws:iam/policy:Policy": {"arn": _iam("policy"), "id": "{arn}"},
    "aws:iam/rolePolicy:RolePolicy": {"id": "{role}:{name}"},
    "aws:iam/policyAttachment:PolicyAttachment": {"id": "{name}"},
    "aws:iam/user:User": {"id": "{name}", "arn": _iam("user")},
    "aws:iam/group:Group": {"id": "{name}", "arn": _iam("group")},
    "aws:iam/instanceProfile:InstanceProfile": {"id": "{name}", "arn": _iam("instance-profile")},
    "aws:iam/samlProvider:SamlProvider": {"arn": "arn:{partition}:iam::{account}:saml-provider/{name}", "id": "{arn}"},
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
        "arn": "arn:{partition}:iam::{account}:oidc-provider/{url:host}",
        "id": "{arn}",
    },
    # Of a new function, the first version is 1; without `publish` there is none but $LATEST.
    "aws:lambda/function:Function": {
        "id": "{name}",
        "arn": _arn("lambda", "function:{name}"),
        "version": "{publish=false:version}",
        "qualifiedArn": "{arn}:{version}",
        "invokeArn": _INVOKE % "arn",
        "qualifiedInvokeArn": _INVOKE % "qualifiedArn",
        "responseStreamingInvokeArn": f"{_STREAMING}/response-streaming-invocations",
    },
    "aws:lambda/alias:Alias": {
        "arn": f"{_FUNCTION}:{{name}}",
        "id": "{arn}",
        "invokeArn": _INVOKE % "arn",
    },
    "aws:lambda/eventSourceMapping:EventSourceMapping": {
        "uuid": "{new:uuid}",
        "id": "{uuid}",
        "arn": _arn("lambda", "event-source-mapping:{uuid}"),
        "functionArn": _FUNCTION,
    },
    "aws:lambda/layerVersion:LayerVersion": {
        "version": "1",
        "layerArn": _arn("lambda", "layer:{layerName}"),
        "arn": "{layerArn}:{version}",
        "id": "{arn}",
    },
    "aws:lambda/functionUrl:FunctionUrl": {"functionArn": _FUNCTION},
    "aws:lambda/coreNetworkConnector:CoreNetworkConnector": _by_arn("lambda", "network-connector:{name}"),
    "aws:lambda/capacityProvider:CapacityProvider": _named("lambda", "capacity-provider:{name}"),
    "aws:lambda/microvmsImage:MicrovmsImage": _by_arn("lambda", "microvm-image:{name}"),
    "aws:lambdamicrovms/image:Image": _by_arn("lambda", "microvm-image:{name}"),
    "aws:lambdamicrovms/microvm:Microvm": {"microvmId": "mvm-{new:uuid}", "id": "{microvmId}"},
    "aws:synthetics/canary:Canary": _named("synthetics", "canary:{name}"),
    # Storage, queues, streams
    "aws:s3/bucket:Bucket": _BUCKET,
    "aws:s3/bucketV2:BucketV2": _BUCKET,
    "aws:s3/accessPoint:AccessPoint": {"arn": _arn("s3", "accesspoint/{name}")},
    "aws:sqs/queue:Queue": {
        "arn": _arn("sqs", "{name}"),
        "url": "https://sqs.{region}.{dns}/{account}/{name}",
        "id": "{url}",
    },
    "aws:sns/topic:Topic": _by_arn("sns", "{name}"),
    "aws:dynamodb/table:Table": _named(
        "dynamodb", "table/{name}", streamLabel="{streamEnabled:moment}", streamArn="{arn}/stream/{streamLabel}"
    ),
    "aws:kinesis/stream:Stream": _by_arn("kinesis", "stream/{name}"),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _by_arn("firehose", "deliverystream/{name}"),
    "aws:efs/fileSystem:FileSystem": {
        "id": "{new:fs}",
        "arn": _arn("elasticfilesystem", "file-system/{id}"),
        "dnsName": "{id}.efs.{region}.{dns}",
    },
    "aws:efs/accessPoint:AccessPoint": {
        "id": "{new:fsap}",
        "arn": _arn("elasticfilesystem", "access-point/{id}"),
        "fileSystemArn": _arn("elasticfilesystem", "file-system/{fileSystemId}"),
    },
    "aws:efs/mountTarget:MountTarget": {"id": "{new:fsmt}"},
    "aws:ecr/repository:Repository": _named(
        "ecr",
        "repository/{name}",
        registryId="{account}",
        repositoryUrl="{account}.dkr.ecr.{region}.{dns}/{name}",
    ),
    # Keys, secrets, parameters
    "aws:kms/key:Key": {"keyId": "{new:uuid}", "id": "{keyId}", "arn": _arn("kms", "key/{keyId}")},
    "aws:kms/alias:Alias": _named("kms", "{name}"),
    "aws:secretsmanager/secret:Secret": _by_arn("secretsmanager", "secret:{name}-{new:suffix}"),
    "aws:ssm/parameter:Parameter": _named("ssm", "parameter/{name:unrooted}"),
    "aws:acm/certificate:Certificate": _by_arn("acm", "certificate/{new:uuid}"),
    # Networks and machines
    "aws:ec2/vpc:Vpc": _ec2(
        "vpc",
        "vpc",
        defaultSecurityGroupId="{new:sg}",
        defaultNetworkAclId="{new:acl}",
        mainRouteTableId="{new:rtb}",
        defaultRouteTableId="{mainRouteTableId}",
    ),
    "aws:ec2/subnet:Subnet": _ec2("subnet", "subnet"),
    "aws:ec2/securityGroup:SecurityGroup": _ec2("sg", "security-group"),
    "aws:ec2/securityGroupRule:SecurityGroupRule": {"securityGroupRuleId": "{new:sgr}"},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ec2("sgr", "security-group-rule"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _ec2("sgr", "security-group-rule"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _ec2("vpce", "vpc-endpoint"),
    "aws:ec2/routeTable:RouteTable": _ec2("rtb", "route-table"),
    "aws:ec2/internetGateway:InternetGateway": _ec2("igw", "internet-gateway"),
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": _ec2("eigw"),
    "aws:ec2/natGateway:NatGateway": _ec2("nat"),
    "aws:ec2/networkAcl:NetworkAcl": _ec2("acl", "network-acl"),
    "aws:ec2/networkInterface:NetworkInterface": _ec2("eni", "network-interface"),
    "aws:ec2/eip:Eip": _ec2("eipalloc", "elastic-ip", allocationId="{id}"),
    "aws:ec2/instance:Instance": _ec2("i", "instance"),
    "aws:ec2/launchTemplate:LaunchTemplate": _ec2("lt", "launch-template"),
    "aws:ec2/managedPrefixList:ManagedPrefixList": _ec2("pl", "prefix-list"),
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": _ec2("pcx"),
    "aws:ec2/keyPair:KeyPair": {"id": "{keyName}", "arn": _arn("ec2", "key-pair/{keyName}")},
    "aws:ec2transitgateway/transitGateway:TransitGateway": _ec2("tgw", "transit-gateway"),
    "aws:lb/loadBalancer:LoadBalancer": _by_arn(
        "elasticloadbalancing", "loadbalancer/{loadBalancerType=application:balancer}/{name}/{new:hexadecimal}"
    ),
    "aws:lb/targetGroup:TargetGroup": _by_arn("elasticloadbalancing", "targetgroup/{name}/{new:hexadecimal}"),
    "aws:ecs/cluster:Cluster": _by_arn("ecs", "cluster/{name}"),
    "aws:ecs/taskDefinition:TaskDefinition": {
        "id": "{family}",
        "arnWithoutRevision": _arn("ecs", "task-definition/{family}"),
        "arn": "{arnWithoutRevision}:1",
    },
    "aws:eks/cluster:Cluster": _named("eks", "cluster/{name}"),
    "aws:codebuild/project:Project": _by_arn("codebuild", "project/{name}"),
    "aws:codepipeline/pipeline:Pipeline": _named("codepipeline", "{name}"),
    # Events, logs, workflows
    "aws:cloudwatch/logGroup:LogGroup": _named("logs", "log-group:{name}"),
    "aws:cloudwatch/eventBus:EventBus": _named("events", "event-bus/{name}"),
    "aws:cloudwatch/eventRule:EventRule": {
        "arn": _arn("events", "rule/{eventBusName=default:bus}{name}"),
        "id": "{eventBusName=default:bus}{name}",
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm": _named("cloudwatch", "alarm:{name}"),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": {
        "id": "{alarmName}",
        "arn": _arn("cloudwatch", "alarm:{alarmName}"),
    },
    "aws:cloudtrail/trail:Trail": _by_arn("cloudtrail", "trail/{name}"),
    "aws:scheduler/schedule:Schedule": {
        "arn": _arn("scheduler", "schedule/{groupName=default}/{name}"),
        "id": "{groupName=default}/{name}",
    },
    "aws:scheduler/scheduleGroup:ScheduleGroup": _named("scheduler", "schedule-group/{name}"),
    "aws:sfn/stateMachine:StateMachine": _by_arn("states", "stateMachine:{name}"),
    "aws:sfn/activity:Activity": _by_arn("states", "activity:{name}"),
    "aws:pipes/pipe:Pipe": _named("pipes", "pipe/{name}"),
    # Databases and brokers
    "aws:rds/instance:Instance": {"arn": _DATABASE_INSTANCE["arn"]},
    "aws:rds/cluster:Cluster": _DATABASE_CLUSTER,
    "aws:rds/clusterInstance:ClusterInstance": _DATABASE_INSTANCE,
    "aws:rds/subnetGroup:SubnetGroup": _named("rds", "subgrp:{name}"),
    "aws:docdb/cluster:Cluster": _DATABASE_CLUSTER,
    "aws:docdb/clusterInstance:ClusterInstance": _DATABASE_INSTANCE,
    "aws:neptune/cluster:Cluster": _DATABASE_CLUSTER,
    "aws:elasticache/cluster:Cluster": {"id": "{clusterId}", "arn": _arn("elasticache", "cluster:{clusterId}")},
    "aws:elasticache/replicationGroup:ReplicationGroup": {
        "id": "{replicationGroupId}",
        "arn": _arn("elasticache", "replicationgroup:{replicationGroupId}"),
    },
    "aws:msk/cluster:Cluster": {
        "clusterUuid": "{new:uuid}-1",
        **_by_arn("kafka", "cluster/{clusterName}/{clusterUuid}"),
    },
    "aws:msk/serverlessCluster:ServerlessCluster": {
        "clusterUuid": "{new:uuid}-s1",
        **_by_arn("kafka", "cluster/{clusterName}/{clusterUuid}"),
    },
    "aws:mq/broker:Broker": {"id": "b-{new:uuid}", "arn": _arn("mq", "broker:{brokerName}:{id}")},
    "aws:opensearch/domain:Domain": _DOMAIN,
    "aws:elasticsearch/domain:Domain": _DOMAIN,
    # APIs and their users
    "aws:apigateway/restApi:RestApi": {
        "id": "{new:token}",
        "arn": f"{_REST}/restapis/{{id}}",
        "executionArn": _arn("execute-api", "{id}"),
        "rootResourceId": "{new:token}",
    },
    "aws:apigateway/resource:Resource": {"id": "{new:token}"},
    "aws:apigateway/authorizer:Authorizer": {"id": "{new:token}"},
    "aws:apigateway/deployment:Deployment": {"id": "{new:token}"},
    "aws:apigateway/stage:Stage": {
        "arn": f"{_REST}/restapis/{{restApi}}/stages/{{stageName}}",
        "executionArn": _arn("execute-api", "{restApi}/{stageName}"),
    },
    "aws:apigatewayv2/api:Api": {
        "id": "{new:token}",
        "arn": f"{_REST}/apis/{{id}}",
        "executionArn": _arn("execute-api", "{id}"),
    },
    "aws:apigatewayv2/authorizer:Authorizer": {"id": "{new:token}"},
    "aws:apigatewayv2/integration:Integration": {"id": "{new:token}"},
    "aws:apigatewayv2/route:Route": {"id": "{new:token}"},
    "aws:apigatewayv2/stage:Stage": {
        "id": "{name}",
        "arn": f"{_REST}/apis/{{apiId}}/stages/{{name}}",
        "executionArn": _arn("execute-api", "{apiId}/{name}"),
    },
    "aws:cognito/userPool:UserPool": {
        "id": "{region}_{new:token}",
        "arn": _arn("cognito-idp", "userpool/{id}"),
        "endpoint": "cognito-idp.{region}.{dns}/{id}",
    },
    "aws:cognito/identityPool:IdentityPool": {
        "id": "{region}:{new:uuid}",
        "arn": _arn("cognito-identity", "identitypool/{id}"),
    },
    # What makes resources unseen
    "aws:cloudformation/stack:Stack": {"id": _arn("cloudformation", "stack/{name}/{new:uuid}")},
    "aws:cloudformation/stackSet:StackSet": {
        "id": "{name}",
        "stackSetId": "{name}:{new:uuid}",
        "arn": _arn("cloudformation", "stackset/{stackSetId}"),
    },
    "aws:serverlessrepository/cloudFormationStack:CloudFormationStack": {
        "id": _arn("cloudformation", "stack/serverlessrepo-{name}/{new:uuid}")
    },
    # aws-native, whose id is not among its properties
    "aws-native:cloudformation:Stack": {
        "stackId": _arn("cloudformation", "stack/{stackName}/{new:uuid}"),
        "id": "{stackId}",
    },
    "aws-native:cloudformation:StackSet": {"stackSetId": "{stackSetName}:{new:uuid}", "id": "{stackSetId}"},
    "aws-native:iam:Role": {
        "id": "{roleName}",
        "arn": "arn:{partition}:iam::{account}:role{path=/}{roleName}",
    },
    "aws-native:iam:RolePolicy": {"id": "{policyName}|{roleName}"},
    "aws-native:iam:ManagedPolicy": {
        "policyArn": "arn:{partition}:iam::{account}:policy{path=/}{managedPolicyName}",
        "id": "{policyArn}",
    },
    "aws-native:lambda:Function": {"id": "{functionName}", "arn": _arn("lambda", "function:{functionName}")},
    "aws-native:lambda:Version": {"functionArn": f"{_FUNCTION}:1", "id": "{functionArn}"},
    "aws-native:lambda:Alias": {"aliasArn": f"{_FUNCTION}:{{name}}", "id": "{aliasArn}"},
    "aws-native:lambda:EventSourceMapping": {
        "awsId": "{new:uuid}",
        "id": "{awsId}",
        "eventSourceMappingArn": _arn("lambda", "event-source-mapping:{awsId}"),
    },
    "aws-native:lambda:NetworkConnector": _by_arn("lambda", "network-connector:{name}"),
    "aws-native:lambda:CapacityProvider": {
        "id": "{capacityProviderName}",
        "arn": _arn("lambda", "capacity-provider:{capacityProviderName}"),
    },
    "aws-native:lambda:MicrovmImage": {"imageArn": _arn("lambda", "microvm-image:{name}"), "id": "{imageArn}"},
    "aws-native:synthetics:Canary": {"id": "{name}", "awsId": "{new:uuid}"},
    "aws-native:s3:Bucket": {"id": "{bucketName}", "arn": "arn:{partition}:s3:::{bucketName}"},
    "aws-native:sqs:Queue": {
        "arn": _arn("sqs", "{queueName}"),
        "queueUrl": "https://sqs.{region}.{dns}/{account}/{queueName}",
        "id": "{queueUrl}",
    },
    "aws-native:sns:Topic": {"topicArn": _arn("sns", "{topicName}"), "id": "{topicArn}"},
    "aws-native:dynamodb:Table": {"id": "{tableName}", "arn": _arn("dynamodb", "table/{tableName}")},
    "aws-native:kms:Key": {"keyId": "{new:uuid}", "id": "{keyId}", "arn": _arn("kms", "key/{keyId}")},
    "aws-native:ec2:Vpc": {"vpcId": "{new:vpc}", "id": "{vpcId}"},
    "aws-native:ec2:Subnet": {"subnetId": "{new:subnet}", "id": "{subnetId}"},
    # The identifier of CloudFormation's AWS::EC2::SecurityGroup.
    "aws-native:ec2:SecurityGroup": {"groupId": "{new:sg}", "awsId": "{groupId}", "id": "{groupId}"},
}
"""Of a resource type, the properties that can be formed."""

# The input that holds a resource's name, where it is not `name`, for types that Pulumi names when the program does not.
NAMES: Final[Mapping[str, str]] = {
    **{kind: row.name for kind, row in aws_types.TYPES.items() if row.name},
    "aws:s3/bucket:Bucket": "bucket",
    "aws:s3/bucketV2:BucketV2": "bucket",
    "aws:rds/instance:Instance": "identifier",
    "aws:rds/cluster:Cluster": "clusterIdentifier",
    "aws:rds/clusterInstance:ClusterInstance": "identifier",
    "aws:docdb/cluster:Cluster": "clusterIdentifier",
    "aws:docdb/clusterInstance:ClusterInstance": "identifier",
    "aws:neptune/cluster:Cluster": "clusterIdentifier",
    "aws:elasticache/cluster:Cluster": "clusterId",
    "aws:mq/broker:Broker": "brokerName",
    "aws:ec2/keyPair:KeyPair": "keyName",
    "aws-native:s3:Bucket": "bucketName",
    "aws-native:sqs:Queue": "queueName",
    "aws-native:sns:Topic": "topicName",
    "aws-native:dynamodb:Table": "tableName",
}
