"""The values worth trying for one context key, or for a group of keys that belong together.

For every way in which the conditions of a role can turn out on a key there is one value here that shows it, so a search
over these values is a search over all values. Where that cannot be had, the candidates say that they are not complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from typing import Final, TypeVar

from policy.iam.conditions import (
    Condition,
    Context,
    Family,
    substitute,
    value_holds,
    widened,
)
from policy.iam.matching import LITERAL_QUESTION, LITERAL_STAR, Glob, cells, glob
from policy.iam.search.keys import (
    ALWAYS_PRESENT,
    ENDPOINT_KEYS,
    IDENTIFIER_KEYS,
    TIME_KEYS,
    iso_date,
    key_type,
)
from policy.iam.search.thresholds import addresses, instants, numbers
from policy.iam.truth import Truth

T = TypeVar("T")

# What a request says of the keys of one variable: a key that is missing is absent.
Element = Mapping[str, tuple[str, ...]]

# Past this many combinations of the keys of one variable, the rest is left out and the variable is not complete.
_MOST_ELEMENTS: Final = 256
_ANYTHING: Final = glob("?*")
_TAG_VALUE: Final = glob("*")


@dataclass(slots=True)
class Variable:
    """One free choice of the caller. `lax` marks elements that AWS's documents speak against, by their bits.

    `cost` is the number of steps that it took to find the elements.
    """

    elements: list[Element] = field(default_factory=list)
    lax: int = 0
    complete: bool = True
    cost: int = 0

    def add(self, element: Element, *, lax: bool = False) -> None:
        """One more element; the earlier ones are preferred."""
        if lax:
            self.lax |= 1 << len(self.elements)
        self.elements.append(element)


@dataclass(frozen=True, slots=True)
class Values:
    """Candidates for the value of one key: those that fit the key's form, and others."""

    fitting: tuple[str, ...]
    others: tuple[str, ...]
    complete: bool
    cost: int = 1


def escaped(text: str) -> str:
    """A text whose `*` and `?` are meant literally, as a pattern."""
    return text.replace("*", LITERAL_STAR).replace("?", LITERAL_QUESTION)


def text_globs(conditions: Iterable[Condition], constants: Context, prefix: str = "") -> Iterator[Glob]:
    """The patterns on the text of a key. `prefix` is put before each."""
    for condition in conditions:
        operator = condition.operator
        if operator.family not in (Family.STRING, Family.ARN, Family.BOOL):
            continue
        for value in condition.values:
            text = substitute(value, constants) if isinstance(value, str) and condition.variables else value
            if isinstance(text, str):
                pattern = text if operator.wildcards else escaped(text)
                ignore_case = operator.ignore_case or operator.family is Family.BOOL
                yield glob(escaped(prefix) + pattern, ignore_case, operator.family is Family.ARN)


def widened_globs(conditions: Iterable[Condition], constants: Context) -> Iterator[Glob]:
    """The same patterns, where what a variable will be is not known yet: with `*` for it."""
    for condition in conditions:
        operator = condition.operator
        for value in condition.values:
            if operator.takes_variables and condition.variables and isinstance(value, str) and "${" in value:
                kept = value if operator.wildcards else escaped(value)
                yield glob(widened(kept, constants), operator.ignore_case, operator.family is Family.ARN)
    yield from text_globs(conditions, constants)


def literals(conditions: Iterable[Condition], family: Family) -> list[str]:
    """The known values of the conditions of one family."""
    return [v for c in conditions if c.operator.family is family for v in c.values if isinstance(v, str)]


