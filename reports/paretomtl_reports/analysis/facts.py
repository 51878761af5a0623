"""What a problem states about itself; a report must do without where it cannot be constructed."""

from __future__ import annotations

from dataclasses import dataclass

from paretomtl.errors import ParetomtlError
from paretomtl.indicators import Judge
from paretomtl.problems.base import NeuralProblem, Problem, problem
from paretomtl.sweep.spec import Choice
from paretomtl_reports.analysis.grouping import printable

FRONT_POINTS = 1000


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A problem's facts, as far as they are known here.

    Args:
        objective_names: One an objective.
        summary: The card's sentence; empty when the problem is absent.
        source: The card's source; empty when the problem is absent.
        neural: Whether its runs train a network: three splits, single-task anchors.
        judge: Reference point, front and best hypervolume; None when the problem is absent.
        ideal: [m]; empty when the problem is absent.
        initial: What theory predicts for the losses before training, [m]; empty when nothing is stated.
        missing: Why the problem could not be constructed; empty when it was.
        notes: The card's warnings.
    """

    objective_names: tuple[str, ...]
    summary: str = ""
    source: str = ""
    neural: bool = False
    judge: Judge | None = None
    ideal: tuple[float, ...] = ()
    initial: tuple[float, ...] = ()
    missing: str = ""
    notes: tuple[str, ...] = ()


def read_facts(choice: Choice, n_objectives: int, *, neural: bool) -> Facts:
    """Construct the problem of some records and read its facts.

    Args:
        choice: The problem as the records name it.
        n_objectives: Number of losses in the records.
        neural: Whether the records hold a validation split; used when the problem is absent.
    """
    names = tuple(f"f{i + 1}" for i in range(n_objectives))
    try:
        found = problem(choice.name, **dict(choice.options))
        if found.n_objectives != n_objectives:
            return Facts(
                objective_names=names,
                neural=neural,
                missing=f"it now has {found.n_objectives} objectives, the records have {n_objectives}",
            )
        return Facts(
            objective_names=found.objective_names,
            summary=found.card.summary,
            source=found.card.source,
            neural=isinstance(found, NeuralProblem),
            judge=Judge.of(found, front_points=FRONT_POINTS),
            ideal=tuple(float(v) for v in found.ideal),
            initial=_initial(found),
            notes=found.card.notes,
        )
    except Exception as error:  # noqa: BLE001 - a foreign problem may fail in any way
        reason = (
            str(error) if isinstance(error, ParetomtlError) else f"{type(error).__name__}: {error}"
        )
        return Facts(objective_names=names, neural=neural, missing=printable(reason))


def _initial(found: Problem) -> tuple[float, ...]:
    stated = found.initial_losses if isinstance(found, NeuralProblem) else None
    return () if stated is None else tuple(float(v) for v in stated)
