"""How far an execution is, on a clock that the test moves."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from paretomtl.engine import Progress
from paretomtl.executors.batch import failed, lost
from paretomtl.executors.progress import ExecutionProgress, Tally
from paretomtl.sweep.spec import RunSpec

Sweep = Callable[..., list[RunSpec]]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", clock)
    return clock


def steps(done: int, total: int, lanes: int) -> Progress:
    return Progress(steps_done=done, steps_total=total, lanes=lanes)


def test_the_share_that_is_done_and_the_time_left(sweep: Sweep, clock: Clock) -> None:
    batches = [sweep(10), sweep(20)]
    calls: list[ExecutionProgress] = []
    tally = Tally(batches, reused=3, callback=calls.append)
    assert (calls[-1].done, calls[-1].total, calls[-1].reused) == (0, 8, 3)
    assert (calls[-1].fraction, calls[-1].seconds_left) == (0.0, None)
    clock.now += 5  # imports and data: no part of the pace
    tally.advance(0, steps(1, 10, 4))
    assert calls[-1].fraction == pytest.approx(0.4 / 8)
    clock.now += 1
    tally.advance(0, steps(5, 10, 4))
    assert calls[-1].fraction == pytest.approx(2 / 8)
    # 1.6 of 8 runs in a second, 6 of 8 to go
    assert calls[-1].seconds_left == pytest.approx(6 / 1.6)
    assert (calls[-1].steps, calls[-1].seconds) == (20, 6)
    assert calls[-1].steps_per_second == pytest.approx(20 / 6)
    tally.finish(0, lost(batches[0], "gone", device="cpu"))
    assert (calls[-1].done, calls[-1].fraction) == (4, 0.5)


def test_the_summary_counts_and_names_what_failed(sweep: Sweep, clock: Clock) -> None:
    specs = sweep(10)
    tally = Tally([specs], reused=1, callback=None)
    clock.now += 2
    tally.finish(0, lost(specs, "gone", device="cpu"))
    summary = tally.summary(total=6, interrupted=True)
    assert (summary.ok, summary.failed, summary.executed, summary.remaining) == (0, 4, 4, 1)
    assert (summary.seconds, summary.interrupted) == (2, True)
    assert summary.failures[0].label == "linear on vlmop2, seed 3"
    assert summary.failures[0].reason == failed("gone").reason


def test_nothing_to_do_is_done(clock: Clock) -> None:
    calls: list[ExecutionProgress] = []
    Tally([], reused=2, callback=calls.append)
    assert calls[-1].fraction == 1.0
    assert calls[-1].steps_per_second == 0.0
