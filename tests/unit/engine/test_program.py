"""The compiled step is the same function as the step carried out operation by operation."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.compiled import graph
from paretomtl.engine.compiled.rewrite import rewrite
from paretomtl.engine.lane import Lane
from paretomtl.engine.lanes import evaluation
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.engine.planning.compute import Compute
from paretomtl.errors import BadInput
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


@pytest.fixture
def only_recorded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Carry the recorded graph out as it is: compiling each case would take minutes."""
    graphs: list[Any] = []

    def keep(graph: Any, inputs: Any) -> Any:
        graphs.append(graph)
        return graph

    monkeypatch.setattr(graph, "_compile", keep)
    monkeypatch.setattr(graph, "_remembered", type(graph._remembered)())
    return graphs


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


def test_rewriting_keeps_the_value_and_leaves_no_transposed_product() -> None:
    def layer(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, ...]:
        y = torch.bmm(x, w.transpose(1, 2)) + b.unsqueeze(1)
        return y * 1, torch.bmm(x.transpose(1, 2), y).transpose(1, 2)

    inputs = [torch.randn(shape, dtype=torch.float64) for shape in ((3, 5, 4), (3, 2, 4), (3, 2))]
    graph = make_fx(layer)(*inputs)
    rewrite(graph)
    for got, expected in zip(graph(*inputs), layer(*inputs), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-14, atol=1e-14)
    names = [str(node.target) for node in graph.graph.nodes]
    assert "aten.baddbmm.default" in names
    assert not any("mul" in name for name in names)
    last = next(n for n in graph.graph.nodes if n.op == "output").args[0][1]
    assert str(last.target) == "aten.bmm.default"


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
