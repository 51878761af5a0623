"""Budgets end when they say, and snapshots are log-spaced."""

from __future__ import annotations

from itertools import pairwise

import pytest

from paretomtl.engine.clock import ANYWAY, SHARE, SNAPSHOTS, Clock, snapshot_steps
from paretomtl.sweep.settings import Budget


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


def _taken(budget: Budget, *, evaluation: float, snapshots: int | None = None) -> list[int]:
    clock = Clock(budget, passes_per_step=1, snapshots=snapshots, evaluation=evaluation)
    assert clock.total is not None
    return [step for step in range(clock.total + 1) if clock.snapshot_due(step)]


@pytest.mark.parametrize("evaluation", [0.0, 0.05, 1.0, 4.0, 30.0, 1e4])
@pytest.mark.parametrize("total", [1, 50, 1000, 20_000])
def test_snapshots_are_paid_for_by_the_steps_before_them(total: int, evaluation: float) -> None:
    taken = _taken(Budget(steps=total), evaluation=evaluation)
    every = snapshot_steps(total, SNAPSHOTS)
    assert taken[0] == 0
    assert taken[-1] == total
    assert set(every[::ANYWAY]) <= set(taken) <= set(every)
    for place, step in enumerate(taken):
        if step not in {*every[::ANYWAY], total}:  # with those before it and the last one
            assert (place + 2) * evaluation <= SHARE * step * (1 + 1e-12)


def test_snapshots_that_cost_nothing_and_those_asked_for_are_all_taken() -> None:
    assert _taken(Budget(steps=1000), evaluation=0.0) == snapshot_steps(1000, SNAPSHOTS)
    assert _taken(Budget(steps=1000), evaluation=30.0, snapshots=9) == snapshot_steps(1000, 9)


def test_no_snapshot_is_left_out_that_is_paid_for() -> None:
    taken = _taken(Budget(steps=1000), evaluation=1.5)
    every = snapshot_steps(1000, SNAPSHOTS)
    assert len(every[::ANYWAY]) + 2 < len(taken) < len(every) - 2
    for step in set(every) - set(taken):
        before = sum(t < step for t in taken)
        assert (before + 2) * 1.5 > SHARE * step


def test_a_budget_of_seconds_spares_snapshots_too() -> None:
    counts: list[int] = []
    for evaluation in (0.0, 1e6):
        clock = Clock(
            Budget(seconds=0.05), passes_per_step=1, snapshots=None, evaluation=evaluation
        )
        step, taken = 0, 0
        while not clock.ended(step):
            taken += clock.snapshot_due(step)
            step += 1
        counts.append(taken)
    assert 1 < counts[1] <= counts[0] // ANYWAY + 2


def test_a_budget_of_seconds_holds_one_step() -> None:
    clock = Clock(Budget(seconds=1e-9), passes_per_step=1, snapshots=None)
    assert not clock.ended(0)
    assert clock.ended(1)


def test_reports_are_due_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("paretomtl.engine.clock.time.perf_counter", lambda: now)
    clock = Clock(Budget(steps=5), passes_per_step=1, snapshots=None)
    assert not clock.report_due()
    now += 0.3
    assert clock.report_due()
    assert not clock.report_due()


def test_a_budget_of_seconds_ends_by_the_clock_with_few_snapshots() -> None:
    clock = Clock(Budget(seconds=0.05), passes_per_step=1, snapshots=24)
    step, snapshots = 0, 0
    while not clock.ended(step):
        snapshots += clock.snapshot_due(step)
        step += 1
    assert 0.05 <= clock.elapsed() < 1
    assert clock.total is None
    assert 2 < snapshots < 60
