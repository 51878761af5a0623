"""What the methods that read the Gramian share: bad lanes are set aside, good ones solved in float64."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch

from paretomtl.aggregation.lanes import clean
from paretomtl.methods.base import Method, Signals, State, Weighting
from paretomtl.methods.signals import required
from paretomtl.shapes import Gramian, Mask, Weights


@dataclass(frozen=True, kw_only=True, eq=False)
class GramianWeighting(Weighting):
    """A stateless weighting of the Gramian alone.

    A lane whose Gramian holds a NaN or an infinity gets NaN weights and touches no other lane.
    """

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights for rows as given, and the state unchanged."""
        lanes = clean(gramian_of(self, signals))
        return lanes.restore(self.solve(lanes.matrix, precision=lanes.precision)), state

    @abstractmethod
    def solve(self, gramian: Gramian, *, precision: float) -> Weights:
        """Return the weights for a clean float64 Gramian computed to `precision` (machine epsilon)."""


def gramian_of(method: Method, signals: Signals) -> Gramian:
    """Return the Gramian, or say that the method reads it."""
    return required(method, signals.gramian, "Gramian", "gramian= or jacobian=")


def cross_gramian_of(method: Method, signals: Signals) -> Gramian:
    """Return the product of two minibatches' Jacobians, or say that the method reads it."""
    what = "gradients of two independent minibatches"
    return required(method, signals.cross_gramian, what, "cross_gramian=")


def keep_bad_lanes(good: Mask, before: State, after: State) -> State:
    """Return the next state, where lanes that are not good keep the state they had."""
    return {
        name: torch.where(
            good.reshape(good.shape + (1,) * (value.ndim - good.ndim)), value, before[name]
        )
        for name, value in after.items()
    }
