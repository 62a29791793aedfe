"""What there was to judge in a previewed stack, and what is said of it, seen with the pack's own eyes.

The pack's process gives violations, which are messages on resources. What else reports show, such as the documents on a role
and what an exemption took out, is worked out here from the same resources: this knows of this pack only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from policy.outside.state_file import State
from policy.outside.state_resources import Relevant, relevant
from policy.preview.config_file import PolicyConfig
from policy.preview.properties import SIGNATURE, is_secret, reveal
from policy.preview.registration import Registration
from policy.reports.report import Item, Role, item_from_json, role_from_json
from policy.shared import names, stand_ins
from policy.shared.rules import RULES
from policy.stack.links import link
from policy.stack.templates.expand import expand
from policy.told.counting import Judged, counted
from policy.told.judging import Rules, judge

__all__ = ["NO_DETAILS", "Details", "Judged", "details", "judged"]

# Options that name files, which the pack looks for from its own folder.
_FILES = ("known_stacks", "known_roles", "service_control_policies")
# AWS was asked once, by the pack.
_NOT_AGAIN = frozenset(("lookup", "lookup_timeout", "lookup_profile", "lookup_role", "lookup_endpoint"))


@dataclass(frozen=True)
class Details:
    """What is known of the findings beyond their messages: the same findings, those that are exempt, and the roles."""

    items: tuple[Item, ...]
    exempted: tuple[Item, ...]
    roles: tuple[Role, ...]


NO_DETAILS = Details((), (), ())


def judged(resources: Iterable[Registration], config: Mapping[str, PolicyConfig]) -> Judged | None:
    """Count what this pack's stack policies judge; None where its configuration switches all of them off."""
    active = [config[name] for name in names.STACK_POLICIES if name in config and config[name].level != "disabled"]
    if not active:
        return None
    event_sources = any(policy.properties.get("event_sources", True) is not False for policy in active)
    return counted(link(expand(_relevant(resources).resources).resources, event_sources=event_sources))


def details(
    resources: Iterable[Registration], config: Mapping[str, PolicyConfig], pack: Path, hide: Callable[[str], str]
) -> Details:
    """What this pack says of the stack, without what stands in for a value and without the texts that `hide` takes out.

    `config` is what each of its policies is configured with, and `pack` its folder.
    """
    severities = {name: rule.severity for name, rule in RULES.items()}
    configured = {name: PolicyConfig(found.level, _options(found, pack)) for name, found in config.items()}
    told = judge("", _relevant(resources), Rules(configured, severities, time.time()))

    def shown(text: str) -> str:
        return hide(stand_ins.shown(text))

    return Details(
        tuple(item_from_json(_each(asdict(item), shown)) for item in told.items),
        tuple(item_from_json(_each(asdict(item), shown)) for item in told.exempted),
        tuple(role_from_json(_each(asdict(role), shown)) for role in told.roles),
    )


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """The value with all its texts changed, but for the names of its parts."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _each(item, change) for key, item in value.items()}
    return [_each(item, change) for item in value] if isinstance(value, list | tuple) else value


def _options(configured: PolicyConfig, pack: Path) -> dict[str, Any]:
    kept = {name: value for name, value in configured.properties.items() if name not in _NOT_AGAIN}
    return {name: _from_folder(value, pack) if name in _FILES else value for name, value in kept.items()}


def _from_folder(value: Any, folder: Path) -> Any:
    """The paths in the value of an option, from a folder on."""
    if isinstance(value, str):
        return str(folder / Path(value).expanduser())
    if isinstance(value, list):
        return [_from_folder(item, folder) for item in value]
    return (
        {**value, "file": _from_folder(value["file"], folder)} if isinstance(value, dict) and "file" in value else value
    )


def _relevant(registrations: Iterable[Registration]) -> Relevant:
    """The resources as the stack's check sees them, by way of the state that the engine would keep of them."""
    return relevant(State("", "", "", tuple(map(_entry, registrations))))


def _entry(found: Registration) -> dict[str, Any]:
    source = found.source
    return {
        "urn": found.urn,
        "type": found.type,
        "custom": found.custom,
        "external": found.external,
        "parent": found.parent,
        # A state has the id of the provider behind its URN.
        "provider": f"{found.provider}::" if found.provider else None,
        "inputs": _stored(found.inputs),
        "outputs": _stored(found.outputs),
        "dependencies": list(found.dependencies),
        "propertyDependencies": {name: list(urns) for name, urns in found.property_dependencies.items()},
        "sourcePosition": f"project:///{source.file}#{source.line}" if source else None,
    }


def _stored(value: Any) -> Any:
    """A value in the form that a state has, in which a decrypted secret is JSON text."""
    if is_secret(value):
        return {SIGNATURE: value[SIGNATURE], "plaintext": json.dumps(reveal(value))}
    if isinstance(value, Mapping):
        return {key: _stored(item) for key, item in value.items()}
    return [_stored(item) for item in value] if isinstance(value, list) else value
