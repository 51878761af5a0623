"""CAGrad's problem solved face by face from a guess: where the worst gain rises to what the length allows.

`a >= 0`, `C a + q - t e >= 0`, complementary, and `a^T C a` given. On a support, a is linear in the level
t and its length quadratic, so t has a closed form; the support is exchanged blockwise until the conditions
hold. It takes one to three rounds but may cycle: only certified lanes count, and `worst_case.follow`
takes the others.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from paretomtl.aggregation.lanes import apply, open_lanes, settled
from paretomtl.aggregation.linalg import ROWS, solve_columns

_TOLERANCE = 1e-15
"""Violations of a problem of order one that count as none: 4.5 times the rounding of a number of order
one. The equations on the support, whose solution is of any size, may miss by a hundred times that, and
the length, a sum of products of them, by a thousand times, relative to itself."""

_ROUNDS = 8
"""Supports that are tried at most. On random, conflicting, aligned, dependent and uneven gradients of 4 to
32 tasks, 4 rounds left 12 lanes in 100 open, 8 one, 20 half of one: the rest cycles or is refused."""


def raise_level(
    cosines: Float[Tensor, "lanes m m"],
    linear: Float[Tensor, "lanes m"],
    level: Float[Tensor, "lanes m"],
    length: Float[Tensor, "lanes 1"],
) -> tuple[Float[Tensor, "lanes m"], Bool[Tensor, " lanes"] | None]:
    """Return a, and in which lanes it satisfies the conditions (None: all of them).

    Args:
        cosines: C, unit diagonal or zero.
        linear: q, of order one.
        level: e, positive, at most 1; a lane with a zero is left to others.
        length: `a^T C a`, positive; a lane with zero is left to others.
    """
    m = linear.shape[-1]
    extra = -m % ROWS
    complete = (level > 0).all(-1)
    if extra:
        # padded once, so that `solve_columns` need not in every round; at level zero no row is drawn in
        cosines = torch.constant_pad_nd(cosines, (0, extra, 0, extra))
        linear = torch.constant_pad_nd(linear, (0, extra))
        level = torch.constant_pad_nd(level, (0, extra))
    columns = torch.stack((level, linear), -1)
    support = _first_support(cosines, columns, length)
    a, following, good = _solve_on(cosines, columns, length, support)
    for _ in range(_ROUNDS - 1):
        if settled(good):
            break
        rest = open_lanes(good)
        # solving a good lane again gives the same, bit by bit: only worth avoiding in large batches
        if rest is None or 2 * len(rest) > len(good):
            a, following, good = _solve_on(cosines, columns, length, following)
            continue
        found, after, better = _solve_on(
            cosines[rest], columns[rest], length[rest], following[rest]
        )
        a, following = a.index_copy(0, rest, found), following.index_copy(0, rest, after)
        good = good.index_copy(0, rest, better)
    good = good & complete
    return a[:, :m], None if settled(good) else good


def _first_support(cosines: Tensor, columns: Tensor, length: Tensor) -> Tensor:
    """Guess the support: as if all gradients were orthogonal, then one gradient step from there.

    Any guess is allowed.
    """
    level, linear = columns.unbind(-1)
    square = level.square().sum(-1, keepdim=True)
    middle = (level * linear).sum(-1, keepdim=True)
    rest = linear.square().sum(-1, keepdim=True) - length
    root = (middle.square() - square * rest).clamp(min=0).sqrt()
    a = ((middle + root) / square * level - linear).clamp(min=0)
    image = apply(cosines, a)
    stretch = (length / (a * image).sum(-1, keepdim=True)).sqrt()
    a, image = a * stretch, image * stretch
    pull = linear + image
    t = (pull * a).sum(-1, keepdim=True) / (level * a).sum(-1, keepdim=True)
    return a + t * level > pull


def _solve_on(
    cosines: Tensor, columns: Tensor, length: Tensor, support: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Solve on a support: the point, the support it asks for, and in which lanes it is the answer."""
    inside = support.to(cosines.dtype)
    # rows and columns outside become those of the identity
    system = cosines * inside.unsqueeze(-1)
    system *= inside.unsqueeze(-2)
    system.diagonal(dim1=-2, dim2=-1).add_(1 - inside)
    # on the support C a = t e - q, so a = t x - y; t is the larger root of a^T C a = length
    x, y = solve_columns(system, columns * inside.unsqueeze(-1)).unbind(-1)
    level, linear = columns.unbind(-1)
    square = (level * x).sum(-1, keepdim=True)
    middle = (linear * x).sum(-1, keepdim=True)
    rest = (linear * y).sum(-1, keepdim=True) - length
    root = (middle.square() - square * rest).clamp(min=0).sqrt()
    t = (middle + root) / square
    a = t * x - y
    image = apply(cosines, a)
    pull = t * level - linear - image
    following = torch.where(support, a > 0, pull > _TOLERANCE)
    exact = (pull * inside).abs() <= 100 * _TOLERANCE
    missing = (a * image).sum(-1, keepdim=True) - length
    long = missing.abs() <= 1e3 * _TOLERANCE * length
    return a, following, ((following == support) & exact & long).all(-1)
