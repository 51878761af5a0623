"""`paretomtl list`: what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from paretomtl.cli.output import PLAIN, Output
from paretomtl.errors import BadInput, ParetomtlError, unknown_name

if TYPE_CHECKING:
    from paretomtl.problems.base import Problem

Kind = Literal["problems", "methods", "indicators", "suites"]
NOTHING_SELECTED = 5


def list_command(
    kind: Kind,
    *,
    family: str | None = None,
    objectives: int | None = None,
    shape: str | None = None,
    differentiable: bool | None = None,
    output: Output = PLAIN,
) -> int:
    """List problems, methods, indicators or suites.

    Args:
        kind: What to list.
        family: Problems of this family, such as ZDT.
        objectives: Problems that can have so many objectives.
        shape: Problems whose front has this shape: convex, concave, linear, mixed, disconnected,
            degenerate or unknown.
        differentiable: Problems that gradient methods can solve, or cannot.
        output: How to print.
    """
    filters = {
        "family": family,
        "objectives": objectives,
        "shape": shape,
        "differentiable": differentiable,
    }
    given = {name: value for name, value in filters.items() if value is not None}
    if given and kind != "problems":
        raise BadInput(f"--{next(iter(given))} selects among problems; found `list {kind}`.")
    if kind == "problems":
        rows, columns = _problems(given), _PROBLEM_COLUMNS
    elif kind == "methods":
        rows, columns = _methods(), _METHOD_COLUMNS
    elif kind == "indicators":
        rows, columns = _indicators(), _INDICATOR_COLUMNS
    else:
        rows, columns = _suites(), _SUITE_COLUMNS
    if output.json:
        output.result(rows)
    elif rows:
        output.table(rows, columns)
        output.say("", f"{len(rows)} {kind}; `paretomtl show NAME` tells more of one.")
    if not rows:
        output.say(f"no {kind} are selected.")
    return 0 if rows else NOTHING_SELECTED


_PROBLEM_COLUMNS = {
    "name": "problem",
    "family": "family",
    "objectives": "objectives",
    "variables": "variables",
    "shape": "front",
    "differentiable": "differentiable",
    "summary": "",
}
_METHOD_COLUMNS = {"name": "method", "title": "title", "reads": "reads", "source": "source"}
_INDICATOR_COLUMNS = {
    "name": "indicator",
    "title": "title",
    "better": "better",
    "pareto_compliance": "Pareto-compliant",
    "summary": "",
}
_SUITE_COLUMNS = {
    "name": "suite",
    "problems": "problems",
    "methods": "methods",
    "budget": "budget",
    "description": "",
}


def _problems(given: dict[str, Any]) -> list[dict[str, Any]]:
    from paretomtl.problems.base import problems

    families = {problems[name].card.family for name in problems}
    if "family" in given and given["family"].lower() not in {f.lower() for f in families}:
        raise unknown_name("family", given["family"], families)
    if "shape" in given:
        shapes = {problems[name].card.front_shape for name in problems}
        if given["shape"] not in shapes:
            raise unknown_name("front shape", given["shape"], shapes)
    rows: list[dict[str, Any]] = []
    for name in problems:
        problem = _with_objectives(name, given.get("objectives"))
        card = problems[name].card
        fits = (
            ("objectives" not in given or problem is not None)
            and given.get("family", card.family).lower() == card.family.lower()
            and given.get("shape", card.front_shape) == card.front_shape
            and given.get("differentiable", card.differentiable) == card.differentiable
        )
        if fits:
            rows.append(_problem_row(name, problem))
    return rows


def _problem_row(name: str, problem: Problem | None) -> dict[str, Any]:
    from paretomtl.problems.base import NeuralProblem, problems

    card = problems[name].card
    return {
        "name": name,
        "family": card.family,
        "objectives": None if problem is None else problem.n_objectives,
        "variables": getattr(problem, "n_variables", None),
        "kind": "neural" if issubclass(problems[name], NeuralProblem) else "analytic",
        "shape": card.front_shape,
        "differentiable": card.differentiable,
        "options": list(problems.options(name)),
        "summary": card.summary,
        "source": card.source,
    }


def _with_objectives(name: str, m: int | None) -> Problem | None:
    """Construct the problem, with `m` objectives if given; None when it cannot be."""
    from paretomtl.problems.base import problems

    adjustable = m is not None and "n_objectives" in problems.options(name)
    try:
        problem = problems.create(name, **({"n_objectives": m} if adjustable else {}))
    except ParetomtlError:
        return None
    return problem if m is None or problem.n_objectives == m else None


def _methods() -> list[dict[str, Any]]:
    from paretomtl.methods.base import methods

    return [
        {
            "name": name,
            "title": methods[name].card.title,
            "reads": reads(methods[name]),
            "needs_positive_losses": methods[name].needs_positive_losses,
            "random": methods[name].random,
            "options": list(methods.options(name)),
            "source": methods[name].card.source,
        }
        for name in methods
    ]


def reads(method: type[Any]) -> str:
    """Return in words what a method's type reads."""
    from paretomtl.methods.base import Aggregator, Scalarization, SetMethod, Weighting

    words = {
        Scalarization: "losses",
        Weighting: "Gramian",
        Aggregator: "Jacobian",
        SetMethod: "set of lanes",
    }
    found = next((word for base, word in words.items() if issubclass(method, base)), "?")
    return f"{found}, losses" if method.reads_losses and found != "losses" else found


def _indicators() -> list[dict[str, Any]]:
    from paretomtl.indicators.catalogue import indicators

    return [indicator.card() for indicator in indicators.values()]


def _suites() -> list[dict[str, Any]]:
    from paretomtl import suites

    loaded = [suites.load(name) for name in suites.names()]
    return [
        {
            "name": suite.name,
            "problems": [e if isinstance(e, str) else e.name for e in suite.problems],
            "methods": [e if isinstance(e, str) else e.name for e in suite.methods],
            "budget": str(suite.budget or ""),
            "description": suite.description,
        }
        for suite in loaded
    ]
