"""FairGrad: the direction of alpha-fair gains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.aggregation.lanes import clean
from paretomtl.aggregation.power_root import power_root
from paretomtl.methods.base import Card, Signals, State, lane_option, methods
from paretomtl.methods.gramian import GramianWeighting, gramian_of
from paretomtl.methods.option_values import check_option, lane
from paretomtl.shapes import Gramian, Weights


@methods.register("fairgrad")
@dataclass(frozen=True, kw_only=True, eq=False)
class FairGrad(GramianWeighting):
    """Positive weights with `G w = w^(-1/alpha)`: the gains are fair in the sense of alpha-fairness.

    alpha = 0 weighs all tasks 1, alpha = 1 is Nash-MTL without its limit on the length, and a large
    alpha nears the max-min fair direction. At a Pareto-stationary point no root exists and the
    direction is zero; a task whose gradient is zero takes no part. A preference p weighs the tasks in
    the welfare, `sum_i m p_i (gain_i)^(1-alpha) / (1-alpha)`, so that `G w = (w / (m p))^(-1/alpha)`:
    scaling the rows instead would do nothing at alpha = 1.

    Args:
        alpha: Fairness, >= 0. Towards 100 and beyond, the weights of tasks that gain more than others
            fall below what a float can hold; near 0, uniform weights are the limit only where they
            harm no task. Below 0.2 and beyond 100 gains like 2^(-1/alpha) near the rounding of G w,
            and where tasks conflict the root can be missed.
    """

    card = Card(
        title="FairGrad",
        formula="G w = w^(-1/alpha) elementwise, w > 0; direction w^T J",
        source="Ban and Ji (2024), Fair Resource Allocation in Multi-Task Learning, Equation 6",
        departures="Solved to machine precision in unit-length coordinates, by Newton on the convex function whose minimum it is (alpha = 1), else by damped Newton in logarithms.",
        peers=(
            "TorchJD: alpha has no default; scipy's least squares with absolute tolerances, wrong by 76 to 83 % for gradients of length 1e-4",
            "LibMTL: alpha = 1, the same solver",
        ),
        cost="5 to 12 linear systems of O(m^3) a lane; closed form for m = 2 and alpha = 1",
    )

    own_preference: ClassVar[bool] = True

    alpha: float = lane_option(1.0)

    _some_nash: ClassVar[bool] = True
    """Whether alpha is 1 in some lane, found out once: those take the root's own, faster iteration."""
    _all_nash: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "alpha", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())
        is_one = torch.as_tensor(self.alpha) == 1
        object.__setattr__(self, "_some_nash", bool(is_one.any()))
        object.__setattr__(self, "_all_nash", bool(is_one.all()))

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the root, and the state unchanged."""
        lanes = clean(gramian_of(self, signals))
        powers = None
        if signals.preference is not None:
            powers = signals.preference.to(torch.float64) * lanes.matrix.shape[-1]
        return lanes.restore(self._root(lanes.matrix, powers, lanes.precision)), state

    def solve(self, gramian: Gramian, *, precision: float) -> Weights:
        """Return the root for the uniform preference; ones where alpha is 0."""
        return self._root(gramian, None, precision)

    def _root(self, gramian: Gramian, powers: Tensor | None, precision: float) -> Weights:
        """Return the root for m times the preference (None: ones); where alpha is 0, that itself."""
        nash = None
        if self._some_nash:
            nash = power_root(gramian, 1.0, precision=precision, rounds=28, shares=powers)
            if self._all_nash:
                return nash
        alpha = lane(self.alpha, gramian)
        positive = torch.where(alpha > 0, alpha, 1.0)
        shares = None
        if powers is not None:
            # (m p)^(1 / alpha), kept finite: the root only takes its logarithm.
            shares = torch.where(powers > 0, (powers.log() / positive).clamp(-700, 700).exp(), 0.0)
        weights = power_root(gramian, positive, precision=precision, rounds=64, shares=shares)
        weights = torch.where(alpha > 0, weights, 1.0 if powers is None else powers)
        return weights if nash is None else torch.where(alpha == 1, nash, weights)
