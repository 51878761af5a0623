"""Weights learned as likelihood scales: uncertainty weighting and IMTL-L."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.methods.base import Card, Signals, State, methods, task_option
from paretomtl.methods.option_values import PerTask, check_option, per_task
from paretomtl.methods.scalarizations.learned import LearnedScalarization
from paretomtl.methods.signals import emphasize, losses_of

_KINDS = {"regression": 0.5, "classification": 1.0}
"""The factor of the loss in the negative log-likelihood: 1/2 for a Gaussian, 1 for a softmax."""


@methods.register("uncertainty")
@dataclass(frozen=True, kw_only=True, eq=False)
class Uncertainty(LearnedScalarization):
    """Weights learned as homoscedastic uncertainties, in the log-variance form s = log sigma^2.

    For fixed losses the learned scales settle at sigma_i^2 = L_i / d_i (regression) or 2 L_i / d_i
    (classification), where the gradient is that of `log_sum` times d_i / 2. Losses must not stay
    negative: s would fall without end.

    Args:
        kind: "regression" (Gaussian, L e^-s / 2) or "classification" (the approximation of a tempered
            softmax, L e^-s, temperature e^s); one for all tasks, or one a task.
        dimension: Output dimension d_i, > 0; one number, or one a task.
        initial_log_variance: Where s starts.
    """

    card: ClassVar[Card] = Card(
        title="Uncertainty weighting (UW)",
        formula="sum_i m p_i (a_i L_i exp(-s_i) + d_i s_i / 2), a = 1/2 regression, 1 classification; s learned",
        source="Kendall, Gal and Cipolla 2018, Multi-Task Learning Using Uncertainty to Weigh Losses",
        departures=(
            "s is clamped to `bounds` and has an optimizer of its own without weight decay, which would "
            "bias it. The output dimension d_i is part of the likelihood; most implementations leave it at 1."
        ),
        peers=(
            "TorchJD UW: initial_log_variance = 0; the user puts s in an optimizer.",
            "LibMTL UW: initial_log_variance = -0.5, s shares the network's learning rate and weight decay.",
            "nash-mtl: lr = 0.025 for s alone (our default).",
        ),
        cost="O(m)",
    )

    kind: str | tuple[str, ...] = task_option("regression")
    dimension: PerTask = task_option(1.0)
    initial_log_variance: PerTask = task_option(0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        kinds = tuple(self.kind) if isinstance(self.kind, (tuple, list)) else (self.kind,)
        if not kinds or any(not isinstance(k, str) or k not in _KINDS for k in kinds):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadInput(
                f"uncertainty: `kind` must be {' or '.join(map(repr, _KINDS))}, or a tuple of these; "
                f"found {self.kind!r}."
            )
        object.__setattr__(self, "kind", kinds[0] if len(kinds) == 1 else kinds)
        check_option(
            self,
            "dimension",
            "a finite number > 0, or one a task",
            lambda v: (v > 0) & v.isfinite(),
        )
        check_option(self, "initial_log_variance", "a finite number, or one a task", torch.isfinite)

    @property
    def initial(self) -> PerTask:
        """Where the log-scales start."""
        return self.initial_log_variance

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the sum of the negative log-likelihoods."""
        losses, s = losses_of(self, signals), state["parameter"]
        half_d = 0.5 * per_task(self.dimension, s, name="dimension")
        terms = self._factor(s) * torch.exp(-s) * losses + half_d * s
        return emphasize(terms, signals).sum(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `m p_i a_i exp(-s_i)`."""
        s = state["parameter"]
        return emphasize(self._factor(s) * torch.exp(-s), signals)

    def slope(self, log_scales: Tensor, signals: Signals) -> Tensor:
        """Return `m p_i (d_i / 2 - a_i L_i exp(-s_i))`."""
        s = log_scales
        half_d = 0.5 * per_task(self.dimension, s, name="dimension")
        pull = self._factor(s) * torch.exp(-s) * losses_of(self, signals).detach()
        return emphasize(half_d - pull, signals)

    def _factor(self, like: Tensor) -> Tensor:
        if isinstance(self.kind, str):
            return like.new_full((1,), _KINDS[self.kind])
        return per_task(tuple(_KINDS[k] for k in self.kind), like, name="kind")


@methods.register("imtl_l")
@dataclass(frozen=True, kw_only=True, eq=False)
class ImtlL(LearnedScalarization):
    """Loss balancing by learned scales e^s that bring every scaled loss to one.

    Args:
        initial_log_scale: Where s starts.
    """

    card: ClassVar[Card] = Card(
        title="Impartial multi-task learning, loss balance (IMTL-L)",
        formula="sum_i m p_i (exp(s_i) L_i - s_i); s learned, settles at -log L_i",
        source="Liu et al. 2021, Towards Impartial Multi-task Learning, Section 3.2",
        departures="s is clamped to `bounds` and has an optimizer of its own.",
        peers=(
            "TorchJD IMTLL: the same; equals 2 UW(-s).",
            "LibMTL: only fused with IMTL-G, as IMTL.",
        ),
        cost="O(m)",
    )

    initial_log_scale: PerTask = task_option(0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "initial_log_scale", "a finite number, or one a task", torch.isfinite)

    @property
    def initial(self) -> PerTask:
        """Where the log-scales start."""
        return self.initial_log_scale

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return `sum_i m p_i (exp(s_i) L_i - s_i)`."""
        losses, s = losses_of(self, signals), state["parameter"]
        return emphasize(torch.exp(s) * losses - s, signals).sum(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `m p_i exp(s_i)`."""
        return emphasize(torch.exp(state["parameter"]), signals)

    def slope(self, log_scales: Tensor, signals: Signals) -> Tensor:
        """Return `m p_i (exp(s_i) L_i - 1)`."""
        return emphasize(torch.exp(log_scales) * losses_of(self, signals).detach() - 1, signals)
