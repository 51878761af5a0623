"""Small problems made for one test each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from paretomtl.engine.compiled import graph
from paretomtl.problems.base import AnalyticProblem, NeuralProblem, ProblemCard, Split

CARD = ProblemCard(summary="Made for a test.", source="this file", family="test")


@dataclass(frozen=True, kw_only=True, eq=False)
class Valley(AnalyticProblem):
    """Two quadratics in a box; seed `bad_seed` starts at NaN."""

    name = "valley"
    card = CARD
    bad_start: float | None = None

    n_objectives = 2
    n_variables = 3
    ideal = torch.zeros(2, dtype=torch.float64)
    nadir = torch.full((2,), 12.0, dtype=torch.float64)
    bounds = (torch.full((3,), -2.0).double(), torch.full((3,), 1.5).double())

    def _objectives(self, x: Tensor) -> Tensor:
        scale = torch.tensor([1.0, 3.0, 0.3], dtype=x.dtype, device=x.device)
        return torch.stack(
            (((x - 1) ** 2 * scale).sum(-1) + 0.1, ((x + 1) ** 2).sum(-1) + 0.1), dim=-1
        )

    def start(self, generator: torch.Generator) -> Tensor:
        start = super().start(generator)
        if self.bad_start is not None and start[0] > 0:
            start[1] = self.bad_start
        return start


class TinyNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Linear(4, 5)
        self.left = nn.Linear(5, 3)
        self.right = nn.Linear(5, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = torch.tanh(self.trunk(x))
        return self.left(z), self.right(z)


@dataclass(frozen=True, kw_only=True, eq=False)
class TinyNetwork(NeuralProblem):
    """Classification and regression on random data; one sample may be poisoned with NaN."""

    name = "tiny_network"
    card = CARD
    n_objectives = 2
    ideal = torch.zeros(2, dtype=torch.float64)
    nadir = torch.ones(2, dtype=torch.float64)
    batch_size = 8

    def module(self) -> nn.Module:
        return TinyNet()

    def losses(self, module: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        x, label, target = batch
        left, right = module(x)
        return torch.stack((cross_entropy(left, label), mse_loss(right.squeeze(-1), target)))

    def data(self, split: Split) -> tuple[Tensor, ...]:
        g = torch.Generator().manual_seed({"train": 0, "validation": 1, "test": 2}[split])
        x = torch.randn(40, 4, generator=g)
        return x, (x[:, 0] > 0).long() + (x[:, 1] > 0).long(), x[:, 2] * x[:, 3]


@pytest.fixture
def valley() -> type[Valley]:
    return Valley


@pytest.fixture
def tiny_network() -> TinyNetwork:
    return TinyNetwork()


@pytest.fixture
def only_recorded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Carry the recorded graph out as it is: compiling each case would take minutes."""
    graphs: list[Any] = []

    def keep(graph: Any, inputs: Any) -> Any:
        graphs.append(graph)
        return graph

    monkeypatch.setattr(graph, "_compile", keep)
    monkeypatch.setattr(graph, "_remembered", type(graph._remembered)())
    return graphs


@pytest.fixture
def divided(tiny_network: Any) -> Any:
    class Divided(type(tiny_network)):
        @property
        def representation(self) -> str:
            return "trunk"

    return Divided()
