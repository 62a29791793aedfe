"""The CPU of each process of a command, watched while it runs: what a whole preview spends where."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Final

_SECONDS: Final = 0.1
_TICK: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
# A word of the command line, and what the process is.
_PROCESSES: Final = (
    ("pulumi.policy", "policy pack"),
    ("run-policy-pack", "policy pack"),
    ("tests.e2e.provider", "provider"),
    ("run_inline.py", "program and language host"),
    ("/pulumi\0", "engine"),
)
PROCESSES: Final = tuple(dict.fromkeys(name for _, name in _PROCESSES))


class Watch:
    """Looks at all processes below this one ten times a second; `cpu` has the seconds of each kind once the block ends."""

    def __init__(self) -> None:
        self.cpu = dict.fromkeys(PROCESSES, 0.0)
        self._found: dict[int, tuple[str, float]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        for name, seconds in self._found.values():
            self.cpu[name] += seconds

    def _look(self) -> None:
        while not self._ended.wait(_SECONDS):
            processes = {int(each.name): each for each in Path("/proc").iterdir() if each.name.isdigit()}
            parents: dict[int, int] = {}
            seconds: dict[int, float] = {}
            for pid, folder in processes.items():
                try:
                    fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                except OSError:  # it has ended
                    continue
                parents[pid] = int(fields[1])
                seconds[pid] = (int(fields[11]) + int(fields[12])) / _TICK
            for pid in parents:
                if pid in seconds and _below(pid, parents) and (name := _name(processes[pid])):
                    self._found[pid] = name, seconds[pid]


def _below(pid: int, parents: dict[int, int]) -> bool:
    """Whether the process is one of this process's children, or theirs."""
    own = os.getpid()
    while pid in parents and pid != own:
        pid = parents[pid]
        if pid == own:
            return True
    return False


def _name(process: Path) -> str:
    try:
        command = (process / "cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return next((name for word, name in _PROCESSES if word in command), "")
