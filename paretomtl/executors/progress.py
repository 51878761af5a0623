"""How far an execution is, and its summary."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from paretomtl.engine import Progress
from paretomtl.records.record import Record
from paretomtl.sweep.spec import RunSpec


@dataclass(frozen=True, kw_only=True)
class ExecutionProgress:
    """How far an execution is.

    Args:
        done: Runs stored by this execution.
        total: Runs that had no record before.
        reused: Runs that had a record before.
        fraction: Share of the work that is over, between 0 and 1, unfinished batches included.
        steps: Steps made so far, summed over all lanes.
        seconds: Wall-clock since it began.
        seconds_left: Time left at the pace since the first step; None before there is one.
    """

    done: int
    total: int
    reused: int
    fraction: float
    steps: int
    seconds: float
    seconds_left: float | None

    @property
    def steps_per_second(self) -> float:
        """Lane steps a second since the beginning."""
        return self.steps / self.seconds if self.seconds > 0 else 0.0


ProgressCallback: TypeAlias = Callable[[ExecutionProgress], None]


class Failure(NamedTuple):
    """A run that did not end well: its key, what ran, its status and the reason."""

    key: str
    label: str
    status: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ExecutionSummary:
    """What one execution did.

    Args:
        total: Different runs asked for.
        reused: Those that had a record before.
        ok: Runs that ended well.
        diverged: Runs whose losses or parameters stopped being finite.
        failed: Runs that raised.
        interrupted: Whether the user stopped it; what was finished is stored.
        seconds: Wall-clock.
        steps: Steps made, summed over all lanes.
        failures: Every run of this execution that diverged or failed.
    """

    total: int
    reused: int
    ok: int
    diverged: int
    failed: int
    interrupted: bool
    seconds: float
    steps: int
    failures: tuple[Failure, ...]

    @property
    def executed(self) -> int:
        """Runs executed and stored now."""
        return self.ok + self.diverged + self.failed

    @property
    def remaining(self) -> int:
        """Runs that still have no record."""
        return self.total - self.reused - self.executed


class Tally:
    """Counts what is done and calls back at every change.

    Args:
        batches: What is to be run.
        reused: Runs that had a record before.
        callback: Called at every change.
    """

    def __init__(
        self,
        batches: Sequence[Sequence[RunSpec]],
        *,
        reused: int,
        callback: ProgressCallback | None,
    ) -> None:
        self.done = 0
        self._sizes = [len(batch) for batch in batches]
        self._budgets = [batch[0].budget for batch in batches]
        self._reused = reused
        self._callback = callback
        self._statuses: Counter[str] = Counter()
        self._failures: list[Failure] = []
        self._steps = 0
        self._under_way: dict[int, tuple[float, Progress]] = {}
        """Batch -> when its first progress came, and its latest."""
        self._clock = time.perf_counter()
        self._first: tuple[float, float] | None = None
        self._notify()

    def advance(self, place: int, progress: Progress) -> None:
        """Record how far the engine is in a batch."""
        since, _ = self._under_way.get(place, (time.perf_counter(), progress))
        self._under_way[place] = (since, progress)
        self._notify()

    def finish(self, place: int, records: Sequence[Record]) -> None:
        """Count a batch that is stored."""
        self._under_way.pop(place, None)
        self.done += len(records)
        for record in records:
            spec, outcome = record.spec, record.outcome
            self._statuses[outcome.status] += 1
            self._steps += int(outcome.steps[-1]) if len(outcome.steps) else 0
            if outcome.status != "ok":
                label = f"{spec.method.label} on {spec.problem.label}, seed {spec.seed}"
                self._failures.append(Failure(record.key, label, outcome.status, outcome.reason))
        self._notify()

    def summary(self, *, total: int, interrupted: bool) -> ExecutionSummary:
        """Return the counts of the whole execution."""
        return ExecutionSummary(
            total=total,
            reused=self._reused,
            ok=self._statuses["ok"],
            diverged=self._statuses["diverged"],
            failed=self._statuses["failed"],
            interrupted=interrupted,
            seconds=time.perf_counter() - self._clock,
            steps=self._steps,
            failures=tuple(self._failures),
        )

    def _notify(self) -> None:
        if self._callback is None:
            return
        total = sum(self._sizes)
        partly = sum(self._sizes[place] * self._share(place) for place in self._under_way)
        steps = sum(p.steps_done * p.lanes for _, p in self._under_way.values())
        fraction = (self.done + partly) / total if total else 1.0
        seconds = time.perf_counter() - self._clock
        self._callback(
            ExecutionProgress(
                done=self.done,
                total=total,
                reused=self._reused,
                fraction=fraction,
                steps=self._steps + steps,
                seconds=seconds,
                seconds_left=self._seconds_left(fraction, seconds),
            )
        )

    def _share(self, place: int) -> float:
        """Return how much of a batch under way is over: by its steps, or by its budget of seconds."""
        since, progress = self._under_way[place]
        if progress.steps_total is not None:
            return min(1.0, progress.steps_done / progress.steps_total)
        return min(1.0, (time.perf_counter() - since) / self._budgets[place].amount)

    def _seconds_left(self, fraction: float, seconds: float) -> float | None:
        """Extrapolate from the first step on: what came before it (imports, data) happens once."""
        if fraction <= 0:
            return None
        if self._first is None:
            self._first = (fraction, seconds)
        since = fraction - self._first[0]
        return (seconds - self._first[1]) * (1 - fraction) / since if since > 0 else None
