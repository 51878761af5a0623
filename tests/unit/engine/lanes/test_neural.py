"""Stacked lanes give each run the losses and gradients it would have alone, by plain autograd."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy, mse_loss

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.lane import Lane
from paretomtl.engine.lanes.base import Copies
from paretomtl.engine.lanes.neural import NeuralLanes
from paretomtl.engine.seeding import stable_hash
from paretomtl.errors import BadInput
from paretomtl.sweep.settings import Budget, Optimizer, Settings

CPU = torch.device("cpu")


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


def test_an_evaluation_costs_its_samples_in_steps(tiny_network: Any) -> None:
    """All three splits forward, against a minibatch forward and, twice as dear, backward."""
    lanes = NeuralLanes(tiny_network, [1, 2], batch_size=4, dtype=torch.float64, device=CPU)
    assert lanes.evaluation_cost(forward=1, backward=1) == 120 / (4 * 3)
    assert lanes.evaluation_cost(forward=1, backward=2) == 120 / (4 * 5)


def one(lanes: NeuralLanes, copies: Copies, lane: int) -> Any:
    module = lanes._problem.module().double()
    for name, value in zip(lanes._stack.trained, copies.trained, strict=True):
        module.get_parameter(name).data.copy_(value[lane])
    return module


def test_rows_heads_and_the_way_back_equal_plain_autograd(divided: Any) -> None:
    lanes = NeuralLanes(divided, [3, 4], batch_size=None, dtype=torch.float64, device=CPU)
    copies, sample = lanes.take_initial(), lanes.draw()
    losses, rows, heads, representation = lanes.split(copies, sample)
    weights = torch.tensor([[0.2, 0.8], [0.5, 0.7]], dtype=torch.float64)
    direction = (weights[:, :, None] * rows).sum(1)
    shared = lanes.shared_gradients(copies, representation, direction)
    for k in (0, 1):
        module = one(lanes, copies, k)
        x, label, target = (t[k] for t in sample)
        z = module.trunk(x).detach().requires_grad_()  # what the heads read: before tanh
        hidden = torch.tanh(z)
        own = [
            cross_entropy(module.left(hidden), label),
            mse_loss(module.right(hidden).squeeze(-1), target),
        ]
        for task, loss in enumerate(own):
            (row,) = torch.autograd.grad(loss, z, retain_graph=True)
            torch.testing.assert_close(rows[k, task], row.flatten(), rtol=1e-12, atol=1e-14)
            torch.testing.assert_close(losses[k, task], loss.detach(), rtol=1e-12, atol=0)
        head_rows = torch.autograd.grad(own[0], list(module.left.parameters()))
        for block, row in zip(heads, head_rows, strict=False):
            torch.testing.assert_close(block[k, 0], row.flatten(), rtol=1e-12, atol=1e-14)
        total = weights[k] @ divided.losses(module, tuple(t[k] for t in sample))
        expected = torch.autograd.grad(total, list(module.trunk.parameters()))
        for got, wanted in zip(shared, expected, strict=True):
            torch.testing.assert_close(got[k], wanted, rtol=1e-11, atol=1e-13)


def settings(**fields: Any) -> Settings:
    return Settings(
        optimizer=Optimizer(lr=0.01), budget=Budget(steps=15), level="representation", **fields
    )


def lane(name: str, seed: int = 0) -> Lane:
    return Lane(method=pm.method(name), preference=(0.3, 0.7), seed=seed, key=seed, lr=0.01)


def test_a_representation_that_is_not_there_is_named(tiny_network: Any) -> None:
    class Wrong(type(tiny_network)):
        @property
        def representation(self) -> str:
            return "encoder"

    with pytest.raises(BadInput, match="submodule 'encoder', which its network does not have"):
        Batch(Wrong(), [lane("mgda")], settings(), CPU)
