"""One role after the other: judged by the pack, by the simulator and by the brute force, and what they disagree on."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

from policy.commands.judge import Judgement, judge
from policy.iam.document import PolicyDocument, parse_document
from policy.iam.evaluate import evaluate
from policy.iam.request import Authorization, Caller, Request
from policy.iam.truth import Truth
from tests.differential import generate
from tests.differential.brute import Brute, Found
from tests.differential.differences import Translation
from tests.differential.generate import ENI_ACTIONS
from tests.differential.holes import plant
from tests.differential.plain import Json, action_covered, as_list, conditions, statements
from tests.differential.requests import Call, RequestGenerator, asks
from tests.differential.shrink import shrink
from tests.differential.simulator import Simulator

# The moment at which roles are judged, so that a seed means the same next year: 2026-01-01T00:00:00Z.
NOW: Final = 1_767_225_600
_TIMED: Final = ("brute", "evaluate", "judge", "simulate")
WORDS: Final = {Truth.YES: "allowed", Truth.NO: "denied", Truth.UNKNOWN: "unknown"}


@dataclass
class Finding:
    """A disagreement, shrunk. `expected` is what the simulator answers for the request.

    `given` is what the pack was given to judge, where it was less than the role.
    """

    kind: str
    action: str
    caller: str
    role: Json
    request: list[Json]
    pack: str
    expected: str
    given: Json | None = None

    def name(self) -> str:
        """The name of its case folder."""
        shown = [self.role, self.action, self.caller, self.kind]
        text = json.dumps(shown if self.given is None else [*shown, self.given], sort_keys=True)
        return f"differential-{hashlib.sha256(text.encode()).hexdigest()[:10]}"

    def write(self, folder: Path) -> Path:
        """The case folder: `role.json` as `judge --jsonl` reads it, `expected.json` for the rest."""
        case = folder / self.name()
        case.mkdir(parents=True, exist_ok=True)
        expected = {
            "what": self.kind,
            "action": self.action,
            "caller": self.caller,
            "request": self.request,
            "pack_said": self.pack,
            "expected": self.expected,
        }
        files = {"role.json": self.role, "expected.json": expected}
        if self.given is not None:
            files["given.json"] = self.given
        for name, value in files.items():
            (case / name).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
        return case


@dataclass
class Report:
    """Counts of a run, which can be added up, and its findings."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: Counter[str] = field(default_factory=Counter)
    holes: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_TIMED, 0.0))
    findings: list[Finding] = field(default_factory=list)
    undecided: list[Json] = field(default_factory=list)
    missed: list[Json] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Take in the counts and findings of another part of the run."""
        for name in ("counts", "differences", "holes"):
            getattr(self, name).update(getattr(other, name))
        for name, spent in other.seconds.items():
            self.seconds[name] += spent
        self.findings += other.findings
        self.undecided += other.undecided
        self.missed += other.missed


@dataclass(frozen=True)
class Parsed:
    """A role as the pack reads it."""

    documents: list[PolicyDocument]
    boundary: list[PolicyDocument] | None
    levels: list[list[PolicyDocument]]

    @staticmethod
    def of(role: Json) -> Parsed:
        """Parse the documents of a role."""
        boundary = role["boundary"]
        return Parsed(
            [parse_document(d, f"policies[{i}]") for i, d in enumerate(role["policies"])],
            None if boundary is None else [parse_document(d, f"boundary[{i}]") for i, d in enumerate(boundary)],
            [[parse_document(d, f"levels[{i}]") for d in level] for i, level in enumerate(role.get("levels", ()))],
        )

    def judge(self, function_arn: str, actions: Sequence[str] = ENI_ACTIONS) -> Judgement:
        """The pack's verdicts."""
        return judge(self.documents, self.boundary, function_arn, actions, now=Decimal(NOW), levels=self.levels)

    def answer(self, request: Request) -> str:
        """The pack's answer to one concrete request."""
        return WORDS[evaluate(request, self.documents, self.boundary, self.levels).allowed]


