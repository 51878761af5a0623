"""Clean batches of Gramians: a lane that is not finite neither touches nor stops its neighbors.

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

from paretomtl.aggregation.allocator import keep_freed_memory
from paretomtl.aggregation.recording import recorded
from paretomtl.shapes import Gramian, Mask


class CleanGramian(NamedTuple):
    """A Gramian without bad lanes.

    Args:
        matrix: float64; the identity where the lane is bad.
        good: Which lanes are good; None where all of them are known to be.
        precision: Machine epsilon of the numbers the Gramian was computed in.
        dtype: The dtype the answer goes back to.
    """

    matrix: Gramian
    good: Mask | None
    precision: float
    dtype: torch.dtype

    @property
    def finite(self) -> Mask:
        """Which lanes are good."""
        if self.good is None:
            return self.matrix.new_ones(self.matrix.shape[:-2], dtype=torch.bool)
        return self.good

    def restore(self, answer: Tensor) -> Tensor:
        """Return an answer [*batch, k] in the caller's dtype, NaN in the bad lanes."""
        if self.good is not None:
            answer = torch.where(self.good.unsqueeze(-1), answer, torch.nan)
        return answer.to(self.dtype)

    def only(self, good: Mask) -> CleanGramian:
        """Return the same, with fewer good lanes."""
        return self._replace(good=good)


def clean(gramian: Gramian) -> CleanGramian:
    """Convert to float64 and replace every lane that holds a NaN or an infinity by the identity."""
    dtype = gramian.dtype
    precision = torch.finfo(dtype).eps
    matrix = gramian.to(torch.float64).contiguous()
    if may_look(gramian):
        keep_freed_memory()  # every direct use of a Gramian solver begins here
        # a sum is finite only if all its terms are; if it overflows, the lanes are looked at one by one
        if math.isfinite(float(matrix.sum())):
            return CleanGramian(matrix, None, precision, dtype)
    # not by multiplying with zero, which inductor takes for zero whatever the other factor is
    finite = matrix.isfinite().flatten(-2).all(-1)
    eye = torch.eye(gramian.shape[-1], dtype=torch.float64, device=gramian.device)
    matrix = torch.where(finite[..., None, None], matrix, eye).contiguous()
    return CleanGramian(matrix, finite, precision, dtype)


class Scaled(NamedTuple):
    """A Gramian as `G = D C D`: lengths of the gradients, and the cosines between them.

    Scaling by the diagonal is exact and makes every solver indifferent to the lengths of the rows,
    which a regulariser is not.

    Args:
        cosines: C, unit diagonal; a zero row has zeros, its diagonal included.
        lengths: D, the norm of each row.
        inverse: 1 / D, and 0 for a zero row.
    """

    cosines: Gramian
    lengths: Float[Tensor, "*batch m"]
    inverse: Float[Tensor, "*batch m"]

    @property
    def present(self) -> Bool[Tensor, "*batch m"]:
        """Which rows are not zero."""
        return self.inverse > 0


def scale_diagonal(gramian: Gramian) -> Scaled:
    """Split a clean Gramian into lengths and cosines."""
    lengths = gramian.diagonal(dim1=-2, dim2=-1).sqrt()
    inverse = lengths.reciprocal().nan_to_num_(0.0, 0.0)
    cosines = gramian * inverse.unsqueeze(-1) * inverse.unsqueeze(-2)
    return Scaled(cosines, lengths, inverse)


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
    cannot branch on data; there the loop runs its fixed number of rounds.
    """
    return may_look(done) and bool(done.all())


def open_lanes(done: Mask) -> Tensor | None:
    """Return the places of the lanes that are not done, [count]; None where asking would cost (see `settled`)."""
    if not may_look(done):
        return None
    return (~done).nonzero().squeeze(-1)


def may_look(tensor: Tensor) -> bool:
    """Tell whether reading values of a tensor neither waits for a device nor breaks a compiled graph."""
    return tensor.device.type == "cpu" and not recorded()
