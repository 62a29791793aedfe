"""Is there any request that IAM allows? Answered with such a request, the witness, or by an exhaustive search.

The search is over candidate values (candidates.py) that show every way in which the conditions on a role can turn out,
so "no" means no. It runs twice: once with everything unknown counted against the request, where a find is a witness
and certain; and once with everything unknown counted for it, where no find means that nothing can be allowed. What is
left in between is UNKNOWN. Every witness is put to `evaluate` before it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import product
from typing import Final

from policy import candidates, keys
from policy.candidates import Place, Variable, text_globs
from policy.conditions import Condition, Context, ContextValues, holds, substitute, variable_keys
from policy.document import Effect, PolicyDocument
from policy.evaluate import Determining, Evaluation, action_covered, evaluate, resource_covered, touching
from policy.keys import SOURCE_FUNCTION_KEY, Session
from policy.matching import ARN_FIELDS, Glob, cells, glob, resource_globs
from policy.request import Authorization, Caller, Request
from policy.solver import Alternative, Budget, BudgetExceededError, Constraint, solve
from policy.truth import UNKNOWN, Truth, Unknown, all_of

# Steps that one question may cost, at about a microsecond each, before the answer is "too complex". The hardest of the
# AWS managed policies takes about a fifth of it.
DEFAULT_BUDGET: Final = 20_000
_MOST_FUNCTIONS: Final = 64
# What a witness shows for a value that the session has and nobody here knows.
_SOMETHING: Final = "something"
# The ARN of a function of which nothing is known.
ANY_FUNCTION: Final = "arn:*:lambda:*:*:function:*"


@dataclass(frozen=True)
class Subject:
    """Whose calls are judged. An ARN may hold `*` where a part of it is not known yet.

    `role_tags` is None where they are not known. `now` is in seconds since 1970-01-01T00:00Z: conditions on time are
    judged from then on.
    """

    caller: Caller
    function_arn: str = ANY_FUNCTION
    role_arn: str | None = None
    role_tags: Mapping[str, str | Unknown] | None = field(default_factory=dict, hash=False)
    now: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether any request is allowed. YES has its witness, UNKNOWN has its reasons.

    `unresolved` are statements that may match but are not known to; `too_complex` says that the search was given up.
    """

    allowed: Truth
    witness: Request | None = None
    evaluation: Evaluation | None = None
    unresolved: tuple[Determining, ...] = ()
    unknown_keys: tuple[str, ...] = ()
    too_complex: bool = False


def ask(
    action: str | keys.Action,
    subject: Subject,
    documents: Sequence[PolicyDocument],
    boundary: Sequence[PolicyDocument] | None = None,
    budget: int = DEFAULT_BUDGET,
) -> Answer:
    """Whether any request for `action` by this caller is allowed. `boundary` is None where the role has none.

    An `action` given by its name must be in `keys.known_actions()`. `budget` is in alternatives looked at by the search.
    """
    asked_action = keys.action(action) if isinstance(action, str) else action
    relevant = _relevant(asked_action, documents, boundary)
    if not relevant.identity_allows or relevant.boundary_allows == ():
        return _DENIED
    # Where no statement asks for the function's ARN, both callers' calls are alike.
    alike = SOURCE_FUNCTION_KEY not in relevant.mentioned
    asked = replace(subject, caller=Caller.CODE) if alike else subject
    answer = relevant.answers.get(asked)
    if answer is None:
        search = _search(asked_action.name, asked, relevant, documents, boundary, Budget(budget))
        answer = relevant.answers[asked] = search
    if answer.witness is None:
        return answer
    witness = replace(answer.witness, action=asked_action.name)
    if subject.caller is Caller.SERVICE:
        witness = witness.without(SOURCE_FUNCTION_KEY)
    return replace(answer, witness=witness)


def _search(
    action: str,
    subject: Subject,
    relevant: _Relevant,
    documents: Sequence[PolicyDocument],
    boundary: Sequence[PolicyDocument] | None,
    budget: Budget,
) -> Answer:
    answers: list[Answer] = []
    try:
        for session in _sessions(subject, relevant):
            answers.append(_ask_session(action, session, relevant, documents, boundary, budget))
    except BudgetExceededError:
        return Answer(Truth.UNKNOWN, too_complex=True)
    if len({answer.allowed for answer in answers}) == 1:
        return answers[0]
    # The caller is one of several that cannot be told apart here, and their answers differ.
    return Answer(Truth.UNKNOWN, unknown_keys=(SOURCE_FUNCTION_KEY,))


