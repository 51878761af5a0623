"""What the methods answer becomes one direction a parameter, at every level and for every signal."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.lane import Lane
from paretomtl.engine.lanes.base import Copies
from paretomtl.engine.lanes.neural import NeuralLanes
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.engine.state import copies_of
from paretomtl.errors import BadInput
from paretomtl.methods.base import Signals
from paretomtl.sweep.settings import Budget, Optimizer, Settings

CPU = torch.device("cpu")


def one(lanes: NeuralLanes, copies: Copies, lane: int) -> Any:
    module = lanes._problem.module().double()
    for name, value in zip(lanes._stack.trained, copies.trained, strict=True):
        module.get_parameter(name).data.copy_(value[lane])
    return module


def settings(**fields: Any) -> Settings:
    return Settings(
        optimizer=Optimizer(lr=0.01), budget=Budget(steps=15), level="representation", **fields
    )


def lane(name: str, seed: int = 0) -> Lane:
    return Lane(method=pm.method(name), preference=(0.3, 0.7), seed=seed, key=seed, lr=0.01)


@pytest.mark.parametrize("method", ["mgda", "upgrad", "graddrop"])
def test_runs_go_through_and_are_equal_alone_and_together(divided: Any, method: str) -> None:
    together = run_lanes(divided, [lane(method, s) for s in range(4)], settings())
    (alone,) = run_lanes(divided, [lane(method, 2)], settings())
    np.testing.assert_array_equal(alone.losses["test"], together[2].losses["test"])
    assert together[0].losses["train"][-1].sum() < together[0].losses["train"][0].sum()
    assert together[0].backward_passes[-1] == 15


def test_the_directions_differ_from_those_on_parameters(divided: Any) -> None:
    at_parameters = dataclasses.replace(settings(), level="parameters")
    (cheap,) = run_lanes(divided, [lane("mgda")], settings())
    (full,) = run_lanes(divided, [lane("mgda")], at_parameters)
    assert (cheap.losses["test"] != full.losses["test"]).any()
    assert full.backward_passes[-1] == 30


def test_heads_follow_the_weights_only_when_told(divided: Any) -> None:
    plain = Batch(divided, [lane("mgda"), lane("mgda", 1)], settings(), CPU)
    weighted = Batch(divided, [lane("mgda"), lane("mgda", 1)], settings(heads="weighted"), CPU)
    plain.step()
    weighted.step()
    same = [
        torch.equal(a, b)
        for a, b in zip(plain.state.parameters, weighted.state.parameters, strict=True)
    ]
    assert all(s for s, shared in zip(same, plain.lanes.shared, strict=True) if shared)


def test_graddrop_sees_the_representation_itself(divided: Any) -> None:
    seen: list[Signals] = []

    class Watching(type(pm.method("graddrop"))):
        def aggregate(self, state: Any, signals: Signals) -> Any:
            seen.append(signals)
            return super().aggregate(state, signals)

    lanes = [
        Lane(method=Watching(), preference=(0.5, 0.5), seed=s, key=s, lr=0.01) for s in (0, 1, 2)
    ]
    batch = Batch(divided, lanes, settings(), CPU)
    copies = copies_of(batch.state, batch.inputs)
    networks = [one(batch.lanes, copies, k).float() for k in range(3)]  # pyright: ignore[reportArgumentType]
    x = batch.inputs.samples[0][0]
    batch.step()
    batch.step()
    (z,) = [s.representation for s in seen[:1]]
    assert z is not None
    for k in range(3):
        expected = networks[k].trunk(x[k])
        torch.testing.assert_close(z[k], expected.reshape(len(x[k]), -1))
    assert seen[0].jacobian is not None
    assert seen[0].jacobian.shape[-1] == z[0].numel()
    at_parameters = Batch(divided, lanes, dataclasses.replace(settings(), level="parameters"), CPU)
    at_parameters.step()
    assert seen[-1].representation is None


def test_a_problem_that_states_no_representation_is_refused() -> None:
    with pytest.raises(BadInput, match="level 'representation' needs a network that states"):
        pm.trace("zdt1", "mgda", level="representation")


def test_a_method_of_two_minibatches_is_refused() -> None:
    name = next(n for n in pm.methods if pm.method(n, **pm.methods[n].example).minibatches > 1)
    with pytest.raises(BadInput, match="two minibatches"):
        pm.trace("multi_digits", name, level="representation", budget=pm.Budget(steps=3))