def request_of(found: Sequence[Json], action: str) -> Request:
    """The pack's form of the simulator's questions."""
    parts = []
    for ask in found:
        context = {k.lower(): tuple(v) if isinstance(v, list) else (v,) for k, v in ask["context"].items()}
        parts.append(Authorization(ask["resource"], context))
    return Request(action, tuple(parts))


class Runner:
    """Judges roles and collects what happens; at most `holes` are planted."""

    def __init__(
        self,
        simulator: Simulator,
        seed: int,
        per_action: int,
        holes: int,
        *,
        levels: bool = False,
        variables: bool = False,
    ) -> None:
        self._simulator, self._seed, self._per_action, self._holes = simulator, seed, per_action, holes
        self._levels, self._variables = levels, variables
        self.report = Report()

    def role(self, number: int) -> None:
        """Everything about one role."""
        if self._levels:
            role = generate.role_in_organization(self._seed, number)
        else:
            role = generate.role(self._seed, number, variables=self._variables)
        rng = Random(f"{self._seed}:{number}:requests")
        parsed = Parsed.of(role)
        self.report.counts["roles"] += 1
        self._concrete(role, parsed, rng)
        started = time.perf_counter()
        judgement = parsed.judge(role["function_arn"])
        self.report.seconds["judge"] += time.perf_counter() - started
        self._shares(role, judgement)
        self._witnesses(role, judgement)
        self._counterexamples(role, judgement, rng)
        if self._holes and all(a[Caller.CODE].allowed is Truth.NO for a in judgement.answers.values()):
            self._plant(role, rng)

    # Concrete requests.

    def _concrete(self, role: Json, parsed: Parsed, rng: Random) -> None:
        calls = RequestGenerator(role, rng).calls(ENI_ACTIONS, self._per_action)
        started = time.perf_counter()
        answers = [parsed.answer(call.request) for call in calls]
        self.report.seconds["evaluate"] += time.perf_counter() - started
        simulated = self._simulate(role, [asks(call) for call in calls])
        for call, ours, theirs in zip(calls, answers, simulated, strict=True):
            self.report.counts["requests"] += 1
            self.report.counts[f"requests {ours}"] += 1
            if theirs.startswith("error"):
                self.report.differences[theirs] += 1
            elif ours not in ("unknown", theirs):
                self._disagreement(role, call)

    def _disagreement(self, role: Json, call: Call) -> None:
        questions = asks(call)

        def still(smaller: Json) -> bool:
            answer = self._ask(smaller, questions)
            ours = Parsed.of(smaller).answer(call.request)
            return ours != "unknown" and ours != answer and answer in ("allowed", "denied")

        small = shrink(role, still)
        ours = Parsed.of(small).answer(call.request)
        self.report.findings.append(
            Finding(
                "a request is judged otherwise",
                call.request.action,
                call.caller.value,
                small,
                questions,
                ours,
                self._ask(small, questions),
            )
        )

    def _ask(self, role: Json, questions: Sequence[Json]) -> str:
        """The simulator's answer to one call, of the translated role."""
        return self._simulator.translated(role, [questions])[0]

    def _simulate(self, role: Json, calls: Sequence[Sequence[Json]]) -> list[str]:
        """The simulator's answer to each call, and how often the translation of the role mattered."""
        started = time.perf_counter()
        answers = [""] * len(calls)
        for describe in (False, True):
            chosen = [i for i, call in enumerate(calls) if ("Describe" in call[0]["action"]) == describe]
            translation = Translation(role, describe=describe)
            found = self._simulator.calls(translation.role, [calls[i] for i in chosen])
            for i, answer in zip(chosen, found, strict=True):
                answers[i] = answer
            if translation.names:
                label = " + ".join(sorted(translation.names))
                original = self._simulator.calls(role, [calls[i] for i in chosen])
                self.report.differences[label] += sum(a != b for a, b in zip(found, original, strict=True))
        self.report.seconds["simulate"] += time.perf_counter() - started
        return answers

    # The existential question.

    def _shares(self, role: Json, judgement: Judgement) -> None:
        counts = self.report.counts
        code = {action: answers[Caller.CODE].allowed for action, answers in judgement.answers.items()}
        for answers in judgement.answers.values():
            for caller, answer in answers.items():
                counts[f"{caller.value} {WORDS[answer.allowed]}"] += 1
                counts["too complex"] += answer.too_complex
        counts["roles undecided"] += Truth.UNKNOWN in code.values()
        counts["roles that allow the code something"] += Truth.YES in code.values()
        counts["roles closed by a condition"] += set(code.values()) == {Truth.NO} and _opened(role)
        counts["roles with several patterns on one key or resource"] += several_patterns(role)
        counts["roles that a document error makes uncertain"] += bool(judgement.errors())

    def _witnesses(self, role: Json, judgement: Judgement) -> None:
        found = [
            (action, caller, answer.witness)
            for action, answers in judgement.answers.items()
            for caller, answer in answers.items()
            if answer.allowed is Truth.YES
        ]
        questions = []
        for action, caller, witness in found:
            assert witness is not None, "a YES without a witness"
            questions.append(asks(Call(caller, witness)))
            # Of a role with limits `documents` are those too.
            plain = role["boundary"] is None and not role.get("levels")
            ours = evaluate(witness, judgement.documents).allowed if plain else Truth.YES
            assert ours is Truth.YES, f"the pack's own evaluator does not allow its witness for {action}"
        for (action, caller, _), call, answer in zip(found, questions, self._simulate(role, questions), strict=True):
            self.report.counts["witnesses replayed"] += 1
            if answer.startswith("error"):
                self.report.differences[answer] += 1
            elif answer != "allowed":
                self._bad_witness(role, action, caller, call)

    def _bad_witness(self, role: Json, action: str, caller: Caller, call: list[Json]) -> None:
        def denied_witness(smaller: Json) -> list[Json] | None:
            witness = Parsed.of(smaller).judge(role["function_arn"], (action,)).answers[action][caller].witness
            questions = asks(Call(caller, witness)) if witness else None
            return questions if questions and self._ask(smaller, questions) == "denied" else None

        small = shrink(role, lambda smaller: denied_witness(smaller) is not None)
        request = denied_witness(small) or call
        self.report.findings.append(
            Finding("a witness does not replay", action, caller.value, small, request, "allowed", "denied")
        )

    def _counterexamples(self, role: Json, judgement: Judgement, rng: Random) -> None:
        brute = Brute(role, rng, NOW)
        found: list[tuple[str, Caller, Found, Truth]] = []
        started = time.perf_counter()
        for action, answers in judgement.answers.items():
            for caller, answer in answers.items():
                if answer.allowed is Truth.YES:
                    continue
                self.report.counts[f"{WORDS[answer.allowed]} searched"] += 1
                example = brute.search(action, code=caller is Caller.CODE)
                if example is not None:
                    found.append((action, caller, example, answer.allowed))
        self.report.counts["requests of the brute force"] += brute.tried
        self.report.seconds["brute"] += time.perf_counter() - started
        replies = self._simulate(role, [example.asks() for _, _, example, _ in found])
        for (action, caller, example, truth), reply in zip(found, replies, strict=True):
            if truth is Truth.UNKNOWN:
                self.report.counts["unknown, though the brute force found a request"] += reply == "allowed"
                self.report.undecided.append(
                    {"action": action, "caller": caller.value, "role": role, "request": example.asks()}
                )
            else:
                self._counterexample(role, action, caller, example, reply)

    def _counterexample(self, role: Json, action: str, caller: Caller, example: Found, reply: str) -> None:
        questions = example.asks()

        def denied(smaller: Json) -> bool:
            answer = Parsed.of(smaller).judge(role["function_arn"], (action,)).answers[action][caller]
            return answer.allowed is Truth.NO

        if reply == "allowed":
            kind, small = (
                "a denied call is possible",
                shrink(role, lambda r: denied(r) and self._ask(r, questions) == "allowed"),
            )
        else:
            # The brute force's own evaluator errs, or the simulator does.
            kind, small = "the brute force and the simulator differ", role
        self.report.findings.append(Finding(kind, action, caller.value, small, questions, "denied", reply))

    # Planted holes.

    def _plant(self, role: Json, rng: Random) -> None:
        brute = Brute(role, rng, NOW)
        order = rng.sample(ENI_ACTIONS, len(ENI_ACTIONS))
        for action in order:
            call = brute.search(action, code=False)
            if call is None:
                continue
            for _ in range(4):
                planted = plant(role, call.asks(), rng)
                if planted is None or self._ask(planted[1], planted[2]) != "allowed":
                    continue
                self._look_for_hole(action, *planted, rng)
                self._holes -= 1
                return

    def _look_for_hole(self, action: str, name: str, role: Json, call: list[Json], rng: Random) -> None:
        holes = self.report.holes
        holes["planted"] += 1
        holes[f"planted: {name}"] += 1
        example = Brute(role, rng, NOW).search(action, code=True)
        if example is not None and self._ask(role, example.asks()) == "allowed":
            holes["found by the brute force"] += 1
        else:
            holes[f"missed by the brute force: {name}"] += 1
            self.report.missed.append({"by": "brute", "name": name, "action": action, "role": role, "request": call})
        verdict = WORDS[Parsed.of(role).judge(role["function_arn"], (action,)).answers[action][Caller.CODE].allowed]
        holes[f"{verdict} to the pack"] += 1
        if verdict != "allowed":
            self.report.missed.append(
                {"by": f"pack ({verdict})", "name": name, "action": action, "role": role, "request": call}
            )
        if verdict == "denied":
            self.report.findings.append(
                Finding("a planted hole is missed", action, "code", role, call, verdict, "allowed")
            )


