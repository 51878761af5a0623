"""Networks are evaluated on every sample of their splits, compiled or not."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.compiled import graph
from paretomtl.engine.lane import Lane
from paretomtl.engine.lanes import evaluation
from paretomtl.engine.lanes.neural import NeuralLanes
from paretomtl.engine.seeding import stable_hash
from paretomtl.sweep.settings import Budget, Optimizer, Settings

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


@pytest.mark.usefixtures("only_recorded")
def test_a_split_of_another_shape_is_evaluated_without_the_program(tiny_network: Any) -> None:
    """The program itself does not look at shapes, and a network may take any number of columns."""

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Linear(1, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.scale(x.mean(-1, keepdim=True))

    def data(self: Any, split: str) -> tuple[torch.Tensor]:
        columns = {"train": 3, "validation": 5, "test": 5}[split]
        x = torch.randn(600, columns, generator=torch.Generator().manual_seed(columns))
        return (x if split != "test" else x.T.contiguous().T,)

    parts = {
        "module": lambda self: Pooled(),
        "losses": lambda self, net, batch: net(batch[0]).square().mean(0),
        "data": data,
    }
    problem = type("Columns", (type(tiny_network),), parts)()
    plain, fast = (
        pm.trace(problem, "linear", seeds=2, budget=Budget(steps=5), compile=c)
        for c in (False, True)
    )
    for one, other in zip(plain.outcomes, fast.outcomes, strict=True):
        for split, values in one.losses.items():
            np.testing.assert_allclose(other.losses[split], values, rtol=1e-4, err_msg=split)


@pytest.mark.parametrize("size", [7, 10_000], ids=["chunks and a rest", "no whole chunk"])
def test_a_compiled_evaluation_is_the_evaluation(
    tiny_network: Any,
    only_recorded: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    size: int,
) -> None:
    monkeypatch.setattr(evaluation, "COMPILED_CHUNK", size)
    plain = batch(tiny_network, ["linear"], compiled=False)
    fast = batch(tiny_network, ["linear"], compiled=True)
    assert len(only_recorded) == (2 if size == 7 else 1)
    for _ in range(2):
        expected, found = plain.evaluate(), fast.evaluate()
        for split, losses in expected.items():
            torch.testing.assert_close(found[split], losses, rtol=2e-5, atol=1e-6)
        plain.step()
        fast.step()
    again = batch(tiny_network, ["linear"], compiled=True)
    assert len(only_recorded) == (2 if size == 7 else 1)
    torch.testing.assert_close(again.evaluate()["test"], plain_start(tiny_network))


def plain_start(problem: Any) -> torch.Tensor:
    return batch(problem, ["linear"], compiled=False).evaluate()["test"]


@pytest.mark.slow
@needs_compiler
def test_the_compiler_makes_the_same_evaluation(
    tiny_network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "COMPILED_CHUNK", 7)
    graph.forget()
    fast = batch(tiny_network, ["linear"], compiled=True)
    with torch.no_grad():
        fast.state.parameters[0][1] = torch.nan
    found = fast.evaluate()["train"]
    plain = batch(tiny_network, ["linear"], compiled=False).evaluate()["train"]
    torch.testing.assert_close(found[[0, 2]], plain[[0, 2]], rtol=1e-5, atol=1e-6)
    assert found[1].isnan().all()


def test_evaluation_is_the_mean_over_the_whole_split(tiny_network: Any) -> None:
    lanes = NeuralLanes(tiny_network, [1, 2], batch_size=4, dtype=torch.float64, device=CPU)
    found = lanes.evaluate(lanes.take_initial())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stable_hash("weights:2"))
        module = tiny_network.module().double()
    x, label, target = tiny_network.data("test")
    expected = tiny_network.losses(module, (x.double(), label, target.double()))
    torch.testing.assert_close(found["test"][1], expected.detach(), rtol=1e-12, atol=0)
    assert set(found) == {"train", "validation", "test"}
