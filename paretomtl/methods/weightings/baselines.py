"""Fixed and random weights as aggregators: what every other method is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from paretomtl.aggregation.lanes import clean
from paretomtl.aggregation.random import normal
from paretomtl.methods.base import Card, Signals, State, Weighting, methods
from paretomtl.methods.gramian import GramianWeighting, gramian_of
from paretomtl.methods.signals import keys_of
from paretomtl.shapes import Gramian, Weights


@methods.register("mean")
@dataclass(frozen=True, kw_only=True, eq=False)
class Mean(GramianWeighting):
    """The mean of the gradients, by one backward pass a task; `linear` does the same with one.

    Kept as a baseline of gradient methods at equal cost, and for its place in comparisons.
    """

    card = Card(
        title="Mean",
        formula="w_i = 1/m",
        source="folklore",
        peers=("TorchJD: Mean; LibMTL's EW is the sum",),
        cost="O(m) a lane",
    )

    def solve(self, gramian: Gramian, *, precision: float) -> Weights:
        """Return 1/m for every task."""
        return torch.full_like(gramian[..., 0], 1 / gramian.shape[-1])


@methods.register("sum")
@dataclass(frozen=True, kw_only=True, eq=False)
class Sum(GramianWeighting):
    """The sum of the gradients: m times `mean`, hence m times its learning rate."""

    card = Card(
        title="Sum",
        formula="w_i = 1",
        source="folklore",
        peers=("TorchJD: Sum; LibMTL: EW",),
        cost="O(m) a lane",
    )

    def solve(self, gramian: Gramian, *, precision: float) -> Weights:
        """Return 1 for every task."""
        return torch.ones_like(gramian[..., 0])


@methods.register("random")
@dataclass(frozen=True, kw_only=True, eq=False)
class Random(Weighting):
    """Random weights on the simplex, drawn anew at every step from each lane's own key.

    What `rlw` is, at the level of gradients: the litmus baseline of every table.
    """

    card = Card(
        title="Random",
        formula="w = softmax(z), z standard normal",
        source="Lin et al. (2022), Reasonable Effectiveness of Random Weighting",
        peers=("TorchJD: Random, from torch's global generator",),
        cost="O(m) a lane",
    )
    random: ClassVar[bool] = True

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the drawn weights; the state is empty."""
        lanes = clean(gramian_of(self, signals))
        draws = normal(keys_of(self, signals), signals.steps, lanes.matrix.shape[-1])
        return lanes.restore(draws.softmax(-1)), state
