"""Trace a front from Python: a sweep of one method on one problem, and what came out of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from paretomtl.engine.outcome import Outcome
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.engine.planning.compute import Compute
from paretomtl.engine.planning.runs import lane_of
from paretomtl.engine.run import Progress
from paretomtl.errors import BadInput, missing_extra, unknown_name
from paretomtl.indicators import hypervolume, nondominated
from paretomtl.methods.base import Method, methods
from paretomtl.methods.base import method as make_method
from paretomtl.problems.base import Problem
from paretomtl.problems.base import problem as make_problem
from paretomtl.sweep.cells import Pair, preferences_of, runs_of, seeds_of
from paretomtl.sweep.options import choice_of
from paretomtl.sweep.settings import SETTINGS, Optimizer, OptimizerName, Settings
from paretomtl.sweep.spec import RunSpec

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class Front:
    """The end points of a sweep, one run a row.

    Args:
        problem: The problem that was run.
        methods: The method of each run.
        specs: The spec of each run.
        outcomes: What came out, in the same order.
    """

    problem: Problem
    methods: tuple[Method, ...]
    specs: tuple[RunSpec, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def objectives(self) -> Tensor:
        """Final objectives of every run, [runs, m] float64; on the test split for networks."""
        return torch.tensor(np.stack([outcome.final["test"] for outcome in self.outcomes]))

    @property
    def ok(self) -> Tensor:
        """True for the runs that did not diverge or fail, [runs]."""
        return torch.tensor([outcome.status == "ok" for outcome in self.outcomes])

    @property
    def x(self) -> Tensor:
        """Final points of an analytic problem, [runs, n] float64."""
        points = [outcome.x for outcome in self.outcomes if outcome.x is not None]
        if len(points) < len(self.outcomes):
            raise BadInput(f"{self.problem.name!r} is a network: its parameters are not kept.")
        return torch.tensor(np.stack(points))

    @property
    def runs(self) -> pd.DataFrame:
        """One row a run: method, gamma, preference, seed, status, objectives, cost."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for method, spec, outcome in zip(self.methods, self.specs, self.outcomes, strict=True):
            row: dict[str, Any] = {
                "problem": spec.problem.label,
                "method": spec.method.label,
                "gamma": getattr(method, "gamma", None),
                "preference": spec.preference,
                "seed": spec.seed,
                "status": outcome.status,
                "reason": outcome.reason,
            }
            for split, values in outcome.final.items():
                prefix = "" if list(outcome.final) == ["test"] else f"{split} "
                names = self.problem.objective_names
                row |= {f"{prefix}{n}": v for n, v in zip(names, values.tolist(), strict=True)}
            row |= {
                "steps": int(outcome.steps[-1]),
                "backward_passes": int(outcome.backward_passes[-1]),
                "seconds": float(outcome.seconds[-1]),
            }
            rows.append(row)
        return pd.DataFrame(rows)

    def nondominated(self) -> Tensor:
        """Return the finished runs' objectives that no other dominates, [k, m], one of each."""
        points = self.objectives[self.ok]
        return points[torch.as_tensor(nondominated(points))] if len(points) else points

    def hypervolume(self, reference_point: ArrayLike | Tensor | None = None) -> float:
        """Return the hypervolume of the finished runs at the problem's (or a given) reference point."""
        reference = self.problem.reference_point if reference_point is None else reference_point
        return hypervolume(self.objectives[self.ok], reference)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the first two objectives, with the exact front where it is known.

        Raises:
            MissingExtra: matplotlib is not installed.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise missing_extra("Front.plot", package="matplotlib", extra="report") from error
        from paretomtl.errors import NoKnownFront

        drawing: Any = axes or Figure(figsize=(5, 4), layout="constrained").subplots()
        try:
            exact = self.problem.front(500)
            drawing.scatter(*exact[:, :2].T, s=1, color="0.7", label="exact front")
        except NoKnownFront:
            pass
        points = self.objectives[self.ok]
        drawing.scatter(*points[:, :2].T, s=14, label=self.specs[0].method.label)
        names = self.problem.objective_names
        drawing.set(xlabel=names[0], ylabel=names[1], title=self.problem.name)
        drawing.legend()
        return drawing

    def __len__(self) -> int:
        return len(self.outcomes)

    def __repr__(self) -> str:
        bad = int((~self.ok).sum())
        method = {spec.method.label for spec in self.specs}
        return (
            f"<Front of {self.specs[0].problem.label} by {', '.join(sorted(method))}: "
            f"{len(self)} runs{f', {bad} not finished' if bad else ''}>"
        )


