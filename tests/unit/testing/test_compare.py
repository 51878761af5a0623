"""Equality to the bit, and the largest relative difference."""

from __future__ import annotations

import math

import pytest
import torch

from paretomtl.testing.compare import close, differ, relative, same

NAN = math.nan


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        ([1.0, NAN], [1.0, NAN], True),
        ([0.0], [-0.0], True),
        ([1.0], [1.0 + 2**-52], False),
        ([1.0], [NAN], False),
        ([1.0], [1.0, 1.0], False),
        ([], [], True),
    ],
)
def test_same(a: list[float], b: list[float], equal: bool) -> None:
    first, second = (torch.tensor(v, dtype=torch.float64) for v in (a, b))
    assert same(first, second) is equal
    assert not same(first, second.float())


def test_relative_to_the_largest_entry_of_each_lane() -> None:
    a = torch.tensor([[10.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    b = torch.tensor([[10.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    assert relative(a, b) == pytest.approx(0.1)
    assert relative(a[:0], b[:0]) == 0.0
    assert relative(a * NAN, b) == math.inf


def test_the_first_difference_is_named_by_step_and_state() -> None:
    answers = [torch.ones(2, 3), torch.ones(2, 3)]
    states = [{"sum": torch.zeros(2)}, {"sum": torch.ones(2)}, {"sum": torch.ones(2)}]
    other = ([answers[0], answers[1].clone()], [dict(s) for s in states])
    assert differ((answers, states), other, ..., ...) == ""
    other[1][1]["sum"] = torch.tensor([1.0, 5.0])
    assert differ((answers, states), other, ..., ...) == "state 'sum' differs after step 0"
    assert differ((answers, states), other, slice(0, 1), slice(0, 1)) == ""
    other[0][1][1] = 2.0
    assert "the answer differs at step 1" in differ((answers, states), other, ..., ...)
    assert close(([answers[1][1:]], []), ([answers[1]], []), 1)
    assert not close(([answers[1][1:]], []), ([other[0][1]], []), 1)
