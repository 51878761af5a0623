"""One step of stacked lanes is the loop over runs that anyone would write by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.lane import Lane
from paretomtl.sweep.settings import Budget, Optimizer, Settings

CPU = torch.device("cpu")
PREFERENCES = ((0.2, 0.8), (0.5, 0.5), (0.9, 0.1))
RATES = (0.05, 0.2, 0.1)


def batch(problem: Any, method: str, **optimizer: Any) -> Batch:
    lanes = [
        Lane(method=pm.method(method), preference=p, seed=k, key=k, lr=lr)
        for k, (p, lr) in enumerate(zip(PREFERENCES, RATES, strict=True))
    ]
    settings = Settings(optimizer=Optimizer(name="sgd", **optimizer), budget=Budget(steps=8))
    return Batch(problem, lanes, settings, CPU)


def by_preference(rows: Tensor, preference: tuple[float, ...]) -> Tensor:
    return torch.tensor(preference, dtype=rows.dtype) @ rows


def shortest(rows: Tensor, preference: tuple[float, ...]) -> Tensor:
    """The point closest to the origin between two gradients, scaled by twice the preference."""
    first, second = rows * 2 * torch.tensor(preference, dtype=rows.dtype).unsqueeze(-1)
    apart = first - second
    share = (-(second @ apart) / (apart @ apart)).clamp(0, 1)
    return second + share * apart


@pytest.mark.parametrize(("method", "direction"), [("linear", by_preference), ("mgda", shortest)])
def test_steps_are_the_loop_by_hand(valley: Any, method: str, direction: Any) -> None:
    problem = valley()
    ours = batch(problem, method)
    lower, upper = problem.bounds
    expected = [row.clone() for row in ours.state.parameters[0].detach()]
    for step in range(8):
        seen = torch.stack([problem.objectives(x) for x in expected])
        for k, x in enumerate(expected):
            rows = torch.autograd.functional.jacobian(problem.objectives, x)
            moved = x - RATES[k] * direction(rows, PREFERENCES[k])
            expected[k] = moved.clamp(lower, upper)
        ours.step()
        torch.testing.assert_close(
            ours.state.parameters[0].detach(), torch.stack(expected), rtol=1e-12, atol=1e-13
        )
        torch.testing.assert_close(ours.last.losses, seen, rtol=1e-12, atol=0)
        assert ours.state.steps.tolist() == [step + 1] * 3
    assert ours.state.alive.all()
    assert ours.state.died.tolist() == [-1] * 3


def test_the_rate_falls_by_a_cosine(valley: Any) -> None:
    problem = valley()
    ours = batch(problem, "linear", schedule="cosine")
    x = ours.state.parameters[0].detach()[2].clone()
    cosine = (2 + 2**0.5) ** 0.5 / 2  # of pi / 8
    for factor in (1.0, 0.5 * (1 + cosine)):
        rows = torch.autograd.functional.jacobian(problem.objectives, x)
        x = (x - factor * RATES[2] * by_preference(rows, PREFERENCES[2])).clamp(*problem.bounds)
        ours.step()
        torch.testing.assert_close(ours.state.parameters[0].detach()[2], x, rtol=1e-12, atol=0)


@pytest.mark.parametrize("method", ["linear", "mgda"])
@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam"])
def test_a_lane_that_leaves_the_numbers_dies_there_and_stays(
    valley: Any, method: str, optimizer: Any
) -> None:
    """The second lane walks over an edge beyond which its losses are NaN."""

    class Edge(valley):
        edge = -torch.inf

        def _objectives(self, x: Tensor) -> Tensor:
            over = (x[..., :1] < self.edge) & (x[..., 1:2] < 0)
            return super()._objectives(x) + torch.where(over, torch.nan, 0.0).to(x.dtype)

    def started() -> Batch:
        lanes = [
            Lane(method=pm.method(method), preference=(0.3, 0.7), seed=k, key=k, lr=0.01)
            for k in range(3)
        ]
        settings = Settings(optimizer=Optimizer(name=optimizer), budget=Budget(steps=6))
        made = Batch(Edge(), lanes, settings, CPU)
        with torch.no_grad():
            start = [[0.5, 1.0, 1.2], [1.2, -1.8, -1.0], [-0.5, 1.0, 0.4]]
            made.state.parameters[0].copy_(torch.tensor(start))
        return made

    free, fenced = started(), started()
    path = [free.state.parameters[0].detach().clone()]
    read = []
    for _ in range(6):
        free.step()
        path.append(free.state.parameters[0].detach().clone())
    for step in range(6):
        # where the losses are read is the point itself, or the one that momentum looks ahead to
        ahead = 0.9 * (path[step] - path[step - 1]) if optimizer == "nesterov" and step else 0
        read.append(float((path[step] + ahead)[1, 0]))
    assert all(a > b for a, b in pairwise(read))
    Edge.edge = (read[3] + read[4]) / 2
    for step in range(6):
        fenced.step()
        assert fenced.state.alive.tolist() == [True, step < 4, True]
        assert fenced.state.died.tolist() == [-1, -1 if step < 4 else 4, -1]
        found = fenced.state.parameters[0].detach()
        torch.testing.assert_close(found[[0, 2]], path[step + 1][[0, 2]], rtol=0, atol=0)
        torch.testing.assert_close(found[1], path[min(step + 1, 4)][1], rtol=0, atol=0)


def test_methods_are_shown_the_losses_after_the_update(valley: Any) -> None:
    shown: list[Tensor] = []

    class Watching(type(pm.method("linear"))):
        reads_next_losses = True

        def observe(self, state: Any, signals: Any) -> Any:
            shown.append(signals.losses)
            return state

    problem = valley()
    lanes = [Lane(method=Watching(), preference=p, seed=0, key=0, lr=0.1) for p in PREFERENCES]
    settings = Settings(optimizer=Optimizer(name="sgd"), budget=Budget(steps=2))
    ours = Batch(problem, lanes, settings, CPU)
    for step in (1, 2):
        ours.step()
        assert len(shown) == step
        after = problem.objectives(ours.state.parameters[0].detach())
        torch.testing.assert_close(shown[-1], after, rtol=1e-14, atol=0)
