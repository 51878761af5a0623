"""Plain data become options where they are of the annotated type, and options become plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Optional

import pytest
import torch

from paretomtl.errors import BadInput, UnknownName
from paretomtl.methods.base import methods
from paretomtl.problems.base import problems
from paretomtl.sweep.options import choice_of, choose, fits
from paretomtl.sweep.spec import Choice


@pytest.mark.parametrize(
    ("hint", "good", "bad"),
    [
        (float, [1, 1.5, float("inf")], [True, "1", None, [1.0]]),
        (int, [1, -2], [1.0, True, "1", None]),
        (bool, [True], [1, 0, "true"]),
        (str, ["x"], [1, None]),
        (float | None, [1, None], ["x", False]),
        (Optional[int], [1, None], [1.5]),  # noqa: UP045 - an author may still write so
        (Literal["a", 1], ["a", 1], ["b", True, 1.0]),
        (tuple[int, ...], [(), [1, 2], (3,)], [[1.5], 1, "12"]),
        (tuple[int, str], [(1, "a")], [(1,), (1, 2), (1, "a", "b")]),
        (tuple[tuple[float, ...], ...], [[[1, 2.5]]], [[1.0], [["x"]]]),
        (Any, [object()], []),
    ],
)
def test_data_fit_the_annotated_type(hint: Any, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not fits(value, hint)] == []
    assert [value for value in bad if fits(value, hint)] == []


def test_a_choice_is_what_was_given_and_what_it_makes() -> None:
    choice, made = choose(methods, "test_curved", {"shift": 1, "gamma": 2.5, "order": [1, 0]})
    assert choice.options == (("gamma", 2.5), ("order", (1, 0)), ("shift", 1))
    assert (made.gamma, made.shift, made.order) == (2.5, 1, (1, 0))  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"m": 2.5},
            BadInput,
            "option 'm' of problem 'test_bowl' must be a whole number; found 2.5",
        ),
        ({"floor": "low"}, BadInput, "'floor' .* must be a number; found 'low'"),
        ({"kind": "flat"}, BadInput, "'kind' .* must be 'round' or 'long'; found 'flat'"),
        ({"n": 0}, BadInput, "`n` must be at least 1; found 0"),
        ({"flor": 1.0}, UnknownName, "'flor'.*'floor'"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        choose(problems, "test_bowl", options)


def test_optional_options_say_that_they_may_be_left_out() -> None:
    with pytest.raises(BadInput, match=r"'order' .* or left out; found 3"):
        choose(methods, "test_curved", {"order": 3})


def test_a_constructed_thing_is_the_choice_that_makes_it_again() -> None:
    for options in ({}, {"gamma": 3.0}, {"gamma": 2.0, "order": (1, 0)}):
        _, made = choose(methods, "test_curved", options)
        choice = choice_of(made)
        assert choice == Choice.of("test_curved", options)
        assert choice_of(choose(methods, choice.name, dict(choice.options))[1]) == choice


def test_options_at_their_defaults_are_not_repeated() -> None:
    assert choice_of(choose(methods, "test_curved", {"gamma": 1.0})[1]) == Choice("test_curved")


def test_what_a_record_cannot_hold_is_no_option() -> None:
    @dataclass(frozen=True, eq=False)
    class Heavy:
        name = "heavy"
        data: object
        derived: object = field(init=False, default=None)

    with pytest.raises(BadInput, match=r"heavy: its option `data` is a Tensor.*init=False"):
        choice_of(Heavy(torch.ones(2)))
    assert choice_of(Heavy((1, "a"))) == Choice("heavy", (("data", (1, "a")),))

    class Plain:
        name = "plain"

    with pytest.raises(BadInput, match="plain: Plain must be a frozen dataclass"):
        choice_of(Plain())


def test_one_number_a_lane_is_no_option_of_a_run() -> None:
    method = type(methods.create("power_mean", gamma=2.0)).stack(
        [methods.create("power_mean", gamma=g) for g in (2.0, 3.0)]
    )
    with pytest.raises(BadInput, match="power_mean: `gamma` has numbers for lanes of shape"):
        choice_of(method)
