"""A batch from its first step to its last: snapshots, progress, lanes that leave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import paretomtl as pm
from paretomtl.engine.lane import Lane
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.sweep.settings import Budget, Optimizer, Settings


@pytest.mark.parametrize(
    ("method", "snapshots", "steps"),
    [
        (
            "linear",
            None,
            [0, 5, 22, 92, 377, 500],
        ),  # an evaluation is 5 steps: 167 steps pay for one
        ("famo", None, [0, 5, 22, 92, 377, 500]),
        ("linear", 4, [0, 1, 22, 500]),
    ],
)
def test_snapshots_of_networks_take_their_small_share(
    tiny_network: Any, method: str, snapshots: int | None, steps: list[int]
) -> None:
    front = pm.trace(
        tiny_network, method, budget=pm.Budget(steps=500), lr=1e-3, snapshots=snapshots
    )
    assert front.outcomes[0].steps.tolist() == steps


def test_where_a_diverged_run_ends_does_not_depend_on_the_others(tiny_network: Any) -> None:
    settings = Settings(optimizer=Optimizer(name="sgd"), budget=Budget(steps=600))
    wild, tame = (
        Lane(method=pm.method("linear"), preference=(0.5, 0.5), seed=0, key=0, lr=lr)
        for lr in (1e18, 1e-3)
    )
    (alone,) = run_lanes(tiny_network, [wild], settings)
    beside, _ = run_lanes(tiny_network, [wild, tame], settings)
    assert alone.status == beside.status == "diverged"
    np.testing.assert_array_equal(alone.steps, beside.steps)
    np.testing.assert_array_equal(alone.losses["test"], beside.losses["test"])
    assert len(alone.steps) < 6
