"""The weighted sum under ceilings on the losses, by dual ascent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.methods.base import (
    Card,
    LaneShapes,
    Scalarization,
    Signals,
    State,
    lane_option,
    methods,
    task_option,
)
from paretomtl.methods.option_values import PerTask, check_option, count, lane, per_task
from paretomtl.methods.signals import coefficients, losses_of


@methods.register("epsilon_constraint")
@dataclass(frozen=True, kw_only=True, eq=False)
class EpsilonConstraint(Scalarization):
    """Weighted sum of the losses subject to `L_i <= ceiling_i`, with multipliers by dual ascent.

    The multipliers converge to those of the Karush-Kuhn-Tucker conditions on convex problems; the
    damping lets them settle on concave ones, so targets on unsupported points can be reached.

    Args:
        ceilings: Highest allowed loss; one number, or one a task; inf for none.
        dual_lr: Step length of the multipliers, > 0.
        damping: Weight of the squared violation beside the multiplier, >= 0 (augmented Lagrangian).
        patience: After so many steps in a row above its ceiling a task counts as infeasible.
        tolerance: How far above, as a share of the ceiling, counts for that, >= 0.
    """

    card: ClassVar[Card] = Card(
        title="Epsilon-constraint with dual ascent (task-loss ceilings)",
        formula=(
            "min sum_i p_i L_i s.t. L_i <= tau_i;  weights p_i + max(0, lambda_i + c (L_i - tau_i)),  "
            "lambda_i <- max(0, lambda_i + eta (L_i - tau_i))"
        ),
        source="Haimes et al. 1971; Platt and Barr 1987, Constrained Differential Optimization",
        departures="The value is the augmented Lagrangian; c = 0 is plain dual ascent.",
        peers=("TorchJD, LibMTL, LibMOON: absent.",),
        cost="O(m)",
    )

    ceilings: PerTask = task_option(math.inf)
    dual_lr: float = lane_option(0.1)
    damping: float = lane_option(0.0)
    patience: int = 1000
    tolerance: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "ceilings", "a number or inf, or one a task", lambda v: v > -math.inf)
        check_option(self, "dual_lr", "a finite number > 0", lambda v: (v > 0) & v.isfinite())
        check_option(self, "damping", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())
        count(self, "patience", least=1)
        check_option(self, "tolerance", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def init(self, shapes: LaneShapes) -> State:
        """Return multipliers of zero, and no violations."""
        zeros = shapes.per_task(0.0)
        return {"multipliers": zeros, "violations": zeros.to(torch.int64)}

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the augmented Lagrangian."""
        losses = losses_of(self, signals)
        excess = self._excess(losses)
        multiplier, c = state["multipliers"], lane(self.damping, losses)
        pushed = self._pushed(multiplier, excess)
        # psi(e) with psi' = max(0, lambda + c e) and psi(0) = 0, constant where that is 0
        active = pushed > 0
        e = torch.where(active, excess, 0.0)
        bottom = torch.where(c > 0, -0.5 * multiplier.square() / torch.where(c > 0, c, 1.0), 0.0)
        penalty = torch.where(active, multiplier * e + 0.5 * c * e.square(), bottom)
        return (coefficients(signals, losses) * losses + penalty).sum(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `p_i + max(0, lambda_i + c (L_i - tau_i))`."""
        losses = losses_of(self, signals)
        pushed = self._pushed(state["multipliers"], self._excess(losses))
        return coefficients(signals, losses) + pushed

    def update(self, state: State, signals: Signals) -> State:
        """Return the multipliers after one step of ascent."""
        losses = losses_of(self, signals).detach()
        excess = self._excess(losses)
        rate = lane(self.dual_lr, excess)
        allowed = self.tolerance * per_task(self.ceilings, losses, name="ceilings").abs()
        violations = state["violations"]
        return {
            "multipliers": (state["multipliers"] + rate * excess).clamp(min=0),
            "violations": torch.where(
                excess > allowed, violations + 1, torch.zeros_like(violations)
            ),
        }

    def report(self, state: State, signals: Signals) -> dict[str, Tensor]:
        """Return the multipliers, the slack `tau - L`, and which tasks look infeasible, [*batch, m].

        Runs keep them beside their diagnostics, at every snapshot.
        """
        losses = losses_of(self, signals)
        return {
            "multipliers": state["multipliers"],
            "slack": per_task(self.ceilings, losses, name="ceilings") - losses,
            "infeasible": state["violations"] >= self.patience,
        }

    def _excess(self, losses: Tensor) -> Tensor:
        return losses - per_task(self.ceilings, losses, name="ceilings")

    def _pushed(self, multiplier: Tensor, excess: Tensor) -> Tensor:
        c = lane(self.damping, excess)
        # 0 * inf where there is neither damping nor a ceiling
        push = torch.where(c > 0, c * excess, 0.0)
        return (multiplier + push).clamp(min=0)
