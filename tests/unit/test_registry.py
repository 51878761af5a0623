"""Names to classes: what may be registered, what is found, and what providers cannot spoil."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from paretomtl import registry as module
from paretomtl.errors import BadInput, UnknownName
from paretomtl.registry import Registry


class Animal:
    """What every entry derives from."""


@dataclass(frozen=True, kw_only=True)
class Cat(Animal):
    """Purrs.

    And more.
    """

    lives: int = 9
    toys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.lives < 1:
            raise BadInput("`lives` must be at least 1.")


class Dog(Animal):
    def __init__(self, name: str, **rest: Any) -> None:
        self.called = name


@pytest.fixture
def animals() -> Registry[Animal]:
    animals = Registry("animal", Animal, group="no.such.group")
    animals.register("cat")(Cat)
    animals.register("dog")(Dog)
    return animals


def test_it_is_a_mapping_in_the_order_of_the_names(animals: Registry[Animal]) -> None:
    assert list(animals) == ["cat", "dog"]
    assert len(animals) == 2
    assert animals["cat"] is Cat
    assert "cat" in animals
    assert "cow" not in animals
    assert 5 not in animals
    assert animals.describe("cat") == "Purrs."
    assert Cat.name == "cat"  # pyright: ignore[reportAttributeAccessIssue]


def test_entries_are_constructed_from_their_options(animals: Registry[Animal]) -> None:
    assert animals.create("cat", lives=7) == Cat(lives=7)
    assert animals.options("cat") == {"lives": 9, "toys": []}
    assert animals.options("dog") == {"name": inspect.Parameter.empty}


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda a: a["cta"], UnknownName, r"animal 'cta'.*'cat'"),
        (lambda a: a[5], BadInput, "must be a string; found 5"),
        (lambda a: a.create("cat", live=3), UnknownName, r"'live'.*'lives'"),
        (lambda a: a.create("cat", lives=0), BadInput, "at least 1"),
        (lambda a: a.create("dog"), BadInput, "needs the option 'name'"),
        (lambda a: a.register("cow")(str), BadInput, "must derive from .*Animal"),
        (lambda a: a.register("cat")(Dog), BadInput, "is taken by .*Cat"),
    ],
)
def test_what_does_not_fit_is_refused(
    animals: Registry[Animal],
    ask: Callable[[Registry[Animal]], object],
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        ask(animals)
    assert dict(animals) == {"cat": Cat, "dog": Dog}


def test_the_same_class_may_be_registered_again(animals: Registry[Animal]) -> None:
    """As when its module is loaded a second time."""
    assert animals.register("cat")(Cat) is Cat


def test_a_broken_provider_hides_no_other_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    animals = Registry("animal", Animal, group="zoo")

    @dataclass
    class Point:
        name: str
        load: Callable[[], object]
        value: str = "zoo:module"

    def burst() -> None:
        raise SyntaxError("bad cage")

    points = [Point("bad", burst), Point("good", lambda: animals.register("cat")(Cat))]
    monkeypatch.setattr(module, "entry_points", lambda group: points if group == "zoo" else [])
    assert list(animals) == ["cat"]
    assert [*animals.broken] == ["bad = zoo:module"]
    with pytest.raises(UnknownName, match=r"'bad = zoo:module' could not be loaded.*bad cage"):
        animals["cow"]
