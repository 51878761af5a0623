"""The power mean against exact arithmetic, its limits, and the published numbers."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from paretomtl.aggregation.power_mean import (
    Exponents,
    exponential_mean,
    known_of,
    power_mean,
    power_mean_weights,
)


def mean(losses, gamma, p=None, dtype=torch.float64):
    losses = torch.as_tensor(losses, dtype=dtype)
    m = losses.shape[-1]
    p = torch.full((m,), 1 / m, dtype=dtype) if p is None else torch.as_tensor(p, dtype=dtype)
    return power_mean(
        losses, Exponents(torch.tensor([gamma], dtype=torch.float64), *known_of(gamma)), p
    )


def weights(losses, gamma, p=None, dtype=torch.float64):
    losses = torch.as_tensor(losses, dtype=dtype)
    m = losses.shape[-1]
    p = torch.full((m,), 1 / m, dtype=dtype) if p is None else torch.as_tensor(p, dtype=dtype)
    return power_mean_weights(
        losses, Exponents(torch.tensor([gamma], dtype=torch.float64), *known_of(gamma)), p
    )


def oracle(losses, gamma, p):
    """The definition in 80 decimal digits; below |gamma| = 1e-30 its limit."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 80, -(10**9), 10**9
        x = [Decimal(float(v)) for v in losses]
        q = [Decimal(float(v)) for v in p]
        total = sum(q)
        if abs(gamma) < 1e-30:
            return float((sum(w * v.ln() for w, v in zip(q, x, strict=True)) / total).exp())
        g = Decimal(float(gamma))
        mean = sum(w * (g * v.ln()).exp() for w, v in zip(q, x, strict=True)) / total
        return float((mean.ln() / g).exp())


@pytest.mark.parametrize(
    ("gamma", "value"),
    [(-2, 1.8483), (-1, 2.1898), (0, 2.6052), (1, 3.0), (2, 3.3166), (3, 3.5569)],
)
def test_table_of_the_source(gamma, value):
    assert mean([1.0, 2.0, 3.0, 4.0, 5.0], gamma).item() == pytest.approx(value, abs=5e-5)


def test_whole_exponents_exactly():
    losses = [Fraction(3, 7), Fraction(11, 4), Fraction(1, 9)]
    p = [Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)]
    for gamma in (-5, -3, -1, 1, 2, 4, 9):
        exact = float(sum(q * x**gamma for q, x in zip(p, losses, strict=True))) ** (1 / gamma)
        found = mean([float(x) for x in losses], gamma, [float(q) for q in p])
        assert found.item() == pytest.approx(exact, rel=1e-14)


positive = st.floats(1e-100, 1e100)
exponents = st.one_of(
    st.floats(-60, 60), st.floats(-1e-3, 1e-3), st.sampled_from([0.0, 1e-8, -1e-12, 1e-17])
)


@settings(deadline=None, max_examples=300)
@given(st.lists(positive, min_size=1, max_size=6), exponents, st.randoms())
def test_agrees_with_the_definition(losses, gamma, random):
    p = np.array([random.random() + 0.01 for _ in losses])
    p /= p.sum()
    found = mean(losses, gamma, p).item()
    assert found == pytest.approx(oracle(losses, gamma, p), rel=1e-11)
    assert min(losses) * (1 - 1e-12) <= found <= max(losses) * (1 + 1e-12)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=6), exponents)
def test_weights_obey_euler_and_the_tilted_softmax(losses, gamma):
    """Degree one: sum w L = M; and w L / M is the softmax of gamma log L."""
    x = np.asarray(losses)
    w, value = weights(losses, gamma).numpy(), mean(losses, gamma).item()
    assert (w * x).sum() == pytest.approx(value, rel=1e-10)
    shares = np.exp(gamma * np.log(x) - logsumexp(gamma * np.log(x)))
    np.testing.assert_allclose(w * x / value, shares, rtol=1e-9, atol=1e-300)


def test_grows_with_gamma():
    gammas = [-math.inf, -50, -3, -1, -1e-6, 0, 1e-6, 0.5, 1, 2, 20, math.inf]
    values = [mean([0.3, 2.0, 1.1], g).item() for g in gammas]
    assert values == sorted(values)
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("gamma", [2000.0, math.inf])
def test_limit_is_the_maximum(gamma):
    losses = [1.0, 3.0, 2.0]
    assert mean(losses, gamma).item() == pytest.approx(3, rel=2e-3)
    assert mean(losses, -gamma).item() == pytest.approx(1, rel=2e-3)


