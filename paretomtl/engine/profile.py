"""Where the time of a step goes: a table of its parts, and a trace of every operation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from paretomtl.engine.device import reduced
from paretomtl.engine.lane import Lane
from paretomtl.engine.phases import PHASES, PREFIX
from paretomtl.engine.planning.chunks import batch_of, cut
from paretomtl.engine.planning.compute import Compute
from paretomtl.problems.base import Problem
from paretomtl.sweep.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a step.

    Args:
        name: "forward", "backward", "method", ...; "rest" is what belongs to none.
        seconds: Per step, the profiler's own cost included.
        share: Of the whole step, in [0, 1].
    """

    name: str
    seconds: float
    share: float


def profile_step(
    problem: Problem,
    lanes: Sequence[Lane],
    settings: Settings,
    *,
    compute: Compute,
    trace: Path | None = None,
    steps: int = 10,
) -> list[Part]:
    """Profile some steps of the first chunk of these lanes, and one evaluation.

    Args:
        problem: What is optimized.
        lanes: The lanes of a batch.
        settings: What they have in common.
        compute: Where and how.
        trace: Where the trace is written, in Chrome's format (chrome://tracing, Perfetto).
        steps: How many are profiled, after three that are not.

    Returns:
        The parts in the order of a step, the whole last; an evaluation is counted once, beside the step.

    Raises:
        OSError: The trace cannot be written.
    """
    chunk = cut(problem, lanes, settings, compute)[0]
    activities = [ProfilerActivity.CPU]
    if compute.resolved.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with compute.applied(), reduced(settings.precision, compute.resolved):
        batch, _ = batch_of(problem, [lanes[i] for i in chunk], settings, compute)
        for _ in range(3):
            batch.step()
        with profile(activities=activities) as profiler:
            started = time.perf_counter()
            for _ in range(steps):
                batch.step()
            if compute.resolved.type == "cuda":
                torch.cuda.synchronize()
            whole = (time.perf_counter() - started) / steps
            started = time.perf_counter()
            batch.evaluate()
            evaluation = time.perf_counter() - started
    if trace is not None:
        trace.parent.mkdir(parents=True, exist_ok=True)
        profiler.export_chrome_trace(str(trace))
    parts = _parts(profiler, whole, steps)
    rest = max(0.0, whole - sum(part.seconds for part in parts))
    compiled = "compiled step" if compute.compile else "rest"
    return [
        *parts,
        Part(name=compiled, seconds=rest, share=rest / whole),
        Part(name="whole step", seconds=whole, share=1.0),
        Part(name="evaluation (once a snapshot)", seconds=evaluation, share=evaluation / whole),
    ]


def _parts(profiler: profile, whole: float, steps: int) -> list[Part]:
    """Return the parts of a step that took time, in its order."""
    events: Any = profiler.key_averages()
    spent: dict[str, float] = {
        event.key.removeprefix(PREFIX): event.cpu_time_total / 1e6 / steps
        for event in events
        if event.key.startswith(PREFIX)
    }
    return [
        Part(name=name, seconds=spent[name], share=spent[name] / whole)
        for name in PHASES
        if name in spent
    ]
