"""Under `deterministic=True` a run's numbers do not depend on anything around it, for every kind of layer.

Every optimizer, one method of each kind, and networks of each kind of layer: alone, among seven, among
many, cut in two ways, on one thread and two, beside a lane that is NaN. Held to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

import paretomtl as pm
from paretomtl.engine.lane import Lane
from paretomtl.engine.optimizers import OPTIMIZERS
from paretomtl.engine.outcome import Outcome
from paretomtl.engine.planning.chunks import predicted_bytes, run_lanes
from paretomtl.engine.planning.compute import Compute
from paretomtl.problems.base import NeuralProblem, ProblemCard, Split
from paretomtl.sweep.settings import Budget, Optimizer, Settings


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.mix = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens)
        mixed, _ = self.mix(x, x, x, need_weights=False)
        return self.norm(x + mixed).mean(-2)


TRUNKS = {
    "linear": lambda: nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.Tanh()),
    "convolution": lambda: nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 8)
    ),
    "norms": lambda: nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.GELU(), nn.Flatten(), nn.Linear(64, 8)
    ),
    "attention and embedding": Attention,
}


class Network(nn.Module):
    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.left = nn.Linear(8, 3)
        self.right = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.trunk(x)
        return self.left(z), self.right(z)


@dataclass(frozen=True, kw_only=True, eq=False)
class Layers(NeuralProblem):
    """A small network of one kind of layer; seed 99 starts at NaN."""

    name = "layers"
    card = ProblemCard(summary="Made for a test.", source="this file", family="test")
    n_objectives = 2
    ideal = torch.zeros(2, dtype=torch.float64)
    nadir = torch.ones(2, dtype=torch.float64)
    batch_size = 8
    kind: str = "linear"

    def module(self) -> nn.Module:
        network = Network(TRUNKS[self.kind]())
        if torch.initial_seed() == POISON:
            nn.init.constant_(network.left.weight, torch.nan)
        return network

    def losses(self, module: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        x, label, target = batch
        left, right = module(x)
        return torch.stack((cross_entropy(left, label), mse_loss(right.squeeze(-1), target)))

    def data(self, split: Split) -> tuple[Tensor, ...]:
        g = torch.Generator().manual_seed(len(split))
        shape = (40, 9) if "attention" in self.kind else (40, 1, 6, 6)
        x = torch.randn(shape, generator=g)
        if "attention" in self.kind:
            x = torch.randint(11, shape, generator=g)
        return x, torch.randint(3, (40,), generator=g), torch.randn(40, generator=g)


def _poison() -> int:
    from paretomtl.engine.seeding import stable_hash

    return stable_hash("weights:99")


POISON = _poison()
FAMILIES = {"scalarization": "tchebycheff", "gramian": "upgrad", "jacobian": "graddrop"}
FAMILIES |= {"stateful": "nash_mtl", "random": "pcgrad"}


def lanes(method: str, count: int) -> list[Lane]:
    return [
        Lane(
            method=pm.method(method),
            preference=((k % 5) / 4, 1 - (k % 5) / 4),
            seed=k % 11,
            key=k,
            lr=0.01,
        )
        for k in range(count)
    ]


def assert_same(ours: Outcome, theirs: Outcome) -> None:
    assert ours.status == theirs.status
    for split, values in ours.losses.items():
        np.testing.assert_array_equal(values, theirs.losses[split])
    for name, values in ours.diagnostics.items():
        np.testing.assert_array_equal(values, theirs.diagnostics[name], err_msg=name)
    assert ours.metrics == theirs.metrics


def check(problem: Layers, method: str, optimizer: Any, most: int) -> None:
    settings = Settings(
        optimizer=Optimizer(name=optimizer, lr=0.01), budget=Budget(steps=4), snapshots=3
    )
    members = lanes(method, most)
    exact = Compute(device="cpu", deterministic=True)
    together = run_lanes(problem, members, settings, compute=exact)
    limit = predicted_bytes(problem, members, settings, 20, device=torch.device("cpu"))
    tight = Compute(device="cpu", deterministic=True, memory=limit)
    nan = Lane(method=members[0].method, preference=(0.5, 0.5), seed=99, key=99, lr=0.01)
    threads = torch.get_num_threads()
    for count, compute, n in ((1, exact, 1), (7, tight, 2), (7, exact, 1)):
        picked = [*range(most - count, most)]
        try:
            torch.set_num_threads(n)
            beside = [nan, *(members[i] for i in picked)]
            poisoned, *some = run_lanes(problem, beside, settings, compute=compute)
        finally:
            torch.set_num_threads(threads)
        assert poisoned.status == "diverged"
        for i, outcome in zip(picked, some, strict=True):
            assert_same(outcome, together[i])


@pytest.mark.parametrize("kind", list(TRUNKS))
@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_kind_of_layer_and_method(kind: str, family: str) -> None:
    check(Layers(kind=kind), FAMILIES[family], "adam", 24)


@pytest.mark.parametrize("kind", ["linear", "convolution"])
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_every_optimizer(kind: str, optimizer: str) -> None:
    check(Layers(kind=kind), "mgda", optimizer, 24)


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(TRUNKS))
def test_among_many(kind: str) -> None:
    check(Layers(kind=kind), "mgda", "adam", 128)
