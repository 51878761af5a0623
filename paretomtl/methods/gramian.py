"""What the methods that read the Gramian share: bad lanes are set aside, good ones solved in float64."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.aggregation.lanes import clean
from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, Signals, State, Weighting
from paretomtl.shapes import Gramian, Losses, Mask, Weights


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
    return _required(method, signals.gramian, "Gramian", "gramian= or jacobian=")


def losses_of(method: Method, signals: Signals) -> Losses:
    """Return the losses, or say that the method reads them."""
    return _required(method, signals.losses, "losses", "losses=")


def keys_of(method: Method, signals: Signals) -> Tensor:
    """Return the random keys, or say that the method draws random numbers."""
    return _required(method, signals.keys, "random keys of the lanes", "generator=")


def _required(method: Method, signal: Tensor | None, what: str, how: str) -> Tensor:
    if signal is None:
        raise BadInput(f"{method.name!r} reads the {what}: pass {how}.")
    return signal


def keep_bad_lanes(good: Mask, before: State, after: State) -> State:
    """Return the next state, where lanes that are not good keep the state they had."""
    return {
        name: torch.where(
            good.reshape(good.shape + (1,) * (value.ndim - good.ndim)), value, before[name]
        )
        for name, value in after.items()
    }
