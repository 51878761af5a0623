"""Krum: trust the gradients that lie nearest to most others."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from paretomtl.errors import BadInput
from paretomtl.methods.base import Card, methods
from paretomtl.methods.gramian import GramianWeighting
from paretomtl.methods.option_values import count
from paretomtl.shapes import Gramian, Weights


@methods.register("krum")
@dataclass(frozen=True, kw_only=True, eq=False)
class Krum(GramianWeighting):
    """The mean of the gradients whose distances to their nearest others sum to the least.

    Meant for machines that may lie, not for tasks; listed for comparison.

    Args:
        n_byzantine: How many gradients may be corrupt; needs m >= n_byzantine + 3.
        n_selected: How many gradients are averaged (Multi-Krum).
    """

    card = Card(
        title="Krum",
        formula="score_i = sum of the distances to the m - f - 2 nearest others; mean of the n lowest",
        source="Blanchard et al. (2017), Machine Learning with Adversaries",
        departures="Ties go to the lower task number. Distances are not squared, as in TorchJD.",
        peers=("TorchJD: the same",),
        cost="O(m^2 log m) a lane",
    )

    n_byzantine: int = 0
    n_selected: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        count(self, "n_byzantine", least=0)
        count(self, "n_selected", least=1)

    @property
    def least_tasks(self) -> int:
        """`n_byzantine` + 3, or `n_selected` when that is more."""
        return max(self.n_byzantine + 3, self.n_selected)

    def solve(self, gramian: Gramian, *, precision: float) -> Weights:
        """Return the weights.

        Raises:
            BadInput: There are fewer than n_byzantine + 3 or n_selected tasks.
        """
        m = gramian.shape[-1]
        if m < self.least_tasks:
            raise BadInput(
                f"krum with n_byzantine={self.n_byzantine} and n_selected={self.n_selected} needs at "
                f"least {self.least_tasks} tasks; found {m}."
            )
        # equal to the bit from both ends: three tasks always tie, and rounding must not decide
        gramian = (gramian + gramian.mT) / 2
        squares = gramian.diagonal(dim1=-2, dim2=-1)
        distances = squares.unsqueeze(-1) + squares.unsqueeze(-2) - 2 * gramian
        eye = torch.eye(m, dtype=torch.bool, device=gramian.device)
        distances = torch.where(eye, 0.0, distances.clamp(min=0).sqrt())
        nearest = distances.sort(-1).values[..., 1 : m - self.n_byzantine - 1]
        ranks = nearest.sum(-1).argsort(dim=-1, stable=True).argsort(dim=-1)
        return (ranks < self.n_selected).to(gramian.dtype) / self.n_selected
