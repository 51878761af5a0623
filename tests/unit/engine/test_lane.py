"""Lanes that one call can answer for have one group."""

from __future__ import annotations

from typing import Any

import paretomtl as pm
from paretomtl.engine.lane import Lane


def group(name: str, member_of: str = "", **options: Any) -> tuple[object, ...]:
    lane = Lane(
        method=pm.method(name, **options),
        preference=(0.5, 0.5),
        seed=0,
        key=0,
        lr=0.1,
        member_of=member_of,
    )
    return lane.group


def test_numbers_that_lanes_may_differ_in_do_not_part_them() -> None:
    assert group("power_mean", gamma=2.0) == group("power_mean", gamma=3.0)
    assert group("mgda") == group("mgda", normalization="none")


def test_other_methods_options_and_sets_do() -> None:
    assert group("linear") != group("tchebycheff")
    assert group("mgda") != group("mgda", normalization="l2")
    assert group("hv_gradient", "a") == group("hv_gradient", "a")
    assert group("hv_gradient", "a") != group("hv_gradient", "b")
