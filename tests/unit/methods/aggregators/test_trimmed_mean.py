"""`trimmed_mean` against closed forms, limits and independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

import paretomtl as pm

F64 = torch.float64


@pytest.mark.parametrize(("m", "trim"), [(3, 1), (5, 1), (5, 2), (8, 3), (4, 0)])
def test_trimmed_mean_against_scipy(m, trim):
    rows = torch.randn(m, 9, generator=torch.Generator().manual_seed(m), dtype=F64)
    found = pm.aggregate("trimmed_mean", rows, trim=trim)
    expected = stats.trim_mean(rows.numpy(), trim / m + 1e-12, axis=0)
    np.testing.assert_allclose(found.numpy(), expected)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 7])
def test_trimmed_mean_is_the_median_by_default(m):
    rows = torch.randn(m, 9, generator=torch.Generator().manual_seed(m), dtype=F64)
    np.testing.assert_allclose(
        pm.aggregate("trimmed_mean", rows).numpy(), np.median(rows.numpy(), 0)
    )
