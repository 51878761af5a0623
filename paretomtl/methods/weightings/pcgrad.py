"""PCGrad: project each gradient off those it conflicts with, then add them up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from paretomtl.aggregation import surgery
from paretomtl.aggregation.lanes import clean
from paretomtl.errors import BadInput
from paretomtl.methods.base import Card, Signals, State, Weighting, by_options, methods
from paretomtl.methods.gramian import gramian_of
from paretomtl.methods.option_values import choose
from paretomtl.methods.signals import keys_of
from paretomtl.shapes import Gramian, Weights

_MODES = ("random", "ascending", "mean", "simultaneous", "inplace", "one_sided")
_MEAN_LIMIT = 6


@methods.register("pcgrad")
@dataclass(frozen=True, kw_only=True, eq=False)
class PCGrad(Weighting):
    """Each gradient, projected off every original gradient it conflicts with, in random order; summed.

    A zero gradient is projected off nothing. For two tasks the order does not matter and neither task
    is harmed; for three or more a task may be.

    Args:
        mode: "random" draws an order a task, a lane and a step, and is PCGrad. "ascending" visits the
            tasks by number. "mean" averages over all orders (at most 6 tasks). Not PCGrad, for
            ablation only: "simultaneous" subtracts all projections of the original gradient at once,
            "inplace" projects off gradients as altered so far, "one_sided" alters the first task alone.
        reduction: "sum" as in the paper, or "mean" over the tasks.
    """

    card = Card(
        title="PCGrad",
        formula="for i, for j != i in random order: if v_i.g_j < 0: v_i -= (v_i.g_j / |g_j|^2) g_j; direction sum_i v_i",
        source="Yu et al. (2020), Gradient Surgery for Multi-Task Learning, Algorithm 1",
        departures="Computed on the Gramian; no epsilon in the denominator. The modes simultaneous, inplace and one_sided are not PCGrad.",
        peers=(
            "TorchJD: the same, orders from torch's global generator",
            "LibMTL: full gradients, orders from Python's global generator, 1e-8 in the denominator, a task may be projected off itself",
            "Nash-MTL's repository: as LibMTL, with reduction sum or mean",
        ),
        cost="O(m^3) a lane; mode mean (m-1)! times that",
    )
    random: ClassVar[bool] = by_options(lambda self: self.mode == "random", default=True)
    """The paper's own mode alone draws."""

    mode: Literal["random", "ascending", "mean", "simultaneous", "inplace", "one_sided"] = "random"
    reduction: Literal["sum", "mean"] = "sum"

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, "mode", _MODES)
        choose(self, "reduction", ("sum", "mean"))

    @property
    def most_tasks(self) -> int | None:
        """The orders of more cannot all be visited."""
        return _MEAN_LIMIT if self.mode == "mean" else None

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights; the state is empty."""
        lanes = clean(gramian_of(self, signals))
        weights = self._coefficients(lanes.matrix, signals).sum(-2)
        if self.reduction == "mean":
            weights = weights / weights.shape[-1]
        return lanes.restore(weights), state

    def _coefficients(self, gramian: Gramian, signals: Signals) -> surgery.Coefficients:
        m = gramian.shape[-1]
        if self.mode == "simultaneous" or (m == 2 and self.mode in ("random", "ascending", "mean")):
            return surgery.project_all_at_once(gramian)
        if self.mode == "inplace":
            return surgery.project_in_place(gramian)
        if self.mode == "mean":
            if m > _MEAN_LIMIT:
                raise BadInput(
                    f"pcgrad's mode 'mean' visits (m-1)! orders and takes at most {_MEAN_LIMIT} tasks; "
                    f"found {m}. Use mode='random'."
                )
            return surgery.project_mean_of_orders(gramian)
        if self.mode == "random":
            order = surgery.random_orders(keys_of(self, signals), signals.steps, m)
        else:
            order = surgery.ascending_order(m, device=gramian.device)
        coefficients = surgery.project_in_order(gramian, order)
        if self.mode == "one_sided":
            eye = torch.eye(m, dtype=gramian.dtype, device=gramian.device)
            first = torch.arange(m, device=gramian.device).unsqueeze(-1) == 0
            return torch.where(first, coefficients, eye)
        return coefficients
