"""A suite: problems x methods x preferences x seeds, as a person writes it, and the runs it means.

Everything that a run needs besides problem and method is a *setting*. Settings are given for the whole
suite, for a problem, or for a method; the method's win over the problem's, and these over the suite's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import torch

from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, SetMethod, methods
from paretomtl.methods.options import check_tasks
from paretomtl.problem import Problem, problems
from paretomtl.sweep.options import choose
from paretomtl.sweep.preferences import PreferenceKind, checked, preferences
from paretomtl.sweep.spec import (
    Budget,
    Choice,
    ConflictAware,
    Level,
    Optimizer,
    OptimizerName,
    Precision,
    RunSpec,
    Schedule,
    Stop,
)

Points: TypeAlias = tuple[tuple[float, ...], ...]
Options: TypeAlias = Mapping[str, Any]


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

    def over(self, m: int) -> Points:
        """Return the preferences over `m` objectives."""
        return _points(m, self.n, self.kind, self.seed)


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """What is said of the optimizer; None leaves a field to the level above, then to its default."""

    name: OptimizerName | None = None
    lr: float | None = None
    momentum: float | None = None
    betas: tuple[float, float] | None = None
    eps: float | None = None
    weight_decay: float | None = None
    schedule: Schedule | None = None
    conflict: ConflictAware | None = None

    def __post_init__(self) -> None:
        self.optimizer()

    def over(self, base: OptimizerSettings) -> OptimizerSettings:
        """Return these fields, and those of `base` where nothing is said."""
        return dataclasses.replace(base, **_said(self))

    def optimizer(self) -> Optimizer:
        """Return the optimizer that is meant.

        Raises:
            BadInput: A field is outside its range.
        """
        return Optimizer(**_said(self))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a suite, a problem or a method may set; None leaves it to the level above.

    Args:
        preferences: How many (Das-Dennis), a grid, or the preferences themselves.
        seeds: How many (0, 1, ...), or the seeds themselves.
        optimizer: How directions become steps; merged field by field with the level above.
        budget: When a run ends.
        batch_size: Samples in a minibatch of a neural problem; None for the problem's own.
        precision: Floating-point type; None: float64 analytic, float32 neural.
        heads: Whether a gradient method's weights also scale the task-specific parameters.
        snapshots: How many log-spaced points of the trajectory are kept; None for 24, for networks those
            of them whose evaluation takes at most 3 % of the passes, and one in five in any case.
        stop: When a run ends before its budget, because its losses stand still.
        level: Where gradient methods see the tasks' gradients: "parameters" or "representation".
    """

    preferences: int | Grid | Points | None = None
    seeds: int | tuple[int, ...] | None = None
    optimizer: OptimizerSettings | None = None
    budget: Budget | None = None
    batch_size: int | None = None
    precision: Precision | None = None
    heads: Literal["unweighted", "weighted"] | None = None
    snapshots: int | None = None
    stop: Stop | None = None
    level: Level | None = None

    def __post_init__(self) -> None:
        for name, least in (("batch_size", 1), ("snapshots", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise BadInput(f"`{name}` must be at least {least}; found {value}.")
        count = isinstance(self.seeds, int)
        if self.seeds is not None and (not self.seeds or min(_seeds(self.seeds), default=-1) < 0):
            wanted = "at least 1 seed" if count else "some whole numbers >= 0"
            raise BadInput(f"`seeds` must be {wanted}; found {self.seeds}.")

    def over(self, base: Settings) -> Settings:
        """Return these settings, and those of `base` where nothing is said."""
        said = {f.name: getattr(self, f.name) for f in dataclasses.fields(Settings)}
        given = {name: value for name, value in said.items() if value is not None}
        if self.optimizer is not None and base.optimizer is not None:
            given["optimizer"] = self.optimizer.over(base.optimizer)
        return dataclasses.replace(base, **given)


@dataclass(frozen=True, kw_only=True)
class ProblemEntry(Settings):
    """A problem of a suite: its registry name, its options, its settings."""

    name: str
    options: Options = field(default_factory=dict[str, Any])

    def choices(self) -> list[tuple[Choice, Problem]]:
        """Return the problem, and how a spec writes it."""
        return [choose(problems, self.name, self.options)]


@dataclass(frozen=True, kw_only=True)
class MethodEntry(Settings):
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
class Suite(Settings):
    """A named sweep: every method on every problem, for every preference and seed.

    Args:
        name: Names the store and the report.
        description: What it is for, in a sentence.
        problems: Entries, or mere names.
        methods: Entries, or mere names.
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
                length; a method that needs positive losses meets ones that can be negative; a problem
                has no gradients; preferences or a budget are said nowhere.
        """
        chosen = [
            (entry, *pair) for entry in self._method_entries() for pair in _chosen("methods", entry)
        ]
        runs: dict[str, RunSpec] = {}
        for problem_entry in self._problem_entries():
            for problem_choice, problem in _chosen("problems", problem_entry):
                for method_entry, method_choice, method in chosen:
                    with _prefixed(f"{method_choice.label} on {problem_choice.label}"):
                        check_pair(problem, method)
                        settings = method_entry.over(problem_entry.over(_alone(self)))
                        for run in _cell(
                            (problem_choice, problem), (method_choice, method), settings
                        ):
                            runs.setdefault(run.key, run)
        return list(runs.values())

    def _problem_entries(self) -> list[ProblemEntry]:
        return [ProblemEntry(name=e) if isinstance(e, str) else e for e in self.problems]

    def _method_entries(self) -> list[MethodEntry]:
        return [MethodEntry(name=e) if isinstance(e, str) else e for e in self.methods]


def check_pair(problem: Problem, method: Method) -> None:
    """Refuse a method that cannot work on a problem.

    Raises:
        BadInput: The problem has no gradients, the method takes another number of tasks or has options
            for another, or it needs positive losses and the problem's can be negative.
    """
    check_tasks(method, problem.n_objectives)
    if not problem.card.differentiable:
        raise BadInput(
            f"problem {problem.name!r} is not differentiable, and methods here need that."
        )
    check_signs(problem, method)


def check_signs(problem: Problem, method: Method) -> None:
    """Refuse a method that needs positive losses on a problem whose losses can be negative.

    Raises:
        BadInput: They can, and the method neither shifts them nor measures them from a known ideal point.
    """
    if method.from_ideal and bool(problem.ideal.isfinite().all()):
        return
    shift = method.loss_shift
    least = 0.0 if shift is None else torch.as_tensor(shift).min()  # one number, or one a task
    if method.needs_positive_losses and problem.lower_bound + least < 0:
        advice = "leave one of them out" if shift is None else "raise its option `shift`"
        raise BadInput(
            f"method {method.name!r} needs positive losses, but those of problem {problem.name!r} "
            f"can fall to {problem.lower_bound:g}; {advice}."
        )


def _cell(
    problem: tuple[Choice, Problem], method: tuple[Choice, Method], settings: Settings
) -> Iterator[RunSpec]:
    if settings.preferences is None or settings.budget is None:
        name = "preferences" if settings.preferences is None else "budget"
        raise BadInput(f"`{name}` is missing: give it for the suite, the problem or the method.")
    points = _preferences(settings.preferences, problem[1].n_objectives)
    optional = {name: getattr(settings, name) for name in ("heads", "snapshots", "stop", "level")}
    for preference in points:
        for seed in _seeds(settings.seeds or 1):
            yield RunSpec(
                problem=problem[0],
                method=method[0],
                preference=preference,
                seed=seed,
                optimizer=(settings.optimizer or OptimizerSettings()).optimizer(),
                budget=settings.budget,
                batch_size=settings.batch_size,
                precision=settings.precision,
                population=points if isinstance(method[1], SetMethod) else (),
                **{name: value for name, value in optional.items() if value is not None},
            )


def _preferences(given: int | Grid | Points, m: int) -> Points:
    if isinstance(given, int):
        given = Grid(n=given)
    return given.over(m) if isinstance(given, Grid) else checked(given, m)


def _seeds(given: int | tuple[int, ...]) -> tuple[int, ...]:
    return tuple(range(given)) if isinstance(given, int) else given


@lru_cache(maxsize=64)
def _points(m: int, n: int, kind: PreferenceKind, seed: int) -> Points:
    rows = preferences(m, n, kind, seed).numpy()
    return tuple(tuple(float(value) for value in row) for row in rows)


def _alone(settings: Settings) -> Settings:
    """Return the settings without what a subclass adds."""
    return Settings(**{f.name: getattr(settings, f.name) for f in dataclasses.fields(Settings)})


def _said(settings: OptimizerSettings) -> dict[str, Any]:
    return {name: value for name, value in vars(settings).items() if value is not None}


def _chosen(where: str, entry: ProblemEntry | MethodEntry) -> list[tuple[Choice, Any]]:
    with _prefixed(where):
        return entry.choices()  # pyright: ignore[reportReturnType]


@contextmanager
def _prefixed(where: str) -> Generator[None]:
    """Say in a `BadInput` which part of the suite it is about."""
    try:
        yield
    except BadInput as error:
        raise type(error)(f"{where}: {error}") from error
