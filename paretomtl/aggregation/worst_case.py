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
    """Follow the path with the lanes behind.

    The parameter is `r = t + e^T a`, which turns the matrix into `C + e e^T`: r goes on rising where t
    cannot, and rows that depend on others never block.
    """
    m = linear.shape[0]
    tiny = torch.finfo(cosines.dtype).tiny
    floor = 8 * precision
    matrix = cosines + level * level.unsqueeze(1)
    tableau = torch.cat((matrix, linear.unsqueeze(0), level.unsqueeze(0)))
    q, e = tableau[m], tableau[m + 1]
    basic = torch.zeros_like(linear, dtype=torch.bool)
    # indices whose independence of the face is no more than rounding, until another leaves
    closed = basic
    done = torch.zeros_like(path.length, dtype=torch.bool)
    on_surface = arrested = done
    now = torch.where(level > 0, linear / level, torch.inf).amin(0, keepdim=True)
    now = torch.where(now.isfinite(), now, 0.0)
    for _ in range(3 * m + 3):
        # on this face a = r e - q, e^T a = A r - B, and a^T C a is a quadratic in r
        weighted = torch.where(basic, level, 0.0)
        A = total(weighted * e)
        B = total(weighted * q)
        a = torch.where(basic, now * e - q, 0.0)
        missing = (path.length - total(a * multiply(cosines, a))).clamp(min=0)
        free = (1 - A).clamp(min=0)
        slope = (free * (A * now - B)).clamp(min=0)
        root = (slope.square() + A * free * missing).sqrt()
        surface = now + torch.where(missing > 0, missing / (slope + root).clamp(min=tiny), 0.0)
        # t = free r + B; where it is flat only the combination changes, until an index leaves
        coefficients = total(torch.where(basic, e.abs(), 0.0))
        flat = free <= floor * (1 + coefficients).square()
        surface = torch.where(flat & (missing > 0), torch.inf, surface)
        wanted = torch.where(~flat & (path.value > free * now + B), (path.value - B) / free, now)
        target = torch.maximum(surface, wanted)
        capped = torch.where(path.cap.isfinite() & ~flat, (path.cap - B) / free, torch.inf)
        blocks = torch.where(basic, e < 0, (e > 0) & ~closed)
        following, index = torch.where(blocks, torch.maximum(q / e, now), torch.inf).min(
            0, keepdim=True
        )
        # nothing more can happen: Pareto stationary
        stuck = torch.where(flat & following.isinf(), now, torch.inf)
        end = torch.minimum(stuck, torch.maximum(capped, now))
        pivot = inspect(tableau, index, basic)
        entering = ~basic.gather(0, index)
        noise = entering & (pivot.value <= floor * pivot.reach.square())
        noise = noise & following.isfinite() & (following < torch.minimum(target, end)) & ~done
        closed = closed | (hit(index, m) & noise)
        reached = torch.minimum(torch.minimum(target, end), following)
        reached = torch.where(noise, now, reached)
        now = torch.where(done, now, reached)
        arrived = (target <= end) & (target <= following)
        on_surface = torch.where(done, on_surface, arrived & ~flat & (surface >= wanted))
        arrested = torch.where(done, arrested, ~arrived & stuck.isfinite())
        done = done | arrived | (end <= following)
        if settled(done):
            break
        closed = closed & (entering | done | noise)
        basic = sweep_(tableau, pivot, basic, ~done & ~noise)
    a = torch.where(basic, now * e - q, 0.0)
    # refinement: the face's equations by the inverse that the tableau holds, then the length by Newton
    residual = torch.where(basic, multiply(matrix, a) + linear - now * level, 0.0)
    a = a + torch.where(basic, multiply(tableau[:m], residual), 0.0)
    along = torch.where(basic & on_surface, e, 0.0)
    for _ in range(2):
        image = multiply(cosines, a)
        error = path.length - total(a * image)
        rate = 2 * total(along * image)
        a = a + along * torch.where(rate > 0, error / rate, 0.0)
    a = a.clamp(min=0)
    return a, torch.where(arrested, torch.where(basic, e, 0.0).clamp(min=0), a)
