"""Fronts found by one-dimensional roots, against brute force in the variables."""

import moocore
import numpy as np
import pytest
import torch
from paretomtl_problems.analytic import poloni, viennet
from paretomtl_problems.analytic.space_curve import curve_hypervolume, volume

import paretomtl as pm
from paretomtl.testing.problems.front_attack import margins, spans

F64 = torch.float64


def grid(low, high, counts):
    axes = [torch.linspace(a, b, k, dtype=F64) for a, b, k in zip(low, high, counts, strict=True)]
    return torch.cartesian_prod(*axes)


def staircase(f):
    """The non-dominated points of two objectives, sorted by the first."""
    order = np.lexsort((f[:, 1], f[:, 0]))
    f = f[order]
    keep = np.concatenate([[True], f[1:, 1] < np.minimum.accumulate(f[:, 1])[:-1]])
    return f[keep]


@pytest.mark.parametrize(
    ("name", "low", "high", "counts", "near"),
    [
        ("kursawe", (-1.2, -1.2, -1.2), (0.0, 0.0, 0.0), (97, 97, 97), 0.03),
        ("poloni", (-np.pi, -np.pi), (np.pi, np.pi), (1501, 1501), 0.002),
    ],
)
def test_two_objectives_against_a_grid(name, low, high, counts, near):
    """No grid point is below the front, and the grid's own front comes near it everywhere."""
    problem = pm.problem(name)
    points = staircase(problem.objectives(grid(low, high, counts)).numpy())
    front = problem.front(5000)
    cloud = torch.tensor(points)
    span = spans(problem)
    assert float(margins(cloud, front, span).max()) <= 1e-9
    gaps = torch.stack([((cloud - f).clamp_min(0) / span).norm(dim=-1).min() for f in front[::25]])
    assert float(gaps.max()) < near
    best = problem.best_hypervolume()
    covered = moocore.hypervolume(points, ref=problem.reference_point.numpy())
    assert 0.99 * best < covered < best


def test_viennet_against_a_grid():
    problem = pm.problem("viennet")
    assert torch.equal(problem.front(5), pm.problem("vlmop3").front(5))
    cloud = problem.objectives(grid((-3, -3), (3, 3), (301, 301)))
    front, span = problem.front(600), spans(problem)
    assert float(margins(cloud, front, span).max()) <= 1e-9
    assert float((cloud.amin(0) - problem.ideal).abs().max()) < 1e-3
    attained = torch.stack([((cloud - f).abs() / span).amax(-1).min() for f in front[::12]])
    assert float(attained.max()) < 0.03
    part = cloud[margins(cloud, front, span) > -0.02]
    covered = moocore.hypervolume(part.numpy(), ref=problem.reference_point.numpy())
    assert 0.97 * problem.best_hypervolume() < covered < problem.best_hypervolume()


def test_the_ends_of_poloni_pieces():
    """Beyond an end the next point is dominated: by the start of the next piece, at the same f1."""
    (_, _), (_, stop), (start, _) = poloni.PIECES
    levels = poloni.least(torch.tensor([stop, start], dtype=F64))
    assert float(levels[0] - levels[1]) == pytest.approx(0, abs=1e-12)
    assert float(poloni.least(torch.tensor([stop + 1e-4], dtype=F64)) - levels[0]) > 0
    assert poloni.touches(poloni.PIECES[0][1]) == pytest.approx(0, abs=1e-12)


def test_the_ends_of_viennet_pieces():
    (_, jump), (resumed, edge), (_, end) = viennet.PIECES

    def at(*s):
        return viennet.CURVE.point(torch.tensor(s, dtype=F64))

    every = at(*np.linspace(1e-4, 18, 20001))
    for s, inside in ((jump, -1), (resumed, 1), (end, -1)):
        kept, lost = at(s + inside * 1e-3), at(s - inside * 1e-3)
        assert not bool(((every <= kept - 1e-7).all(-1)).any())
        assert bool(((every <= lost + 1e-9).all(-1)).any())
    assert viennet.edge_distance(edge) == pytest.approx(0, abs=1e-12)


def test_volume_in_three_objectives_against_moocore():
    rng = np.random.default_rng(0)
    r = torch.tensor([1.0, 1.1, 0.9], dtype=F64)
    for n in (1, 2, 30, 400):
        points = rng.random((n, 3))
        points[n // 2] = points[0]  # a duplicate
        points[-1, :2] = points[0, :2]  # ties
        expected = moocore.hypervolume(points, ref=r.numpy())
        assert volume(torch.tensor(points), r) == pytest.approx(expected, rel=1e-12)


def test_the_volume_of_a_known_curve():
    """dtlz5's arc, whose volume has a closed form."""
    problem = pm.problem("dtlz5")

    def point(t):
        half = t.sin() * 0.5**0.5
        return torch.stack((half, half, t.cos()), -1)

    from paretomtl_problems.analytic.curve import Curve

    arc = Curve(point, ((0.0, np.pi / 2),))
    found = curve_hypervolume(arc, problem.reference_point, points=5001)
    assert found == pytest.approx(problem.best_hypervolume(), rel=2e-6)
