"""What the pack is sure of while it does not know all of a role, held against what the role may turn out to be.

A *given* role is one in which something is not known. The pack judges it, and what it then is sure of are its *claims*.
A claim is refuted by one role that the given one may turn out to be and of which the simulator says otherwise.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from policy.iam.request import Caller, Request
from tests.differential.brute import Brute
from tests.differential.plain import Json, action_covered, statements
from tests.differential.requests import Call, asks
from tests.differential.run import NOW, Finding, Parsed
from tests.differential.shrink import shrink
from tests.differential.simulator import Simulator


@dataclass(frozen=True)
class Claim:
    """That some call of the caller for the action is allowed, or that none is.

    With a `witness` it is this call that is allowed. `unless` are the hidden parts of the role that must deny nothing.
    """

    kind: str
    action: str
    caller: Caller
    allowed: bool
    witness: Request | None = None
    unless: tuple[str, ...] = ()

    @property
    def name(self) -> tuple[str, str, Caller, bool]:
        """What stays when the role is shrunk."""
        return self.kind, self.action, self.caller, self.allowed

    @property
    def said(self) -> str:
        """The pack's answer in a finding."""
        return "allowed" if self.allowed else "denied"


@dataclass(frozen=True)
class Judged:
    """The claims about a given role, and how often the pack could not say."""

    claims: list[Claim]
    undecided: Counter[str]


class Given(Protocol):
    """A role that is not known in full."""

    @property
    def role(self) -> Json:
        """Its documents, with marks for what is not known."""

    def with_role(self, role: Json) -> Given:
        """The same with another role: a smaller one."""

    def judged(self) -> Judged:
        """What the pack says of it."""

    def real(self) -> Json:
        """What it turns out to be."""

    def binds(self, claim: Claim) -> bool:
        """Whether the claim is made for what the role turns out to be."""

    def shown(self) -> Json:
        """The given role as a case folder keeps it."""

    def smallest(self, still: Callable[[Given], bool]) -> Given:
        """The same with less in what was hidden, with `still` true all the way."""


@dataclass
class SureReport:
    """Counts of a run, which can be added up, and its findings."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: SureReport) -> None:
        """Take in another part of the run."""
        self.counts.update(other.counts)
        self.differences.update(other.differences)
        for what, spent in other.seconds.items():
            self.seconds[what] = self.seconds.get(what, 0.0) + spent
        self.findings += other.findings


class Verifier:
    """Looks for what refutes claims, and collects what happens."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.report = SureReport()

    def verify(self, found: Sequence[Given], rng: Random) -> None:
        """One given role, judged once, held against everything in `found` that it may turn out to be."""
        counts = self.report.counts
        with self._timed("judge"):
            judged = found[0].judged()
        counts["roles"] += 1
        counts.update(f"sure: {claim.kind}" for claim in judged.claims)
        counts.update({f"not sure: {kind}": number for kind, number in judged.undecided.items()})
        searched: _Searched = {}
        for given in found:
            counts["what they turned out to be"] += 1
            self._hold(given, [claim for claim in judged.claims if given.binds(claim)], rng, searched)

    def _hold(self, given: Given, claims: Sequence[Claim], rng: Random, searched: _Searched) -> None:
        real = given.real()
        self.report.counts.update(f"tried: {claim.kind}" for claim in claims)
        search = _Search(real, rng, searched)
        with self._timed("search"):
            calls = [search.call(claim) for claim in claims]
        self.report.counts["requests of the brute force"] += search.tried
        asked = [(claim, call) for claim, call in zip(claims, calls, strict=True) if call is not None]
        with self._timed("simulate"):
            answers = self._simulator.translated(real, [call for _, call in asked])
        for (claim, call), answer in zip(asked, answers, strict=True):
            if answer.startswith("error"):
                self.report.differences[answer] += 1
            elif answer != claim.said:
                self._refuted(given, claim, call)
            elif not claim.allowed:
                kind = "the brute force and the simulator differ"
                finding = Finding(kind, claim.action, claim.caller.value, real, call, "denied", answer)
                self.report.findings.append(finding)
        for claim in [c for c, call in zip(claims, calls, strict=True) if call is None and c.allowed]:
            self._refuted(given, claim, [])

    def _refuted(self, given: Given, claim: Claim, call: list[Json]) -> None:
        """Report the smallest role that refutes the claim."""

        def still(smaller: Given) -> bool:
            return self._refutation(smaller, claim, call) is not None

        if not still(given):
            return  # a second search has found what the first had not
        role = shrink(given.role, lambda smaller: still(given.with_role(smaller)))
        small = given.with_role(role).smallest(still)
        request = self._refutation(small, claim, call) or []
        expected = "denied" if claim.allowed else "allowed"
        caller, real = claim.caller.value, small.real()
        finding = Finding(claim.kind, claim.action, caller, real, request, claim.said, expected, small.shown())
        self.report.findings.append(finding)

    def _refutation(self, given: Given, like: Claim, call: list[Json]) -> list[Json] | None:
        """The call that refutes a claim such as `like`, or `[]` where that is that none is allowed; None without one.

        A "denied" is refuted by `call` or not at all: another search might not find it again.
        """
        claims = [c for c in given.judged().claims if c.name == like.name and given.binds(c)]
        real = given.real() if claims else {}
        for claim in claims:
            asked = _Search(real, Random(0), {}).call(claim) if claim.allowed else call
            if asked is None:
                return []
            answer = self._simulator.translated(real, [asked])[0]
            if answer in ("allowed", "denied") and answer != claim.said:
                return asked
        return None

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        spent = self.report.seconds
        spent[what] = spent.get(what, 0.0) + time.perf_counter() - started