_DENIED: Final = Answer(Truth.NO)


@dataclass(frozen=True)
class _Relevant:
    """The statements that cover the action, for certain or perhaps, by what they can do.

    `boundary_allows` is None without a boundary. `answers` keeps what was found for each subject.
    """

    resources: tuple[keys.ResourceType, ...]
    available: frozenset[str]
    covered: Mapping[Determining, Truth]
    identity_allows: tuple[Determining, ...]
    boundary_allows: tuple[Determining, ...] | None
    denies: tuple[Determining, ...]
    answers: dict[Subject, Answer] = field(default_factory=dict)

    @cached_property
    def found(self) -> tuple[Determining, ...]:
        """All of them."""
        return (*self.identity_allows, *(self.boundary_allows or ()), *self.denies)

    @cached_property
    def conditions(self) -> Mapping[str, Sequence[Condition]]:
        """Their conditions by key."""
        found: dict[str, list[Condition]] = {}
        for determining in self.found:
            for condition in determining.statement.conditions:
                found.setdefault(condition.key, []).append(condition)
        return found

    @cached_property
    def resource_patterns(self) -> tuple[str, ...]:
        """The elements of Resource and NotResource that are known, without `*`."""
        patterns: dict[str, None] = {}
        for determining in self.found:
            statement = determining.statement
            for pattern in (*(statement.resources or ()), *(statement.not_resources or ())):
                if isinstance(pattern, str) and pattern != "*":
                    patterns[pattern] = None
        return tuple(patterns)

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The keys in conditions and in policy variables."""
        mentioned = set(self.conditions)
        values = (v for conditions in self.conditions.values() for c in conditions for v in c.values)
        for text in (*self.resource_patterns, *values):
            if isinstance(text, str) and "${" in text:
                mentioned.update(variable_keys(text))
        return frozenset(mentioned)


Covering = tuple[tuple[Determining, Truth], ...]


def _relevant(
    action: keys.Action, documents: Iterable[PolicyDocument], boundary: Iterable[PolicyDocument] | None
) -> _Relevant:
    service = action.name[: action.name.index(":") + 1].lower()

    def covering(of: Iterable[PolicyDocument]) -> Covering:
        return tuple(
            (Determining(document, statement), covered)
            for document in of
            for statement in touching(document, service)
            if (covered := action_covered(statement, action.name)) is not Truth.NO
        )

    limit = None if boundary is None else covering(boundary)
    return _shared(action.resources, action.keys, covering(documents), limit)


@lru_cache(maxsize=256)
def _shared(
    resources: tuple[keys.ResourceType, ...], available: frozenset[str], identity: Covering, limit: Covering | None
) -> _Relevant:
    """One object for all actions that IAM is asked in the same way and that the same statements cover."""
    everything = (*identity, *(limit or ()))
    return _Relevant(
        resources,
        available,
        dict(everything),
        tuple(d for d, _ in identity if d.statement.effect is not Effect.DENY),
        None if limit is None else tuple(d for d, _ in limit if d.statement.effect is not Effect.DENY),
        tuple(d for d, _ in everything if d.statement.effect is not Effect.ALLOW),
    )


_ACCOUNT: Final = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_PARTITION: Final = re.compile(r"^arn:(aws[a-z-]*):")


def _sessions(subject: Subject, relevant: _Relevant) -> Iterator[Session]:
    """Every caller that the subject may turn out to be, as far as the documents can tell them apart."""
    by_key = relevant.conditions
    texts = [*relevant.resource_patterns]
    for key, conditions in by_key.items():
        if key in keys.ACCOUNT_KEYS or key in candidates.ARN_KEYS or key == SOURCE_FUNCTION_KEY:
            texts += [v for c in conditions for v in c.values if isinstance(v, str)]
    _, partition, _, _, account, *_ = subject.function_arn.split(":", 5)
    partitions, accounts = [partition], [account]
    if "*" in partition:
        partitions = list(dict.fromkeys(m.group(1) for t in texts if (m := _PARTITION.match(t)))) or ["aws"]
    if "*" in account:
        accounts = list(dict.fromkeys(a for t in texts for a in _ACCOUNT.findall(t))) or [keys.EXAMPLE_ACCOUNT]
    for partition, account in product(partitions, accounts):
        for function_arn in _function_arns(subject, partition, account, by_key.get(SOURCE_FUNCTION_KEY, ())):
            yield Session(
                subject.caller, partition, account, function_arn, subject.role_arn, subject.role_tags, subject.now
            )


def function_shape(function_arn: str, partition: str, account: str) -> Glob:
    """What the ARN of a function can be, of which only parts are known.

    A function's name has no colon: an ARN with one more field is that of a version or alias, which the key never has.
    """
    _, _, _, region, _, rest = function_arn.split(":", 5)
    return Glob(f"arn:{partition}:lambda:{region}:{account}:{rest}", field_stops=True)


def _function_arns(
    subject: Subject, partition: str, account: str, conditions: Sequence[Condition]
) -> Iterable[str | None]:
    if subject.caller is Caller.SERVICE:
        return (None,)
    if "*" not in subject.function_arn:
        return (subject.function_arn,)
    _, _, _, region, _, rest = subject.function_arn.split(":", 5)
    fresh_region = keys.EXAMPLE_REGION if region == "*" else region
    fresh = f"arn:{partition}:lambda:{fresh_region}:{account}:{rest.replace('*', 'my-function')}"
    base = function_shape(subject.function_arn, partition, account)
    found = cells(text_globs(conditions, {}), base=base, fresh=fresh, without="*?")
    if not found.complete or len(found.texts) > _MOST_FUNCTIONS:
        raise BudgetExceededError
    return found.texts


def _ask_session(
    action: str,
    session: Session,
    relevant: _Relevant,
    documents: Sequence[PolicyDocument],
    boundary: Sequence[PolicyDocument] | None,
    budget: Budget,
) -> Answer:
    problems = []
    for place in _places(session, relevant):
        problem = _Problem(relevant, session, place, budget)
        request = problem.search(action)
        if request is not None:
            evaluation = evaluate(request, documents, boundary)
            if evaluation.allowed is Truth.YES:
                return Answer(Truth.YES, problem.shown(request), evaluation)
        problems.append(problem)
    for problem in problems:
        if problem.possible():
            unresolved = tuple(dict.fromkeys(d for p in problems for d in p.unresolved()))
            unknown = tuple(sorted({key for p in problems for key in p.unknown_keys()}))
            return Answer(Truth.UNKNOWN, unresolved=unresolved, unknown_keys=unknown)
    return Answer(Truth.NO)


def _places(session: Session, relevant: _Relevant) -> Iterator[Place]:
    """One place for each way in which the documents tell places apart, the function's own region first."""
    by_key = relevant.conditions
    own = session.function_arn.split(":")[3] if session.function_arn else keys.EXAMPLE_REGION
    regional = [c for key in keys.REGION_KEYS for c in by_key.get(key, ())]
    alternatives = {key: keys.fact(key, session) or () for key in relevant.mentioned}
    facts = {key: known[0] for key, known in alternatives.items() if len(known) == 1 and known[0] is not None}
    patterns = [p for p in _filled(relevant.resource_patterns, facts) if not _of_every_region(p)]
    globs = resource_globs(patterns)
    globs += [g for key in candidates.ARN_KEYS for g in text_globs(by_key.get(key, ()), facts)]
    zones = list(text_globs(by_key.get("ec2:availabilityzone", ()), facts))
    # What a variable makes of a pattern differs from region to region.
    each = any(name in keys.REGION_KEYS for text in relevant.resource_patterns for name in variable_keys(text))
    if not regional and not globs and not zones and not each:
        yield Place(session.partition, own, session.account)
        return
    kinds = ("vpc", "subnet", *(kind.name for kind in relevant.resources))
    seen = set()
    for region in dict.fromkeys((own, *keys.regions(session.partition))):
        place = Place(session.partition, region, session.account)
        context = {**facts, **dict.fromkeys(keys.REGION_KEYS, (region,))}
        signature = (
            region if each else "",
            tuple(g.after(region) for g in zones),
            tuple(holds(condition, context) for condition in regional),
            tuple(g.after(place.arn(f"{kind}/")) for kind in kinds for g in globs),
        )
        if signature not in seen:
            seen.add(signature)
            yield place


