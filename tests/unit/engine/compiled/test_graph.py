"""What is recorded and compiled once is used again, and what cannot be is refused."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
import torch

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.compiled import graph
from paretomtl.engine.lane import Lane
from paretomtl.errors import BadInput
from paretomtl.sweep.settings import Budget, Optimizer, Settings

CPU = torch.device("cpu")


def batch(problem: Any, methods: list[str], *, compiled: bool, **optimizer: Any) -> Batch:
    lanes = [
        Lane(method=pm.method(name), preference=(p, 1 - p), seed=seed, key=seed, lr=1e-3)
        for name in methods
        for seed, p in enumerate((0.2, 0.5, 0.7))
    ]
    settings = Settings(optimizer=Optimizer(lr=1e-3, **optimizer), budget=Budget(steps=20))
    return Batch(problem, lanes, settings, CPU, compiled=compiled)


def test_a_method_that_looks_at_numbers_is_refused_with_advice(tiny_network: Any) -> None:
    class Peeking(type(pm.method("linear"))):
        def weights(self, state: Any, signals: Any) -> Any:
            if float(signals.losses.sum()) > 0:
                return super().weights(state, signals)
            return super().weights(state, signals) * 2

    lanes = [Lane(method=Peeking(), preference=(0.5, 0.5), seed=s, key=s, lr=1e-3) for s in (0, 1)]
    settings = Settings(optimizer=Optimizer(), budget=Budget(steps=2))
    with pytest.raises(BadInput, match="looks at numbers while it computes"):
        Batch(tiny_network, lanes, settings, CPU, compiled=True)


def test_no_compiler_is_said_plainly(tiny_network: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(BadInput, match=r"needs a C\+\+ compiler"):
        batch(tiny_network, ["linear"], compiled=True)


def varied(methods: list[Any], seeds: tuple[int, ...], lr: float) -> list[Lane]:
    return [
        Lane(method=own, preference=(p, 1 - p), seed=seed, key=seed, lr=lr * (1 + seed))
        for seed, p, own in zip(seeds, (0.2, 0.5, 0.7), methods, strict=True)
    ]


def test_batches_of_one_make_share_a_program(tiny_network: Any, only_recorded: list[Any]) -> None:
    settings = Settings(optimizer=Optimizer(), budget=Budget(steps=20))
    other = Settings(optimizer=Optimizer(lr=0.5), budget=Budget(steps=9), snapshots=2)
    gammas = [pm.method("power_mean", gamma=g) for g in (1.5, 2.0, 3.0)]
    for lanes, given in (
        (varied(gammas, (0, 1, 2), 1e-3), settings),
        (varied(gammas[::-1], (5, 3, 4), 1e-2), other),
    ):
        plain, fast = (Batch(tiny_network, lanes, given, CPU, compiled=c) for c in (False, True))
        for _ in range(4):
            plain.step()
            fast.step()
        for ours, theirs in zip(plain.state.parameters, fast.state.parameters, strict=True):
            torch.testing.assert_close(theirs, ours, rtol=2e-4, atol=2e-5)
        torch.testing.assert_close(fast.last.weights, plain.last.weights, rtol=1e-4, atol=1e-5)
    assert len(only_recorded) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"methods": [pm.method("power_mean", gamma=2.0)] * 3},
        {"methods": [pm.method("power_mean", gamma=g) for g in (float("inf"), 1.5, 0.0)]},
        {"settings": Settings(optimizer=Optimizer(name="sgd"), budget=Budget(steps=20))},
        {"problem": None},
    ],
    ids=["equal options", "options of other cases", "optimizer", "problem"],
)
def test_another_make_is_another_program(
    tiny_network: Any, only_recorded: list[Any], changed: dict[str, Any]
) -> None:
    methods = [pm.method("power_mean", gamma=g) for g in (1.5, 2.0, 3.0)]
    settings = Settings(optimizer=Optimizer(), budget=Budget(steps=20))
    Batch(tiny_network, varied(methods, (0, 1, 2), 1e-3), settings, CPU, compiled=True)
    problem = type(tiny_network)() if "problem" in changed else tiny_network
    methods = changed.get("methods", methods)
    settings = changed.get("settings", settings)
    Batch(problem, varied(methods, (0, 1, 2), 1e-3), settings, CPU, compiled=True)
    assert len(only_recorded) == 2
    graph.forget()
    Batch(problem, varied(methods, (0, 1, 2), 1e-3), settings, CPU, compiled=True)
    assert len(only_recorded) == 3
