"""Exact k-means on a line against every partition."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from paretomtl.aggregation.clusters import cluster_means


def least_scatter(values, k):
    """Try every assignment of the numbers to k clusters."""
    best = float("inf")
    for labels in itertools.product(range(k), repeat=len(values)):
        total = 0.0
        for c in range(k):
            members = [v for v, own in zip(values, labels, strict=True) if own == c]
            if members:
                centre = sum(members) / len(members)
                total += sum((v - centre) ** 2 for v in members)
        best = min(best, total)
    return best


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=6), st.integers(1, 4))
def test_no_partition_is_better(values, k):
    found = cluster_means(torch.tensor(values, dtype=torch.float64), k).tolist()
    scatter = sum((v - c) ** 2 for v, c in zip(values, found, strict=True))
    assert len(set(found)) <= k
    assert scatter == pytest.approx(least_scatter(values, k), abs=1e-6, rel=1e-9)


def test_lanes_are_independent_bitwise():
    values = torch.rand(9, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    together = cluster_means(values, 3)
    for k in range(9):
        assert torch.equal(cluster_means(values[k], 3), together[k])
    spoiled = values.clone()
    spoiled[4] = float("nan")
    kept = [0, 1, 2, 3, 5, 6, 7, 8]
    assert torch.equal(cluster_means(spoiled, 3)[kept], together[kept])


def test_extreme_counts():
    values = torch.tensor([3.0, 1.0, 2.0])
    assert cluster_means(values, 1).tolist() == [2, 2, 2]
    assert cluster_means(values, 3).tolist() == [3, 1, 2]
    assert cluster_means(values, 9).tolist() == [3, 1, 2]