def test_infinite_gamma_is_exact_and_ties_share_by_preference():
    p = [0.1, 0.3, 0.6]
    assert mean([2.0, 2.0, 1.0], math.inf, p).item() == 2
    assert weights([2.0, 2.0, 1.0], math.inf, p).tolist() == pytest.approx([0.25, 0.75, 0])
    assert weights([2.0, 2.0, 3.0], -math.inf, p).tolist() == pytest.approx([0.25, 0.75, 0])
    near = weights([2.0, 2.0, 1.0], 4000.0, p)
    torch.testing.assert_close(near, weights([2.0, 2.0, 1.0], math.inf, p), rtol=1e-3, atol=1e-12)


def test_a_task_without_preference_does_not_count():
    for gamma in (-math.inf, -3.0, 0.0, 2.0, math.inf):
        assert mean([5.0, 7.0, 1e9], gamma, [0.5, 0.5, 0.0]) == mean([5.0, 7.0], gamma, [0.5, 0.5])
        assert weights([5.0, 7.0, 1e9], gamma, [0.5, 0.5, 0.0])[2] == 0


@pytest.mark.parametrize(("losses", "gamma"), [((100, 50), 20), ((100, 50), -60), ((1, 100), 1e-8)])
def test_single_precision_survives_the_hard_cases(losses, gamma):
    x = torch.tensor(losses, dtype=torch.float32, requires_grad=True)
    value = mean(x, gamma, dtype=torch.float32)
    (gradient,) = torch.autograd.grad(value, x)
    assert value.isfinite()
    assert gradient.isfinite().all()
    assert value.item() == pytest.approx(oracle(losses, gamma, [0.5, 0.5]), rel=1e-6)
    torch.testing.assert_close(
        gradient.double(), weights(torch.tensor(losses), gamma), rtol=1e-6, atol=1e-30
    )


def test_near_zero_gamma_goes_to_the_geometric_mean():
    losses = [0.01, 4.0, 20.0]
    geometric = mean(losses, 0.0).item()
    variance = np.var(np.log(losses))
    for gamma in (1e-3, 1e-6, 1e-9, 1e-12, 1e-15, 1e-20, 1e-40, -1e-9):
        expected = geometric * np.exp(gamma * variance / 2)
        assert mean(losses, gamma).item() == pytest.approx(expected, rel=20 * gamma**2 + 1e-14)


@pytest.mark.parametrize("gamma", [-2.0, 0.0, 1e-9, 0.5, 1.0, 3.0, 40.0])
def test_second_derivative(gamma):
    x = torch.tensor([0.4, 1.7, 0.9], dtype=torch.float64, requires_grad=True)
    p = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
    assert torch.autograd.gradgradcheck(lambda v: mean(v, gamma, p), x)


def test_gamma_differs_between_lanes():
    gammas = torch.tensor([[-math.inf], [-2.0], [0.0], [1e-9], [1.0], [7.5], [math.inf]]).double()
    losses = torch.tensor([0.5, 2.0, 1.25], dtype=torch.float64).expand(7, 3).contiguous()
    p = torch.full((7, 3), 1 / 3, dtype=torch.float64)
    together = Exponents(gammas)
    values, w = power_mean(losses, together, p), power_mean_weights(losses, together, p)
    for k, gamma in enumerate(gammas.flatten()):
        alone = Exponents(gamma.reshape(1), *known_of(gamma))
        assert torch.equal(values[k], power_mean(losses[k], alone, p[k]))
        assert torch.equal(w[k], power_mean_weights(losses[k], alone, p[k]))


def test_a_tiny_preference_on_the_largest_loss_keeps_all_digits():
    p = [1e-12, 1 - 1e-12]
    assert mean([100.0, 1.0], 60.0, p).item() == pytest.approx(100 * 1e-12 ** (1 / 60), rel=1e-13)
    assert mean([1e100, 1.0], 0.1, p).item() == pytest.approx(
        oracle([1e100, 1.0], 0.1, p), rel=1e-12
    )


@pytest.mark.parametrize(
    ("gamma", "value", "expected"),
    [
        (3.0, (0.5) ** (1 / 3), [0.0, 0.5 ** (1 / 3)]),
        (1.0, 0.5, [0.5, 0.5]),
        (-1.0, 0.0, [2.0, 0.0]),
        (-2.0, 0.0, [0.5**-0.5, 0.0]),
        (math.inf, 1.0, [0.0, 1.0]),
        (-math.inf, 0.0, [1.0, 0.0]),
    ],
)
def test_a_loss_of_zero_has_the_limit(gamma, value, expected):
    assert mean([0.0, 1.0], gamma).item() == pytest.approx(value, rel=1e-12, abs=1e-150)
    assert weights([0.0, 1.0], gamma).tolist() == pytest.approx(expected, rel=1e-12, abs=1e-150)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_where_the_limit_is_infinite_the_weight_is_large_but_finite(gamma, dtype):
    w = weights([0.0, 1.0, 1.0], gamma, dtype=dtype)
    assert w.isfinite().all()
    assert w[0] > 1e3 * w[1]


