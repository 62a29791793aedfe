"""Whose call it is and where it goes, as far as the documents of a role can tell callers and places apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import islice, product
from typing import Final

from policy.iam.conditions import Condition, Context, ContextValues, Family, holds, variable_keys
from policy.iam.matching import ARN_FIELDS, Glob, cells, glob, may_name, resource_globs
from policy.iam.request import Caller
from policy.iam.search import candidates, keys
from policy.iam.search.candidates import Place, text_globs, widened_globs
from policy.iam.search.keys import SOURCE_FUNCTION_KEY, Session
from policy.iam.search.relevant import Relevant, filled
from policy.iam.search.solver import BudgetExceededError
from policy.iam.truth import Unknown
from policy.shared.partitions import may_have

_MOST_FUNCTIONS: Final = 64
# Of more, how many of those that documents name are asked, and what wildcards in their names are filled in with.
_EXAMPLES: Final = 4
_SPELLED: Final = str.maketrans("*?", "xx")
# The ARN of a function of which nothing is known.
ANY_FUNCTION: Final = "arn:*:lambda:*:*:function:*"


# Not `frozen`, which makes building one five times as slow; nothing writes to it.
@dataclass(unsafe_hash=True)
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
    # The code in a session that it opened itself: its calls lack the key.
    keyless: bool = False
    # Whether the role may be where nobody can use it: it is asked about as it was not made.
    anywhere: bool = False

    @cached_property
    def as_code(self) -> Subject:
        """The function's code in the place of this caller."""
        return (
            self
            if self.caller is Caller.CODE and not self.keyless
            else replace(self, caller=Caller.CODE, keyless=False)
        )


ACCOUNT: Final = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
# An account that no document names is a possibility beside those that one does.
_EXAMPLE_ACCOUNTS: Final = (
    keys.EXAMPLE_ACCOUNT,
    *(f"{digit}" * 12 for digit in range(2, 10)),
    *(f"{n:012}" for n in range(1000)),
)
_SERVICE_FIELD, _REGION_FIELD, _ACCOUNT_FIELD = 2, 3, 4
_PARTITION: Final = re.compile(r"^arn:(aws[a-z-]*):")


# Conditions on these name accounts and partitions.
_NAMING_KEYS: Final = frozenset((*keys.ACCOUNT_KEYS, *candidates.ARN_KEYS, SOURCE_FUNCTION_KEY, "aws:principalarn"))


def sessions(subject: Subject, relevant: Relevant) -> Iterator[Session]:
    """Every caller that the subject may turn out to be, as far as the documents can tell them apart.

    Raises BudgetExceededError after some, where there are more than can be tried.
    """
    by_key = relevant.conditions
    texts = [*relevant.resource_patterns, *_texts(by_key, [key for key in by_key if key in _NAMING_KEYS])]
    # What a variable is filled in with names accounts as well.
    texts += [t for t in (subject.role_tags or {}).values() if isinstance(t, str)] if relevant.variable_texts else []
    _, partition, _, region, account, *_ = subject.function_arn.split(":", 5)
    region = "" if "*" in region else region
    partitions, accounts = [partition], [account]
    if "*" in partition:
        named = list(dict.fromkeys(m.group(1) for t in texts if (m := _PARTITION.match(t))))
        # Another partition than the one that documents name is left out: the stack would have to be in China or GovCloud
        # with documents for elsewhere, and with nothing in it that tells (`Stack.partition`).
        partitions = list(dict.fromkeys((*named, "aws")))
    if "*" in account:
        named = list(dict.fromkeys(a for t in texts for a in ACCOUNT.findall(t)))
        accounts = [*named, next(a for a in _EXAMPLE_ACCOUNTS if a not in named)]
    for partition, account in product(partitions, accounts):
        role_arn = _role_arn(subject.role_arn, partition, account)
        some = Session(
            subject.caller, partition, account, None, role_arn, subject.role_tags, subject.now, region, relevant.of_iam
        )
        for function_arn in _function_arns(subject, some, relevant):
            yield some._replace(function_arn=function_arn)


