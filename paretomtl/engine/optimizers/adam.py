"""Adam, and Adam with decoupled weight decay."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from paretomtl.engine.optimizers.stacked import Corrections, StackedOptimizer


class Adam(StackedOptimizer):
    """Adam (Kingma & Ba 2015, Algorithm 1), weight decay added to the gradient.

    With the bias corrections moved to the rate: `lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps')`,
    where `eps' = eps sqrt(1 - b2^t)`; the same numbers in fewer operations (their section 2).
    """

    name = "adam"
    n_moments = 2

    def corrections(self, step: int) -> Corrections:
        """Return the bias correction of the rate, and of eps."""
        b1, b2 = self.settings.betas
        root = (1 - b2 ** (step + 1)) ** 0.5
        return Corrections(root / (1 - b1 ** (step + 1)), self.settings.eps * root)

    def _update(
        self,
        x: Tensor,
        g: Tensor,
        moments: Sequence[Tensor],
        rate: Tensor,
        moving: Tensor,
        eps: float | Tensor,
    ) -> None:
        m, v = moments
        b1, b2 = self.settings.betas
        m.lerp_(g, 1 - b1)
        v.mul_(b2).addcmul_(g, g, value=1 - b2)
        torch.sqrt(v, out=g).add_(eps)
        x.addcmul_(torch.div(m, g, out=g), rate, value=-1)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    name = "adamw"

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
        """Apply one update, the decay by the plain learning rate first."""
        decay = self.settings.weight_decay
        if decay:
            kept = 1 - decay * (lr * factor)
            kept = torch.where(alive, kept, 1.0).to(parameters[0].dtype).unsqueeze(-1)
            for x in parameters:
                x.flatten(1).mul_(kept)
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
        """Do nothing: the decay is decoupled from the gradient."""
