"""Distances to the ideal point in a p-norm (compromise programming)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from paretomtl.aggregation.power_mean import Exponents, known_of, power_mean, power_mean_weights
from paretomtl.methods.base import Card, Signals, State, lane_option, methods
from paretomtl.methods.option_values import check_option, choose, lane
from paretomtl.methods.scalarizations.tchebycheff import IdealPointScalarization
from paretomtl.methods.signals import coefficients


@methods.register("p_norm")
@dataclass(frozen=True, kw_only=True, eq=False)
class PNorm(IdealPointScalarization):
    """Weighted p-norm of the distances to the ideal point; linear at p = 1, Tchebycheff at inf.

    Args:
        p: Exponent, >= 1 or inf; may differ between lanes.
        weight: "inside" the power, (sum (p_i d_i)^p)^(1/p), or "outside", (sum p_i d_i^p)^(1/p).
    """

    card: ClassVar[Card] = Card(
        title="p-norm scalarization (compromise programming)",
        formula="(sum_i (w_i |L_i - z_i|)^p)^(1/p), or (sum_i w_i |L_i - z_i|^p)^(1/p); w the preference",
        source="Yu 1973, A class of solutions for group decision problems; Zeleny 1973",
        departures=(
            "Absolute distances, so a point beyond z is pulled back. Computed on logarithms in float64; a "
            "distance of exactly zero counts as the limit from above."
        ),
        peers=("LibMOON pnorm: weight inside.",),
        cost="O(m)",
    )

    p: float = lane_option(2.0)
    weight: Literal["inside", "outside"] = "inside"

    _known: ClassVar[tuple[bool, bool, bool]] = (True, True, False)
    """What is known of p in all lanes; found out once, so that no step asks the device."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "p", "a number >= 1, or inf", lambda v: v >= 1)
        choose(self, "weight", ("inside", "outside"))
        object.__setattr__(self, "_known", known_of(self.p))

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the norm."""
        d = self.distances(signals)
        w = coefficients(signals, d)
        p = lane(self.p, w.double())
        if self.weight == "outside":
            return power_mean(d.abs(), Exponents(p, *self._known), w)
        scale = self._root_of_m(p, d.shape[-1]).squeeze(-1).to(d.dtype)
        return scale * power_mean(w * d.abs(), Exponents(p, *self._known), _uniform(d))

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return the gradient of the norm."""
        d = self.distances(signals)
        w = coefficients(signals, d)
        p = lane(self.p, w.double())
        sign = torch.where(d < 0, -1.0, 1.0).to(d.dtype)
        if self.weight == "outside":
            return sign * power_mean_weights(d.abs(), Exponents(p, *self._known), w)
        scale = self._root_of_m(p, d.shape[-1]).to(d.dtype)
        inner = power_mean_weights(w * d.abs(), Exponents(p, *self._known), _uniform(d))
        return scale * sign * w * inner

    def _root_of_m(self, p: Tensor, m: int) -> Tensor:
        """Return m^(1/p): the norm is that many times the mean."""
        return torch.exp(torch.log(p.new_full((1,), m)) / p)


def _uniform(like: Tensor) -> Tensor:
    m = like.shape[-1]
    return like.new_full((m,), 1 / m, dtype=torch.float64)
