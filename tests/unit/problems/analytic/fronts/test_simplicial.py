"""The hypervolume of the image of a simplex."""

import itertools
import math

import pytest
import torch
from paretomtl_problems.analytic.fronts.simplicial import simplicial_hypervolume

F64 = torch.float64


def test_the_volume_of_a_flat_simplex():
    """`f = 1 - w`: the front of rank-one tasks without correlation, by its closed form."""
    for m in (2, 3, 4, 5):
        r = torch.linspace(1.05, 1.4, m, dtype=F64)
        exact = sum(
            math.prod(float(r[i] - 1) for i in free) / math.factorial(m - len(free))
            for size in range(m + 1)
            for free in itertools.combinations(range(m), size)
        )
        assert simplicial_hypervolume(lambda w: 1 - w, r) == pytest.approx(exact, rel=1e-12)
