"""The Tchebycheff maximum, smoothed by log-sum-exp; and the log-ratio objective of the same name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.methods.base import (
    Card,
    LaneShapes,
    Signals,
    State,
    by_options,
    lane_option,
    methods,
    task_option,
)
from paretomtl.methods.option_values import PerTask, check_option, choose, count, lane, per_task
from paretomtl.methods.scalarizations.loss_normalization import running_mean
from paretomtl.methods.scalarizations.positive import bounded, lifted
from paretomtl.methods.scalarizations.tchebycheff import IdealPointScalarization
from paretomtl.methods.signals import coefficients, emphasize, losses_of


@methods.register("smooth_tchebycheff")
@dataclass(frozen=True, kw_only=True, eq=False)
class SmoothTchebycheff(IdealPointScalarization):
    """Log-sum-exp of the weighted distances to the ideal point: Tchebycheff as mu goes to 0.

    `form="log_ratio"` is the other objective that goes by this name: the authors' multi-task code and
    LibMTL minimise the log-sum-exp of log(L / nadir) after a warm-up on the sum of log L.

    Args:
        mu: Smoothing, > 0, in units of the weighted losses; within mu log m of Tchebycheff.
        form: "paper", or "log_ratio" (needs positive losses).
        nadir: For "log_ratio": the losses that ratios are taken to, one number or one a task; None takes
            the mean over the last `window` steps of the warm-up.
        warmup: For "log_ratio" with a measured nadir: steps on the sum of log L before the switch.
        window: Steps at the end of the warm-up (an epoch, in LibMTL) that the nadir is the mean of.
    """

    card: ClassVar[Card] = Card(
        title="Smooth Tchebycheff (STCH)",
        formula="mu log sum_i exp(p_i (L_i - z_i) / mu);  log_ratio: m mu log sum_i exp(m p_i log(L_i / n_i) / mu)",
        source="Lin et al. 2024, Smooth Tchebycheff Scalarization for Multi-Objective Optimization, Equation 12",
        departures=(
            "The exponents are computed in float64. In the log-ratio form m p_i multiplies the logarithms, "
            "and epochs are counted in steps."
        ),
        peers=(
            "TorchJD STCH: the paper's form; mu has no default.",
            "LibMTL STCH: the log-ratio form, mu = 1, after 4 epochs of sum log L; nadir is that epoch's mean.",
            "LibMOON soft_tche: the paper's form.",
        ),
        cost="O(m)",
    )

    needs_positive_losses: ClassVar[bool] = by_options(
        lambda self: self.form == "log_ratio", default=False
    )
    """The log-ratio form alone takes logarithms of the losses."""

    mu: float = lane_option(0.01)
    form: Literal["paper", "log_ratio"] = "paper"
    nadir: PerTask | None = task_option(None)
    warmup: int = 4
    window: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "mu", "a number > 0", lambda v: (v > 0) & v.isfinite())
        choose(self, "form", ("paper", "log_ratio"))
        if self.nadir is not None:
            check_option(
                self,
                "nadir",
                "a finite number > 0, or one a task",
                lambda v: (v > 0) & v.isfinite(),
            )
        count(self, "warmup", least=1)
        count(self, "window", least=1)
        if self.window > self.warmup:
            raise BadInput(
                f"smooth_tchebycheff: `window` ({self.window}) is part of the warm-up and cannot exceed "
                f"`warmup` ({self.warmup})."
            )

    @property
    def _measures(self) -> bool:
        return self.form == "log_ratio" and self.nadir is None

    def init(self, shapes: LaneShapes) -> State:
        """Return an empty mean of the warm-up's losses, where the nadir is measured."""
        return running_mean(shapes) if self._measures else {}

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the smoothed maximum."""
        if self.form == "paper":
            exponents, mu = self._exponents(signals)
            smooth = (mu * torch.logsumexp(exponents, -1, keepdim=True)).squeeze(-1)
            return smooth.to(losses_of(self, signals).dtype)
        losses = lifted(losses_of(self, signals))
        exponents, mu = self._log_ratios(state, signals)
        m = losses.shape[-1]
        smooth = (m * mu * torch.logsumexp(exponents, -1, keepdim=True)).squeeze(-1)
        if self._measures:
            warm = emphasize(losses.log(), signals).sum(-1)
            smooth = torch.where(state["count"] < self.warmup, warm.to(smooth), smooth)
        return smooth.to(losses.dtype)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return the gradient of the smoothed maximum."""
        losses = losses_of(self, signals)
        if self.form == "paper":
            exponents, _ = self._exponents(signals)
            return torch.softmax(exponents, -1).to(losses.dtype) * coefficients(signals, losses)
        exponents, _ = self._log_ratios(state, signals)
        weights = losses.shape[-1] * torch.softmax(exponents, -1).to(losses.dtype)
        if self._measures:
            warm = (state["count"] < self.warmup).unsqueeze(-1)
            weights = torch.where(warm, 1.0, weights)
        return bounded(emphasize(weights / lifted(losses), signals))

    def update(self, state: State, signals: Signals) -> State:
        """Return the mean over the end of the warm-up, and the steps made."""
        if not self._measures:
            return state
        done = state["count"].unsqueeze(-1)
        # how many steps of the window are behind; negative while the window has not begun
        age = done - (self.warmup - self.window)
        losses = losses_of(self, signals).detach()
        mean = state["mean"] + (losses - state["mean"]) / (age + 1).clamp(min=1)
        counted = (age >= 0) & (done < self.warmup)
        return {
            "mean": torch.where(counted, mean, state["mean"]),
            "count": state["count"] + 1,
        }

    def _exponents(self, signals: Signals) -> tuple[Tensor, Tensor]:
        d = self.distances(signals).double()
        mu = lane(self.mu, d)
        return coefficients(signals, d) * d / mu, mu

    def _log_ratios(self, state: State, signals: Signals) -> tuple[Tensor, Tensor]:
        losses = lifted(losses_of(self, signals)).double()
        if self.nadir is not None:
            nadir = per_task(self.nadir, losses, name="nadir")
        else:  # before the warm-up ends the mean may be 0: those lanes do not use it yet
            nadir = torch.where(state["mean"] > 0, state["mean"], 1.0).to(losses)
        mu = lane(self.mu, losses)
        return emphasize(torch.log(losses / nadir), signals) / mu, mu
