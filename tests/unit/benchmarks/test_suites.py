"""The suites of one run a method: complete, and accepted as they stand."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from paretomtl import suites
from paretomtl.methods.base import methods
from paretomtl.sweep.spec import RunSpec

TWO, THREE = 2, 3


@pytest.fixture
def runs(load: Callable[[str], ModuleType]) -> dict[int, list[RunSpec]]:
    script = load("same_numbers/one_run_a_method.py")
    return {m: suites.parse(script.suite(m)).runs() for m in (TWO, THREE)}


def test_every_method_is_run_on_three_objectives_and_all_that_can_on_two(
    runs: dict[int, list[RunSpec]],
) -> None:
    everything = set(methods)
    needs_three = {n for n in methods if methods.create(n, **methods[n].example).least_tasks > 2}
    assert {run.method.name for run in runs[THREE]} == everything
    for problem in ("vlmop2", "zdt1", "multi_digits"):
        there = {run.method.name for run in runs[TWO] if run.problem.name == problem}
        assert there == everything - needs_three


def test_options_without_a_default_are_those_of_the_method_s_example(
    runs: dict[int, list[RunSpec]],
) -> None:
    for run in (run for every in runs.values() for run in every):
        assert dict(run.method.options) == dict(methods[run.method.name].example)
