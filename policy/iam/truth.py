"""Three-valued answers, and the value that stands for "not known yet".

A preview has values that nobody knows before the update. A verdict that treats them as true or as false is a guess,
so every question in this pack is answered YES, NO or UNKNOWN, and Python's own `and`, `or`, `if` are refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final


class Truth:
    """Kleene's strong three-valued logic: a definite answer stays as it is, whatever the unknown turns out to be.

    Not an `Enum`: the judge compares with a member some hundred times a document, and until Python 3.12 to name a member
    of an Enum costs four times as much.
    """

    __slots__ = ("value",)

    YES: ClassVar[Truth]
    NO: ClassVar[Truth]
    UNKNOWN: ClassVar[Truth]

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Truth.{self.value.upper()}"

    def __bool__(self) -> bool:
        raise TypeError("a Truth has three values: compare it with Truth.YES, Truth.NO or Truth.UNKNOWN")

    def __invert__(self) -> Truth:
        return _INVERSE[self]

    @staticmethod
    def of(known: bool) -> Truth:
        """The answer to a question that has been decided."""
        return Truth.YES if known else Truth.NO


Truth.YES, Truth.NO, Truth.UNKNOWN = Truth("yes"), Truth("no"), Truth("unknown")
_INVERSE: Final = {Truth.YES: Truth.NO, Truth.NO: Truth.YES, Truth.UNKNOWN: Truth.UNKNOWN}


def all_of(answers: Iterable[Truth]) -> Truth:
    """YES if all are, NO if any is NO. Of nothing: YES."""
    result = Truth.YES
    for answer in answers:
        if answer is Truth.NO:
            return Truth.NO
        if answer is Truth.UNKNOWN:
            result = Truth.UNKNOWN
    return result


def any_of(answers: Iterable[Truth]) -> Truth:
    """YES if any is, NO if all are NO. Of nothing: NO."""
    result = Truth.NO
    for answer in answers:
        if answer is Truth.YES:
            return Truth.YES
        if answer is Truth.UNKNOWN:
            result = Truth.UNKNOWN
    return result


class Unknown:
    """A value that is not known yet, or that may not be shown. Nothing is known of it, not even its type.

    `secret` says that somebody knows it, and that it was hidden from the pack: no update will show it. `why` is the end of
    a sentence that begins with the place of the value, where no update decides it either; empty where one may.
    """

    __slots__ = ("secret", "why")

    def __init__(self, *, secret: bool = False, why: str = "") -> None:
        self.secret = secret
        self.why = why

    def __repr__(self) -> str:
        return "SECRET" if self.secret else "UNKNOWN"

    # The same whoever copies it: there is one of each.
    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, _: object) -> Unknown:
        return self


UNKNOWN: Final = Unknown()
HIDDEN_SECRET: Final = Unknown(secret=True)
