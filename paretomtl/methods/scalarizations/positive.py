"""What scalarizations that need positive losses have in common: a declared shift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.aggregation.power_mean import largest_weight
from paretomtl.methods.base import Scalarization, Signals, task_option
from paretomtl.methods.option_values import PerTask, check_option, per_task
from paretomtl.methods.signals import losses_of


@dataclass(frozen=True, kw_only=True, eq=False)
class PositiveScalarization(Scalarization):
    """A scalarization of `L + shift`, which must be positive.

    A loss of zero stands for the limit of small losses: reciprocals and logarithms take a tiny number
    in its place (1.5e-154 in float64, 1.1e-19 in float32), so that weights and their squares stay
    finite. Negative losses give NaN in their lane. (That is in a run; a direct call refuses both.)

    Args:
        shift: Added to every loss first, so that losses with a known lower bound can be used. One
            number, or one a task.
    """

    needs_positive_losses: ClassVar[bool] = True

    shift: PerTask = task_option(0.0, lane=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "shift", "a finite number, or one a task", torch.isfinite)

    @property
    def loss_shift(self) -> PerTask | Tensor:
        """The declared `shift`."""
        return self.shift

    def shifted(self, signals: Signals) -> Tensor:
        """Return the losses plus the shift."""
        losses = losses_of(self, signals)
        if isinstance(self.shift, float) and self.shift == 0.0:
            return losses
        return losses + per_task(self.shift, losses, name="shift")

    def positive(self, signals: Signals) -> Tensor:
        """Return the shifted losses, lifted to a tiny number from below it; negatives become NaN."""
        return lifted(self.shifted(signals))


def lifted(losses: Tensor) -> Tensor:
    """Return losses lifted to a tiny number from below it; negatives become NaN."""
    tiny = 1 / largest_weight(losses.dtype)
    # the sum keeps the gradient of the loss at zero
    return losses + torch.where(losses < 0, torch.nan, (tiny - losses.detach()).clamp(min=0))


def bounded(weights: Tensor) -> Tensor:
    """Return weights no larger than `largest_weight`, which stands for infinity."""
    return weights.clamp(max=largest_weight(weights.dtype))


def reciprocal(positive: Tensor) -> Tensor:
    """Return 1 / x, at most `largest_weight`."""
    return bounded(positive.reciprocal())
