"""Distance along the preferred ray and away from it: PBI, its inverse, and COSMOS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from paretomtl.methods.base import (
    Card,
    Scalarization,
    Signals,
    State,
    lane_option,
    methods,
    task_option,
)
from paretomtl.methods.option_values import PerTask, check_option, lane, per_task
from paretomtl.methods.scalarizations.tchebycheff import IdealPointScalarization
from paretomtl.methods.signals import coefficients, losses_of


@methods.register("pbi")
@dataclass(frozen=True, kw_only=True, eq=False)
class PBI(IdealPointScalarization):
    """Distance from the ideal point along the preferred ray, plus theta times that to the ray.

    The kink on the ray slows first-order methods down; `smoothing` rounds it off.

    Args:
        theta: Penalty on the distance to the ray, >= 0.
        smoothing: Added to the squared distance under the root, >= 0.
    """

    card: ClassVar[Card] = Card(
        title="Penalty-based boundary intersection (PBI)",
        formula="d1 + theta d2; d1 = <L - z, u>, d2 = |L - z - d1 u|, u = p / |p|",
        source="Zhang and Li 2007, MOEA/D, Section II.C",
        departures=(
            "d1 keeps its sign, so that losses below z go on being minimised. On the ray itself, to within "
            "rounding, d2 has no gradient and its subgradient 0 is taken."
        ),
        peers=(
            "TorchJD PBI: smoothing = 1e-12; theta has no default.",
            "LibMOON pbi: ignores z.",
        ),
        cost="O(m)",
    )

    theta: float = lane_option(5.0)
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "theta", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())
        check_option(self, "smoothing", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return `d1 + theta d2`."""
        along, away, _ = _split(self.distances(signals), signals)
        d2 = _length(away, self.smoothing)
        return (along + lane(self.theta, away) * d2).squeeze(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return the gradient, `u + theta (away from the ray) / d2`."""
        _, away, u = _split(self.distances(signals), signals)
        d2 = _length(away, self.smoothing)
        return u + lane(self.theta, away) * _divide(away, d2)


@methods.register("inverted_pbi")
@dataclass(frozen=True, kw_only=True, eq=False)
class InvertedPBI(Scalarization):
    """Distance from the nadir point along the preferred ray, as long as possible, less theta d2.

    Args:
        nadir: The point that distances are measured from; one number, or one a task.
        theta: Penalty on the distance to the ray, >= 0.
        smoothing: Added to the squared distance under the root, >= 0.
    """

    card: ClassVar[Card] = Card(
        title="Inverted PBI",
        formula="-(d1 - theta d2); d1 = <n - L, u>, d2 = |n - L - d1 u|, u = p / |p|, n the nadir point",
        source="Sato 2014, Inverted PBI in MOEA/D, Equation 5",
        departures="Negated, since we minimise. On the ray the subgradient 0 of d2 is taken.",
        peers=("LibMOON invagg is another function; TorchJD and LibMTL have none.",),
        cost="O(m)",
    )
    example: ClassVar[Mapping[str, Any]] = {"nadir": 1.0}

    nadir: PerTask = task_option()
    theta: float = lane_option(0.1)
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "nadir", "a finite number, or one a task", torch.isfinite)
        check_option(self, "theta", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())
        check_option(self, "smoothing", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return `theta d2 - d1`."""
        along, away, _ = _split(self._gains(signals), signals)
        d2 = _length(away, self.smoothing)
        return (lane(self.theta, away) * d2 - along).squeeze(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return the gradient, `u - theta (away from the ray) / d2`."""
        _, away, u = _split(self._gains(signals), signals)
        d2 = _length(away, self.smoothing)
        return u - lane(self.theta, away) * _divide(away, d2)

    def _gains(self, signals: Signals) -> Tensor:
        losses = losses_of(self, signals)
        return per_task(self.nadir, losses, name="nadir") - losses


@methods.register("cosmos")
@dataclass(frozen=True, kw_only=True, eq=False)
class Cosmos(IdealPointScalarization):
    """Weighted sum less lambda times the cosine between losses and preference.

    Its minimiser need not be Pareto optimal.

    Args:
        lambda_: Weight of the cosine, >= 0.
    """

    card: ClassVar[Card] = Card(
        title="COSMOS scalarization",
        formula="<p, d> - lambda cos(p, d), d = L - z",
        source="Ruchte and Grabocka 2021, Scalable Pareto Front Approximation for Deep MOO, Equation 5",
        departures=(
            "Losses are measured from the ideal point. At d = 0, where the cosine is undefined, it counts "
            "as 0 with gradient 0."
        ),
        peers=("TorchJD COSMOS: lambda has no default.", "LibMOON cosmos: the same."),
        cost="O(m)",
    )

    lambda_: float = lane_option(2.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "lambda_", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return `<p, d> - lambda cos(p, d)`."""
        d = self.distances(signals)
        p = coefficients(signals, d)
        along = (_unit(p) * d).sum(-1, keepdim=True)
        cosine = _divide(along, _length(d, 0.0))
        return ((p * d).sum(-1, keepdim=True) - lane(self.lambda_, d) * cosine).squeeze(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return the gradient, `p - lambda (u - cos d / |d|) / |d|`."""
        d = self.distances(signals)
        p = coefficients(signals, d)
        length = _length(d, 0.0)
        unit = _divide(d, length)
        u = _unit(p)
        turn = u - (u * unit).sum(-1, keepdim=True) * unit
        return p - lane(self.lambda_, d) * _divide(turn.expand(d.shape), length)


def _unit(p: Tensor) -> Tensor:
    return p / p.square().sum(-1, keepdim=True).sqrt()


def _split(d: Tensor, signals: Signals) -> tuple[Tensor, Tensor, Tensor]:
    """Return the length along the preferred ray [*batch, 1], the rest [*batch, m], and the ray."""
    u = _unit(coefficients(signals, d))
    along = (u * d).sum(-1, keepdim=True)
    away = d - along * u
    # what is left of a point on the ray is rounding, and its direction means nothing
    noise = 8 * torch.finfo(d.dtype).eps * _length(d, 0.0)
    away = torch.where(_length(away, 0.0) <= noise, 0.0, away)
    return along, away, u.expand(d.shape)


def _length(v: Tensor, smoothing: float) -> Tensor:
    """Return `sqrt(|v|^2 + smoothing)`, [*batch, 1]; 0 with gradient 0 at 0."""
    # measured in the largest number, whose square might be no number
    size = v.detach().abs().amax(-1, keepdim=True).clamp(min=smoothing**0.5)
    normal = (size >= torch.finfo(v.dtype).tiny) & size.isfinite()
    size = torch.where(normal, size, 1.0)
    square = (v / size).square().sum(-1, keepdim=True) + smoothing / size / size
    zero = square == 0
    return size * torch.where(zero, 0.0, torch.where(zero, 1.0, square).sqrt())


def _divide(v: Tensor, length: Tensor) -> Tensor:
    """Return v / length, and 0 where the length is 0."""
    zero = length == 0
    return torch.where(zero, 0.0, v / torch.where(zero, 1.0, length))
