"""What the configuration says of the world beyond the stack, opened: a directory of roles, the organization's policies."""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from pathlib import Path

from policy.outside.account import AccountDetails
from policy.outside.live import Live
from policy.outside.organization import Organization, read_organization
from policy.outside.other_stacks import OtherStacks
from policy.outside.records import Directory, Several
from policy.pack.beyond import Beyond


def directory(beyond: Beyond) -> Directory | None:
    """The directory of roles that is configured; None where none is. Nothing is read before the first role is asked for."""
    found: list[Directory] = [OtherStacks(beyond.known_stacks)] if beyond.known_stacks else []
    found += [AccountDetails(Path(known.file).expanduser(), _moment(known.as_of)) for known in beyond.known_roles]
    if beyond.lookup is not None:
        found.append(Live(beyond.lookup))
    return Several(found) if found else None


def organization(beyond: Beyond) -> Organization:
    """The SCPs that are configured, read."""
    return read_organization(beyond.service_control_policies)


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), timezone.utc)
