"""One question as a search problem: variables with candidate values, and statements as conditions on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from policy.iam.conditions import Condition, Context, ContextValues, holds
from policy.iam.evaluate import Determining, resource_covered
from policy.iam.matching import resource_globs
from policy.iam.request import Authorization, Request
from policy.iam.search import candidates, keys
from policy.iam.search.candidates import Place, Variable
from policy.iam.search.keys import SOURCE_FUNCTION_KEY, Session
from policy.iam.search.relevant import Relevant, filled
from policy.iam.search.solver import Alternative, Budget, Constraint, solve
from policy.iam.truth import UNKNOWN, Truth, Unknown, all_of

# What a witness shows for a value of this key that the session has and nobody here knows: to be filled in.
_NOT_KNOWN: Final = "<{}>"
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
class Problem:
    """The search for one request by one caller in one place."""

    relevant: Relevant
    session: Session
    place: Place
    budget: Budget
    variables: list[Variable] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._facts: dict[str, keys.Alternatives] = {}
        self._base: dict[str, ContextValues] = {}
        self._shared: dict[str, int] = {}
        if self.relevant.mentioned:
            self._set_facts()
            self._set_aside()
        self._by_key = self.relevant.conditions

    @cached_property
    def _authorizations(self) -> list[_Authorization]:
        """One question for each resource of the call. Made when they are needed: many calls are decided before."""
        self._share()
        kinds: Sequence[keys.ResourceType | None] = self.relevant.resources or (None,)
        return [self._authorization(kind) for kind in kinds]

    def usual(self, action: str) -> Request | None:
        """A call that a reader finds natural, with all that is free left open: where it is allowed, so is any like it."""
        if self.relevant.denied:
            return None
        if not self.relevant.resources:
            return Request(action, (Authorization("*", {**self.base(None), **self._function()}),))
        parts = []
        for kind in self.relevant.resources:
            identifier = kind.fixed or candidates.some_identifier(kind.name)
            name = self.place.arn(f"{kind.name}/{identifier}", kind.service)
            parts.append(Authorization(name, {**self.base(kind), **self._function()}))
        return Request(action, tuple(parts))

    def base(self, kind: keys.ResourceType | None) -> dict[str, ContextValues]:
        """The context of a call for a resource of this kind, as far as nobody chooses it."""
        if not self.place.shared or keys.RESOURCE_ACCOUNT_KEY not in self._base:
            return self._base
        owner = self.place.account if kind is None else self.place.owner(kind.name)
        return {**self._base, keys.RESOURCE_ACCOUNT_KEY: (owner,)}

    def unresolved(self) -> Iterator[Determining]:
        """Statements with a part that is unknown or that IAM refuses."""
        for found in self.relevant.found:
            if any(a.literals[found].unresolved for a in self._authorizations):
                yield found

    def unknown_keys(self) -> Iterator[str]:
        """The keys of the session that some condition asks for and that are not known."""
        for key, alternatives in self._facts.items():
            if key in self.relevant.mentioned and any(
                isinstance(a, Unknown) or (a and UNKNOWN in a) for a in alternatives
            ):
                yield key

    def doubtful_keys(self) -> Iterator[str]:
        """The keys of which not all values were tried, or some that AWS's documents speak against."""
        for variable in self.variables:
            if variable.lax or not variable.complete:
                yield from (key for element in variable.elements for key in element if key)

    def _set_facts(self) -> None:
        for key in sorted(self.relevant.mentioned):
            alternatives = keys.fact(key, self.session)
            if alternatives is None and key in keys.REGION_KEYS:
                self._base[key] = (self.place.region,)
                continue
            if alternatives is None or (key == keys.RESOURCE_ACCOUNT_KEY and self.place.shared):
                self._base[key] = UNKNOWN
                continue
            self._facts[key] = alternatives
            if len(alternatives) > 1:
                self._base[key] = UNKNOWN
            elif alternatives[0] is not None:
                self._base[key] = alternatives[0]

    def _set_aside(self) -> None:
        """Go on without the statements that what is known of every such call keeps from matching."""
        known = {*self._facts, *keys.REGION_KEYS}
        dead = {
            found
            for found in self.relevant.found
            for condition in found.statement.conditions
            if condition.key in known and self.fact_holds(condition, self._base) is Truth.NO
        }
        if dead:
            # Their keys stay in the request: without them it would be another call, and they might match.
            self.relevant = self.relevant.without(dead)

    def fact_holds(self, condition: Condition, base: Context) -> Truth:
        """Whether a condition on a fact is met, whichever of the values it may have turns out to be its value."""
        alternatives = self._facts.get(condition.key, ())
        if len(alternatives) <= 1:
            return holds(condition, base)
        answers = set()
        for alternative in alternatives:
            context = {k: v for k, v in base.items() if k != condition.key}
            if alternative is not None:
                context[condition.key] = alternative
            answers.add(holds(condition, context))
        return answers.pop() if len(answers) == 1 else Truth.UNKNOWN

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
        if self.relevant.denied:
            return None
        constraints = self._constraints(certain=True)
        domains = tuple(((1 << len(v.elements)) - 1) & ~v.lax for v in self.variables)
        solution = solve(constraints, domains, self.budget) if all(domains) else None
        if solution is None:
            return None
        chosen = [v.elements[(d & -d).bit_length() - 1] for v, d in zip(self.variables, solution, strict=True)]
        return Request(action, tuple(a.request(chosen) for a in self._authorizations))

    def possible(self) -> bool:
        """Whether a request may be allowed, if all that is unknown or untried turns out in its favour."""
        if self.relevant.denied:
            return False
        constraints = self._constraints(certain=False)
        domains = tuple(((1 << len(v.elements)) - 1) | (0 if v.complete else _UNTRIED) for v in self.variables)
        return solve(constraints, domains, self.budget) is not None

    def _constraints(self, *, certain: bool) -> list[Constraint]:
        """What must hold: for each resource one Allow, one of each limit's too, and no Deny."""
        constraints: list[Constraint] = []
        for authorization in self._authorizations:
            for allows in (self.relevant.identity_allows, *self.relevant.limit_allows):
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
        known.update(self._function())
        chosen = [key for key in keys.REGION_KEYS if key in self._base and key not in self._facts]
        known.update(dict.fromkeys(chosen, (self.place.region,)))
        return known

    def _function(self) -> dict[str, ContextValues]:
        """What the key says: nothing for a call of the service."""
        return {} if self.session.function_arn is None else {SOURCE_FUNCTION_KEY: (self.session.function_arn,)}

    def shown(self, request: Request) -> Request:
        """The request as a reader can make it: it is allowed whatever is unknown of it, so any value will do.

        A key that may be absent is left out; one that is surely there is not, because a condition may ask just that.
        """

        def known(context: Context) -> Context:
            return {
                key: tuple(v if isinstance(v, str) else _NOT_KNOWN.format(keys.spelled(key)) for v in values)
                for key, values in context.items()
                if not isinstance(values, Unknown)
            }

        facts = self.facts_shown()
        parts = (Authorization(a.resource, {**facts, **known(a.context)}) for a in request.authorizations)
        return Request(request.action, tuple(parts))


