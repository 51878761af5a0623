"""Stacked optimizers are K independent copies of the textbook ones."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch

import paretomtl as pm
from paretomtl.engine.optimizers import OPTIMIZERS
from paretomtl.sweep.settings import Optimizer, OptimizerName

RATES = torch.tensor([0.1, 0.03, 0.01], dtype=torch.float64)
TORCH = {
    "sgd": lambda p, o, lr: torch.optim.SGD([p], lr, weight_decay=o.weight_decay),
    "momentum": lambda p, o, lr: torch.optim.SGD(
        [p], lr, momentum=o.momentum, weight_decay=o.weight_decay
    ),
    "adam": lambda p, o, lr: torch.optim.Adam(
        [p], lr, betas=o.betas, eps=o.eps, weight_decay=o.weight_decay
    ),
    "adamw": lambda p, o, lr: torch.optim.AdamW(
        [p], lr, betas=o.betas, eps=o.eps, weight_decay=o.weight_decay
    ),
}


class Stepper:
    """An optimizer with the tensors that belong to its caller, and a count of steps."""

    def __init__(self, name: str, x: torch.Tensor, settings: Optimizer, lr: torch.Tensor) -> None:
        self.rule, self.x, self.lr, self.count = OPTIMIZERS[name](settings), x, lr, 0
        self.moments = self.rule.moments([x])

    def look_ahead(self) -> None:
        self.origin = None
        if self.rule.looks_ahead:
            self.origin = self.rule.look_ahead([self.x], self.moments)

    def step(self, gradients: list[torch.Tensor], alive: torch.Tensor) -> None:
        self.rule.step(
            [self.x],
            self.moments,
            gradients,
            lr=self.lr,
            alive=alive,
            corrections=self.rule.corrections(self.count),
            origin=self.origin,
        )
        self.count += 1


def test_the_optimizers_of_specs_are_those_of_the_engine() -> None:
    assert set(OPTIMIZERS) == set(get_args(OptimizerName))


def _gradient(x: torch.Tensor, step: int) -> torch.Tensor:
    return torch.cos(x * (1 + step)) + 0.3 * x


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", sorted(TORCH))
def test_each_lane_equals_torchs_own_optimizer(name: str, decay: float) -> None:
    settings = Optimizer(name=name, weight_decay=decay)
    start = torch.randn(3, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    stacked = start.clone()
    ours = Stepper(name, stacked, settings, RATES)
    alive = torch.ones(3, dtype=torch.bool)
    singles = [start[k].clone().requires_grad_() for k in range(3)]
    theirs = [TORCH[name](p, settings, float(RATES[k])) for k, p in enumerate(singles)]
    for step in range(20):
        ours.look_ahead()
        ours.step([_gradient(stacked, step)], alive)
        for p, optimizer in zip(singles, theirs, strict=True):
            p.grad = _gradient(p.detach(), step)
            optimizer.step()
    torch.testing.assert_close(stacked, torch.stack(singles).detach(), rtol=1e-12, atol=1e-13)


def test_nesterov_takes_its_gradient_at_the_look_ahead_point() -> None:
    settings = Optimizer(name="nesterov", momentum=0.8)
    x = torch.tensor([[1.0], [-2.0]], dtype=torch.float64)
    ours = Stepper("nesterov", x, settings, torch.full((2,), 0.1, dtype=torch.float64))
    alive = torch.ones(2, dtype=torch.bool)
    expected, velocity = x.clone(), torch.zeros_like(x)
    for step in range(10):
        ours.look_ahead()
        torch.testing.assert_close(x, expected + 0.8 * velocity)
        ours.step([_gradient(x, step)], alive)
        velocity = 0.8 * velocity - 0.1 * _gradient(expected + 0.8 * velocity, step)
        expected = expected + velocity
        torch.testing.assert_close(x, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_a_dead_lane_stays_where_it_is_and_its_neighbours_do_not_notice(name: str) -> None:
    settings = Optimizer(name=name, weight_decay=0.01)
    results = []
    for poison in (False, True):
        x = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(3, 4).clone()
        ours = Stepper(name, x, settings, torch.full((3,), 0.1, dtype=torch.float64))
        alive = torch.ones(3, dtype=torch.bool)
        at_death = None
        for step in range(6):
            ours.look_ahead()
            gradient = _gradient(x, step)
            if poison and step >= 3:
                gradient[1] = torch.nan
                alive[1] = False
            ours.step([gradient], alive)
            if step == 2:
                at_death = x[1].clone()
        results.append(x)
        if poison:
            assert torch.equal(x[1], at_death)
    assert torch.equal(results[0][[0, 2]], results[1][[0, 2]])
    assert not torch.equal(results[0][1], results[1][1])


@pytest.mark.parametrize("name", ["zdt3", "zdt6", "re21"])
def test_nesterov_takes_no_gradient_outside_of_the_box(name: str) -> None:
    """ZDT and RE formulas take roots of what is negative there."""
    problem = pm.problem(name)
    lower, upper = problem.bounds
    seen: list[bool] = []
    evaluate = type(problem).objectives

    def watched(self: Any, x: torch.Tensor) -> torch.Tensor:
        seen.append(bool(((x >= lower) & (x <= upper)).all()))
        return evaluate(self, x)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(problem), "objectives", watched)
        front = pm.trace(
            problem,
            "linear",
            preferences=6,
            budget=pm.Budget(steps=100),
            optimizer="nesterov",
            lr=0.02,
        )
    assert front.ok.all()
    assert len(seen) >= 100
    assert all(seen)
