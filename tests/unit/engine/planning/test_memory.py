"""What lanes will take is measured on a few, and predicted for many."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.lane import Lane
from paretomtl.engine.planning import chunks
from paretomtl.engine.planning.chunks import predicted_bytes
from paretomtl.engine.planning.memory import ALLOCATOR, LiveBytes, footprint
from paretomtl.engine.run import Run
from paretomtl.sweep.settings import Budget, Optimizer, Settings

CPU = torch.device("cpu")


SETTINGS = Settings(optimizer=Optimizer(lr=0.01), budget=Budget(steps=6), snapshots=4)


def lanes_of(methods: list[Any], count: int, **fields: Any) -> list[Lane]:
    return [
        Lane(
            method=methods[k % len(methods)],
            preference=((k % 7) / 6, 1 - (k % 7) / 6),
            seed=k % 3,
            key=k,
            lr=0.01,
            **fields,
        )
        for k in range(count)
    ]


@pytest.mark.parametrize("method", ["linear", "mgda"])
def test_the_prediction_is_what_a_batch_takes(tiny_network: Any, method: str) -> None:
    lanes = lanes_of([pm.method(method)], 50)
    predicted = predicted_bytes(tiny_network, lanes, SETTINGS, 50, device=CPU)
    with LiveBytes() as live:
        Run(Batch(tiny_network, lanes, SETTINGS, CPU)).outcomes()
    assert predicted == pytest.approx(ALLOCATOR * live.peak, rel=0.15)


def test_more_lanes_take_no_more_memory_to_evaluate(tiny_network: Any) -> None:
    """They are evaluated in blocks: what grows is what is kept, and steps."""
    lanes = lanes_of([pm.method("linear")], 1)
    taken = footprint(tiny_network, lanes, SETTINGS, device=CPU)
    growth = taken.of(2000) - taken.of(1000)
    steps = taken.factor * 1000 * (taken.step.each + taken.kept.each)
    assert growth == pytest.approx(steps, rel=0.01)
    assert taken.within(taken.of(300), 5000) == 300
    assert taken.within(1, 5000) == 0


def test_a_working_set_grows_with_what_a_step_reads(tiny_network: Any) -> None:
    linear, mgda = lanes_of([pm.method("linear"), pm.method("mgda")], 2)
    numbers = sum(p.numel() for p in tiny_network.module().parameters())
    low = chunks.working_set(tiny_network, linear, SETTINGS)
    assert low > 4 * 4 * numbers  # parameters, gradients and Adam's moments
    assert chunks.working_set(tiny_network, mgda, SETTINGS) > low
