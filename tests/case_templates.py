"""Changes what a case's templates make, as a user changes a template: for case_fixes.py."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from case_runner import Item, Props

from policy.preview.properties import reveal
from policy.stack.templates.reading import read_template
from policy.stack.templates.sam_policies import VPC_ACCESS

# Where a template stands, or the one resource that there is to be.
_TEMPLATES = ("templateBody", "desiredState")
_PLACE = re.compile(r"(\w+) of template in (.+?)(?: for .+)?")


def place(name: str) -> tuple[str, str] | None:
    """The logical id and the resource of the program that a name means, if it is one in a template."""
    match = _PLACE.fullmatch(name)
    return (match[1], match[2]) if match else None


def attached(items: Sequence[Item], role: str, statement: object) -> bool:
    """Put a policy on a role of a template; False where the role is in none."""
    document = {"Version": "2012-10-17", "Statement": [statement]}
    logical, maker = place(role) or ("", role)
    for template, kind in _changing(items, maker):
        if kind is not None:
            properties = template
        elif logical in template["Resources"]:
            properties = template["Resources"][logical]["Properties"]
        else:
            # SAM makes the role of a function that has none.
            function = template["Resources"][logical.removesuffix("Role")]["Properties"]
            policies = function.get("Policies") or []
            function["Policies"] = [*(policies if isinstance(policies, list) else [policies]), document]
            continue
        entry = {"PolicyName": f"fix-{len(properties)}", "PolicyDocument": document}
        properties["Policies"] = [*properties.get("Policies", []), entry]
    return any(item.name == maker and _TEMPLATED & item.inputs.keys() for item in items)


_TEMPLATED = {*_TEMPLATES, "properties"}


def trusting(items: Sequence[Item], role: str) -> bool:
    """Take the conditions out of the trust policy of a role of a template; False where the role is in none."""
    where = place(role)
    for template, _ in _changing(items, where[1]) if where else ():
        statements = template["Resources"][where[0] if where else ""]["Properties"]["AssumeRolePolicyDocument"][
            "Statement"
        ]
        for statement in statements if isinstance(statements, list) else [statements]:
            statement.pop("Condition", None)
    return where is not None


def changed_in(items: Sequence[Item], name: str, change: Callable[[Any], None]) -> int:
    """Change the documents of that name in templates; how many there were."""
    logical, maker = place(name) or ("", "")
    changes = 0
    for template, kind in _changing(items, maker):
        for key, properties in _resources(template, kind, maker):
            found = [properties["PolicyDocument"]] if "PolicyDocument" in properties and key in (logical, name) else []
            policies = properties.get("Policies")
            for entry in policies if isinstance(policies, list) else ():
                if isinstance(entry, dict) and name == entry.get("PolicyName"):
                    found.append(entry["PolicyDocument"])
            found += _of_sam(key, policies, name)
            for document in found:
                change(document)
                changes += 1
    return changes


def _of_sam(logical: str, policies: object, name: str) -> Iterator[Any]:
    """The documents of a function of SAM's; one that SAM has ready is spelled out first."""
    for i, entry in enumerate(policies if isinstance(policies, list) else ()):
        if isinstance(policies, list) and isinstance(entry, dict) and name == VPC_ACCESS.name in entry:
            policies[i] = copy.deepcopy(VPC_ACCESS.document)
            yield policies[i]
        elif isinstance(entry, dict) and "Statement" in entry and name == f"{logical}RolePolicy{i}":
            yield entry


def _resources(template: Props, kind: object, maker: str) -> Iterator[tuple[str, Props]]:
    if kind is not None:
        yield maker, template
        return
    for logical, resource in template["Resources"].items():
        if isinstance(resource, dict) and isinstance(resource.get("Properties"), dict):
            yield logical, resource["Properties"]


def _changing(items: Sequence[Item], maker: str) -> Iterator[tuple[Props, object]]:
    """Each template, or wanted state with its type, which is put back once it is changed."""
    for item in items:
        if maker and item.name != maker:
            continue
        for props in (item.inputs, item.outputs) if item.inputs is not item.outputs else (item.inputs,):
            keys = ("properties",) if item.type == "aws-native:index:ExtensionResource" else _TEMPLATES
            for key in keys:
                source = reveal(props.get(key))
                template = read_template(source).value
                kind = props.get("typeName", props.get("type"))
                if template is None or not (kind or isinstance(template.get("Resources"), dict)):
                    continue
                yield template, kind  # type: ignore[misc]  # what has been read is the caller's own
                props[key] = json.dumps(template) if isinstance(source, str) else template
