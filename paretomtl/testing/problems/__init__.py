"""The contract kit for problems: run it on your own problem, or `paretomtl check NAME`.

from paretomtl.testing.problems import check_problem

for finding in check_problem(MyProblem()):
    print(finding)
"""

from __future__ import annotations

from paretomtl.errors import BadInput
from paretomtl.problems.base import AnalyticProblem, NeuralProblem, Problem
from paretomtl.testing.findings import Finding, run
from paretomtl.testing.problems.evaluation import EvaluationChecks
from paretomtl.testing.problems.facts import FactChecks
from paretomtl.testing.problems.inputs import Inputs
from paretomtl.testing.problems.neural_evaluation import NeuralEvaluationChecks
from paretomtl.testing.problems.neural_facts import NeuralFactChecks


def check_problem(
    problem: Problem, *, seed: int = 0, lanes: int = 64, steps: int = 300
) -> list[Finding]:
    """Check every line of the contract that a problem must keep.

    An analytic problem: shapes and types; a batch equals its points one by one; gradients equal finite differences and
    are finite on the edges of the box; float32 agrees; NaN stays in its lane; bad input is refused;
    starts; ideal, nadir, reference point and front agree; no random and no optimized cloud gets past
    the stated front. A neural problem: its splits; networks and losses of the right shape and type
    that depend on the random state and the samples alone; gradients equal finite differences; float32
    agrees; networks under vmap equal each alone, and NaN stays in its lane; ideal, nadir and reference
    point; names and metrics.

    Args:
        problem: The problem, constructed.
        seed: Determines all points that are tried.
        lanes: Lanes of the optimized cloud of an analytic problem.
        steps: Steps of that cloud.

    Returns:
        One finding for every line, in a fixed order; lines that do not apply are left out.

    Raises:
        BadInput: It is neither an analytic nor a neural problem.
    """
    if isinstance(problem, NeuralProblem):
        return _check_neural(problem, seed)
    if isinstance(problem, AnalyticProblem):
        return _check_analytic(problem, seed, lanes, steps)
    raise BadInput(
        "the contract kit checks an AnalyticProblem or a NeuralProblem; found "
        f"{type(problem).__qualname__}."
    )


def _check_analytic(problem: AnalyticProblem, seed: int, lanes: int, steps: int) -> list[Finding]:
    inputs = Inputs(problem, seed)
    evaluation, facts = EvaluationChecks(problem, inputs), FactChecks(problem, inputs)
    return run(
        ("objectives keep shape, type and device", evaluation.shapes),
        ("a batch equals its points one by one", evaluation.batches),
        ("gradients equal finite differences", evaluation.gradients),
        ("gradients are finite on the edges of the box", evaluation.edges),
        ("float32 agrees with float64", evaluation.precision),
        ("NaN stays in its lane", evaluation.isolation),
        ("bad input is refused", evaluation.refusals),
        ("bounds and points outside them", facts.box),
        ("starts", facts.starts),
        ("ideal, nadir and reference point", facts.points),
        ("the stated front", facts.front),
        ("nothing gets past the stated front", lambda: facts.attack(lanes, steps)),
    )


def _check_neural(problem: NeuralProblem, seed: int) -> list[Finding]:
    evaluation, facts = NeuralEvaluationChecks(problem, seed), NeuralFactChecks(problem, seed)
    return run(
        ("the three splits of the data", facts.splits),
        ("fresh networks", evaluation.networks),
        ("losses", evaluation.losses),
        ("gradients equal finite differences", evaluation.gradients),
        ("float32 agrees with float64", evaluation.precision),
        ("networks under vmap equal each alone", evaluation.lanes),
        ("ideal, nadir and reference point", facts.points),
        ("batch size, shared parameters and metrics", facts.extras),
    )
