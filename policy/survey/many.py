"""Many files, by all cores: one that is bad, or that brings a process down, does not stop the others."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Final

from policy.outside.state_file import STANDARD_INPUT, StateError, read
from policy.outside.state_resources import Relevant
from policy.survey.surveyed import Surveyed, survey_state
from policy.told.judging import Rules

# Below this many files, to start processes takes longer than the work.
_FEW: Final = 8
_PORTION: Final = 8
# Portions that are handed out before their turn, so that no process waits for the next one.
_AHEAD: Final = 64


@dataclass(frozen=True, slots=True)
class Unread:
    """A file of which nothing is known but why."""

    source: str
    why: str


Result = Surveyed | Unread
Progress = Callable[[int], None]


def survey_file(path: str, rules: Rules) -> Result:
    """Judge the state in one file."""
    try:
        return survey_state(path, read(path), rules)
    except StateError as error:
        return Unread(path, str(error))
    except MemoryError:
        return Unread(path, "needs more memory than there is")
    except Exception as error:
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        line = f"{where.tb_frame.f_code.co_name}:{where.tb_lineno}" if where is not None else "?"
        return Unread(path, f"could not be judged, because of a bug in this tool ({type(error).__name__} in {line})")


def survey_files(paths: Sequence[str], rules: Rules, jobs: int, progress: Progress) -> list[Result]:
    """Judge the states in files, in their order. `jobs` is how many processes work; `progress` is told how many are done."""
    alone = [i for i, path in enumerate(paths) if path == STANDARD_INPUT]
    found: dict[int, Result] = {i: survey_file(paths[i], rules) for i in alone}
    rest = [i for i in range(len(paths)) if i not in found]
    if jobs <= 1 or len(rest) <= _FEW:
        for i in rest:
            found[i] = survey_file(paths[i], rules)
            progress(1)
    else:
        for i, result in _by_processes(rest, paths, rules, jobs, progress):
            found[i] = result
    return [found[i] for i in range(len(paths))]


def _by_processes(
    numbers: Sequence[int], paths: Sequence[str], rules: Rules, jobs: int, progress: Progress
) -> Iterator[tuple[int, Result]]:
    waiting = deque(numbers[start : start + _PORTION] for start in range(0, len(numbers), _PORTION))
    suspects: list[int] = []
    while waiting:
        with _pool(jobs, rules) as pool:
            yield from _until_broken(pool, waiting, suspects, paths, progress)
    for i in suspects:
        # Whichever of them ended the process, it ends only its own now.
        with _pool(1, rules) as pool:
            try:
                yield i, pool.submit(_portion, [paths[i]]).result()[0]
            except BrokenProcessPool:
                yield i, Unread(paths[i], "ended the process that judged it: there may be too little memory")
        progress(1)


def _until_broken(
    pool: ProcessPoolExecutor,
    waiting: deque[Sequence[int]],
    suspects: list[int],
    paths: Sequence[str],
    progress: Progress,
) -> Iterator[tuple[int, Result]]:
    """Work through what is waiting. Where a process ends, what was being worked on is suspect."""
    running: dict[Future[list[Result]], Sequence[int]] = {}
    broken = False
    while running or (waiting and not broken):
        try:
            while waiting and not broken and len(running) < _AHEAD:
                running[pool.submit(_portion, [paths[i] for i in waiting[0]])] = waiting[0]
                waiting.popleft()
        except BrokenProcessPool:
            broken = True
        for done in wait(running, return_when=FIRST_COMPLETED).done:
            portion = running.pop(done)
            try:
                yield from zip(portion, done.result(), strict=True)
                progress(len(portion))
            except BrokenProcessPool:
                broken = True
                suspects += portion


def rejudge(changed: Mapping[int, tuple[Surveyed, Relevant, tuple[str, ...]]], rules: Rules) -> dict[int, Surveyed]:
    """Judge stacks anew, with resources of others."""
    return {i: stack.judged_with(resources, rules, notes) for i, (stack, resources, notes) in changed.items()}


def _pool(jobs: int, rules: Rules) -> ProcessPoolExecutor:
    # Not forked: the SDK has threads.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, context, _begin, (rules, list(sys.path)))


_rules: list[Rules] = []


def _begin(rules: Rules, path: list[str]) -> None:
    sys.path[:] = path
    # As in the pack's own process: a state is many small objects, and freed by their reference counts.
    gc.set_threshold(100_000, 50, 50)
    gc.freeze()
    _rules[:] = [rules]


def _portion(paths: list[str]) -> list[Result]:
    return [survey_file(path, _rules[0]) for path in paths]


def cores() -> int:
    """How many processes can work at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
