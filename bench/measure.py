"""Ratios of measurements that were taken in turn, with their spread, and the table they are printed in."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from random import Random
from statistics import median

_RESAMPLES = 2000


@dataclass(frozen=True)
class Ratio:
    """The median of one series over that of another, with the 95 % interval of that (bootstrap, over paired rounds)."""

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:.3g} [{self.low:.3g}, {self.high:.3g}]"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Both series are of the same rounds: what slows the machine down in one round slows down both."""
    rng = Random(0)
    rounds = range(len(ours))
    found = []
    for _ in range(_RESAMPLES):
        chosen = [rng.choice(rounds) for _ in rounds]
        found.append(median(ours[i] for i in chosen) / median(theirs[i] for i in chosen))
    found.sort()
    return Ratio(median(ours) / median(theirs), found[int(0.025 * _RESAMPLES)], found[int(0.975 * _RESAMPLES) - 1])


@dataclass(frozen=True)
class Row:
    """One line of the table. `target` is what the ratio should not exceed, or None where there is nothing to reach."""

    part: str
    what: str
    ours: str
    theirs: str
    ratio: Ratio | None = None
    target: float | None = None
    rounds: int = 1

    def met(self) -> str:
        """Whether the target is met."""
        if self.target is None or self.ratio is None:
            return ""
        return f"yes (<= {self.target:g})" if self.ratio.middle <= self.target else f"NO (> {self.target:g})"


def compare(
    part: str,
    what: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    *,
    unit: str,
    target: float | None = None,
) -> Row:
    """A line for two series of the same rounds."""
    found = ratio(ours, theirs)
    return Row(part, what, f"{median(ours):.4g} {unit}", f"{median(theirs):.4g} {unit}", found, target, len(ours))


def in_turn(rounds: int, measures: Mapping[str, Callable[[], dict[str, float]]]) -> dict[str, dict[str, list[float]]]:
    """Take each measurement once a round, A B C, C B A, ..., and give the series of each figure."""
    found: dict[str, dict[str, list[float]]] = {name: {} for name in measures}
    names = list(measures)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            for figure, value in measures[name]().items():
                found[name].setdefault(figure, []).append(value)
    return found


def table(rows: Sequence[Row]) -> str:
    """The table, in Markdown."""
    lines = ["| part | what | this | against | ratio [95 %] | target met | rounds |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        found = str(row.ratio) if row.ratio is not None else ""
        lines.append(f"| {row.part} | {row.what} | {row.ours} | {row.theirs} | {found} | {row.met()} | {row.rounds} |")
    return "\n".join(lines)


def machine() -> str:
    """The machine and the versions, in one paragraph."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("pulumi", "pulumi-policy", "grpcio", "protobuf"))
    load = os.getloadavg()[0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, {packages}; load {load:.1f}"
    )


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
