"""The resource types that matter to execution roles, and which property of each says what: the one place that knows.

Sources: the schemas of pulumi-aws 7 ("classic") and of aws-native 1 ("native").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FUNCTION: Final = "aws:lambda/function:Function"
EVENT_SOURCE: Final = "aws:lambda/eventSourceMapping:EventSourceMapping"
ALIAS: Final = "aws:lambda/alias:Alias"
CANARY: Final = "aws:synthetics/canary:Canary"
ROLE: Final = "aws:iam/role:Role"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
POLICY: Final = "aws:iam/policy:Policy"
ROLE_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
POLICY_ATTACHMENT: Final = "aws:iam/policyAttachment:PolicyAttachment"
POLICIES_EXCLUSIVE: Final = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
ATTACHMENTS_EXCLUSIVE: Final = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
CONNECTOR: Final = "aws:lambda/coreNetworkConnector:CoreNetworkConnector"
CAPACITY_PROVIDER: Final = "aws:lambda/capacityProvider:CapacityProvider"
MICROVM: Final = "aws:lambdamicrovms/microvm:Microvm"
MICROVM_IMAGE: Final = "aws:lambdamicrovms/image:Image"
OLD_MICROVM_IMAGE: Final = "aws:lambda/microvmsImage:MicrovmsImage"
ORGANIZATION_POLICY: Final = "aws:organizations/policy:Policy"
NATIVE_FUNCTION: Final = "aws-native:lambda:Function"
NATIVE_EVENT_SOURCE: Final = "aws-native:lambda:EventSourceMapping"
NATIVE_ALIAS: Final = "aws-native:lambda:Alias"
NATIVE_VERSION: Final = "aws-native:lambda:Version"
NATIVE_CANARY: Final = "aws-native:synthetics:Canary"
NATIVE_CONNECTOR: Final = "aws-native:lambda:NetworkConnector"
NATIVE_CAPACITY_PROVIDER: Final = "aws-native:lambda:CapacityProvider"
NATIVE_MICROVM_IMAGE: Final = "aws-native:lambda:MicrovmImage"
NATIVE_WEB_FUNCTION: Final = "aws-native:lambda:WebFunctionRevision"
NATIVE_ROLE: Final = "aws-native:iam:Role"
NATIVE_ROLE_POLICY: Final = "aws-native:iam:RolePolicy"
NATIVE_POLICY: Final = "aws-native:iam:ManagedPolicy"
NATIVE_ORGANIZATION_POLICY: Final = "aws-native:organizations:Policy"
# One inline policy for several roles (CloudFormation's AWS::IAM::Policy).
NATIVE_INLINE_POLICY: Final = "aws-native:iam:Policy"
# What makes resources that the engine does not see.
STACK: Final = "aws:cloudformation/stack:Stack"
STACK_SET: Final = "aws:cloudformation/stackSet:StackSet"
STACK_INSTANCES: Final = "aws:cloudformation/stackInstances:StackInstances"
STACK_SET_INSTANCE: Final = "aws:cloudformation/stackSetInstance:StackSetInstance"
NATIVE_STACK: Final = "aws-native:cloudformation:Stack"
NATIVE_STACK_SET: Final = "aws-native:cloudformation:StackSet"
CLOUD_CONTROL: Final = "aws:cloudcontrol/resource:Resource"
NATIVE_EXTENSION: Final = "aws-native:index:ExtensionResource"
APPLICATION: Final = "aws:serverlessrepository/cloudFormationStack:CloudFormationStack"
PRODUCT: Final = "aws:servicecatalog/provisionedProduct:ProvisionedProduct"
NATIVE_PRODUCT: Final = "aws-native:servicecatalog:CloudFormationProvisionedProduct"

CLASSIC: Final = "classic"
NATIVE: Final = "native"

# What marks an inline policy that SAM writes, in the role that it makes of a template.
WRITTEN_BY_SAM: Final = "writtenBySam"


@dataclass(frozen=True, slots=True)
class InlinePolicies:
    """A role's list of inline policies: its property, and in each entry the keys of the name and of the document."""

    prop: str = ""
    name: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class AwsType:
    """The properties of one resource type by what they say; an empty name where the type has no such property."""

    provider: str = ""
    """CLASSIC or NATIVE."""
    name: str = ""
    """The physical name: the one that it has in AWS."""
    arn: str = ""
    """Its ARN, of a type that others name by it."""
    role: str = ""
    """The role that runs it, that has it as a policy, or that it attaches to: a name or an ARN. A path with dots leads into
    objects."""
    roles: str = ""
    """The same as a list of names."""
    document: str = ""
    """The permission policy that the resource is."""
    trust: str = ""
    """A role's trust policy."""
    inline: InlinePolicies = InlinePolicies()
    """A role's own list of permission policies."""
    managed: str = ""
    """Managed policies that are attached: an ARN, or a list of ARNs."""
    boundary: str = ""
    """The ARN of a role's permissions boundary."""
    organization: str = ""
    """The text of a policy of an organization, of which service control policies are one type."""


