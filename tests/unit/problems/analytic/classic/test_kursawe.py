"""Kursawe's and Poloni's fronts, found by one-dimensional roots, against brute force in the variables."""

import moocore
import numpy as np
import pytest
import torch

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


def test_the_isolated_point_of_kursawe_is_always_sampled():
    for n in (1, 2, 37):
        front = pm.problem("kursawe").front(n)
        assert front.shape == (n, 2)
        torch.testing.assert_close(front[0], torch.tensor([-20.0, 0.0], dtype=torch.float64))


@pytest.mark.parametrize("n", [1, 2, 3, 20, 301])
def test_an_isolated_point_is_sampled_once(n: int) -> None:
    points = pm.problem("kursawe").front(n)
    assert len(torch.unique(points, dim=0)) == n
    assert points[:, 0].min() == -20
