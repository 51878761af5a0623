"""The transformations of the WFG toolkit."""

import math

import pytest
import torch
from paretomtl_problems.analytic.wfg import transforms as wfg


@pytest.mark.parametrize("zero", [0.35, 0.6])
def test_transformations_have_their_stated_zeros_and_ends(zero):
    y = torch.tensor([0.0, zero, 1.0], dtype=torch.float64)
    ends = torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(wfg.shift_linear(y, zero), ends)
    torch.testing.assert_close(wfg.shift_multimodal(y, 30, 10.0, zero), ends)
    local = torch.tensor([0.05, 0.0, 0.05], dtype=torch.float64)
    torch.testing.assert_close(wfg.shift_deceptive(y, zero, 0.001, 0.05), local, atol=1e-12, rtol=0)
    top = torch.tensor([zero - 0.001, zero + 0.001], dtype=torch.float64)
    torch.testing.assert_close(
        wfg.shift_deceptive(top, zero, 0.001, 0.05), torch.ones(2).double(), atol=1e-9, rtol=0
    )


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_the_sorted_reduction_equals_the_double_loop(n):
    y = torch.rand(5, n, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    total = sum(
        y[:, j] + sum((y[:, j] - y[:, (j + k + 1) % n]).abs() for k in range(n - 1))
        for j in range(n)
    )
    half = math.ceil(n / 2)
    expected = total / (half * (1 + 2 * n - 2 * half))
    torch.testing.assert_close(wfg.reduce_nonseparable(y), expected)
