"""Stacked lanes give each run the losses and gradients it would have alone, by plain autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import paretomtl as pm
from paretomtl.engine.lane import Lane
from paretomtl.engine.lanes.analytic import AnalyticLanes
from paretomtl.engine.lanes.network import shared_parameters
from paretomtl.engine.lanes.neural import NeuralLanes
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.engine.seeding import generator, stable_hash
from paretomtl.errors import BadInput
from paretomtl.sweep.settings import Budget, Optimizer, Settings

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


def test_neural_losses_and_gradients_equal_one_module_at_a_time(tiny_network: Any) -> None:
    lanes = NeuralLanes(tiny_network, [7, 9, 7], batch_size=None, dtype=torch.float64, device=CPU)
    batch = lanes.draw()
    copies = lanes.take_initial()
    losses, blocks = lanes.jacobian(copies, batch)
    weights = torch.tensor([[0.3, 0.7], [1.0, 0.0], [2.0, -1.0]], dtype=torch.float64)
    summed = lanes.gradients(copies, lanes.losses(copies, batch), weights)
    for k, seed in enumerate((7, 9, 7)):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stable_hash(f"weights:{seed}"))
            module = tiny_network.module().double()
        own = tiny_network.losses(module, tuple(t[k] for t in batch))
        torch.testing.assert_close(losses[k], own.detach(), rtol=1e-12, atol=1e-13)
        for task in range(2):
            rows = torch.autograd.grad(
                own[task],
                list(module.parameters()),
                retain_graph=True,
                materialize_grads=True,
                allow_unused=True,
            )
            for block, row in zip(blocks, rows, strict=True):
                torch.testing.assert_close(block[k, task], row.flatten(), rtol=1e-12, atol=1e-13)
        for total, block in zip(summed, blocks, strict=True):
            torch.testing.assert_close(
                total[k].flatten(), weights[k] @ block[k], rtol=1e-12, atol=1e-13
            )


def test_parameters_of_one_task_alone_are_not_shared(tiny_network: Any) -> None:
    shared, silent = shared_parameters(tiny_network, tiny_network.data("train"), 8)
    assert silent is None
    assert shared == {"trunk.weight", "trunk.bias"}


def test_evaluation_is_the_mean_over_the_whole_split(tiny_network: Any) -> None:
    lanes = NeuralLanes(tiny_network, [1, 2], batch_size=4, dtype=torch.float64, device=CPU)
    found = lanes.evaluate(lanes.take_initial())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stable_hash("weights:2"))
        module = tiny_network.module().double()
    x, label, target = tiny_network.data("test")
    expected = tiny_network.losses(module, (x.double(), label, target.double()))
    torch.testing.assert_close(found["test"][1], expected.detach(), rtol=1e-12, atol=0)
    assert set(found) == {"train", "validation", "test"}


def test_an_evaluation_costs_its_samples_in_steps(tiny_network: Any) -> None:
    """All three splits forward, against a minibatch forward and, twice as dear, backward."""
    lanes = NeuralLanes(tiny_network, [1, 2], batch_size=4, dtype=torch.float64, device=CPU)
    assert lanes.evaluation_cost(forward=1, backward=1) == 120 / (4 * 3)
    assert lanes.evaluation_cost(forward=1, backward=2) == 120 / (4 * 5)


@pytest.mark.parametrize(
    ("method", "snapshots", "steps"),
    [
        (
            "linear",
            None,
            [0, 5, 22, 92, 377, 500],
        ),  # an evaluation is 5 steps: 167 steps pay for one
        ("famo", None, [0, 5, 22, 92, 377, 500]),
        ("linear", 4, [0, 1, 22, 500]),
    ],
)
def test_snapshots_of_networks_take_their_small_share(
    tiny_network: Any, method: str, snapshots: int | None, steps: list[int]
) -> None:
    front = pm.trace(
        tiny_network, method, budget=pm.Budget(steps=500), lr=1e-3, snapshots=snapshots
    )
    assert front.outcomes[0].steps.tolist() == steps


def test_where_a_diverged_run_ends_does_not_depend_on_the_others(tiny_network: Any) -> None:
    settings = Settings(optimizer=Optimizer(name="sgd"), budget=Budget(steps=600))
    wild, tame = (
        Lane(method=pm.method("linear"), preference=(0.5, 0.5), seed=0, key=0, lr=lr)
        for lr in (1e18, 1e-3)
    )
    (alone,) = run_lanes(tiny_network, [wild], settings)
    beside, _ = run_lanes(tiny_network, [wild, tame], settings)
    assert alone.status == beside.status == "diverged"
    np.testing.assert_array_equal(alone.steps, beside.steps)
    np.testing.assert_array_equal(alone.losses["test"], beside.losses["test"])
    assert len(alone.steps) < 6


def test_running_statistics_are_refused_with_advice(tiny_network: Any) -> None:
    class Normalised(type(tiny_network)):
        def module(self) -> nn.Module:
            network = super().module()
            network.trunk = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5))
            return network

    with pytest.raises(BadInput, match=r"buffer 'trunk.1.num_batches_tracked'.*GroupNorm"):
        NeuralLanes(Normalised(), [0, 1], batch_size=4, dtype=torch.float64, device=CPU)


def _stack(problem: Any) -> NeuralLanes:
    return NeuralLanes(problem, [1, 2], batch_size=None, dtype=torch.float32, device=CPU)


def test_dropout_is_refused_by_the_layers_name(tiny_network: Any) -> None:
    class Dropping(type(tiny_network)):
        def module(self) -> nn.Module:
            module = super().module()
            module.trunk = nn.Sequential(module.trunk, nn.Dropout(0.5))
            return module

    with pytest.raises(BadInput, match=r"draws random numbers .*'trunk.1' \(Dropout\)"):
        _stack(Dropping())


def test_a_branch_on_values_is_refused_with_advice(tiny_network: Any) -> None:
    class Branching(type(tiny_network)):
        def losses(self, module: nn.Module, batch: Any) -> Any:
            losses = super().losses(module, batch)
            return losses * 2 if losses.sum().item() > 0 else losses

    with pytest.raises(BadInput, match=r"look at numbers while they compute .*torch\.where"):
        _stack(Branching())


def test_losses_of_another_shape_are_refused(tiny_network: Any) -> None:
    class Summed(type(tiny_network)):
        def losses(self, module: nn.Module, batch: Any) -> Any:
            return super().losses(module, batch).sum()

    with pytest.raises(
        BadInput, match=r"one number for each of the 2 tasks, a tensor \[2\]; found \[\]"
    ):
        _stack(Summed())
