"""One law of fit: what cannot run is refused before the first step, in one wording, wherever it is asked for."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest
import torch

import paretomtl as pm
from paretomtl.engine import check_data, plan_batches
from paretomtl.errors import BadInput
from paretomtl.sweep.cells import seeds_of
from paretomtl.sweep.fit import check_fit, passes_per_step
from paretomtl.sweep.settings import Budget, ConflictAware, Optimizer, Settings, Stop
from paretomtl.sweep.spec import Choice, RunSpec
from paretomtl.sweep.suite import MethodEntry, ProblemEntry, Suite

CONFLICT = ConflictAware()
BUDGET = Budget(steps=3)
DIGITS = ("multi_digits", {"width": 4})

UNFIT: list[Any] = [
    # problem, method, settings, words
    ("zdt5", "mgda", {}, "problem 'zdt5' is not differentiable"),
    ("zdt1", "krum", {}, "takes at least 3 tasks; found 2"),
    ("zdt1", ("inverted_pbi", {"nadir": (1.0, 1.0, 1.0)}), {}, "but there are 2 tasks"),
    (
        "cagrad_toy",
        "geometric_mean",
        {},
        "needs positive losses, but those of problem 'cagrad_toy'",
    ),
    ("cagrad_toy", "power_mean", {}, "needs positive losses, but those of problem 'cagrad_toy'"),
    ("zdt1", "linear", {"level": "representation"}, "'zdt1' states none: use level 'parameters'"),
    ("zdt1", "mgda", {"level": "representation"}, "'zdt1' states none: use level 'parameters'"),
    (DIGITS, "modo", {"level": "representation"}, "compares the gradients of two minibatches"),
    ("zdt1", "mgda", {"budget": Budget(passes=1)}, "one step of 'mgda' takes 2 backward passes"),
    ("zdt1", "modo", {"budget": Budget(passes=3)}, "one step of 'modo' takes 4 backward passes"),
    (
        "zdt1",
        "linear",
        {"budget": Budget(seconds=1), "schedule": "cosine"},
        "cosine schedule needs",
    ),
    (DIGITS, "mgda", {"budget": Budget(seconds=1), "schedule": "cosine"}, "cosine schedule needs"),
    ("zdt1", "linear", {"conflict": CONFLICT}, "conflict-aware learning rate needs each task's"),
    ("zdt1", "linear", {"precision": "bfloat16"}, "precision 'bfloat16' is for networks"),
    ("dtlz2", "mgda", {"precision": "tf32"}, "precision 'tf32' is for networks, and 'dtlz2' is"),
    (DIGITS, "linear", {"batch_size": 10**6}, "`batch_size` must be between 1 and the"),
    (DIGITS, "linear", {"precision": "tf32"}, "'tf32' is a mode of NVIDIA GPUs"),
]
BEFORE_DATA = [case for case in UNFIT if "batch_size" not in case[2] and case[:1] != (DIGITS,)]
BEFORE_DATA += [case for case in UNFIT if case[0] == DIGITS and case[1] in ("modo", "mgda")]


def named(case: Any) -> str:
    problem, method, settings, _ = case
    names = [part if isinstance(part, str) else part[0] for part in (problem, method)]
    return "-".join([*names, *settings])


def parts(entry: Any) -> tuple[str, dict[str, Any]]:
    return (entry, {}) if isinstance(entry, str) else entry


def settings_of(given: dict[str, Any]) -> dict[str, Any]:
    rest = dict(given)
    optimizer = {n: rest.pop(n) for n in ("schedule", "conflict") if n in rest}
    return {"budget": BUDGET, **rest, "optimizer": Optimizer(**optimizer)}


def suite_of(problem: Any, method: Any, given: dict[str, Any]) -> Suite:
    (p, p_options), (m, m_options) = parts(problem), parts(method)
    return Suite(
        name="unfit",
        problems=(ProblemEntry(name=p, options=p_options),),
        methods=(MethodEntry(name=m, options=m_options),),
        preferences=2,
        **settings_of(given),
    )


def spec_of(problem: Any, method: Any, given: dict[str, Any]) -> RunSpec:
    (p, p_options), (m, m_options) = parts(problem), parts(method)
    size = pm.problem(p, **p_options).n_objectives
    return RunSpec(
        problem=Choice.of(p, p_options),
        method=Choice.of(m, m_options),
        preference=(1 / size,) * size,
        seed=0,
        **settings_of(given),
    )


def refusal(call: Any) -> str:
    with pytest.raises(BadInput) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("case", UNFIT, ids=map(named, UNFIT))
def test_trace_and_the_plan_refuse_in_the_same_words(case: Any) -> None:
    problem, method, given, words = case
    (p, p_options), (m, m_options) = parts(problem), parts(method)
    if torch.cuda.is_available() and "NVIDIA" in words:
        pytest.skip("there is a GPU")
    spec = spec_of(problem, method, given)

    def plan() -> None:
        plan_batches([spec])
        check_data([spec])

    by_plan = refusal(plan)
    by_trace = refusal(
        lambda: pm.trace(
            pm.problem(p, **p_options), pm.method(m, **m_options), **settings_of(given)
        )
    )
    assert words in by_plan
    assert by_trace == by_plan


@pytest.mark.parametrize("case", BEFORE_DATA, ids=map(named, BEFORE_DATA))
def test_a_suite_refuses_in_the_same_words(case: Any) -> None:
    problem, method, given, _ = case
    by_suite = refusal(suite_of(problem, method, given).runs)
    spec = spec_of(problem, method, given)
    where = f"{spec.method.label} on {spec.problem.label}: "
    assert by_suite == where + refusal(lambda: plan_batches([spec]))


def test_every_setting_alone_fits_or_is_refused_alike() -> None:
    """Every value of every setting with every kind of problem and method: two callers, one verdict."""
    values: dict[str, list[Any]] = {
        "budget": [Budget(steps=1), Budget(passes=1), Budget(passes=4), Budget(seconds=1)],
        "schedule": ["constant", "cosine"],
        "conflict": [None, CONFLICT],
        "precision": [None, "float32", "bfloat16"],
        "level": ["parameters", "representation"],
        "stop": [None, Stop(every=1)],
    }
    problems, kinds = ["zdt1", DIGITS], ["linear", "mgda", "modo", "graddrop"]
    verdicts = set()
    for problem, method, chosen in itertools.product(
        problems, kinds, itertools.product(*values.values())
    ):
        given = dict(zip(values, chosen, strict=True))
        spec = spec_of(problem, method, given)
        outcomes = []
        for call in (lambda: plan_batches([spec]), suite_of(problem, method, given).runs):  # noqa: B023
            try:
                call()
            except BadInput as error:
                outcomes.append(str(error).removeprefix(f"{method} on {spec.problem.label}: "))
            else:
                outcomes.append("")
        assert outcomes[0] == outcomes[1], given
        verdicts.add(outcomes[0].split(":")[0])
    assert "" in verdicts
    assert len(verdicts) > 6


def test_what_fits_is_let_through() -> None:
    problem = pm.problem("zdt1")
    for method in ("linear", "mgda", "graddrop", "hv_gradient"):
        check_fit(problem, pm.method(method), Settings())
    check_fit(
        pm.problem("multi_digits", width=4), pm.method("mgda"), Settings(precision="bfloat16")
    )
    shifted = pm.method("geometric_mean", shift=25.0)
    check_fit(pm.problem("cagrad_toy"), shifted, Settings())


@pytest.mark.parametrize(
    ("method", "level", "passes"),
    [("linear", "parameters", 1), ("mgda", "parameters", 3), ("mgda", "representation", 1)],
)
def test_passes_are_one_or_one_a_task(method: str, level: Any, passes: int) -> None:
    assert passes_per_step(pm.method(method), 3, level) == passes


@pytest.mark.parametrize("row", [(0.5, 0.500005), (0.7, 0.2), (-0.5, 1.5), (float("nan"), 1.0)])
def test_preferences_have_one_rule(row: tuple[float, ...]) -> None:
    """Direct calls, sweeps and specs: the same rows are on the simplex."""
    spec = dataclasses.replace(spec_of("zdt1", "linear", {}), preference=row)
    verdicts = [
        refusal(lambda: plan_batches([spec])),
        refusal(lambda: pm.trace("zdt1", "linear", preferences=[list(row)], budget=BUDGET)),
        refusal(lambda: pm.aggregate("mean", torch.eye(2).double(), preference=row)),  # pyright: ignore[reportArgumentType]
        refusal(lambda: pm.scalarize("linear", torch.ones(2).double(), preference=list(row))),  # pyright: ignore[reportArgumentType]
    ]
    assert len(set(verdicts)) == 1, verdicts


def test_rounding_is_no_fault_of_a_preference() -> None:
    row = [1 / 3, 1 / 3, 0.3333334]
    front = pm.trace("dtlz2", "linear", preferences=[row], budget=BUDGET)
    assert front.ok.all()
    thirds = torch.tensor([1.0, 1.0, 1.0]) / 3
    pm.aggregate("mean", torch.eye(3), preference=thirds)
    spread = torch.rand(64, generator=torch.Generator().manual_seed(0))
    pm.aggregate("mean", torch.eye(64), preference=spread / spread.sum())


@pytest.mark.parametrize("seeds", [0, [], [1.5], [-1], [2**63], "three", [True], None])
def test_seeds_have_one_rule(seeds: Any) -> None:
    assert refusal(lambda: seeds_of(seeds)) == refusal(
        lambda: pm.trace("zdt1", "linear", seeds=seeds, budget=BUDGET)
    )


def test_options_of_a_method_are_no_settings() -> None:
    words = refusal(lambda: pm.trace("zdt1", "cagrad", c=1.0))
    assert "option of method 'cagrad'" in words
    assert "pm.method('cagrad', c=1.0)" in words
    assert "'budget'" in refusal(lambda: pm.trace("zdt1", "cagrad", budgte=BUDGET))


def test_one_preference_alone_is_refused_with_what_would_do() -> None:
    words = refusal(lambda: pm.trace("zdt1", "linear", preferences=[0.5, 0.5]))
    assert "[[0.5, 0.5]]" in words
