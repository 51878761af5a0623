"""What each lane keeps of a batch: its own snapshots, its own end."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from paretomtl.engine.trajectory import Report, Trajectory


def snap(trajectory: Trajectory, step: int, lanes: list[int], **given: Any) -> None:
    """Snapshot at a step, where the losses of lane k are k + step / 100 and 10 times that."""
    value = torch.tensor([[lane + step / 100] for lane in lanes])
    trajectory.snapshot(
        step,
        {"test": torch.cat([value, 10 * value], -1)},
        **{
            "lanes": lanes,
            "kept": [True] * len(lanes),
            "going": [True] * len(lanes),
            "passes": 2 * step,
            "seconds": step / 2,
            "diagnostics": {},
            "reports": [],
            **given,
        },
    )


def leave(trajectory: Trajectory, lanes: list[int], died: list[int] | None = None) -> None:
    trajectory.leave(
        lanes,
        died=died or [-1] * len(lanes),
        x=torch.tensor([[float(lane), 0.5] for lane in lanes]),
        metrics=[{"test": {"accuracy": lane / 10}} for lane in lanes],
    )


def test_kept_snapshots_differ_from_lane_to_lane() -> None:
    trajectory = Trajectory(4)
    snap(trajectory, 0, [0, 1, 2, 3])
    snap(
        trajectory,
        5,
        [0, 1, 2, 3],
        kept=[False, True, False, False],
        going=[True, False, True, True],
    )
    snap(trajectory, 8, [0, 1, 2, 3], going=[True, False, True, True])  # the second has ended
    leave(trajectory, [1])
    snap(trajectory, 10, [3, 0, 2], kept=[True, False, True])  # and left; the others change places
    snap(trajectory, 20, [3, 0, 2])
    leave(trajectory, [3, 0, 2], died=[-1, 15, -1])
    found = trajectory.outcomes()
    steps = [[0, 8, 20], [0, 5], [0, 8, 10, 20], [0, 8, 10, 20]]
    assert [o.steps.tolist() for o in found] == steps
    for lane, outcome in enumerate(found):
        own = np.array([[lane + t / 100, 10 * (lane + t / 100)] for t in steps[lane]])
        np.testing.assert_allclose(outcome.losses["test"], own, rtol=1e-6)
        assert outcome.backward_passes.tolist() == [2 * t for t in steps[lane]]
        np.testing.assert_allclose(outcome.seconds, [t / 8 for t in steps[lane]])
        assert outcome.x is not None
        assert outcome.x.tolist() == [lane, 0.5]
        assert outcome.metrics == {"test": {"accuracy": lane / 10}}
    assert [o.status for o in found] == ["diverged", "ok", "ok", "ok"]
    assert found[0].reason == "losses or gradients stopped being finite at step 15"


def test_diagnostics_follow_their_lanes_and_are_not_known_before_the_first_step() -> None:
    trajectory = Trajectory(2)
    snap(trajectory, 0, [0, 1])
    snap(trajectory, 4, [0, 1], diagnostics={"weights": torch.tensor([[1.0, 2.0], [3.0, 4.0]])})
    snap(trajectory, 6, [1, 0], diagnostics={"weights": torch.tensor([[5.0, 6.0], [7.0, 8.0]])})
    leave(trajectory, [0, 1])
    nan = np.nan
    expected = [[[nan, nan], [1, 2], [7, 8]], [[nan, nan], [3, 4], [5, 6]]]
    for outcome, own in zip(trajectory.outcomes(), expected, strict=True):
        np.testing.assert_array_equal(outcome.diagnostics["weights"], own)


def test_reports_belong_to_the_lanes_of_their_method() -> None:
    trajectory = Trajectory(3)
    snap(trajectory, 0, [0, 1, 2])
    first = Report(range(1, 3), {"scale": torch.tensor([1.0, 2.0])})
    snap(trajectory, 4, [0, 1, 2], reports=[first])
    leave(trajectory, [0])
    later = Report(range(2), {"scale": torch.tensor([3.0, 4.0])})
    snap(trajectory, 6, [2, 1], reports=[later])
    leave(trajectory, [2, 1])
    none, second, third = trajectory.outcomes()
    assert none.diagnostics == {}
    np.testing.assert_array_equal(second.diagnostics["scale"], [np.nan, 1, 4])
    np.testing.assert_array_equal(third.diagnostics["scale"], [np.nan, 2, 3])


def test_a_last_snapshot_that_is_not_finite_is_a_divergence() -> None:
    trajectory = Trajectory(2)
    for step, bad in ((0, 1.0), (7, torch.inf)):
        losses = torch.tensor([[1.0, 1.0], [1.0, bad]])
        trajectory.snapshot(
            step,
            {"train": losses},
            lanes=[0, 1],
            kept=[True, True],
            going=[True, True],
            passes=step,
            seconds=0.0,
            diagnostics={},
            reports=[],
        )
    trajectory.leave([0, 1], died=[-1, -1], x=None, metrics=[{}, {}])
    fine, bad = trajectory.outcomes()
    assert (fine.status, fine.reason, fine.x) == ("ok", "", None)
    assert bad.status == "diverged"
    assert bad.reason.endswith("at step 7")
