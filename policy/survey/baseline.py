"""What was known already: a file with the findings of an earlier survey, so that only what is new is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from policy.reports.report import Item
from policy.survey.survey import Survey

_FORM: Final = 1
_MOST_SHOWN: Final = 10


class BaselineError(Exception):
    """A file that is no baseline; the message is one sentence."""


@dataclass(frozen=True)
class Compared:
    """The findings of a survey beside those of a baseline. `gone` are entries of the baseline that are found no more."""

    new: Sequence[Item]
    known: Sequence[Item] = ()
    gone: Sequence[Mapping[str, Any]] = ()
    # Entries about stacks that this survey did not look at.
    not_looked_at: int = 0
    # Entries that an exemption takes out by now.
    exempt: int = 0
    compared: bool = False

    @property
    def lines(self) -> Iterator[str]:
        """What to say of the comparison, in sentences; nothing where there was none."""
        if not self.compared:
            return
        exempt = f", {self.exempt:,} exempt by now" if self.exempt else ""
        yield f"Beside the baseline: {len(self.new):,} new, {len(self.known):,} known, {len(self.gone):,} gone{exempt}."
        for entry in self.gone[:_MOST_SHOWN]:
            yield f"Gone: {entry['policy']} for {entry['resource']} of {entry['stack']}."
        if len(self.gone) > _MOST_SHOWN:
            yield f"Gone: {len(self.gone) - _MOST_SHOWN:,} more."
        if self.not_looked_at:
            yield f"In the baseline, findings about stacks that were not surveyed now: {self.not_looked_at:,}."


def entries(items: Sequence[Item]) -> dict[str, dict[str, Any]]:
    """The findings as a baseline holds them: no document and no request, only what tells one from another."""
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        entry = found.setdefault(
            item.fingerprint,
            {"policy": item.policy, "stack": item.stack, "resource": item.resource, "functions": [], "actions": []},
        )
        entry["functions"] = sorted({*entry["functions"], *item.functions})
        entry["actions"] = sorted({*entry["actions"], *item.actions})
    return found


def written(items: Sequence[Item]) -> str:
    """The text of a baseline with these findings, the same in every run."""
    return json.dumps({"baseline": _FORM, "findings": entries(items)}, indent=1, sort_keys=True) + "\n"


def read(path: str) -> Mapping[str, Mapping[str, Any]]:
    """The findings of a baseline by their fingerprints. Raises BaselineError."""
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BaselineError(f"the baseline {path} cannot be read: {error.strerror or type(error).__name__}") from None
    except (ValueError, RecursionError):
        raise BaselineError(f"the baseline {path} is not JSON") from None
    found = value.get("findings") if isinstance(value, dict) and value.get("baseline") == _FORM else None
    if not isinstance(found, dict) or not all(map(_is_entry, found.values())):
        raise BaselineError(f"{path} is no baseline that `survey --write-baseline` wrote")
    return found


def _is_entry(value: object) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(name), str) for name in ("policy", "stack", "resource"))
        and all(isinstance(value.get(name), list) for name in ("functions", "actions"))
    )


def compare(survey: Survey, known: Mapping[str, Mapping[str, Any]] | None) -> Compared:
    """The findings beside a baseline. One that has a further function or action by now is new."""
    items = survey.items
    if known is None:
        return Compared(items)
    new: list[Item] = []
    old: list[Item] = []
    for item in items:
        entry = known.get(item.fingerprint)
        covered = (
            entry is not None and {*item.functions} <= {*entry["functions"]} and {*item.actions} <= {*entry["actions"]}
        )
        (old if covered else new).append(item)
    looked_at = {stack.name for stack in survey.stacks}
    present = {item.fingerprint for item in items}
    absent = {fingerprint: entry for fingerprint, entry in sorted(known.items()) if fingerprint not in present}
    exempted = absent.keys() & {item.fingerprint for item in survey.exempted}
    missing = [entry for fingerprint, entry in absent.items() if fingerprint not in exempted]
    gone = [entry for entry in missing if entry["stack"] in looked_at]
    return Compared(new, old, gone, len(missing) - len(gone), len(exempted), compared=True)
