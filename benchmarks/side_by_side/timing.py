"""How the scripts of this folder measure time, and how they name the machine.

The sides of a comparison take turns, again and again, so that drifts of the machine hit all alike, and
each side's median counts. CPU time is what neighbors on a busy machine disturb least; time on the wall is
what a person waits for. Both are taken.
"""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

MOST_REPEATS = 50
"""Calls within one turn, at most."""


@dataclass(frozen=True)
class Clock:
    """What a call takes, in seconds on the wall and of CPU time."""

    wall: float
    cpu: float

    def times(self, factor: float) -> Clock:
        """Return what `factor` such calls take."""
        return Clock(self.wall * factor, self.cpu * factor)

    def over(self, other: Clock) -> Clock:
        """Return the ratios to another clock, on the wall and of CPU time."""
        return Clock(self.wall / other.wall, self.cpu / other.cpu)


def timed(call: Callable[[], object], repeats: int = 1) -> Clock:
    """Return what one of `repeats` calls in a row takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        call()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Clock(wall / repeats, cpu / repeats)


def fastest(call: Callable[[], object], times: int = 2) -> float:
    """Return the CPU seconds of the fastest of several calls in a row."""
    return min(timed(call).cpu for _ in range(times))


def medians(
    sides: Mapping[str, Callable[[], object]],
    repetitions: int,
    *,
    warm_up: int = 1,
    least: float = 0.0,
) -> dict[str, Clock]:
    """Return the median clock of each side, by its name, over interleaved repetitions.

    Args:
        sides: What is compared, by name.
        repetitions: Turns of each side.
        warm_up: Calls of each side beforehand that do not count.
        least: CPU seconds that a turn should last: a faster side is called several times in its turn.
    """
    repeats: dict[str, int] = {}
    for name, call in sides.items():
        for _ in range(warm_up):
            call()
        once = math.ceil(least / max(timed(call).cpu, 1e-5)) if least else 1
        repeats[name] = max(1, min(MOST_REPEATS, once))
    clocks: dict[str, list[Clock]] = {name: [] for name in sides}
    for _ in range(repetitions):
        for name, call in sides.items():
            clocks[name].append(timed(call, repeats[name]))
    return {
        name: Clock(median(c.wall for c in found), median(c.cpu for c in found))
        for name, found in clocks.items()
    }


def machine() -> str:
    """Name the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = (line.split(":", 1)[1] for line in lines if line.startswith("model name"))
        return next(names).strip()
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def conditions() -> str:
    """Name what a table's times depend on: the processor, the threads in use, the version of torch."""
    threads, cores = torch.get_num_threads(), os.cpu_count()
    used = f"{threads} thread{'s' if threads > 1 else ''} on {cores} cores"
    return f"{machine()}, {used}, torch {torch.__version__}"
