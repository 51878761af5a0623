"""How a batch is run: snapshots, lanes that stand still, lanes that have ended and leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from paretomtl.engine.batch import Batch
from paretomtl.engine.clock import Clock
from paretomtl.engine.outcome import Outcome
from paretomtl.engine.phases import phase
from paretomtl.engine.standstill import Standstill
from paretomtl.engine.trajectory import Trajectory
from paretomtl.problems.base import NeuralProblem


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a batch is: steps made, steps in all (None for a budget of seconds), and its lanes."""

    steps_done: int
    steps_total: int | None
    lanes: int


ProgressCallback: TypeAlias = Callable[[Progress], None]


class Run:
    """One batch from its first step to its last.

    Args:
        batch: It is advanced; lanes that have ended may be removed.
        compacting: Whether lanes that have ended leave the batch; not where steps are compiled, or where
            numbers must not depend on how many lanes there are.
        progress: Called at every snapshot, and a few times a second in between.
    """

    def __init__(
        self,
        batch: Batch,
        *,
        compacting: bool = True,
        progress: ProgressCallback | None = None,
    ) -> None:
        self.batch = batch
        self._compacting, self._progress = compacting, progress
        stop = batch.settings.stop
        self._standstill = None if stop is None else Standstill(stop)
        self._watched = "validation" if isinstance(batch.problem, NeuralProblem) else "test"
        self._present = list(range(len(batch.members)))
        self._trajectory = Trajectory(len(self._present))
        passes = batch.passes_per_step
        self._clock = Clock(
            batch.settings.budget,
            passes_per_step=passes,
            snapshots=batch.settings.snapshots,
            evaluation=batch.lanes.evaluation_cost(
                forward=batch.groups[0].method.minibatches, backward=passes
            ),
        )

    def outcomes(self) -> list[Outcome]:
        """Advance all lanes to the end of the budget, or until each has stopped or diverged."""
        batch, clock = self.batch, self._clock
        clock.start()
        while True:
            step = batch.steps_done
            ended = clock.ended(step)
            check = self._standstill is not None and self._standstill.due(step)
            # Not sooner where all have diverged: where a run's record ends must not depend on the others.
            due = clock.snapshot_due(step) or ended
            if due or check:
                going = self._look(due=due, check=check)
                if ended or not any(going):
                    break
                self._compact(going)
            elif clock.report_due():
                self._report()
            batch.step()
        self._leave(list(range(len(self._present))))
        return self._trajectory.outcomes()

    def _look(self, *, due: bool, check: bool) -> list[bool]:
        """Evaluate all lanes, keep a snapshot of those that are due one, and return which go on.

        Where only a standstill is checked, the snapshot is for lanes that have ended since the last look,
        standing still or diverged: others keep the number of snapshots that was asked for, whatever their
        neighbours do.
        """
        batch = self.batch
        with phase("evaluation"):
            losses = batch.evaluate()
        if self._standstill is not None and check:
            self._end(self._standstill.stopped(losses[self._watched]))
        going: list[bool] = batch.state.alive.tolist()  # pyright: ignore[reportUnknownVariableType]
        kept = [
            not self._trajectory.has_ended(lane) and (due or not goes)
            for lane, goes in zip(self._present, going, strict=True)
        ]
        if any(kept):
            step = batch.steps_done
            self._trajectory.snapshot(
                step,
                losses,
                lanes=self._present,
                kept=kept,
                going=going,
                passes=step * batch.passes_per_step,
                seconds=self._clock.elapsed(),
                diagnostics=batch.diagnostics() if step else {},
                reports=batch.reports() if step else [],
            )
            self._report()
        return going

    def _end(self, stopped: Tensor) -> None:
        """End lanes that stand still; a set ends as a whole, once none of its members moves."""
        alive = self.batch.state.alive
        for group in self.batch.groups:
            if group.is_set:
                moving = alive[group.lanes] & ~stopped[group.lanes]
                stopped[group.lanes] = ~moving.any()
        self.batch.end(stopped)

    def _compact(self, going: list[bool]) -> None:
        """Let the lanes that have ended leave once they are half of the batch."""
        wanted = list(going)
        for group in self.batch.groups:
            if group.is_set and any(going[group.lanes]):
                wanted[group.lanes] = [True] * group.n_lanes
        rows = [row for row, wants in enumerate(wanted) if wants]
        if len(rows) == 1 < len(going):  # a lane alone would take other kernels
            rows = sorted([*rows, wanted.index(False)])
        if not self._compacting or 2 * len(rows) > len(going):
            return
        self._leave([row for row in range(len(going)) if row not in set(rows)])
        self.batch.select(rows)
        if self._standstill is not None:
            self._standstill.select(rows)
        self._present = [self._present[row] for row in rows]

    def _leave(self, rows: list[int]) -> None:
        """Hand over the final results of the lanes at some rows."""
        x, metrics = self.batch.finish()
        died: list[int] = self.batch.state.died.tolist()  # pyright: ignore[reportUnknownVariableType]
        self._trajectory.leave(
            [self._present[row] for row in rows],
            died=[died[row] for row in rows],
            x=None if x is None else x[rows],
            metrics=[metrics[row] for row in rows],
        )

    def _report(self) -> None:
        """Report how far the batch is."""
        if self._progress is not None:
            self._progress(
                Progress(
                    steps_done=self.batch.steps_done,
                    steps_total=self._clock.total,
                    lanes=len(self._present),
                )
            )
