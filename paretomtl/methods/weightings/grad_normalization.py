"""Gradient normalization: the sum of the unit gradients, with three ways to treat short ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from paretomtl.methods.base import Card, Signals, State, lane_option, methods
from paretomtl.methods.gramian import GramianWeighting
from paretomtl.methods.option_values import check_option, choose, lane
from paretomtl.methods.signals import emphasize
from paretomtl.shapes import Gramian, Weights


@methods.register("grad_normalization")
@dataclass(frozen=True, kw_only=True, eq=False)
class GradNormalization(GramianWeighting):
    """The sum of the gradients divided by their lengths over the shared parameters.

    Indifferent to any monotone map of each loss. A zero gradient adds nothing. Unit steps hover about
    the optimum unless the step length decays, or `eps` is positive.

    A preference multiplies the normalized gradients by m times itself: scaling the rows before, as other
    methods do, would be normalized away.

    Args:
        eps: Where lengths count as short; 0 is the plain method.
        stabiliser: "additive": `g / (|g| + eps)`; "threshold": `g / |g|` where `|g| > eps`, else 0;
            "soft": `g / max(|g|, eps)`, the projection onto the ball of radius eps, over eps.
    """

    card = Card(
        title="Gradient normalization",
        formula="w_i = 1 / |g_i|; additive 1 / (|g_i| + eps); threshold 1 / |g_i| if |g_i| > eps else 0; soft 1 / max(|g_i|, eps)",
        source="Su (2022), notes on multi-task learning, part 3, Sections 7 and 21",
        departures="The length is that of the whole gradient over the shared parameters, one a task.",
        peers=("Under the name GradNorm libraries offer Chen et al. (2018), here `gradnorm`",),
        cost="O(m) a lane",
    )

    own_preference: ClassVar[bool] = True

    eps: float = lane_option(0.0)
    stabiliser: Literal["additive", "threshold", "soft"] = "soft"

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, "stabiliser", ("additive", "threshold", "soft"))
        check_option(self, "eps", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return one over each length, times m times the preference, and the state unchanged."""
        weights, state = super().weigh(state, signals)
        return emphasize(weights, signals), state

    def solve(self, gramian: Gramian, *, precision: float) -> Weights:
        """Return one over each length, stabilised."""
        length = gramian.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
        eps = lane(self.eps, length)
        if self.stabiliser == "additive":
            divisor = length + eps
        elif self.stabiliser == "threshold":
            divisor = torch.where(length > eps, length, 0.0)
        else:
            divisor = torch.maximum(length, eps)
        return torch.where(divisor > 0, 1 / divisor, 0.0)
