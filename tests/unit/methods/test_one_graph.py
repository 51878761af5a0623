"""Every method's step is one graph for `torch.compile`, and the graph says what eager says."""

from __future__ import annotations

import pytest
import torch

from paretomtl.methods.base import LaneShapes, SetMethod, Signals, method, methods

LANES = 6


def stateless(name):
    chosen = method(name, **methods.get(name).example)
    return not chosen.init(LaneShapes((LANES,), 3, n_parameters=5))


STATELESS = [name for name in methods if stateless(name)]


def signals(m, sets):
    """Random lanes, a zero one, one with a zero row, opposite rows, and one with a NaN."""
    g = torch.Generator().manual_seed(m)
    J = torch.randn(LANES, m, 5, dtype=torch.float64, generator=g)
    J[0] = 0
    J[1, 0] = 0
    J[2, -1] = -J[2, 0]
    losses = torch.rand(LANES, m, dtype=torch.float64, generator=g) + 0.1
    if not sets:
        J[3, 0, 0] = torch.nan
    G = J @ J.mT
    return {"losses": losses, "gramian": G, "jacobian": J, "keys": torch.arange(LANES)}


def stepper(name):
    chosen = method(name, **methods.get(name).example)

    def step(given):
        return chosen.step({}, Signals(**given))[0]

    return step, isinstance(chosen, SetMethod), chosen


def test_the_list_is_the_whole_catalogue():
    assert len(STATELESS) >= 30
    assert {"mgda", "upgrad", "cagrad", "nash_mtl", "graddrop", "epo", "tchebycheff"} <= set(
        STATELESS
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", STATELESS)
def test_one_graph_without_breaks(name):
    """Traced whole, without code generation: fixed rounds in place of early stops."""
    step, sets, chosen = stepper(name)
    if chosen.card.not_compilable:
        pytest.skip(f"{name}'s card says why not: {chosen.card.not_compilable}")
    given = signals(max(3, chosen.least_tasks), sets)
    with torch.no_grad():
        torch.compiler.reset()
        found = torch.compile(step, fullgraph=True, backend="eager")(given)
        expected = step(given)
    assert torch.allclose(found, expected, rtol=1e-9, atol=1e-9, equal_nan=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in methods if name not in STATELESS])
def test_one_graph_with_state(name):
    """The same where a step also makes the next state."""
    chosen = method(name, **methods.get(name).example)
    if chosen.card.not_compilable:
        pytest.skip(f"{name}'s card says why not: {chosen.card.not_compilable}")
    m = max(3, chosen.least_tasks)
    given = signals(m, sets=True)
    given["cross_gramian"] = given["gramian"]
    state = chosen.init(LaneShapes((LANES,), m, n_parameters=5))

    def step(state, given):
        return chosen.step(state, Signals(**given))

    with torch.no_grad():
        torch.compiler.reset()
        found = torch.compile(step, fullgraph=True, backend="eager")(state, given)
        expected = step(state, given)
    assert torch.allclose(found[0], expected[0], rtol=1e-9, atol=1e-9, equal_nan=True)
    for key, value in expected[1].items():
        assert torch.allclose(found[1][key], value, rtol=1e-9, atol=1e-9, equal_nan=True), key


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.filterwarnings("ignore")  # torch compiles with its own deprecations
@pytest.mark.parametrize("name", ["mgda", "pcgrad", "dual_proj", "tchebycheff"])
def test_generated_code(name):
    """By the default backend, for two tasks, whose closed forms compile in seconds."""
    step, sets, _ = stepper(name)
    given = signals(2, sets)
    with torch.no_grad():
        torch.compiler.reset()
        found = torch.compile(step, fullgraph=True, dynamic=False)(given)
        expected = step(given)
    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-12, equal_nan=True)
