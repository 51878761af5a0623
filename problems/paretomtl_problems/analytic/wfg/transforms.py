"""The transformations and shapes of the WFG toolkit, for tensors of normalised variables in [0, 1].

Huband, Hingston, Barone & While (2006), "A review of multiobjective test problems and a scalable
test problem toolkit", IEEE TEVC 10(5), Tables IX to XI. Written piece by piece instead of with the
source's floor functions: equal values. What is piecewise linear is a product with a slope that is
found without autograd, so backward is one multiplication. At the optimum of a shift, a kink, the
gradient is 0.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

FLOOR = 1e-6
"""Below this base the slope of a power is taken at it, because powers under 1 are vertical at 0."""


def clamp_to_box(y: Tensor) -> Tensor:
    """Return the nearest values in [0, 1]; the gradient is the one there."""
    fixed = y.detach()
    return y + (fixed.clamp(0.0, 1.0) - fixed)


def power(y: Tensor, exponent: Tensor | float) -> Tensor:
    """Return `y ** exponent` for y >= 0, with the gradient taken at `max(y, FLOOR)`.

    By `exp(exponent log y)`, whose backward needs no further transcendental function.
    """
    fixed = y.detach()
    lifted = y + (fixed.clamp(min=FLOOR) - fixed)
    smooth = (exponent * lifted.log()).exp()
    with torch.no_grad():
        below = ((exponent * fixed.log()).exp() - smooth) * (fixed < FLOOR)
    return smooth + below


def shift_linear(y: Tensor, zero: float) -> Tensor:
    """`s_linear`: 0 at `zero`, rising linearly to 1 at both ends."""
    distance = y - zero
    with torch.no_grad():
        sign = distance.sgn()
        slope = _either(sign, 1.0 / (1.0 - zero), 1.0 / zero) * sign
    return distance * slope


def shift_deceptive(y: Tensor, zero: float, aperture: float, local: float) -> Tensor:
    """`s_decept`: a narrow valley down to 0 at `zero`; slopes lead away from it to `local` at both ends."""
    distance = y - zero
    with torch.no_grad():
        sign = distance.sgn()
        valley = 0.5 - 0.5 * (distance.abs() - aperture).sgn()
        right, left = (local - 1.0) / (1.0 - zero - aperture), (local - 1.0) / (zero - aperture)
        slope = _either(sign, right, left) * (1.0 - valley) + valley / aperture
        offset = 1.0 - aperture * slope
        slope *= sign
    return torch.addcmul(offset, distance, slope)


def shift_multimodal(y: Tensor, minima: int, hill: float, zero: float) -> Tensor:
    """`s_multi`: 0 at `zero`, with `minima` local minima to either side; `hill` sets their depth."""
    distance = y - zero
    with torch.no_grad():
        scale = _either(distance.sgn(), 0.5 / (1.0 - zero), 0.5 / zero)
    t = distance * scale
    height = 1.0 / (hill + 2.0)
    waves = height - height * torch.cos(((4 * minima + 2) * math.pi) * t)
    return torch.addcmul(waves, t, t, value=4.0 * hill * height)


def bias_flat(y: Tensor, value: float, start: float, stop: float) -> Tensor:
    """`b_flat`: the constant `value` between `start` and `stop`, linear on both sides."""
    last = (1.0 - value) / (1.0 - stop)
    with torch.no_grad():
        low, high = 0.5 - 0.5 * (y - start).sgn(), 0.5 + 0.5 * (y - stop).sgn()
        slope = low * (value / start) + high * last
        offset = value - low * value - high * (last * stop)
    return torch.addcmul(offset, y, slope)


def bias_parameter(y: Tensor, u: Tensor) -> Tensor:
    """`b_param` with A = 0.98 / 49.98, B = 0.02, C = 50: a power that depends on other variables.

    The exponent `0.02 + 49.98 v(u)` rises linearly from 0.02 over 1 at u = 1/2 to 50.
    """
    distance = u - 0.5
    with torch.no_grad():
        slope = _either(distance.sgn(), 98.0, 1.96)
    return power(y, 1.0 + distance * slope)


def pair_nonseparable(y: Tensor) -> Tensor:
    """`r_nonsep` of neighbouring pairs with degree 2: [*, l] -> [*, l / 2]."""
    a, b = y.reshape(*y.shape[:-1], y.shape[-1] // 2, 2).unbind(-1)
    return (a + b + 2.0 * (a - b).abs()) / 3.0


def reduce_nonseparable(y: Tensor) -> Tensor:
    """`r_nonsep` of the last axis with degree its length n: [*, n] -> [*].

    The sum of |y_i - y_j| over all ordered pairs is `2 sum_i (2 i - n + 1) y_(i)` over the sorted
    values: O(n log n) instead of O(n^2).
    """
    n = y.shape[-1]
    if n == 1:
        return y[..., 0]
    half = (n + 1) // 2
    ranks = torch.arange(1 - n, n, 2, dtype=y.dtype, device=y.device)
    total = y.sum(-1) + 2.0 * (y.sort(-1).values * ranks).sum(-1)
    return total / (half * (1.0 + 2.0 * n - 2.0 * half))


def tail_means(y: Tensor) -> Tensor:
    """Mean of the variables after each one, the last excepted: [*, n] -> [*, n - 1]."""
    shares = 1.0 / torch.arange(y.shape[-1] - 1, 0, -1, dtype=y.dtype, device=y.device)
    return (y.sum(-1, keepdim=True) - y.cumsum(-1))[..., :-1] * shares


def head_means(y: Tensor) -> Tensor:
    """Mean of the variables before each one, the first excepted: [*, n] -> [*, n - 1]."""
    shares = 1.0 / torch.arange(1, y.shape[-1], dtype=y.dtype, device=y.device)
    return y.cumsum(-1)[..., :-1] * shares


def chain(factors: Tensor, ends: Tensor, last: Tensor | None = None) -> Tensor:
    """Combine as all WFG shapes do: `h_1 = prod_i factor_i`, `h_j = prod_{i<=m-j} factor_i * end_{m-j+1}`.

    Args:
        factors: [*, m - 1].
        ends: [*, m - 1].
        last: `h_m` where it is not `end_1`, [*].
    """
    head, tail = factors.unbind(-1), list(ends.unbind(-1))
    if last is not None:
        tail[0] = last
    product = head[0]
    h = [tail[0]]
    for factor, end in zip(head[1:], tail[1:], strict=True):
        h.append(product * end)
        product = product * factor
    h.append(product)
    return torch.stack(h[::-1], -1)


def concave(x: Tensor) -> Tensor:
    """The concave shape, a sphere: [*, m - 1] -> [*, m]."""
    angle = (math.pi / 2) * x
    return chain(angle.sin(), angle.cos())


def convex(x: Tensor, last: Tensor | None = None) -> Tensor:
    """The convex shape; `last` replaces the last objective: [*, m - 1] -> [*, m]."""
    angle = (math.pi / 2) * x
    return chain(1.0 - angle.cos(), 1.0 - angle.sin(), last)


def linear(x: Tensor) -> Tensor:
    """The linear shape, a simplex: [*, m - 1] -> [*, m]."""
    return chain(x, 1.0 - x)


def mixed(x: Tensor) -> Tensor:
    """`mixed_m` with alpha = 1 and A = 5, as in WFG1: falls from 1 to 0 in five waves."""
    return 1.0 - x + torch.sin((10.0 * math.pi) * x) / (10.0 * math.pi)


def disconnected(x: Tensor) -> Tensor:
    """`disc_m` with alpha = beta = 1 and A = 5, as in WFG2: five valleys."""
    return 1.0 - x * torch.cos((5.0 * math.pi) * x) ** 2


def _either(sign: Tensor, positive: float, negative: float) -> Tensor:
    """Choose by sign, halfway for 0: arithmetic, because `torch.where` takes 15 times as long."""
    return 0.5 * (positive + negative) + (0.5 * (positive - negative)) * sign
