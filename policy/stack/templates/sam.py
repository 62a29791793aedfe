"""Templates with the transform of the AWS Serverless Application Model (SAM), as plain ones.

Of what SAM makes, what can decide about network interfaces is made here: functions, their roles, and event source
mappings that Lambda polls in a VPC. Source: serverless-application-model 1.10x, the repository of the transform:
`_construct_role` of sam_resources.py, role_constructor.py, eventsources/pull.py, plugins/globals/globals.py and
policy_templates.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from policy.iam import managed
from policy.iam.truth import Unknown
from policy.shared.escapes import quoted
from policy.stack.templates.sam_policies import HARMLESS_TEMPLATES, POLLING, VPC_ACCESS

# What a template may name in `Transform` without anything being made that it does not say.
_HARMLESS: Final = frozenset(
    (
        "AWS::CodeDeployBlueGreen",
        "AWS::LanguageExtensions",
        "AWS::SecretsManager-2020-07-23",
        "AWS::SecretsManager-2024-09-16",
        "AWS::Serverless-2016-10-31",
    )
)
_FUNCTION: Final = "AWS::Serverless::Function"
_CAPACITY_PROVIDER: Final = "AWS::Serverless::CapacityProvider"
_NO_VALUE: Final = {"Ref": "AWS::NoValue"}
_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}
    ],
}
# Properties of a function that SAM passes on and that the pack reads.
_PASSED_ON: Final = ("CapacityProviderConfig", "FunctionName", "VpcConfig")
# Event sources that Lambda may poll in a VPC, with the property that SAM has for the ARN of the source.
_SOURCES: Final = {"MSK": "Stream", "MQ": "Broker", "SelfManagedKafka": "", "DocumentDB": "Cluster"}


def foreign(template: Mapping[str, Any]) -> str:
    """Why a template is not what it says, where a macro rewrites it: the end of a sentence. Empty where none does."""
    if "Fn::Transform" in template:
        return "is rewritten by a macro, which this policy pack does not run"
    named = template.get("Transform")
    for transform in named if isinstance(named, list | tuple) else [] if named is None else [named]:
        if not isinstance(transform, str) or transform not in _HARMLESS:
            name = f"the macro {quoted(transform)}" if isinstance(transform, str) else "a macro"
            return f"is rewritten by {name}, which this policy pack does not run"
    return ""


def plain(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template with plain functions, roles and event source mappings in the place of SAM's functions.

    A function whose properties cannot be read stays as it is.
    """
    resources = template.get("Resources")
    if not isinstance(resources, Mapping) or not {_FUNCTION, _CAPACITY_PROVIDER}.intersection(
        map(_type, resources.values())
    ):
        return template
    common = _in(_in(template, "Globals"), "Function")
    found: dict[str, Any] = {}
    for logical, declared in resources.items():
        properties = declared.get("Properties", {}) if isinstance(declared, Mapping) else None
        readable = isinstance(properties, Mapping) and not any(str(name).startswith("Fn::") for name in properties)
        if _type(declared) == _FUNCTION and readable:
            found |= _Function(str(logical), declared, _merged(common, properties)).resources()
        elif _type(declared) == _CAPACITY_PROVIDER:
            config = {"CapacityProviderOperatorRoleArn": _in(declared, "Properties").get("OperatorRole", _NO_VALUE)}
            properties = {"PermissionsConfig": config}
            found[logical] = {**declared, "Type": "AWS::Lambda::CapacityProvider", "Properties": properties}
        else:
            found.setdefault(logical, declared)
    return {**template, "Resources": found}


def _type(declared: object) -> str:
    """The type of a resource, an event source, or an access to one; empty where it has none that is a text."""
    kind = declared.get("Type") if isinstance(declared, Mapping) else None
    return kind if isinstance(kind, str) else ""


