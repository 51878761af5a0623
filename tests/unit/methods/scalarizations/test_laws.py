"""What every scalarization keeps: weights are the value's gradient, lanes do not touch, types hold."""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
from pathlib import Path

import pytest
import torch

from paretomtl.methods.base import LaneShapes, Scalarization, Signals, method, methods

TASKS = 3


def start(method, signals):
    batch = signals.losses.shape[:-1]
    return method.init(LaneShapes(batch, TASKS, dtype=signals.losses.dtype))


def warmed_up(method, draw_signals, steps=3, **settings):
    """Return the state after some steps, and fresh signals."""
    signals = draw_signals(**settings)
    state = start(method, signals)
    for seed in range(1, steps + 1):
        seen = draw_signals(seed=seed, **settings)
        _, state = method.step(state, seen)
    return state, draw_signals(seed=99, **settings)


@pytest.mark.parametrize("steps", [0, 1, 5])
@pytest.mark.parametrize("preference", [False, True])
def test_weights_are_the_gradient_of_the_value(scalarization, draw_signals, steps, preference):
    state, signals = warmed_up(scalarization, draw_signals, steps, preference=preference)
    losses = signals.losses.clone().requires_grad_()
    value = scalarization.value(state, dataclasses.replace(signals, losses=losses))
    (gradient,) = torch.autograd.grad(value.sum(), losses)
    weights = scalarization.weights(state, signals)
    torch.testing.assert_close(weights, gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("steps", [0, 5])
def test_gradcheck(scalarization, draw_signals, steps):
    frozen = {"live_norm", "uw_so", "famo", "go4align"}  # weights of these losses, held constant
    if (
        scalarization.name in frozen
        or (scalarization.name == "init_norm" and steps < 3)
        or getattr(scalarization, "form", "") == "sliding"
    ):
        pytest.skip("its value holds a stopped gradient of these losses")
    state, signals = warmed_up(scalarization, draw_signals, steps)

    def value(losses):
        return scalarization.value(state, dataclasses.replace(signals, losses=losses))

    losses = signals.losses.clone().requires_grad_()
    assert torch.autograd.gradcheck(value, losses, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("batch", [(), (1,), (4,), (2, 3)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_shapes_and_types(scalarization, draw_signals, batch, dtype):
    state, signals = warmed_up(scalarization, draw_signals, 2, batch=batch, dtype=dtype)
    value = scalarization.value(state, signals)
    weights, after = scalarization.step(state, signals)
    assert value.shape == batch
    assert value.dtype == dtype
    assert weights.shape == (*batch, TASKS)
    assert weights.dtype == dtype
    assert value.isfinite().all()
    assert weights.isfinite().all()
    assert {k: (v.shape, v.dtype) for k, v in after.items()} == {
        k: (v.shape, v.dtype) for k, v in state.items()
    }


def test_single_precision_agrees_with_double(scalarization, draw_signals):
    double = warmed_up(scalarization, draw_signals, 4)
    single = warmed_up(scalarization, draw_signals, 4, dtype=torch.float32)
    expected, _ = scalarization.step(*double)
    found, _ = scalarization.step(*single)
    torch.testing.assert_close(found.double(), expected, rtol=2e-5, atol=1e-6)


def test_order_of_the_tasks_does_not_matter(scalarization, draw_signals):
    if scalarization.random or any(
        isinstance(getattr(scalarization, f.name), tuple)
        for f in dataclasses.fields(scalarization)
        if f.name != "bounds"
    ):
        pytest.skip("draws or options belong to tasks")
    state, signals = warmed_up(scalarization, draw_signals, 3)
    value = scalarization.value(state, signals)
    weights = scalarization.weights(state, signals)
    for order in itertools.permutations(range(TASKS)):
        order = list(order)
        permuted = dataclasses.replace(
            signals, losses=signals.losses[:, order], preference=signals.preference[:, order]
        )
        reordered = {k: v[:, order] if v.ndim > 1 else v for k, v in state.items()}
        torch.testing.assert_close(
            scalarization.value(reordered, permuted), value, rtol=1e-12, atol=0
        )
        torch.testing.assert_close(
            scalarization.weights(reordered, permuted), weights[:, order], rtol=1e-12, atol=1e-300
        )


def test_step_leaves_its_arguments_alone(scalarization, draw_signals):
    state, signals = warmed_up(scalarization, draw_signals, 2)
    before = {k: v.clone() for k, v in state.items()}
    losses = signals.losses.clone()
    scalarization.step(state, signals)
    assert all(torch.equal(state[k], before[k]) for k in state)
    assert torch.equal(signals.losses, losses)


HOSTILE = {
    "nan": [float("nan"), 1.0, 2.0],
    "inf": [float("inf"), 1.0, 2.0],
    "zero": [0.0, 1.0, 2.0],
    "all zero": [0.0, 0.0, 0.0],
    "negative": [-1.0, 1.0, 2.0],
    "huge": [1e300, 1e-300, 1.0],
}


@pytest.mark.parametrize("neighbour", HOSTILE)
def test_lanes_are_isolated_bitwise(scalarization, draw_signals, neighbour):
    """Hostile neighbours at any position change no bit of the others, over several steps."""
    sequence = [draw_signals(batch=(8,), seed=s) for s in range(5)]
    clean = start(scalarization, sequence[0])
    expected = []
    for signals in sequence:
        weights, clean = scalarization.step(clean, signals)
        expected.append(weights)
    for position in (0, 3, 7):
        others = [k for k in range(8) if k != position]
        state = start(scalarization, sequence[0])
        for signals, wanted in zip(sequence, expected, strict=True):
            losses = signals.losses.clone()
            losses[position] = torch.tensor(HOSTILE[neighbour], dtype=losses.dtype)
            weights, state = scalarization.step(state, dataclasses.replace(signals, losses=losses))
            assert torch.equal(weights[others], wanted[others])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_lane_alone_equals_the_lane_in_a_batch_bitwise(scalarization, draw_signals, dtype):
    sequence = [draw_signals(batch=(9,), seed=s, dtype=dtype) for s in range(4)]
    state = start(scalarization, sequence[0])
    alone = [scalarization.init(LaneShapes((1,), TASKS, dtype=dtype)) for _ in range(9)]
    for signals in sequence:
        weights, state = scalarization.step(state, signals)
        for k in range(9):
            one = dataclasses.replace(
                signals,
                losses=signals.losses[k : k + 1],
                preference=signals.preference[k : k + 1],
                keys=signals.keys[k : k + 1],
                steps=signals.steps[k : k + 1],
            )
            own, alone[k] = scalarization.step(alone[k], one)
            assert torch.equal(own[0], weights[k])


def test_layout_of_the_losses_changes_no_bit(scalarization, draw_signals):
    state, signals = warmed_up(scalarization, draw_signals, 2)
    strided = signals.losses.t().contiguous().t()
    assert not strided.is_contiguous()
    expected, _ = scalarization.step(state, signals)
    found, _ = scalarization.step(state, dataclasses.replace(signals, losses=strided))
    assert torch.equal(found, expected)


def test_resumed_equals_uninterrupted(scalarization, draw_signals, tmp_path):
    state, _ = warmed_up(scalarization, draw_signals, 3)
    torch.save(state, tmp_path / "state.pt")
    loaded = torch.load(tmp_path / "state.pt")
    for seed in range(4, 7):
        signals = draw_signals(seed=seed)
        kept, state = scalarization.step(state, signals)
        resumed, loaded = scalarization.step(loaded, signals)
        assert torch.equal(kept, resumed)


def test_uniform_preference_is_the_default(scalarization, draw_signals):
    state, signals = warmed_up(scalarization, draw_signals, 2, preference=False)
    uniform = torch.full_like(signals.losses, 1 / TASKS)
    explicit, _ = scalarization.step(state, dataclasses.replace(signals, preference=uniform))
    default, _ = scalarization.step(state, signals)
    torch.testing.assert_close(explicit, default, rtol=1e-14, atol=0)


def test_unit_sum_divides_by_the_sum(scalarization, draw_signals):
    state, signals = warmed_up(scalarization, draw_signals, 2)
    weights, _ = scalarization.step(state, signals)
    unit, _ = dataclasses.replace(scalarization, scale="unit_sum").step(state, signals)
    torch.testing.assert_close(unit, weights / weights.sum(-1, keepdim=True))


def test_one_task_follows_its_own_gradient(scalarization):
    if any(
        isinstance(getattr(scalarization, f.name), tuple)
        for f in dataclasses.fields(scalarization)
        if f.name != "bounds"
    ):
        pytest.skip("options for three tasks")
    signals = Signals(losses=torch.tensor([[0.7]]), keys=torch.tensor([3]), steps=torch.tensor([0]))
    weights, _ = scalarization.step(
        scalarization.init(LaneShapes((1,), 1, dtype=torch.float32)), signals
    )
    assert weights.isfinite().all()
    assert (weights > 0).all()


@pytest.mark.parametrize("loss", [0.0, 1e-320, 1e-40])
def test_vanishing_losses_keep_weights_and_their_squares_finite(scalarization, loss):
    for dtype in (torch.float32, torch.float64):
        losses = torch.tensor([[loss, 1.0, 2.0], [loss, loss, loss]], dtype=dtype)
        keys = torch.arange(2)
        state = scalarization.init(LaneShapes((2,), TASKS, dtype=dtype))
        if scalarization.name == "init_norm" and scalarization.initial is None:
            continue  # L(0) = 0 is reported as NaN, tested with that method
        for step in range(4):
            seen = Signals(losses=losses, keys=keys, steps=torch.full((2,), step))
            weights, state = scalarization.step(state, seen)
            assert weights.square().isfinite().all()


def test_graph_is_whole(scalarization, draw_signals):
    """No step breaks the graph: nothing asks the device for a value."""
    torch._dynamo.reset()
    state, signals = warmed_up(scalarization, draw_signals, 1)
    compiled = torch.compile(scalarization.step, fullgraph=True, backend="eager")
    found, _ = compiled(state, signals)
    expected, _ = scalarization.step(state, signals)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_compiled_to_machine_code_gives_the_same_weights(draw_signals):
    """One compiled function holds several stateless methods, float and per-lane options among them."""
    torch._dynamo.reset()
    signals = draw_signals(batch=(6,))
    chosen = [
        method(name, **options)
        for name, options in (
            ("power_mean", {"gamma": 2.0}),
            ("power_mean", {"gamma": torch.tensor([-1.0, 0.0, 1e-9, 3.0, 1.0, float("inf")])}),
            ("log_sum", {}),
            ("smooth_tchebycheff", {"mu": 0.1}),
            ("tchebycheff", {"ideal": (0.0, 0.1, 0.0)}),
            ("pbi", {}),
            ("p_norm", {"p": 3.0}),
            ("rlw", {}),
            ("term", {"t": 2.0}),
        )
    ]

    def steps(seen):
        return [c.step({}, seen)[0] for c in chosen]

    compiled = torch.compile(steps, fullgraph=True)
    for found, expected in zip(compiled(signals), steps(signals), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_transforms_of_torch_func_pass_through(draw_signals):
    """Gradients lane by lane under vmap equal the closed form."""
    losses = draw_signals().losses
    for name, options in (("power_mean", {"gamma": 3.0}), ("log_sum", {}), ("p_norm", {"p": 3.0})):
        chosen = method(name, **options)

        def value(row, chosen=chosen):
            return chosen.value({}, Signals(losses=row))

        found = torch.func.vmap(torch.func.grad(value))(losses)
        torch.testing.assert_close(found, chosen.weights({}, Signals(losses=losses)))


def test_every_scalarization_is_tested():
    tested = {name for name, _ in _cases()}
    ours = {
        name
        for name, cls in methods.items()
        if issubclass(cls, Scalarization) and cls.__module__.startswith("paretomtl.")
    }
    assert ours <= tested


def _cases():
    spec = importlib.util.spec_from_file_location(
        "cases", Path(__file__).parents[1] / "conftest.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SCALARIZATIONS
