"""Points of a formula are lanes in a box."""

from __future__ import annotations

from typing import Any

import torch

from paretomtl.engine.lanes.analytic import AnalyticLanes
from paretomtl.engine.seeding import generator

CPU = torch.device("cpu")


def test_analytic_jacobian_is_each_points_own(valley: Any) -> None:
    problem = valley()
    lanes = AnalyticLanes(problem, [0, 1, 2], dtype=torch.float64, device=CPU)
    losses, (jacobian,) = lanes.jacobian(lanes.take_initial(), ())
    for k, seed in enumerate((0, 1, 2)):
        x = problem.start(generator(seed, "start"))
        expected = torch.autograd.functional.jacobian(problem.objectives, x)
        torch.testing.assert_close(jacobian[k], expected, rtol=1e-14, atol=0)
        torch.testing.assert_close(losses[k], problem.objectives(x), rtol=0, atol=0)
