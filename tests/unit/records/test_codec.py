"""Exact types, all faults at once, and specs that survive the trip through JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretomtl.errors import BadInput
from paretomtl.records.codec import spec_from_json, spec_to_json, structure
from paretomtl.sweep.settings import Budget, Optimizer
from paretomtl.sweep.spec import SPEC_VERSION, Choice, RunSpec


@dataclass(frozen=True)
class Entry:
    name: str
    gamma: float = 1.0
    kind: Literal["das-dennis", "riesz"] = "riesz"


@dataclass(frozen=True, kw_only=True)
class Document:
    methods: tuple[str | Entry, ...] = ()
    seeds: int | tuple[int, ...] = 1
    pair: tuple[float, float] = (0.0, 1.0)
    options: dict[str, float] = field(default_factory=dict)
    optimizer: Optimizer = field(default_factory=Optimizer)
    budget: Budget | None = None
    shuffle: bool = False
    problem: Choice | None = None


def faults(data: Any, kind: Any = Document) -> list[str]:
    with pytest.raises(BadInput) as caught:
        structure(data, kind)
    lines = str(caught.value).split("\n  ")
    return lines if len(lines) == 1 else lines[1:]


def test_every_fault_of_a_document_is_reported_at_once_with_its_path() -> None:
    found = faults(
        {
            "methods": [
                "linear",
                {"name": "a", "gama": 2},
                {"gamma": "two", "kind": "das-denis"},
                4,
            ],
            "seeds": [0, 1.5, True],
            "optimizer": {"lr": -1},
            "shufle": True,
            "shuffle": 1,
            "options": {"p": "x"},
            "pair": [1],
        }
    )
    expected = [
        "methods[1].gama: unknown key; did you mean 'gamma' or 'name'?",
        "methods[2].name: missing; expected text.",
        "methods[2].gamma: expected a number, found 'two'.",
        (
            "methods[2].kind: expected one of 'das-dennis', 'riesz', found 'das-denis'; "
            "did you mean 'das-dennis'?"
        ),
        "methods[3]: expected text or a table, found 4.",
        "seeds[1]: expected a whole number, found 1.5.",
        "seeds[2]: expected a whole number, found true.",
        "optimizer: optimizer `lr` must be a finite number > 0; found -1.0.",
        "shufle: unknown key; did you mean 'shuffle'?",
        "shuffle: expected true or false, found 1.",
        "options.p: expected a number, found 'x'.",
        "pair: expected 2 values, found 1.",
    ]
    assert sorted(found) == sorted(expected)


def test_one_fault_is_one_line_that_names_the_document() -> None:
    with pytest.raises(BadInput) as caught:
        structure({"shuffle": 1.5}, Document, document="suite x.toml")
    assert str(caught.value) == "suite x.toml: shuffle: expected true or false, found 1.5."
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("kind", "value", "accepted"),
    [
        (int, 3, 3),
        (int, 3.0, None),
        (int, 1.5, None),
        (int, True, None),
        (int, "3", None),
        (float, 3, 3.0),
        (float, 1.5, 1.5),
        (float, "inf", math.inf),
        (float, "-inf", -math.inf),
        (float, math.inf, math.inf),
        (float, "nan", None),
        (float, "1.5", None),
        (float, False, None),
        (float, 10**400, None),
        (float, None, None),
        (str, "a", "a"),
        (str, 5, None),
        (bool, True, True),
        (bool, 1, None),
        (bool, "true", None),
        (tuple[int, ...], [1, 2], (1, 2)),
        (tuple[int, ...], "12", None),
        (tuple[int, ...], {"a": 1}, None),
        (list[int], [1], [1]),
        (tuple[float, float], [1, 2], (1.0, 2.0)),
        (tuple[float, float], [1, 2, 3], None),
        (int | None, None, None),
        (Literal[1, 2], True, None),
    ],
)
def test_types_are_exact(kind: Any, value: Any, accepted: Any) -> None:
    if accepted is None and value is not None:
        with pytest.raises(BadInput, match="expected"):
            structure(value, kind)
    elif kind is float and value is None:
        with pytest.raises(BadInput, match="expected a number"):
            structure(value, kind)
    else:
        result = structure(value, kind)
        assert result == accepted
        assert type(result) is type(accepted)


def test_budgets_and_choices_have_a_short_form() -> None:
    document = structure({"budget": {"passes": 7}, "problem": "zdt1"}, Document)
    assert document.budget == Budget(passes=7)
    assert document.problem == Choice("zdt1")
    long = structure({"problem": {"name": "zdt1", "options": {"b": [1, "inf"], "a": 2}}}, Document)
    assert long.problem == Choice("zdt1", (("a", 2), ("b", (1, math.inf))))
    assert faults({"budget": {"step": 5}}) == ["budget.step: unknown key; did you mean 'steps'?"]
    assert "exactly one" in faults({"budget": {"steps": 5, "passes": 5}})[0]
    assert "found true" in faults({"budget": {"steps": True}})[0]
    assert "found a table" in faults({"problem": {"name": "a", "options": {"b": {}}}})[0]


def options() -> st.SearchStrategy[Any]:
    numbers = st.floats(allow_nan=False) | st.integers(-(2**60), 2**60)
    scalars = numbers | st.booleans() | st.none() | st.text(max_size=5).filter(_no_infinity)
    return st.dictionaries(st.text(min_size=1, max_size=5), scalars | st.lists(scalars, max_size=3))


def _no_infinity(text: str) -> bool:
    return text not in ("inf", "-inf")


budgets = st.one_of(
    st.integers(1, 10**9).map(lambda n: Budget(n)),
    st.integers(1, 10**9).map(lambda n: Budget(passes=n)),
    st.floats(1e-9, 1e9).map(lambda s: Budget(seconds=s)),
)


@given(
    problem=options(),
    method=options(),
    preference=st.lists(st.floats(0, 1), max_size=4),
    seed=st.integers(0, 2**63 - 1),
    lr=st.floats(1e-12, 1e6),
    budget=budgets,
    batch_size=st.none() | st.integers(1, 10**6),
    population=st.lists(st.lists(st.floats(0, 1), max_size=3), max_size=2),
)
def test_a_spec_survives_json(
    problem: Any,
    method: Any,
    preference: Any,
    seed: int,
    lr: float,
    budget: Budget,
    batch_size: int | None,
    population: Any,
) -> None:
    spec = RunSpec(
        problem=Choice.of("p", problem),
        method=Choice.of("m", method),
        preference=tuple(preference),
        seed=seed,
        optimizer=Optimizer(lr=lr),
        budget=budget,
        batch_size=batch_size,
        precision="float32",
        heads="weighted",
        population=tuple(map(tuple, population)),
    )
    again = spec_from_json(spec_to_json(spec))
    assert again == spec
    assert again.key == spec.key
    assert spec_to_json(again) == spec_to_json(spec)  # and with the same types: 2.0 stays 2.0


def spec(**options: Any) -> RunSpec:
    return RunSpec(
        problem=Choice("p"),
        method=Choice.of("m", options),
        preference=(1, 0),
        seed=0,
        optimizer=Optimizer(lr=1),
        budget=Budget(1),
    )


def test_equal_specs_have_equal_keys_and_different_ones_do_not() -> None:
    assert spec(gamma=2).key == spec(gamma=2.0).key
    assert spec(gamma=-0.0).key == spec(gamma=0).key
    assert spec(gamma=2).key != spec(gamma=2.5).key
    assert spec(gamma=1).key != spec(gamma="1").key
    assert spec(gamma=2.0**60).key != spec(gamma=2.0**61).key


def test_nan_identifies_nothing() -> None:
    with pytest.raises(BadInput, match="NaN"):
        _ = spec(gamma=math.nan).key


@pytest.mark.parametrize("version", [0, SPEC_VERSION + 1, None, "1"])
def test_a_spec_of_another_version_is_not_taken_for_one_of_this(version: Any) -> None:
    data = {**json.loads(spec_to_json(spec())), "version": version}
    with pytest.raises(BadInput, match="version"):
        spec_from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"version": 1}'])
def test_what_is_no_spec_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="spec"):
        spec_from_json(text)
