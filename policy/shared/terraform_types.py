"""The types of Terraform's own AWS provider, bridged (`pulumi package add terraform-provider hashicorp/aws`), as the classic
provider's.

Sources: pulumi-terraform-bridge, dynamic/info.go (every type is in the module `index`), pkg/tfbridge/names.go (camel case,
and the plural for a list of more than one), pkg/pf/proto/block.go (only the protocol's own limit makes a list of one an
object: Terraform's newer framework gives none); terraform-provider-aws, the schemas of these types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from policy.shared import aws_types

T = TypeVar("T")


def _token(name: str) -> str:
    """The Pulumi type of a Terraform type, given without its `aws_`: `aws:index/iamRole:IamRole` of `iam_role`."""
    pascal = "".join(word.capitalize() for word in name.split("_"))
    return f"aws:index/{pascal[0].lower()}{pascal[1:]}:{pascal}"


# By their own names, without `aws_`.
_TYPES: Final[Mapping[str, str]] = {
    "cloudcontrolapi_resource": aws_types.CLOUD_CONTROL,
    "cloudformation_stack": aws_types.STACK,
    "cloudformation_stack_instances": aws_types.STACK_INSTANCES,
    "cloudformation_stack_set": aws_types.STACK_SET,
    "cloudformation_stack_set_instance": aws_types.STACK_SET_INSTANCE,
    "iam_policy": aws_types.POLICY,
    "iam_policy_attachment": aws_types.POLICY_ATTACHMENT,
    "iam_role": aws_types.ROLE,
    "iam_role_policies_exclusive": aws_types.POLICIES_EXCLUSIVE,
    "iam_role_policy": aws_types.ROLE_POLICY,
    "iam_role_policy_attachment": aws_types.ROLE_ATTACHMENT,
    "iam_role_policy_attachments_exclusive": aws_types.ATTACHMENTS_EXCLUSIVE,
    "lambda_alias": aws_types.ALIAS,
    "lambda_capacity_provider": aws_types.CAPACITY_PROVIDER,
    "lambda_event_source_mapping": aws_types.EVENT_SOURCE,
    "lambda_function": aws_types.FUNCTION,
    "lambdacore_network_connector": aws_types.CONNECTOR,
    "lambdamicrovms_image": aws_types.MICROVM_IMAGE,
    "lambdamicrovms_microvm": aws_types.MICROVM,
    "organizations_policy": aws_types.ORGANIZATION_POLICY,
    "serverlessapplicationrepository_cloudformation_stack": aws_types.APPLICATION,
    "servicecatalog_provisioned_product": aws_types.PRODUCT,
    "synthetics_canary": aws_types.CANARY,
}
_CLASSIC: Final[Mapping[str, str]] = {_token(name): kind for name, kind in _TYPES.items()}
# What the classic provider calls otherwise.
_RENAMED: Final[Mapping[str, Mapping[str, str]]] = {aws_types.FUNCTION: {"functionName": "name"}}
# Lists of at most one that the classic provider makes objects, and the bridge only where the protocol has the limit.
_LISTS_OF_ONE: Final[Mapping[str, str]] = {
    f"{prop}s": prop
    for prop in ("capacityProviderConfig", "documentDbEventSourceConfig", "permissionsConfig", "selfManagedEventSource",
                 "vpcConfig")
}  # fmt: skip

# A resource of any other type costs the pack one look-up in this set.
LOOKED_AT: Final = frozenset((*aws_types.TYPES, *_CLASSIC))


# What stands for a Terraform module of the program (`pulumi package add terraform-module`), whose own type says nothing.
MODULE: Final = "terraform-module"
# What runs code in a module, or makes what may, by Terraform's names.
_RUNS_CODE: Final = (aws_types.FUNCTION, aws_types.CANARY, aws_types.MICROVM, aws_types.MICROVM_IMAGE)
_IN_MODULES: Final = frozenset(name for name, kind in _TYPES.items() if kind in aws_types.MAKERS or kind in _RUNS_CODE)


def in_module(kind: str) -> bool:
    """Whether a Terraform module makes it, and it runs code or makes what may: `orders:tf:aws_lambda_function`.

    The engine has it as a view of the module, without values. Sources: pulumi-terraform-module, pkg/modprovider/child.go
    and views.go; the engine's resource/deploy/resource_status.go.
    """
    return kind.partition(":tf:aws_")[2] in _IN_MODULES


def classic_type(kind: str) -> str:
    """The classic provider's type that a bridged type is; any other as it is."""
    return _CLASSIC.get(kind, kind)


def classic_names(kind: str, by_property: Mapping[str, T]) -> dict[str, T]:
    """What is given for each property, under the classic provider's names of them. `kind` is the engine's type."""
    known = _CLASSIC.get(kind)
    names = {**_LISTS_OF_ONE, **_RENAMED.get(known, {})} if known is not None else {}
    return {names.get(name, name): given for name, given in by_property.items()}


def classic_properties(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a resource's properties, as the classic provider has them."""
    bridged = kind in _CLASSIC
    return classic_names(
        kind, {name: _alone(value) if bridged and name in _LISTS_OF_ONE else value for name, value in values.items()}
    )


def _alone(value: Any) -> Any:
    if not isinstance(value, list) or len(value) > 1:
        return value
    return value[0] if value else None
