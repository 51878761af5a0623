"""The power mean of positive numbers and its gradient, exact for every exponent.

`M_g(L) = (sum_i p_i L_i^g)^(1/g)` with coefficients p that sum to one; the limits are the weighted
geometric mean at g = 0, the maximum at +inf and the minimum at -inf. Everything happens on logarithms,
in float64. With l = log L and c = sum_i p_i l_i,

    log M = log(sum_i exp(log p_i + g l_i)) / g                       by `logsumexp`, and
          = c + log1p(sum_i p_i expm1(g (l_i - c))) / g               where |g| and |g (l - c)| are small,

since the first loses its digits as g goes to 0 and the second does not; at g = 0 it is c. The gradient
is `w_i = p_i (L_i / M)^(g - 1)`.

A loss of exactly zero stands for the limit of small losses: it is replaced by the smallest normal
number, so that every limit that exists comes out (M = 0 for g <= 0; w = 0 for g > 1; w = p^(1/g) for
g < 0), and a weight that would be infinite is `largest_weight` instead. Negative losses give NaN.
Ties of the extremes at g = ±inf share in proportion to p, which is the limit of the formula.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.shapes import Losses, Preference, Weights

_LOG_TINY = math.log(torch.finfo(torch.float64).tiny)
_ZERO = 1e-30
"""Exponents below it differ from 0 by less than rounding: log M changes by half of g times the variance of
the logarithms, which is below 1e6 for all numbers that are not zero."""
_GENTLE = 0.25
"""From this exponent on `logsumexp` loses nothing: dividing by g magnifies its rounding by 4 at most."""
_STEEP = 1e3
"""From this exponent on the rounding of log M shows in the weights: g - 1 times it, 1e3 eps."""
_INFINITE = 1e18
"""Beyond this exponent losses that differ at all are as far apart as at infinity: by eps at least,
and a share of `exp(-1e18 eps)` is lost in any sum."""


class Exponents(NamedTuple):
    """Exponents with what is known of all of them, so that a step computes no case in vain.

    What a lane answers does not depend on what is known of the others, to the last bit.

    Args:
        value: [*batch, 1] or [1], float64.
        infinite: Whether some may be infinite, or as good as.
        gentle: Whether some may be near 0.
        zero: Whether all are 0.
        steep: Whether some may be large, below infinity.
    """

    value: Float[Tensor, "*batch 1"]
    infinite: bool = True
    gentle: bool = True
    zero: bool = False
    steep: bool = True


Known: TypeAlias = tuple[bool, bool, bool, bool]
"""What is known of exponents, in the order of `Exponents`."""


def known_of(gamma: float | Tensor) -> Known:
    """Return whether some exponent is infinite, some near 0, all 0, and some large."""
    sizes = torch.as_tensor(gamma, dtype=torch.float64).abs()
    return (
        bool((sizes > _INFINITE).any()),
        bool((sizes < _GENTLE).any()),
        bool((sizes == 0).all()),
        bool(((sizes > _STEEP) & (sizes <= _INFINITE)).any()),
    )


def largest_weight(dtype: torch.dtype) -> float:
    """Return the number that stands for an infinite weight: its square, which optimizers form, is finite.

    7e153 in float64, 9e18 in float32.
    """
    return torch.finfo(dtype).tiny ** -0.5


def power_mean(losses: Losses, gamma: Exponents, p: Preference) -> Float[Tensor, "*batch"]:
    """Return `M_gamma` of each lane; differentiable in `losses`, also twice.

    Args:
        losses: Positive; zero means the limit, negative gives NaN.
        gamma: Any real numbers or ±inf.
        p: Coefficients, non-negative with sum one.

    Cost: O(m) a lane, no synchronisation.

    >>> zero = Exponents(torch.tensor([0.0], dtype=torch.float64))
    >>> power_mean(torch.tensor([1.0, 100.0]), zero, torch.tensor([0.5, 0.5]))
    tensor(10.)
    """
    return _PowerMean.apply(losses, gamma.value, p, *gamma[1:])  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportReturnType]


def power_mean_weights(losses: Losses, gamma: Exponents, p: Preference) -> Weights:
    """Return the gradient of `power_mean` by the losses, `p_i (L_i / M)^(gamma - 1)`.

    Arguments are those of `power_mean`. Guarantees: finite for finite losses >= 0; never negative.
    """
    p = p.to(torch.float64)
    log_p = p.log()
    inner = _finite(gamma)
    logs = _logs(losses)
    mean = _log_mean(logs, gamma._replace(value=inner), p, log_p)
    apart = logs - mean
    exponents = log_p + (inner - 1) * apart
    if gamma.steep:
        # the shares p (L / M)^g have sum one, whatever the rounding of M
        excess = torch.logsumexp(log_p + inner * apart, -1, keepdim=True)
        exponents = exponents - torch.where(inner.abs() > _STEEP, excess, 0.0)
    weights = torch.exp(exponents)
    if gamma.infinite:
        _, extreme = _extreme(losses, gamma.value, p)
        weights = torch.where(_is_finite(gamma.value), weights, extreme)
    return weights.clamp(max=largest_weight(losses.dtype)).to(losses.dtype)


def exponential_mean(
    x: Float[Tensor, "*batch m"], t: Float[Tensor, "*batch 1"], p: Preference
) -> Float[Tensor, "*batch"]:
    """Return `log(sum_i p_i exp(t x_i)) / t`, and `sum_i p_i x_i` at t = 0; differentiable in `x`.

    Its gradient is `softmax(log p + t x)`. Exact for every finite t, also near 0.
    """
    p = p.to(torch.float64)
    mean = _log_mean(x.to(torch.float64), Exponents(t.to(torch.float64), False), p, p.log())
    return mean.squeeze(-1).to(x.dtype)


class _PowerMean(torch.autograd.Function):
    """The value, with the closed-form gradient as its derivative.

    Chained through logarithms, autograd would lose the gradient to underflow and cancellation where
    the closed form is exact.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(losses: Tensor, gamma: Tensor, p: Tensor, *known: bool) -> Tensor:
        exponents = Exponents(gamma, *known)
        p = p.to(torch.float64)
        inner = exponents._replace(value=_finite(exponents))
        mean = torch.exp(_log_mean(_logs(losses), inner, p, p.log()))
        if exponents.infinite:
            extreme, _ = _extreme(losses, gamma, p)
            mean = torch.where(_is_finite(gamma), mean, extreme)
        return mean.squeeze(-1).to(losses.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        losses, gamma, p, *known = inputs
        ctx.save_for_backward(losses, gamma, p)
        ctx.save_for_forward(losses, gamma, p)
        ctx.known = known

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor) -> Tensor:
        losses, gamma, p = ctx.saved_tensors
        weights = power_mean_weights(losses, Exponents(gamma, *ctx.known), p)
        return (weights * tangents[0]).sum(-1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        losses, gamma, p = ctx.saved_tensors
        weights = power_mean_weights(losses, Exponents(gamma, *ctx.known), p)
        return grads[0].unsqueeze(-1) * weights, *(None,) * (2 + len(ctx.known))


def _finite(gamma: Exponents) -> Tensor:
    """Return the exponents with 1 in place of the infinite ones."""
    g = gamma.value
    return torch.where(_is_finite(g), g, 1.0) if gamma.infinite else g


def _is_finite(g: Tensor) -> Tensor:
    """Return which exponents are neither infinite nor as good as; NaN is finite here, and stays NaN."""
    return ~(g.abs() > _INFINITE)


def _logs(losses: Tensor) -> Tensor:
    """Return log L in float64; that of the smallest normal number at 0, NaN below."""
    return losses.to(torch.float64).log().clamp(min=_LOG_TINY)


def _log_mean(x: Tensor, exponents: Exponents, p: Tensor, log_p: Tensor) -> Tensor:
    """Return `log(sum_i p_i exp(g x_i)) / g`, [*batch, 1], for finite g."""
    g = exponents.value
    if not exponents.gentle:
        return torch.logsumexp(log_p + g * x, -1, keepdim=True) / g
    centre = (p * x).sum(-1, keepdim=True)
    if exponents.zero:
        return centre
    divisor = torch.where(g.abs() < _ZERO, 1.0, g)
    steep = torch.logsumexp(log_p + g * x, -1, keepdim=True) / divisor
    tilts = torch.where((p > 0) | x.isnan(), g * (x - centre), 0.0)
    small = (tilts.abs().amax(-1, keepdim=True) < 1) & (g.abs() < _GENTLE)
    spread = torch.expm1(torch.where(small, tilts, 0.0))
    near = centre + torch.log1p((p * spread).sum(-1, keepdim=True)) / divisor
    return torch.where(small, near, steep)


def _extreme(losses: Tensor, g: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest (g > 0) or smallest loss among those with p > 0, and its gradient."""
    sign = torch.where(g > 0, g.new_ones(()), -1.0)
    signed = sign * losses.to(torch.float64)
    counted = torch.where((p > 0) | signed.isnan(), signed, -torch.inf)
    top = counted.amax(-1, keepdim=True)
    shares = p * (counted == top)
    return sign * top, shares / shares.sum(-1, keepdim=True)