def _role_arn(arn: str | None, partition: str, account: str) -> str | None:
    """The role's ARN in this account; None where more of it is not known."""
    fields = (arn or "").split(":", ARN_FIELDS - 1)
    if arn is None or len(fields) < ARN_FIELDS or "*" in fields[-1]:
        return None
    return ":".join((fields[0], partition, *fields[2:4], account, fields[-1])) if "*" in arn else arn


@lru_cache(maxsize=256)
def function_shape(function_arn: str, partition: str, account: str) -> Glob:
    """What the ARN of a function can be, of which only parts are known.

    A function's name has no colon: an ARN with one more field is that of a version or alias, which the key never has.
    """
    _, _, _, region, _, rest = function_arn.split(":", 5)
    return Glob(f"arn:{partition}:lambda:{region}:{account}:{rest}", field_stops=True)


def _function_arns(subject: Subject, session: Session, relevant: Relevant) -> Iterator[str | None]:
    """The functions that the caller can be in the account and partition of `session`.

    Raises BudgetExceededError after some, where there are more than can be tried.
    """
    if subject.caller is Caller.SERVICE or subject.keyless:
        yield None
        return
    if "*" not in subject.function_arn:
        yield subject.function_arn
        return
    conditions = relevant.conditions.get(SOURCE_FUNCTION_KEY, ())
    _, _, _, region, _, rest = subject.function_arn.split(":", 5)
    fresh_region = keys.EXAMPLE_REGION if region == "*" else region
    name = rest.replace("*", "my-function")
    fresh = f"arn:{session.partition}:lambda:{fresh_region}:{session.account}:{name}"
    if not conditions:
        yield fresh
        return
    base = function_shape(subject.function_arn, session.partition, session.account)
    # A guard may list hundreds of names. Of those that cannot be this function's, none has to be told apart.
    named = [_about(condition, rest) for condition in conditions]
    globs = (pattern for facts in _known_facts(session, relevant) for pattern in widened_globs(named, facts))
    patterns = [pattern for pattern in dict.fromkeys(globs) if _can_differ(pattern, base, fresh)]
    found = cells(patterns, base=base, fresh=fresh, without="*?")
    if found.complete and len(found.texts) <= _MOST_FUNCTIONS:
        yield from found.texts
        return
    # Enough to see whether it depends on which of them it is.
    yield from dict.fromkeys((fresh, *islice(_examples(named, base, fresh), _EXAMPLES)))
    raise BudgetExceededError


def _examples(conditions: Iterable[Condition], base: Glob, fresh: str) -> Iterator[str]:
    """Functions that conditions name, with the parts of `fresh` where they leave one open."""
    natural = fresh.split(":")
    for value in (v for condition in conditions for v in condition.values if isinstance(v, str)):
        fields = value.split(":")
        if len(fields) == len(natural) and "$" not in value:
            text = ":".join(n if f == "*" else f.translate(_SPELLED) for f, n in zip(fields, natural, strict=True))
            if base.matches(text):
                yield text


def _known_facts(session: Session, relevant: Relevant) -> Iterator[Context]:
    """What variables are filled in with, as far as that is known: once for each region that conditions name."""
    facts: dict[str, ContextValues] = dict.fromkeys(keys.ACCOUNT_KEYS, (session.account,))
    variables = {key for text in relevant.variable_texts for key in variable_keys(text)}
    for key in sorted(variables - facts.keys() - {SOURCE_FUNCTION_KEY}):
        match keys.fact(key, session):
            case (tuple() as values,) if not any(isinstance(value, Unknown) for value in values):
                facts[key] = values
    yield facts
    if not variables.isdisjoint(keys.REGION_KEYS):
        regions = dict.fromkeys(t for t in _texts(relevant.conditions, keys.REGION_KEYS) if not set("*?$") & set(t))
        for region in regions:
            of_region: dict[str, ContextValues] = dict.fromkeys(keys.REGION_KEYS, (region,))
            yield {**facts, **of_region}


