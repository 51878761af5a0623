"""MGDA: the shortest vector in the convex hull of the gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from paretomtl.aggregation.lanes import clean
from paretomtl.aggregation.min_norm import min_norm_weights
from paretomtl.methods.base import Card, Signals, State, Weighting, by_options, methods
from paretomtl.methods.gramian import gramian_of
from paretomtl.methods.option_values import choose
from paretomtl.methods.signals import losses_of
from paretomtl.shapes import Weights


@methods.register("mgda")
@dataclass(frozen=True, kw_only=True, eq=False)
class MGDA(Weighting):
    """The convex combination of the gradients with the least norm, `argmin w^T G w` on the simplex.

    The direction descends on every task unless the point is Pareto stationary, where it is zero.

    Args:
        normalization: Divide gradient i, while the weights are found, by its length ("l2"), its loss
            ("loss"), or both ("loss+"); "none" is Désidéri's MGDA. The weights then act on the
            gradients as they are, as in Sener and Koltun's code. A loss or length of 0 leaves its
            gradient undivided; a negative loss, which would turn it around, gives NaN.
        apply_to: "gradients" as above; "normalized" lets the weights act on the divided gradients.
    """

    card = Card(
        title="MGDA",
        formula="w = argmin over the simplex of w^T G w; direction w^T J",
        source="Désidéri (2012), Comptes Rendus 350; Sener and Koltun (2018), NeurIPS, Section 3",
        departures="Exact to the KKT conditions (closed form m = 2, active set beyond). Zero rows share all the weight.",
        peers=(
            "TorchJD: Frank-Wolfe, 100 rounds to 1e-3; measured 3.5 % (m = 5) to 12 % (m = 10) too long",
            "LibMTL: pairwise start, projected gradient, weights clipped to [0.001, 0.999]; with a normalization it sums the divided gradients, here apply_to='normalized'",
            "Nash-MTL's repository multiplies the answer by m",
        ),
        cost="O(m^3) a lane",
    )

    reads_losses: ClassVar[bool] = by_options(lambda self: self.divides_by_losses, default=False)
    needs_positive_losses: ClassVar[bool] = by_options(
        lambda self: self.divides_by_losses, default=False
    )

    normalization: Literal["none", "l2", "loss", "loss+"] = "none"
    apply_to: Literal["gradients", "normalized"] = "gradients"

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, "normalization", ("none", "l2", "loss", "loss+"))
        choose(self, "apply_to", ("gradients", "normalized"))

    @property
    def divides_by_losses(self) -> bool:
        """Whether gradients are divided by their losses, alone or with their lengths."""
        return self.normalization in ("loss", "loss+")

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights on the simplex; the state is empty."""
        lanes = clean(gramian_of(self, signals))
        gramian = lanes.matrix
        if self.normalization == "none":
            return lanes.restore(min_norm_weights(gramian, precision=lanes.precision)), state
        divisor = torch.ones_like(gramian[..., 0])
        if self.normalization in ("l2", "loss+"):
            divisor = divisor * gramian.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
        if self.divides_by_losses:
            divisor = divisor * losses_of(self, signals).to(gramian.dtype)
        # a negative loss would turn its gradient around
        finite = lanes.finite & (divisor.isfinite() & (divisor >= 0)).all(-1)
        divisor = torch.where(finite.unsqueeze(-1) & (divisor != 0), divisor, 1.0)
        divided = gramian / (divisor.unsqueeze(-1) * divisor.unsqueeze(-2))
        weights = min_norm_weights(divided, precision=lanes.precision)
        if self.apply_to == "normalized":
            weights = weights / divisor
        return lanes.only(finite).restore(weights), state