def key_values(
    conditions: Sequence[Condition], constants: Context, *, fresh: str, form: str = "?*", any_text: bool = True
) -> Values:
    """Candidates for a key whose values look like the pattern `form`; `fresh` is a natural one.

    `any_text` also yields values of another form, apart. A key under operators of more than one of text, number, date
    and address gets the candidates of each, which may leave combinations out.
    """
    families = {c.operator.family for c in conditions} - {Family.NULL}
    texts: list[str] = [fresh]
    complete, cost = True, 1
    shape = glob(form)
    kinds = families - {Family.STRING, Family.ARN, Family.BOOL}
    if families - kinds:
        base = (_TAG_VALUE if form == "*" else _ANYTHING) if any_text else shape
        found = cells([shape, *text_globs(conditions, constants)], base=base, fresh=fresh)
        texts += found.texts
        complete, cost = found.complete, found.cost
    if Family.NUMERIC in kinds:
        texts += numbers(literals(conditions, Family.NUMERIC))
    if Family.DATE in kinds:
        texts += [iso_date(s) for s in instants(literals(conditions, Family.DATE), Decimal(0))]
    if Family.IP_ADDRESS in kinds:
        texts += addresses(literals(conditions, Family.IP_ADDRESS), fresh)
    if Family.BINARY in kinds:
        texts += literals(conditions, Family.BINARY)
    texts = list(dict.fromkeys(texts))
    fitting = tuple(t for t in texts if shape.matches(t))
    others = tuple(t for t in texts if not shape.matches(t)) if any_text else ()
    return Values(fitting, others, complete and len(kinds) + bool(families - kinds) <= 1, cost + len(texts))


_FRESH: Final[Mapping[str, tuple[str, str]]] = {
    # key: (a natural value, the form that AWS gives it)
    "aws:sourceip": ("198.51.100.7", "?*"),
    "aws:vpcsourceip": ("10.0.0.7", "?*"),
    "aws:sourcevpc": ("vpc-0c0de0c0de0c0de00", "vpc-*"),
    "aws:sourcevpce": ("vpce-0c0de0c0de0c0de00", "vpce-*"),
    "aws:useragent": ("code", "?*"),
    "aws:referer": ("https://example.com/", "?*"),
    "ec2:availabilityzoneid": ("use1-az1", "?*"),
}

