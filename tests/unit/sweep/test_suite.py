"""From a suite to its runs: expansion, precedence, order, and what is refused before any step."""

import dataclasses
import math
import pickle

import pytest

from paretomtl.errors import BadInput, UnknownName
from paretomtl.sweep.cells import Grid
from paretomtl.sweep.settings import Budget, Optimizer, Settings
from paretomtl.sweep.suite import MethodEntry, OptimizerSettings, ProblemEntry, Suite

BUDGET = Budget(steps=10)


def suite(**changes):
    given = {
        "name": "t",
        "problems": ("test_bowl",),
        "methods": ("test_straight",),
        "preferences": 3,
        "budget": BUDGET,
        **changes,
    }
    return Suite(**given)


def test_the_product_is_complete_and_ordered():
    runs = suite(
        problems=("test_bowl", ProblemEntry(name="test_bowl", options={"n": 5})),
        methods=("test_straight", "test_curved"),
        seeds=2,
    ).runs()
    assert len(runs) == 2 * 2 * 3 * 2
    found = [(r.problem.label, r.method.label, r.preference, r.seed) for r in runs]
    expected = [
        (p, m, w, s)
        for p in ("test_bowl", "test_bowl(n=5)")
        for m in ("test_straight", "test_curved")
        for w in ((0.0, 1.0), (0.5, 0.5), (1.0, 0.0))
        for s in (0, 1)
    ]
    assert found == expected
    assert len({r.key for r in runs}) == len(runs)


def test_expansion_is_deterministic():
    def make():
        return suite(preferences=Grid(n=9, kind="riesz"), seeds=2).runs()

    assert [r.key for r in make()] == [r.key for r in make()]


def test_equal_work_is_listed_once():
    runs = suite(
        methods=(
            MethodEntry(name="test_curved", gammas=(2, 2.0, 4)),
            MethodEntry(name="test_curved", options={"gamma": 4}),
        )
    ).runs()
    assert len(runs) == 2 * 3


def test_gammas_expand():
    runs = suite(methods=(MethodEntry(name="test_curved", gammas=(1, -math.inf)),)).runs()
    assert [dict(r.method.options)["gamma"] for r in runs[::3]] == [1, -math.inf]


def test_the_method_wins_over_the_problem_and_this_over_the_suite():
    runs = suite(
        optimizer=OptimizerSettings(name="sgd", lr=1.0, weight_decay=0.1),
        snapshots=5,
        problems=(
            "test_bowl",
            ProblemEntry(
                name="test_bowl",
                options={"n": 5},
                optimizer=OptimizerSettings(lr=2.0),
                budget=Budget(passes=7),
                seeds=(4,),
            ),
        ),
        methods=(
            "test_straight",
            MethodEntry(
                name="test_curved",
                optimizer=OptimizerSettings(lr=3.0, momentum=0.5),
                precision="float32",
                preferences=((0.5, 0.5),),
            ),
        ),
    ).runs()

    def cell(problem, method):
        return [r for r in runs if r.problem.label == problem and r.method.label == method]

    plain = cell("test_bowl", "test_straight")
    assert {r.optimizer.lr for r in plain} == {1.0}
    assert {r.budget for r in plain} == {BUDGET}
    assert {r.seed for r in plain} == {0}
    assert len(plain) == 3
    by_problem = cell("test_bowl(n=5)", "test_straight")
    assert {r.optimizer.lr for r in by_problem} == {2.0}
    assert {r.budget for r in by_problem} == {Budget(passes=7)}
    assert {r.seed for r in by_problem} == {4}
    (by_method,) = cell("test_bowl(n=5)", "test_curved")
    assert by_method.optimizer.lr == 3.0
    assert by_method.optimizer.momentum == 0.5
    assert by_method.optimizer.name == "sgd"
    assert by_method.optimizer.weight_decay == 0.1
    assert by_method.budget == Budget(passes=7)
    assert by_method.precision == "float32"
    assert {r.snapshots for r in runs} == {5}


def test_a_set_method_knows_its_population():
    runs = suite(methods=("test_swarm", "test_straight")).runs()
    points = ((0.0, 1.0), (0.5, 0.5), (1.0, 0.0))
    assert [r.population for r in runs] == [points] * 3 + [()] * 3


