"""Hygiene of a batch of Gramians: one bad lane may not touch, nor stop, its neighbours.

`eigh`, `solve` and `cholesky` raise for a whole batch when one matrix holds a NaN. Every solver here
therefore works on a clean batch, in float64, where bad lanes are replaced by the identity, and puts NaN
into the bad lanes of the answer.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from paretomtl.aggregation.recording import recorded
from paretomtl.shapes import Gramian, Mask


class CleanGramian(NamedTuple):
    """A Gramian without bad lanes.

    Args:
        matrix: float64; the identity where the lane is bad.
        finite: Which lanes are good.
        whole: Known to be all of them.
        precision: Machine epsilon of the numbers the Gramian was computed in.
        dtype: The dtype the answer goes back to.
    """

    matrix: Gramian
    finite: Mask
    whole: bool
    precision: float
    dtype: torch.dtype

    def restore(self, answer: Tensor) -> Tensor:
        """Return an answer [*batch, k] in the caller's dtype, NaN in the bad lanes."""
        if self.whole:
            return answer.to(self.dtype)
        return torch.where(self.finite.unsqueeze(-1), answer, torch.nan).to(self.dtype)

    def only(self, good: Mask) -> CleanGramian:
        """Return the same, with fewer good lanes."""
        return self._replace(finite=good, whole=False)


def clean(gramian: Gramian) -> CleanGramian:
    """Convert to float64 and replace every lane that holds a NaN or an infinity by the identity."""
    dtype = gramian.dtype
    precision = torch.finfo(dtype).eps
    matrix = gramian.to(torch.float64).contiguous()
    if _may_look(gramian) and math.isfinite(float(matrix.sum())):
        finite = torch.ones(gramian.shape[:-2], dtype=torch.bool)
        return CleanGramian(matrix, finite, True, precision, dtype)
    # zero times x is zero exactly when x is finite: one pass, whatever the magnitudes
    finite = (matrix * 0).sum((-2, -1)) == 0
    eye = torch.eye(gramian.shape[-1], dtype=torch.float64, device=gramian.device)
    matrix = torch.where(finite[..., None, None], matrix, eye).contiguous()
    return CleanGramian(matrix, finite, False, precision, dtype)


class Scaled(NamedTuple):
    """A Gramian as `G = D C D`: lengths of the gradients, and the cosines between them.

    Scaling by the diagonal is exact and makes every solver indifferent to the lengths of the rows,
    which a regulariser is not.

    Args:
        cosines: C, unit diagonal; a zero row has zeros, its diagonal included.
        lengths: D, the norm of each row.
        inverse: 1 / D, and 0 for a zero row.
        present: Which rows are not zero.
    """

    cosines: Gramian
    lengths: Float[Tensor, "*batch m"]
    inverse: Float[Tensor, "*batch m"]
    present: Bool[Tensor, "*batch m"]


def scale_diagonal(gramian: Gramian) -> Scaled:
    """Split a clean Gramian into lengths and cosines."""
    lengths = gramian.diagonal(dim1=-2, dim2=-1).sqrt()
    present = lengths > 0
    inverse = torch.where(present, 1 / lengths, 0.0)
    cosines = gramian * inverse.unsqueeze(-1) * inverse.unsqueeze(-2)
    return Scaled(cosines, lengths, inverse, present)


def apply(matrix: Float[Tensor, "*batch k m"], vector: Float[Tensor, "*batch m"]) -> Tensor:
    """Multiply lane by lane, [*batch, k].

    By an elementwise product and a sum: `matmul` picks another kernel, hence another rounding, for one
    lane than for many.
    """
    return (matrix * vector.unsqueeze(-2)).sum(-1)


def settled(done: Mask) -> bool:
    """Tell whether a loop of masked rounds may stop early because no lane needs more of them.

    A round leaves a finished lane as it is, bit by bit, so stopping early changes nothing. Only asked
    where the answer is free: on an accelerator it would wait for the device, and a compiled graph
    cannot branch on data; there the fixed number of rounds is made.
    """
    return _may_look(done) and bool(done.all())


def open_lanes(done: Mask) -> Tensor | None:
    """Return the places of the lanes that are not done, [count]; None where asking would cost (see `settled`)."""
    if not _may_look(done):
        return None
    return (~done).nonzero().squeeze(-1)


def _may_look(tensor: Tensor) -> bool:
    """Tell whether reading values of a tensor neither waits for a device nor breaks a compiled graph."""
    return tensor.device.type == "cpu" and not recorded()
