"""MOO-SVGD: a population that descends together and repels itself in objective space."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.aggregation.lanes import clean
from paretomtl.aggregation.min_norm import min_norm_weights
from paretomtl.methods.base import Card, SetMethod, Signals, State, methods, scale_rows
from paretomtl.methods.jacobian import combine, has_no_weights, jacobian_of
from paretomtl.methods.option_values import check_option
from paretomtl.methods.signals import losses_of


@methods.register("moo_svgd")
@dataclass(frozen=True, kw_only=True, eq=False)
class MOOSVGD(SetMethod):
    """Every member follows its neighbours' min-norm directions and is pushed away from them.

    Members whose losses or gradients are not finite answer NaN and take no part in the others'.

    Args:
        repulsion: Weight of the push, >= 0.
        bandwidth: Squared length scale of the kernel, > 0, in units of the squared losses; None takes
            a tenth of the (lower) median squared distance of the members over log(members + 1).
    """

    card: ClassVar[Card] = Card(
        title="MOO-SVGD",
        formula=(
            "d_i = (1/K) sum_j (k_ij g*_j + alpha J_i^T dk_ij/dF_i), k_ij = exp(-|F_i - F_j|^2 / h), "
            "g*_j the min-norm direction of member j"
        ),
        source="Liu, Tong and Liu 2021, Profiling Pareto Front With Multi-Objective Stein Variational Gradient Descent, Equation 6",
        departures=(
            "The min-norm problem is solved exactly. The bandwidth is a tenth of SVGD's median rule, as "
            "members of a front hold each other back under the whole of it; the authors' code narrows it "
            "to almost nothing, which leaves MGDA. A preference scales the rows of a member's min-norm "
            "problem. Members that start at one point stay together: give them different starts."
        ),
        peers=("LibMOON mosvgd: the same with a fixed narrow bandwidth; one member at a time.",),
        cost="O(K^2 (m + n)) for K members",
    )
    reads_jacobian: ClassVar[bool] = True
    reads_losses: ClassVar[bool] = True

    repulsion: float = 0.3
    bandwidth: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        has_no_weights(self)
        check_option(self, "repulsion", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())
        if self.bandwidth is not None:
            check_option(self, "bandwidth", "a finite number > 0", lambda v: (v > 0) & v.isfinite())

    def step(self, state: State, signals: Signals) -> tuple[Tensor, State]:
        """Return the members' directions, [*sets, members, n], and the state unchanged."""
        losses, rows = losses_of(self, signals), jacobian_of(self, signals)
        good = losses.isfinite().all(-1) & rows.isfinite().flatten(-2).all(-1)
        own = torch.where(good.unsqueeze(-1), losses, 0.0)
        shared = torch.where(good[..., None, None], rows, 0.0)
        gap = own.unsqueeze(-2) - own.unsqueeze(-3)  # [*sets, i, j, m]
        distance = gap.square().sum(-1)
        both = good.unsqueeze(-1) & good.unsqueeze(-2)
        width = self._width(distance, both)
        kernel = torch.where(both, torch.exp(-distance / width), 0.0)
        push = -2 / width * (kernel.unsqueeze(-1) * gap).sum(-2)
        drive = (kernel.unsqueeze(-1) * self._descent(shared, signals).unsqueeze(-3)).sum(-2)
        members = good.sum(-1)[..., None, None].clamp(min=1)
        direction = (drive + self.repulsion * combine(push, shared)) / members
        return torch.where(good.unsqueeze(-1), direction, torch.nan), state

    def _descent(self, rows: Tensor, signals: Signals) -> Tensor:
        """Return each member's min-norm direction, [*sets, members, n]."""
        if signals.preference is not None:
            scaled = scale_rows(
                Signals(jacobian=rows), signals.preference * signals.preference.shape[-1]
            )
            rows = jacobian_of(self, scaled)
        gramian = (rows.unsqueeze(-2) * rows.unsqueeze(-3)).sum(-1)
        lanes = clean(gramian)
        weights = lanes.restore(min_norm_weights(lanes.matrix, precision=lanes.precision))
        return combine(weights, rows)

    def _width(self, distance: Tensor, both: Tensor) -> Tensor:
        """Return the squared bandwidth of each set, [*sets, 1, 1]."""
        if self.bandwidth is not None:
            return distance.new_full((1, 1), self.bandwidth)
        n = distance.shape[-1]
        if n == 1:
            return distance.new_ones((1, 1))
        i, j = torch.triu_indices(n, n, 1, device=distance.device)
        pairs = torch.where(both, distance, torch.nan)[..., i, j]
        width = 0.1 * pairs.nanmedian(-1).values[..., None, None] / math.log(n + 1)
        return torch.where(width > 0, width, 1.0)
