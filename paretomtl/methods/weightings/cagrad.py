"""CAGrad: near the mean gradient, help the worst-off task most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from paretomtl.aggregation.conflict_averse import conflict_averse_weights
from paretomtl.methods.base import Card, lane_option, methods
from paretomtl.methods.gramian import GramianWeighting
from paretomtl.methods.option_values import check_option, choose, lane
from paretomtl.shapes import Gramian, Weights


@methods.register("cagrad")
@dataclass(frozen=True, kw_only=True, eq=False)
class CAGrad(GramianWeighting):
    """The direction within `c |g_0|` of the mean gradient g_0 that maximizes the least gain of a task.

    c = 0 is the mean; as c grows the direction turns to MGDA's. Harms no task for c >= 1. At a
    Pareto-stationary point, where the paper's formula is 0/0, the answer is the maximizer nearest to g_0.

    Args:
        c: Radius of the ball relative to the mean gradient, >= 0.
        rescale: Divide the answer by: "none" (the paper's direction), "1+c^2" (LibMTL's default) or
            "1+c".
    """

    card = Card(
        title="CAGrad",
        formula="d = g_0 + c |g_0| g_w / |g_w|, w = argmin over the simplex of g_w.g_0 + c |g_0| |g_w|",
        source="Liu et al. (2021), Conflict-Averse Gradient Descent, Algorithm 1",
        departures="Exact: solved in closed form on a guessed face and certified, else the path of solutions in the worst gain is followed face by face. Defined at stationary points. Mean, not sum, of the gradients.",
        peers=(
            "TorchJD: c has no default; a Gramian of trace below 1e-4 gives the zero direction",
            "LibMTL: c = 0.5, divides by 1 + c^2, reports w instead of the effective weights",
            "The authors' and Nash-MTL's repositories: c = 0.4 (0.2 on Cityscapes), multiply by m",
        ),
        cost="one to three linear systems of O(m^3) a lane; closed form for m = 2",
    )

    c: float = lane_option(0.4)
    rescale: Literal["none", "1+c^2", "1+c"] = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, "rescale", ("none", "1+c^2", "1+c"))
        check_option(self, "c", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def solve(self, gramian: Gramian, *, precision: float) -> Weights:
        """Return the effective weights of the gradients."""
        c = lane(self.c, gramian)
        weights = conflict_averse_weights(gramian, c, precision=precision)
        if self.rescale == "1+c^2":
            return weights / (1 + c.square())
        if self.rescale == "1+c":
            return weights / (1 + c)
        return weights
