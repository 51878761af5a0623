"""How long a batch goes on, and at which steps it is looked at."""

from __future__ import annotations

import math
import time

from paretomtl.sweep.spec import Budget


def snapshot_steps(total: int, count: int) -> list[int]:
    """Return about `count` log-spaced steps from 0 to `total`, both included, strictly increasing.

    >>> snapshot_steps(1000, 8)
    [0, 1, 3, 10, 32, 100, 316, 1000]
    """
    inner = max(count - 1, 2)
    spaced = {round(total ** (i / (inner - 1))) for i in range(inner)}
    return sorted({0, *spaced, total})


class Clock:
    """Says when a batch ends and when a snapshot is due.

    Args:
        budget: What was asked for.
        passes_per_step: Backward passes of one lane in one step.
        snapshots: Points of the trajectory to keep.
    """

    def __init__(self, budget: Budget, *, passes_per_step: int, snapshots: int) -> None:
        self._seconds = float(budget.amount) if budget.unit == "seconds" else None
        self.start()
        if self._seconds is not None:
            self.total = None
        elif budget.unit == "passes":
            self.total = int(budget.amount) // passes_per_step
        else:
            self.total = int(budget.amount)
        self._due = None if self.total is None else set(snapshot_steps(self.total, snapshots))
        # With a budget of seconds the last step is not known: grow by a constant factor instead.
        self._ratio = 10 ** (4 / max(snapshots - 1, 1))
        self._next = 0

    def start(self) -> None:
        """Begin to count seconds."""
        self._started = time.perf_counter()

    def elapsed(self) -> float:
        """Seconds since the batch began."""
        return time.perf_counter() - self._started

    def ended(self, step: int) -> bool:
        """Whether the budget is spent after `step` steps."""
        if self.total is not None:
            return step >= self.total
        assert self._seconds is not None
        return self.elapsed() >= self._seconds

    def snapshot_due(self, step: int) -> bool:
        """Whether the trajectory is recorded after `step` steps."""
        if self._due is not None:
            return step in self._due
        if step < self._next:
            return False
        self._next = max(step + 1, math.ceil(step * self._ratio))
        return True
