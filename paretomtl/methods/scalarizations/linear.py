"""The weighted sum of the losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from paretomtl.methods.base import Card, Scalarization, Signals, State, methods
from paretomtl.methods.signals import coefficients, losses_of


@methods.register("linear")
@dataclass(frozen=True, kw_only=True, eq=False)
class Linear(Scalarization):
    """Weighted sum of the losses with the preference as coefficients; their mean by default.

    A preference of zero for some task guarantees weak Pareto optimality only. No choice of
    coefficients reaches a point on a concave part of the front.
    """

    card: ClassVar[Card] = Card(
        title="Linear scalarization (LS, EW, unitary)",
        formula="sum_i p_i L_i",
        source="folklore; Kurin et al. 2022, In Defense of the Unitary Scalarization",
        departures="The coefficients sum to one, so the default is the mean of the losses, not their sum.",
        peers=(
            "TorchJD: Mean (1/m), Sum (1), Constant(weights).",
            "LibMTL EW and nash-mtl ls: the sum, so a learning rate m times larger.",
        ),
        cost="O(m)",
    )

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return `sum_i p_i L_i`."""
        losses = losses_of(self, signals)
        return (coefficients(signals, losses) * losses).sum(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return the preference."""
        losses = losses_of(self, signals)
        return coefficients(signals, losses).expand(losses.shape)
