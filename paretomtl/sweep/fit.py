"""Which problem, method, preference and settings go together.

Suites, `trace` and the plan of batches all use these checks and no others, so that what cannot run is refused
before the first step, and in the same words wherever it was asked for.
"""

from __future__ import annotations

import torch

from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, SetMethod
from paretomtl.methods.option_values import check_tasks
from paretomtl.methods.reads import Reads
from paretomtl.problems.base import NeuralProblem, Problem
from paretomtl.sweep.preferences import checked
from paretomtl.sweep.settings import Level, Precision, Settings
from paretomtl.sweep.spec import RunSpec

REDUCED: tuple[Precision, ...] = ("tf32", "bfloat16")
"""Precisions in which only the products of a network are computed, on float32 parameters."""


def check_fit(problem: Problem, method: Method, settings: Settings) -> None:
    """Check that a method can run on a problem with these settings, whatever preference and seed.

    Raises:
        BadInput: The problem has no gradients; the method takes another number of tasks, has options for
            another, or needs positive losses where the problem's can be negative; the budget ends before
            the first step; the schedule, level or precision is one that this problem, method or budget
            cannot have.
    """
    check_tasks(method, problem.n_objectives, where=f"on {problem.name}: ")
    if not problem.card.differentiable:
        raise BadInput(
            f"problem {problem.name!r} is not differentiable, and methods here need that."
        )
    _check_signs(problem, method)
    _check_level(problem, method, settings.level)
    _check_budget(problem, method, settings)
    _check_optimizer(method, settings)
    _check_precision(problem, settings.precision)


def check_run(problem: Problem, method: Method, spec: RunSpec) -> None:
    """Check that a run can be carried out: as `check_fit`, and its preference and seed.

    Raises:
        BadInput: As `check_fit`; or the seed is out of range; or the preference has another length than there are objectives, is off
            the simplex, or is not among those of the set that the run is a member of.
    """
    check_fit(problem, method, spec.settings)
    check_seed(spec.seed)
    checked([spec.preference], problem.n_objectives)
    if isinstance(method, SetMethod) and spec.preference not in spec.population:
        raise BadInput(
            f"method {method.name!r} moves a whole set: `population` must list the preferences of "
            "its members, this run's among them."
        )


def check_seed(seed: int) -> None:
    """Check that a seed can be recorded: 63 bits.

    Raises:
        BadInput: It cannot.
    """
    if not 0 <= seed < 2**63:
        raise BadInput(f"a seed must be between 0 and 2^63 - 1; found {seed}.")


def check_batch_size(batch_size: int, n_samples: int) -> None:
    """Check that a minibatch can be drawn from the training data without repeating a sample.

    Raises:
        BadInput: It is empty, or larger than the data.
    """
    if not 1 <= batch_size <= n_samples:
        raise BadInput(
            f"`batch_size` must be between 1 and the {n_samples} training samples; "
            f"found {batch_size}."
        )


def passes_per_step(method: Method, n_tasks: int, level: Level = "parameters") -> int:
    """Return the backward passes of one lane in one step: one, or one a task and minibatch.

    At the level of the representation one pass goes through the whole network; those through the heads
    alone are not counted.
    """
    every_task = Reads.of(method) is not Reads.LOSSES and level == "parameters"
    return (n_tasks if every_task else 1) * method.minibatches


def _check_signs(problem: Problem, method: Method) -> None:
    """Refuse a method that needs positive losses where they can be negative.

    A method that measures them from a known ideal point, or shifts them, may have them.
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


def _check_level(problem: Problem, method: Method, level: Level) -> None:
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


def _check_budget(problem: Problem, method: Method, settings: Settings) -> None:
    budget = settings.budget
    passes = passes_per_step(method, problem.n_objectives, settings.level)
    if budget.unit == "passes" and budget.amount < passes:
        raise BadInput(
            f"one step of {method.name!r} takes {passes} backward passes; "
            f"a budget of {budget} ends before it."
        )


def _check_optimizer(method: Method, settings: Settings) -> None:
    optimizer = settings.optimizer
    if optimizer.schedule == "cosine" and settings.budget.unit == "seconds":
        raise BadInput(
            "a cosine schedule needs to know the last step: give the budget in steps or passes."
        )
    if optimizer.conflict is not None and Reads.of(method) is Reads.LOSSES:
        raise BadInput(
            f"a conflict-aware learning rate needs each task's gradient, and method {method.name!r} "
            "reads losses only: leave `conflict` out or choose a method that reads gradients."
        )


def _check_precision(problem: Problem, precision: Precision | None) -> None:
    if precision in REDUCED and not isinstance(problem, NeuralProblem):
        raise BadInput(
            f"precision {precision!r} is for networks, and {problem.name!r} is a formula: "
            "use 'float64' or 'float32'."
        )