def _filled(patterns: Iterable[str], context: Context) -> Iterator[str]:
    """Each pattern, and what its policy variables make of it where they are known."""
    for pattern in patterns:
        yield pattern
        filled = substitute(pattern, context)
        if isinstance(filled, str) and filled != pattern:
            yield filled


def _of_every_region(pattern: str) -> bool:
    """Whether a Resource pattern says the same of every region: it names none, or another service's resources."""
    fields = pattern.split(":", 5)
    if len(fields) < ARN_FIELDS:
        return False
    service, region = fields[2], fields[3]
    of_another = "*" not in pattern[: len(fields[0]) + len(fields[1]) + 2] and not glob(service).matches("ec2")
    return (of_another and "*" not in service) or region == "*"


# The element, in a variable that is not complete, that stands for all values that were not tried: it meets whatever it
# must meet. No variable has as many elements.
_UNTRIED: Final = 1 << 4096


@dataclass
class _Literals:
    """What it takes for a statement to match, for one resource: parts that are decided, and parts left to choose."""

    decided: Truth
    # Each part that depends on a variable: its number, the elements that meet it for certain, and those that may.
    parts: list[tuple[int, int, int]]

    @property
    def unresolved(self) -> bool:
        """Whether some part may be met or not, whatever is chosen or for one of the choices."""
        return self.decided is Truth.UNKNOWN or any(yes != maybe for _, yes, maybe in self.parts)

    def allow(self, certain: bool) -> Alternative | None:
        """How the statement can match; None where it cannot."""
        if self.decided is Truth.NO or (certain and self.decided is Truth.UNKNOWN):
            return None
        return tuple((variable, yes if certain else maybe | _UNTRIED) for variable, yes, maybe in self.parts)

    def escape(self, certain: bool) -> Constraint | None:
        """How the statement can fail to match; None where it fails anyway."""
        if self.decided is Truth.NO or (not certain and self.decided is Truth.UNKNOWN):
            return None
        return tuple(((variable, ~(maybe if certain else yes)),) for variable, yes, maybe in self.parts)


