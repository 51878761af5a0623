"""`moco` against closed forms, limits and independent implementations."""

from __future__ import annotations

import torch

from paretomtl.aggregation.lanes import clean
from paretomtl.aggregation.min_norm import min_norm_weights
from paretomtl.methods.base import LaneShapes, Signals, method

F64 = torch.float64


M, N = 3, 6


def test_moco_on_a_fixed_jacobian_tends_to_the_min_norm_point():
    rows = torch.randn(M, N, generator=torch.Generator().manual_seed(3), dtype=F64)
    chosen = method("moco", beta=0.5, beta_decay=0.0, weight_step=0.05, weight_step_decay=0.0)
    state = chosen.init(LaneShapes((), M, n_parameters=N))
    for _ in range(3000):
        direction, state = chosen.step(state, Signals(jacobian=rows))
    exact = min_norm_weights(clean(rows @ rows.T).matrix, precision=1e-16) @ rows
    torch.testing.assert_close(direction, exact, rtol=0, atol=1e-8)
