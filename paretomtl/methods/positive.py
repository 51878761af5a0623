"""What scalarizations that need positive losses have in common: a declared shift."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.methods.base import Scalarization, Signals
from paretomtl.methods.options import PerTask, losses_of, per_task, settle


@dataclass(frozen=True, kw_only=True, eq=False)
class PositiveScalarization(Scalarization):
    """A scalarization of `L + shift`, which must be positive.

    A loss of exactly zero stands for the limit of small losses: reciprocals and logarithms take the
    smallest normal number in its place, so weights stay finite. Negative losses give NaN in their lane.

    Args:
        shift: Added to every loss first, so that losses with a known lower bound can be used. One
            number, or one a task.
    """

    needs_positive_losses: ClassVar[bool] = True

    shift: PerTask = field(default=0.0, metadata={"lane": True})

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, "shift", "a finite number, or one a task", torch.isfinite)

    def shifted(self, signals: Signals) -> Tensor:
        """Return the losses plus the shift."""
        losses = losses_of(signals)
        if isinstance(self.shift, float) and self.shift == 0.0:
            return losses
        return losses + per_task(self.shift, losses, name="shift")

    def positive(self, signals: Signals) -> Tensor:
        """Return the shifted losses with zero replaced by the smallest normal, negatives by NaN."""
        losses = self.shifted(signals)
        tiny = losses.new_full((), torch.finfo(losses.dtype).tiny)
        # the sum keeps the gradient of the loss at zero
        return losses + torch.where(losses > 0, 0.0, torch.where(losses == 0, tiny, torch.nan))


def reciprocal(positive: Tensor) -> Tensor:
    """Return 1 / x, never infinite for x > 0."""
    return positive.reciprocal().clamp(max=torch.finfo(positive.dtype).max)
