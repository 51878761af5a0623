"""The root of `G w = w^(-1/alpha)`: Nash bargaining (alpha = 1) and alpha-fairness.

With `z = G w` the equations are `F = log w + alpha log z = 0`. Newton's flow on them follows weighted
centers, which exist and are unique for every right-hand side unless the gradients are Pareto
stationary, so a damped Newton from any interior point (w > 0, z > 0) arrives; a min-norm point
supplies one. Everything happens in unit-length coordinates `a = D w`, where the lengths only enter
through their logarithms, and each linear system is symmetric with eigenvalues of at least one.
"""

from __future__ import annotations

import torch
from torch import Tensor

from paretomtl.aggregation.bargain import bargain
from paretomtl.aggregation.lanes import Scaled, apply, open_lanes, scale_diagonal, settled
from paretomtl.aggregation.linalg import identity, solve
from paretomtl.aggregation.min_norm import min_norm_weights
from paretomtl.shapes import Gramian, Weights

_SHARES_OF_STEP = (0.5, 0.9, 0.99)
"""How far towards the boundary of the interior a step may go; the best of the three is taken."""


def power_root(
    gramian: Gramian,
    alpha: Tensor | float,
    *,
    precision: float,
    rounds: int,
    shares: Tensor | None = None,
) -> Weights:
    """Return the `w > 0` with `(G w)_i = s_i w_i^(-1/alpha)`.

    A zero row takes no part and gets weight 0, as does a share of 0. At a Pareto-stationary point no
    root exists: the answer is the min-norm weights in unit-length coordinates, whose direction is zero.

    Args:
        gramian: Clean, float64.
        alpha: The fairness exponent, > 0; a float, [*batch, 1] or [1].
        precision: Machine epsilon of the numbers the Gramian was computed in.
        rounds: Newton steps at most. For alpha = 1, 20 sufficed for every Gramian tried; away from 1,
            64 did for alpha from 1/3 to 3 and lengths within a factor 1e6. A lane that needs more keeps
            its last point.
        shares: s, non-negative, [*batch, m] or [m]; None means ones.

    Cost: typically 5 to 10 rounds of one linear system, O(m^3) a lane.
    """
    m = gramian.shape[-1]
    scaled = scale_diagonal(gramian)
    present = scaled.present if shares is None else scaled.present & (shares > 0)
    if m == 2 and shares is None and not isinstance(alpha, Tensor) and alpha == 1.0:
        return _two(scaled, precision)
    if isinstance(alpha, Tensor) or alpha != 1.0:
        a = _root(scaled, present, alpha, shares, precision, rounds)
    else:
        a = _nash(scaled, present, shares, precision, rounds)
    return torch.where(present, a * scaled.inverse, 0.0)


def _nash(
    scaled: Scaled, present: Tensor, shares: Tensor | None, precision: float, rounds: int
) -> Tensor:
    """Return the root for alpha = 1 in unit-length coordinates: by `bargain`, else by `_root`."""
    m = present.shape[-1]
    cosines, wanted = scaled.cosines, present.to(scaled.cosines.dtype)
    if shares is not None:
        cosines = cosines * wanted.unsqueeze(-1) * wanted.unsqueeze(-2)
        wanted = wanted * shares
    a, found = bargain(cosines, wanted, precision=precision)
    if settled(found):
        return a
    rest = open_lanes(found.reshape(-1))
    if rest is None:
        return torch.where(found, a, _root(scaled, present, 1.0, shares, precision, rounds))
    if shares is not None:
        shares = shares.expand_as(a).reshape(-1, m)[rest]
    rows = Scaled(
        scaled.cosines.reshape(-1, m, m)[rest],
        scaled.lengths.reshape(-1, m)[rest],
        scaled.inverse.reshape(-1, m)[rest],
    )
    others = _root(rows, present.reshape(-1, m)[rest], 1.0, shares, precision, rounds)
    return a.reshape(-1, m).index_copy(0, rest, others).reshape(a.shape)


def _root(
    scaled: Scaled,
    present: Tensor,
    alpha: Tensor | float,
    shares: Tensor | None,
    precision: float,
    rounds: int,
) -> Tensor:
    """Return the root for any alpha in unit-length coordinates, from next to a min-norm point."""
    m = present.shape[-1]
    both = present.unsqueeze(-1) & present.unsqueeze(-2)
    cosines = torch.where(both, scaled.cosines, identity(m, scaled.cosines))
    hull = min_norm_weights(cosines, precision=precision)
    gain = apply(cosines, hull)
    # of unit gradients: the least norm squared, which the rounding of m products may not tell from zero
    stationary = gain.amin(-1, keepdim=True) <= 8 * m * precision
    lengths = torch.where(present, scaled.lengths, 1.0).log()
    offset = (alpha - 1) * lengths
    if shares is not None:
        offset = offset - alpha * torch.where(present, shares, 1.0).log()
    nash = not isinstance(alpha, Tensor) and alpha == 1.0
    if not isinstance(alpha, Tensor):
        alpha = lengths.new_full((1,), alpha)
    point = hull if nash else _hull(cosines, lengths, alpha, precision)
    start = _interior(cosines, point, offset, alpha)
    a = _newton(cosines, torch.where(stationary, 1.0, start), offset, alpha, stationary, rounds)
    return torch.where(stationary, hull, a)


