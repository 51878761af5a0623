"""The power mean of positive numbers and its gradient, exact for every exponent.

`M_g(L) = (sum_i p_i L_i^g)^(1/g)` with coefficients p that sum to one; the limits are the weighted
geometric mean at g = 0, the maximum at +inf and the minimum at -inf. Everything happens on logarithms
measured from the geometric mean c, in float64: `log M = c + r`,

    r = log(sum_i p_i exp(g d_i)) / g,    d_i = log L_i - c,

by `logsumexp` where |g| times the spread of d is large, by `log1p(sum_i p_i expm1(g d_i)) / g` where it
is small (nothing is lost as g goes to 0), and r = 0 at g = 0. The gradient is
`w_i = p_i (L_i / M)^(g - 1)`.

A loss of exactly zero stands for the limit of small losses: it is replaced by the smallest normal
number, so that every limit that exists comes out (M = 0 for g <= 0; w = 0 for g > 1; w = p^(1/g) for
g < 0), and a weight that would be infinite is the largest finite number instead. Negative losses give
NaN. Ties of the extremes at g = ±inf share in proportion to p, which is the limit of the formula.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.shapes import Losses, Preference, Weights

_TINY = torch.finfo(torch.float64).tiny
_ZERO_EXPONENT = 1e-30
"""Below this the power mean differs from the geometric mean by less than rounding."""


def power_mean(
    losses: Losses, gamma: Float[Tensor, "*batch 1"], p: Preference, *, extreme: bool = True
) -> Float[Tensor, "*batch"]:
    """Return `M_gamma` of each lane; differentiable in `losses`, also twice.

    Args:
        losses: Positive; zero means the limit, negative gives NaN.
        gamma: Any real number or ±inf, broadcast against the losses.
        p: Coefficients, non-negative with sum one.
        extreme: Whether some gamma may be infinite; False saves the work.

    Cost: O(m) a lane, no synchronisation.

    >>> power_mean(torch.tensor([1.0, 100.0]), torch.tensor([0.0]), torch.tensor([0.5, 0.5])).round()
    tensor(10.)
    """
    return _PowerMean.apply(losses, gamma, p, extreme)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportReturnType]


def power_mean_weights(
    losses: Losses, gamma: Float[Tensor, "*batch 1"], p: Preference, *, extreme: bool = True
) -> Weights:
    """Return the gradient of `power_mean` by the losses, `p_i (L_i / M)^(gamma - 1)`.

    Arguments are those of `power_mean`. Guarantees: finite for finite losses >= 0; never negative.
    """
    p64 = p.to(torch.float64)
    g = gamma.to(torch.float64)
    finite = g.isfinite() if extreme else None
    inner = g if finite is None else torch.where(finite, g, 1.0)
    _, d, r = _relative_log_mean(losses, inner, p64)
    weights = torch.exp(p64.log() + (inner - 1) * (d - r))
    if finite is not None:
        weights = torch.where(finite, weights, _extreme(losses, g, p64)[1])
    return weights.clamp(max=torch.finfo(losses.dtype).max).to(losses.dtype)


def exponential_mean(
    x: Float[Tensor, "*batch m"], t: Float[Tensor, "*batch 1"], p: Preference
) -> Float[Tensor, "*batch"]:
    """Return `log(sum_i p_i exp(t x_i)) / t`, and `sum_i p_i x_i` at t = 0; differentiable in `x`.

    Its gradient is `softmax(log p + t x)`. Exact for every finite t, also near 0.
    """
    x64 = x.to(torch.float64)
    centre, _, r = _relative_mean(x64, t.to(torch.float64), p.to(torch.float64))
    return (centre + r).squeeze(-1).to(x.dtype)


class _PowerMean(torch.autograd.Function):
    """The value, with the closed-form gradient as its derivative.

    Chained through logarithms, autograd would lose the gradient to underflow and cancellation where
    the closed form is exact.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(losses: Tensor, gamma: Tensor, p: Tensor, extreme: bool) -> Tensor:
        p64 = p.to(torch.float64)
        g = gamma.to(torch.float64)
        finite = g.isfinite() if extreme else None
        inner = g if finite is None else torch.where(finite, g, 1.0)
        centre, _, r = _relative_log_mean(losses, inner, p64)
        mean = torch.exp(centre + r)
        if finite is not None:
            mean = torch.where(finite, mean, _extreme(losses, g, p64)[0])
        return mean.squeeze(-1).to(losses.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        losses, gamma, p, extreme = inputs
        ctx.save_for_backward(losses, gamma, p)
        ctx.extreme = extreme

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        losses, gamma, p = ctx.saved_tensors
        weights = power_mean_weights(losses, gamma, p, extreme=ctx.extreme)
        return grads[0].unsqueeze(-1) * weights, None, None, None


def _relative_log_mean(losses: Tensor, g: Tensor, p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return c, d = log L - c, and r = log M - c, for finite g."""
    x = losses.to(torch.float64)
    # two numbers without a tensor would make `where` fall back to float32, where this one is 0
    filler = torch.where(x == 0, x.new_full((), _TINY), 0.0)
    return _relative_mean(torch.log(x + filler), g, p)


def _relative_mean(x: Tensor, g: Tensor, p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean c of x, d = x - c, and r = log(sum_i p_i exp(g d_i)) / g, for finite g."""
    centre = (p * x).sum(-1, keepdim=True)
    d = x - centre
    vanishing = g.abs() < _ZERO_EXPONENT
    divisor = torch.where(vanishing, 1.0, g)
    exponents = g * d
    small = exponents.abs().amax(-1, keepdim=True) < 1
    near = torch.log1p((p * torch.expm1(torch.where(small, exponents, 0.0))).sum(-1, keepdim=True))
    far = torch.logsumexp(p.log() + exponents, -1, keepdim=True)
    r = torch.where(vanishing, 0.0, torch.where(small, near, far) / divisor)
    return centre, d, r


def _extreme(losses: Tensor, g: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest (g > 0) or smallest loss among those with p > 0, and its gradient."""
    sign = torch.where(g > 0, g.new_ones(()), -1.0)
    signed = sign * losses.to(torch.float64)
    counted = torch.where((p > 0) | signed.isnan(), signed, -torch.inf)
    top = counted.amax(-1, keepdim=True)
    shares = p * (counted == top)
    return sign * top, shares / shares.sum(-1, keepdim=True)
