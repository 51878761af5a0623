"""The networks that the scripts of this folder time: two ten-class heads on a small trunk, random data."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from paretomtl.problems import NeuralProblem, ProblemCard, Split


class TwoHeads(nn.Module):
    def __init__(self, sizes: tuple[int, ...]) -> None:
        super().__init__()
        pairs = pairwise(sizes)
        self.trunk = nn.Sequential(
            *(layer for a, b in pairs for layer in (nn.Linear(a, b), nn.ReLU()))
        )
        self.first = nn.Linear(sizes[-1], 10)
        self.second = nn.Linear(sizes[-1], 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.trunk(x)
        return self.first(z), self.second(z)


class LeNet(nn.Module):
    def __init__(self, side: int) -> None:
        super().__init__()
        left = ((side - 4) // 2 - 4) // 2
        self.trunk = nn.Sequential(
            *(nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Conv2d(10, 20, 5), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(20 * left * left, 50), nn.ReLU()),
        )
        self.first = nn.Linear(50, 10)
        self.second = nn.Linear(50, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.trunk(x)
        return self.first(z), self.second(z)


@dataclass(frozen=True, kw_only=True, eq=False)
class Classification(NeuralProblem):
    """Two ten-class tasks on random inputs: the work of a step without a data set's loading."""

    name = "random classification"
    card = ProblemCard(summary="For timing.", source="this file", family="benchmark")
    sizes: tuple[int, ...] = (144, 128, 64)
    batch: int = 64
    n_objectives = 2
    ideal = torch.zeros(2, dtype=torch.float64)
    nadir = torch.ones(2, dtype=torch.float64)

    @property
    def batch_size(self) -> int:
        return self.batch

    def module(self) -> nn.Module:
        return TwoHeads(self.sizes)

    def losses(self, module: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        x, first, second = batch
        a, b = module(x)
        return torch.stack((cross_entropy(a, first), cross_entropy(b, second)))

    def data(self, split: Split) -> tuple[Tensor, ...]:
        g = torch.Generator().manual_seed(0)
        n = 4 * self.batch
        return (
            torch.randn(n, self.sizes[0], generator=g),
            torch.randint(10, (n,), generator=g),
            torch.randint(10, (n,), generator=g),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures(Classification):
    """The same with square pictures and a small convolutional network."""

    side: int = 16

    def module(self) -> nn.Module:
        return LeNet(self.side)

    def data(self, split: Split) -> tuple[Tensor, ...]:
        g = torch.Generator().manual_seed(0)
        n = 4 * self.batch
        return (
            torch.randn(n, 1, self.side, self.side, generator=g),
            torch.randint(10, (n,), generator=g),
            torch.randint(10, (n,), generator=g),
        )
