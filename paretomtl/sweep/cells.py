"""From settings to runs: every preference and seed of one method on one problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple, TypeAlias

from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, SetMethod
from paretomtl.problems.base import Problem
from paretomtl.sweep.fit import check_fit, check_seed
from paretomtl.sweep.preferences import PreferenceKind, checked, preferences
from paretomtl.sweep.settings import SETTINGS, Settings
from paretomtl.sweep.spec import Choice, RunSpec

Points: TypeAlias = tuple[tuple[float, ...], ...]
"""Preferences, one a row."""


class Pair(NamedTuple):
    """A problem and a method, constructed, and how a spec writes each."""

    problem: Problem
    problem_choice: Choice
    method: Method
    method_choice: Choice


def runs_of(
    pair: Pair,
    settings: Settings,
    preferences: Points,
    seeds: Sequence[int],
    *,
    seed_by_seed: bool = False,
) -> list[RunSpec]:
    """Return one run for each preference and seed.

    Args:
        pair: The problem and the method.
        settings: How they are carried out.
        preferences: Checked, one a row.
        seeds: Whole numbers >= 0.
        seed_by_seed: All preferences of a seed side by side, and not all seeds of a preference.

    Raises:
        BadInput: The method cannot run on the problem with these settings.
    """
    check_fit(pair.problem, pair.method, settings)
    cells = list(product(preferences, seeds))
    if seed_by_seed:
        cells = [(preference, seed) for seed, preference in product(seeds, preferences)]
    stated: dict[str, Any] = {name: getattr(settings, name) for name in SETTINGS}
    return [
        RunSpec(
            problem=pair.problem_choice,
            method=pair.method_choice,
            preference=preference,
            seed=seed,
            population=preferences if isinstance(pair.method, SetMethod) else (),
            **stated,
        )
        for preference, seed in cells
    ]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Preferences by number and kind, for any number of objectives.

    Args:
        n: How many; `paretomtl.preferences` says what each kind can attain.
        kind: How they are placed.
        seed: Of the kinds that draw.
    """

    n: int
    kind: PreferenceKind = "das-dennis"
    seed: int = 0


def preferences_of(given: Any, m: int) -> Points:
    """Return preferences over `m` objectives, given by number, as a grid, or one by one.

    Raises:
        BadInput: A preference is off the simplex or has not `m` numbers, or there is no such grid.
    """
    if isinstance(given, int):
        given = Grid(n=given)
    if isinstance(given, Grid):
        return _grid(m, given)
    return checked(given.tolist() if hasattr(given, "tolist") else given, m)


@lru_cache(maxsize=64)
def _grid(m: int, grid: Grid) -> Points:
    rows = preferences(m, grid.n, grid.kind, grid.seed).numpy()
    return tuple(tuple(float(value) for value in row) for row in rows)


def seeds_of(seeds: object) -> tuple[int, ...]:
    """Return seeds given as a count (0, 1, ...), a list or an array, as whole numbers.

    Raises:
        BadInput: It is neither a count >= 1 nor a list of whole numbers from 0 to 2^63 - 1.
    """
    given = seeds.tolist() if hasattr(seeds, "tolist") else seeds  # pyright: ignore[reportUnknownVariableType, reportAttributeAccessIssue, reportUnknownMemberType]
    if type(given) is int:  # pyright: ignore[reportUnknownArgumentType]
        given = range(given)
    listed: list[object] = list(given) if isinstance(given, (list, tuple, range)) else []  # pyright: ignore[reportUnknownArgumentType]
    whole = [seed for seed in listed if type(seed) is int]
    if not listed or len(whole) < len(listed):
        raise BadInput(f"`seeds` must be a count >= 1 or a list of integers; found {seeds!r}.")
    for seed in whole:
        check_seed(seed)
    return tuple(whole)