@dataclass
class _Problem:
    """The search for one request by one caller in one place."""

    relevant: _Relevant
    session: Session
    place: Place
    budget: Budget
    variables: list[Variable] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by_key = self.relevant.conditions
        self._facts: dict[str, keys.Alternatives] = {}
        self._base: dict[str, ContextValues] = {}
        self._shared: dict[str, int] = {}
        self._set_facts()
        self._share()
        kinds: Sequence[keys.ResourceType | None] = self.relevant.resources or (None,)
        self._authorizations = [self._authorization(kind) for kind in kinds]

    def unresolved(self) -> Iterator[Determining]:
        """Statements with a part that is unknown or that IAM refuses."""
        for found in self.relevant.found:
            if any(a.literals[found].unresolved for a in self._authorizations):
                yield found

    def unknown_keys(self) -> Iterator[str]:
        """The keys of the session that some condition asks for and that are not known."""
        for key, alternatives in self._facts.items():
            if any(isinstance(a, Unknown) or (a and UNKNOWN in a) for a in alternatives):
                yield key

    def _set_facts(self) -> None:
        for key in sorted(self.relevant.mentioned):
            if key in keys.REGION_KEYS:
                self._base[key] = (self.place.region,)
                continue
            alternatives = keys.fact(key, self.session)
            if alternatives is None:
                self._base[key] = UNKNOWN
                continue
            self._facts[key] = alternatives
            if len(alternatives) > 1:
                self._base[key] = UNKNOWN
            elif alternatives[0] is not None:
                self._base[key] = alternatives[0]

    def add(self, variable: Variable) -> int:
        """One more variable; its number."""
        self.budget.spend(variable.cost + len(variable.elements))
        self.variables.append(variable)
        return len(self.variables) - 1

    def _share(self) -> None:
        """The variables that all resources of a call have in common."""
        free = {key for key in self.relevant.mentioned if keys.fact(key, self.session) is None}
        path = {"aws:sourceip", *keys.ENDPOINT_KEYS} & free
        if path:
            by_key = {key: self._by_key.get(key, []) for key in path}
            number = self.add(candidates.network_path(by_key, self._base, self.place))
            self._shared.update(dict.fromkeys(path, number))
        moment = set(keys.TIME_KEYS) & free
        if moment:
            self._shared.update(dict.fromkeys(moment, self.add(candidates.time(self._by_key, self.session.now))))
        for key in sorted({"aws:useragent", "aws:referer", "aws:securetransport"} & free):
            self._shared[key] = self.add(candidates.single(key, self._by_key, self._base, self.place))

    def _authorization(self, kind: keys.ResourceType | None) -> _Authorization:
        return _Authorization(self, kind, self.relevant.available if kind is None else kind.keys)

    def search(self, action: str) -> Request | None:
        """A request that is allowed for certain, or None."""
        domains = tuple(((1 << len(v.elements)) - 1) & ~v.lax for v in self.variables)
        solution = solve(self._constraints(certain=True), domains, self.budget) if all(domains) else None
        if solution is None:
            return None
        chosen = [v.elements[(d & -d).bit_length() - 1] for v, d in zip(self.variables, solution, strict=True)]
        return Request(action, tuple(a.request(chosen) for a in self._authorizations))

    def possible(self) -> bool:
        """Whether a request may be allowed, if all that is unknown or untried turns out in its favour."""
        domains = tuple(((1 << len(v.elements)) - 1) | (0 if v.complete else _UNTRIED) for v in self.variables)
        return solve(self._constraints(certain=False), domains, self.budget) is not None

    def _constraints(self, *, certain: bool) -> list[Constraint]:
        """What must hold: for each resource one Allow, one of the boundary's too, and no Deny."""
        constraints: list[Constraint] = []
        for authorization in self._authorizations:
            for allows in (self.relevant.identity_allows, self.relevant.boundary_allows):
                if allows is None:
                    continue
                ways = [authorization.literals[found].allow(certain) for found in allows]
                constraints.append(tuple(way for way in ways if way is not None))
            for found in self.relevant.denies:
                escape = authorization.literals[found].escape(certain)
                if escape is not None:
                    constraints.append(escape)
        return constraints

    def facts_shown(self) -> dict[str, ContextValues]:
        """One value for each fact that is asked for: the first it may have."""
        first = {key: alternatives[0] for key, alternatives in self._facts.items()}
        known = {key: value for key, value in first.items() if value is not None}
        if self.session.function_arn is not None:
            known[SOURCE_FUNCTION_KEY] = (self.session.function_arn,)
        known.update({key: (self.place.region,) for key in keys.REGION_KEYS if key in self._base})
        return known

    def shown(self, request: Request) -> Request:
        """The request as a reader can make it: it is allowed whatever is unknown of it, so any value will do.

        A key that may be absent is left out; one that is surely there is not, because a condition may ask just that.
        """

        def known(context: Context) -> Context:
            return {
                key: tuple(v if isinstance(v, str) else _SOMETHING for v in values)
                for key, values in context.items()
                if not isinstance(values, Unknown)
            }

        parts = (Authorization(a.resource, known(a.context)) for a in request.authorizations)
        return Request(request.action, tuple(parts))


