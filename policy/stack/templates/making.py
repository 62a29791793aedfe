"""The resources that one template makes: each as `pulumi-aws-native` would have it, named by its logical id.

What CloudFormation names itself has a name as it gives it, with a stand-in for its random end; what the stack's outputs
tell of it, once it is deployed, is believed instead. Source: CloudFormation User Guide, "Resource physical IDs" and the
"Return values" of each type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policy.iam.truth import UNKNOWN, Truth, Unknown
from policy.shared import stand_ins
from policy.stack.execution_role import Decided, Gap
from policy.stack.resources import Resource
from policy.stack.templates.intrinsics import Resolver
from policy.stack.templates.surroundings import Made, Surroundings
from policy.stack.templates.translate import is_read, native_properties, native_type, unseen

# Of longer names CloudFormation cuts something off, and how much it does not say.
_WHOLE_NAME: Final = 24

# The property that has the name, by type, and the attributes that tell it again.
_NAMED: Final = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
}
_ARN: Final = {"AWS::Lambda::Function": "Arn", "AWS::IAM::Role": "Arn", "AWS::IAM::ManagedPolicy": "PolicyArn"}


class Making:
    """Makes the resources of one template. `maker` is the resource of the program, `template` its template.

    `outputs` are the values of the stack's outputs, as far as they are known.
    """

    def __init__(
        self, maker: Resource, template: Mapping[str, Any], surroundings: Surroundings, outputs: Mapping[str, Any]
    ) -> None:
        self._maker = maker
        self._around = surroundings
        found = template.get("Resources")
        self._declared: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
        found = template.get("Outputs")
        self._outputs: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
        self._resolver = Resolver(template, surroundings, self._physical)
        self._open: list[str] = []
        # By logical id and attribute: what the outputs of the stack tell.
        self._told: dict[tuple[str, str], str] = {}
        self._read_outputs(outputs)
        self.gaps: list[Gap] = []

    def resources(self) -> Iterator[Resource]:
        """Each resource that the pack reads. What cannot be seen is in `gaps` then. Raises BoundsError."""
        if not self._declared:
            self._gap("Resources", "has no resources that can be read")
        for logical, declared in self._declared.items():
            place = f"Resources.{logical}"
            if logical.startswith("Fn::"):
                self._gap(place, "is written by a loop or a macro, which this policy pack does not run")
                continue
            if not isinstance(declared, Mapping):
                self._gap(place, "is no resource of a template")
                continue
            there = self._resolver.condition(declared.get("Condition"))
            if there is Truth.NO:
                continue
            kind, properties = declared.get("Type"), declared.get("Properties")
            if isinstance(kind, str) and is_read(kind):
                on = f"{self._maker.urn}#{declared['Condition']}" if there is Truth.UNKNOWN else ""
                yield self._resource(logical, kind, properties, on)
            elif why := unseen(kind, properties if isinstance(properties, Mapping) else {}):
                self._gap(f"{place}.Type", why)
        for name in self._resolver.without_value:
            self._gap(f"Parameters.{name}", "has no value, and no default")

    def urn(self, logical: str) -> str:
        """The URN by which a resource of the template is known here."""
        declared = self._declared.get(logical)
        kind = declared.get("Type") if isinstance(declared, Mapping) else None
        head = self._maker.urn.split("::")
        inside = f"{head[2]}${native_type(kind if isinstance(kind, str) else 'AWS::Unknown::Type')}"
        which = f" for {self._around.which}" if self._around.which else ""
        return "::".join([*head[:2], inside, f"{logical} of template in {self._maker.name}{which}"])

    def passed_on(self) -> tuple[str, ...]:
        """The URNs of the resources that the stack's outputs name; none where an output may be anything else."""
        found: dict[str, None] = {}
        for declared in self._outputs.values():
            value = declared.get("Value") if isinstance(declared, Mapping) else None
            reference = _reference(value, self._declared)
            if reference is not None:
                found[self.urn(reference[0])] = None
                continue
            known = self._resolver.resolve(value).value
            if not isinstance(known, str) or ":role/" in known:
                return ()
        return tuple(found)

    def _gap(self, path: str, what: str) -> None:
        self.gaps.append(Gap(self._maker.urn, path, Decided.MENDING, what))

    def _resource(self, logical: str, kind: str, properties: object, perhaps: str) -> Resource:
        if isinstance(properties, Mapping) and not any(str(name).startswith("Fn::") for name in properties):
            made = {str(name): self._resolver.resolve(value) for name, value in properties.items()}
        else:
            made = {}
            if properties is not None:
                self._gap(f"Resources.{logical}.Properties", "cannot be read, and counts as empty")
        # A property that resolves to AWS::NoValue is not there.
        props = native_properties({name: found.value for name, found in made.items() if found.value is not None})
        names = native_properties({name: name for name in made})
        depends_on = {
            native: tuple(sorted(made[str(name)].made_from)) for native, name in names.items() if made[name].made_from
        }
        props |= self._identity(logical, kind)
        every = {urn for urns in depends_on.values() for urn in urns}
        return Resource(
            self.urn(logical),
            native_type(kind),
            props,
            depends_on,
            props,
            frozenset(every & self._maker.not_managed),
            self._maker.provider,
            self._maker.managed,
            self._maker.account,
            maker=self._maker.urn,
            perhaps=perhaps,
        )

    # ---- what resources are called

    def _identity(self, logical: str, kind: str) -> dict[str, Any]:
        """The name and the ARN of a resource, as far as they are known."""
        if kind not in _NAMED:
            return {}
        name, arn = self._name(logical), self._physical(logical, _ARN[kind]).value
        named = native_properties({_NAMED[kind]: name}) if isinstance(name, str) else {}
        attribute = "policyArn" if kind == "AWS::IAM::ManagedPolicy" else "arn"
        return {**named, **({attribute: arn} if isinstance(arn, str) else {})}

    def _physical(self, logical: str, attribute: str) -> Made:
        """What a reference to a resource of the template, or an attribute of it, is."""
        here = frozenset((self.urn(logical),))
        told = self._told.get((logical, attribute))
        if told is not None:
            return Made(told, here)
        kind = self._kind(logical)
        if kind is None or logical in self._open:
            return Made(UNKNOWN, here)
        # The reference of a managed policy is its ARN.
        if attribute == _ARN[kind] or (attribute == "Ref" and _ARN[kind] == "PolicyArn"):
            return Made(self._arn(logical, kind), here)
        return Made(self._name(logical) if attribute == "Ref" else UNKNOWN, here)

    def _kind(self, logical: str) -> str | None:
        declared = self._declared.get(logical)
        kind = declared.get("Type") if isinstance(declared, Mapping) else None
        return kind if isinstance(kind, str) and kind in _NAMED else None

    def _name(self, logical: str) -> Any:
        """The physical name of a function, a role or a managed policy."""
        kind = self._kind(logical) or ""
        for attribute in ("Ref", "Arn"):
            told = self._told.get((logical, attribute))
            if told is not None:
                return told.rpartition(":")[2].rpartition("/")[2]
        properties = self._declared[logical].get("Properties")
        given = properties.get(_NAMED.get(kind, "")) if isinstance(properties, Mapping) else None
        if given is not None:
            self._open.append(logical)
            try:
                name = self._resolver.resolve(given).value
            finally:
                self._open.pop()
            if name is not None:
                return name if isinstance(name, str | Unknown) else UNKNOWN
        stack = self._around.stack_name
        # A role or policy is found by what it is made from; a function's ARN is what guards name.
        if kind != "AWS::Lambda::Function" or isinstance(stack, Unknown):
            return UNKNOWN
        whole = len(stack) <= _WHOLE_NAME and len(logical) <= _WHOLE_NAME
        return stand_ins.physical_name(stack, logical) if whole else UNKNOWN

    def _arn(self, logical: str, kind: str) -> Any:
        name = self._name(logical)
        around = self._around
        if not isinstance(name, str):
            return UNKNOWN
        if kind == "AWS::Lambda::Function":
            name = name.rpartition(":")[2]
            return f"arn:{around.partition}:lambda:{around.region}:{around.account}:function:{name}"
        if stand_ins.ANY.search(f"{around.account} {around.partition}"):
            # By its name it is found wherever it is; by an ARN in a made-up account it would not be.
            return UNKNOWN
        declared = self._declared[logical].get("Properties")
        path = self._resolver.resolve(declared.get("Path", "/") if isinstance(declared, Mapping) else "/").value
        resource = "role" if kind == "AWS::IAM::Role" else "policy"
        return (
            f"arn:{around.partition}:iam::{around.account}:{resource}{path}{name}" if isinstance(path, str) else UNKNOWN
        )

    def _read_outputs(self, outputs: Mapping[str, Any]) -> None:
        for key, declared in self._outputs.items():
            value = declared.get("Value") if isinstance(declared, Mapping) else None
            reference, told = _reference(value, self._declared), outputs.get(key)
            if reference is not None and isinstance(told, str) and told:
                self._told[reference] = told


def _reference(value: object, declared: Mapping[str, Any]) -> tuple[str, str] | None:
    """The logical id and the attribute of a value that is a reference to a resource of the template."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    ((function, argument),) = value.items()
    if function == "Fn::Sub" and isinstance(argument, str) and argument.startswith("${") and argument.endswith("}"):
        name = argument[2:-1]
        function, argument = ("Fn::GetAtt", name) if "." in name else ("Ref", name)
    if function == "Fn::GetAtt":
        parts = argument.partition(".")[::2] if isinstance(argument, str) else argument
        if isinstance(parts, list | tuple) and len(parts) == 2 and all(isinstance(part, str) for part in parts):
            return (parts[0], parts[1]) if parts[0] in declared else None
    if function == "Ref" and isinstance(argument, str) and argument in declared:
        return argument, "Ref"
    return None
