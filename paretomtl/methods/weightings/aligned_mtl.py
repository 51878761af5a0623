"""Aligned-MTL: balance the principal components of the gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from paretomtl.aggregation.alignment import balanced_weights
from paretomtl.aggregation.lanes import clean
from paretomtl.methods.base import Card, Signals, State, Weighting, methods
from paretomtl.methods.gramian import gramian_of
from paretomtl.methods.option_values import choose
from paretomtl.shapes import Weights


@methods.register("aligned_mtl")
@dataclass(frozen=True, kw_only=True, eq=False)
class AlignedMTL(Weighting):
    """The gradients with all principal components brought to one length, averaged by the preference.

    Harms a task at times. Discontinuous where the rank drops: with `balance="min"` the length falls with
    the smallest component and jumps when that one counts as zero.

    Args:
        balance: The common length squared: "min" the smallest eigenvalue of the Gramian (the paper),
            "median" the (lower) median, "rmse" the mean.
    """

    card = Card(
        title="Aligned-MTL",
        formula="w = sigma V L^(-1/2) V^T p, G = V L V^T over its rank, sigma^2 = min L; direction w^T J",
        source="Senushkin et al. (2023), Independent Component Alignment for Multi-Task Learning, Algorithm 1",
        departures="The preference is p (uniform 1/m), not a scaling of rows. Closed form for two tasks.",
        peers=(
            "TorchJD: the same, in the Gramian's own precision",
            "LibMTL: p = 1 (m times longer), and a removed torch function that makes it crash",
        ),
        cost="one eigendecomposition of O(m^3) a lane; closed form for m = 2",
    )
    own_preference: ClassVar[bool] = True

    balance: Literal["min", "median", "rmse"] = "min"

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, "balance", ("min", "median", "rmse"))

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights; the state is empty."""
        lanes = clean(gramian_of(self, signals))
        if signals.preference is None:
            combination = 1 / lanes.matrix.shape[-1]
        else:
            combination = signals.preference.to(torch.float64)
        weights = balanced_weights(
            lanes.matrix, combination, balance=self.balance, precision=lanes.precision
        )
        return lanes.restore(weights), state
