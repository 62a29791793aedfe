"""A small exact search: pick one element for each variable so that every constraint is met.

A variable's elements are numbered, a set of them is an integer with one bit each. A constraint is a list of
alternatives, an alternative a conjunction of (variable, allowed elements). That is enough for IAM: an Allow must match
in one of its statements (all of its parts), a Deny must fail in one of its parts.
"""

from __future__ import annotations

from collections.abc import Sequence

Alternative = tuple[tuple[int, int], ...]
Constraint = tuple[Alternative, ...]


class BudgetExceededError(Exception):
    """The search was given up: neither a solution nor its absence is known."""


class Budget:
    """How many alternatives may still be looked at."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Raises BudgetExceededError when there is nothing left."""
        self.left -= steps
        if self.left < 0:
            raise BudgetExceededError


def solve(constraints: Sequence[Constraint], domains: tuple[int, ...], budget: Budget) -> tuple[int, ...] | None:
    """The domains narrowed so that every constraint holds for any choice from them, or None where there is no way.

    Raises BudgetExceededError.
    """
    open_constraints = list(constraints)
    while True:
        narrowest: Constraint | None = None
        still_open: list[Constraint] = []
        for constraint in open_constraints:
            budget.spend(len(constraint))
            if any(all(not domains[v] & ~mask for v, mask in alternative) for alternative in constraint):
                continue  # holds whatever is chosen
            viable = tuple(a for a in constraint if all(domains[v] & mask for v, mask in a))
            if not viable:
                return None
            still_open.append(viable)
            if narrowest is None or len(viable) < len(narrowest):
                narrowest = viable
        if narrowest is None:
            return domains
        still_open.remove(narrowest)
        if len(narrowest) == 1:
            after = _narrow(domains, narrowest[0])
            if after is None:
                return None
            domains, open_constraints = after, still_open
            continue
        for alternative in narrowest:
            after = _narrow(domains, alternative)
            solution = solve(still_open, after, budget) if after is not None else None
            if solution is not None:
                return solution
        return None


def _narrow(domains: tuple[int, ...], alternative: Alternative) -> tuple[int, ...] | None:
    narrowed = list(domains)
    for variable, mask in alternative:
        narrowed[variable] &= mask
        if not narrowed[variable]:
            return None
    return tuple(narrowed)
