"""A set method's members depend on each other and on nobody else."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import paretomtl as pm
from paretomtl.engine import plan_batches, run_batch
from paretomtl.engine.planning.runs import resolve
from paretomtl.errors import BadInput
from paretomtl.methods.base import SetMethod
from paretomtl.sweep.settings import Budget, Optimizer
from paretomtl.sweep.spec import Choice, RunSpec

SET_METHODS = [name for name in pm.methods if issubclass(pm.methods[name], SetMethod)]
POPULATION = tuple((i / 4, 1 - i / 4) for i in range(5))


def _specs(name: str, seed: int) -> list[RunSpec]:
    options = dict(pm.methods[name].example)
    return [
        RunSpec(
            problem=Choice.of("vlmop2"),
            method=Choice.of(name, options),
            preference=preference,
            seed=seed,
            optimizer=Optimizer(lr=0.02),
            budget=Budget(steps=20),
            population=POPULATION,
        )
        for preference in POPULATION
    ]


def test_there_are_set_methods() -> None:
    assert SET_METHODS


@pytest.mark.parametrize("name", SET_METHODS)
def test_two_sets_in_one_batch_equal_each_alone(name: str) -> None:
    first, second = _specs(name, 0), _specs(name, 1)
    assert plan_batches([*first, *second]) == [[*first, *second]]
    together = run_batch([*first, *second])
    for specs, outcomes in ((first, together[:5]), (second, together[5:])):
        for alone, mixed in zip(run_batch(specs), outcomes, strict=True):
            assert alone.status == mixed.status == "ok"
            np.testing.assert_array_equal(alone.losses["test"], mixed.losses["test"])


@pytest.mark.parametrize("name", SET_METHODS)
def test_a_member_asked_for_alone_brings_its_set_along(name: str) -> None:
    specs = _specs(name, 0)
    whole = run_batch(specs)
    (one,) = run_batch(specs[3:4])
    np.testing.assert_array_equal(one.losses["test"], whole[3].losses["test"])


@pytest.mark.parametrize("name", SET_METHODS)
def test_the_members_do_depend_on_their_set(name: str) -> None:
    specs = _specs(name, 0)
    smaller = tuple(POPULATION[:2])
    fewer = [dataclasses.replace(s, population=smaller) for s in specs[:2]]
    assert not np.array_equal(
        run_batch(fewer)[0].losses["test"], run_batch(specs)[0].losses["test"]
    )


@pytest.mark.parametrize("name", SET_METHODS)
def test_a_set_method_without_its_set_is_refused(name: str) -> None:
    spec = dataclasses.replace(_specs(name, 0)[0], population=())
    with pytest.raises(BadInput, match="`population` must list"):
        plan_batches([spec])


@pytest.mark.parametrize("name", SET_METHODS)
def test_members_start_apart_and_end_apart(name: str) -> None:
    """From one common point a population could never spread: its members would move as one."""
    outcomes = run_batch(_specs(name, 0))
    for at in (0, -1):
        points = np.array([outcome.losses["test"][at] for outcome in outcomes])
        assert len(np.unique(points.round(6), axis=0)) == len(POPULATION)


def test_a_stored_spec_may_call_an_option_by_its_earlier_name() -> None:
    """Its key stays what it was, and the method is the one that it meant."""
    old = Choice.of("modo", {"gamma": 0.2})
    spec = dataclasses.replace(_specs(SET_METHODS[0], 0)[0], method=old, population=())
    _, method = resolve(spec)
    assert vars(method) == vars(pm.method("modo", weight_step=0.2))
    assert plan_batches([spec]) == [[spec]]
    assert dict(spec.method.options) == {"gamma": 0.2}
