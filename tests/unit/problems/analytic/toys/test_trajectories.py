"""Planar quadratics against their published matrices and against a solver."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

import paretomtl as pm

F64 = torch.float64


def vec(*values):
    return torch.tensor(values, dtype=F64)


def test_ewq():
    ewq = pm.problem("ewq")
    assert ewq.objectives(vec(3.0, -2.0)).tolist() == [9.0, 4.0]
    assert ewq.front(5).tolist() == [[0.0, 0.0]]
    assert ewq.best_hypervolume(reference_point=[2.0, 3.0]) == 6.0


@pytest.mark.parametrize(
    ("name", "matrices", "minimizers"),
    [
        ("cqf", ([[1, 0.2], [0.2, 0.05]], [[3, -0.6], [-0.6, 0.2]]), ([1, 0], [-1, 0])),
        ("hqf", ([[2, -1], [-1, 2]], [[20, -10], [-10, 20]]), ([1, 0], [-10, 0])),
    ],
)
def test_quadratic_forms(name, matrices, minimizers):
    problem = pm.problem(name)
    x = np.random.default_rng(0).normal(size=(20, 2)) * 3
    pairs = list(zip(np.array(matrices, float), np.array(minimizers, float), strict=True))
    expected = np.stack([np.einsum("ki,ij,kj->k", x - u, a, x - u) for a, u in pairs], -1)
    np.testing.assert_allclose(problem.objectives(x), expected, rtol=1e-12)
    front = problem.front(200).numpy()
    for t in (0.1, 0.5, 0.9):  # convex: every front point minimizes a weighted sum

        def loss(x, t=t):
            f = problem.objectives(np.asarray(x)[None])[0]
            return t * f[0] + (1 - t) * f[1]

        found = minimize(loss, (0, 0), method="BFGS", options={"gtol": 1e-10})
        least = (front @ [t, 1 - t]).min()
        assert found.fun <= least + 1e-9
        assert least == pytest.approx(found.fun, rel=0.02)  # 200 points miss it by a step
