"""IAM's wildcards: `*` is any run of characters, `?` any single one.

Every pattern becomes a `Glob`, a nondeterministic automaton whose set of states is one integer: a step costs a few
integer operations whatever the pattern looks like, so matching is linear in the text, also for `*a*a*a*`.
The same automaton lets `cells` find, for many patterns on one value, one text for each way they can turn out.

Sources: IAM User Guide, "IAM JSON policy elements: Resource" and "Amazon Resource Name (ARN) condition operators".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from policy.iam.truth import Truth

# Stand-ins for a `*` or `?` that is meant literally (`${*}` and `${?}` in IAM). Private use area: no IAM text has them.
LITERAL_STAR: Final = "\ue000"
LITERAL_QUESTION: Final = "\ue001"
_LITERALS: Final = {LITERAL_STAR: "*", LITERAL_QUESTION: "?"}

ARN_FIELDS: Final = 6
WILDCARDS: Final = frozenset("*?")

# More plain texts and prefixes on one value than these are not told apart: the steps that it takes grow with their square,
# and are far past what any question may cost.
_MOST_PREFIXES: Final = 500

# What a made-up text is made of.
FRESH: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.!~"


def unescaped(text: str) -> str:
    """The text with `${*}` and `${?}` as the characters they stand for."""
    return text.replace(LITERAL_STAR, "*").replace(LITERAL_QUESTION, "?")


def _in_order(pieces: tuple[str, ...], text: str) -> bool:
    """Whether the text is these pieces in their order, with anything between them."""
    if len(pieces) == 1:
        return text == pieces[0]
    at, end = len(pieces[0]), len(text) - len(pieces[-1])
    if at > end or not text.startswith(pieces[0]) or not text.endswith(pieces[-1]):
        return False
    for piece in pieces[1:-1]:
        # The first place is as good as any: what is found leaves the most room for the rest.
        at = text.find(piece, at, end) + len(piece)
        if at < len(piece):
            return False
    return True


class _Automaton(NamedTuple):
    """A pattern as a nondeterministic automaton whose sets of states are numbers.

    Bit `i` of a set says: the text so far may be what the first `i` characters of the pattern stand for, its stars not
    counted. A character that fits moves a state on by one bit; a star at a state keeps it there. So `a*b` has the states
    0, 1 and 2, with a loop at 1.
    """

    by_char: dict[str, int]
    """For each character, the states that it moves on."""
    any_char: int
    """The states that any character moves on, except a colon."""
    any_colon: int
    """Those of them that a colon moves on as well."""
    loop: int
    """The states that any character keeps, except a colon."""
    loop_colon: int
    """Those of them that a colon keeps as well."""
    chars_at: tuple[str, ...]
    """The characters that move each state on, in order of the states; empty for any."""
    colons: int
    """How many colons the pattern spells out."""


def _compiled(pattern: str, *, ignore_case: bool, arn: bool, field_stops: bool) -> _Automaton:
    by_char: dict[str, int] = {}
    chars_at: list[str] = []
    any_char = any_colon = loop = loop_colon = colons = 0
    for char in pattern:
        crosses_colon = not field_stops and (not arn or colons >= ARN_FIELDS - 1)
        bit = 1 << len(chars_at)
        if char == "*":
            loop |= bit
            loop_colon |= bit if crosses_colon else 0
            continue
        if char == "?":
            any_char |= bit
            any_colon |= bit if crosses_colon else 0
            chars_at.append("")
            continue
        literal = _LITERALS.get(char, char)
        variants = "".join(dict.fromkeys(literal + literal.lower() + literal.upper())) if ignore_case else literal
        for variant in variants:
            by_char[variant] = by_char.get(variant, 0) | bit
        chars_at.append(variants)
        colons += literal == ":"
    return _Automaton(by_char, any_char, any_colon, loop, loop_colon, tuple(chars_at), colons)


class Glob:
    """One wildcard pattern.

    `arn=True` matches as `ArnLike` does: six fields, each on its own, so a wildcard in one of the first five never
    takes in a colon. A pattern with fewer than six fields then matches nothing.
    """

    __slots__ = (
        "_any",
        "_any_colon",
        "_by_char",
        "_chars_at",
        "_fields",
        "_loop",
        "_loop_colon",
        "_pieces",
        "accept",
        "start",
    )

    def __init__(
        self, pattern: str, *, ignore_case: bool = False, arn: bool = False, field_stops: bool = False
    ) -> None:
        compiled = _compiled(pattern, ignore_case=ignore_case, arn=arn, field_stops=field_stops)
        self._by_char, self._chars_at = compiled.by_char, compiled.chars_at
        self._any, self._any_colon = compiled.any_char, compiled.any_colon
        self._loop, self._loop_colon = compiled.loop, compiled.loop_colon
        self.start = 0 if arn and compiled.colons < ARN_FIELDS - 1 else 1
        self.accept = 1 << len(compiled.chars_at)
        # Without `?`, a text matches if it holds the pieces between the stars in their order: found without the automaton.
        plain = not compiled.any_char and not ignore_case and not field_stops
        in_pieces = self.start and plain and (not arn or not compiled.loop)
        self._pieces = tuple(map(unescaped, pattern.split("*"))) if in_pieces else None
        fields = pattern.split(":", ARN_FIELDS - 1) if arn and not ignore_case else ()
        self._fields = tuple(glob(field) for field in fields) if len(fields) == ARN_FIELDS else ()

    def step(self, state: int, char: str) -> int:
        """The set of states after one more character; 0 when nothing can match any more."""
        if char == ":":
            return (state & self._loop_colon) | ((state & (self._by_char.get(char, 0) | self._any_colon)) << 1)
        return (state & self._loop) | ((state & (self._by_char.get(char, 0) | self._any)) << 1)

    def after(self, text: str) -> int:
        """The set of states after `text`."""
        state = self.start
        for char in text:
            if not state:
                break
            state = self.step(state, char)
        return state

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` matches."""
        if self._pieces is not None:
            return _in_order(self._pieces, text)
        if self._fields:
            fields = text.split(":", ARN_FIELDS - 1)
            # The last field tells most ARNs apart.
            return (
                len(fields) == ARN_FIELDS
                and self._fields[-1].matches(fields[-1])
                and all(g.matches(f) for g, f in zip(self._fields, fields, strict=True))
            )
        return bool(self.after(text) & self.accept)

    def settled(self, state: int) -> bool:
        """Whether, from `state` on, no text matches or every text does."""
        return not state or bool(state & self.accept & self._loop & self._loop_colon)

    def stuck(self, state: int, without: str) -> bool:
        """Whether no text without these characters leads from `state` to a match."""
        passable = self._any
        for char, positions in self._by_char.items():
            if char not in without:
                passable |= positions
        barred = (self.accept - 1) & ~passable
        return not state >> barred.bit_length()

    def next_chars(self, state: int) -> set[str]:
        """The literal characters that lead on from `state`: all others do what any fresh character does."""
        return {char for char, positions in self._by_char.items() if state & positions}

    def is_plain_prefix(self) -> bool:
        """Whether the pattern is a literal, alone or with `*` or `?*` at its end."""
        case_kept = all(len(chars) <= 1 for chars in self._chars_at)
        whole = self._loop == self._loop_colon and self._any == self._any_colon
        if self._any:
            return case_kept and whole and self._any == self.accept >> 1 and self._loop == self.accept
        return case_kept and whole and self._loop in (0, self.accept)

    def literal_prefix(self) -> str:
        """The characters before the first wildcard."""
        stop = (self._loop | self._any) & -(self._loop | self._any)
        length = stop.bit_length() - 1 if stop else len(self._chars_at)
        return "".join(chars[0] for chars in self._chars_at[:length])