ARN_KEYS: Final = ("ec2:vpc", "ec2:subnet")
# Keys whose values begin with something of the place: what that is, and a natural end.
_LOCAL: Final[Mapping[str, tuple[str, str]]] = {
    "ec2:availabilityzone": ("{region}", "a"),
    "ec2:vpc": ("arn:{partition}:ec2:{region}:{network}:vpc/vpc-", "0c0de0c0de0c0de00"),
    "ec2:subnet": ("arn:{partition}:ec2:{region}:{network}:subnet/subnet-", "0c0de0c0de0c0de00"),
}
# What belongs to the owner of the network, who may be another account that shares it. (VPC User Guide, "VPC sharing":
# participants create and own the interfaces, the owner of the VPC owns its subnets, and IAM is asked for these by the
# owner's ARN.)
NETWORK_KINDS: Final = frozenset(("subnet", "vpc"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call goes. `network` is the account that owns the VPC: the caller's own, or one that shares it.

    `perhaps` says that nothing speaks for such a place but a document that is not known: nothing is certain there.
    """

    partition: str
    region: str
    account: str
    network: str
    perhaps: bool = False

    @property
    def shared(self) -> bool:
        """Whether the network is another account's."""
        return self.network != self.account

    def owner(self, kind: str) -> str:
        """The account that a resource of this kind belongs to."""
        return self.network if kind in NETWORK_KINDS else self.account

    def arn(self, resource: str, service: str = "ec2") -> str:
        """The ARN of a resource of EC2, or of IAM, which has no regions."""
        region = "" if service == "iam" else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.owner(resource.partition('/')[0])}:{resource}"


def values_of(key: str, conditions: Sequence[Condition], constants: Context, place: Place) -> Values:
    """Candidates for a single key that the caller is free to choose."""
    kind = key_type(key)
    if key == "aws:securetransport" or kind == "Bool":
        return Values(("true", "false"), (), complete=True)
    facts = {"partition": place.partition, "region": place.region, "network": place.network}
    if key in _LOCAL:
        start, end = (text.format(**facts) for text in _LOCAL[key])
        return _local_values(conditions, constants, start, end)
    tag = key.startswith(("aws:requesttag/", "aws:resourcetag/", "ec2:resourcetag/"))
    fresh, form = _FRESH.get(key, ("other", "*" if tag else "?*"))
    return key_values(conditions, constants, fresh=fresh, form=form)


def _local_values(conditions: Sequence[Condition], constants: Context, start: str, end: str) -> Values:
    """Candidates for a key whose values begin with `start`.

    A condition that names another value in full may be met by a policy simulator, and by no call: it is kept apart.
    """
    patterns = list(text_globs(conditions, constants))
    found = cells(patterns, base=_ANYTHING, fresh=end, prefix=start, without=":/")
    named = dict.fromkeys(v for c in conditions for v in c.values if isinstance(v, str) and not set(v) & set("*?$"))
    others = tuple(v for v in named if not v.startswith(start) and not v.startswith("arn:"))
    families = {c.operator.family for c in conditions} - {Family.STRING, Family.ARN, Family.BOOL, Family.NULL}
    return Values(tuple(start + text for text in found.texts), others, found.complete and not families, found.cost)


Conditions = Mapping[str, Sequence[Condition]]


def single(key: str, by_key: Conditions, constants: Context, place: Place, aliases: Sequence[str] = ()) -> Variable:
    """A key on its own. `aliases` are keys that always have the same value."""
    conditions = [c for k in (key, *aliases) for c in by_key.get(k, ())]
    values = values_of(key, conditions, constants, place)
    variable = Variable(complete=values.complete, cost=values.cost)
    required = key in ALWAYS_PRESENT or key == "aws:securetransport"
    elements: list[Element] = [dict.fromkeys((key, *aliases), (v,)) for v in values.fitting]
    for element in elements if required else [{}, *elements]:
        variable.add(element)
    for value in values.others:
        variable.add(dict.fromkeys((key, *aliases), (value,)), lax=True)
    return variable


def time(by_key: Conditions, now: Decimal) -> Variable:
    """The date and the epoch seconds of one moment, from now on."""
    conditions = [c for key in TIME_KEYS for c in by_key.get(key, ())]
    texts = literals(conditions, Family.DATE) + literals(conditions, Family.NUMERIC)
    families = {c.operator.family for c in conditions} - {Family.DATE, Family.NUMERIC, Family.NULL}
    variable = Variable(complete=not families)
    for moment in instants(texts, now):
        variable.add({"aws:currenttime": (iso_date(moment),), "aws:epochtime": (str(int(moment)),)})
    return variable


def network_path(by_key: Conditions, constants: Context, place: Place) -> Variable:
    """From the internet with a source address, or through a VPC endpoint; AWS never sets the keys of both."""
    inside = [key for key in ENDPOINT_KEYS if key in by_key]
    source = values_of("aws:sourceip", by_key.get("aws:sourceip", ()), constants, place)
    ends = [values_of(key, by_key[key], constants, place) for key in inside]
    variable = Variable(complete=source.complete and all(v.complete for v in ends))
    variable.cost = source.cost + sum(values.cost for values in ends)
    addressed = [{"aws:sourceip": (v,)} for v in source.fitting] if "aws:sourceip" in by_key else [{}]
    for element in addressed:
        variable.add(element)
    combinations = list(_limited(variable, product(*(_marked(v) for v in ends))))
    for chosen in combinations:
        lax = any(mark for _, mark in chosen)
        variable.add({key: (value,) for key, (value, _) in zip(inside, chosen, strict=True)}, lax=lax)
    # Not documented: some of the keys of an endpoint without the others, or together with a source address.
    if len(inside) + ("aws:sourceip" in by_key) > 1:
        parts: list[list[Element]] = [
            [{}, *({key: (v,)} for v in values.fitting + values.others)]
            for key, values in zip(inside, ends, strict=True)
        ]
        for pieces in _limited(variable, product(*parts, [{}, *addressed])):
            variable.add({k: v for piece in pieces for k, v in piece.items()}, lax=True)
    return variable


def _marked(values: Values) -> list[tuple[str, bool]]:
    return [*((v, False) for v in values.fitting), *((v, True) for v in values.others)]


def _limited(variable: Variable, items: Iterable[T]) -> Iterator[T]:
    for count, item in enumerate(items):
        if count >= _MOST_ELEMENTS:
            variable.complete = False
            return
        yield item


def request_tags(by_key: Conditions, constants: Context, place: Place) -> Variable:
    """The tags given with the call: `aws:TagKeys` names exactly those for which `aws:RequestTag/` has a value."""
    prefix = "aws:requesttag/"
    named = [key.removeprefix(prefix) for key in by_key if key.startswith(prefix)]
    conditions = by_key.get("aws:tagkeys", ())
    names = key_values(conditions, constants, fresh="other")
    told_apart = list(_told_apart(names.fitting, named, conditions, constants))
    spellings = {name.lower(): name for name in reversed([*told_apart, *named])}
    spellings.update({name.lower(): name for name in told_apart})
    variable = Variable(complete=names.complete, cost=names.cost)
    choices: list[list[Element]] = []
    for lower, name in spellings.items():
        options: list[Element] = [{}]
        if lower in named:
            values = values_of(prefix + lower, by_key[prefix + lower], constants, place)
            variable.complete = variable.complete and values.complete
            variable.cost += values.cost
            options += [{prefix + lower: (v,), "aws:tagkeys": (name,)} for v in values.fitting]
        else:
            options.append({"aws:tagkeys": (name,)})
        choices.append(options)
    # Few tags first: `product` varies the last choice fastest and begins with no tag at all.
    for pieces in _limited(variable, product(*choices)):
        merged: dict[str, tuple[str, ...]] = {}
        for piece in pieces:
            for key, given in piece.items():
                merged[key] = merged.get(key, ()) + given
        variable.add(merged)
    # Two spellings of one name are two tags: not tried.
    variable.complete = variable.complete and len(told_apart) == len({name.lower() for name in told_apart})
    return variable


def _told_apart(
    names: Iterable[str], named: Sequence[str], conditions: Sequence[Condition], constants: Context
) -> Iterator[str]:
    """Of several names without a condition on their value, of which each condition says the same, one stands for all."""
    seen = set()
    for name in names:
        said = tuple(value_holds(c, name, constants) for c in conditions if c.operator.family is not Family.NULL)
        alone = name.lower() in named or Truth.UNKNOWN in said
        if alone or said not in seen:
            yield name
        if not alone:
            seen.add(said)


def several(key: str, by_key: Conditions, constants: Context, place: Place) -> Variable:
    """A key with several values: absent, and every small set of the values worth trying."""
    values = values_of(key, by_key[key], constants, place)
    variable = Variable(complete=values.complete, cost=values.cost)
    options: list[list[tuple[str, ...]]] = [[(), (v,)] for v in values.fitting]
    for pieces in _limited(variable, product(*options)):
        chosen = tuple(v for piece in pieces for v in piece)
        variable.add({key: chosen} if chosen else {})
    return variable


def some_identifier(kind: str) -> str:
    """The identifier of a resource, as AWS would give one."""
    return _PREFIXES.get(kind, "") + "0c0de0c0de0c0de00"


def identifier(
    kind: str, place: Place, patterns: Sequence[Glob], by_key: Conditions, keys: Iterable[str], constants: Context
) -> Variable:
    """The identifier of the resource, for the resource ARN and for the key of EC2's own that repeats it.

    The ARN itself is under the empty key.
    """
    prefix = place.arn(f"{kind}/")
    repeated = [key for key in keys if key in IDENTIFIER_KEYS and key in by_key]
    own = [g for key in repeated for g in text_globs(by_key[key], constants, prefix)]
    shape = glob(_PREFIXES.get(kind, "") + "?*")
    found = cells([*patterns, *own], base=shape, fresh=some_identifier(kind), prefix=prefix, without=":/")
    variable = Variable(complete=found.complete, cost=found.cost)
    for text in found.texts:
        element = {"": (prefix + text,), **dict.fromkeys(repeated, (text,))}
        variable.add(element)
    return variable


_PREFIXES: Final[Mapping[str, str]] = {
    "network-interface": "eni-",
    "subnet": "subnet-",
    "security-group": "sg-",
    "instance": "i-",
    "vpc": "vpc-",
}