def _about(condition: Condition, name: str) -> Condition:
    """The condition without the values that cannot be a function of this name, which is told without a search."""
    if "*" in name or condition.operator.family is not Family.ARN:
        return condition
    about = tuple(v for v in condition.values if not isinstance(v, str) or "${" in v or may_name(v, name))
    return condition if len(about) == len(condition.values) else replace(condition, values=about)


@lru_cache(maxsize=4096)
def _can_differ(pattern: Glob, base: Glob, fresh: str) -> bool:
    """Whether the pattern matches some function ARNs of this shape and others not."""
    found = cells([pattern], base=base, fresh=fresh, without="*?")
    return not found.complete or len(found.texts) > 1


def places(session: Session, relevant: Relevant) -> Iterator[Place]:
    """One place for each way in which the documents tell places apart, the function's own region and account first."""
    yield from _places(session, relevant, session.account)
    named = list(_sharing(session, relevant))
    for network in named:
        yield from _places(session, relevant, network)
    if any(isinstance(pattern, Unknown) for found in relevant.found for pattern in found.statement.resources or ()):
        # A document that is not known may name an account that shares its network.
        other = next(a for a in _EXAMPLE_ACCOUNTS if a not in (session.account, *named))
        yield from (replace(place, perhaps=True) for place in _places(session, relevant, other))


def _sharing(session: Session, relevant: Relevant) -> Iterable[str]:
    """Other accounts whose network the call may use: those that the documents name.

    Whether an account shares its subnets with this one is not known here. A document that names one expects it to.
    """
    by_key = relevant.conditions
    arn_keys = [key for key in candidates.ARN_KEYS if key in by_key]
    if not arn_keys and not any(kind.name in candidates.NETWORK_KINDS for kind in relevant.resources):
        return ()
    arns = [*relevant.resource_patterns, *_texts(by_key, arn_keys)]
    found = [account for text in arns for account in _account_of(text)]
    found += [text for text in _texts(by_key, (keys.RESOURCE_ACCOUNT_KEY,)) if ACCOUNT.fullmatch(text)]
    return [account for account in dict.fromkeys(found) if account != session.account]


def _texts(by_key: Mapping[str, Sequence[Condition]], names: Iterable[str]) -> Iterator[str]:
    return (v for key in names for c in by_key.get(key, ()) for v in c.values if isinstance(v, str))


def _account_of(pattern: str) -> Iterator[str]:
    """The account whose resources of EC2 the pattern of an ARN names, if it names one."""
    fields = pattern.split(":", ARN_FIELDS - 1)
    if len(fields) > _ACCOUNT_FIELD and glob(fields[_SERVICE_FIELD]).matches("ec2"):
        yield from ACCOUNT.findall(fields[_ACCOUNT_FIELD])


def _places(session: Session, relevant: Relevant, network: str) -> Iterator[Place]:
    own = session.function_arn.split(":")[_REGION_FIELD] if session.function_arn else session.region
    here = Place(session.partition, own or keys.EXAMPLE_REGION, session.account, network)
    yield here
    if session.caller is Caller.SERVICE and own:
        return  # it manages the interfaces of the function where the function is
    if session.called is not None and not session.called.regional:
        return  # no region can be chosen
    told_apart = _RegionSigns(session, relevant, network)
    if told_apart.all_alike:
        return
    seen = {told_apart.sign(here)}
    # The budget may end before the last: those that the documents name come first.
    for region in sorted(keys.regions(session.partition), key=told_apart.names, reverse=True):
        place = replace(here, region=region)
        sign = told_apart.sign(place)
        if sign not in seen:
            seen.add(sign)
            yield place
    # AWS opens regions, and the data is older than some day's newest: one that the documents name, or any.
    for region in told_apart.new_regions():
        newest = replace(here, region=region, perhaps=True)
        sign = told_apart.sign(newest)
        if sign not in seen:
            seen.add(sign)
            yield newest


_NEW_REGION: Final = "xx-newest-1"
# How AWS names a region, and what a pattern of such names is filled in with.
_REGION: Final = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]")
_STARS: Final = ("newest-1", "newest", "xx-newest", "xx", "9", "")
_MOST_STARS: Final = 3
_ZONE_KEY: Final = "ec2:availabilityzone"


