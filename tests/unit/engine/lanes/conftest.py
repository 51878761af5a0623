"""A problem of networks whose parts a test replaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss


class Net(nn.Module):
    def __init__(self, inputs: int = 10, width: int = 16) -> None:
        super().__init__()
        self.trunk = nn.Linear(inputs, width)
        self.left, self.right = nn.Linear(width, 1), nn.Linear(width, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = torch.tanh(self.trunk(x))
        return self.left(z)[..., 0], self.right(z)[..., 0]


@pytest.fixture
def made(tiny_network: Any) -> Callable[..., Any]:
    """Return a problem whose parts are replaced."""

    def data(self: Any, split: str) -> tuple[Tensor, ...]:
        g = torch.Generator().manual_seed(len(split))
        return torch.randn(40, 10, generator=g), *torch.randn(2, 40, generator=g)

    def losses(self: Any, net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        x, s, t = batch
        a, b = net(x)
        return torch.stack((mse_loss(a, s), mse_loss(b, t)))

    def make(**parts: Any) -> Any:
        given = {"module": lambda self: Net(), "losses": losses, "data": data, **parts}
        return type("Made", (type(tiny_network),), given)()

    return make
