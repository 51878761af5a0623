"""Pareto MTL: stay in the preference's own sector of the objective space while descending."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.aggregation.lanes import apply, clean
from paretomtl.aggregation.linalg import length
from paretomtl.aggregation.min_norm import min_norm_weights
from paretomtl.aggregation.recording import recorded
from paretomtl.errors import BadInput
from paretomtl.methods.base import Card, LaneShapes, Signals, State, Weighting, methods
from paretomtl.methods.gramian import gramian_of, keep_bad_lanes
from paretomtl.methods.option_values import count
from paretomtl.methods.signals import losses_of
from paretomtl.shapes import Weights

_MOST_REFERENCES = 64

_SAME = 1e-6
"""A reference so near is the preference itself, as float32 may have rounded it."""


@methods.register("pmtl")
@dataclass(frozen=True, kw_only=True, eq=False)
class PMTL(Weighting):
    """MGDA restricted to the preference's sector: those loss vectors nearer to it than to any reference.

    The sector's borders are `(u_j - u_k).L <= 0`, u_k the preference and u_j the references, all of unit
    length. Borders that are crossed enter the min-norm problem as further gradients. A lane first only
    moves into its sector, for at most `search_steps`. The preference is a ray: the losses should lie along it.

    Args:
        divisions: The references are all points of the simplex lattice with so many divisions; 0 picks
            10, 5 and 3 for m = 2, 3 and 4, then 2, and 1 beyond 10 tasks.
        search_steps: Steps after which the search for the sector ends, reached or not.
    """

    card = Card(
        title="Pareto MTL",
        formula="min-norm over {g_i} and {(u_j - u_k)^T J : (u_j - u_k).L > 0}; before the sector is reached, over the latter alone",
        source="Lin et al. (2019), Pareto Multi-Task Learning, Equations 7, 11 and 14",
        departures="Any m (published code is for two tasks). The references are a fixed lattice, so that a lane does not depend on the others. Losses are measured from the ideal point where one is known.",
        peers=(
            "LibMOON: two tasks only, a loop over lanes; the authors: search for the first 20 % of the steps",
        ),
        cost="one quadratic program of m + r gradients a lane, r references",
    )
    own_preference: ClassVar[bool] = True
    reads_losses: ClassVar[bool] = True

    divisions: int = 0
    search_steps: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        count(self, "divisions", least=0)
        if self.divisions >= _MOST_REFERENCES:
            raise BadInput(
                f"pmtl: `divisions` must be less than {_MOST_REFERENCES}: two tasks have one reference more "
                "than divisions."
            )
        count(self, "search_steps", least=0)

    @property
    def most_tasks(self) -> int | None:
        """More tasks would have more references than are taken."""
        fits = (m for m in range(2, _MOST_REFERENCES + 1) if self._fits(m))
        return max(fits, default=1)

    def _fits(self, m: int) -> bool:
        return _n_references(m, self.divisions or 1) <= _MOST_REFERENCES

    def init(self, shapes: LaneShapes) -> State:
        """Return every lane searching."""
        return {
            "searching": shapes.full(True, dtype=torch.bool),
            "age": shapes.counts(),
        }

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights on the tasks, and whether each lane still searches.

        Raises:
            BadInput: The lattice has more than 64 references.
        """
        lanes = clean(gramian_of(self, signals))
        gramian = lanes.matrix
        losses = losses_of(self, signals).to(torch.float64)
        if signals.ideal is not None:
            losses = losses - signals.ideal.to(torch.float64)
        good = lanes.finite & losses.isfinite().all(-1)
        losses = torch.where(good.unsqueeze(-1), losses, 1.0)
        m = gramian.shape[-1]
        own = torch.ones_like(losses)
        if signals.preference is not None:
            own = signals.preference.to(torch.float64)
        own = own / length(own)
        borders = self._references(m, gramian.device) - own.unsqueeze(-2)
        # a reference that is the preference itself has no border but rounding
        is_own = length(borders).squeeze(-1) <= _SAME
        crossed = (apply(borders, losses) > 1e-12 * length(losses)) & ~is_own
        rows = torch.cat(
            (torch.eye(m, dtype=gramian.dtype, device=gramian.device).expand_as(gramian), borders),
            -2,
        )
        extended = (rows.unsqueeze(-3) * apply(gramian.unsqueeze(-3), rows).unsqueeze(-2)).sum(-1)
        extended = (extended + extended.mT) / 2
        searching = state["searching"] & crossed.any(-1) & (state["age"] < self.search_steps)
        tasks = torch.ones_like(losses, dtype=torch.bool) & ~searching.unsqueeze(-1)
        among = torch.cat((tasks, crossed), -1)
        combination = min_norm_weights(extended, precision=lanes.precision, among=among)
        weights = apply(rows.mT, combination)
        after = {"searching": searching, "age": state["age"] + 1}
        return lanes.only(good).restore(weights), keep_bad_lanes(good, state, after)

    def _references(self, m: int, device: torch.device) -> Tensor:
        divisions = self.divisions or {2: 10, 3: 5, 4: 3}.get(m, 2 if m <= 10 else 1)
        if _n_references(m, divisions) > _MOST_REFERENCES:
            advice = "Use fewer divisions." if divisions > 1 else "It needs fewer tasks."
            raise BadInput(
                f"pmtl with divisions={divisions} has more than {_MOST_REFERENCES} references for {m} "
                f"tasks. {advice}"
            )
        # a recorded step must compute its tensors itself: one kept from outside would be an input
        directions = _directions if recorded() else _kept_directions
        return directions(m, divisions, device)


def _n_references(m: int, divisions: int) -> int:
    """Return how many points the lattice has."""
    return math.comb(divisions + m - 1, m - 1)


def _directions(m: int, divisions: int, device: torch.device) -> Tensor:
    points = torch.tensor(list(_lattice(m, divisions)), dtype=torch.float64, device=device)
    return points / length(points)


_kept_directions = functools.lru_cache(maxsize=64)(_directions)


def _lattice(m: int, divisions: int) -> Iterator[tuple[int, ...]]:
    """Yield all non-negative integer m-tuples that sum to `divisions`."""
    if m == 1:
        yield (divisions,)
        return
    for first in range(divisions + 1):
        for rest in _lattice(m - 1, divisions - first):
            yield (first, *rest)
