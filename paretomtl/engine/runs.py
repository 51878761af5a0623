"""From specs to batches and from batches to outcomes."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, get_args

from torch import Tensor

from paretomtl.engine.chunks import cut, run_lanes
from paretomtl.engine.compute import Compute
from paretomtl.engine.lane import Lane, Reads, Settings, passes_per_step
from paretomtl.engine.loop import ProgressCallback
from paretomtl.engine.outcome import Outcome
from paretomtl.engine.seeding import stable_hash
from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, SetMethod, method
from paretomtl.methods.options import check_tasks
from paretomtl.problem import NeuralProblem, Problem, problem, problems
from paretomtl.sweep.spec import Budget, Choice, Level, Optimizer, RunSpec
from paretomtl.sweep.suite import check_signs


def plan_batches(
    specs: Sequence[RunSpec], *, compute: Compute | None = None
) -> list[list[RunSpec]]:
    """Cut runs into batches that advance together, in a fixed order.

    Runs share a batch when they agree in problem, budget, optimizer (but for the learning rate),
    minibatch size, precision, and in what their methods read. The cut depends on the whole list and on
    `compute`, and on nothing else, so that an interrupted sweep, planned again, has the same batches.

    Raises:
        UnknownName: A problem, method or option does not exist.
        BadInput: An option is refused, a preference does not fit its problem, a method that needs
            positive losses meets a problem whose losses can be negative, or the memory limit is too
            small for one run.
    """
    compute = compute or Compute()
    groups: dict[tuple[Any, ...], list[tuple[RunSpec, Method]]] = {}
    problems: dict[tuple[Any, ...], Problem] = {}
    for spec in specs:
        the_problem, the_method = resolve(spec)
        key = _batch_key(spec, the_method)
        groups.setdefault(key, []).append((spec, the_method))
        problems[key] = the_problem
    batches: list[list[RunSpec]] = []
    for key, members in groups.items():
        lanes = [lane_of(spec, the_method) for spec, the_method in members]
        chunks = cut(problems[key], lanes, settings_of(members[0][0]), compute)
        batches.extend([members[i][0] for i in chunk] for chunk in chunks)
    return batches


def run_batch(
    specs: Sequence[RunSpec],
    *,
    compute: Compute | None = None,
    progress: ProgressCallback | None = None,
) -> list[Outcome]:
    """Run specs of one batch of `plan_batches` (or some of them) and return their outcomes in order.

    Members of a set that are missing from `specs` are run along, since the others depend on them.

    Raises:
        BadInput: As `plan_batches`, or the device does not exist.
    """
    if not specs:
        return []
    everyone = {member.key: member for spec in specs for member in _population(spec)}
    first = specs[0]
    outcomes = run_lanes(
        resolve(first)[0],
        [lane_of(spec, resolve(spec)[1]) for spec in everyone.values()],
        settings_of(first),
        compute=compute,
        progress=progress,
    )
    found = dict(zip(everyone, outcomes, strict=True))
    return [found[spec.key] for spec in specs]


def resolve(spec: RunSpec) -> tuple[Problem, Method]:
    """Construct the spec's problem and method, and check that they go together.

    Raises:
        UnknownName: A problem, method or option does not exist.
        BadInput: An option is refused, or problem, method and preference do not fit.
    """
    the_problem = _problem(spec.problem)
    the_method = method(spec.method.name, **dict(spec.method.options))
    check_fit(the_problem, the_method, spec.preference)
    check_optimizer(the_method, spec.optimizer, spec.budget, the_problem.n_objectives, spec.level)
    check_level(the_problem, the_method, spec.level)
    if isinstance(the_method, SetMethod) and spec.preference not in spec.population:
        raise BadInput(
            f"method {spec.method.name!r} moves a whole set: `population` must list the preferences of "
            "its members, this run's among them."
        )
    return the_problem, the_method


def _problem(choice: Choice) -> Problem:
    """Return the one instance of a choice: its data are read, and its steps compiled, once."""
    if choice.name not in problems:
        return problem(choice.name)  # which says what there is
    return _constructed(problems[choice.name], repr(choice.options), choice)


@functools.lru_cache(maxsize=8)
def _constructed(cls: type[Problem], spelled: str, choice: Choice) -> Problem:
    # `spelled` because 1, 1.0 and True are equal, but not the same option
    return problem(choice.name, **dict(choice.options))


def check_fit(problem: Problem, method: Method, preference: Sequence[float]) -> None:
    """Check that a method can run on a problem with a preference.

    Raises:
        BadInput: The preference has the wrong length or is not on the simplex, or a method that needs
            positive losses meets a problem whose losses can be negative.
    """
    m = problem.n_objectives
    if len(preference) != m:
        raise BadInput(
            f"a preference for {problem.name!r} needs {m} numbers, one for each objective; "
            f"found {len(preference)}: {list(preference)}."
        )
    check_tasks(method, m, where=f"on {problem.name}: ")
    if not all(p >= 0 for p in preference) or abs(sum(preference) - 1) > 1e-6:
        raise BadInput(
            "a preference must be non-negative numbers that sum to 1; "
            f"found {list(preference)}, which sum to {sum(preference):g}."
        )
    check_signs(problem, method)


def check_level(problem: Problem, method: Method, level: Level) -> None:
    """Check that the tasks' gradients can be taken at a level.

    Raises:
        BadInput: No such level, or the representation is asked for where there is none.
    """
    if level not in get_args(Level):
        raise BadInput(f"`level` must be one of {', '.join(get_args(Level))}; found {level!r}.")
    if level == "parameters":
        return
    if not isinstance(problem, NeuralProblem) or problem.representation is None:
        raise BadInput(
            f"level 'representation' needs a network that states which submodule its heads read "
            f"(`representation`), and {problem.name!r} states none: use level 'parameters'."
        )
    if method.minibatches > 1:
        raise BadInput(
            f"method {method.name!r} compares the gradients of two minibatches, which at the "
            "representation are gradients by different samples: use level 'parameters'."
        )


def check_optimizer(
    method: Method,
    optimizer: Optimizer,
    budget: Budget,
    n_tasks: int,
    level: Level = "parameters",
) -> None:
    """Check that a budget holds at least one step, and a learning-rate schedule what it needs.

    Raises:
        BadInput: Fewer passes than one step takes, a cosine schedule without a known last step, or a
            conflict-aware rate with a method that computes no gradient of each task.
    """
    passes = passes_per_step(method, n_tasks, level)
    if budget.unit == "passes" and budget.amount < passes:
        raise BadInput(
            f"one step of {method.name!r} takes {passes} backward passes; "
            f"a budget of {budget} ends before it."
        )
    if optimizer.schedule == "cosine" and budget.unit == "seconds":
        raise BadInput(
            "a cosine schedule needs to know the last step: give the budget in steps or passes."
        )
    if optimizer.conflict is not None and Reads.of(method) is Reads.LOSSES:
        raise BadInput(
            f"a conflict-aware learning rate needs each task's gradient, and method {method.name!r} "
            "reads losses only: leave `conflict` out or choose a method that reads gradients."
        )


def lane_of(spec: RunSpec, method: Method) -> Lane:
    """Return the lane that carries out a spec."""
    return Lane(
        method=method,
        preference=spec.preference,
        seed=spec.seed,
        key=stable_hash(f"method draws:{spec.key}"),
        lr=spec.optimizer.lr,
        member_of=_set_key(spec) if isinstance(method, SetMethod) else "",
        member=spec.population.index(spec.preference) if isinstance(method, SetMethod) else 0,
    )


def settings_of(spec: RunSpec) -> Settings:
    """Return what a spec has in common with the other runs of its batch."""
    return Settings(
        optimizer=spec.optimizer,
        budget=spec.budget,
        batch_size=spec.batch_size,
        precision=spec.precision,
        weighted_heads=spec.heads == "weighted",
        snapshots=spec.snapshots,
        stop=spec.stop,
        level=spec.level,
    )


def _batch_key(spec: RunSpec, method: Method) -> tuple[Any, ...]:
    # A learning rate is per lane; whatever else the optimizer does is common.
    settings = dataclasses.replace(
        settings_of(spec), optimizer=dataclasses.replace(spec.optimizer, lr=1.0)
    )
    return (spec.problem, settings, Reads.of(method), method.minibatches)


def _population(spec: RunSpec) -> list[RunSpec]:
    """Return the members of the run's set in the set's own order, or the run alone."""
    if not spec.population:
        return [spec]
    return [dataclasses.replace(spec, preference=p) for p in spec.population]


def _set_key(spec: RunSpec) -> str:
    return dataclasses.replace(spec, preference=()).key


def choice_of(thing: Problem | Method) -> Choice:
    """Return the choice that a constructed problem or method amounts to: the options off default.

    Raises:
        BadInput: An option has one number a lane, and a run is one lane; or it is no plain data.
    """
    label = getattr(thing, "name", type(thing).__qualname__)
    if not dataclasses.is_dataclass(thing):
        raise BadInput(
            f"{label}: {type(thing).__name__} must be a frozen dataclass whose fields are its options; put "
            "@dataclass(frozen=True, kw_only=True, eq=False) above it."
        )
    options: dict[str, Any] = {}
    for f in dataclasses.fields(thing):
        value = getattr(thing, f.name)
        if isinstance(value, Tensor) and f.metadata.keys() & {"lane", "task"}:
            raise BadInput(
                f"{label}: `{f.name}` has numbers for lanes of shape {list(value.shape)}, and a run is "
                "one lane; give one number and let the sweep make the lanes."
            )
        if not f.init:
            continue
        if not _is_plain(value):
            raise BadInput(
                f"{label}: its option `{f.name}` is a {type(value).__name__}, which a record cannot hold; "
                "options are numbers, texts and lists of them. Keep data in a field(init=False), or load "
                "them where they are asked for."
            )
        if value != f.default:
            options[f.name] = value
    return Choice.of(label, options)


def _is_plain(value: object) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))  # pyright: ignore[reportUnknownArgumentType]
    return value is None or isinstance(value, (bool, int, float, str))
