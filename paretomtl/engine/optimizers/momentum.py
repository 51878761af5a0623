"""Gradient descent, plain and with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from paretomtl.engine.optimizers.stacked import Corrections, StackedOptimizer


class SGD(StackedOptimizer):
    """`x <- x - lr g`."""

    name = "sgd"
    n_moments = 0

    def _update(
        self,
        x: Tensor,
        g: Tensor,
        moments: Sequence[Tensor],
        rate: Tensor,
        moving: Tensor,
        eps: float | Tensor,
    ) -> None:
        x.addcmul_(g, rate, value=-1)


class Momentum(StackedOptimizer):
    """Heavy ball: `v <- mu v - lr g`, `x <- x + v` (Polyak 1964)."""

    name = "momentum"
    n_moments = 1

    def _update(
        self,
        x: Tensor,
        g: Tensor,
        moments: Sequence[Tensor],
        rate: Tensor,
        moving: Tensor,
        eps: float | Tensor,
    ) -> None:
        (v,) = moments
        v.mul_(self.settings.momentum).addcmul_(g, rate, value=-1)
        x.addcmul_(v, moving)


class Nesterov(Momentum):
    """Nesterov's look-ahead: `v <- mu v - lr g(x + mu v)`, `x <- x + v`.

    The gradient is really taken at the look-ahead point, so every method sees it there. Weight decay
    is taken there too.
    """

    name = "nesterov"
    looks_ahead: ClassVar[bool] = True

    def look_ahead(
        self, parameters: Sequence[Tensor], moments: Sequence[Sequence[Tensor]]
    ) -> list[Tensor]:
        """Move to `x + mu v`, and return x."""
        flat = [p.flatten(1) for p in parameters]
        origin = [x.clone() for x in flat]
        for x, v in zip(flat, moments[0], strict=True):
            x.add_(v, alpha=self.settings.momentum)
        return origin

    def step(
        self,
        parameters: Sequence[Tensor],
        moments: Sequence[Sequence[Tensor]],
        gradients: Sequence[Tensor],
        *,
        lr: Tensor,
        alive: Tensor,
        factor: float | Tensor = 1.0,
        corrections: Corrections,
        origin: Sequence[Tensor] | None = None,
    ) -> None:
        """Apply one update from the point that was looked ahead from."""
        assert origin is not None
        # The penalty's gradient belongs to the point where the others were taken, so it is added before the
        # parameters go back.
        decay = self.settings.weight_decay
        if decay:
            gradients = [g.add(x, alpha=decay) for g, x in zip(gradients, parameters, strict=True)]
        for x, before in zip(parameters, origin, strict=True):
            x.flatten(1).copy_(before)
        super().step(
            parameters,
            moments,
            gradients,
            lr=lr,
            alive=alive,
            factor=factor,
            corrections=corrections,
        )

    def _decay(self, x: Tensor, g: Tensor, rate: Tensor) -> None:
        """Do nothing: the decay was taken at the look-ahead point."""
