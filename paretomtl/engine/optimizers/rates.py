"""How the learning rate changes while a batch runs: a factor on every lane's own rate."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from paretomtl.aggregation.diagnostics import cosine_matrix
from paretomtl.sweep.settings import ConflictAware, Optimizer


class Rate(NamedTuple):
    """The factor of each step: cosine decay over the budget, and caution where tasks conflict.

    Args:
        total: Steps over which the rate falls to zero by a cosine; None for a constant one.
        conflict: How cautious it is; None for not at all.
    """

    total: int | None
    conflict: ConflictAware | None

    @classmethod
    def of(cls, optimizer: Optimizer, total: int | None) -> Rate:
        """Return the rate that an optimizer states, over so many steps (None with a budget of seconds)."""
        return cls(total if optimizer.schedule == "cosine" else None, optimizer.conflict)

    def caution(self, n_lanes: int, *, dtype: torch.dtype, device: torch.device) -> Tensor | None:
        """Return the cautious factor of each lane before the first step, [lanes]; None without caution."""
        return None if self.conflict is None else torch.ones(n_lanes, dtype=dtype, device=device)

    def scheduled(self, step: int) -> float:
        """Return the schedule's factor of this step (0 is the first)."""
        if self.total is None:
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * step / self.total))

    def factor(
        self, scheduled: float | Tensor, caution: Tensor | None, gramian: Tensor | None
    ) -> tuple[float | Tensor, Tensor | None]:
        """Return the factor of this step, a number or [lanes], and the caution after it."""
        if self.conflict is None or caution is None:
            return scheduled, caution
        assert gramian is not None
        caution = cautious(self.conflict, caution, gramian)
        return scheduled * caution, caution


def cautious(settings: ConflictAware, caution: Tensor, gramian: Tensor) -> Tensor:
    """Return the next factor of each lane, [lanes], from the Gramian [lanes, m, m].

    A task without gradient conflicts with none.
    """
    smallest = torch.nan_to_num(cosine_matrix(gramian), nan=1.0).flatten(-2).amin(-1)
    conflict = 1 - smallest.to(caution.dtype)
    shrunk, grown = caution * settings.shrink, caution * settings.grow
    factor = torch.where(conflict > settings.threshold, shrunk, grown)
    return factor.clamp(settings.lowest, settings.highest)
