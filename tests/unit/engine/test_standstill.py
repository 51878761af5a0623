"""Runs that stand still end early, leave the batch, and change nothing for the others."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.clock import snapshot_steps
from paretomtl.engine.lane import Lane
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.engine.planning.compute import Compute
from paretomtl.engine.run import Run
from paretomtl.engine.standstill import Standstill
from paretomtl.errors import BadInput
from paretomtl.sweep.settings import Budget, Optimizer, Settings, Stop
from paretomtl.sweep.spec import Choice, RunSpec

STOP = Stop(every=10, patience=2, tolerance=1e-6)
SETTINGS = Settings(
    optimizer=Optimizer(name="sgd"), budget=Budget(steps=400), snapshots=6, stop=STOP
)


def lanes(rates: list[float], method: str = "linear") -> list[Lane]:
    """Fast lanes come to rest early, slow ones later."""
    return [
        Lane(method=pm.method(method), preference=(0.4, 0.6), seed=k, key=k, lr=rate)
        for k, rate in enumerate(rates)
    ]


def test_the_count_is_of_checks_in_a_row() -> None:
    still = Standstill(Stop(every=1, patience=2, tolerance=0.1))
    path = [[1.0, 5.0], [1.05, 5.0], [1.3, 5.0], [1.35, 5.0], [1.4, 5.0]]
    seen = [still.stopped(torch.tensor([row, [0.0, float(i)]])) for i, row in enumerate(path)]
    assert [s.tolist() for s in seen] == [[False] * 2] * 4 + [[True, False]]


def test_a_run_ends_where_it_stands_still(valley: Any) -> None:
    (fast,) = run_lanes(valley(), lanes([0.2]), SETTINGS)
    assert fast.status == "ok"
    assert fast.steps[-1] < 400
    assert fast.backward_passes[-1] == fast.steps[-1]
    endless = dataclasses.replace(SETTINGS, stop=None)
    (full,) = run_lanes(valley(), lanes([0.2]), endless)
    np.testing.assert_allclose(fast.losses["test"][-1], full.losses["test"][-1], atol=1e-4)
    assert len(fast.steps) == len(fast.losses["test"]) == len(fast.diagnostics["weights"])


@pytest.mark.parametrize("snapshots", [2, 5, 24])
def test_checks_do_not_add_snapshots(valley: Any, snapshots: int) -> None:
    """A run keeps the points that it was asked for, and where it stands still the point of that."""
    stop = Stop(every=10, patience=2, tolerance=1e-6)
    settings = dataclasses.replace(
        SETTINGS, budget=Budget(steps=1000), snapshots=snapshots, stop=stop
    )
    due = snapshot_steps(1000, snapshots)
    slow, fast = run_lanes(valley(), lanes([1e-7, 0.2]), dataclasses.replace(settings, stop=None))
    assert slow.steps.tolist() == fast.steps.tolist() == due
    never = dataclasses.replace(settings, stop=Stop(every=10, patience=999, tolerance=0.0))
    (going,) = run_lanes(valley(), lanes([0.002]), never)
    assert going.steps.tolist() == due
    stopped, alone = run_lanes(valley(), lanes([0.2, 0.002]), settings)
    end = int(stopped.steps[-1])
    assert end % 10 == 0
    assert stopped.steps.tolist() == [*(step for step in due if step < end), end]
    assert set(alone.steps.tolist()) - {int(alone.steps[-1])} <= set(due)


@pytest.mark.parametrize("method", ["linear", "mgda", "famo", "nash_mtl"])
def test_leaving_changes_nothing_for_those_who_stay(valley: Any, method: str) -> None:
    members = lanes([0.2, 0.2, 0.002, 0.15, 0.2, 0.003, 0.2, 0.2], method)
    together = run_lanes(valley(), members, SETTINGS)
    for lane, outcome in zip(members, together, strict=True):
        (alone,) = run_lanes(valley(), [lane], SETTINGS)
        np.testing.assert_array_equal(alone.steps, outcome.steps)
        np.testing.assert_array_equal(alone.losses["test"], outcome.losses["test"])
        np.testing.assert_array_equal(alone.x, outcome.x)
        for name, values in alone.diagnostics.items():
            np.testing.assert_array_equal(values, outcome.diagnostics[name], err_msg=name)


def test_lanes_really_leave(valley: Any) -> None:
    batch = Batch(valley(), lanes([0.2] * 6 + [0.002] * 2), SETTINGS, torch.device("cpu"))
    outcomes = Run(batch).outcomes()
    assert len(batch.members) == 2
    assert batch.state.parameters[0].shape[0] == 2
    assert [o.steps[-1] < 400 for o in outcomes] == [True] * 6 + [False] * 2


def test_networks_leave_too_with_their_minibatches(tiny_network: Any) -> None:
    settings = dataclasses.replace(
        SETTINGS, budget=Budget(steps=60), stop=Stop(every=5, patience=1, tolerance=1e-3)
    )
    members = lanes([1e-7, 1e-7, 0.1, 1e-7, 1e-7, 0.2], "mgda")
    together = run_lanes(tiny_network, members, settings)
    assert [int(o.steps[-1]) for o in together] == [5, 5, 60, 5, 5, 60]
    for k in (0, 2, 5):
        (alone,) = run_lanes(tiny_network, [members[k]], settings)
        for split, values in alone.losses.items():
            np.testing.assert_array_equal(values, together[k].losses[split])
        assert alone.metrics == together[k].metrics


def test_a_set_stops_as_a_whole() -> None:
    problem = pm.problem("zdt1", n_variables=4)
    settings = dataclasses.replace(SETTINGS, budget=Budget(steps=60))
    members = [
        dataclasses.replace(lane, member_of="one", member=k)
        for k, lane in enumerate(lanes([1e-9, 0.05, 0.05], "hv_gradient"))
    ]
    outcomes = run_lanes(problem, members, settings)
    assert len({int(o.steps[-1]) for o in outcomes}) == 1


def test_a_set_with_a_member_that_diverged_stops_too() -> None:
    problem = pm.problem("zdt1", n_variables=4)
    members = [
        dataclasses.replace(lane, member_of="one", member=k)
        for k, lane in enumerate(lanes([1e-9, 1e-9, 1e-9], "hv_gradient"))
    ]
    batch = Batch(problem, members, SETTINGS, torch.device("cpu"))
    batch.end(torch.tensor([False, True, False]))
    first, _, last = Run(batch).outcomes()
    assert [int(o.steps[-1]) for o in (first, last)] == [20, 20]


def test_stopping_goes_with_deterministic_batches(valley: Any) -> None:
    members = lanes([0.2, 0.002, 0.2])
    compute = Compute(device="cpu", deterministic=True)
    together = run_lanes(valley(), members, SETTINGS, compute=compute)
    (alone,) = run_lanes(valley(), members[:1], SETTINGS, compute=compute)
    np.testing.assert_array_equal(alone.losses["test"], together[0].losses["test"])
    np.testing.assert_array_equal(alone.steps, together[0].steps)


@pytest.mark.parametrize(
    "options", [{"every": 0}, {"patience": 0}, {"every": 1.5}, {"tolerance": -1.0}]
)
def test_senseless_criteria_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=f"stop `{next(iter(options))}`"):
        Stop(**options)


def test_a_spec_without_a_stop_keeps_the_key_it_always_had() -> None:
    spec = RunSpec(
        problem=Choice("zdt1"),
        method=Choice("linear"),
        preference=(0.5, 0.5),
        seed=0,
        optimizer=Optimizer(),
        budget=Budget(steps=10),
    )
    assert "stop" not in spec.canonical()
    assert dataclasses.replace(spec, stop=Stop()).key != spec.key


@pytest.mark.parametrize("rates", [[1e3], [1e3, 0.002], [1e3, 1e3, 0.2, 0.002]])
def test_a_run_that_diverges_ends_at_its_next_check_whoever_is_beside_it(
    rates: list[float],
) -> None:
    settings = dataclasses.replace(
        SETTINGS, budget=Budget(steps=300), snapshots=5, stop=Stop(every=10, patience=3)
    )
    outcomes = run_lanes(pm.problem("planar_pair"), lanes(rates), settings)
    died = int(outcomes[0].reason.rsplit(" ", 1)[-1])
    assert outcomes[0].status == "diverged"
    assert outcomes[0].steps[-1] in (10 * (died // 10 + 1), *snapshot_steps(300, 5))
    assert died < outcomes[0].steps[-1] <= died + 10
    assert not np.isfinite(outcomes[0].losses["test"][-1]).all()
