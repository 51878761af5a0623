"""Weighted distances to the ideal point in the maximum norm, exact and smoothed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

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
from paretomtl.methods.signals import coefficients, losses_of


@dataclass(frozen=True, kw_only=True, eq=False)
class IdealPointScalarization(Scalarization):
    """A scalarization of the losses measured from an ideal point.

    Args:
        ideal: The point z; one number, or one a task. None takes the problem's own ideal point, or the
            origin where none is known.
    """

    ideal: PerTask | None = task_option(None, lane=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ideal is not None:
            check_option(self, "ideal", "a finite number, or one a task", torch.isfinite)

    def distances(self, signals: Signals) -> Tensor:
        """Return `L - z`, z the option if given, else the problem's ideal point, else the origin."""
        losses = losses_of(self, signals)
        if self.ideal is not None:
            return losses - per_task(self.ideal, losses, name="ideal")
        return losses if signals.ideal is None else losses - signals.ideal.to(losses)


@methods.register("tchebycheff")
@dataclass(frozen=True, kw_only=True, eq=False)
class Tchebycheff(IdealPointScalarization):
    """Largest weighted distance to the ideal point; reaches every Pareto optimum, convex or not."""

    card: ClassVar[Card] = Card(
        title="Tchebycheff (Chebyshev, minimax)",
        formula="max_i p_i (L_i - z_i)",
        source="Bowman 1976; Zhang and Li 2007, MOEA/D",
        departures="Tasks that tie for the maximum share the gradient equally.",
        peers=("LibMOON tche: returns the unweighted loss of the task that attains the maximum.",),
        cost="O(m)",
    )

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the largest weighted distance."""
        d = self.distances(signals)
        return (coefficients(signals, d) * d).amax(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return the preference of the task that attains the maximum, 0 for the others."""
        d = self.distances(signals)
        p = coefficients(signals, d)
        return p * share_of_maximum(p * d)


@methods.register("modified_tchebycheff")
@dataclass(frozen=True, kw_only=True, eq=False)
class ModifiedTchebycheff(IdealPointScalarization):
    """Largest distance to the ideal point divided by the preference; its optimum lies on the ray p.

    Args:
        floor: Preferences below it count as this, > 0: a weight of 1 / 0 means nothing.
    """

    card: ClassVar[Card] = Card(
        title="Modified Tchebycheff",
        formula="max_i (L_i - z_i) / p_i",
        source="Ma et al. 2017, On Tchebycheff decomposition approaches",
        departures="Preferences are at least `floor`.",
        peers=("LibMOON mtche.",),
        cost="O(m)",
    )

    floor: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "floor", "a finite number > 0", lambda v: (v > 0) & v.isfinite())

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the largest distance in units of the preference."""
        d = self.distances(signals)
        return (d / coefficients(signals, d).clamp(min=self.floor)).amax(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `1 / p` for the task that attains the maximum, 0 for the others."""
        d = self.distances(signals)
        p = coefficients(signals, d).clamp(min=self.floor)
        return share_of_maximum(d / p) / p


@methods.register("augmented_tchebycheff")
@dataclass(frozen=True, kw_only=True, eq=False)
class AugmentedTchebycheff(IdealPointScalarization):
    """Tchebycheff plus a small weighted sum, which excludes weakly optimal points.

    Args:
        rho: Share of the sum, >= 0. A large one loses the unsupported points of a concave front.
    """

    card: ClassVar[Card] = Card(
        title="Augmented Tchebycheff (AASF)",
        formula="max_i p_i (L_i - z_i) + rho sum_i p_i (L_i - z_i)",
        source="Steuer and Choo 1983; Wierzbicki 1980",
        peers=("LibMOON aasf: a smoothed variant.",),
        cost="O(m)",
    )

    rho: float = lane_option(0.01)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "rho", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the maximum plus `rho` times the sum."""
        d = self.distances(signals)
        terms = coefficients(signals, d) * d
        return terms.amax(-1) + (lane(self.rho, d) * terms).sum(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `p_i (rho + 1 for the task that attains the maximum)`."""
        d = self.distances(signals)
        p = coefficients(signals, d)
        return p * (share_of_maximum(p * d) + lane(self.rho, d))


def share_of_maximum(terms: Tensor) -> Tensor:
    """Return 1 for the largest entry of each lane and 0 elsewhere; entries that tie share equally.

    A lane with a NaN is NaN throughout.
    """
    top = terms.amax(-1, keepdim=True)
    hits = (terms == top).to(terms.dtype)
    return hits / hits.sum(-1, keepdim=True)
