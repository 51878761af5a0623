"""The lane law: a run does not depend on which other runs share its batch. Held to the last bit.

Run over every registered method, on a formula and on a network, in float64.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.engine import seeding
from paretomtl.engine.lane import Lane
from paretomtl.engine.optimizers import OPTIMIZERS
from paretomtl.engine.outcome import Outcome
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.methods.base import Method, SetMethod
from paretomtl.problems.base import AnalyticProblem, Problem
from paretomtl.sweep.settings import Budget, Optimizer, Settings

PREFERENCES = [
    (0.1, 0.9),
    (0.5, 0.5),
    (0.25, 0.75),
    (1.0, 0.0),
    (0.6, 0.4),
    (0.5, 0.5),
    (0.8, 0.2),
    (0.0, 1.0),
]
SEEDS = [0, 0, 1, 1, 2, 2, 3, 3]


def _method(name: str) -> Method:
    return pm.method(name, **pm.methods[name].example)


def _lanes(method: Method, m: int = 2) -> list[Lane]:
    """Return eight lanes; beyond two tasks the second entry is shared out evenly."""
    return [
        Lane(
            method=method,
            preference=(p[0], *[p[1] / (m - 1)] * (m - 1)),
            seed=s,
            key=1000 + k,
            lr=0.02,
        )
        for k, (p, s) in enumerate(zip(PREFERENCES, SEEDS, strict=True))
    ]


def _assert_same(one: Outcome, other: Outcome) -> None:
    assert one.status == other.status
    for split, values in one.losses.items():
        np.testing.assert_array_equal(values, other.losses[split])
    if one.x is not None:
        np.testing.assert_array_equal(one.x, other.x)
    assert one.diagnostics.keys() == other.diagnostics.keys()
    for name, values in one.diagnostics.items():
        np.testing.assert_array_equal(values, other.diagnostics[name], err_msg=name)


PROBLEMS = ["vlmop2", pytest.param("multi_digits", marks=pytest.mark.slow)]


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("name", list(pm.methods))
def test_eight_lanes_together_equal_each_alone(name: str, problem: str) -> None:
    method = _method(name)
    if isinstance(method, SetMethod):
        pytest.skip("a set method's runs depend on their set by definition")
    if method.least_tasks > 2:
        if problem == "multi_digits":
            pytest.skip(f"needs {method.least_tasks} tasks")
        problem = "dtlz2"
    the_problem = pm.problem(problem)
    steps = 12 if isinstance(the_problem, AnalyticProblem) else 4
    settings = Settings(
        optimizer=Optimizer(name="adam"),
        budget=Budget(steps=steps),
        precision="float64",
        snapshots=4,
        batch_size=16,
    )
    lanes = _lanes(method, the_problem.n_objectives)
    together = run_lanes(the_problem, lanes, settings)
    for k in (0, 3, 7):
        (alone,) = run_lanes(the_problem, [lanes[k]], settings)
        _assert_same(together[k], alone)
    moved = run_lanes(the_problem, lanes[::-1], settings)
    for one, other in zip(together, moved[::-1], strict=True):
        _assert_same(one, other)


def _poisoned(problem: Problem) -> Problem:
    """Return the problem with the start of seed 1 not a number."""

    class Poisoned(type(problem)):
        def start(self, generator: torch.Generator) -> torch.Tensor:
            bad = generator.initial_seed() == seeding.generator(1, "start").initial_seed()
            return super().start(generator) * (float("nan") if bad else 1.0)

    options = {f.name: getattr(problem, f.name) for f in dataclasses.fields(problem)}
    return Poisoned(**options)


@pytest.mark.parametrize("name", list(pm.methods))
def test_a_lane_that_is_not_a_number_is_reported_and_changes_no_other(name: str) -> None:
    method = _method(name)
    if isinstance(method, SetMethod):
        pytest.skip("a set method's runs depend on their set by definition")
    healthy = pm.problem("vlmop2" if method.least_tasks <= 2 else "dtlz2")
    settings = Settings(optimizer=Optimizer(name="adam"), budget=Budget(steps=12), snapshots=4)
    clean = run_lanes(healthy, _lanes(method, healthy.n_objectives), settings)
    mixed = run_lanes(
        _poisoned(healthy),
        _lanes(method, healthy.n_objectives),
        settings,
    )
    for seed, one, other in zip(SEEDS, clean, mixed, strict=True):
        if seed == 1:
            assert other.status == "diverged"
            assert "step 0" in other.reason
        else:
            _assert_same(one, other)


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_a_network_that_blows_up_is_frozen_and_changes_no_other(optimizer: Any) -> None:
    problem = pm.problem("multi_digits", width=3)
    settings = Settings(
        optimizer=Optimizer(name=optimizer), budget=Budget(steps=30), snapshots=4, batch_size=16
    )
    method = pm.method("linear")
    tame = [
        Lane(method=method, preference=p, seed=s, key=k, lr=0.01)
        for k, (p, s) in enumerate(zip(PREFERENCES[:4], SEEDS[:4], strict=True))
    ]
    wild = [tame[0], dataclasses.replace(tame[1], lr=1e30), tame[2], tame[3]]
    calm = run_lanes(problem, tame, settings)
    mixed = run_lanes(problem, wild, settings)
    assert mixed[1].status == "diverged"
    assert "stopped being finite at step" in mixed[1].reason
    for k in (0, 2, 3):
        _assert_same(calm[k], mixed[k])
