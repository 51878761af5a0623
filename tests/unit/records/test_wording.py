"""Types and values in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pytest

from paretomtl.records import wording
from paretomtl.sweep.settings import Budget
from paretomtl.sweep.spec import Choice


@pytest.mark.parametrize(
    ("kind", "words", "form"),
    [
        (float, "a number", "scalar"),
        (int | None, "a whole number", "scalar"),
        (Literal["a"], "'a'", "scalar"),
        (Literal["a", "b"], "one of 'a', 'b'", "scalar"),
        (int | str, "a whole number or text", "scalar"),
        (tuple[float, ...], "a list (a number each)", "list"),
        (Sequence[int], "a list (a whole number each)", "list"),
        (list, "a list", "list"),
        (dict[str, int], "a table", "table"),
        (Mapping[str, Any], "a table", "table"),
        (Budget, "a table", "table"),
        (Choice, "a name or a table with a name", "table"),
    ],
)
def test_a_type_in_words_and_the_form_of_its_values(kind: Any, words: str, form: str) -> None:
    assert wording.expected(kind) == words
    assert wording.form_of(kind) == form


@pytest.mark.parametrize(
    ("value", "words", "form"),
    [
        (True, "true", "scalar"),
        ({"a": 1}, "a table", "table"),
        ([1, 2], "[1, 2]", "list"),
        ("x" * 100, "'" + "x" * 56 + "...", "scalar"),
        (None, "None", "scalar"),
    ],
)
def test_a_value_in_words_and_its_form(value: Any, words: str, form: str) -> None:
    assert wording.found(value) == words
    assert wording.form(value) == form


def test_a_misfit_says_what_was_expected_and_found() -> None:
    assert str(wording.misfit(int, "two")) == "expected a whole number, found 'two'."


@pytest.mark.parametrize(
    ("name", "hint"), [("sede", "did you mean 'seed'?"), ("zzz", ""), (5, ""), (None, "")]
)
def test_the_closest_name_is_a_question(name: object, hint: str) -> None:
    assert wording.did_you_mean(name, ["seed", "budget"]) == hint
