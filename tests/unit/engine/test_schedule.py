"""Budgets end when they say, and snapshots are log-spaced."""

from __future__ import annotations

from itertools import pairwise

import pytest

from paretomtl.engine.schedule import Clock, snapshot_steps
from paretomtl.sweep.spec import Budget


@pytest.mark.parametrize("total", [1, 2, 3, 10, 1000, 100_000])
@pytest.mark.parametrize("count", [1, 2, 3, 24])
def test_snapshots_begin_at_zero_end_at_the_end_and_increase(total: int, count: int) -> None:
    steps = snapshot_steps(total, count)
    assert steps[0] == 0
    assert steps[-1] == total
    assert all(a < b for a, b in pairwise(steps))
    assert len(steps) <= max(count, 3)


def test_passes_are_shared_among_the_passes_of_a_step() -> None:
    assert Clock(Budget(passes=100), passes_per_step=3, snapshots=8).total == 33
    assert Clock(Budget(steps=100), passes_per_step=3, snapshots=8).total == 100


def test_a_budget_of_seconds_ends_by_the_clock_with_few_snapshots() -> None:
    clock = Clock(Budget(seconds=0.05), passes_per_step=1, snapshots=24)
    step, snapshots = 0, 0
    while not clock.ended(step):
        snapshots += clock.snapshot_due(step)
        step += 1
    assert 0.05 <= clock.elapsed() < 1
    assert clock.total is None
    assert 2 < snapshots < 60
