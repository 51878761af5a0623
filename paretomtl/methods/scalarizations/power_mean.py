"""Power means of the losses: one family from the best task to the worst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from paretomtl.aggregation.power_mean import (
    Exponents,
    Known,
    known_of,
    power_mean,
    power_mean_weights,
)
from paretomtl.methods.base import Card, Signals, State, lane_option, methods
from paretomtl.methods.option_values import check_option, lane
from paretomtl.methods.scalarizations.positive import PositiveScalarization
from paretomtl.methods.signals import coefficients


@methods.register("power_mean")
@dataclass(frozen=True, kw_only=True, eq=False)
class PowerMean(PositiveScalarization):
    """Weighted power mean of the losses with exponent gamma, from their minimum to their maximum.

    Args:
        gamma: Any real number, 0 (geometric mean), inf (maximum) or -inf (minimum); may differ between
            lanes. A part of a front whose curvature is concave is reached from some gamma > 1 on.
    """

    card: ClassVar[Card] = Card(
        title="Power mean (generalised mean)",
        formula="M_g = (sum_i p_i L_i^g)^(1/g);  gradient p_i (L_i / M_g)^(g-1)",
        source="classical; for multi-task learning Su, kexue.fm, Multi-task talk (1), 2022",
        departures=(
            "Computed on logarithms in float64, with exact limits at 0 and ±inf. At a loss that falls to "
            "exactly zero in a run the weight is the limit where it is finite (0 for gamma > 1, p for gamma = 1, "
            "p^(1/gamma) for gamma < 0) and the largest finite number where it is not (0 <= gamma < 1). "
            "Ties at gamma = ±inf share in proportion to p."
        ),
        peers=("TorchJD, LibMTL, LibMOON: absent, except gamma = 0 (GLS) in the first two.",),
        cost="O(m)",
    )

    gamma: float = lane_option(2.0)

    _known: ClassVar[Known] = (True, True, False, True)
    """What is known of gamma in all lanes, see `known_of`.

    Each limit of the mean has a formula of its own, and a step computes only those that some lane
    needs. To look at a tensor of gammas at every step would wait for the device, so they are looked at
    once; a selection of the lanes keeps the answer, which then covers more than it needs.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "gamma", "a real number, inf or -inf")
        object.__setattr__(self, "_known", known_of(self.gamma))

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return `M_gamma`."""
        losses = self.shifted(signals)
        p = coefficients(signals, losses)
        return power_mean(losses, Exponents(lane(self.gamma, p.double()), *self._known), p)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `p_i (L_i / M)^(gamma - 1)`."""
        losses = self.shifted(signals)
        p = coefficients(signals, losses)
        return power_mean_weights(losses, Exponents(lane(self.gamma, p.double()), *self._known), p)


@methods.register("geometric_mean")
@dataclass(frozen=True, kw_only=True, eq=False)
class GeometricMean(PositiveScalarization):
    """Weighted geometric mean of the losses: the direction of `log_sum`, the length of a mean."""

    card: ClassVar[Card] = Card(
        title="Geometric loss strategy (GLS)",
        formula="exp(sum_i p_i log L_i);  gradient p_i M / L_i",
        source="Chennupati et al. 2019, MultiNet++, Equation 4",
        departures="Computed on logarithms. In a run a loss of exactly zero gives the value 0 and a finite weight; a direct call refuses it.",
        peers=(
            "TorchJD GeometricMean: the same value; NaN gradient where a loss is zero.",
            "LibMTL GLS: the same by pow(prod, 1/m), which overflows; reports other weights than it uses.",
        ),
        cost="O(m)",
    )

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the geometric mean."""
        losses = self.shifted(signals)
        p = coefficients(signals, losses)
        return power_mean(losses, Exponents(p.double().new_zeros(1), False, True, True, False), p)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `p_i M / L_i`."""
        losses = self.shifted(signals)
        p = coefficients(signals, losses)
        return power_mean_weights(
            losses, Exponents(p.double().new_zeros(1), False, True, True, False), p
        )
