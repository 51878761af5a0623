"""The CAGrad toy against its published formula and against a solver."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

import paretomtl as pm

F64 = torch.float64


def vec(*values):
    return torch.tensor(values, dtype=F64)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def published_toy(x, s):
    """The toy as its paper's formula has it, written out for one point in plain Python."""
    x1, x2 = x
    c1, c2 = max(math.tanh(x2 / 2), 0), max(math.tanh(-x2 / 2), 0)
    l1 = math.log(max(abs(0.5 * (-x1 - 7) + math.tanh(x2)), 5e-6)) + 6
    l2 = math.log(max(abs(0.5 * (-x1 + 3) - math.tanh(x2) + 2), 5e-6)) + 6
    q1 = ((x1 - 7) ** 2 + 0.1 * (x2 + 8) ** 2) / 10 - 20
    q2 = ((x1 + 7) ** 2 + 0.1 * (x2 + 8) ** 2) / 10 - 20
    return s * (c1 * l1 + c2 * q1), c1 * l2 + c2 * q2


@pytest.mark.parametrize(
    ("setting", "s", "starts"), [("cagrad", 1, 3), ("nash_mtl", 0.1, 5), ("famo", 0.1, 5)]
)
def test_cagrad_toy_is_the_published_one(setting, s, starts):
    toy = pm.problem("cagrad_toy", setting=setting)
    x = np.random.default_rng(0).uniform(-10, 10, (100, 2))
    expected = np.array([published_toy(point, s) for point in x])
    np.testing.assert_allclose(toy.objectives(x), expected, rtol=1e-12)
    assert toy.starts.shape == (starts, 2)
    assert toy.starts[0].tolist() == [-8.5, 7.5]
    torch.testing.assert_close(toy.ideal, vec(-19.9894 * s, -19.9894), rtol=0, atol=5e-5)
    torch.testing.assert_close(toy.nadir, vec(-0.39794 * s, -0.39794), rtol=0, atol=5e-6)


@pytest.mark.parametrize("weight", [0.0, 0.1, 0.5, 0.8])
def test_the_pareto_set_of_cagrad_toy_minimizes_weighted_sums(weight):
    toy = pm.problem("cagrad_toy", setting="cagrad")

    def loss(x):
        f = toy.objectives(np.asarray(x)[None])[0]
        return weight * f[0] + (1 - weight) * f[1]

    found = minimize(
        loss, (7 * (2 * weight - 1), -8), method="Nelder-Mead", options={"xatol": 1e-9}
    )
    on_curve = toy.curve.point(vec(1 - weight))[0]
    assert weight * on_curve[0] + (1 - weight) * on_curve[1] <= found.fun + 1e-12
    depth = -8.4345 if weight == 0 else -8.3551 if weight == 0.5 else found.x[1]
    assert found.x[1] == pytest.approx(depth, abs=1e-4)


def test_the_start_on_both_clamps_moves():
    """torch gives the clamp slope one at its bound, and so the published start (0, 0) moves."""
    toy = pm.problem("cagrad_toy", start_index=1)
    x = toy.start(seeded(0)).requires_grad_()
    assert x.tolist() == [0.0, 0.0]
    (gradient,) = torch.autograd.grad(toy.objectives(x).sum(), x)
    assert gradient[1].abs() > 1
