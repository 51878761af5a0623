"""`excess_mtl` against closed forms, limits and independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from paretomtl.methods.base import LaneShapes, Signals, method

F64 = torch.float64


M, N = 3, 6


@pytest.mark.parametrize("warmup", [0, 1, 3])
def test_excess_mtl_against_a_plain_loop(warmup):
    rows = torch.randn(7, M, N, generator=torch.Generator().manual_seed(9), dtype=F64).numpy()
    chosen = method("excess_mtl", step_size=0.5, warmup=warmup)
    state = chosen.init(LaneShapes((), M, n_parameters=N))
    squares, w, initial = 0.0, np.full(M, 1 / M), np.ones(M)
    for k, j in enumerate(rows):
        squares = squares + j**2
        excess = (j**2 / np.sqrt(squares + 1e-7)).sum(-1)
        if k >= warmup:
            w = w * np.exp(0.5 * excess / initial)
            w /= w.sum()
        if k == max(warmup - 1, 0):
            initial = excess
        direction, state = chosen.step(state, Signals(jacobian=torch.from_numpy(j)))
        np.testing.assert_allclose(direction.numpy(), w @ j, rtol=1e-10, atol=1e-14)


def test_excess_mtl_with_a_first_gradient_of_zero_stays_finite():
    chosen = method("excess_mtl", step_size=1.0)
    state = chosen.init(LaneShapes((), 2, n_parameters=2))
    for rows in (torch.tensor([[0.0, 0.0], [1.0, 1.0]]), torch.ones(2, 2)):
        direction, state = chosen.step(state, Signals(jacobian=rows.double()))
        assert direction.isfinite().all()