@lru_cache(maxsize=16384)
def glob(pattern: str, ignore_case: bool = False, arn: bool = False) -> Glob:
    """The compiled pattern; kept, because the same few patterns come again in every document."""
    return Glob(pattern, ignore_case=ignore_case, arn=arn)


@lru_cache(maxsize=65536)
def action_matches(pattern: str, action: str) -> bool:
    """Whether an Action element covers an action name. Both are case-insensitive (IAM User Guide, "Action")."""
    pattern = pattern.lower()
    action = action.lower()
    if "*" not in pattern and "?" not in pattern:
        return pattern == action
    return glob(pattern).matches(action)


def arn_like(value: str, pattern: str) -> bool:
    """`ArnLike` and `ArnEquals`: six colon-separated fields, each matched alone; fewer never match."""
    return value.count(":") >= ARN_FIELDS - 1 and glob(pattern, arn=True).matches(value)


def may_name(pattern: str, resource: str) -> bool:
    """Whether the last field of a pattern of ARNs matches, such as `function:orders`: without that no ARN of it does."""
    fields = pattern.split(":", ARN_FIELDS - 1)
    return len(fields) == ARN_FIELDS and glob(fields[-1]).matches(resource)


def resource_like(resource: str, pattern: str) -> Truth:
    """Whether a Resource element covers a resource, `*` for an action without resource level.

    Fields are matched each on its own, missing ones completed with `*`. The User Guide also says that a wildcard at the
    end of a field can expand beyond the colon; where only that reading matches, the answer is UNKNOWN.
    Source: IAM User Guide, "IAM JSON policy elements: Resource".
    """
    if pattern == "*":
        return Truth.YES
    by_field, whole = _resource_globs(pattern)
    if by_field.matches(resource):
        return Truth.YES
    return Truth.UNKNOWN if by_field is not whole and whole.matches(resource) else Truth.NO


