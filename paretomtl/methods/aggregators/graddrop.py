"""Gradient sign dropout: one sign survives at each coordinate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.aggregation import random
from paretomtl.methods.base import Aggregator, Card, Signals, State, methods, task_option
from paretomtl.methods.jacobian import has_no_weights, jacobian_of
from paretomtl.methods.option_values import PerTask, check_option, per_task
from paretomtl.methods.signals import keys_of
from paretomtl.shapes import Jacobian


@methods.register("graddrop")
@dataclass(frozen=True, kw_only=True, eq=False)
class GradDrop(Aggregator):
    """Sum of the gradients after keeping, at each coordinate, the entries of one drawn sign.

    On the shared representation z (`level="representation"`) a coordinate is a feature, as in the paper:
    `sign(z) g`, summed over the samples, says how a task wants the feature's size to change, and what is
    kept is kept for all samples. On the parameters a coordinate is a parameter.

    Args:
        leak: Share of the other entries that passes all the same, in [0, 1]; one number, or one a task.
    """

    card: ClassVar[Card] = Card(
        title="GradDrop",
        formula=(
            "P_k = (1 + sum_i G_ik / sum_i |G_ik|) / 2, U_k ~ U(0, 1); kept_ik = [G_ik > 0] if U_k < P_k, "
            "else [G_ik < 0]; d = sum_i (leak_i + (1 - leak_i) kept_i) g_i; G = g on the parameters, "
            "sum_samples sign(z) g on the representation z"
        ),
        source="Chen et al. 2020, Just Pick a Sign, Algorithm 1",
        departures=(
            "At level 'representation' the paper's; at the default level 'parameters' on their gradients, as "
            "in TorchJD. A column of zeros gives zero."
        ),
        peers=(
            "TorchJD GradDrop: the same on the parameters, from torch's global generator.",
            "LibMTL GradDrop: the same on the representation (rep_grad), and nowhere else; one leak for all tasks.",
        ),
        cost="O(m n)",
    )
    random: ClassVar[bool] = True

    leak: PerTask = task_option(0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        has_no_weights(self)
        check_option(
            self, "leak", "a number in [0, 1], or one a task", lambda v: (v >= 0) & (v <= 1)
        )

    def aggregate(self, state: State, signals: Signals) -> tuple[Tensor, State]:
        """Return the sum of what is kept, and the state unchanged."""
        rows = jacobian_of(self, signals)
        evidence = rows if signals.representation is None else _by_feature(rows, signals)
        draws = random.uniform(keys_of(self, signals), signals.steps, evidence.shape[-1])
        size = evidence.abs().sum(-2)
        purity = 0.5 * (1 + evidence.sum(-2) / torch.where(size > 0, size, 1.0))
        positive = (draws < purity).unsqueeze(-2)
        kept = torch.where(positive, evidence > 0, evidence < 0)
        # a feature is kept for all samples, which lie one behind the other
        kept = kept.repeat(*[1] * (kept.ndim - 1), rows.shape[-1] // kept.shape[-1])
        leak = per_task(self.leak, rows[..., 0], name="leak").unsqueeze(-1)
        return (leak * rows + (1 - leak) * torch.where(kept, rows, 0.0)).sum(-2), state


def _by_feature(rows: Jacobian, signals: Signals) -> Float[Tensor, "*batch m features"]:
    """Return how each task wants the size of each feature of the representation to change."""
    z = signals.representation
    assert z is not None
    samples = rows.reshape(*rows.shape[:-1], *z.shape[-2:])
    return (samples * z.sign().unsqueeze(-3)).sum(-2)
