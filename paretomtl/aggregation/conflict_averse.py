"""CAGrad's direction: within a ball about the mean gradient, help the worst-off task most."""

from __future__ import annotations

import torch
from torch import Tensor

from paretomtl.aggregation.dual_cone import project_combination
from paretomtl.aggregation.lanes import apply, open_lanes, scale_diagonal
from paretomtl.aggregation.water_level import raise_level
from paretomtl.aggregation.worst_case import Path, follow
from paretomtl.shapes import Gramian, Weights


def conflict_averse_weights(gramian: Gramian, radius: Tensor, *, precision: float) -> Weights:
    """Return the weights of `argmax_d min_i g_i.d` subject to `|d - g_0| <= c |g_0|`.

    The optimum is `d = J^T (u + v)`, where v solves the dual problem: see `worst_case`. At a
    Pareto-stationary point no direction helps every task, and the dual problem that defines the method
    (0/0 in the paper's formula) leaves d open. Then, and when a gradient is zero, the answer is the
    maximizer nearest to g_0: its projection on the dual cone, or as far as the ball allows.

    Args:
        gramian: Clean, float64.
        radius: c, [*batch, 1] or [1].
        precision: Machine epsilon of the numbers the Gramian was computed in.

    Cost: about m exchanges of O(m^2) a lane.
    """
    m = gramian.shape[-1]
    if m == 2:
        return _two(gramian, radius, precision)
    scaled = scale_diagonal(gramian)
    longest = scaled.lengths.amax(-1, keepdim=True)
    longest = torch.where(longest > 0, longest, 1.0)
    mean = scaled.lengths / (m * longest)
    linear = apply(scaled.cosines, mean)
    length = radius.square() * (mean * linear).sum(-1, keepdim=True).clamp(min=0)
    shortest = torch.where(scaled.present, scaled.lengths, torch.inf).amin(-1, keepdim=True)
    level = torch.where(scaled.present, shortest * scaled.inverse, 0.0)
    # a zero gradient gains nothing whatever the direction
    cap = torch.where(scaled.present.all(-1, keepdim=True), torch.inf, 0.0)
    path = Path(length, torch.full_like(cap, -torch.inf), cap)
    point = _point(scaled.cosines, linear, level, path, precision)
    return 1 / m + point * longest * scaled.inverse


def _point(c: Tensor, q: Tensor, e: Tensor, path: Path, precision: float) -> Tensor:
    """Return the end of the path: by a guess that certifies itself, else by following it."""
    m, shape = q.shape[-1], q.shape
    c, q, e = c.reshape(-1, m, m), q.reshape(-1, m), e.reshape(-1, m)
    length, value, cap = (part.expand(*shape[:-1], 1).reshape(-1, 1) for part in path)
    a, solved = raise_level(c, q, e, length)
    if solved is not None:
        rest = open_lanes(solved)
        if rest is None:
            end = follow(c, q, e, Path(length, value, cap), precision=precision)
            a = torch.where(solved.unsqueeze(-1), a, end.point)
        else:
            path = Path(length[rest], value[rest], cap[rest])
            end = follow(c[rest], q[rest], e[rest], path, precision=precision)
            a = a.index_copy(0, rest, end.point)
    return a.reshape(shape)


def _two(gramian: Gramian, radius: Tensor, precision: float) -> Weights:
    """Closed form for two tasks: `q^T w + c |g_0| |g_w|` is a hyperbola along the segment."""
    first, second, inner = gramian[..., 0, 0], gramian[..., 1, 1], gramian[..., 0, 1]
    bound = radius[..., 0] * ((first + 2 * inner + second).clamp(min=0) / 4).sqrt()
    tilt = (first - second) / 2
    square = (first - inner) + (second - inner)
    width = square.sqrt()
    determinant = first * second - inner.square()
    # a difference of two products, each with the rounding of its factors
    independent = determinant > 4 * precision * first * second
    determinant = torch.where(independent, determinant, 0.0)
    # z = |g_1 - g_2|^2 x - g_2.(g_2 - g_1), zero at the shortest vector of the line; steep where the
    # tilt outweighs the length and an end of the segment is best
    steepness = tilt / (bound * width)
    flatness = 1 - steepness.square()
    z = -steepness * (determinant / flatness).sqrt()
    # each share by its own division: one minus the other would drown a share below rounding
    mix = (torch.stack((second - inner + z, first - inner - z), -1) / square.unsqueeze(-1)).clamp(
        0, 1
    )
    ends = torch.stack((tilt < 0, tilt >= 0), -1).to(mix.dtype)
    mix = torch.where((flatness > 0).unsqueeze(-1), mix, ends)
    # two equal gradients
    mix = torch.where((square > 0).unsqueeze(-1), mix, 0.5)
    length = (mix * apply(gramian, mix)).sum(-1).clamp(min=0).sqrt()
    inside = (mix > 0).all(-1) & (flatness > 0) & (square > 0)
    length = torch.where(inside, ((z.square() + determinant) / square).sqrt(), length)
    longest = torch.maximum(first, second).sqrt()
    moves = length > 2 * precision * longest
    added = mix * torch.where(moves, bound / length, 0.0).unsqueeze(-1)
    mean = torch.full_like(mix, 0.5)
    onto = project_combination(gramian, mean, precision=precision)
    return torch.where(moves.unsqueeze(-1), mean + added, onto)