def resource_globs(patterns: Iterable[str]) -> list[Glob]:
    """The patterns that tell apart what `resource_like` answers."""
    return [g for pattern in patterns for g in _resource_globs(pattern)]


@lru_cache(maxsize=16384)
def _resource_globs(pattern: str) -> tuple[Glob, Glob]:
    if not pattern.startswith("arn:"):
        return glob(pattern), glob(pattern)
    missing = ARN_FIELDS - 1 - pattern.count(":")
    completed = pattern + ":*" * max(missing, 0)
    return glob(completed, arn=True), glob(pattern)


class Cells:
    """One text for each way in which the patterns can turn out on one value.

    `complete` says that no way is left out. `texts` are in a stable order, the plainest first. `cost` is the number of
    steps that it took to find them.
    """

    __slots__ = ("complete", "cost", "texts")

    def __init__(self, texts: Sequence[str], complete: bool, cost: int) -> None:
        self.texts = tuple(texts)
        self.complete = complete
        self.cost = cost


def cells(
    patterns: Iterable[Glob], *, base: Glob, fresh: str, prefix: str = "", without: str = "", limit: int = 10_000
) -> Cells:
    """Texts that match `base`, one for each combination of `patterns` that any text matching `base` can show.

    `prefix` is put before each text as the patterns see it and is not part of the text. `fresh` is a text matching
    `base` that a reader finds natural; it stands for the combination it shows. The characters in `without` are in no
    text. `limit` bounds the steps of the search: past it the result is not complete.
    """
    # After the prefix many patterns are settled: they match nothing more, or anything.
    open_globs = tuple([g for g in dict.fromkeys(patterns) if _is_open(g, prefix, without)])
    return _cells(open_globs, base, fresh, prefix, without, limit)


@lru_cache(maxsize=4096)
def _is_open(pattern: Glob, prefix: str, without: str) -> bool:
    """Whether some texts match after the prefix and others do not."""
    state = pattern.after(prefix)
    return not pattern.settled(state) and not pattern.stuck(state, without)


@lru_cache(maxsize=512)
def _cells(globs: tuple[Glob, ...], base: Glob, fresh: str, prefix: str, without: str, limit: int) -> Cells:
    found: dict[tuple[bool, ...], str] = {}

    def keep(text: str) -> None:
        found.setdefault(tuple(g.matches(prefix + text) for g in globs), text)

    keep(fresh)
    if not globs:
        return Cells((fresh,), complete=True, cost=1)
    if base.is_plain_prefix() and all(g.is_plain_prefix() for g in globs):
        if len(globs) > _MOST_PREFIXES:
            return Cells((fresh,), complete=False, cost=2 * len(globs) ** 2)
        for text in _prefix_texts(globs, base, prefix):
            if not set(text).intersection(without):
                keep(text)
        return Cells(tuple(found.values()), complete=True, cost=2 * len(globs) ** 2)
    # Breadth first, so the text kept for a combination is a shortest one.
    start = (base.start, *(g.after(prefix) for g in globs))
    seen = {start}
    queue: list[tuple[tuple[int, ...], str]] = [(start, "")]
    all_globs = (base, *globs)
    cost = 0
    for states, text in queue:
        if states[0] & base.accept:
            found.setdefault(tuple(bool(s & g.accept) for s, g in zip(states[1:], globs, strict=True)), text)
        # Any character that no pattern waits for here does what any other such character does; a colon is apart,
        # because it ends a field of an ARN.
        waited = {":"}.union(*(g.next_chars(s) for g, s in zip(all_globs, states, strict=True)))
        waited.difference_update(without)
        other = next((c for c in FRESH if c not in waited), "")
        chars = [other, *sorted(waited)] if other else sorted(waited)
        cost += len(chars) * len(all_globs)
        for char in chars:
            after = tuple(g.step(s, char) for g, s in zip(all_globs, states, strict=True))
            if not after[0] or after in seen:
                continue
            if cost >= limit:
                return Cells(tuple(found.values()), complete=False, cost=cost)
            seen.add(after)
            queue.append((after, text + char))
    return Cells(tuple(found.values()), complete=True, cost=cost)


def _prefix_texts(globs: Sequence[Glob], base: Glob, prefix: str) -> Iterable[str]:
    """Where every pattern is `text`, `text*` or `text?*`: each text, and each with a tail that runs into no other.

    Complete, because how the patterns turn out depends on the longest `text` that a value starts with or equals. Each
    begins with `prefix`: what does not is settled by it.
    """
    stems = {g.literal_prefix() for g in globs} | {prefix + base.literal_prefix()}
    for stem in sorted(stems, key=lambda s: (len(s), s)):
        taken = {other[len(stem)] for other in stems if len(other) > len(stem) and other.startswith(stem)}
        tail = next((c for c in FRESH if c not in taken), "")
        for text in (stem[len(prefix) :], stem[len(prefix) :] + tail):
            if base.matches(text):
                yield text
