"""UPGrad and DualProj: projections on the dual cone of the gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from paretomtl.aggregation.dual_cone import project_combination, project_rows
from paretomtl.aggregation.lanes import CleanGramian, clean
from paretomtl.methods.base import Card, Signals, State, Weighting, methods
from paretomtl.methods.gramian import gramian_of
from paretomtl.shapes import Weights


@methods.register("upgrad")
@dataclass(frozen=True, kw_only=True, eq=False)
class UPGrad(Weighting):
    """Each gradient projected on the dual cone of all of them, averaged by the preference.

    No task is harmed, and the answer is linear in the lengths of the gradients.
    """

    card = Card(
        title="UPGrad",
        formula="direction sum_k u_k P(g_k), P(x) = argmin |d - x| subject to J d >= 0",
        source="Quinton and Rey (2024), Jacobian Descent for Multi-Objective Optimization, Section 3.1",
        departures="No regularization and no threshold below which gradients are averaged. The preference is u.",
        peers=(
            "TorchJD and LibMTL: 1e-4 times the identity is added to the trace-normalized Gramian, so rows shorter than 1 % of the longest are swamped and may be harmed; Gramians of trace below 1e-4 count as zero and the mean is taken",
        ),
        cost="m quadratic programs of O(m^3) a lane, as one batch",
    )
    own_preference: ClassVar[bool] = True

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights; the state is empty."""
        lanes = clean(gramian_of(self, signals))
        rows = project_rows(lanes.matrix, precision=lanes.precision)
        combination = _combination(lanes, signals)
        if isinstance(combination, Tensor):
            weights = (combination.unsqueeze(-1) * rows).sum(-2)
        else:
            weights = rows.sum(-2) * combination
        return lanes.restore(weights), state


@methods.register("dual_proj")
@dataclass(frozen=True, kw_only=True, eq=False)
class DualProj(Weighting):
    """The preferred mean of the gradients, projected on their dual cone.

    No task is harmed, and no other such direction is nearer to the mean.
    """

    card = Card(
        title="DualProj",
        formula="direction P(sum_k u_k g_k), P(x) = argmin |d - x| subject to J d >= 0",
        source="Lopez-Paz and Ranzato (2017), Gradient Episodic Memory, Equation 11; named so by Quinton and Rey (2024)",
        departures="No regularization and no threshold below which gradients are averaged. The preference is u.",
        peers=("TorchJD: regularized as its UPGrad is",),
        cost="one quadratic program of O(m^3) a lane",
    )
    own_preference: ClassVar[bool] = True

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights; the state is empty."""
        lanes = clean(gramian_of(self, signals))
        weights = project_combination(
            lanes.matrix, _combination(lanes, signals), precision=lanes.precision
        )
        return lanes.restore(weights), state


def _combination(lanes: CleanGramian, signals: Signals) -> Weights | float:
    """Return the preference; one number where it is uniform."""
    if signals.preference is None:
        return 1 / lanes.matrix.shape[-1]
    return signals.preference.to(lanes.matrix.dtype)
