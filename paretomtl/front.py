"""Trace a front from Python: a sweep of one method on one problem, and what came out of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from paretomtl.aggregation.allocator import keep_freed_memory
from paretomtl.engine.chunks import run_lanes
from paretomtl.engine.compute import Compute
from paretomtl.engine.loop import Progress
from paretomtl.engine.outcome import Outcome
from paretomtl.engine.runs import (
    check_fit,
    check_level,
    check_optimizer,
    choice_of,
    lane_of,
    settings_of,
)
from paretomtl.errors import BadInput, missing_extra
from paretomtl.indicators import hypervolume, nondominated
from paretomtl.methods.base import Method, SetMethod
from paretomtl.methods.base import method as make_method
from paretomtl.problem import Problem
from paretomtl.problem import problem as make_problem
from paretomtl.sweep.preferences import checked
from paretomtl.sweep.preferences import preferences as preference_grid
from paretomtl.sweep.spec import Budget, Level, Optimizer, OptimizerName, Precision, RunSpec, Stop

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
        specs: What each run was asked.
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
    budget: Budget | None = None,
    optimizer: OptimizerName | Optimizer = "adam",
    lr: float | None = None,
    batch_size: int | None = None,
    precision: Precision | None = None,
    heads: str = "unweighted",
    snapshots: int | None = None,
    stop: Stop | None = None,
    level: Level = "parameters",
    device: str = "auto",
    compile: bool = False,
    deterministic: bool = False,
    memory: float | str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Front:
    """Run one method on one problem for every preference, gamma and seed, as one batched program.

    Args:
        problem: A registered name, or an instance.
        method: A registered name, or an instance.
        preferences: How many (spread by Das and Dennis), the list itself [k, m], or None for the
            uniform one.
        gammas: Exponents for a method with the option `gamma`; combined with every preference.
        seeds: How many (0, 1, ...), or the list.
        budget: When a run ends; 1000 steps unless stated.
        optimizer: Name, or a full `Optimizer` with its schedule.
        lr: Learning rate; the optimizer's default when None.
        batch_size: Samples in a minibatch of a network; the problem's own when None.
        precision: "float64" or "float32"; None: float64 for formulas, float32 for networks. Networks
            also in "bfloat16" (mixed) and, on a GPU, "tf32".
        heads: Whether gradient methods "unweighted" or "weighted" train task-specific parameters.
        snapshots: Log-spaced points of the trajectory to keep; None for 24, for networks those of them whose
            evaluation takes at most 3 % of the passes, and one in five in any case.
        stop: When a run ends before its budget, because its losses stand still; None for never.
        level: Where gradient methods see the tasks' gradients: "parameters" or "representation".
        device: "auto", "cpu", "cuda", "cuda:1".
        compile: Whether the step is compiled: some seconds first, then 1.5 to 3.5 times as fast for networks.
        deterministic: Whether numbers are the same to the bit in any batch, with any thread count.
        memory: Bytes for the tensors of a chunk, such as "6 GB"; None for no limit.
        progress: Called at every snapshot, and a few times a second in between.

    Raises:
        UnknownName: No such problem, method or option.
        BadInput: An argument does not fit; the message says what would.

    Example:
        >>> import paretomtl as pm
        >>> front = pm.trace("planar_pair", "linear", preferences=5, budget=pm.Budget(steps=300), lr=0.1)
        >>> front.objectives.shape
        torch.Size([5, 2])
    """
    compute = Compute(device=device, compile=compile, deterministic=deterministic, memory=memory)
    the_problem = make_problem(problem)
    the_method = make_method(method)
    m = the_problem.n_objectives
    wishes = _preferences(preferences, m)
    base = _optimizer(optimizer, lr)
    limit = Budget(steps=1000) if budget is None else budget
    if not isinstance(limit, Budget):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadInput(f"`budget` must be a Budget, such as Budget(steps=100); found {limit!r}.")
    variants = _variants(the_method, gammas)
    chosen = choice_of(the_problem)
    specs: list[RunSpec] = []
    members: list[Method] = []
    for variant in variants:
        is_set = isinstance(variant, SetMethod)
        for seed in _seeds(seeds):
            for wish in wishes:
                check_fit(the_problem, variant, wish)
                check_optimizer(variant, base, limit, m, level)
                check_level(the_problem, variant, level)
                members.append(variant)
                specs.append(
                    RunSpec(
                        problem=chosen,
                        method=choice_of(variant),
                        preference=wish,
                        seed=seed,
                        optimizer=base,
                        budget=limit,
                        batch_size=batch_size,
                        precision=precision,
                        heads=heads,  # pyright: ignore[reportArgumentType]
                        snapshots=snapshots,
                        stop=stop,
                        level=level,
                        population=tuple(wishes) if is_set else (),
                    )
                )
    keep_freed_memory()
    outcomes = run_lanes(
        the_problem,
        [lane_of(spec, member) for spec, member in zip(specs, members, strict=True)],
        settings_of(specs[0]),
        compute=compute,
        progress=progress,
    )
    return Front(the_problem, tuple(members), tuple(specs), tuple(outcomes))


def _preferences(preferences: int | ArrayLike | Tensor | None, m: int) -> list[tuple[float, ...]]:
    if preferences is None:
        return [(1 / m,) * m]
    if isinstance(preferences, int):
        preferences = preference_grid(m, preferences)
    rows: Any = preferences
    return list(checked(rows.tolist() if hasattr(rows, "tolist") else rows, m))


def _seeds(seeds: int | Sequence[int] | ArrayLike | Tensor) -> list[int]:
    given: Any = seeds
    if hasattr(given, "tolist"):  # an array or a tensor
        given = given.tolist()
    if type(given) is int:
        given = range(given)
    listed: list[Any] = list(given) if isinstance(given, (list, tuple, range)) else []  # pyright: ignore[reportUnknownArgumentType]
    if not listed or any(type(s) is not int for s in listed):
        raise BadInput(f"`seeds` must be a count >= 1 or a list of integers; found {seeds!r}.")
    return listed


def _optimizer(optimizer: OptimizerName | Optimizer, lr: float | None) -> Optimizer:
    if not isinstance(optimizer, (str, Optimizer)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadInput(f"`optimizer` must be a name or an Optimizer; found {optimizer!r}.")
    if isinstance(optimizer, Optimizer):
        return optimizer if lr is None else dataclasses.replace(optimizer, lr=lr)
    return Optimizer(name=optimizer) if lr is None else Optimizer(name=optimizer, lr=lr)


def _variants(method: Method, gammas: Sequence[float] | None) -> list[Method]:
    if gammas is None:
        return [method]
    if not hasattr(method, "gamma"):
        raise BadInput(f"method {method.name!r} has no option `gamma`; leave `gammas` out.")
    if not len(gammas):
        raise BadInput("`gammas` must name at least one exponent; found none.")
    return [dataclasses.replace(method, gamma=float(g)) for g in gammas]  # pyright: ignore[reportCallIssue]
