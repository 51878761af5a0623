"""The gradient of a set's hypervolume by the objectives of its points, exact for any m.

Moving point i up by d in objective k loses d times the (m-1)-dimensional volume of the part of its face
that no other point covers (Emmerich, Deutz and Beume, 2007): those covers are the other points that are
no worse in objective k, projected along it.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from paretomtl.aggregation.lanes import settled


def dominated_volume(
    sides: Float[Tensor, "*batch n d"], counted: Bool[Tensor, "*batch n"]
) -> Float[Tensor, "*batch"]:
    """Return the volume of the union of the boxes from the origin to each counted point of `sides`.

    Sides are distances below the reference point; negative ones count as zero. By slicing along the last
    axis. Cost: O(n^(d-1)) a lane in time and memory.
    """
    sides = torch.where(counted.unsqueeze(-1), sides.clamp(min=0), 0.0)
    if sides.shape[-1] == 1:
        return sides[..., 0].amax(-1)
    depth, order = sides[..., -1].sort(-1, descending=True)
    rest = sides[..., :-1].gather(-2, order.unsqueeze(-1).expand_as(sides[..., :-1]))
    thickness = depth - torch.cat((depth[..., 1:], torch.zeros_like(depth[..., :1])), -1)
    if rest.shape[-1] == 1:
        return (thickness * rest[..., 0].cummax(-1).values).sum(-1)
    n = depth.shape[-1]
    prefix = torch.ones(n, n, dtype=torch.bool, device=sides.device).tril()
    slices = dominated_volume(
        rest.unsqueeze(-3).expand(*rest.shape[:-2], n, n, rest.shape[-1]),
        prefix.expand(*rest.shape[:-2], n, n),
    )
    return (thickness * slices).sum(-1)


def hypervolume_gradient(
    sides: Float[Tensor, "*batch n m"], ranks: Int[Tensor, "*batch n"]
) -> Float[Tensor, "*batch n m"]:
    """Return by how much each point's hypervolume falls with each of its objectives.

    Args:
        sides: Reference point minus objectives; a point with a side of at most 0 counts for nothing.
        ranks: Which points form a set of their own: only points of equal rank cover each other.

    Returns:
        Non-negative. Of identical points the first takes all; a dominated point gets zero.
    """
    n, m = sides.shape[-2:]
    inside = (sides > 0).all(-1)
    index = torch.arange(n, device=sides.device)
    same = (ranks.unsqueeze(-1) == ranks.unsqueeze(-2)) & inside.unsqueeze(-2)
    other = same & (index.unsqueeze(-1) != index)
    columns: list[Tensor] = []
    for k in range(m):
        kept = [j for j in range(m) if j != k]
        depth = sides[..., k]
        gap = depth.unsqueeze(-2) - depth.unsqueeze(-1)
        covers = other & ((gap > 0) | ((gap == 0) & (index < index.unsqueeze(-1))))
        if m == 1:
            columns.append((~covers.any(-1)).to(sides.dtype))
            continue
        faces = sides[..., kept].unsqueeze(-3).expand(*sides.shape[:-2], n, n, m - 1)
        with_own = covers | (index.unsqueeze(-1) == index)
        columns.append(dominated_volume(faces, with_own) - dominated_volume(faces, covers))
    gradient = torch.stack(columns, -1).clamp(min=0)
    return torch.where(inside.unsqueeze(-1), gradient, 0.0)


def front_ranks(
    points: Float[Tensor, "*batch n m"], counted: Bool[Tensor, "*batch n"]
) -> Int[Tensor, "*batch n"]:
    """Return the non-domination rank of each point: 0 for the front, 1 for the front without it, ...

    Points that are not counted dominate nobody.
    """
    better = points.unsqueeze(-2) <= points.unsqueeze(-3)
    strictly = points.unsqueeze(-2) < points.unsqueeze(-3)
    dominates = better.all(-1) & strictly.any(-1) & counted.unsqueeze(-1)
    ranks = torch.zeros_like(counted, dtype=torch.int64)
    for _ in range(points.shape[-2]):
        new = torch.where(dominates, ranks.unsqueeze(-1) + 1, 0).amax(-2)
        done = (new == ranks).all(-1)
        ranks = new
        if settled(done):
            break
    return ranks