def trace(
    problem: str | Problem,
    method: str | Method,
    *,
    preferences: int | ArrayLike | Tensor | None = None,
    gammas: Sequence[float] | None = None,
    seeds: int | Sequence[int] | ArrayLike | Tensor = 1,
    lr: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    **how: Any,
) -> Front:
    """Run one method on one problem for every preference, gamma and seed, as one batched program.

    Args:
        problem: A registered name, or an instance.
        method: A registered name, or an instance: `pm.method("cagrad", c=0.2)` has options.
        preferences: How many (spread by Das and Dennis), the list itself [k, m], or None for the
            uniform one.
        gammas: Exponents for a method with the option `gamma`; combined with every preference.
        seeds: How many (0, 1, ...), or the list.
        lr: Learning rate; the optimizer's own when None.
        progress: Called at every snapshot, and a few times a second in between.
        how: Settings of the runs and of the computation, by name: the fields of
            `paretomtl.sweep.settings.Settings` (`budget`, `optimizer`, which may be a name,
            `batch_size`, `precision`, `heads`, `snapshots`, `stop`, `level`) and of
            `paretomtl.engine.Compute` (`device`, `compile`, `deterministic`, `memory`).

    Raises:
        UnknownName: No such problem, method, option or setting.
        BadInput: An argument does not fit; the message says what would.

    Example:
        >>> import paretomtl as pm
        >>> front = pm.trace("planar_pair", "linear", preferences=5, budget=pm.Budget(steps=300), lr=0.1)
        >>> front.objectives.shape
        torch.Size([5, 2])
    """
    settings, compute = _how(method, lr, how)
    subject, base = make_problem(problem), make_method(method)
    choice = choice_of(subject)
    points = preferences_of(
        _uniform(subject) if preferences is None else preferences, subject.n_objectives
    )
    specs: list[RunSpec] = []
    members: list[Method] = []
    for variant in _variants(base, gammas):
        pair = Pair(subject, choice, variant, choice_of(variant))
        runs = runs_of(pair, settings, points, seeds_of(seeds), seed_by_seed=True)
        specs += runs
        members += [variant] * len(runs)
    lanes = [lane_of(spec, member) for spec, member in zip(specs, members, strict=True)]
    outcomes = run_lanes(subject, lanes, settings, compute=compute, progress=progress)
    return Front(subject, tuple(members), tuple(specs), tuple(outcomes))


_COMPUTE = tuple(f.name for f in dataclasses.fields(Compute))


def _how(method: str | Method, lr: float | None, given: dict[str, Any]) -> tuple[Settings, Compute]:
    """Share out named arguments between what changes numbers and what changes speed."""
    for name in given:
        if name not in (*SETTINGS, *_COMPUTE):
            raise _unknown_setting(method, name, given[name])
    settings = {name: value for name, value in given.items() if name in SETTINGS}
    settings["optimizer"] = _optimizer(given.get("optimizer", "adam"), lr)
    if settings.get("budget") is None:  # as when it is left out
        settings.pop("budget", None)
    compute = {name: value for name, value in given.items() if name in _COMPUTE}
    return Settings(**settings), Compute(**compute)


def _unknown_setting(method: str | Method, name: str, value: object) -> BadInput:
    known = method if isinstance(method, Method) else methods.get(str(method))
    options = [] if known is None else [f.name for f in dataclasses.fields(known)]
    if name not in options:
        return unknown_name("setting", name, (*SETTINGS, *_COMPUTE, "lr", "gammas"))
    label = method.name if isinstance(method, Method) else method
    return BadInput(
        f"`{name}` is an option of method {label!r}, and options go with the method: pass "
        f"pm.method({label!r}, {name}={value!r})."
    )


def _uniform(problem: Problem) -> list[tuple[float, ...]]:
    return [(1 / problem.n_objectives,) * problem.n_objectives]


def _optimizer(optimizer: OptimizerName | Optimizer, lr: float | None) -> Optimizer:
    if not isinstance(optimizer, (str, Optimizer)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadInput(f"`optimizer` must be a name or an Optimizer; found {optimizer!r}.")
    chosen = Optimizer(name=optimizer) if isinstance(optimizer, str) else optimizer
    return chosen if lr is None else dataclasses.replace(chosen, lr=lr)


def _variants(method: Method, gammas: Sequence[float] | None) -> list[Method]:
    if gammas is None:
        return [method]
    if not hasattr(method, "gamma"):
        raise BadInput(f"method {method.name!r} has no option `gamma`; leave `gammas` out.")
    if not len(gammas):
        raise BadInput("`gammas` must name at least one exponent; found none.")
    return [dataclasses.replace(method, gamma=float(g)) for g in gammas]  # pyright: ignore[reportCallIssue]
