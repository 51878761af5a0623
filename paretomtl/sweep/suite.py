"""A suite: problems x methods x preferences x seeds, as a person writes it, and the runs it means.

Everything that a run needs besides problem and method is a *setting*. Settings are given for the whole
suite, for a problem, or for a method; the method's win over the problem's, and these over the suite's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, methods
from paretomtl.problems.base import Problem, problems
from paretomtl.sweep.cells import Grid, Pair, Points, preferences_of, runs_of, seeds_of
from paretomtl.sweep.options import choose
from paretomtl.sweep.partial import completed, over, partial
from paretomtl.sweep.settings import Optimizer, Settings
from paretomtl.sweep.spec import Choice, RunSpec

Options: TypeAlias = Mapping[str, Any]

if TYPE_CHECKING:
    OptimizerSettings = Optimizer
    _GivenSettings = Settings
else:
    OptimizerSettings = partial(
        Optimizer,
        "OptimizerSettings",
        "What one level of a suite states of the optimizer; None leaves a field to the level above.",
        module=__name__,
    )
    _GivenSettings = partial(
        Settings,
        "_GivenSettings",
        "What one level of a suite states of the settings; None leaves one to the level above.",
        module=__name__,
        optimizer=OptimizerSettings,
    )


@dataclass(frozen=True, kw_only=True)
class Stated(_GivenSettings):
    """What a suite, a problem or a method may state; None leaves it to the level above.

    Beside the fields of `Settings`, of which the optimizer is completed field by field:

    Args:
        preferences: How many (Das-Dennis), a grid, or the preferences themselves.
        seeds: How many (0, 1, ...), or the seeds themselves.
    """

    preferences: int | Grid | Points | None = None
    seeds: int | tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seeds is not None:
            seeds_of(self.seeds)


@dataclass(frozen=True, kw_only=True)
class ProblemEntry(Stated):
    """A problem of a suite: its registry name, its options, its settings."""

    name: str
    options: Options = field(default_factory=dict[str, Any])

    def choices(self) -> list[tuple[Choice, Problem]]:
        """Return the problem, and how a spec writes it."""
        return [choose(problems, self.name, self.options)]


@dataclass(frozen=True, kw_only=True)
class MethodEntry(Stated):
    """A method of a suite: its registry name, its options, its settings.

    Args:
        name: Registry name.
        options: The method's options.
        gammas: Shorthand for one entry for each value of the option `gamma`.
    """

    name: str
    options: Options = field(default_factory=dict[str, Any])
    gammas: tuple[float, ...] | None = None

    def choices(self) -> list[tuple[Choice, Method]]:
        """Return the method once for each gamma, and how a spec writes it."""
        if self.gammas is None:
            return [choose(methods, self.name, self.options)]
        if "gamma" in self.options or not self.gammas:
            raise BadInput("expected one of `options.gamma` and a non-empty list of `gammas`.")
        return [choose(methods, self.name, {**self.options, "gamma": g}) for g in self.gammas]


@dataclass(frozen=True, kw_only=True)
class Suite(Stated):
    """A named sweep: every method on every problem, for every preference and seed.

    Args:
        name: Names the store and the report.
        description: What it is for, in a sentence.
        problems: Entries, or names.
        methods: Entries, or names.
    """

    name: str
    description: str = ""
    problems: tuple[str | ProblemEntry, ...]
    methods: tuple[str | MethodEntry, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.problems or not self.methods:
            raise BadInput("a suite needs at least one problem and one method.")
        if not self.name or set(self.name) & set('/\\:*?"<>|') or self.name.startswith("."):
            raise BadInput(f"a suite's `name` must be usable as a folder's; found {self.name!r}.")

    def runs(self) -> list[RunSpec]:
        """Return the runs, ordered by problem, method, preference, seed; each key once.

        Everything that can be known to fail before the first step is refused here.

        Raises:
            UnknownName: No such problem, method or option; the closest names are given.
            BadInput: An option is refused; a preference is off the simplex or has not the problem's
                length; a method that needs positive losses is paired with losses that can be negative; a problem
                has no gradients; preferences or a budget are stated nowhere.
        """
        chosen = [
            (entry, *pair) for entry in self._method_entries() for pair in _chosen("methods", entry)
        ]
        alone = Stated(**{f.name: getattr(self, f.name) for f in dataclasses.fields(Stated)})
        runs: dict[str, RunSpec] = {}
        for problem_entry in self._problem_entries():
            for problem_choice, problem in _chosen("problems", problem_entry):
                stated = over(problem_entry, alone)
                for method_entry, method_choice, method in chosen:
                    pair = Pair(problem, problem_choice, method, method_choice)
                    with _prefixed(f"{method_choice.label} on {problem_choice.label}"):
                        for run in _runs(pair, over(method_entry, stated)):
                            runs.setdefault(run.key, run)
        return list(runs.values())

    def _problem_entries(self) -> list[ProblemEntry]:
        return [ProblemEntry(name=e) if isinstance(e, str) else e for e in self.problems]

    def _method_entries(self) -> list[MethodEntry]:
        return [MethodEntry(name=e) if isinstance(e, str) else e for e in self.methods]


def _runs(pair: Pair, stated: Stated) -> list[RunSpec]:
    missing = [name for name in ("preferences", "budget") if getattr(stated, name) is None]
    if missing:
        raise BadInput(
            f"`{missing[0]}` is missing: give it for the suite, the problem or the method."
        )
    points = preferences_of(stated.preferences, pair.problem.n_objectives)
    seeds = seeds_of(1 if stated.seeds is None else stated.seeds)
    return runs_of(pair, completed(stated), points, seeds)


def _chosen(where: str, entry: ProblemEntry | MethodEntry) -> list[tuple[Choice, Any]]:
    with _prefixed(where):
        return entry.choices()  # pyright: ignore[reportReturnType]


@contextmanager
def _prefixed(where: str) -> Generator[None]:
    """Name in a `BadInput` the part of the suite that it is about."""
    try:
        yield
    except BadInput as error:
        raise type(error)(f"{where}: {error}") from error
