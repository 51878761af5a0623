"""First-order optimizers on stacked lanes: element by element, so K lanes are K independent runs.

Each parameter is a tensor with the lanes in front. The learning rate is a float, or [lanes]. A lane
whose `alive` entry is False keeps its parameters and its moments exactly.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from paretomtl.sweep.spec import Optimizer as Settings


class StackedOptimizer(ABC):
    """Updates stacked parameters in place."""

    def __init__(
        self, parameters: Sequence[Tensor], settings: Settings, lr: float | Tensor
    ) -> None:
        self.parameters = list(parameters)
        self.settings = settings
        self._lr = [_per_lane(lr, p) for p in self.parameters]

    def look_ahead(self) -> None:  # noqa: B027 - only Nesterov looks ahead
        """Move the parameters to where the next gradient is taken; most stay where they are."""

    @abstractmethod
    def step(
        self, gradients: Sequence[Tensor], alive: Tensor, factor: float | Tensor = 1.0
    ) -> None:
        """Apply one update along minus the gradients.

        Args:
            gradients: One a parameter, lanes in front.
            alive: Which lanes may move, [lanes].
            factor: What multiplies the learning rate at this step, a number or [lanes].
        """

    def _rates(self, factor: float | Tensor) -> list[float | Tensor]:
        """Return this step's learning rate in the shape of each parameter."""
        if isinstance(factor, float):
            return self._lr if factor == 1.0 else [lr * factor for lr in self._lr]
        return [
            lr * shaped
            for lr, p in zip(self._lr, self.parameters, strict=True)
            if isinstance(shaped := _per_lane(factor, p), Tensor)
        ]

    def _decayed(self, gradient: Tensor, parameter: Tensor) -> Tensor:
        decay = self.settings.weight_decay
        return gradient if decay == 0 else gradient.add(parameter, alpha=decay)


class SGD(StackedOptimizer):
    """`x <- x - lr g`."""

    def step(
        self, gradients: Sequence[Tensor], alive: Tensor, factor: float | Tensor = 1.0
    ) -> None:
        """Apply one update."""
        for x, g, lr in zip(self.parameters, gradients, self._rates(factor), strict=True):
            keep = _mask(alive, x)
            x.sub_(torch.where(keep, lr * self._decayed(g, x), 0))


class Momentum(StackedOptimizer):
    """Heavy ball: `v <- mu v - lr g`, `x <- x + v` (Polyak 1964)."""

    def __init__(
        self, parameters: Sequence[Tensor], settings: Settings, lr: float | Tensor
    ) -> None:
        super().__init__(parameters, settings, lr)
        self.velocities = [torch.zeros_like(p) for p in self.parameters]

    def step(
        self, gradients: Sequence[Tensor], alive: Tensor, factor: float | Tensor = 1.0
    ) -> None:
        """Apply one update."""
        mu = self.settings.momentum
        for x, g, lr, v in zip(
            self.parameters, gradients, self._rates(factor), self.velocities, strict=True
        ):
            keep = _mask(alive, x)
            v.copy_(torch.where(keep, mu * v - lr * self._decayed(g, x), v))
            x.add_(torch.where(keep, v, 0))


class Nesterov(Momentum):
    """Nesterov's look-ahead: `v <- mu v - lr g(x + mu v)`, `x <- x + v`.

    The gradient is really taken at the look-ahead point, so every method sees it there.
    """

    def look_ahead(self) -> None:
        """Move to `x + mu v`."""
        self._origin = [p.clone() for p in self.parameters]
        for x, v in zip(self.parameters, self.velocities, strict=True):
            x.add_(v, alpha=self.settings.momentum)

    def step(
        self, gradients: Sequence[Tensor], alive: Tensor, factor: float | Tensor = 1.0
    ) -> None:
        """Apply one update from the point that was looked ahead from."""
        decayed = [self._decayed(g, x) for g, x in zip(gradients, self.parameters, strict=True)]
        mu = self.settings.momentum
        for x, o, g, lr, v in zip(
            self.parameters,
            self._origin,
            decayed,
            self._rates(factor),
            self.velocities,
            strict=True,
        ):
            keep = _mask(alive, x)
            v.copy_(torch.where(keep, mu * v - lr * g, v))
            x.copy_(torch.where(keep, o + v, o))


class Adam(StackedOptimizer):
    """Adam (Kingma & Ba 2015, Algorithm 1), weight decay added to the gradient."""

    decoupled = False

    def __init__(
        self, parameters: Sequence[Tensor], settings: Settings, lr: float | Tensor
    ) -> None:
        super().__init__(parameters, settings, lr)
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]
        self.steps = 0

    def step(
        self, gradients: Sequence[Tensor], alive: Tensor, factor: float | Tensor = 1.0
    ) -> None:
        """Apply one update."""
        self.steps += 1
        (b1, b2), eps = self.settings.betas, self.settings.eps
        c1, c2 = 1 - b1**self.steps, (1 - b2**self.steps) ** 0.5
        decay = self.settings.weight_decay
        for x, g, lr, m, v in zip(
            self.parameters, gradients, self._rates(factor), self.first, self.second, strict=True
        ):
            keep = _mask(alive, x)
            g = torch.where(keep, g if self.decoupled else self._decayed(g, x), 0)
            m.mul_(b1).add_(g, alpha=1 - b1)
            v.mul_(b2).addcmul_(g, g, value=1 - b2)
            move = (m / c1).div_(v.sqrt().div_(c2).add_(eps)).mul_(lr)
            if self.decoupled and decay:
                move = move.add_(lr * decay * x)
            x.sub_(torch.where(keep, move, 0))


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    decoupled = True


OPTIMIZERS: dict[str, Callable[..., StackedOptimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adam": Adam,
    "adamw": AdamW,
}
"""Every optimizer by the name a spec uses."""


def _per_lane(lr: float | Tensor, parameter: Tensor) -> float | Tensor:
    if not isinstance(lr, Tensor):
        return float(lr)
    shape = (-1, *[1] * (parameter.ndim - 1))
    return lr.to(dtype=parameter.dtype, device=parameter.device).reshape(shape)


def _mask(alive: Tensor, parameter: Tensor) -> Tensor:
    return alive.reshape(-1, *[1] * (parameter.ndim - 1))
