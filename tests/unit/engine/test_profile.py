"""A profile accounts for the whole step and writes a trace that can be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import paretomtl as pm
from paretomtl.engine.lane import Lane
from paretomtl.engine.planning.compute import Compute
from paretomtl.engine.profile import profile_step
from paretomtl.sweep.settings import Budget, Optimizer, Settings


@pytest.mark.parametrize(
    ("method", "own"),
    [("linear", {"forward", "backward", "method"}), ("mgda", {"Gramian", "weighted sum"})],
)
def test_parts_add_up_to_the_step(
    tiny_network: Any, tmp_path: Path, method: str, own: set[str]
) -> None:
    lanes = [
        Lane(method=pm.method(method), preference=(0.5, 0.5), seed=s, key=s, lr=0.01)
        for s in range(4)
    ]
    settings = Settings(optimizer=Optimizer(), budget=Budget(steps=50))
    trace = tmp_path / "new" / "trace.json"
    parts = profile_step(
        tiny_network, lanes, settings, compute=Compute(device="cpu"), trace=trace, steps=4
    )
    seconds = {part.name: part.seconds for part in parts}
    whole = seconds.pop("whole step")
    evaluation = seconds.pop("evaluation (once a snapshot)")
    assert own | {"minibatch", "checks", "update", "rest"} <= set(seconds)
    assert sum(seconds.values()) == pytest.approx(whole, rel=0.02)
    assert evaluation > 0
    events = json.loads(trace.read_text())["traceEvents"]
    assert any("aten::" in str(event.get("name")) for event in events)
