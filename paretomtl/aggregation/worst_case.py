"""The trade of a linear gain against a length over the simplex: CAGrad's problem and WC-MGDA's.

`min over the simplex of q^T w + c |J^T w|`. With `a = s w`, `s >= 0`, its optimality conditions are
`G a + q - t 1 >= 0`, `a >= 0`, complementary, and `|J^T a| = c`; t is the optimal value. As t rises from
`min q`, where a = 0, a(t) is piecewise linear; the path is followed from face to face, one exchange
each, until the length is reached. Nothing is iterated, and the answer satisfies the conditions exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.aggregation.lanes import settled
from paretomtl.aggregation.sweep import hit, inspect, multiply, sweep_, total


class Path(NamedTuple):
    """Where to stop on the path, all [*batch, 1].

    Args:
        length: `|J^T a|^2` to reach.
        value: t to reach as well; -inf asks for nothing.
        cap: t never to exceed; +inf forbids nothing.
    """

    length: Tensor
    value: Tensor
    cap: Tensor


class End(NamedTuple):
    """The end of a path, both [*batch, m].

    Args:
        point: a.
        limit: a as well, but where the gradients are Pareto stationary the direction in which a may grow
            without end while `J^T a` stays: up to length, the weights that cancel the gradients.
    """

    point: Tensor
    limit: Tensor


def follow(
    cosines: Float[Tensor, "*batch m m"],
    linear: Float[Tensor, "*batch m"],
    level: Float[Tensor, "*batch m"],
    path: Path,
    *,
    precision: float,
) -> End:
    """Follow `C a + q - t e >= 0`, `a >= 0`, complementary, until `a^T C a` is long enough.

    Where no further rise of t is possible (the gradients are Pareto stationary), the path ends there.

    Args:
        cosines: C, unit diagonal or zero.
        linear: q, of order one.
        level: e, positive, at most 1; 0 for a row that takes no part.
        path: Where to stop.
        precision: Machine epsilon of the numbers C was computed in.

    Returns:
        The end of the path. At most 3 m + 3 exchanges are made; a lane that needs more stops early.
    """
    m = linear.shape[-1]
    ends = _follow(
        cosines.reshape(-1, m, m).permute(1, 2, 0).contiguous(),
        linear.reshape(-1, m).mT.contiguous(),
        level.reshape(-1, m).mT.contiguous(),
        Path(*(part.expand(*linear.shape[:-1], 1).reshape(1, -1) for part in path)),
        precision,
    )
    return End(*(part.mT.contiguous().reshape(linear.shape) for part in ends))


def _follow(
    cosines: Tensor, linear: Tensor, level: Tensor, path: Path, precision: float
) -> tuple[Tensor, Tensor]:
    """Follow the path with the lanes behind."""
    walk = _Walk(cosines, linear, level, path, floor=8 * precision)
    for _ in range(3 * len(linear) + 3):
        if walk.advance():
            break
    a = walk.refined()
    limit = torch.where(walk.basic, walk.e, 0.0).clamp(min=0)
    return a, torch.where(walk.arrested, limit, a)


class _Face(NamedTuple):
    """The path on one face: `a = r e - q` on its support, `t = free r + offset`, all [1, lanes].

    Args:
        start: r where the path enters the face.
        weight: How fast `e^T a` rises with r.
        offset: t at r = 0, and minus `e^T a` there.
        free: `1 - weight`, how fast t rises with r.
        flat: Where that is no more than rounding: t stands still and only a changes.
        missing: What `a^T C a` at the start lacks of the length to reach.
    """

    start: Tensor
    weight: Tensor
    offset: Tensor
    free: Tensor
    flat: Tensor
    missing: Tensor

    def surface(self) -> Tensor:
        """Return the r at which the length is reached: the root of a quadratic, never where t is flat."""
        slope = (self.free * (self.weight * self.start - self.offset)).clamp(min=0)
        root = (slope.square() + self.weight * self.free * self.missing).sqrt()
        # not as `(root - slope) / ...`, which cancels; the divisor is zero where t is flat
        tiny = torch.finfo(self.start.dtype).tiny
        rise = self.missing / (slope + root).clamp(min=tiny)
        surface = self.start + torch.where(self.missing > 0, rise, 0.0)
        return torch.where(self.flat & (self.missing > 0), torch.inf, surface)

    def rising_to(self, value: Tensor) -> Tensor:
        """Return the r at which t is a value; the start where t is there already, or flat."""
        below = value > self.free * self.start + self.offset
        return torch.where(~self.flat & below, (value - self.offset) / self.free, self.start)

    def stop(self, cap: Tensor) -> Tensor:
        """Return the r beyond which t would exceed its cap; +inf where nothing is capped, or t is flat."""
        capped = torch.where(
            cap.isfinite() & ~self.flat, (cap - self.offset) / self.free, torch.inf
        )
        return torch.maximum(capped, self.start)


class _Walk:
    """Where every lane stands on its path; every tensor has the lanes behind.

    The parameter is `r = t + e^T a`, which turns the matrix into `C + e e^T`: r goes on rising where t
    cannot, and rows that depend on others never block.
    """

    def __init__(
        self, cosines: Tensor, linear: Tensor, level: Tensor, path: Path, *, floor: float
    ) -> None:
        m = linear.shape[0]
        self.cosines, self.linear, self.level = cosines, linear, level
        self.path, self.floor = path, floor
        self.matrix: Tensor = cosines + level * level.unsqueeze(1)
        # swept along with the matrix, the rows below it become q and e of each face
        self.tableau: Tensor = torch.cat((self.matrix, linear.unsqueeze(0), level.unsqueeze(0)))
        self.q, self.e = self.tableau[m], self.tableau[m + 1]
        self.basic: Tensor = torch.zeros_like(linear, dtype=torch.bool)
        # indices whose independence of the face is no more than rounding, until another leaves
        self.closed = self.basic
        self.done: Tensor = torch.zeros_like(path.length, dtype=torch.bool)
        self.on_surface = self.arrested = self.done
        now = torch.where(level > 0, linear / level, torch.inf).amin(0, keepdim=True)
        self.now: Tensor = torch.where(now.isfinite(), now, 0.0)

    def point(self) -> Tensor:
        """Return a where the lanes stand."""
        return torch.where(self.basic, self.now * self.e - self.q, 0.0)

    def face(self) -> _Face:
        """Describe the face on which the lanes stand."""
        weighted = torch.where(self.basic, self.level, 0.0)
        weight, offset = total(weighted * self.e), total(weighted * self.q)
        a = self.point()
        missing = (self.path.length - total(a * multiply(self.cosines, a))).clamp(min=0)
        free = (1 - weight).clamp(min=0)
        coefficients = total(torch.where(self.basic, self.e.abs(), 0.0))
        flat = free <= self.floor * (1 + coefficients).square()
        return _Face(self.now, weight, offset, free, flat, missing)

    def next_break(self) -> tuple[Tensor, Tensor]:
        """Return the r at which the face ends, and the index that leaves or enters there."""
        blocks = torch.where(self.basic, self.e < 0, (self.e > 0) & ~self.closed)
        breaks = torch.where(blocks, torch.maximum(self.q / self.e, self.now), torch.inf)
        return breaks.min(0, keepdim=True)

    def advance(self) -> bool:
        """Go to the end of the face or of the path; return whether every lane is known to be done."""
        face, (leave, index) = self.face(), self.next_break()
        surface, wanted = face.surface(), face.rising_to(self.path.value)
        target = torch.maximum(surface, wanted)
        # nothing more can happen: Pareto stationary
        stuck = torch.where(face.flat & leave.isinf(), self.now, torch.inf)
        end = torch.minimum(stuck, face.stop(self.path.cap))
        pivot = inspect(self.tableau, index, self.basic)
        entering = ~self.basic.gather(0, index)
        # a row that depends on the face but for rounding: its pivot would be noise, so it stays out
        noise = entering & (pivot.value <= self.floor * pivot.reach.square())
        noise = noise & leave.isfinite() & (leave < torch.minimum(target, end)) & ~self.done
        self.closed = self.closed | (hit(index, len(self.basic)) & noise)
        reached = torch.minimum(torch.minimum(target, end), leave)
        reached = torch.where(noise, self.now, reached)
        self.now = torch.where(self.done, self.now, reached)
        arrived = (target <= end) & (target <= leave)
        by_length = arrived & ~face.flat & (surface >= wanted)
        self.on_surface = torch.where(self.done, self.on_surface, by_length)
        self.arrested = torch.where(self.done, self.arrested, ~arrived & stuck.isfinite())
        self.done = self.done | arrived | (end <= leave)
        if settled(self.done):
            return True
        self.closed = self.closed & (entering | self.done | noise)
        self.basic = sweep_(self.tableau, pivot, self.basic, ~self.done & ~noise)
        return False

    def refined(self) -> Tensor:
        """Return a, refined: the face's equations by the tableau's inverse, then the length by Newton."""
        a = self.point()
        residual = multiply(self.matrix, a) + self.linear - self.now * self.level
        residual = torch.where(self.basic, residual, 0.0)
        inverse = self.tableau[: len(a)]
        a = a + torch.where(self.basic, multiply(inverse, residual), 0.0)
        along = torch.where(self.basic & self.on_surface, self.e, 0.0)
        # from an error of rounding two steps leave none that shows
        for _ in range(2):
            image = multiply(self.cosines, a)
            error = self.path.length - total(a * image)
            rate = 2 * total(along * image)
            a = a + along * torch.where(rate > 0, error / rate, 0.0)
        return a.clamp(min=0)