def test_preferences_have_the_length_of_the_problem():
    runs = suite(problems=(ProblemEntry(name="test_bowl", options={"m": 3}),), preferences=6).runs()
    assert {len(r.preference) for r in runs} == {3}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"problems": ("test_bowls",)}, r"problems: unknown problem 'test_bowls'.*'test_bowl'"),
        ({"methods": ("test_curve",)}, r"methods: unknown method 'test_curve'.*'test_curved'"),
        (
            {"methods": (MethodEntry(name="test_curved", options={"gama": 1}),)},
            r"unknown option of method 'test_curved': 'gama'.*'gamma'",
        ),
        (
            {"problems": (ProblemEntry(name="test_bowl", options={"q": 1}),)},
            r"unknown option of problem 'test_bowl': 'q'",
        ),
        (
            {"methods": (MethodEntry(name="test_straight", gammas=(1,)),)},
            r"unknown option of method 'test_straight'",
        ),
    ],
)
def test_unknown_names_are_refused_with_the_closest(changes, words):
    with pytest.raises(UnknownName, match=words):
        suite(**changes).runs()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"problems": ("test_steps",)}, "not differentiable"),
        (
            {
                "problems": (ProblemEntry(name="test_bowl", options={"floor": -2.0}),),
                "methods": ("test_logarithm",),
            },
            r"test_logarithm on test_bowl\(floor=-2\).*positive losses.*-2.*leave",
        ),
        (
            {
                "problems": (ProblemEntry(name="test_bowl", options={"floor": -2.0}),),
                "methods": (MethodEntry(name="test_curved", options={"shift": 1.5}),),
            },
            "positive losses.*`shift`",
        ),
        ({"preferences": ((0.2, 0.3, 0.5),)}, "preference 0 .*3 entries.*2 objectives"),
        ({"preferences": ((0.5, 0.5), (0.9, 0.2))}, r"preference 1 .*sums to 1\.1"),
        ({"preferences": ((1.5, -0.5),)}, r"preference 0 .*-0\.5"),
        ({"preferences": ()}, "no preference"),
        ({"preferences": 0}, "`n` must be"),
        ({"preferences": None}, "`preferences` is missing"),
        ({"budget": None}, "`budget` is missing"),
        ({"problems": (ProblemEntry(name="test_bowl", options={"n": 0}),)}, "at least 1"),
        (
            {"problems": (ProblemEntry(name="test_bowl", options={"n": "three"}),)},
            "'n' of problem 'test_bowl' must be a whole number; found 'three'",
        ),
        ({"problems": (ProblemEntry(name="test_bowl", options={"n": 2.5}),)}, "a whole number"),
        ({"problems": (ProblemEntry(name="test_bowl", options={"n": True}),)}, "a whole number"),
        (
            {"problems": (ProblemEntry(name="test_bowl", options={"kind": "square"}),)},
            "'round' or 'long'",
        ),
        (
            {"methods": (MethodEntry(name="test_curved", options={"gamma": "two"}),)},
            "'gamma' of method 'test_curved' must be a number; found 'two'",
        ),
        (
            {"methods": (MethodEntry(name="test_curved", options={"order": [1, 2.5]}),)},
            "option 'order'",
        ),
        (
            {"methods": (MethodEntry(name="test_curved", gammas=(1,), options={"gamma": 1.0}),)},
            "gammas",
        ),
        ({"methods": (MethodEntry(name="test_curved", gammas=()),)}, "gammas"),
    ],
)
def test_what_cannot_run_is_refused_at_planning(changes, words):
    with pytest.raises(BadInput, match=words):
        suite(**changes).runs()


def test_a_shift_that_suffices_is_accepted():
    runs = suite(
        problems=(ProblemEntry(name="test_bowl", options={"floor": -2.0}),),
        methods=(MethodEntry(name="test_curved", options={"shift": 2, "order": [1, 2]}),),
    ).runs()
    assert dict(runs[0].method.options) == {"shift": 2, "order": (1, 2)}


@pytest.mark.parametrize(
    "bad",
    [
        {"seeds": 0},
        {"seeds": -1},
        {"seeds": ()},
        {"seeds": (0, -1)},
        {"batch_size": 0},
        {"snapshots": 0},
        {"problems": ()},
        {"methods": ()},
        {"name": ""},
        {"name": "../up"},
    ],
)
def test_settings_outside_their_range_are_refused(bad):
    with pytest.raises(BadInput):
        suite(**bad)


def test_optimizer_settings_are_checked_where_they_stand():
    with pytest.raises(BadInput, match="lr"):
        OptimizerSettings(lr=-1.0)


@pytest.mark.parametrize(("level", "whole"), [(OptimizerSettings, Optimizer), (Suite, Settings)])
def test_every_setting_can_be_stated_on_every_level(level, whole):
    stated = {f.name for f in dataclasses.fields(level)}
    assert stated >= {f.name for f in dataclasses.fields(whole)}
    assert level.whole is whole


def test_a_suite_can_be_sent_to_another_process():
    given = suite(optimizer=OptimizerSettings(lr=0.1), snapshots=3)
    assert pickle.loads(pickle.dumps(given)) == given