class _RegionSigns:
    """What the documents say of a region: of regions with the same sign they say the same."""

    def __init__(self, session: Session, relevant: Relevant, network: str) -> None:
        by_key = relevant.conditions
        self._texts = [*relevant.resource_patterns, *_texts(by_key, (*keys.REGION_KEYS, _ZONE_KEY))]
        self._regional = [c for key in keys.REGION_KEYS for c in by_key.get(key, ())]
        alternatives = {key: keys.fact(key, session) or () for key in relevant.mentioned}
        facts = {key: known[0] for key, known in alternatives.items() if len(known) == 1 and known[0] is not None}
        known_facts = [facts]
        if network != session.account and keys.RESOURCE_ACCOUNT_KEY in facts:
            known_facts.append({**facts, keys.RESOURCE_ACCOUNT_KEY: (network,)})
        self._facts, self._partition = facts, session.partition
        self._globs: list[Glob] = []
        for known in known_facts:
            patterns = filled(relevant.resource_patterns, known)
            self._globs += resource_globs(p for p in patterns if not _of_every_region(p))
            self._globs += [g for key in candidates.ARN_KEYS for g in text_globs(by_key.get(key, ()), known)]
        self._zones = list(text_globs(by_key.get(_ZONE_KEY, ()), facts))
        # What a variable makes of a pattern, or of the value of a condition, differs from region to region.
        self._each = any(name in keys.REGION_KEYS for text in relevant.variable_texts for name in variable_keys(text))
        self._own = session.function_arn.split(":")[_REGION_FIELD] if session.function_arn else session.region
        self._kinds = {*candidates.NETWORK_KINDS, *(kind.name for kind in relevant.resources)}

    @property
    def all_alike(self) -> bool:
        """Whether no document says anything of regions."""
        return not self._regional and not self._globs and not self._zones and not self._each

    def names(self, region: str) -> bool:
        """Whether a document names it."""
        return any(region in text for text in self._texts)

    def new_regions(self) -> Iterator[str]:
        """One that nothing names, and those that the conditions on regions name or have patterns for."""
        yield _NEW_REGION
        for condition in self._regional:
            for pattern in (value for value in condition.values if isinstance(value, str)):
                named = filter(_REGION.fullmatch, _filled_in(pattern))
                yield from (region for region in named if may_have(self._partition, region))

    def sign(self, place: Place) -> object:
        """The sign of the place's region."""
        region = place.region
        context = {**self._facts, **dict.fromkeys(keys.REGION_KEYS, (region,))}
        return (
            # Of regions that nothing names, one is as good as another.
            region if self._each and (self.names(region) or region == self._own) else "",
            tuple(g.after(region) for g in self._zones),
            tuple(holds(condition, context) for condition in self._regional),
            tuple(_after(g, place.arn(f"{kind}/")) for kind in self._kinds for g in self._globs),
        )


def _filled_in(pattern: str) -> Iterator[str]:
    """The pattern of a region's name, with something in the place of its wildcards, in several ways; it ends in a digit."""
    first, *others = re.sub(r"\?$", "9", pattern).replace("?", "x").split("*")
    if len(others) <= _MOST_STARS:
        for stars in product(_STARS, repeat=len(others)):
            yield first + "".join(star + part for star, part in zip(stars, others, strict=True))


@lru_cache(maxsize=65536)
def _after(pattern: Glob, text: str) -> int:
    """`Glob.after`, kept: the same few patterns meet the same few places for every action."""
    return pattern.after(text)


def _of_every_region(pattern: str) -> bool:
    """Whether a Resource pattern says the same of every region: it names none, or another service's resources."""
    fields = pattern.split(":", 5)
    if len(fields) < ARN_FIELDS:
        return False
    service, region = fields[_SERVICE_FIELD], fields[_REGION_FIELD]
    of_another = "*" not in pattern[: len(fields[0]) + len(fields[1]) + 2] and not glob(service).matches("ec2")
    return (of_another and "*" not in service) or region == "*"
