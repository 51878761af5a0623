"""A batch from its first step to its last: snapshots, progress, lanes that leave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.clock import snapshot_steps
from paretomtl.engine.lane import Lane
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.engine.run import Progress, Run
from paretomtl.sweep.settings import Budget, Optimizer, Settings

CPU = torch.device("cpu")


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


def lanes(rates: list[float]) -> list[Lane]:
    return [
        Lane(method=pm.method("linear"), preference=(0.4, 0.6), seed=k, key=k, lr=rate)
        for k, rate in enumerate(rates)
    ]


def test_snapshots_are_the_points_on_the_way_and_the_last_is_the_end(valley: Any) -> None:
    problem = valley()
    settings = Settings(optimizer=Optimizer(name="sgd"), budget=Budget(steps=50), snapshots=5)
    outcomes = Run(Batch(problem, lanes([0.01, 0.1]), settings, CPU)).outcomes()
    again = Batch(problem, lanes([0.01, 0.1]), settings, CPU)
    due = snapshot_steps(50, 5)
    points = []
    for step in range(51):
        if step in due:
            points.append(problem.objectives(again.state.parameters[0].detach()).numpy())
        again.step()
    for k, outcome in enumerate(outcomes):
        assert outcome.status == "ok"
        assert outcome.steps.tolist() == outcome.backward_passes.tolist() == due
        np.testing.assert_array_equal(outcome.losses["test"], np.stack(points)[:, k])
        at_end = problem.objectives(torch.as_tensor(outcome.x)).numpy()
        np.testing.assert_array_equal(outcome.losses["test"][-1], at_end)
        assert np.isnan(outcome.diagnostics["weights"][0]).all()
        np.testing.assert_allclose(
            outcome.diagnostics["weights"][1:], [[0.4, 0.6]] * (len(due) - 1)
        )
        assert (np.diff(outcome.seconds) > 0).all()


def test_progress_is_reported_at_every_snapshot(valley: Any) -> None:
    told: list[Progress] = []
    settings = Settings(optimizer=Optimizer(name="sgd"), budget=Budget(steps=50), snapshots=5)
    batch = Batch(valley(), lanes([0.01, 0.1]), settings, CPU)
    Run(batch, progress=told.append).outcomes()
    steps = [one.steps_done for one in told]
    assert steps == sorted(steps)
    assert set(snapshot_steps(50, 5)) <= set(steps)
    assert {(one.steps_total, one.lanes) for one in told} == {(50, 2)}


@pytest.mark.parametrize("compacting", [True, False])
def test_lanes_that_have_died_leave_once_they_are_half(valley: Any, compacting: bool) -> None:
    """They end at the next snapshot, where they had died; nobody else's numbers change."""

    class Torn(valley):
        def _objectives(self, x: torch.Tensor) -> torch.Tensor:
            bad = x[..., :1] < 0.5
            return super()._objectives(x) + torch.where(bad, torch.nan, 0.0).to(x.dtype)

        def start(self, generator: torch.Generator) -> torch.Tensor:
            return torch.tensor([1.0, 1.4, 0.0], dtype=torch.float64)

    settings = Settings(optimizer=Optimizer(name="adam"), budget=Budget(steps=50), snapshots=5)
    told: list[Progress] = []
    # the first coordinate falls by the rate at each step: below 0.5 after 6 steps, and after 500
    batch = Batch(Torn(), lanes([0.09, 0.001, 0.09, 0.001]), settings, CPU)
    outcomes = Run(batch, compacting=compacting, progress=told.append).outcomes()
    due = snapshot_steps(50, 5)
    after = next(step for step in due if step > 6)
    assert [o.status for o in outcomes] == ["diverged", "ok", "diverged", "ok"]
    for k, outcome in enumerate(outcomes):
        assert outcome.steps.tolist() == (due if k % 2 else [step for step in due if step <= after])
        assert np.isfinite(outcome.losses["test"][-1]).all() == (k % 2 == 1)
    assert outcomes[0].reason.endswith("finite at step 6")
    assert len(batch.members) == (2 if compacting else 4)
    assert told[-1].lanes == len(batch.members)
    assert told[0].lanes == 4
