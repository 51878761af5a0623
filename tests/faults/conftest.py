"""Records without an engine, and a way to run a piece of Python that may be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from paretomtl.engine.outcome import Outcome
from paretomtl.records.record import Provenance, Record
from paretomtl.sweep.settings import Budget, Optimizer
from paretomtl.sweep.spec import Choice, RunSpec


@pytest.fixture
def make_records() -> Callable[..., list[Record]]:
    """Build one record for each seed."""

    def make(*seeds: int, steps: int = 4) -> list[Record]:
        return [_record(seed, steps) for seed in seeds]

    return make


def _record(seed: int, steps: int) -> Record:
    draw = np.random.default_rng(seed)
    spec = RunSpec(
        problem=Choice("vlmop2"),
        method=Choice("linear"),
        preference=(0.5, 0.5),
        seed=seed,
        optimizer=Optimizer(),
        budget=Budget(steps),
    )
    outcome = Outcome(
        status="ok",
        reason="",
        steps=np.arange(steps),
        losses={"test": draw.random((steps, 2))},
        x=draw.random(3),
        backward_passes=np.arange(steps),
        seconds=draw.random(steps),
    )
    provenance = Provenance(
        package="0",
        commit="",
        torch="0",
        python="3",
        platform="",
        device="cpu",
        threads=1,
        started="",
        seconds=0.0,
        lanes=1,
        peak_memory=0,
    )
    return Record(spec=spec, outcome=outcome, provenance=provenance)


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a piece of Python in a process of its own; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def launch(code: str, *arguments: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", code, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        started.append(process)
        return process

    yield launch
    for process in started:
        process.kill()
        process.communicate()
