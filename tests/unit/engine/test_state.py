"""A batch's tensors in a nest: cut to some lanes, listed, and put back."""

from __future__ import annotations

import torch

from paretomtl.engine.state import (
    N_IN_PLACE,
    Form,
    LaneInputs,
    LaneState,
    LastStep,
    by_name,
    copies_of,
    leaves,
    selected,
)


def state(n: int) -> LaneState:
    x = torch.arange(n * 2, dtype=torch.float64).reshape(n, 2).requires_grad_()
    return LaneState(
        parameters=[x],
        moments=[[x.detach() + 10], [x.detach() + 20]],
        methods=[{"a": torch.arange(n), "b": torch.arange(n) * 2}, {}],
        steps=torch.full((n,), 7),
        alive=torch.arange(n) % 2 == 0,
        died=torch.arange(n) - 1,
        caution=None,
    )


def test_selecting_indexes_every_tensor_and_leaves_the_rest() -> None:
    kept = selected(state(4), torch.tensor([3, 1]))
    assert isinstance(kept, LaneState)
    assert kept.parameters[0].tolist() == [[6, 7], [2, 3]]
    assert not kept.parameters[0].requires_grad
    assert [m[0].tolist() for m in kept.moments] == [[[16, 17], [12, 13]], [[26, 27], [22, 23]]]
    assert kept.methods[0]["a"].tolist() == [3, 1]
    assert kept.methods[0]["b"].tolist() == [6, 2]
    assert kept.methods[1] == {}
    assert kept.alive.tolist() == [False, False]
    assert kept.died.tolist() == [2, 0]
    assert kept.caution is None


def test_what_no_step_has_shown_yet_stays_empty() -> None:
    assert selected(LastStep(), torch.tensor([0])) == LastStep()


def test_leaves_come_in_the_order_of_the_nest() -> None:
    a, b, c = (torch.tensor(float(k)) for k in range(3))
    found = leaves(([b, None], {"x": (a, 5.0), "y": c}))
    assert [float(t) for t in found] == [1, 0, 2]


def test_a_form_is_filled_in_the_order_of_its_own_tensors() -> None:
    before = state(3)
    form = Form(before)
    assert all(a is b for a, b in zip(form.tensors, leaves(before), strict=True))
    after = form.filled([t.detach() + 100 for t in form.tensors])
    assert isinstance(after, LaneState)
    assert after.parameters[0].tolist() == (before.parameters[0] + 100).tolist()
    assert list(after.methods[0]) == ["a", "b"]
    assert after.methods[0]["b"].tolist() == [100, 102, 104]
    assert after.caution is None
    again = form.filled(form.tensors)
    assert again.moments[1][0] is before.moments[1][0]


def test_what_is_no_tensor_comes_back_as_nothing() -> None:
    assert Form([torch.ones(1), "text"]).filled([torch.zeros(1)]) == [torch.zeros(1), None]


def test_a_state_is_ordered_by_its_names() -> None:
    one = by_name({"b": torch.ones(1), "a": torch.zeros(1), "c": torch.ones(1)})
    assert list(one) == ["a", "b", "c"]
    assert (float(one["a"]), float(one["b"])) == (0, 1)


def test_parameters_and_moments_are_what_is_updated_in_place() -> None:
    assert LaneState._fields[:N_IN_PLACE] == ("parameters", "moments")


def test_copies_are_the_parameters_of_the_state_and_what_is_frozen() -> None:
    before, frozen = state(2), [torch.ones(2, 3)]
    none = torch.zeros(2)
    inputs = LaneInputs([], preference=none, keys=none, lr=none, options=[], frozen=frozen)
    copies = copies_of(before, inputs)
    assert copies.trained is before.parameters
    assert copies.frozen is frozen
    assert copies.n_lanes == 2
