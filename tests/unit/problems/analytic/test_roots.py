"""Powers with a floored slope: exact values, finite slopes, nothing below zero."""

import pytest
import torch
from paretomtl_problems.analytic.roots import floored_power

FLOOR = 1e-6


@pytest.mark.parametrize("exponent", [0.1, 0.5, 0.8])
def test_the_value_is_exact_and_the_slope_is_that_at_the_floor(exponent):
    x = torch.tensor([0.0, 1e-300, 1e-9, FLOOR, 0.3, 2.0], dtype=torch.float64).requires_grad_()
    y = floored_power(x, exponent, FLOOR)
    assert torch.equal(y, x.detach().pow(exponent))
    (slope,) = torch.autograd.grad(y.sum(), x)
    expected = exponent * x.detach().clamp_min(FLOOR).pow(exponent - 1)
    torch.testing.assert_close(slope, expected, rtol=1e-14, atol=0)


def test_below_zero_there_is_no_value():
    assert floored_power(torch.tensor([-1e-12]), 0.5, FLOOR).isnan().all()
