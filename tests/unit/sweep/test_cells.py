"""From one problem and one method to runs: which, and in which order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from paretomtl.errors import BadInput
from paretomtl.methods.base import methods
from paretomtl.problems.base import problems
from paretomtl.sweep.cells import Grid, Pair, preferences_of, runs_of, seeds_of
from paretomtl.sweep.options import choose
from paretomtl.sweep.settings import Budget, Optimizer, Settings, Stop

ROWS = ((0.0, 1.0), (0.5, 0.5))
SETTINGS = Settings(
    optimizer=Optimizer(lr=0.3), budget=Budget(steps=7), snapshots=2, stop=Stop(every=3)
)


def pair(method: str = "test_straight", problem: str = "test_bowl", **options: Any) -> Pair:
    problem_choice, made = choose(problems, problem, {"n": 5})
    method_choice, own = choose(methods, method, options)
    return Pair(made, problem_choice, own, method_choice)


def test_all_seeds_of_a_preference_stand_side_by_side() -> None:
    found = runs_of(pair(), SETTINGS, ROWS, (4, 2))
    expected = [(ROWS[0], 4), (ROWS[0], 2), (ROWS[1], 4), (ROWS[1], 2)]
    assert [(run.preference, run.seed) for run in found] == expected


def test_or_all_preferences_of_a_seed() -> None:
    found = runs_of(pair(), SETTINGS, ROWS, (4, 2), seed_by_seed=True)
    expected = [(ROWS[0], 4), (ROWS[1], 4), (ROWS[0], 2), (ROWS[1], 2)]
    assert [(run.preference, run.seed) for run in found] == expected


def test_a_run_states_its_problem_its_method_and_every_setting() -> None:
    (run,) = runs_of(pair("test_curved", gamma=2.0), SETTINGS, ROWS[1:], (0,))
    assert run.settings == SETTINGS
    assert (run.problem.label, run.method.label) == ("test_bowl(n=5)", "test_curved(gamma=2)")
    assert run.population == ()


def test_each_member_of_a_set_knows_the_whole_set() -> None:
    found = runs_of(pair("test_swarm"), SETTINGS, ROWS, (0, 1))
    assert [run.population for run in found] == [ROWS] * 4


def test_what_cannot_run_makes_no_run() -> None:
    with pytest.raises(BadInput, match="not differentiable"):
        runs_of(pair(problem="test_steps"), SETTINGS, ROWS, (0,))


def test_a_count_is_a_grid_and_a_grid_goes_to_any_number_of_objectives() -> None:
    assert preferences_of(3, 2) == ((0.0, 1.0), (0.5, 0.5), (1.0, 0.0))
    assert preferences_of(Grid(n=3), 2) == preferences_of(3, 2)
    corners = {(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)}
    assert set(preferences_of(3, 3)) == corners


def test_a_drawn_grid_follows_from_its_seed() -> None:
    first, again, other = (
        preferences_of(Grid(n=6, kind="dirichlet", seed=seed), 3) for seed in (1, 1, 2)
    )
    assert first == again != other
    assert np.shape(first) == (6, 3)
    np.testing.assert_allclose(np.sum(first, -1), 1, rtol=1e-6)


@pytest.mark.parametrize("given", [[[0.5, 0.5]], ((0.5, 0.5),), np.array([[0.5, 0.5]])])
def test_preferences_may_be_listed(given: Any) -> None:
    assert preferences_of(given, 2) == ((0.5, 0.5),)


def test_listed_preferences_fit_the_problem() -> None:
    with pytest.raises(BadInput):
        preferences_of([[0.5, 0.5]], 3)
    with pytest.raises(BadInput, match=r"sums to 1\.5"):
        preferences_of([[0.5, 1.0]], 2)


@pytest.mark.parametrize(
    ("given", "seeds"),
    [(3, (0, 1, 2)), ([5, 2], (5, 2)), (range(4, 6), (4, 5)), (np.arange(2), (0, 1))],
)
def test_seeds_are_counted_or_listed(given: Any, seeds: tuple[int, ...]) -> None:
    found = seeds_of(given)
    assert found == seeds
    assert all(type(seed) is int for seed in found)
