"""Every method's step can be recorded as one graph, and the graph says what the method says."""

from __future__ import annotations

import pytest
import torch

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.compiled import graph
from paretomtl.engine.lane import Lane
from paretomtl.methods.base import SetMethod
from paretomtl.sweep.settings import Budget, Optimizer, Settings


@pytest.mark.parametrize("name", list(pm.methods))
def test_the_recorded_step_is_the_step(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The graph as it is: what a compiler makes of it is tested where it does not take minutes.
    monkeypatch.setattr(graph, "_compile", lambda recorded, inputs: recorded)
    method = pm.method(name, **pm.methods[name].example)
    problem = pm.problem("dtlz2", n_objectives=max(3, method.least_tasks))
    m = problem.n_objectives
    is_set = isinstance(method, SetMethod)
    lanes = [
        Lane(
            method=method,
            preference=(p, *[(1 - p) / (m - 1)] * (m - 1)),
            seed=k,
            key=100 + k,
            lr=0.01,
            member_of="one" if is_set else "",
            member=k if is_set else 0,
        )
        for k, p in enumerate((0.2, 0.4, 0.5, 0.7))
    ]
    settings = Settings(optimizer=Optimizer(), budget=Budget(steps=10))
    plain, recorded = (
        Batch(problem, lanes, settings, torch.device("cpu"), compiled=c) for c in (False, True)
    )
    for _ in range(3):
        plain.step()
        recorded.step()
        for ours, theirs in zip(plain.last, recorded.last, strict=True):
            if ours is not None:
                torch.testing.assert_close(theirs, ours, rtol=1e-9, atol=1e-10)
        torch.testing.assert_close(
            recorded.state.parameters[0], plain.state.parameters[0], rtol=1e-9, atol=1e-10
        )
    for state, other in zip(plain.state.methods, recorded.state.methods, strict=True):
        for key, value in state.items():
            torch.testing.assert_close(other[key], value, rtol=1e-8, atol=1e-9)
