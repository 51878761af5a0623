"""ConFIG: the direction that meets all gradients at prescribed cosines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from paretomtl.aggregation.equal_angles import solve
from paretomtl.aggregation.lanes import apply, clean, scale_diagonal
from paretomtl.methods.base import Card, Signals, State, Weighting, methods
from paretomtl.methods.gramian import gramian_of
from paretomtl.shapes import Weights


@methods.register("config")
@dataclass(frozen=True, kw_only=True, eq=False)
class ConFIG(Weighting):
    """The direction with equal cosines to all gradients, as long as the sum of its projections.

    The preference prescribes the cosines' ratios. Harms no task while the gradients are independent; the
    sum of projections can be negative, and the step then goes against the direction. A zero gradient
    takes no part.
    """

    card = Card(
        title="ConFIG",
        formula="u = U^+ p / |U^+ p|, U the unit gradients; direction (sum_i g_i.u) u",
        source="Liu et al. (2024), ConFIG: Towards Conflict-free Training of PINNs, Equations 3 to 5",
        departures="Computed on the Gramian of the unit gradients: U^+ p = U^T (U U^T)^+ p. Dependent rows count as such where the Gramian's rounding hides the difference.",
        peers=("TorchJD: pinv of the unit gradients themselves",),
        cost="one Cholesky factorization of O(m^3) a lane, an eigendecomposition for dependent rows",
    )
    own_preference: ClassVar[bool] = True

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights; the state is empty."""
        lanes = clean(gramian_of(self, signals))
        scaled = scale_diagonal(lanes.matrix)
        present = scaled.present.to(torch.float64)
        cosines = present
        if signals.preference is not None:
            cosines = cosines * signals.preference.to(torch.float64)
        # a zero row makes the lane singular, and the least-squares solution gives it no weight
        solution = solve(scaled.cosines, cosines, present, precision=lanes.precision)
        image = apply(scaled.cosines, solution)
        square = (solution * image).sum(-1, keepdim=True)
        length = (scaled.lengths * image).sum(-1, keepdim=True)
        factor = torch.where(square > 0, length / square, 0.0)
        return lanes.restore(solution * scaled.inverse * factor), state
