"""Laws with exact numbers: what linear sums miss, and when the power mean opens the middle."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

import paretomtl as pm
from paretomtl.problems.base import AnalyticProblem

REFERENCE = (1.1, 1.1)


@pytest.fixture(scope="module")
def vlmop2() -> AnalyticProblem:
    problem = pm.problem("vlmop2")
    assert isinstance(problem, AnalyticProblem)
    return problem


def test_linear_reaches_only_the_two_ends_of_a_concave_front(vlmop2: AnalyticProblem) -> None:
    """Only |t| >= 0.9575 ever minimises a weighted sum globally; local minima reach |t| > 0.92."""
    front = pm.trace(vlmop2, "linear", preferences=101, budget=pm.Budget(steps=2000), lr=0.02)
    assert bool(front.ok.all())
    t = front.x.mean(-1) * math.sqrt(front.x.shape[-1])
    assert float(t.abs().min()) > 0.92
    assert front.hypervolume(REFERENCE) == pytest.approx(0.2527, abs=2e-3)


def test_tchebycheff_reaches_the_whole_concave_front(vlmop2: AnalyticProblem) -> None:
    """The 101 exact Tchebycheff points have 0.547561; no 101 points have more than 0.547810."""
    front = pm.trace(
        vlmop2,
        "tchebycheff",
        preferences=101,
        budget=pm.Budget(steps=2000),
        optimizer=pm.Optimizer(name="adam", lr=0.02, schedule="cosine"),
    )
    whole = vlmop2.best_hypervolume(reference_point=REFERENCE)
    assert whole == pytest.approx(0.55211559312, abs=1e-10)
    found = front.hypervolume(REFERENCE)
    assert found <= vlmop2.best_hypervolume(101, reference_point=REFERENCE)
    assert found == pytest.approx(_exact_tchebycheff(101), abs=2e-5)
    assert round(found, 3) == 0.548


def _exact_tchebycheff(n: int) -> float:
    """Hypervolume of the points where w f1 = (1 - w) f2 on the front, for n equally spaced w."""

    def on_front(t: float) -> tuple[float, float]:
        return 1 - math.exp(-((t - 1) ** 2)), 1 - math.exp(-((t + 1) ** 2))

    def gap(t: float, w: float) -> float:
        f1, f2 = on_front(t)
        return w * f1 - (1 - w) * f2

    points = [on_front(brentq(gap, -1, 1, args=(w,))) for w in np.linspace(0, 1, n)]
    return pm.hypervolume(np.array(points), REFERENCE)


@pytest.mark.parametrize(("gamma", "stays"), [(1.85, False), (1.87, True)])
def test_the_balanced_point_is_kept_exactly_from_half_one_plus_e(gamma: float, stays: bool) -> None:
    """1 + e over 2 is 1.859: below it the balanced point is a saddle, above it a minimum."""
    problem = pm.problem("vlmop2", n_variables=2)
    # A single lane starting a little off balance: does it return to t = 0 or leave?
    front = pm.trace(
        problem,
        pm.method("power_mean", gamma=gamma),
        seeds=8,
        budget=pm.Budget(steps=8000),
        optimizer="sgd",
        lr=0.5,
    )
    t = front.x.mean(-1) * math.sqrt(2)
    balanced = t.abs() < 1e-3
    assert bool(balanced.all()) is stays
    if stays:
        torch.testing.assert_close(
            front.objectives, torch.full_like(front.objectives, 1 - 1 / math.e), atol=1e-3, rtol=0
        )
    else:
        assert not bool(balanced.any())