def test_all_losses_zero():
    for gamma in (-2.0, 0.0, 0.5, 1.0, 3.0):
        assert mean([0.0, 0.0], gamma).item() == pytest.approx(0, abs=1e-300)
        assert weights([0.0, 0.0], gamma).tolist() == pytest.approx([0.5, 0.5])


def test_negative_and_nan_losses_give_nan():
    for gamma in (-1.0, 0.0, 2.0):
        assert weights([-1.0, 2.0], gamma).isnan().all()
    for gamma in (-math.inf, 2.0, math.inf):
        assert weights([math.nan, 2.0], gamma).isnan().all()
        assert mean([math.nan, 2.0], gamma).isnan()


@pytest.mark.parametrize("gamma", [-3.0, 0.0, 0.5, 2.0, 30.0])
def test_scales_with_the_losses_over_any_range(gamma):
    losses = torch.tensor([0.7, 3.0, 1.2], dtype=torch.float64)
    for scale in (1e-250, 1e-8, 1e8, 1e250):
        torch.testing.assert_close(
            mean(losses * scale, gamma), mean(losses, gamma) * scale, rtol=1e-12, atol=0
        )
        torch.testing.assert_close(
            weights(losses * scale, gamma), weights(losses, gamma), rtol=1e-11, atol=0
        )


@settings(deadline=None, max_examples=150)
@given(st.lists(st.floats(-200, 200), min_size=1, max_size=5), st.floats(-50, 50))
def test_exponential_mean_agrees_with_scipy(x, t):
    p = np.full(len(x), 1 / len(x))
    found = exponential_mean(
        torch.tensor(x, dtype=torch.float64),
        torch.tensor([t], dtype=torch.float64),
        torch.from_numpy(p),
    ).item()
    expected = np.mean(x) if t == 0 else float(logsumexp(t * np.asarray(x), b=p) / t)
    tolerance = 1e-11 * (1 + max(map(abs, x)) + (1 / abs(t) if abs(t) > 1e-6 else 0))
    if t == 0 or abs(t) > 1e-6:
        assert found == pytest.approx(expected, abs=tolerance)
    else:
        assert found == pytest.approx(np.mean(x) + t * np.var(x) / 2, abs=1e-6)


@pytest.mark.parametrize("gamma", [1e6, 1e9, 1e13, 1e15, 1e18, 1e100, 1.7e308])
@pytest.mark.parametrize("sign", [1, -1])
def test_huge_exponents_have_the_limits_weights(gamma, sign):
    losses = torch.tensor([1000.0, 999.0], dtype=torch.float64)
    exponents = Exponents(torch.tensor([sign * gamma]).double(), *known_of(sign * gamma))
    half = torch.full((2,), 0.5, dtype=torch.float64)
    mean = power_mean(losses, exponents, half)
    weights = power_mean_weights(losses, exponents, half)
    # w = p^(1/g) at the extreme, and nothing elsewhere
    at = 0.5 ** (1 / (sign * gamma))
    expected = [at, 0.0] if sign > 0 else [0.0, at]
    far = 0.5 * 0.999 ** (gamma - sign)
    expected = torch.tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(weights, expected, rtol=1e-14, atol=1.1 * far)
    assert mean.item() == pytest.approx((1000.0 if sign > 0 else 999.0) * at, rel=1e-12)


def test_ties_share_at_huge_exponents():
    losses = torch.tensor([7.3, 7.3, 1.0], dtype=torch.float64)
    p = torch.tensor([0.25, 0.5, 0.25], dtype=torch.float64)
    for gamma in (1e6, 1e12, 1e15):
        exponents = Exponents(torch.tensor([gamma]).double(), *known_of(gamma))
        weights = power_mean_weights(losses, exponents, p)
        torch.testing.assert_close(
            weights, torch.tensor([1 / 3, 2 / 3, 0.0], dtype=torch.float64), rtol=2e-6, atol=0
        )


def test_an_outlier_without_preference_costs_no_digits():
    x = torch.tensor([1.0, 2.0, 1e13], dtype=torch.float64)
    p = torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64)
    t = torch.tensor([1e-12], dtype=torch.float64)
    assert exponential_mean(x, t, p).item() == pytest.approx(1.5 + 1.25e-13, rel=1e-15)
