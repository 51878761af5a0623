"""Points of a formula are lanes in a box."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from paretomtl.engine.lanes.analytic import AnalyticLanes
from paretomtl.engine.seeding import generator
from paretomtl.errors import Unfit

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


def test_points_begin_in_the_box_and_are_put_back_into_it(valley: Any) -> None:
    class Outside(valley):
        def start(self, generator: torch.Generator) -> torch.Tensor:
            return torch.tensor([5.0, 0.25, -7.0], dtype=torch.float64)

    lanes = AnalyticLanes(Outside(), [0], dtype=torch.float64, device=CPU)
    copies = lanes.take_initial()
    assert copies.trained[0].tolist() == [[1.5, 0.25, -2.0]]
    with torch.no_grad():
        copies.trained[0].copy_(torch.tensor([[-3.0, 1.0, 2.0]]))
    lanes.project(copies)
    assert copies.trained[0].tolist() == [[-2.0, 1.0, 1.5]]


def test_bounds_are_rounded_into_the_box(valley: Any) -> None:
    class Thirds(valley):
        bounds = (torch.full((3,), -1 / 3).double(), torch.full((3,), 0.1).double())

    lower, upper = Thirds.bounds
    lanes = AnalyticLanes(Thirds(), [0], dtype=torch.float32, device=CPU)
    copies = lanes.take_initial()
    for beyond in (-9.0, 9.0):
        with torch.no_grad():
            copies.trained[0].fill_(beyond)
        lanes.project(copies)
        point = copies.trained[0].double()
        assert ((lower <= point) & (point <= upper)).all()
        nearest = upper if beyond > 0 else lower
        torch.testing.assert_close(point[0], nearest, rtol=2.5e-7, atol=0)
    single = torch.tensor(0.1, dtype=torch.float32)
    assert float(single) > 0.1  # so that rounding to the nearest would have left the box


def test_an_evaluation_and_an_end_are_of_the_points(valley: Any) -> None:
    problem = valley()
    lanes = AnalyticLanes(problem, [0, 1], dtype=torch.float64, device=CPU)
    copies = lanes.take_initial()
    (found,) = lanes.evaluate(copies).values()
    assert torch.equal(found, problem.objectives(copies.trained[0].detach()))
    x, metrics = lanes.finish(copies)
    assert x is not None
    assert metrics == [{}, {}]
    with torch.no_grad():
        copies.trained[0].zero_()
    assert not (x == 0).any()


def test_objectives_of_another_shape_are_refused(valley: Any) -> None:
    class Summed(valley):
        def objectives(self, x: Any) -> Any:
            return super().objectives(x).sum(-1)

    with pytest.raises(Unfit, match=r"numbers \[2, 2\], one row a point; found \[2\]"):
        AnalyticLanes(Summed(), [0, 1], dtype=torch.float64, device=CPU)
