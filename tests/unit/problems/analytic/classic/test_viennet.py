"""Viennet's front against brute force in the variables."""

import moocore
import numpy as np
import pytest
import torch
from paretomtl_problems.analytic.classic import viennet

import paretomtl as pm
from paretomtl.testing.problems.front_attack import margins, spans

F64 = torch.float64


def grid(low, high, counts):
    axes = [torch.linspace(a, b, k, dtype=F64) for a, b, k in zip(low, high, counts, strict=True)]
    return torch.cartesian_prod(*axes)


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
