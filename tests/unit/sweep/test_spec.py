"""A specification holds values that mean something, or says which does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.sweep.settings import Stop

STEPS = pm.Budget(steps=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": "wieghted"}, "`heads` must be one of unweighted, weighted; found 'wieghted'"),
        ({"level": "layers"}, "`level`.*'layers'"),
        ({"batch_size": 0}, "`batch_size` must be a whole number >= 1; found 0"),
        ({"batch_size": 4.5}, "`batch_size`.*4.5"),
        ({"snapshots": 0}, "`snapshots`.*found 0"),
        ({"snapshots": -4}, "`snapshots`.*-4"),
        ({"snapshots": 2.5}, "`snapshots`.*2.5"),
        ({"stop": 10}, "`stop` must be a Stop, such as Stop"),
        ({"budget": 100}, r"`budget` must be a Budget, such as Budget\(steps=100\); found 100"),
        ({"optimizer": 3}, "`optimizer` must be a name or an Optimizer; found 3"),
        ({"lr": "0.1"}, "`lr` must be a number; found '0.1'"),
        ({"seeds": 0}, "`seeds`"),
        ({"seeds": 1.5}, "`seeds`.*1.5"),
        ({"seeds": np.array([0.5, 1.0])}, "`seeds`"),
    ],
)
def test_trace_refuses_what_means_nothing(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        pm.trace("vlmop2", "linear", **{"budget": STEPS, **options})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pm.Budget(steps="5"), "`steps` must be a number; found '5'"),
        (lambda: pm.Budget(seconds=True), "`seconds` must be a number; found True"),
        (lambda: pm.Optimizer(betas=(0.9,)), r"`betas` must be two numbers.*\(0.9,\)"),
        (lambda: pm.Optimizer(betas=0.9), "`betas` must be two numbers.*0.9"),
        (lambda: pm.Optimizer(eps="tiny"), "`eps` must be a number; found 'tiny'"),
        (lambda: pm.Optimizer(conflict=True), "`conflict` must be a ConflictAware"),
        (lambda: Stop(every=2.5), "`every` must be a whole number"),
        (lambda: Stop(tolerance="low"), "`tolerance` must be a number"),
    ],
)
def test_the_parts_of_a_specification_refuse_it_too(make: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        make()


def test_seeds_may_be_an_array() -> None:
    front = pm.trace("vlmop2", "linear", budget=STEPS, seeds=np.arange(3))
    assert [spec.seed for spec in front.specs] == [0, 1, 2]
