"""Tilted empirical risk: a soft maximum or minimum of the losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.aggregation.power_mean import exponential_mean
from paretomtl.methods.base import Card, Scalarization, Signals, State, lane_option, methods
from paretomtl.methods.option_values import check_option, lane
from paretomtl.methods.signals import coefficients, losses_of


@methods.register("term")
@dataclass(frozen=True, kw_only=True, eq=False)
class Term(Scalarization):
    """Log of the mean of exp(t L), over t: the mean at t = 0, the maximum as t grows.

    Args:
        t: Tilt, any finite number; negative ones favour the tasks with small losses.
    """

    card: ClassVar[Card] = Card(
        title="Tilted empirical risk minimization (TERM)",
        formula="(1/t) log sum_i p_i exp(t L_i);  gradient softmax(log p + t L)",
        source="Li et al. 2021, Tilted Empirical Risk Minimization, Equation 2",
        departures="Computed in float64 without overflow; exact at and near t = 0.",
        peers=(
            "None has it; it is smooth Tchebycheff with unit weights and mu = 1/t, up to a constant.",
        ),
        cost="O(m)",
    )

    t: float = lane_option(1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "t", "a finite number", torch.isfinite)

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the tilted mean."""
        losses = losses_of(self, signals)
        p = coefficients(signals, losses)
        return exponential_mean(losses, lane(self.t, losses.double()), p)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `softmax(log p + t L)`."""
        losses = losses_of(self, signals)
        p = coefficients(signals, losses).double()
        tilted = lane(self.t, p) * losses.double()
        return torch.softmax(p.log() + tilted, -1).to(losses.dtype)
