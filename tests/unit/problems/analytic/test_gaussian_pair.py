"""Two Gaussian bumps, alike in both of their problems."""

import math

import pytest
import torch

import paretomtl as pm

F64 = torch.float64


def vec(*values):
    return torch.tensor(values, dtype=F64)


@pytest.mark.parametrize("name", ["concave_pair", "vlmop2"])
def test_the_concave_pair_has_the_known_figures(name):
    problem = pm.problem(name)
    x = torch.full((problem.n_variables,), 0.0, dtype=F64)
    torch.testing.assert_close(problem.objectives(x), vec(1 - 1 / math.e, 1 - 1 / math.e))
    for r, volume in ((1.0, 0.342116), (1.1, 0.552116), (2.0, 3.342116), (4.0, 15.342116)):
        assert problem.best_hypervolume(reference_point=[r, r]) == pytest.approx(volume, abs=1e-6)
    t = torch.linspace(-1, 1, 200001, dtype=F64)
    f = -torch.stack((-(t - 1).square(), -(t + 1).square()), -1).expm1()
    for w in torch.linspace(0.001, 0.999, 60, dtype=F64):
        reached = t[(f @ torch.stack((w, 1 - w))).argmin()]
        assert abs(float(reached)) >= 0.957504 - 1e-4  # what linear scalarization can reach
