"""`paretomtl show`: all that is known of one problem, method, indicator or suite."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from paretomtl.cli.listing import reads
from paretomtl.cli.output import PLAIN, Output, shown
from paretomtl.errors import BadInput, NoKnownFront, unknown_name

if TYPE_CHECKING:
    from paretomtl.methods.base import Method
    from paretomtl.problems.base import Problem

Facts = dict[str, Any]


def show_command(
    name: str,
    *,
    option: Annotated[list[str] | None, Parameter(negative="")] = None,
    output: Output = PLAIN,
) -> None:
    """Show what is known of a problem, method, indicator or suite.

    Args:
        name: Its name, as `paretomtl list` shows it.
        option: An option of the problem or method, such as n_objectives=3; repeat for more.
        output: How to print.
    """
    from paretomtl import suites
    from paretomtl.indicators.catalogue import indicators
    from paretomtl.methods.base import methods
    from paretomtl.problems.base import problems

    options = dict(parse_option(text) for text in option or [])
    cards: list[tuple[Sequence[str], Callable[[], Facts]]] = [
        (list(problems), lambda: _problem(name, options)),
        (list(methods), lambda: _method(name, options)),
        (list(indicators), lambda: _indicator(name)),
        (suites.names(), lambda: _suite(name)),
    ]
    facts = next((card() for names, card in cards if name in names), None)
    if facts is None:
        known = [n for names, _ in cards for n in names]
        raise unknown_name("problem, method, indicator or suite", name, known)
    output.result(facts, *_lines(facts))


def parse_option(text: str) -> tuple[str, Any]:
    """Return the key and the value of `KEY=VALUE`; the value is a TOML value or else text.

    >>> parse_option("gamma=2.5"), parse_option("kind=round")
    (('gamma', 2.5), ('kind', 'round'))
    """
    key, equals, value = text.partition("=")
    if not (equals and key.strip() and value.strip()):
        raise BadInput(f"expected KEY=VALUE; found {text!r}.")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()


def _problem(name: str, options: Facts) -> Facts:
    from paretomtl.problems.base import AnalyticProblem, NeuralProblem, problems
    from paretomtl.sweep.options import choose

    choice, problem = choose(problems, name, options)
    card = problem.card
    facts: Facts = {
        "problem": choice.label,
        "summary": card.summary,
        "family": card.family,
        "source": card.source,
        "front": card.front_shape,
        "differentiable": card.differentiable,
        "objectives": f"{problem.n_objectives}: {', '.join(problem.objective_names)}",
        "options": _options(problems.options(name)),
    }
    if isinstance(problem, AnalyticProblem):
        facts["variables"] = problem.n_variables
        facts["bounds"] = _bounds(problem)
    if isinstance(problem, NeuralProblem):
        facts["parameters"] = sum(p.numel() for p in problem.module().parameters())
        facts["batch size"] = problem.batch_size
    facts |= {
        "lower bound of the objectives": problem.lower_bound,
        "ideal": problem.ideal.tolist(),
        "nadir": problem.nadir.tolist(),
        "reference point": problem.reference_point.tolist(),
        "exact front": _front(problem),
        "best hypervolume": _known(problem.best_hypervolume) or "not known",
    }
    best_of = {str(n): _known(lambda n=n: problem.best_hypervolume(n)) for n in (10, 20, 100)}
    if any(best_of.values()):
        facts["best hypervolume of so many points"] = best_of
    return {**facts, "notes": list(card.notes), "documentation": _documentation(problem)}


def _bounds(problem: Any) -> str:
    lower, upper = (bound.tolist() for bound in problem.bounds)
    pairs = list(zip(lower, upper, strict=True))
    if len(set(pairs)) == 1:
        return f"[{lower[0]:g}, {upper[0]:g}] each"
    first = ", ".join(f"[{a:g}, {b:g}]" for a, b in pairs[:8])
    return f"{first}{', ...' if len(pairs) > 8 else ''}"


def _front(problem: Problem) -> str:
    if _known(lambda: problem.front(2)) is None:
        return "not known"
    accuracy = problem.card.front_accuracy
    return f"computed, to {accuracy:g} of its range" if accuracy else "known"


def _known(fact: Callable[[], Any]) -> Any:
    try:
        return fact()
    except NoKnownFront:
        return None


def _method(name: str, options: Facts) -> Facts:
    import dataclasses

    from paretomtl.methods.base import Scalarization, methods
    from paretomtl.methods.measured import measured
    from paretomtl.sweep.options import choose

    cls = methods[name]
    card = cls.card
    choice, method = choose(methods, name, {**({} if options else cls.example), **options})
    passes = "1 backward pass" if issubclass(cls, Scalarization) else "m backward passes"
    facts: Facts = {
        "method": choice.label,
        "title": card.title,
        "formula": card.formula,
        "source": card.source,
        "departures": card.departures,
        "peers": list(card.peers),
        "reads": reads(cls),
        "needs positive losses": cls.needs_positive_losses,
        "random": cls.random,
        "minibatches a step": cls.minibatches,
        "options": _options(methods.options(name)),
        "options that may differ within a batch": [
            f.name for f in dataclasses.fields(cls) if f.metadata.get("lane")
        ],
        "state": _state(method) or "none",
        "cost of a step": f"{passes}{f'; {card.cost}' if card.cost else ''}",
        "torch.compile": card.not_compilable or "whole graph",
        # measured with the default options: others may have other properties
        "measured properties": {} if options else measured(name),
    }
    return {**facts, "documentation": _documentation(method)}


def _state(method: Method) -> dict[str, str]:
    """Return the shapes of the state for one lane of m = 2 tasks and n = 5 parameters, by name."""
    from paretomtl.methods.base import LaneShapes

    state = method.init(LaneShapes((), 2, n_parameters=5))
    words = {2: "m", 5: "n"}
    shapes = {name: [words.get(d, str(d)) for d in value.shape] for name, value in state.items()}
    return {name: f"[{', '.join(['lanes', *shape])}]" for name, shape in shapes.items()}


def _indicator(name: str) -> Facts:
    from paretomtl.indicators.catalogue import indicator

    facts = indicator(name).card()
    return {"indicator": facts.pop("name"), **facts}


def _suite(name: str) -> Facts:
    from paretomtl import suites

    suite = suites.load(name)
    runs = suite.runs()
    return {
        "suite": suite.name,
        "description": suite.description,
        "problems": list(dict.fromkeys(run.problem.label for run in runs)),
        "methods": list(dict.fromkeys(run.method.label for run in runs)),
        "preferences": len({run.preference for run in runs}),
        "seeds": sorted({run.seed for run in runs}),
        "budgets": sorted({str(run.budget) for run in runs}),
        "runs": len(runs),
    }


def _options(options: Facts) -> dict[str, str]:
    needed = inspect.Parameter.empty
    return {k: "(needed)" if v is needed else shown(v) or repr(v) for k, v in options.items()}


def _documentation(entry: Problem | Method) -> str:
    return inspect.getdoc(type(entry)) or ""


def _lines(facts: Facts) -> list[str]:
    """Lay facts out for people: a heading, then label and value, long texts below their label."""
    labels = [label for label in facts if label != "documentation"]
    width = max(len(label) for label in labels)
    lines: list[str] = []
    for label in labels:
        value = facts[label]
        if value in ("", [], {}, None):
            continue
        if isinstance(value, dict):
            items = [f"{k} = {shown(v)}" for k, v in value.items()]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        elif isinstance(value, list) and any(isinstance(v, str) and len(v) > 30 for v in value):  # pyright: ignore[reportUnknownVariableType]
            items = [str(v) for v in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        else:
            items = shown(value).splitlines()
        lines += [
            f"{label if i == 0 else '':<{width}}  {item}".rstrip() for i, item in enumerate(items)
        ]
    if facts.get("documentation"):
        lines += ["", *facts["documentation"].splitlines()]
    return lines
