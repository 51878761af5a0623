"""How far an execution is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from paretomtl.cli.output import Output

if TYPE_CHECKING:
    from paretomtl.executors import ExecutionProgress

LINE_EVERY = 5.0
"""Seconds between two lines where there is no bar."""


class RunProgress:
    """A context in which `update` shows runs done, steps a second and time left."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._bar: Progress | None = None
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        if self._output.bar:
            self._bar = Progress(
                BarColumn(),
                TextColumn("{task.percentage:3.0f} %"),
                MofNCompleteColumn(),
                TextColumn("runs  {task.fields[pace]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task("runs", total=None, pace="")
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, progress: ExecutionProgress) -> None:
        """Show how far the execution is."""
        if self._bar is not None:
            self._bar.update(
                self._task,
                completed=int(progress.fraction * progress.total),
                total=progress.total,
                pace=pace(progress),
            )
        elif time.monotonic() - self._last >= LINE_EVERY:
            self._last = time.monotonic()
            self._output.say(f"{progress.done}/{progress.total} runs done, {pace(progress)}")


def pace(progress: ExecutionProgress) -> str:
    """Return steps a second and the time left, in words."""
    left = progress.seconds_left
    rest = "" if left is None else f", {duration(left)} left"
    return f"{progress.steps_per_second:,.0f} steps/s{rest}"


def duration(seconds: float) -> str:
    """Return a time span in words.

    >>> duration(0.25), duration(75), duration(7265)
    ('0.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"
