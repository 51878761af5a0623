"""Some of a sweep's runs, chosen by what they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paretomtl.errors import BadInput, unknown_name
from paretomtl.sweep.spec import Choice, RunSpec


def select(runs: Sequence[RunSpec], conditions: Iterable[str]) -> list[RunSpec]:
    """Return the runs that fit conditions such as `problem=zdt1`, in order.

    Conditions on one key are alternatives; different keys must all fit. Keys are `problem` and `method`
    (a name, or a label such as `power_mean(gamma=2)`), `seed`, and every option of a problem or method
    in the sweep, such as `gamma`.

    Raises:
        BadInput: A condition is not KEY=VALUE.
        UnknownName: No run has such a key; the closest are given.
    """
    wanted: dict[str, set[str]] = {}
    for condition in conditions:
        key, equals, value = (part.strip() for part in condition.partition("="))
        if not (key and equals and value):
            raise BadInput(f"a selection is KEY=VALUE, such as problem=zdt1; found {condition!r}.")
        wanted.setdefault(key, set()).add(value)
    facts = [_facts(run) for run in runs]
    known = {"problem", "method", "seed"}.union(*facts)
    for key in wanted:
        if key not in known:
            raise unknown_name("key to select runs by:", key, known)
    return [
        run
        for run, found in zip(runs, facts, strict=True)
        if all(values & found.get(key, set()) for key, values in wanted.items())
    ]


def _facts(run: RunSpec) -> dict[str, set[str]]:
    """Return by key all the texts that name what the run is."""
    facts = {
        "problem": {run.problem.name, run.problem.label},
        "method": {run.method.name, run.method.label},
        "seed": {str(run.seed)},
    }
    for choice in (run.problem, run.method):
        for option, texts in _options(choice).items():
            facts.setdefault(option, set()).update(texts)
    return facts


def _options(choice: Choice) -> dict[str, set[str]]:
    texts: dict[str, set[str]] = {}
    for option, value in choice.options:
        texts[option] = {str(value)}
        if isinstance(value, bool):
            texts[option].add(str(value).lower())
        elif isinstance(value, (int, float)):
            texts[option] |= {f"{value:g}", str(float(value))}
    return texts