# A type that is not in this table is not looked at: it costs the pack one look-up.
TYPES: Final[Mapping[str, AwsType]] = {
    FUNCTION: AwsType(CLASSIC, name="name", arn="arn", role="role"),
    EVENT_SOURCE: AwsType(CLASSIC),
    ALIAS: AwsType(CLASSIC, name="name"),
    CANARY: AwsType(CLASSIC, name="name", role="executionRoleArn"),
    ROLE: AwsType(
        CLASSIC,
        name="name",
        arn="arn",
        trust="assumeRolePolicy",
        inline=InlinePolicies("inlinePolicies", "name", "policy"),
        managed="managedPolicyArns",
        boundary="permissionsBoundary",
    ),
    ROLE_POLICY: AwsType(CLASSIC, name="name", role="role", document="policy"),
    POLICY: AwsType(CLASSIC, name="name", arn="arn", document="policy"),
    ROLE_ATTACHMENT: AwsType(CLASSIC, role="role", managed="policyArn"),
    POLICY_ATTACHMENT: AwsType(CLASSIC, name="name", roles="roles", managed="policyArn"),
    POLICIES_EXCLUSIVE: AwsType(CLASSIC, role="roleName"),
    ATTACHMENTS_EXCLUSIVE: AwsType(CLASSIC, role="roleName", managed="policyArns"),
    CONNECTOR: AwsType(CLASSIC, name="name", role="operatorRole"),
    CAPACITY_PROVIDER: AwsType(CLASSIC, name="name", role="permissionsConfig.capacityProviderOperatorRoleArn"),
    MICROVM: AwsType(CLASSIC, role="executionRoleArn"),
    MICROVM_IMAGE: AwsType(CLASSIC, name="name", role="buildRoleArn"),
    OLD_MICROVM_IMAGE: AwsType(CLASSIC, name="name", role="buildRoleArn"),
    ORGANIZATION_POLICY: AwsType(CLASSIC, name="name", organization="content"),
    NATIVE_FUNCTION: AwsType(NATIVE, name="functionName", arn="arn", role="role"),
    NATIVE_EVENT_SOURCE: AwsType(NATIVE),
    NATIVE_ALIAS: AwsType(NATIVE, name="name"),
    NATIVE_VERSION: AwsType(NATIVE),
    NATIVE_CANARY: AwsType(NATIVE, name="name", role="executionRoleArn"),
    NATIVE_CONNECTOR: AwsType(NATIVE, name="name", role="operatorRole"),
    NATIVE_CAPACITY_PROVIDER: AwsType(
        NATIVE, name="capacityProviderName", role="permissionsConfig.capacityProviderOperatorRoleArn"
    ),
    NATIVE_MICROVM_IMAGE: AwsType(NATIVE, name="name", role="buildRoleArn"),
    NATIVE_WEB_FUNCTION: AwsType(NATIVE, name="functionName", role="serviceConfig.executionRoleArn"),
    NATIVE_ROLE: AwsType(
        NATIVE,
        name="roleName",
        arn="arn",
        trust="assumeRolePolicyDocument",
        inline=InlinePolicies("policies", "policyName", "policyDocument"),
        managed="managedPolicyArns",
        boundary="permissionsBoundary",
    ),
    NATIVE_ROLE_POLICY: AwsType(NATIVE, name="policyName", role="roleName", document="policyDocument"),
    NATIVE_POLICY: AwsType(NATIVE, name="managedPolicyName", arn="policyArn", roles="roles", document="policyDocument"),
    NATIVE_ORGANIZATION_POLICY: AwsType(NATIVE, name="name", organization="content"),
    NATIVE_INLINE_POLICY: AwsType(NATIVE, name="policyName", roles="roles", document="policyDocument"),
    STACK: AwsType(CLASSIC, name="name"),
    STACK_SET: AwsType(CLASSIC, name="name"),
    STACK_INSTANCES: AwsType(CLASSIC),
    STACK_SET_INSTANCE: AwsType(CLASSIC),
    NATIVE_STACK: AwsType(NATIVE, name="stackName"),
    NATIVE_STACK_SET: AwsType(NATIVE, name="stackSetName"),
    CLOUD_CONTROL: AwsType(CLASSIC),
    NATIVE_EXTENSION: AwsType(NATIVE),
    APPLICATION: AwsType(CLASSIC, name="name"),
    PRODUCT: AwsType(CLASSIC, name="name"),
    NATIVE_PRODUCT: AwsType(NATIVE, name="provisionedProductName"),
}

# The row of every other type: none of its properties matters.
OTHER: Final = AwsType()

# The same thing of both providers.
ROLES: Final = (ROLE, NATIVE_ROLE)
FUNCTIONS: Final = (FUNCTION, NATIVE_FUNCTION)
CANARIES: Final = (CANARY, NATIVE_CANARY)
EVENT_SOURCES: Final = (EVENT_SOURCE, NATIVE_EVENT_SOURCE)
ROLE_POLICIES: Final = (ROLE_POLICY, NATIVE_ROLE_POLICY, NATIVE_INLINE_POLICY)
MANAGED_POLICIES: Final = (POLICY, NATIVE_POLICY)
STACK_SETS: Final = (STACK_SET, NATIVE_STACK_SET)
# Of the native provider the sets have their instances themselves.
STACK_SET_INSTANCES: Final = frozenset((STACK_INSTANCES, STACK_SET_INSTANCE))
MAKERS: Final = frozenset(
    (
        STACK,
        STACK_SET,
        STACK_INSTANCES,
        STACK_SET_INSTANCE,
        NATIVE_STACK,
        NATIVE_STACK_SET,
        CLOUD_CONTROL,
        NATIVE_EXTENSION,
        APPLICATION,
        PRODUCT,
        NATIVE_PRODUCT,
    )
)
# What names a function and adds something to its ARN.
QUALIFIERS: Final = (ALIAS, NATIVE_ALIAS, NATIVE_VERSION)
