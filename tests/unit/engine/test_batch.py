"""A batch goes on with some of its lanes as if the others had never been there."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.lane import Lane
from paretomtl.engine.state import leaves
from paretomtl.sweep.settings import Budget, Optimizer, Settings

CPU = torch.device("cpu")
PREFERENCES = ((0.2, 0.8), (0.3, 0.7), (0.5, 0.5), (0.6, 0.4), (0.7, 0.3), (0.9, 0.1))


def settings(**fields: Any) -> Settings:
    return Settings(**{"optimizer": Optimizer(), "budget": Budget(steps=9), **fields})


def mixed(problem: Any) -> Batch:
    """Three exponents of one method, and three lanes of one that remembers."""
    methods = [pm.method("power_mean", gamma=g) for g in (1.5, 2.0, 3.0)] + [pm.method("famo")] * 3
    lanes = [
        Lane(method=own, preference=p, seed=k, key=10 + k, lr=0.01 * (1 + k))
        for k, (own, p) in enumerate(zip(methods, PREFERENCES, strict=True))
    ]
    return Batch(problem, lanes, settings(), CPU)


def test_selected_lanes_keep_all_that_is_theirs_and_go_on_alike(valley: Any) -> None:
    whole, some = mixed(valley()), mixed(valley())
    for _ in range(3):
        whole.step()
        some.step()
    rows = [0, 2, 4, 5]
    some.select(rows)
    assert [lane.key for lane in some.members] == [10, 12, 14, 15]
    assert some.inputs.keys.tolist() == [10, 12, 14, 15]
    assert some.inputs.lr.tolist() == [0.01 * (1 + k) for k in rows]
    assert some.inputs.options[0]["gamma"].flatten().tolist() == [1.5, 3.0]
    assert [group.lanes for group in some.groups] == [slice(0, 2), slice(2, 4)]
    expected = torch.tensor([PREFERENCES[k] for k in rows], dtype=torch.float64)
    assert torch.equal(some.inputs.preference, expected)
    for step in range(3):
        assert len(some.state.moments) == len(whole.state.moments) == 2
        pairs = [*zip(some.state.moments, whole.state.moments, strict=True)]
        pairs.append((some.state.parameters, whole.state.parameters))
        for ours, theirs in pairs:
            assert torch.equal(ours[0], theirs[0][rows])
        remembered = whole.state.methods[1]
        assert remembered
        for name, value in some.state.methods[1].items():
            assert torch.equal(value, remembered[name][[1, 2]]), name
        assert torch.equal(some.last.losses, whole.last.losses[rows])  # pyright: ignore[reportArgumentType, reportOptionalSubscript]
        assert torch.equal(some.diagnostics()["weights"], whole.diagnostics()["weights"][rows])
        assert some.state.steps.tolist() == [3 + step] * 4
        some.step()
        whole.step()


def test_networks_go_on_with_the_minibatches_that_they_had(tiny_network: Any) -> None:
    whole, some = mixed(tiny_network), mixed(tiny_network)
    some.select([1, 4])
    for _ in range(7):  # over the end of an epoch
        for ours, theirs in zip(some.inputs.samples[0], whole.inputs.samples[0], strict=True):
            assert torch.equal(ours, theirs[[1, 4]])
        some.step()
        whole.step()


def test_nothing_is_shown_before_the_first_step_and_then_what_it_read(valley: Any) -> None:
    problem = valley()
    batch = mixed(problem)
    assert leaves(batch.last) == []
    assert batch.diagnostics() == {}
    for _ in range(2):
        before = batch.state.parameters[0].detach().clone()
        batch.step()
        torch.testing.assert_close(batch.last.losses, problem.objectives(before), rtol=0, atol=0)
        assert batch.last.gramian is None
        assert batch.diagnostics()["weights"] is batch.last.weights
    assert batch.steps_done == 2


@pytest.mark.parametrize(
    ("method", "budget", "total"),
    [
        ("linear", Budget(steps=10), 10),
        ("linear", Budget(passes=11), 11),
        ("mgda", Budget(steps=10), 10),
        ("mgda", Budget(passes=11), 5),
        ("modo", Budget(passes=11), 2),
        ("mgda", Budget(seconds=3), None),
    ],
)
def test_the_budget_is_counted_in_steps(
    valley: Any, method: str, budget: Budget, total: int | None
) -> None:
    lanes = [Lane(method=pm.method(method), preference=(0.5, 0.5), seed=0, key=0, lr=0.01)]
    assert Batch(valley(), lanes, settings(budget=budget), CPU).total == total


def test_lanes_that_are_ended_move_no_more(valley: Any) -> None:
    free, ended = mixed(valley()), mixed(valley())
    free.step()
    ended.step()
    at = ended.state.parameters[0].detach().clone()
    ended.end(torch.tensor([False, True, False, False, False, True]))
    for _ in range(3):
        free.step()
        ended.step()
    found = ended.state.parameters[0].detach()
    assert torch.equal(found[[1, 5]], at[[1, 5]])
    assert torch.equal(found[[0, 2, 3, 4]], free.state.parameters[0].detach()[[0, 2, 3, 4]])
    assert ended.state.died.tolist() == [-1] * 6


def test_the_type_of_numbers_is_the_problems_unless_stated(valley: Any, tiny_network: Any) -> None:
    assert mixed(valley()).state.parameters[0].dtype == torch.float64
    assert mixed(tiny_network).state.parameters[0].dtype == torch.float32
    lanes = mixed(valley()).members
    single = Batch(valley(), lanes, settings(precision="float32"), CPU)
    assert single.state.parameters[0].dtype == single.inputs.preference.dtype == torch.float32
    assert single.inputs.lr.dtype == torch.float64
