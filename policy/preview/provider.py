"""What the AWS providers would answer at preview, for the resource types that matter to execution roles.

`Check` fills in the physical name and the provider's defaults, `Create` at the first preview shows the inputs in the
provider's form and leaves what AWS computes unknown, `Read` knows nothing but the id.
"""

from __future__ import annotations

import hashlib

from ..shared import aws_types
from .bridge import DEFAULTS, changed, document_text, mark_defaults, whole_lists, without_defaults
from .properties import UNKNOWN, Properties, inside, reveal
from .resource_types import DOCUMENTS, TYPES, ResourceType, physical_name


def check(resource_type: str, urn: str, inputs: Properties) -> Properties:
    """Complete a resource's inputs: documents as text, the physical name as the provider would choose it, the defaults.

    The seven hexadecimal digits come from the URN, so that two previews of one program say the same. What the bridge
    filled in is noted in the objects inside of the inputs only: policies do not see it noted at the top.
    """
    name = physical_name(resource_type)
    checked = dict(inputs)
    document = DOCUMENTS.get(resource_type)
    if document is not None and isinstance(reveal(inputs.get(document)), dict):
        checked[document] = document_text(inputs[document])
    if name and name not in inputs and f"{name}Prefix" not in inputs:
        suffix = ".fifo" if reveal(inputs.get("fifoQueue") or inputs.get("fifoTopic")) is True else ""
        digits = hashlib.sha256(urn.encode()).hexdigest()[:7]
        prefix = "alias/" if resource_type == "aws:kms/alias:Alias" else ""
        checked[name] = f"{prefix}{urn.split('::', 3)[3]}-{digits}{suffix}"
    return with_defaults(resource_type, checked)


def with_defaults(resource_type: str, inputs: Properties) -> dict[str, object]:
    """Fill in the provider's defaults; inside of objects, those of a bridged provider are noted."""
    filled = mark_defaults(inputs) if is_bridged(resource_type) else dict(inputs)
    for path, value in TYPES[resource_type].defaults.items() if resource_type in TYPES else ():
        filled = set_default(filled, path, value)
    return filled


def create(resource_type: str, inputs: Properties) -> Properties:
    """Give the outputs of a resource that is yet to be created: its inputs, and what AWS computes as unknown."""
    known = TYPES.get(resource_type)
    outputs = dict(inputs)
    if known is None:
        if resource_type.startswith("aws:"):
            outputs.setdefault("id", UNKNOWN)
            outputs.setdefault("arn", UNKNOWN)
        return outputs
    if is_bridged(resource_type):
        outputs = shown(resource_type, inputs)
    name = physical_name(resource_type)
    if name and f"{name}Prefix" in inputs:
        outputs.setdefault(name, UNKNOWN)
    unset: tuple[tuple[tuple[str, ...], object], ...] = (
        (known.computed, UNKNOWN),
        (known.optional, None),
        (known.blocks, []),
    )
    for paths, value in unset:
        for path in paths:
            outputs = set_default(outputs, path, value)
    return outputs


def shown(resource_type: str, inputs: Properties) -> dict[str, object]:
    """Give the inputs of a bridged resource as its outputs show them."""
    known = TYPES[resource_type]
    outputs = without_defaults(inputs)
    for path, form in known.documents.items():
        outputs = changed(outputs, path, form)
    return outputs if known.framework else {key: whole_lists(value) for key, value in outputs.items()}


def is_bridged(resource_type: str) -> bool:
    """Tell whether the tables describe a type, and it is one of the bridged Terraform provider's."""
    return resource_type in TYPES and aws_types.TYPES[resource_type].provider == aws_types.CLASSIC


def read(resource_type: str, resource_id: str, state: Properties) -> Properties:
    """Give the outputs of a resource that exists elsewhere: what the program says of it, all else unknown."""
    known = TYPES.get(resource_type, ResourceType(computed=("arn",)))
    outputs = dict(state)
    if resource_type.startswith("aws:"):
        outputs["id"] = resource_id
    # A classic IAM role is identified by its name.
    if resource_type == aws_types.ROLE:
        outputs[physical_name(resource_type)] = resource_id
    for key in (*known.computed, *known.readable):
        outputs.setdefault(key.partition(".")[0], UNKNOWN)
    return outputs


def set_default(properties: Properties, path: str, value: object) -> dict[str, object]:
    """Give a property a value if it has none; one inside an object only where there is the object."""
    outer, _, inner = path.partition(".")
    if not inner or outer not in properties:
        return dict(properties) if inner else {outer: value, **properties}

    def fill(found: object) -> object:
        if not isinstance(found, dict) or inner in found:
            return found
        noted = {DEFAULTS: [*found[DEFAULTS], inner]} if DEFAULTS in found else {}
        return {**found, inner: value, **noted}

    return {**properties, outer: inside(properties[outer], fill)}
