"""F10: an option's value is chosen on validation data, and the ties and the spread are stated."""

from __future__ import annotations

import json
import math

import pytest

from paretomtl.errors import BadInput
from paretomtl.indicators.selection import select_value


def run(gamma, seed, validation, test, status="ok", problem="p", method="power_mean"):
    return {
        "gamma": gamma,
        "seed": seed,
        "status": status,
        "problem_label": problem,
        "method": method,
        "losses_train": [0.0, 0.0],
        "losses_validation": validation,
        "losses_test": test,
        "key": "k",
    }


def test_the_choice_reads_validation_alone():
    runs = [run(1.0, s, [1.0, 2.0 + s], [9.0, 9.0]) for s in range(3)]
    runs += [run(2.0, s, [2.0, 3.0 + s], [0.0, 0.0]) for s in range(3)]
    one, two = select_value(runs)
    assert one.chosen
    assert not two.chosen
    assert one.validation == pytest.approx((1.5 + 2.0 + 2.5) / 3)
    assert one.validation_spread == pytest.approx(0.5)
    assert one.test == 9.0
    # 0.5 above the best, and the standard error is 0.5 / sqrt(3)
    assert not two.tied


def test_what_lies_within_a_standard_error_is_tied_and_equals_go_to_the_smaller_value():
    runs = [run(g, s, [1.0 + s, 1.0 + s], [1.0, 1.0]) for g in (-2.0, 0.5) for s in range(2)]
    first, second = select_value(runs)
    assert first.chosen
    assert second.tied
    near = [*runs, *(run(1.0, s, [1.4 + s, 1.4 + s], [1.0, 1.0]) for s in range(2))]
    assert [c.tied for c in select_value(near)] == [False, True, True]


def test_scores_differ():
    runs = [run(1.0, 0, [1.0, 9.0], [0.0, 0.0]), run(2.0, 0, [5.5, 5.5], [0.0, 0.0])]
    assert [c.chosen for c in select_value(runs, score="mean")] == [True, False]
    assert [c.chosen for c in select_value(runs, score="worst")] == [False, True]
    assert [c.validation for c in select_value(runs, score="geometric")] == pytest.approx(
        [3.0, 5.5]
    )


def test_bad_runs_take_their_seed_out_and_are_counted():
    runs = [run(1.0, 0, [1.0, 1.0], [1.0, 1.0]), run(1.0, 1, None, None, "diverged")]
    (only,) = select_value(runs)
    assert (only.seeds, only.bad, only.validation) == (1, 1, 1.0)
    assert math.isnan(only.validation_spread)
    with pytest.raises(BadInput, match="no value has a seed"):
        select_value(runs[1:])


def test_a_formula_is_judged_on_its_only_split():
    row = run(1.0, 0, None, None)
    row["losses_train"] = [3.0, 5.0]
    assert select_value([row])[0].validation == 4.0


@pytest.mark.parametrize(
    ("runs", "options", "message"),
    [
        ([], {}, "no run has a number 'gamma'"),
        ([run(1.0, 0, [1.0], [1.0])], {"by": "status"}, "no run has a number 'status'"),
        ([run(1.0, 0, [1.0], [1.0])], {"score": "best"}, "mean, worst, geometric; found 'best'"),
        (
            [run(1.0, 0, [1.0], [1.0]), run(1.0, 0, [1.0], [1.0], problem="q")],
            {},
            "one problem; found p, q",
        ),
    ],
)
def test_bad_input(runs, options, message):
    with pytest.raises(BadInput, match=message):
        select_value(runs, **options)


@pytest.mark.parametrize(
    ("column", "other", "by"),
    [("lr", 0.5, "gamma"), ("budget_amount", 30.0, "gamma"), ("gamma", 1.0, "lr")],
)
def test_runs_that_differ_in_something_else_are_not_pooled(column, other, by):
    rows = [run(2.0, seed, [1.0], [1.0]) | {"lr": 0.1, "budget_amount": 3.0} for seed in (0, 1)]
    assert select_value(rows, by=by)[0].seeds == 2
    rows[1][column] = other
    with pytest.raises(BadInput, match=f"one {column.replace('_', ' ')}; found .*{other}"):
        select_value(rows, by=by)


def test_other_options_of_the_method_are_not_pooled_either():
    def spec(shift):
        return json.dumps({"method": {"options": [["gamma", 2.0], ["shift", shift]]}})

    rows = [run(2.0, seed, [1.0], [1.0]) | {"spec": spec(0.1 * seed)} for seed in (0, 1)]
    with pytest.raises(BadInput, match="one method options; found"):
        select_value(rows)
