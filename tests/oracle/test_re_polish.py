"""The script that computes the RE fronts, tried where the truth is known and against its own results."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from paretomtl_problems.analytic.dtlz import dtlz

import paretomtl as pm

REFERENCES = Path(__file__).parents[2] / "benchmarks" / "references"
spec = importlib.util.spec_from_file_location("re_polish", REFERENCES / "re_polish.py")
polish = importlib.util.module_from_spec(spec)
sys.modules["re_polish"] = polish
spec.loader.exec_module(polish)


def draw(problem, n, seed=0):
    lower, upper = problem.bounds
    generator = torch.Generator().manual_seed(seed)
    u = torch.rand(n, problem.n_variables, dtype=torch.float64, generator=generator)
    return lower + (upper - lower) * u


def refiner(problem, x):
    """Helped by a pool of `x`."""
    f = problem.objectives(x)
    keep = f.isfinite().all(-1)
    smooth = polish.Smooth(problem, (problem.nadir - problem.ideal).numpy())
    pool = smooth.snapped(x[keep].numpy()), f[keep].numpy()
    return polish.Refiner(smooth, *pool, problem.ideal.numpy())


def test_the_hypervolume_along_rays_is_the_closed_form(monkeypatch):
    monkeypatch.setattr(dtlz, "violation", None, raising=False)
    problem = pm.problem("dtlz2", n_objectives=3, n_variables=4)
    x = draw(problem, 1500)
    x[:, 2:] = 0.5
    found, off = polish.hypervolume(refiner(problem, x), problem.reference_point.numpy(), 150)
    error = abs(found / problem.best_hypervolume() - 1)
    assert error < 3e-3
    assert error < 10 * off / found  # the error that is stated is of the right size


@pytest.mark.parametrize("name", ["re21", "re22", "re31", "re33", "re34", "re35", "re37", "re42"])
def test_other_starts_get_no_stored_point_further(name):
    """Quadratic programs from starts that the script never saw do not dominate the stored points."""
    problem = pm.problem(name)
    by = refiner(problem, draw(problem, 4000, seed=99))
    span = (problem.nadir - problem.ideal).numpy()
    stored = problem.pareto_set(1000)
    some = stored[:: max(1, len(stored) // 6)]
    for x, f in zip(some.numpy(), problem.objectives(some).numpy(), strict=True):
        _, better, gain = by.refine(x, f, starts=4)
        assert gain <= problem.card.front_accuracy
        assert bool(((better - f) / span <= 1e-11).all())
        if name not in ("re31", "re33"):  # their cards say what is left
            assert bool(((f - better) / span <= 1e-5).all())  # in no objective by itself, either


@pytest.mark.parametrize("name", ["re24", "re32", "re34"])
def test_any_point_is_brought_to_the_front(name):
    """Refined from a poor place, a point dominates where it was and no stored point dominates it."""
    problem = pm.problem(name)
    by = refiner(problem, draw(problem, 4000, seed=7))
    span = (problem.nadir - problem.ideal).numpy()
    front = problem.front(1000).numpy()
    for x in draw(problem, 3, seed=5).numpy():
        f = by.smooth.evaluate(x)
        _, better, gain = by.refine(x, f)
        assert gain > 0
        assert bool(((better - f) / span <= 1e-11).all())
        assert np.min(np.max((front - better) / span, axis=1)) > -1e-6
