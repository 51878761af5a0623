"""Random loss weighting: the baseline that every weighting has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.aggregation import random
from paretomtl.errors import BadInput
from paretomtl.methods.base import Card, Scalarization, Signals, State, methods
from paretomtl.methods.signals import emphasize, losses_of


@methods.register("rlw")
@dataclass(frozen=True, kw_only=True, eq=False)
class RandomLossWeighting(Scalarization):
    """Weights drawn anew at every step: the softmax of standard normal numbers."""

    card: ClassVar[Card] = Card(
        title="Random loss weighting (RLW)",
        formula="sum_i m p_i w_i L_i,  w = softmax(z), z ~ N(0, I) at each step",
        source="Lin et al. 2022, Reasonable Effectiveness of Random Weighting",
        departures=(
            "Draws depend on the lane's key and step alone, so a run does not depend on its batch. "
            "The weights sum to one: equal weighting that sums the losses is m times longer."
        ),
        peers=(
            "TorchJD Random: the same, from torch's global generator.",
            "LibMTL RLW: the same, from torch's global generator.",
        ),
        cost="O(m)",
    )
    random: ClassVar[bool] = True

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the weighted sum under this step's draw."""
        return (self.weights(state, signals) * losses_of(self, signals)).sum(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `m p_i` times the softmax of this step's draw."""
        losses = losses_of(self, signals)
        if signals.keys is None:
            raise BadInput("rlw draws random numbers, and the signals hold no `keys`.")
        z = random.normal(signals.keys, signals.steps, losses.shape[-1])
        return emphasize(torch.softmax(z, -1).to(losses.dtype), signals)
