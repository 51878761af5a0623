"""How long a batch goes on, and at which steps it is evaluated."""

from __future__ import annotations

import math
import time

from paretomtl.sweep.settings import Budget

SNAPSHOTS = 24
"""Points of a trajectory, where a run does not state how many."""

SHARE = 0.03
"""Where it does not, evaluating networks takes no more than this share of their passes."""

ANYWAY = 5
"""One in so many of those points is taken whatever it costs: a trajectory has some points."""

REPORT_EVERY = 0.25
"""Seconds between two reports of progress where there is no snapshot."""


def snapshot_steps(total: int, count: int) -> list[int]:
    """Return about `count` log-spaced steps from 0 to `total`, both included, strictly increasing.

    >>> snapshot_steps(1000, 8)
    [0, 1, 3, 10, 32, 100, 316, 1000]
    """
    inner = max(count - 1, 2)
    spaced = {round(total ** (i / (inner - 1))) for i in range(inner)}
    return sorted({0, *spaced, total})


def steps_of(budget: Budget, passes_per_step: int) -> int | None:
    """Return the steps that a budget holds; None where it is in seconds."""
    if budget.unit == "seconds":
        return None
    return int(budget.amount) // (passes_per_step if budget.unit == "passes" else 1)


class Clock:
    """When a batch ends, and when a snapshot is due.

    Args:
        budget: What was asked for.
        passes_per_step: Backward passes of one lane in one step.
        snapshots: Points of the trajectory to keep; None for up to `SNAPSHOTS`: one in `ANYWAY`, the first,
            the last, and of the others those that `SHARE` of the steps before them pays for.
        evaluation: What a snapshot costs, in steps.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        passes_per_step: int,
        snapshots: int | None,
        evaluation: float = 0.0,
    ) -> None:
        # What a snapshot has to have been paid with, in steps.
        self._price = evaluation / SHARE if snapshots is None else 0.0
        self._offered = 0
        self._taken = 1  # the last one
        snapshots = SNAPSHOTS if snapshots is None else snapshots
        self._seconds = float(budget.amount) if budget.unit == "seconds" else None
        self.start()
        self.total = steps_of(budget, passes_per_step)
        self._due = None if self.total is None else set(snapshot_steps(self.total, snapshots))
        # With a budget of seconds the last step is not known: grow by a constant factor instead, the one
        # that puts the wanted number of points into 10^4 steps.
        self._ratio = 10 ** (4 / max(snapshots - 1, 1))
        self._next = 0

    def start(self) -> None:
        """Begin to count seconds."""
        self._started = self._reported = time.perf_counter()

    def elapsed(self) -> float:
        """Seconds since the batch began."""
        return time.perf_counter() - self._started

    def ended(self, step: int) -> bool:
        """Whether the budget is spent after `step` steps; of one in seconds one step is always made."""
        if self.total is not None:
            return step >= self.total
        assert self._seconds is not None
        return step > 0 and self.elapsed() >= self._seconds

    def report_due(self) -> bool:
        """Whether a caller who waits should hear of the batch again."""
        now = time.perf_counter()
        if now - self._reported < REPORT_EVERY:
            return False
        self._reported = now
        return True

    def snapshot_due(self, step: int) -> bool:
        """Whether the trajectory is recorded after `step` steps; asked at most once a step."""
        if self._due is not None:
            if step not in self._due:
                return False
        elif step < self._next:
            return False
        self._next = max(step + 1, math.ceil(step * self._ratio))
        # Where evaluating is dear, the steps made so far have to pay for all snapshots taken and this one.
        anyway = self._offered % ANYWAY == 0 or step == self.total
        paid = step >= (self._taken + 1) * self._price
        taken = anyway or paid
        self._offered += 1
        self._taken += taken
        return taken
