"""The scalarization whose mean over random directions is the hypervolume."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from paretomtl.methods.base import Card, Scalarization, Signals, State, methods, task_option
from paretomtl.methods.option_values import PerTask, check_option, choose, per_task
from paretomtl.methods.scalarizations.tchebycheff import share_of_maximum
from paretomtl.methods.signals import coefficients, losses_of


@methods.register("hv_scalarization")
@dataclass(frozen=True, kw_only=True, eq=False)
class HypervolumeScalarization(Scalarization):
    """Volume reached from the reference point along the preferred direction, as large as possible.

    The mean of its negative over directions uniform on the positive unit sphere, times
    `sphere_constant(m)`, is the hypervolume of one point; with the maximum over points first, that of
    a set.

    Args:
        reference: The reference point; one number, or one a task. Losses above it have no volume.
        outside: Beyond the reference point the source's value is 0 without gradient ("flat"); "linear"
            goes on with the distance to it instead, so that a start out there can move.
        floor: Entries of the unit direction below it count as this, > 0.
    """

    card: ClassVar[Card] = Card(
        title="Hypervolume scalarization",
        formula="-min_i max(0, (r_i - L_i) / u_i)^m, u = p / |p|",
        source="Golovin and Zhang 2020, Random Hypervolume Scalarizations, Lemma 5",
        departures=(
            "Negated, since we minimise. Beyond the reference point the distance max_i (L_i - r_i) / u_i "
            "replaces the constant 0 unless outside = 'flat'. Tasks that tie share the gradient equally."
        ),
        peers=("TorchJD, LibMTL: absent; LibMOON has the related invagg.",),
        cost="O(m)",
    )
    example: ClassVar[Mapping[str, Any]] = {"reference": 1.1}

    reference: PerTask = task_option()
    outside: Literal["linear", "flat"] = "linear"
    floor: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "reference", "a finite number, or one a task", torch.isfinite)
        choose(self, "outside", ("linear", "flat"))
        check_option(self, "floor", "a finite number > 0", lambda v: (v > 0) & v.isfinite())

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the negative volume, or the distance to the reference point beyond it."""
        ratios, _ = self._ratios(signals)
        least = ratios.amin(-1)
        volume = _power(least.clamp(min=0), ratios.shape[-1])
        beyond = (-least).clamp(min=0) if self.outside == "linear" else torch.zeros_like(least)
        return beyond - volume

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return the gradient of the value, all of it on the task that attains the minimum."""
        ratios, u = self._ratios(signals)
        m = ratios.shape[-1]
        least = ratios.amin(-1, keepdim=True)
        slope = m * _power(least.clamp(min=0), m - 1)
        outside = 1.0 if self.outside == "linear" else 0.0
        return torch.where(least > 0, slope, outside) * share_of_maximum(-ratios) / u

    def _ratios(self, signals: Signals) -> tuple[Tensor, Tensor]:
        losses = losses_of(self, signals)
        p = coefficients(signals, losses)
        u = (p / p.square().sum(-1, keepdim=True).sqrt()).clamp(min=self.floor)
        return (per_task(self.reference, losses, name="reference") - losses) / u, u


def sphere_constant(m: int) -> float:
    """Return the factor between mean scalarization and hypervolume, `pi^(m/2) / (2^m Gamma(m/2 + 1))`.

    It is the volume of the part of the unit ball whose coordinates are positive.

    >>> round(sphere_constant(2), 4)
    0.7854
    """
    return math.pi ** (m / 2) / (2**m * math.gamma(m / 2 + 1))


def _power(x: Tensor, exponent: int) -> Tensor:
    """Return x^exponent for a small whole exponent; by products, since pow rounds by position."""
    power = torch.ones_like(x)
    for _ in range(exponent):
        power = power * x
    return power
