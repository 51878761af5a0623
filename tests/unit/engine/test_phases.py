"""A part of a step has its name for a profiler, and costs nothing without one."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from paretomtl.engine.phases import PHASES, PREFIX, phase


def test_without_a_profiler_nothing_is_recorded() -> None:
    assert isinstance(phase("forward"), nullcontext)


@pytest.mark.filterwarnings("ignore:.*profiler.*")
def test_a_profiler_sees_the_parts_by_their_names() -> None:
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for name in PHASES:
            with phase(name):
                torch.ones(2).sum()
    seen = [event.key for event in profiler.key_averages() if event.key.startswith(PREFIX)]
    assert sorted(seen) == sorted(f"paretomtl: {name}" for name in PHASES)
