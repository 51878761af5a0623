"""IMTL-G: the direction with equal projections on all unit gradients."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from paretomtl.aggregation.equal_angles import solve
from paretomtl.methods.base import Card, methods
from paretomtl.methods.gramian import GramianWeighting
from paretomtl.shapes import Gramian, Weights


def impartial_weights(gramian: Gramian, *, precision: float) -> Weights:
    """Return the weights, summing to one, whose direction has equal projections on the unit gradients."""
    if gramian.shape[-1] == 2:
        lengths = gramian.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
        shortest = lengths.amin(-1, keepdim=True)
        # Two unit gradients always have equal projections on their bisector, so w_i is in proportion
        # to the other's length, whatever their angle: opposite gradients too, where G is singular and
        # its inverse has no answer. A zero gradient takes no part.
        raw = torch.where(shortest > 0, lengths.flip(-1), (lengths > 0).to(lengths.dtype))
        return raw / raw.sum(-1, keepdim=True).clamp(min=torch.finfo(raw.dtype).tiny)
    lengths = gramian.diagonal(dim1=-2, dim2=-1).sqrt()
    # a zero row makes the lane singular, and the least-squares solution gives it no weight
    raw = solve(gramian, lengths, lengths, precision=precision)
    weights = raw / raw.sum(-1, keepdim=True)
    return torch.where(weights.abs().sum(-1, keepdim=True) < 1e12, weights, 0.0)


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
        departures="The preference, which scales rows, changes the length of the direction alone. Indifferent to the lengths of the rows (dependent rows: while they are within a factor of 1e7); the closed form l_j / (l_1 + l_2) for two tasks, opposite gradients included; tests for singularity are relative.",
        peers=(
            "TorchJD: pinv; zero where |sum| < 1e-12 whatever the scale",
            "LibMTL and Nash-MTL's repository: an inverse that fails on duplicate rows and is NaN on a zero row; LibMTL's IMTL is IMTL-L and IMTL-G fused, here `imtl`",
        ),
        cost="one Cholesky factorization of O(m^3) a lane, an eigendecomposition for dependent rows",
    )

    def solve(self, gramian: Gramian, *, precision: float) -> Weights:
        """Return the weights; zeros for a zero Gramian."""
        return impartial_weights(gramian, precision=precision)
