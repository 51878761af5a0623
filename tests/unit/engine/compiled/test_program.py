"""The compiled step is the same function as the step carried out operation by operation."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.lane import Lane
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.engine.planning.compute import Compute
from paretomtl.sweep.settings import Budget, ConflictAware, Optimizer, Settings

CPU = torch.device("cpu")


needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")


def batch(problem: Any, methods: list[str], *, compiled: bool, **optimizer: Any) -> Batch:
    lanes = [
        Lane(method=pm.method(name), preference=(p, 1 - p), seed=seed, key=seed, lr=1e-3)
        for name in methods
        for seed, p in enumerate((0.2, 0.5, 0.7))
    ]
    settings = Settings(optimizer=Optimizer(lr=1e-3, **optimizer), budget=Budget(steps=20))
    return Batch(problem, lanes, settings, CPU, compiled=compiled)


CASES = [
    pytest.param(["linear", "tchebycheff"], {}, id="loss-level, adam"),
    pytest.param(["linear"], {"name": "nesterov", "weight_decay": 0.1}, id="nesterov"),
    pytest.param(["famo", "uncertainty"], {"name": "adamw", "weight_decay": 0.1}, id="stateful"),
    pytest.param(["mgda", "upgrad", "pcgrad"], {"name": "momentum"}, id="gramian"),
    pytest.param(["graddrop"], {"name": "sgd"}, id="jacobian"),
    pytest.param(["mgda"], {"schedule": "cosine", "conflict": ConflictAware()}, id="schedules"),
]


@pytest.mark.usefixtures("only_recorded")
@pytest.mark.parametrize(("methods", "optimizer"), CASES)
def test_the_recorded_step_computes_the_same(
    tiny_network: Any, methods: list[str], optimizer: dict[str, Any]
) -> None:
    assert_equal_steps(tiny_network, methods, **optimizer)


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize(
    "methods", [["linear", "tchebycheff"], ["mgda"]], ids=["losses", "gramian"]
)
def test_the_compiled_step_computes_the_same(tiny_network: Any, methods: list[str]) -> None:
    assert_equal_steps(tiny_network, methods)


def assert_equal_steps(tiny_network: Any, methods: list[str], **optimizer: Any) -> None:
    plain = batch(tiny_network, methods, compiled=False, **optimizer)
    fast = batch(tiny_network, methods, compiled=True, **optimizer)
    for _ in range(4):
        plain.step()
        fast.step()
    for ours, theirs in zip(plain.state.parameters, fast.state.parameters, strict=True):
        torch.testing.assert_close(theirs, ours, rtol=2e-4, atol=2e-5)
    torch.testing.assert_close(fast.last.losses, plain.last.losses, rtol=1e-4, atol=1e-5)
    assert torch.equal(fast.state.steps, plain.state.steps)
    assert torch.equal(fast.state.alive, plain.state.alive)


@pytest.mark.slow
@needs_compiler
def test_a_formula_is_compiled_too_and_a_nan_lane_stays_alone() -> None:
    problem = pm.problem("zdt1")
    plain = batch(problem, ["linear"], compiled=False)
    fast = batch(problem, ["linear"], compiled=True)
    with torch.no_grad():
        fast.state.parameters[0][1] = torch.nan
    frozen = fast.state.parameters[0][1].clone()
    for _ in range(5):
        plain.step()
        fast.step()
    x, y = plain.state.parameters[0], fast.state.parameters[0]
    torch.testing.assert_close(y[[0, 2]], x[[0, 2]], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(y[1], frozen, equal_nan=True)
    assert fast.state.died.tolist() == [-1, 0, -1]


@pytest.mark.slow
@needs_compiler
def test_compiled_deterministic_lanes_are_equal_to_the_bit(tiny_network: Any) -> None:
    lanes = [
        Lane(method=pm.method("linear"), preference=(p, 1 - p), seed=k, key=k, lr=1e-3)
        for k, p in enumerate((0.1, 0.3, 0.5, 0.9))
    ]
    settings = Settings(optimizer=Optimizer(lr=1e-3), budget=Budget(steps=6), snapshots=3)
    compute = Compute(device="cpu", compile=True, deterministic=True)
    together = run_lanes(tiny_network, lanes, settings, compute=compute)
    for picked in ([2], [3, 1]):
        some = run_lanes(tiny_network, [lanes[i] for i in picked], settings, compute=compute)
        for i, outcome in zip(picked, some, strict=True):
            assert (outcome.losses["test"] == together[i].losses["test"]).all()


@needs_compiler
@pytest.mark.slow
def test_a_state_that_comes_back_in_another_order_is_told_by_its_names(tiny_network: Any) -> None:
    class Turning(type(pm.method("linear"))):
        def init(self, shapes: Any) -> Any:
            return {"a": torch.zeros(*shapes.batch, 1), "b": torch.ones(*shapes.batch, 1)}

        def weights(self, state: Any, signals: Any) -> Any:
            return signals.losses * 0 + state["a"]

        def update(self, state: Any, signals: Any) -> Any:
            return {"b": state["b"], "a": state["a"] + state["b"]}

    lanes = [Lane(method=Turning(), preference=(0.5, 0.5), seed=s, key=s, lr=1e-3) for s in (0, 1)]
    settings = Settings(optimizer=Optimizer(), budget=Budget(steps=5))
    plain, fast = (Batch(tiny_network, lanes, settings, CPU, compiled=c) for c in (False, True))
    for _ in range(4):
        plain.step()
        fast.step()
    assert fast.state.methods[0]["a"].tolist() == plain.state.methods[0]["a"].tolist() == [[4], [4]]
    assert fast.state.methods[0]["b"].tolist() == [[1], [1]]


@needs_compiler
@pytest.mark.slow
def test_a_state_that_comes_back_in_another_layout_goes_on() -> None:
    """A formula's gradients come with the tasks in front, and DB-MTL keeps their average."""
    plain, fast = (
        pm.trace("vlmop2", "db_mtl", preferences=6, budget=Budget(steps=5), compile=c)
        for c in (False, True)
    )
    for one, other in zip(plain.outcomes, fast.outcomes, strict=True):
        np.testing.assert_allclose(other.x, one.x, rtol=1e-9, atol=1e-12)
