"""Problems: what their authors need, and the registry of all problems.

A problem derives from `AnalyticProblem` (a formula) or `NeuralProblem` (a network), states its `ProblemCard`,
and enters by `@problems.register(name)`. Ours are another distribution's as it were: they come in by the
entry point `paretomtl.problems`, as those of third parties do.
"""

from paretomtl.problems.base import (
    SPLITS,
    AnalyticProblem,
    FrontShape,
    NeuralProblem,
    Point,
    Problem,
    ProblemCard,
    Split,
    problem,
    problems,
)
from paretomtl.registry import make_registry_package

__all__ = [
    "SPLITS",
    "AnalyticProblem",
    "FrontShape",
    "NeuralProblem",
    "Point",
    "Problem",
    "ProblemCard",
    "Split",
    "problem",
    "problems",
]

make_registry_package(__name__, problems)
