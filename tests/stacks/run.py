"""One program after the other: judged by the pack as a preview shows it, and by the reference as it may turn out."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from tests.stacks import generate
from tests.stacks.generate import TWINS
from tests.stacks.law import Law
from tests.stacks.preview import Preview, Said, Sure
from tests.stacks.reference import Answer, Reference
from tests.stacks.values import Program, World
from tests.stacks.worlds import Deployment, outside, worlds

# Of one stack in so many everything is asked.
_SAMPLED: Final = 10


@dataclass(frozen=True)
class Finding:
    """A claim of the pack that does not hold: of which stack, of which role, and in which world."""

    seed: int
    number: int
    kind: str
    role: str
    what: str
    world: World
    program: Program

    def __str__(self) -> str:
        return f"{self.kind}: {self.role}: {self.what} (stack {self.number} of seed {self.seed})"


@dataclass
class Report:
    """Counts of a run, which can be added up, and its findings."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("generate", "pack", "reference"), 0.0))
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Take in another part of the run."""
        self.counts.update(other.counts)
        for what, spent in other.seconds.items():
            self.seconds[what] += spent
        self.findings += other.findings


class Runner:
    """Judges programs, and collects what happens."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._preview = Preview()
        self.report = Report()

    def stack(self, number: int) -> None:
        """Judge one program."""
        with self._timed("generate"):
            program = generate.program(self._seed, number)
        self.check(program, number)

    def check(self, program: Program, number: int) -> None:
        """Hold what the pack says of a program against everything that it may turn out to be."""
        counts = self.report.counts
        every = list(worlds(program, Random(f"{self._seed}:{number}:worlds")))
        with self._timed("pack"):
            said = self._preview.said(program, every[0], render=number % 20 == 0)
        counts["stacks"] += 1
        for crash in said.crashed:
            self._find(number, "a crash", "", crash, every[0], program)
        found: dict[str, list[Answer]] = {}
        scopes: dict[str, list[bool]] = {}
        memo: dict[str, Any] = {}
        law, deployment = Law(program, said), Deployment(program)
        with self._timed("reference"):
            references = []
            for world in filter(law.binds, every):
                reference = Reference(deployment.resources(world), outside(world), law.hidden, memo)
                if not reference.possible():
                    continue
                references.append((world, reference))
                for name, put_by in reference.taken_off().items():
                    law.taken_off.setdefault(TWINS.get(name, name), set()).update(put_by)
            for world, reference in references:
                counts["worlds"] += 1
                for name, role in reference.each_role():
                    name = TWINS.get(name, name)
                    scopes.setdefault(name, []).append(role.in_scope)
                    # What cannot be wrong is asked of some stacks only, for the figures.
                    asked = number % _SAMPLED == 0 or law.asks(name, role.in_scope)
                    answers = reference.answers(role) if asked else []
                    found.setdefault(name, []).extend(answers)
                    for what in law.refuted(name, answers, world):
                        self._find(number, *what, world, program)
        self._count(said, found, scopes, sampled=number % _SAMPLED == 0)

    def _find(self, number: int, kind: str, role: str, what: str, world: World, program: Program) -> None:
        if all((f.number, f.kind, f.role) != (number, kind, role) for f in self.report.findings):
            self.report.findings.append(Finding(self._seed, number, kind, role, what, dict(world), program))

    def _count(
        self, said: Said, found: Mapping[str, list[Answer]], scopes: Mapping[str, list[bool]], *, sampled: bool
    ) -> None:
        counts = self.report.counts
        for name, answers in found.items():
            sure = said.roles.get(name, Sure())
            counts["answers of the reference"] += len(answers)
            if not any(scopes[name]):
                counts["roles out of scope"] += 1
                continue
            open_ = any(a.exposed.values() for a in answers if any(a.exposed.values()))
            counts["roles in scope"] += 1
            if sure.unverified:
                counts["  unverified"] += 1
                if sampled:
                    alike = len({_said_of(a) for a in answers}) == 1 and all(scopes[name])
                    counts["    of some stacks"] += 1
                    counts["    of some stacks, although all that it may turn out to be agree"] += alike
            elif sure.exposed or sure.unless or sure.declared or sure.ways:
                counts["  told"] += 1
                counts["    unless what is not known is a guard"] += bool(sure.unless)
                counts["    a way round"] += bool(sure.ways)
            elif sure.locked:
                counts["  locked out"] += 1
            else:
                counts["  silent"] += 1
                counts["    although open in a way that the law does not bind"] += open_

    def _timed(self, what: str) -> _Timer:
        return _Timer(self.report.seconds, what)


class _Timer:
    def __init__(self, seconds: dict[str, float], what: str) -> None:
        self._seconds, self._what = seconds, what

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._what] += time.perf_counter() - self._started


def _said_of(answer: Answer) -> str:
    return json.dumps(
        [sorted((n, sorted(a)) for n, a in answer.exposed.items()), sorted(answer.ways), sorted(answer.guarded_out)]
    )


def run_part(seed: int, numbers: Iterable[int]) -> Report:
    """The stacks with these numbers, in this process."""
    runner = Runner(seed)
    for number in numbers:
        runner.stack(number)
    return runner.report
