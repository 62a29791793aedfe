"""What a preview found, and how it is shown: as the Pulumi CLI does, and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ..reports.report import Item, Report, fixes
from ..shared import names
from ..shared.escapes import message
from .analyzer import Remediation, Violation
from .registration import Registration
from .what_was_judged import NO_DETAILS, Details, Judged

LEVELS = ("remediate", "mandatory", "advisory", "disabled")
"""Enforcement levels from the strictest on. A violation that a remediation has left stops a deployment too."""

Mode = Literal["first-preview", "stand-in"]
"""What the values of resources are: those of a stack's first preview, or stand-ins for what AWS would say."""

_FORM = 1
"""Number of the JSON form. It grows when something is taken away or changes its meaning, not when something is added."""


@dataclass(frozen=True)
class Preview:
    """What a preview found."""

    violations: tuple[Violation, ...]
    """In the order in which the CLI shows them: by level, severity, policy and URN."""
    notes: tuple[str, ...]
    """What was assumed or left unknown, because nothing is asked of AWS."""
    resources: tuple[Registration, ...]
    remediations: tuple[Remediation, ...]
    output: str
    """What the program printed and logged."""
    stack: str
    pack: str
    """Name of the policy pack."""
    pack_version: str
    pack_path: str
    mode: Mode = "first-preview"
    judged: Judged | None = None
    """What there was to judge; None for a pack other than this one, which knows what that is."""
    details: Callable[[], Details] | None = field(default=None, repr=False, compare=False)
    """Works out what reports show beyond the messages; None for a pack other than this one."""

    @property
    def mandatory(self) -> bool:
        """Whether a violation stops the deployment."""
        return self.fails_on("mandatory")

    def fails_on(self, level: str) -> bool:
        """Whether there is a violation of this enforcement level or a stricter one."""
        strictest = LEVELS[: LEVELS.index(level) + 1]
        return any(violation.enforcement in strictest for violation in self.violations)

    def to_json(self) -> dict[str, Any]:
        """Give what `preview --json` prints; docs/preview.schema.json describes it."""
        return {
            "version": _FORM,
            "stack": self.stack,
            "mode": self.mode,
            "pack": {"name": self.pack, "version": self.pack_version},
            "judged": self.judged.to_json() if self.judged else None,
            "notes": list(self.notes),
            "remediations": [{"policy": item.policy, "urn": item.urn} for item in self.remediations],
            "violations": [_violation(item) for item in self.violations],
        }

    def report(self, folder: str, *, details: bool = False) -> Report:
        """Give what every format is made from. `folder` is that of the program, as it was given.

        With `details` roles, what is exempt, and what else is known of each finding are in it, for which the stack is
        judged again.
        """
        found, without = _worked_out(self.details) if details and self.details else (NO_DETAILS, ())
        known = _by_urn(found.items)
        counts = Counter(violation.enforcement for violation in self.violations)
        figures = [(level, str(counts[level])) for level in ("mandatory", "advisory")]
        judged = [self.judged.summary] if self.judged else []
        return Report(
            f"Preview of stack {self.stack}",
            self.pack,
            self.pack_version,
            [_with_details(_item(one, self.stack), known.get(one.urn, ())) for one in self.violations],
            self.render(),
            self.to_json(),
            exempted=[replace(item, stack=self.stack) for item in found.exempted],
            roles={role.key: role for role in found.roles},
            figures=figures,
            notes=[*(f"Judged: {summary}" for summary in judged), *self.notes, *without],
            folder=_as_in_repository(folder),
        )

    def render(self) -> str:
        """Give the text that the Pulumi CLI would show: the pack, what it remediated, its violations.

        Beyond the CLI's text: the lines of the program, and at the end what was judged.
        """
        managed = sum(map(_is_managed, self.resources))
        lines = [f"Previewing stack {self.stack}: {managed} resource{'s' * (managed != 1)}", ""]
        lines += [f"note: {note}" for note in self.notes]
        lines += [""] if self.notes else []
        mark = "❌" if self.mandatory else "⚠️" if self.violations else "✅"
        lines += ["Policies:", f"    {mark} {self.pack}@v{self.pack_version} (local: {self.pack_path})"]
        remediated = Counter(remediation.policy for remediation in self.remediations)
        for policy, count in sorted(remediated.items()):
            lines.append(f"        - [remediate]  {policy}  ({count} resource{'s' * (count != 1)})")
        for violation in self.violations:
            lines += _lines(violation)
        lines += ["", f"Judged: {self.judged.summary}"] if self.judged else []
        return message(lines) + "\n"