def _in(holder: object, name: str) -> Mapping[str, Any]:
    found = holder.get(name) if isinstance(holder, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _is_function(value: object) -> bool:
    """Whether a value is made with a function of CloudFormation: to SAM that is one value, and no object."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    name = str(next(iter(value)))
    return name == "Ref" or name.startswith("Fn::")


def _merged(common: Any, own: Any) -> Any:
    """What `Globals` says with what the function itself says: objects are merged, lists joined, and else its own wins."""
    if isinstance(common, list) and isinstance(own, list):
        return [*common, *own]
    objects = isinstance(common, Mapping) and isinstance(own, Mapping)
    if not objects or _is_function(common) or _is_function(own):
        return own
    return {
        **common,
        **{name: _merged(common[name], value) if name in common else value for name, value in own.items()},
    }


def _aws(path: str) -> dict[str, str]:
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{path}"}


@dataclass
class _Function:
    """One function of SAM's. Its role is that which it names, or one that SAM makes."""

    logical: str
    declared: Mapping[str, Any]
    properties: Mapping[str, Any]

    def resources(self) -> dict[str, Any]:
        """The plain resources that SAM makes of it, by their logical ids."""
        its_own = {"Fn::GetAtt": [f"{self.logical}Role", "Arn"]}
        role = self.properties.get("Role")
        made = role is None
        if (
            isinstance(role, Mapping)
            and isinstance(role.get("Fn::If"), list | tuple)
            and _NO_VALUE in role["Fn::If"][1:]
        ):
            # Where the condition leaves the role out, SAM makes one.
            role, made = {"Fn::If": [its_own if part == _NO_VALUE else part for part in role["Fn::If"]]}, True
        passed = {name: self.properties[name] for name in _PASSED_ON if name in self.properties}
        function = {**passed, "Role": its_own if role is None else role}
        found = {self.logical: self._resource("AWS::Lambda::Function", function)}
        policies = self._event_sources(found)
        if made:
            found[f"{self.logical}Role"] = self._resource("AWS::IAM::Role", self._role(policies))
        return found

    def _resource(self, kind: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        condition = {"Condition": self.declared["Condition"]} if "Condition" in self.declared else {}
        return {"Type": kind, **condition, "Properties": properties}

    def _role(self, for_events: list[Any]) -> dict[str, Any]:
        """The role that SAM makes. `for_events` are the policies that its event sources need."""
        attached: list[Any] = [_aws("service-role/AWSLambdaBasicExecutionRole")]
        inline: list[Any] = []
        if self.properties.get("VpcConfig"):
            attached.append(_aws("service-role/AWSLambdaVPCAccessExecutionRole"))
        for policy in for_events:
            (inline if "PolicyDocument" in policy else attached).append(policy)
        given = self.properties.get("Policies")
        for i, policy in enumerate(given if isinstance(given, list) else [] if given is None else [given]):
            where, value = self._policy(policy, i)
            if value is not None:
                (inline if where else attached).append(value)
        named = {"Path": "RolePath", "PermissionsBoundary": "PermissionsBoundary"}
        return {
            "AssumeRolePolicyDocument": self.properties.get("AssumeRolePolicyDocument", _TRUST),
            # The same policy twice is one.
            "ManagedPolicyArns": [arn for i, arn in enumerate(attached) if arn not in attached[:i]],
            "Policies": inline,
            **{name: self.properties[own] for name, own in named.items() if own in self.properties},
        }

    def _policy(self, policy: Any, number: int) -> tuple[bool, Any]:
        """An entry of `Policies`: whether it is an inline policy, and what it becomes; None where it gives nothing here."""
        if isinstance(policy, str):
            known = None if policy.startswith("arn:") else managed.by_name(policy)
            return False, policy if known is None else _aws(known.suffix)
        if isinstance(policy, Mapping) and "Statement" in policy:
            return True, {"PolicyName": f"{self.logical}RolePolicy{number}", "PolicyDocument": policy}
        if (
            isinstance(policy, Mapping)
            and isinstance(policy.get("Fn::If"), list | tuple)
            and len(policy["Fn::If"]) == 3
        ):
            condition, *either = policy["Fn::If"]
            found = [(None, _NO_VALUE) if part == _NO_VALUE else self._policy(part, number) for part in either]
            inline = any(where for where, _ in found)
            return inline, {"Fn::If": [condition, *(_NO_VALUE if value is None else value for _, value in found)]}
        if isinstance(policy, Unknown) or _is_function(policy):
            return False, policy
        name = str(next(iter(policy))) if isinstance(policy, Mapping) and len(policy) == 1 else ""
        if name == VPC_ACCESS.name:
            return True, _ready(name, VPC_ACCESS.document)
        if name not in HARMLESS_TEMPLATES:
            # It may be one that SAM has learned since: what it gives is not known.
            return True, Unknown(why="is no policy that is known here")
        return True, None

    def _event_sources(self, found: dict[str, Any]) -> list[Any]:
        """Add the mappings of event sources that may be polled in a VPC; the policies that SAM gives a role for them."""
        policies: list[Any] = []
        for name, event in _in(self.properties, "Events").items():
            kind, properties = _type(event), _in(event, "Properties")
            if kind not in _SOURCES:
                continue
            mapping = {**properties, "FunctionName": {"Ref": self.logical}}
            if kind == "SelfManagedKafka":
                endpoints = {"KafkaBootstrapServers": properties.get("KafkaBootstrapServers")}
                mapping["SelfManagedEventSource"] = {"Endpoints": endpoints}
            else:
                mapping["EventSourceArn"] = properties.get(_SOURCES[kind])
            if kind == "DocumentDB":
                mapping["DocumentDBEventSourceConfig"] = {"DatabaseName": properties.get("DatabaseName")}
            found[f"{self.logical}{name}"] = self._resource("AWS::Lambda::EventSourceMapping", mapping)
            if kind == "MSK":
                policies.append(_aws("service-role/AWSLambdaMSKExecutionRole"))
            elif kind == "DocumentDB" or (kind == "SelfManagedKafka" and _has_vpc(properties)):
                policies.append(_ready(f"{self.logical}{name}Policy", POLLING))
        return policies


def _ready(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """An inline policy of SAM's own, which the template cannot change."""
    return {"PolicyName": name, "PolicyDocument": document, "WrittenBySam": True}


def _has_vpc(properties: Mapping[str, Any]) -> bool:
    access = properties.get("SourceAccessConfigurations")
    kinds = [_type(each) for each in access] if isinstance(access, list) else []
    return "VPC_SUBNET" in kinds or "VPC_SECURITY_GROUP" in kinds