class _Authorization:
    """The question for one resource of a call: its variables, and each statement's parts in terms of them."""

    def __init__(self, problem: Problem, kind: keys.ResourceType | None, available: frozenset[str]) -> None:
        self._problem = problem
        self._kind = kind
        self._available = available
        self._owner = dict(problem._shared)
        self._base = dict(problem.base(kind))
        self._resource_variable: int | None = None
        self._fixed_resource = "*"
        self._own_variables()
        self._set_resource()
        self.literals = {found: self._literals(found) for found in problem.relevant.found}

    def request(self, chosen: Sequence[candidates.Element]) -> Authorization:
        """This part of the request, with the chosen element of each variable."""
        context = self._problem.facts_shown()
        if self._problem.place.shared and keys.RESOURCE_ACCOUNT_KEY in self._base:
            context[keys.RESOURCE_ACCOUNT_KEY] = self._base[keys.RESOURCE_ACCOUNT_KEY]
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
        base, place = problem.base(self._kind), problem.place
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
        patterns = resource_globs(filled(problem.relevant.resource_patterns, self._base))
        by_key = {key: problem._by_key.get(key, []) for key in self._listed}
        variable = candidates.identifier(
            kind.name, problem.place, patterns, by_key, sorted(self._listed), problem.base(kind)
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
                decided.append(self._problem.fact_holds(condition, self._base))
                continue
            elements = problem.variables[number].elements
            problem.budget.spend(len(elements) * (2 + len(condition.values)))
            parts.append((number, *_masks(self._answers(condition, elements))))
        return _Literals(all_of(decided), parts)

    def _answers(self, condition: Condition, elements: Sequence[candidates.Element]) -> list[Truth]:
        """Whether each element meets the condition. Elements for several keys repeat the values of one."""
        if any(isinstance(value, str) and "${" in value for value in condition.values):
            return [self._holds(condition, element) for element in elements]
        known: dict[tuple[str, ...] | None, Truth] = {}
        answers = []
        for element in elements:
            values = element.get(condition.key)
            if values not in known:
                known[values] = self._holds(condition, element)
            answers.append(known[values])
        return answers

    def _holds(self, condition: Condition, element: candidates.Element) -> Truth:
        context = dict(self._base)
        context.pop(condition.key, None)
        context.update(element)
        return holds(condition, context)


def _masks(answers: Sequence[Truth]) -> tuple[int, int]:
    yes = sum(1 << i for i, answer in enumerate(answers) if answer is Truth.YES)
    maybe = sum(1 << i for i, answer in enumerate(answers) if answer is not Truth.NO)
    return yes, maybe
