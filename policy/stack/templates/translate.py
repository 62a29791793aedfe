"""CloudFormation's names for types and properties, as those of `pulumi-aws-native`, which the pack reads already.

Source: the schemas of pulumi-aws-native 1, which are made from CloudFormation's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from policy.shared.aws_types import MAKERS, TYPES
from policy.shared.escapes import quoted

_TYPE: Final = re.compile(r"[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}(?:::MODULE)?")
# What stands in these is not CloudFormation's to name.
_VERBATIM: Final = frozenset(("AssumeRolePolicyDocument", "PolicyDocument", "Variables"))
# A run of capital letters, as in `VPCConfig` and `DocumentDBEventSourceConfig`: of a word, or all to the end.
_CAPITALS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z]|$|[0-9])")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# All types of the services that make and use execution roles. A type that is none of these is misspelt, or new.
_KNOWN: Final = {
    "IAM": _words(
        "AccessKey Group GroupPolicy InstanceProfile ManagedPolicy OIDCProvider Policy Role RolePolicy SAMLProvider "
        "ServerCertificate ServiceLinkedRole User UserPolicy UserToGroupAddition VirtualMFADevice"
    ),
    "Lambda": _words(
        "Alias CapacityProvider CodeSigningConfig EventInvokeConfig EventSourceMapping Function LayerVersion "
        "LayerVersionPermission MicrovmImage NetworkConnector Permission ResourcePolicy Url Version WebFunction "
        "WebFunctionEndpoint WebFunctionRevision"
    ),
    "Serverless": _words(
        "Api CapacityProvider Connector Function GraphQLApi HttpApi LayerVersion SimpleTable StateMachine WebSocketApi"
    ),
    "Synthetics": _words("Canary Group"),
}
# What makes a stack of its own, with what is not in this template.
_NESTED: Final = {
    "AWS::CloudFormation::Stack": "a stack of its own",
    "AWS::CloudFormation::StackSet": "a stack set",
    "AWS::Serverless::Application": "an application of its own",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct": "a product of the Service Catalog",
}


def native_type(kind: str) -> str:
    """`aws-native:lambda:Function` for `AWS::Lambda::Function`; the name of a type that is not AWS's as it is."""
    _, _, service_and_name = kind.partition("::")
    service, _, name = service_and_name.partition("::")
    return f"aws-native:{service.lower()}:{name}" if kind.startswith("AWS::") else kind


def is_read(kind: str) -> bool:
    """Whether the pack reads resources of a type."""
    native = native_type(kind)
    return native in TYPES and native not in MAKERS


def unseen(kind: object, properties: Mapping[str, Any]) -> str:
    """What cannot be seen of a resource that the pack does not read; empty where it makes no functions and no roles.

    The end of a sentence that begins with the type. Custom resources run code that is there already.
    """
    if not isinstance(kind, str) or (not _TYPE.fullmatch(kind) and not kind.startswith("Custom::")):
        return "is no name of a type"
    if kind in _NESTED:
        return f"means {_NESTED[kind]}, whose template this policy pack does not read"
    if kind.endswith("::MODULE"):
        return "means a module, whose resources this policy pack does not read"
    if kind == "AWS::Serverless::Function":
        return "means a function whose properties cannot be read"
    owner, service, *rest = kind.split("::")
    if owner not in ("AWS", "Alexa", "Custom"):
        return f"is {quoted(kind)}, which is not AWS's: what it makes is not known here"
    if kind == "AWS::SecretsManager::RotationSchedule" and "HostedRotationLambda" in properties:
        return "means a function that rotates a secret, and its role, which this policy pack does not read"
    if owner == "AWS" and service in _KNOWN and rest[0] not in _KNOWN[service]:
        return f"is {quoted(kind)}, which this policy pack does not know"
    return ""


def native_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties with the names of pulumi-aws-native, at any depth; documents are left as they are."""
    return {native_name(key): value if key in _VERBATIM else _translated(value) for key, value in properties.items()}


def native_name(name: str) -> str:
    """`vpcConfig` for `VpcConfig`, `documentDbEventSourceConfig` for `DocumentDBEventSourceConfig`."""
    words = _CAPITALS.sub(lambda found: found[0].capitalize(), name)
    return words[:1].lower() + words[1:]


def _translated(value: object) -> object:
    if isinstance(value, Mapping):
        return native_properties(value)
    return [_translated(item) for item in value] if isinstance(value, list) else value
