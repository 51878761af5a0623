"""IMTL-G: the direction with equal projections on all unit gradients."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.aggregation.equal_angles import solve, solve_least
from paretomtl.aggregation.lanes import scale_diagonal, settled
from paretomtl.aggregation.linalg import cross
from paretomtl.methods.base import Card, methods
from paretomtl.methods.gramian import GramianWeighting
from paretomtl.shapes import Gramian, Mask, Weights


def impartial_weights(gramian: Gramian, *, precision: float) -> Weights:
    """Return the weights, summing to one, whose direction has equal projections on the unit gradients."""
    if gramian.shape[-1] == 2:
        lengths = gramian.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
        shortest = lengths.amin(-1, keepdim=True)
        # a zero gradient takes no part
        raw = torch.where(shortest > 0, lengths.flip(-1), (lengths > 0).to(lengths.dtype))
        return _to_unit_sum(raw)
    if gramian.shape[-1] == 3:
        raw, full = _three(gramian, precision)
        if settled(full):
            return _to_unit_sum(raw)
        least = solve_least(gramian, gramian.diagonal(dim1=-2, dim2=-1).sqrt(), precision=precision)
        return _to_unit_sum(torch.where(full, raw, least))
    scaled = scale_diagonal(gramian)
    # a zero row makes the lane singular, and the least-squares solution gives it no weight
    solution, full, least = solve(
        (scaled.cosines, torch.ones_like(scaled.lengths)),
        (gramian, scaled.lengths),
        precision=precision,
    )
    raw = solution * scaled.inverse
    return _to_unit_sum(raw if least is None else torch.where(full, raw, least))


def _three(gramian: Gramian, precision: float) -> tuple[Tensor, Mask]:
    """Solve `C a = 1` for three tasks by cross products, up to length; and where C has full rank."""
    lengths = gramian.diagonal(dim1=-2, dim2=-1).sqrt()
    cosines = gramian / (lengths.unsqueeze(-1) * lengths.unsqueeze(-2))
    solution = cross(cosines, cosines.roll(-1, -2)).sum(-2)
    determinant = (cosines[..., 0, :] * solution).sum(-1, keepdim=True)
    return solution / lengths, determinant > 24 * precision


def _to_unit_sum(raw: Tensor) -> Weights:
    """Divide by the sum; zeros where the sum is zero or lost in rounding (relative 1e-12)."""
    weights = raw / raw.sum(-1, keepdim=True)
    return torch.where(weights.abs().amax(-1, keepdim=True) < 1e12, weights, 0.0)


@methods.register("imtl_g")
@dataclass(frozen=True, kw_only=True, eq=False)
class IMTLG(GramianWeighting):
    """Weights that sum to one and whose direction has equal projections on all unit gradients.

    Weights may be negative and large: the direction need not descend on any task. A zero gradient takes
    no part. Where the weights would sum to zero (relative 1e-12) they are zero.
    """

    card = Card(
        title="IMTL-G",
        formula="w = G^+ l / (1^T G^+ l), l_i = |g_i|; direction w^T J",
        source="Liu et al. (2021), Towards Impartial Multi-task Learning, Section 3.1; dependent rows as Quinton and Rey (2024)",
        departures="Solved in unit-length coordinates; the closed form l_j / (l_1 + l_2) for two tasks, opposite gradients included; tests for singularity are relative.",
        peers=(
            "TorchJD: pinv; zero where |sum| < 1e-12 whatever the scale",
            "LibMTL and Nash-MTL's repository: an inverse that fails on duplicate rows and is NaN on a zero row; LibMTL's IMTL is IMTL-L and IMTL-G fused, here `imtl`",
        ),
        cost="one Cholesky factorization of O(m^3) a lane, an eigendecomposition for dependent rows",
    )

    def solve(self, gramian: Gramian, *, precision: float) -> Weights:
        """Return the weights; zeros for a zero Gramian."""
        return impartial_weights(gramian, precision=precision)
