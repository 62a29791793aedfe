"""One program after the other: judged by the pack as a preview shows it, and by the reference as it may turn out.

The law: what the pack is sure of at the preview holds after the deployment, whichever values the unknown ones turn out to
have and in whichever order things are done. That a role is not told of is as sure as a hole that is told.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from random import Random
from typing import Any, Final

from tests.stacks import generate
from tests.stacks.documents import ACTIONS
from tests.stacks.generate import TWINS
from tests.stacks.preview import Preview, Said, Sure
from tests.stacks.reference import ELSEWHERE, Answer, Deployed, Reference
from tests.stacks.values import Item, Later, Program, Text, World, filled, fixed, laters, names_in

_MOST_WORLDS: Final = 16
_ROLE_TYPES: Final = ("aws:iam/role:Role", "aws-native:iam:Role")


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


# ---- worlds


def named(program: Program) -> set[str]:
    """The variables that matter to a program."""
    values: list[Any] = [v for item in program.items for v in (item.inputs, item.computed)]
    values += [v for p in program.providers.values() for v in (p.props, p.account, p.region)]
    left = [name for value in values for name in names_in(value)]
    left += [name for name in program.choices if name.startswith("outside:") or name == "own"]
    found: set[str] = set()
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [inner for value in program.choices[name] for inner in names_in(value)]
    return found


def worlds(program: Program, rng: Random) -> Iterator[dict[str, Any]]:
    """The worlds that the preview leaves possible, the ordinary one first: all, or a sample where there are many."""
    known = fixed(program)
    names = sorted(named(program))
    choices = [program.choices[name][:1] if name in known else program.choices[name] for name in names]
    number = 1
    for values in choices:
        number *= len(values)
    if number <= _MOST_WORLDS:
        yield from (dict(zip(names, chosen, strict=True)) for chosen in product(*choices))
        return
    ordinary = {name: values[0] for name, values in zip(names, choices, strict=True)}
    yield ordinary
    for i in range(_MOST_WORLDS - 1):
        # Half of the sample differs from the ordinary world in one or two values only.
        changed = set(rng.sample(names, min(len(names), rng.choice((1, 1, 2)))) if i % 2 else names)
        yield {
            name: rng.choice(values) if name in changed else values[0]
            for name, values in zip(names, choices, strict=True)
        }


def deployed(program: Program, world: World) -> list[Deployed]:
    """The program's resources after the deployment."""
    found = []
    for item in program.items:
        provider = program.providers.get(item.provider)
        assert provider is not None
        props = filled({**item.inputs, **item.computed}, world)
        own = filled("«own»", world) if item.read and item.type in _ROLE_TYPES else ()
        account, region = filled(provider.account, world), filled(provider.region, world)
        found.append(Deployed(item.type, item.name, props, account, region, item.read, own))
    return found


def _outside(world: World) -> dict[str, Any]:
    return {
        name[len("outside:") :]: filled(value, world) for name, value in world.items() if name.startswith("outside:")
    }


_POLICIES: Final = (
    "policy",
    "policyDocument",
    "policyArn",
    "policyArns",
    "managedPolicyArns",
    "inlinePolicies",
    "policies",
)


def _hidden(program: Program) -> set[str]:
    """The resources of whose policies something is not known at the preview."""
    # What a read role has already counts for what it may allow: nothing in the stack declares it.
    found = {ELSEWHERE, *(item.name for item in program.items if item.read)}
    for item in program.items:
        values = {**item.inputs, **(item.computed if item.read else {})}
        if any(_is_hidden(values.get(name)) for name in _POLICIES):
            found.add(item.name)
    return found


def _is_hidden(value: Any) -> bool:
    if isinstance(value, Text):
        return any(not later.known for later in laters(value))
    if isinstance(value, Later):
        # A new policy's own ARN hides nothing.
        return not value.known and not str(value.template).startswith("arn:")
    if isinstance(value, Mapping):
        return "Statement" not in value and any(map(_is_hidden, value.values()))
    return isinstance(value, list) and any(map(_is_hidden, value))


# ---- the law


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
        memo: dict[str, Any] = {}
        hidden = _hidden(program)
        with self._timed("reference"):
            for world in every:
                reference = Reference(deployed(program, world), _outside(world), hidden, memo)
                if not reference.possible():
                    continue
                counts["worlds"] += 1
                answers = {TWINS.get(name, name): found for name, found in reference.answers().items()}
                for role, of_role in answers.items():
                    found.setdefault(role, []).extend(of_role)
                for role, of_role in answers.items():
                    for what in _refuted(said, role, of_role, program, world):
                        self._find(number, *what, world, program)
        self._count(said, found)

    def _find(self, number: int, kind: str, role: str, what: str, world: World, program: Program) -> None:
        if all((f.number, f.kind, f.role) != (number, kind, role) for f in self.report.findings):
            self.report.findings.append(Finding(self._seed, number, kind, role, what, dict(world), program))

    def _count(self, said: Said, found: Mapping[str, list[Answer]]) -> None:
        counts = self.report.counts
        for name, answers in found.items():
            sure = said.roles.get(name, Sure())
            in_scope = [any(f.needs_vpc for f in a.functions.values()) for a in answers]
            counts["answers of the reference"] += len(answers)
            if not any(in_scope):
                counts["roles out of scope"] += 1
                continue
            alike = len({_said_of(a) for a in answers}) == 1 and all(in_scope)
            open_ = any(a.exposed.values() for a in answers if any(a.exposed.values()))
            counts["roles in scope"] += 1
            if sure.unverified:
                counts["  unverified"] += 1
                counts["    although all that it may turn out to be agree"] += alike
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