class _Authorization:
    """The question for one resource of a call: its variables, and each statement's parts in terms of them."""

    def __init__(self, problem: _Problem, kind: keys.ResourceType | None, available: frozenset[str]) -> None:
        self._problem = problem
        self._kind = kind
        self._available = available
        self._owner = dict(problem._shared)
        self._base = dict(problem._base)
        self._resource_variable: int | None = None
        self._fixed_resource = "*"
        self._own_variables()
        self._set_resource()
        self.literals = {found: self._literals(found) for found in problem.relevant.found}

    def request(self, chosen: Sequence[candidates.Element]) -> Authorization:
        """This part of the request, with the chosen element of each variable."""
        context = self._problem.facts_shown()
        resource = self._fixed_resource
        own = {*self._owner.values(), *([] if self._resource_variable is None else [self._resource_variable])}
        for number in sorted(own):
            for key, value in chosen[number].items():
                if key:
                    context[key] = value
                else:
                    resource = value[0]
        return Authorization(resource, context)

    def _own_variables(self) -> None:
        """The keys that belong to this resource; those that the reference does not list for it are absent."""
        problem = self._problem
        base, place = problem._base, problem.place
        listed = {key for key in problem.relevant.mentioned if self._lists(key)}
        for key in problem.relevant.mentioned:
            free = keys.fact(key, problem.session) is None and key not in keys.REGION_KEYS
            if free and key not in self._owner and key not in listed:
                self._base.pop(key, None)
        by_key = {key: problem._by_key.get(key, []) for key in listed}
        given = {key for key in listed if key == "aws:tagkeys" or key.startswith("aws:requesttag/")}
        if "aws:tagkeys" in given:
            variable = candidates.request_tags({k: by_key[k] for k in given}, base, place)
            self._owner.update(dict.fromkeys(given, problem.add(variable)))
        for key in sorted(listed - set(self._owner)):
            if key in keys.IDENTIFIER_KEYS or key in keys.REGION_KEYS:
                continue
            twin = "aws:" + key.removeprefix("ec2:")
            if key.startswith("ec2:resourcetag/"):
                if twin not in listed:
                    self._owner[key] = problem.add(candidates.single(key, by_key, base, place))
            elif key.startswith("aws:resourcetag/"):
                other = "ec2:" + key.removeprefix("aws:")
                aliases = [other] if other in listed else []
                number = problem.add(candidates.single(key, by_key, base, place, aliases))
                self._owner.update(dict.fromkeys((key, *aliases), number))
            elif keys.key_type(key).startswith("ArrayOf"):
                self._owner[key] = problem.add(candidates.several(key, by_key, base, place))
            else:
                self._owner[key] = problem.add(candidates.single(key, by_key, base, place))
        self._listed = listed

    def _lists(self, key: str) -> bool:
        return key in self._available or key.partition("/")[0] + "/" in self._available

    def _set_resource(self) -> None:
        kind, problem = self._kind, self._problem
        if kind is None:
            return
        if kind.fixed is not None:
            self._fixed_resource = problem.place.arn(f"{kind.name}/{kind.fixed}", kind.service)
            for key in keys.IDENTIFIER_KEYS & self._listed:
                self._base.pop(key, None)
            return
        patterns = resource_globs(_filled(problem.relevant.resource_patterns, self._base))
        by_key = {key: problem._by_key.get(key, []) for key in self._listed}
        variable = candidates.identifier(
            kind.name, problem.place, patterns, by_key, sorted(self._listed), problem._base
        )
        self._resource_variable = problem.add(variable)
        own = {key for key in self._listed if key in keys.IDENTIFIER_KEYS}
        self._owner.update(dict.fromkeys(own, self._resource_variable))

    def _literals(self, found: Determining) -> _Literals:
        problem, statement = self._problem, found.statement
        decided = [problem.relevant.covered[found]]
        if statement.uncertain or statement.effect is None:
            decided.append(Truth.UNKNOWN)
        parts: list[tuple[int, int, int]] = []
        if self._resource_variable is None:
            decided.append(resource_covered(statement, self._fixed_resource, self._base))
        else:
            answers = [
                resource_covered(statement, element[""][0], self._base)
                for element in problem.variables[self._resource_variable].elements
            ]
            problem.budget.spend(len(answers) * len(statement.resources or statement.not_resources or ()))
            parts.append((self._resource_variable, *_masks(answers)))
        for condition in statement.conditions:
            number = self._owner.get(condition.key)
            if number is None:
                decided.append(self._fact_holds(condition))
                continue
            elements = problem.variables[number].elements
            problem.budget.spend(len(elements) * (2 + len(condition.values)))
            parts.append((number, *_masks([self._holds(condition, element) for element in elements])))
        return _Literals(all_of(decided), parts)

    def _holds(self, condition: Condition, element: candidates.Element) -> Truth:
        context = dict(self._base)
        context.pop(condition.key, None)
        context.update(element)
        return holds(condition, context)

    def _fact_holds(self, condition: Condition) -> Truth:
        alternatives = self._problem._facts.get(condition.key, ())
        if len(alternatives) <= 1:
            return holds(condition, self._base)
        answers = set()
        for alternative in alternatives:
            context = {k: v for k, v in self._base.items() if k != condition.key}
            if alternative is not None:
                context[condition.key] = alternative
            answers.add(holds(condition, context))
        return answers.pop() if len(answers) == 1 else Truth.UNKNOWN


def _masks(answers: Sequence[Truth]) -> tuple[int, int]:
    yes = sum(1 << i for i, answer in enumerate(answers) if answer is Truth.YES)
    maybe = sum(1 << i for i, answer in enumerate(answers) if answer is not Truth.NO)
    return yes, maybe
