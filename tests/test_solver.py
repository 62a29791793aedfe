"""The search against trying everything out."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from policy.iam.search.solver import Alternative, Budget, BudgetExceededError, Constraint, solve

SIZE = 3


def _problem(rng: Random) -> tuple[list[Constraint], tuple[int, ...]]:
    def alternative() -> Alternative:
        return tuple((rng.randrange(3), rng.randrange(2**SIZE)) for _ in range(rng.randrange(4)))

    wanted = [tuple(alternative() for _ in range(rng.choice((0, 1, 2, 2, 3)))) for _ in range(rng.randrange(6))]
    return wanted, tuple(rng.randrange(1, 2**SIZE) for _ in range(3))


def _met(constraint: Constraint, choice: tuple[int, ...]) -> bool:
    return any(all(mask >> choice[variable] & 1 for variable, mask in alternative) for alternative in constraint)


def _choices(of: tuple[int, ...]) -> list[tuple[int, ...]]:
    return list(product(*([i for i in range(SIZE) if domain >> i & 1] for domain in of)))


def test_a_solution_is_found_where_there_is_one() -> None:
    rng = Random("solver")
    solved = 0
    for _ in range(2_000):
        wanted, of = _problem(rng)
        possible = [choice for choice in _choices(of) if all(_met(c, choice) for c in wanted)]
        solution = solve(wanted, of, Budget(100_000))
        assert (solution is not None) is bool(possible), (wanted, of)
        if solution is not None:
            solved += 1
            # Any choice from what is left meets every constraint, and nothing is left that was not there.
            assert all(left & ~domain == 0 for left, domain in zip(solution, of, strict=True))
            assert _choices(solution)
            assert set(_choices(solution)) <= set(possible), (wanted, of)
    assert 500 < solved < 1_500


def test_the_elements_that_come_first_are_kept() -> None:
    assert solve([], (7, 7), Budget(10)) == (7, 7)
    assert solve([(((0, 6),),)], (7, 7), Budget(10)) == (6, 7)
    assert solve([(((0, 6), (1, 1)),)], (7, 7), Budget(10)) == (6, 1)
    # An alternative that holds anyway narrows nothing.
    assert solve([(((0, 2),), ((1, 7),))], (7, 7), Budget(10)) == (7, 7)
    # The first alternative that leads somewhere.
    assert solve([(((0, 1),), ((0, 2),)), (((0, 6),),)], (7,), Budget(100)) == (2,)
    assert solve([(((0, 1),), ((0, 2),))], (7,), Budget(100)) == (1,)


def test_one_variable_twice_in_an_alternative_must_meet_both() -> None:
    assert solve([(((0, 1), (0, 2)),)], (3,), Budget(10)) is None
    assert solve([(((0, 3), (0, 2)),), ((),)], (3,), Budget(10)) == (2,)


def test_a_constraint_without_alternatives_cannot_be_met() -> None:
    assert solve([()], (1,), Budget(10)) is None


def test_the_budget_is_the_number_of_alternatives_looked_at() -> None:
    wanted: list[Constraint] = [(((0, 1),), ((0, 2),), ((0, 4),))]
    budget = Budget(3)
    assert solve(wanted, (7,), budget) == (1,)
    assert budget.left == 0
    with pytest.raises(BudgetExceededError):
        solve(wanted, (7,), Budget(2))


def test_a_spent_budget_stays_spent() -> None:
    budget = Budget(2)
    budget.spend(2)
    assert budget.left == 0
    for _ in range(2):
        with pytest.raises(BudgetExceededError):
            budget.spend(1)
