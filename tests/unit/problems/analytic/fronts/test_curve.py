"""Two-objective fronts: even sampling, exact hypervolume, the best N points."""

import itertools
import math

import moocore
import numpy as np
import pytest
import torch
from paretomtl_problems.analytic.fronts.curve import Curve
from scipy.optimize import minimize

import paretomtl as pm

LINE = Curve(lambda t: torch.stack((t, 1 - t), -1))
ROOT = Curve(lambda t: torch.stack((t.square(), 1 - t), -1))  # zdt1's front
ARC = Curve(lambda t: torch.stack((t.sin(), t.cos()), -1), ((0.0, math.pi / 2),))
R = torch.tensor([1.1, 1.1], dtype=torch.float64)


def volume(points, reference=(1.1, 1.1)):
    return moocore.hypervolume(np.asarray(points), ref=np.asarray(reference))


@pytest.mark.parametrize("name", ["zdt1", "zdt2", "zdt4", "vlmop2", "cqf", "planar_pair"])
def test_samples_are_spread_evenly_and_reach_both_ends(name):
    problem = pm.problem(name)
    front = problem.front(50)
    steps = front.diff(dim=0).norm(dim=-1)
    assert len(front) == 50
    assert float(steps.max() / steps.min()) < 1.03  # chords of equal arcs
    torch.testing.assert_close(front[0], torch.stack((problem.ideal[0], problem.nadir[1])))
    torch.testing.assert_close(front[-1], torch.stack((problem.nadir[0], problem.ideal[1])))


def test_samples_spread_over_pieces_by_their_length():
    front = pm.problem("zdt3").front(2000)
    steps = front.diff(dim=0).norm(dim=-1)
    inside = steps[steps < 10 * steps.median()]
    assert len(steps) - len(inside) == 4  # the gaps
    assert float(inside.max() / inside.min()) < 1.2


def test_hypervolume_inside_the_front():
    """The reference point may cut the front: `y = 1 - x^2` up to x = 0.6, above y = 0.3."""
    parabola = Curve(lambda t: torch.stack((t, 1 - t.square()), -1))
    x = math.sqrt(0.7)  # where the front passes f2 = 0.3; nothing beyond x is below it before
    assert parabola.hypervolume(torch.tensor([0.6, 0.3])) == 0.0
    exact = 0.3 * (0.9 - x) - (0.9 - x) + (0.9**3 - x**3) / 3
    found = parabola.hypervolume(torch.tensor([0.9, 0.3], dtype=torch.float64))
    assert found == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("curve", [LINE, ROOT, ARC], ids=["line", "root", "arc"])
def test_the_best_points_against_a_general_optimizer(curve, n):
    """Nelder-Mead from 20 starts, on the hypervolume that moocore computes."""
    low, high = curve.pieces[0]
    rng = np.random.default_rng(n)

    def loss(t):
        points = curve.point(torch.tensor(np.clip(t, low, high)))
        return -volume(points.numpy())

    tight = {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 4000, "maxfev": 4000}
    starts = np.sort(rng.uniform(low, high, (20 if n < 4 else 6, n)), -1)
    found = max(-minimize(loss, start, method="Nelder-Mead", options=tight).fun for start in starts)
    best = curve.best_hypervolume(n, R)
    assert best == pytest.approx(found, abs=1e-7)
    assert best >= found - 1e-11


def test_the_best_points_of_a_line_are_equally_spaced():
    """For f1 + f2 = 1 and N >= 2 the ends and equal steps are best when r - 1 >= 1 / (N - 1)."""
    for n in (11, 40, 150):
        steps = np.linspace(0, 1, n)
        r = 1 + 2 / (n - 1)
        exact = volume(np.stack((steps, 1 - steps), -1), (r, r))
        best = LINE.best_hypervolume(n, torch.tensor([r, r], dtype=torch.float64))
        assert best == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize("name", ["zdt1", "zdt2", "zdt3", "dtlz7", "kursawe", "poloni", "wfg2"])
def test_more_points_reach_more_and_never_the_whole(name):
    options = {"n_objectives": 2} if "n_objectives" in pm.problems.options(name) else {}
    problem = pm.problem(name, **options)
    whole = problem.best_hypervolume()
    reached = [problem.best_hypervolume(n) for n in (1, 2, 5, 20, 100, 130)]
    assert all(a < b for a, b in itertools.pairwise(reached))
    assert reached[-1] < whole
    assert reached[-1] > 0.98 * whole
    for n, best in zip((5, 20, 100), reached[2:5], strict=True):
        assert best >= volume(problem.front(n).numpy(), problem.reference_point.numpy()) - 1e-12


@pytest.mark.parametrize("name", ["zdt1", "zdt3", "kursawe"])
def test_every_further_point_adds_less(name):
    """The best volume is concave in the number of points; the search changes its ways at 100."""
    problem = pm.problem(name)
    reached = [problem.best_hypervolume(n) for n in range(98, 104)]
    added = np.diff(reached)
    assert (added > 0).all()
    assert (np.diff(added) < 1e-10).all()
