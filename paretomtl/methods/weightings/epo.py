"""EPO: reach the Pareto point where the preferred losses are equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.aggregation.lanes import apply, clean
from paretomtl.aggregation.linear_program import maximize_on_simplex
from paretomtl.aggregation.min_norm import min_norm_weights
from paretomtl.methods.base import Card, Signals, State, Weighting, lane_option, methods
from paretomtl.methods.gramian import gramian_of
from paretomtl.methods.option_values import check_option, lane
from paretomtl.methods.signals import losses_of
from paretomtl.shapes import Gramian, Losses, Weights


@methods.register("epo")
@dataclass(frozen=True, kw_only=True, eq=False)
class EPO(Weighting):
    """Descends to the Pareto point where `p_i (L_i - z_i)` is the same for all tasks.

    While these products differ, it balances them as fast as possible without raising the largest, nor
    any loss that balancing would lower anyway; once they agree, it lowers all of them.

    Args:
        balanced_at: Non-uniformity (Kullback-Leibler divergence from uniform, in nats) below which the
            products count as equal.
    """

    card = Card(
        title="EPO",
        formula="balance: max w^T G a over the simplex subject to G w >= b, a_i = p_i (log(m q_i) - KL), q = p L / sum p L; descend: max w^T G 1 subject to G w >= 0, w^T G a >= min(max G a, 0)",
        source="Mahapatra and Rajan (2020), Multi-Task Learning with User Preferences, Algorithm 1; the authors' code for b",
        departures="Losses are measured from the ideal point where one is known. Where no direction meets the descent step's constraints, MGDA's is taken. Exact linear programs.",
        peers=(
            "The authors: cvxpy with GLPK, one program at a time",
            "LibMOON: the same, 4 to 5 ms a weight; the preference's ray is 1/p, as here",
        ),
        cost="two linear programs of about m pivots, O(m^3) a lane",
    )
    own_preference: ClassVar[bool] = True
    reads_losses: ClassVar[bool] = True
    needs_positive_losses: ClassVar[bool] = True
    from_ideal: ClassVar[bool] = True

    balanced_at: float = lane_option(1e-4)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "balanced_at", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights on the simplex; the state is empty."""
        lanes = clean(gramian_of(self, signals))
        losses = preferred_losses(self, signals)
        good = lanes.finite & (losses.isfinite() & (losses >= 0)).all(-1)
        losses = torch.where(good.unsqueeze(-1), losses, 1.0)
        m = losses.shape[-1]
        preference = torch.full_like(losses, 1 / m)
        if signals.preference is not None:
            preference = signals.preference.to(torch.float64)
        total = losses.sum(-1, keepdim=True)
        share = torch.where(total > 0, losses / total, 1 / m)
        surprise = (m * share.clamp(min=torch.finfo(torch.float64).tiny)).log()
        # on the ray what is left is rounding, and its direction means nothing
        rounding = 16 * torch.finfo(losses_of(self, signals).dtype).eps
        surprise = torch.where(surprise.abs() <= rounding, 0.0, surprise)
        imbalance = (share * surprise).sum(-1, keepdim=True)
        pull = preference * (surprise - imbalance)
        balance = _balance(lanes.matrix, losses, pull)
        descend = _descend(lanes.matrix, pull, lanes.precision)
        weights = torch.where(imbalance > lane(self.balanced_at, losses), balance, descend)
        return lanes.only(good).restore(weights), state


def preferred_losses(method: Weighting, signals: Signals) -> Losses:
    """Return `m p (L - z)`, float64: the losses above the ideal point, weighed by the preference."""
    losses = losses_of(method, signals).to(torch.float64)
    if signals.ideal is not None:
        losses = losses - signals.ideal.to(torch.float64)
    if signals.preference is None:
        return losses
    return losses * signals.preference.to(torch.float64) * losses.shape[-1]


def _balance(gramian: Gramian, losses: Losses, pull: Tensor) -> Weights:
    """Solve the balancing step's program; min-norm weights always satisfy its constraints."""
    gain = apply(gramian, pull)
    helped = gain > 0
    worst = losses == losses.amax(-1, keepdim=True)
    some = helped.any(-1, keepdim=True)
    least = torch.where(some & ~worst, gain.clamp(max=0), 0.0)
    rows = gramian - least.unsqueeze(-1)
    return maximize_on_simplex(gain, rows, among=~some | ~helped | worst)


def _descend(gramian: Gramian, pull: Tensor, precision: float) -> Weights:
    """Solve the descending step's program, or fall back on MGDA where it is infeasible."""
    gain = apply(gramian, pull)
    allowed = gain.amax(-1, keepdim=True).clamp(max=0)
    rows = torch.cat((gramian, (gain - allowed).unsqueeze(-2)), -2)
    weights = maximize_on_simplex(gramian.sum(-1), rows)
    feasible = weights.sum(-1, keepdim=True) > 0.5
    return torch.where(feasible, weights, min_norm_weights(gramian, precision=precision))
