"""What the configuration takes out of the outcomes, and the notices about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from policy.pack.settings import Entry, Settings
from policy.shared.escapes import one_line, quoted
from policy.stack.execution_role import ExecutionRole, User
from policy.stack.resources import Resource, name_of
from policy.verdict.finding import Finding
from policy.verdict.outcomes import Exposed, LockedOut, Outcome


@dataclass(slots=True)
class Use:
    """Which entries of the configuration had an effect in one run, which are over, and which met nothing."""

    used: dict[Entry, None] = field(default_factory=dict)
    expired: dict[Entry, None] = field(default_factory=dict)
    seen: dict[Entry, None] = field(default_factory=dict)
    # What was taken out, each with the entry that did it.
    left_out: list[tuple[Entry, Outcome]] = field(default_factory=list)
    # The same of what single resources prove by themselves.
    left_out_alone: list[tuple[Entry, Finding]] = field(default_factory=list)

    @staticmethod
    def of(entries: Iterable[Entry]) -> Use:
        """Of these entries, none has been used yet."""
        return Use(seen=dict.fromkeys(entries))

    def add(self, other: Use) -> None:
        """Take in what another policy found."""
        self.used.update(other.used)
        self.expired.update(other.expired)
        self.seen.update(other.seen)
        self.left_out += other.left_out
        self.left_out_alone += other.left_out_alone

    def covers(self, entries: Iterable[Entry], today: date, *names: str) -> bool:
        """Whether an entry that is not over means one of these names; notes what it finds."""
        return self.covering(entries, today, *names) is not None

    def covering(self, entries: Iterable[Entry], today: date, *names: str) -> Entry | None:
        """The first entry that is not over and means one of these names; notes all of them."""
        covered = None
        for entry in entries:
            self.seen[entry] = None
            if not entry.matches(*names):
                continue
            if entry.expired(today):
                self.expired[entry] = None
            else:
                self.used[entry] = None
                covered = covered or entry
        return covered


def guarded_elsewhere(execution: ExecutionRole, settings: Settings, today: date, use: Use) -> Entry | None:
    """The entry of the configuration that says that something outside the stack guards the role."""
    names = [execution.label, *(_names(execution.role) if execution.role is not None else ())]
    if execution.role_arn is not None:
        names.append(execution.role_arn)
    return use.covering(settings.guarded_elsewhere, today, *names)


def unexempted(outcomes: Sequence[Outcome], settings: Settings, today: date, use: Use) -> Iterator[Outcome]:
    """The outcomes, without the functions, roles and policy resources that are exempt."""
    for outcome in outcomes:
        role = outcome.execution.role
        names = [outcome.execution.label, *(_names(role) if role is not None else ())]
        if isinstance(outcome, Exposed | LockedOut):
            names += [outcome.grant.document.name, outcome.grant.urn, outcome.grant.urn.rpartition("::")[2]]
        entry = use.covering(settings.exemptions, today, *names)
        if entry is not None:
            use.left_out.append((entry, outcome))
            continue
        by_entry: dict[Entry | None, list[User]] = {}
        for user in outcome.users:
            by_entry.setdefault(use.covering(settings.exemptions, today, *_names(user.resource)), []).append(user)
        left = by_entry.pop(None, [])
        use.left_out += [(by, replace(outcome, users=taken)) for by, taken in by_entry.items() if by is not None]
        if left or not outcome.users:
            yield outcome if len(left) == len(outcome.users) else replace(outcome, users=left)


def _names(resource: Resource) -> tuple[str, ...]:
    """What a resource may be called in an entry: its name in the program, its URN, its name in AWS; or as what makes it."""
    physical = resource.physical_name
    maker = (resource.maker, name_of(resource.maker)) if resource.maker else ()
    return (resource.name, resource.urn, *([physical] if isinstance(physical, str) else []), *maker)


def exempt_resource(resource: Resource, settings: Settings, today: date, use: Use) -> bool:
    """Whether a resource is exempt from its resource check."""
    use.add(Use.of(settings.exemptions))
    return use.covers(settings.exemptions, today, *_names(resource))


def unexempted_findings(
    found: Sequence[Finding], resource: Resource, settings: Settings, today: date, use: Use
) -> Iterator[Finding]:
    """The findings on one resource, unless it is exempt; without its holes where they are guarded elsewhere."""
    use.add(Use.of((*settings.exemptions, *settings.guarded_elsewhere)))
    if not found:
        return
    exempt = use.covering(settings.exemptions, today, *_names(resource))
    holes = exempt is None and any(item.path for item in found)
    elsewhere = use.covering(settings.guarded_elsewhere, today, *_names(resource)) if holes else None
    for item in found:
        entry = exempt or (elsewhere if item.path else None)
        if entry is None:
            yield item
        else:
            use.left_out_alone.append((entry, replace(item, urn=resource.urn)))


def notices(use: Use, stack: str, project: str) -> Iterator[str]:
    """What to tell about the entries: used, over, or written for this stack and meeting nothing in it."""
    for entry in use.used:
        until = f", until {entry.until}" if entry.until else ""
        by_tag = f" by its tag {quoted(entry.tag)}" if entry.tag else ""
        what = "is taken to be guarded elsewhere" if entry.elsewhere else f"is exempt{by_tag}"
        yield f"{quoted(entry.match)} {what}{until}. Reason: {_reason(entry)}"
    for entry in use.expired:
        yield f"{_subject(entry)} ended on {entry.until} and has no effect any more. Its reason was: {_reason(entry)}"
    for entry in use.seen:
        here = not entry.tag and entry.match.startswith(f"urn:pulumi:{stack}::{project}::")
        if here and entry not in use.used and entry not in use.expired:
            yield f"{_subject(entry)} has nothing to act on in this stack: take it out. Its reason was: {_reason(entry)}"


def _subject(entry: Entry) -> str:
    return f"The {'entry in guarded_elsewhere for' if entry.elsewhere else 'exemption of'} {quoted(entry.match)}"


def _reason(entry: Entry) -> str:
    return one_line(entry.reason)
