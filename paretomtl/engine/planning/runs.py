"""From specs to batches and from batches to outcomes."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Sequence
from typing import Any

from paretomtl.engine.device import check_device
from paretomtl.engine.lane import Lane
from paretomtl.engine.outcome import Outcome
from paretomtl.engine.planning.chunks import cut, run_lanes
from paretomtl.engine.planning.compute import Compute
from paretomtl.engine.run import ProgressCallback
from paretomtl.engine.seeding import stable_hash
from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, SetMethod, methods
from paretomtl.methods.base import method as make_method
from paretomtl.methods.reads import Reads
from paretomtl.problems.base import NeuralProblem, Problem, problems
from paretomtl.problems.base import problem as make_problem
from paretomtl.sweep.fit import check_batch_size, check_run
from paretomtl.sweep.spec import Choice, RunSpec

log = logging.getLogger(__name__)


def plan_batches(
    specs: Sequence[RunSpec], *, compute: Compute | None = None
) -> list[list[RunSpec]]:
    """Cut runs into batches that advance together, in a fixed order.

    Runs share a batch when they agree in problem, in all settings (but for the learning rate), and in what
    their methods read and how many minibatches of it. The cut depends on the whole list and on
    `compute`, and on nothing else, so that an interrupted sweep, planned again, has the same batches.

    Raises:
        UnknownName: A problem, method or option does not exist.
        BadInput: An option is refused; problem, method, preference and settings do not fit
            (`paretomtl.sweep.fit`); the device does not know the precision; or the memory limit is too small
            for one run.
    """
    compute = compute or Compute()
    groups: dict[tuple[Any, ...], list[tuple[RunSpec, Method]]] = {}
    subjects: dict[tuple[Any, ...], Problem] = {}
    for spec in specs:
        problem, method = resolve(spec)
        check_device(spec.precision, compute.resolved)
        key = _batch_key(spec, method)
        groups.setdefault(key, []).append((spec, method))
        subjects[key] = problem
    batches: list[list[RunSpec]] = []
    for key, members in groups.items():
        lanes = [lane_of(spec, method) for spec, method in members]
        chunks = cut(subjects[key], lanes, members[0][0].settings, compute)
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
        first.settings,
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
    problem = _problem(spec.problem)
    method = _method(spec.method)
    check_run(problem, method, spec)
    return problem, method


def check_data(specs: Sequence[RunSpec]) -> None:
    """Load the data of every network that is asked for, and check that minibatches can be drawn from them.

    Data that cannot be loaded for another reason than a missing package or folder fail only their own runs.

    Raises:
        BadInput: A package or folder is missing, or a minibatch is larger than the data.
    """
    for choice, batch_size in dict.fromkeys((spec.problem, spec.batch_size) for spec in specs):
        problem = _problem(choice)
        if not isinstance(problem, NeuralProblem):
            continue
        try:
            data = problem.data("train")
        except BadInput:
            raise
        except Exception as error:
            log.debug("%s has no data: its own runs will fail.", choice.label, exc_info=error)
        else:
            check_batch_size(batch_size or problem.batch_size, len(data[0]))


def _method(choice: Choice) -> Method:
    """Return the method of a choice; a stored one may call an option by the name that it had when it was written."""
    renamed = methods[choice.name].renamed
    options = {renamed.get(option, option): value for option, value in choice.options}
    return make_method(choice.name, **options)


def _problem(choice: Choice) -> Problem:
    """Return the one instance of a choice: its data are read, and its steps compiled, once."""
    if choice.name not in problems:
        return make_problem(choice.name)  # raises, with the names that exist
    return _constructed(problems[choice.name], repr(choice.options), choice)


@functools.lru_cache(maxsize=8)
def _constructed(cls: type[Problem], spelled: str, choice: Choice) -> Problem:
    # `spelled` because 1, 1.0 and True are equal, but not the same option
    return make_problem(choice.name, **dict(choice.options))


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


def _batch_key(spec: RunSpec, method: Method) -> tuple[Any, ...]:
    # A learning rate is per lane; whatever else the optimizer does is common.
    settings = dataclasses.replace(
        spec.settings, optimizer=dataclasses.replace(spec.optimizer, lr=1.0)
    )
    return (spec.problem, settings, Reads.of(method), method.minibatches)


def _population(spec: RunSpec) -> list[RunSpec]:
    """Return the members of the run's set in the set's own order, or the run alone."""
    if not spec.population:
        return [spec]
    return [dataclasses.replace(spec, preference=p) for p in spec.population]


def _set_key(spec: RunSpec) -> str:
    return dataclasses.replace(spec, preference=()).key
