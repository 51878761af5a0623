"""Choosing some of a sweep's runs."""

import pytest

from paretomtl.errors import BadInput, UnknownName
from paretomtl.sweep.select import select
from paretomtl.sweep.settings import Budget
from paretomtl.sweep.suite import MethodEntry, ProblemEntry, Suite

SUITE = Suite(
    name="t",
    problems=("test_bowl", ProblemEntry(name="test_bowl", options={"n": 5})),
    methods=("test_straight", MethodEntry(name="test_curved", gammas=(1, 2.5))),
    preferences=2,
    seeds=2,
    budget=Budget(steps=10),
)


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        ([], 24),
        (["problem=test_bowl"], 24),
        (["problem=test_bowl(n=5)"], 12),
        (["n=5"], 12),
        (["n=5.0"], 12),
        (["method=test_straight"], 8),
        (["method=test_curved"], 16),
        (["method=test_curved(gamma=2.5)"], 8),
        (["gamma=1"], 8),
        (["gamma=1.0", "gamma=2.5"], 16),
        (["gamma=1", "method=test_straight"], 0),
        (["seed=1", "n=5", "gamma=1"], 2),
        (["seed=9"], 0),
        ([" seed = 1 "], 12),
    ],
)
def test_keys_must_all_fit_and_values_are_alternatives(conditions, count):
    runs = SUITE.runs()
    chosen = select(runs, conditions)
    assert len(chosen) == count
    assert chosen == [run for run in runs if run in chosen]


@pytest.mark.parametrize("condition", ["seed", "seed=", "=1", ""])
def test_a_condition_is_a_key_and_a_value(condition):
    with pytest.raises(BadInput, match="KEY=VALUE"):
        select(SUITE.runs(), [condition])


def test_an_unknown_key_names_the_closest():
    with pytest.raises(UnknownName, match="'gamma'"):
        select(SUITE.runs(), ["gama=1"])
