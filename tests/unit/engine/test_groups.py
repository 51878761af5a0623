"""Lanes that one call of a method answers for, and no call answers for others."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import paretomtl as pm
from paretomtl.engine.groups import groups_of
from paretomtl.engine.lane import Lane
from paretomtl.errors import BadInput
from paretomtl.methods.base import Signals

CPU = torch.device("cpu")


def lane(method: Any, **fields: Any) -> Lane:
    return Lane(method=method, preference=(0.5, 0.5), seed=0, key=0, lr=0.1, **fields)


def methods(*names: str) -> list[Lane]:
    return [lane(pm.method(name)) for name in names]


def test_each_method_answers_for_its_own_lanes_in_their_order() -> None:
    gammas = [lane(pm.method("power_mean", gamma=g)) for g in (1.5, 2.0, 3.0)]
    first, second = groups_of([*gammas, *methods("linear", "linear")], CPU)
    assert (first.method.name, first.lanes, first.shape) == ("power_mean", slice(0, 3), (3,))
    assert (second.method.name, second.lanes, second.shape) == ("linear", slice(3, 5), (2,))
    assert (first.n_lanes, second.n_lanes) == (3, 2)
    assert first.method.tensors["gamma"].flatten().tolist() == [1.5, 2.0, 3.0]
    assert not first.is_set


def test_each_set_is_a_group_with_its_members_side_by_side() -> None:
    method = pm.method("hv_gradient")
    lanes = [lane(method, member_of=name) for name in ("a", "a", "b", "b", "b")]
    first, second = groups_of(lanes, CPU)
    assert (first.lanes, first.shape, first.is_set) == (slice(0, 2), (1, 2), True)
    assert (second.lanes, second.shape, second.n_lanes) == (slice(2, 5), (1, 3), 3)
    signals = Signals(losses=torch.arange(10.0).reshape(5, 2), keys=torch.arange(5))
    seen = second.view(signals)
    assert seen.losses is not None
    assert seen.losses.tolist() == [[[4, 5], [6, 7], [8, 9]]]
    assert seen.keys is not None
    assert seen.keys.tolist() == [[2, 3, 4]]
    kept = {"memory": torch.ones(1, 3)}
    assert second.selected(kept, [2, 3, 4]) is kept


def test_a_method_sees_its_own_part_and_what_is_common() -> None:
    _, second = groups_of(methods("linear", "tchebycheff", "tchebycheff"), CPU)
    ideal = torch.tensor([7.0, 8.0])
    losses, gramian = torch.arange(6.0).reshape(3, 2), torch.arange(12.0).reshape(3, 2, 2)
    seen = second.view(Signals(losses=losses, gramian=gramian, ideal=ideal))
    assert torch.equal(seen.losses, losses[1:])  # pyright: ignore[reportArgumentType]
    assert torch.equal(seen.gramian, gramian[1:])  # pyright: ignore[reportArgumentType]
    assert seen.ideal is ideal
    assert seen.jacobian is seen.cross_gramian is seen.preference is None


def test_an_answer_has_the_lanes_in_front_and_its_state_in_order() -> None:
    class Turning(type(pm.method("linear"))):
        def weights(self, state: Any, signals: Any) -> Any:
            return signals.losses * 10

        def update(self, state: Any, signals: Any) -> Any:
            return {"b": state["b"], "a": state["a"] + 1}

    _, group = groups_of([*methods("linear"), lane(Turning()), lane(Turning())], CPU)
    signals = Signals(losses=torch.tensor([[9.0, 9.0], [1.0, 2.0], [3.0, 4.0]]))
    state = {"a": torch.zeros(2), "b": torch.ones(2)}
    answer, after = group.step(state, {}, signals)
    assert answer.tolist() == [[10, 20], [30, 40]]
    assert list(after) == ["a", "b"]
    assert after["a"].tolist() == [1, 1]


def test_states_are_selected_by_places_in_the_batch() -> None:
    _, group = groups_of(methods("linear", "famo", "famo", "famo"), CPU)
    state = {"memory": torch.tensor([[1.0], [2.0], [3.0]])}
    assert group.selected(state, [1, 3])["memory"].tolist() == [[1], [3]]


@pytest.mark.parametrize("names", [("linear", "mgda"), ("mgda", "graddrop"), ("mgda", "modo")])
def test_methods_that_read_different_signals_share_no_batch(names: tuple[str, str]) -> None:
    with pytest.raises(BadInput, match="must read the same signal"):
        groups_of(methods(*names), CPU)
