"""What every format is made from: findings, the roles they are about, and what there was to look at."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

LEVELS: Final = ("mandatory", "advisory")
"""From the strictest on. What a remediation has left is mandatory."""

_NAMES: Final = re.compile("`([^`]*)`")

# How a document lets calls of the code through, from the worst on.
OPEN: Final = "open"
IDLE: Final = "idle"
GUARD: Final = "guard"
UNKNOWN: Final = "unknown"
ALLOWS: Final = "allows"


@dataclass(frozen=True, slots=True)
class Document:
    """One document on a role, and what it does about the calls of the code, by action: OPEN, IDLE, GUARD, UNKNOWN or ALLOWS.

    IDLE is a guard beside an open way, which it does not close; ALLOWS is an Allow that something else closes.
    """

    name: str
    kind: str
    ways: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Role:
    """An execution role with what is on it: what a picture of it shows. `functions` are the URNs of what runs on it."""

    key: str
    name: str
    stack: str = ""
    arn: str = ""
    functions: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One finding.

    `kind` says what it is: "open", "read-only", "locked out", "way round", "not judged" or "other". `role` is the key of the
    role that it is about. `file` is relative to the program's folder, and `line` 0 where it is not known. `exempt` is the
    reason of the exemption that took it out, empty where none did. `witness` is the request that is allowed, or None.
    """

    policy: str
    level: str
    severity: str
    kind: str
    urn: str
    message: str
    stack: str = ""
    path: str = ""
    role: str = ""
    functions: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    file: str = ""
    line: int = 0
    exempt: str = ""
    until: str = ""
    witness: Mapping[str, Any] | None = None
    # Further roles that have the same document from the same resource.
    others: tuple[str, ...] = ()
    # In a few words, why it is not judged.
    why: str = ""

    @property
    def fingerprint(self) -> str:
        """What stays the same while the finding does: the policy, the resource, the role and the place, not the words.

        Of what is about no role and no place, such as one of two guards in a document that can do nothing, the names in it.
        """
        names = () if self.role or self.path else _NAMES.findall(self.what)
        told = "\n".join((self.policy, self.kind, self.urn, self.role, self.path, *names))
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    @property
    def resource(self) -> str:
        """The name that the program gives the resource."""
        return self.urn.rpartition("::")[2]

    @property
    def fixes(self) -> tuple[str, ...]:
        """The lines of the message that say what to change, without the words that they begin with."""
        return tuple(fixes(self.message))

    @property
    def what(self) -> str:
        """The message without its fixes and what follows them: what is wrong."""
        lines = self.message.split("\n")
        end = next((i for i, line in enumerate(lines) if line.startswith(("Fix: ", "Check: ", "More: "))), len(lines))
        return "\n".join(lines[:end])

    def to_json(self) -> dict[str, Any]:
        """Give the finding as the JSON forms have it."""
        return {**asdict(self), "fingerprint": self.fingerprint, "fixes": list(self.fixes)}


def fixes(message: str) -> Iterator[str]:
    """The lines of a message that say what to change, without the words that they begin with."""
    for line in message.split("\n"):
        for word in ("Fix: ", "Or: "):
            if line.startswith(word):
                yield line.removeprefix(word)


def item_from_json(value: Mapping[str, Any]) -> Item:
    """A finding as `Item.to_json` or `asdict` gives it."""
    fields = {name: value[name] for name in Item.__dataclass_fields__}
    lists = {name: tuple(fields[name]) for name in ("functions", "actions", "others")}
    return Item(**{**fields, **lists})


def role_from_json(value: Mapping[str, Any]) -> Role:
    """A role as `asdict` gives it."""
    fields = {name: value[name] for name in Role.__dataclass_fields__}
    documents = tuple(Document(item["name"], item["kind"], item["ways"]) for item in value["documents"])
    lists = {name: tuple(fields[name]) for name in ("functions", "actions")}
    return Role(**{**fields, **lists, "documents": documents})


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts under a title, as the summary of a run has them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Report:
    """A run: what was found, and what there was to look at.

    `items` are the findings that count, `exempted` those that an exemption took out. `figures` are shown at the top.
    `errors` are what could not be read. `text` is the run as a terminal shows it, `document` as `json` gives it.
    """

    title: str
    pack: str
    version: str
    items: Sequence[Item]
    text: str
    document: Mapping[str, Any]
    exempted: Sequence[Item] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)
    figures: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    errors: Sequence[str] = ()
    # What the paths of files begin with: the folder of the program as the repository has it.
    folder: str = ""

    def place(self, item: Item) -> str:
        """The file of a finding as the repository has it; empty where it is not known."""
        return f"{self.folder}/{item.file}" if item.file and self.folder not in ("", ".") else item.file