def _violation(violation: Violation) -> dict[str, object]:
    source = violation.source
    return {
        "policy": violation.policy,
        # Pulumi's word for people, and the one of its JSON forms.
        "level": violation.enforcement,
        "enforcement": violation.enforcement,
        "severity": violation.severity or None,
        "urn": violation.urn,
        "source": {"file": source.file, "line": source.line} if source else None,
        "message": violation.message,
        "fixes": list(fixes(violation.message)),
    }


_KINDS = {names.READ_ONLY: "read-only", names.UNVERIFIED: "not judged"}


def _item(violation: Violation, stack: str) -> Item:
    """A violation as reports have it: the description is that of the policy, and stands in its metadata."""
    source = violation.source
    return Item(
        violation.policy,
        violation.enforcement,
        violation.severity,
        _KINDS.get(violation.policy, "other"),
        violation.urn,
        violation.message.removeprefix(f"{violation.description}\n").rstrip("\n"),
        stack,
        file=source.file if source else "",
        line=source.line if source else 0,
    )


def _worked_out(details: Callable[[], Details]) -> tuple[Details, Sequence[str]]:
    """The details, and what to say where they cannot be had: the findings themselves are there without them."""
    try:
        return details(), ()
    except Exception as error:
        return NO_DETAILS, (
            f"pictures and exemptions are left out, because of a bug in this tool ({type(error).__name__})",
        )


def _by_urn(items: Iterable[Item]) -> Mapping[str, Sequence[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.urn, []).append(item)
    return found


def _with_details(item: Item, here: Sequence[Item]) -> Item:
    """A finding with what is known beyond its message; as it is where that is not sure to be about the same.

    `here` are the findings on its resource with all that is known of them.
    """
    same = [known for known in here if (known.policy, known.message) == (item.policy, item.message)]
    found = same[:1] or here
    if not found or (not same and len({(known.role, known.functions) for known in found}) > 1):
        return item
    first = found[0]
    item = replace(item, role=first.role, functions=first.functions)
    if not same:
        return item
    return replace(
        item, kind=first.kind, path=first.path, actions=first.actions, witness=first.witness, others=first.others
    )


def _as_in_repository(folder: str) -> str:
    """The folder of the program relative to where the command runs, which in CI is the repository; empty for elsewhere."""
    try:
        found = Path(folder).resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return ""
    return "" if found == "." else found


def _lines(violation: Violation) -> Sequence[str]:
    severity = f" [severity: {violation.severity}]" if violation.severity else ""
    place = f"  {violation.source}" if violation.source else ""
    title = f"- [{violation.enforcement}]{severity}  {violation.policy}  ({_display(violation.urn)}){place}"
    text = violation.message.rstrip("\n").split("\n")
    return [f"        {title}", *(f"          {line}".rstrip() for line in text)]


def _is_managed(resource: Registration) -> bool:
    """Whether the CLI counts a resource: not one that is only read, and no default provider."""
    default = resource.type.startswith("pulumi:providers:") and resource.name.startswith("default")
    return not resource.external and not default


def _display(urn: str) -> str:
    """Name a resource as the CLI does: `aws:lambda:Function: orders`."""
    _, _, types, name = urn.split("::", 3)
    package, _, rest = types.rsplit("$", 1)[-1].partition(":")
    module, _, kind = rest.rpartition(":")
    return f"{':'.join(part for part in (package, module.split('/', 1)[0], kind) if part)}: {name}"
