"""Levels that complete each other: left out is left to the level below, and at last to the default."""

from dataclasses import dataclass

import pytest

from paretomtl.errors import BadInput
from paretomtl.sweep.partial import completed, over, partial


@dataclass(frozen=True, kw_only=True)
class Inner:
    a: int = 1
    b: float = 2.0

    def __post_init__(self):
        if self.a < 0:
            raise BadInput("a must not be negative")


@dataclass(frozen=True, kw_only=True)
class Outer:
    inner: Inner = Inner()
    name: str = "plain"


GivenInner = partial(Inner, "GivenInner", "Some of it.", module=__name__)
GivenOuter = partial(Outer, "GivenOuter", "Some of it.", module=__name__, inner=GivenInner)


def test_left_out_is_the_default():
    assert completed(GivenOuter()) == Outer()
    assert completed(GivenOuter(inner=GivenInner(b=3.0))) == Outer(inner=Inner(b=3.0))


def test_the_upper_level_wins_field_by_field():
    upper = GivenOuter(inner=GivenInner(a=5))
    base = GivenOuter(inner=GivenInner(a=7, b=8.0), name="base")
    assert completed(over(upper, base)) == Outer(inner=Inner(a=5, b=8.0), name="base")
    assert over(upper, GivenOuter()) == upper


def test_what_is_given_is_checked_by_the_whole_class():
    with pytest.raises(BadInput, match="negative"):
        GivenInner(a=-1)
    with pytest.raises(TypeError, match="unexpected"):
        GivenOuter(nome="x")


def test_falsy_values_are_given():
    assert completed(over(GivenInner(a=0), GivenInner(a=3))).a == 0
