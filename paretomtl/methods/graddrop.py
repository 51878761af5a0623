"""Gradient sign dropout: one sign survives at each coordinate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.aggregation import random
from paretomtl.methods.base import Aggregator, Card, Signals, State, methods
from paretomtl.methods.jacobian import has_no_weights, jacobian_of, keys_of
from paretomtl.methods.options import PerTask, per_task, settle


@methods.register("graddrop")
@dataclass(frozen=True, kw_only=True, eq=False)
class GradDrop(Aggregator):
    """Sum of the gradients after keeping, at each coordinate, the entries of one drawn sign.

    Args:
        leak: Share of the other entries that passes all the same, in [0, 1]; one number, or one a task.
    """

    card: ClassVar[Card] = Card(
        title="GradDrop",
        formula=(
            "P_k = (1 + sum_i g_ik / sum_i |g_ik|) / 2, U_k ~ U(0, 1); keep positive entries of coordinate k "
            "if U_k < P_k, else the negative ones; d = sum_i (leak_i + (1 - leak_i) kept_i) g_i"
        ),
        source="Chen et al. 2020, Just Pick a Sign, Algorithm 1",
        departures=(
            "On the gradients by the parameters, as in TorchJD; the paper works on those by the shared "
            "representation, times its sign, summed over the minibatch. A column of zeros gives zero."
        ),
        peers=(
            "TorchJD GradDrop: the same, from torch's global generator.",
            "LibMTL GradDrop: on the representation only (rep_grad); one leak for all tasks.",
        ),
        cost="O(m n)",
    )
    random: ClassVar[bool] = True

    leak: PerTask = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        has_no_weights(self)
        settle(self, "leak", "a number in [0, 1], or one a task", lambda v: (v >= 0) & (v <= 1))

    def aggregate(self, state: State, signals: Signals) -> tuple[Tensor, State]:
        """Return the sum of what is kept, and the state unchanged."""
        rows = jacobian_of(self, signals)
        draws = random.uniform(keys_of(self, signals), signals.steps, rows.shape[-1])
        size = rows.abs().sum(-2)
        purity = 0.5 * (1 + rows.sum(-2) / torch.where(size > 0, size, 1.0))
        positive = (draws < purity).unsqueeze(-2)
        kept = torch.where(positive, rows.clamp(min=0), rows.clamp(max=0))
        leak = per_task(self.leak, rows[..., 0], name="leak").unsqueeze(-1)
        return (leak * rows + (1 - leak) * kept).sum(-2), state