def _two(scaled: Scaled, precision: float) -> Weights:
    """Closed form of Nash bargaining for two tasks: `a_1 = a_2 = 1 / sqrt(1 + cos)`."""
    both = scaled.present.all(-1, keepdim=True)
    spread = 1 + torch.where(both, scaled.cosines[..., 0, 1:], 0.0)
    # as in `_root`, 8 m precision: the least norm squared is half of the spread
    stationary = spread <= 32 * precision
    return torch.where(stationary, 0.5, spread.rsqrt()) * scaled.inverse


def _hull(cosines: Tensor, lengths: Tensor, alpha: Tensor, precision: float) -> Tensor:
    """Return a min-norm point in a metric between that of alpha = 1 and that of infinite alpha."""
    power = ((alpha - 1) / alpha).clamp(min=0)
    metric = (power * (lengths - lengths.amin(-1, keepdim=True))).exp()
    rescaled = metric.unsqueeze(-1) * cosines * metric.unsqueeze(-2)
    return metric * min_norm_weights(rescaled, precision=precision)


def _interior(cosines: Tensor, hull: Tensor, offset: Tensor, alpha: Tensor) -> Tensor:
    """Return a point with a > 0 and C a > 0 that resembles the root.

    The hull's point, plus as much as the cone allows of the root for orthogonal gradients.
    """
    hull = hull / hull.amax(-1, keepdim=True)
    orthogonal = ((offset.amin(-1, keepdim=True) - offset) / (1 + alpha)).exp()
    gain, change = apply(cosines, hull), apply(cosines, orthogonal)
    room = torch.where(change < 0, gain.clamp(min=0) / -change, torch.inf)
    return hull + (0.5 * room.amin(-1, keepdim=True)).clamp(max=1e3) * orthogonal


def _newton(
    cosines: Tensor, a: Tensor, offset: Tensor, alpha: Tensor, skip: Tensor, rounds: int
) -> Tensor:
    """Damped Newton on `F = log a + alpha log(C a) + offset` from an interior point."""
    m = cosines.shape[-1]
    eye = torch.eye(m, dtype=a.dtype, device=a.device)
    epsilon = 4 * torch.finfo(a.dtype).eps
    sizes = cosines.abs()

    def equations(a: Tensor, z: Tensor) -> Tensor:
        return a.log() + alpha * z.log() + offset

    z = torch.where(skip, 1.0, apply(cosines, a))
    residual = equations(a, z)
    # along the ray the equations solve themselves
    a = a * (-residual.mean(-1, keepdim=True) / (1 + alpha)).exp()
    z = torch.where(skip, 1.0, apply(cosines, a))
    residual = equations(a, z)
    done = skip | ~((a > 0) & (z > 0)).all(-1, keepdim=True)
    for _ in range(rounds):
        noise = epsilon * (m + alpha * apply(sizes, a) / z)
        done = done | (residual.abs() <= noise).all(-1, keepdim=True)
        if settled(done):
            break
        root = (a / z).sqrt()
        system = eye + alpha.unsqueeze(-1) * root.unsqueeze(-1) * cosines * root.unsqueeze(-2)
        system = torch.where(done.unsqueeze(-1), eye, system)
        right = -residual * (a * z).sqrt()
        # not Cholesky: rounding can make the matrix indefinite next to a stationary point
        step = solve(system, right) * root
        fall = torch.minimum(step / a, apply(cosines, step) / z).amin(-1, keepdim=True)
        error = torch.full_like(fall, torch.inf)
        chosen = a
        for portion in _SHARES_OF_STEP:
            trial = a + torch.where(fall < -portion, -portion / fall, 1.0) * step
            image = apply(cosines, trial)
            misfit = equations(trial, image).square().sum(-1, keepdim=True)
            better = (misfit < error) & ((trial > 0) & (image > 0)).all(-1, keepdim=True)
            chosen = torch.where(better, trial, chosen)
            error = torch.where(better, misfit, error)
        done = done | error.isinf()
        a = torch.where(done, a, chosen)
        z = torch.where(done, z, apply(cosines, a))
        residual = torch.where(done, residual, equations(a, z))
    return a