# What was found for an action and a caller, by the role's account and its statements for the action.
_Searched = dict[str, list[Json] | None]


class _Search:
    """The call of a role that decides about a claim. What is in `searched` is not searched for again."""

    def __init__(self, role: Json, rng: Random, searched: _Searched) -> None:
        self._role, self._brute, self._searched = role, Brute(role, rng, NOW), searched

    @property
    def tried(self) -> int:
        """How many requests the brute force tried."""
        return self._brute.tried

    def call(self, claim: Claim) -> list[Json] | None:
        """Of an "allowed" the witness, or one that is found; of a "denied" a counter-example; None where there is none."""
        if claim.witness is not None:
            return asks(Call(claim.caller, claim.witness))
        find = self._witness if claim.allowed else self._example
        limits = self._role["boundary"]
        groups = [statements(self._role["policies"]), None if limits is None else statements(limits)]
        covering = [group and [s for s in group if action_covered(s, claim.action)] for group in groups]
        asked = json.dumps([find.__name__, claim.action, claim.caller.value, self._role["function_arn"], covering])
        if asked not in self._searched:
            self._searched[asked] = find(claim.action, claim.caller)
        return self._searched[asked]

    def _example(self, action: str, caller: Caller) -> list[Json] | None:
        example = self._brute.search(action, code=caller is Caller.CODE)
        return None if example is None else example.asks()

    def _witness(self, action: str, caller: Caller) -> list[Json] | None:
        """The pack's own, of the role as it really is; else one of the brute force."""
        witness = Parsed.of(self._role).judge(self._role["function_arn"], (action,)).answers[action][caller].witness
        return self._example(action, caller) if witness is None else asks(Call(caller, witness))


def run_part(seed: int, numbers: Iterable[int], make: Callable[[int], Sequence[Given]]) -> SureReport:
    """The given roles with these numbers, in this process, with a simulator of its own."""
    with Simulator() as simulator:
        verifier = Verifier(simulator)
        for number in numbers:
            verifier.verify(make(number), Random(f"{seed}:{number}:search"))
        verifier.report.counts["questions to the simulator"] += simulator.asked
        return verifier.report