def _refuted(
    said: Said, role: str, answers: Iterable[Answer], program: Program, world: World
) -> Iterator[tuple[str, str, str]]:
    """The claims about a role that do not hold in one world: (kind, role, what)."""
    sure = said.roles.get(role, Sure())
    for answer in answers:
        # A guard that may be taken off is none, and the pack says so as if it were gone.
        if not answer.on_sufferance:
            yield from ((kind, role, what) for kind, what in _false(sure, answer, program, world))
        yield from ((kind, role, what) for kind, what in _missed(said, sure, answer, program))


def _false(sure: Sure, answer: Answer, program: Program, world: World) -> Iterator[tuple[str, str]]:
    """What is told and is not so.

    A role that neither the code nor Lambda can use for an action is none for functions there: the pack leaves out such an
    account where it does not know which one it is.
    """

    def open_(action: str, functions: Iterable[str]) -> bool:
        return any(action in answer.exposed.get(f, ()) or (f, action) in answer.locked for f in functions)

    for action, functions in sure.exposed.items():
        if functions and not open_(action, functions):
            yield "a false hole", f"{action} by {sorted(functions)}"
    for function in sorted({f for functions in sure.exposed.values() for f in functions}):
        if not any(open_(action, (function,)) for action in ACTIONS):
            yield "a false hole of a function", function
    for actions, functions, idle in sure.unless:
        if functions and not any(_may_deny(name, program, world) for name in idle):
            missing = [a for a in sorted(actions) if not open_(a, functions)]
            if missing:
                yield "a false hole unless what is not known is a guard", f"{missing} by {sorted(functions)}"
    for function in sorted(sure.ways):
        if function not in answer.ways and not any(
            _may_deny(name, program, world) for name in answer.by & _idle(program)
        ):
            yield "a false way round", function
    for action in sorted(sure.locked) if answer.functions else ():
        users = {f.name for f in answer.functions.values() if f.needs_vpc}
        if action in ACTIONS and users and all((f, action) not in answer.locked for f in users):
            yield "a false lock-out", action


def _idle(program: Program) -> set[str]:
    """The resources with a document that was made from a queue only: the pack takes such a document for no guard."""
    return {
        item.name
        for item in program.items
        for name in ("policy", "policyDocument", "inlinePolicies", "policies")
        if any(not later.known and later.made_from == ("queue",) for later in laters(item.inputs.get(name)))
    }


def _may_deny(name: str, program: Program, world: World) -> bool:
    """Whether something on a resource denies something, or limits what is allowed: that claims are made without."""
    item = next(item for item in program.items if item.name == name)
    text = json.dumps(filled({**item.inputs, **item.computed}, world))
    return "Deny" in text or "permissionsBoundary" in text or _is_a_boundary(item, program) or _names_policies(item)


def _is_a_boundary(item: Item, program: Program) -> bool:
    return any(item.name in str(other.inputs.get("permissionsBoundary", "")) for other in program.items)


def _names_policies(item: Item) -> bool:
    return bool({"policyArn", "policyArns", "managedPolicyArns"} & item.inputs.keys())


def _missed(said: Said, sure: Sure, answer: Answer, program: Program) -> Iterator[tuple[str, str]]:
    """What is so and is not told."""
    if sure.unverified or (said.stray & {*answer.functions, *answer.by}):
        return
    if not any(f.needs_vpc for f in answer.functions.values()):
        return
    told = set(sure.actions)
    if program.config.get("role level") != "advisory":
        told |= sure.declared
    # Where the role of a function outside a VPC is not known, nothing is said of the function.
    unplaced = _unplaced(program) - {f.name for f in answer.functions.values() if f.needs_vpc}
    for function, actions in answer.exposed.items():
        if function in unplaced:
            continue
        missing = actions - told
        if missing:
            yield "a missed hole", f"{sorted(missing)} by {function}"
        elif actions and function not in sure.functions and not sure.declared:
            yield "a function that is not named", function
    for function in sorted(answer.known_ways - sure.ways - unplaced):
        yield "a missed way round", function
    account_known = not any(name.startswith("account:") for name in named(program) - fixed(program))
    for function, action in sorted(answer.guarded_out) if not answer.on_sufferance else ():
        works = account_known or any(action in found for found in answer.exposed.values())
        if action not in sure.locked and works:
            yield "a missed lock-out", f"{action} for {function}"


def _unplaced(program: Program) -> set[str]:
    """The functions whose roles are not known, nor made from one role alone."""
    roles = {item.name: item.inputs["role"] for item in program.items if item.type.endswith(":Function")}
    return {n for n, r in roles.items() if isinstance(r, Later) and not r.known and len(r.made_from) != 1}


def run_part(seed: int, numbers: Iterable[int]) -> Report:
    """The stacks with these numbers, in this process."""
    runner = Runner(seed)
    for number in numbers:
        runner.stack(number)
    return runner.report
