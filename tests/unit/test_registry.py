"""Names to classes: what may be registered, what is found, and what providers cannot spoil."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
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


@pytest.fixture
def zoo(monkeypatch: pytest.MonkeyPatch, animals: Registry[Animal]) -> ModuleType:
    package = ModuleType("zoo_of_a_test")
    monkeypatch.setitem(sys.modules, "zoo_of_a_test", package)
    module.make_registry_package("zoo_of_a_test", animals)
    return package


def test_a_package_is_the_registry_of_its_modules(zoo: Any, animals: Registry[Animal]) -> None:
    assert isinstance(zoo, ModuleType)
    assert zoo.registry is animals
    assert list(zoo) == ["cat", "dog"]
    assert len(zoo) == 2
    assert zoo["cat"] is Cat
    assert "dog" in zoo
    assert "cow" not in zoo
    assert zoo.create("cat", lives=3) == Cat(lives=3)
    assert dict(zoo.items()) == {"cat": Cat, "dog": Dog}
    assert repr(zoo) == "<2 animals: cat, dog>"
    with pytest.raises(UnknownName, match="animal 'cta'"):
        zoo["cta"]

    @zoo.register("cow")
    class Cow(Animal):
        pass

    assert animals["cow"] is Cow


def test_and_still_a_module(zoo: Any, animals: Registry[Animal]) -> None:
    assert zoo.__name__ == "zoo_of_a_test"
    assert zoo == zoo
    assert zoo != dict(animals)
    assert {zoo: 1}[zoo] == 1
    zoo.module_of_its_own = 5
    assert zoo.module_of_its_own == 5
    for name in ("no_such_thing", "_entries", "__path__"):
        with pytest.raises(
            AttributeError, match=f"module 'zoo_of_a_test' has no attribute '{name}'"
        ):
            getattr(zoo, name)
    animals._entries.clear()
    assert zoo
    assert len(zoo) == 0


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Write a package with a package in it, and return its name; a text for each module."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(*, inner: str = "", leaf: str = "") -> str:
        below = tmp_path / "tree_of_a_test" / "inner"
        below.mkdir(parents=True)
        (below.parent / "__init__.py").write_text("")
        (below / "__init__.py").write_text(inner)
        (below / "leaf.py").write_text(leaf)
        return "tree_of_a_test"

    yield write
    for name in [name for name in sys.modules if name.split(".")[0] == "tree_of_a_test"]:
        del sys.modules[name]


def test_every_module_below_a_package_is_imported(tree: Callable[..., str]) -> None:
    module.import_below(tree(leaf="found = 7"))
    assert sys.modules["tree_of_a_test.inner.leaf"].found == 7


@pytest.mark.parametrize("place", ["inner", "leaf"])
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("raise RuntimeError('its own words')", RuntimeError),
        ("raise ImportError('its own words')", ImportError),
        ("import its_own_words", ModuleNotFoundError),
    ],
)
def test_a_module_that_cannot_be_imported_raises_its_own_error(
    tree: Callable[..., str], place: str, text: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"its.own.words"):
        module.import_below(tree(**{place: text}))