def _opened(role: Json) -> bool:
    """Whether the code could do something if no statement had a condition, so that it is a condition that closes."""

    def without(document: Json) -> Json:
        kept = [s for s in as_list(document["Statement"]) if s["Effect"] == "Allow" or "Condition" not in s]
        bare = [{k: v for k, v in s.items() if k != "Condition"} for s in kept]
        return {"Version": "2012-10-17", "Statement": bare}

    stripped = {
        **role,
        "policies": [without(d) for d in role["policies"]],
        "boundary": None if role["boundary"] is None else [without(d) for d in role["boundary"]],
        "levels": [[without(d) for d in level] for level in role.get("levels", ())],
    }
    answers = Parsed.of(stripped).judge(role["function_arn"]).answers.values()
    return any(answer[Caller.CODE].allowed is Truth.YES for answer in answers)


def several_patterns(role: Json) -> bool:
    """Whether, for some ENI action, two different patterns meet on one key or on the resource."""
    found = statements(role["policies"]) + statements(role["boundary"] or ())
    for action in ENI_ACTIONS:
        patterns: dict[str, set[str]] = {}
        for statement in found:
            if not action_covered(statement, action):
                continue
            for name in ("Resource", "NotResource"):
                texts = (t for t in as_list(statement.get(name, [])) if t != "*")
                patterns.setdefault("", set()).update(t for t in texts if "*" in t or "?" in t)
            for operator, key, values in conditions(statement):
                if key.lower() != "lambda:sourcefunctionarn" and "like" in operator.lower():
                    patterns.setdefault(key.lower(), set()).update(t for t in as_list(values) if set(t) & set("*?"))
                elif "ipaddress" in operator.lower():
                    patterns.setdefault(key.lower(), set()).update(t for t in as_list(values) if "/" in t)
        if any(len(texts) > 1 for texts in patterns.values()):
            return True
    return False


def run_part(
    seed: int,
    numbers: Sequence[int],
    per_action: int,
    holes: int,
    tick: Callable[[], Any] = lambda: None,
    *,
    variables: bool = False,
) -> Report:
    """The roles with these numbers, in this process, with a simulator of its own."""
    with Simulator() as simulator:
        runner = Runner(simulator, seed, per_action, holes, variables=variables)
        for number in numbers:
            runner.role(number)
            tick()
        runner.report.counts["questions to the simulator"] += simulator.asked
        return runner.report
