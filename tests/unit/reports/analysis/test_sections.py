"""The numbers of a section, against values computed by other means."""

from __future__ import annotations

import math

import numpy as np
import pytest

import paretomtl as pm
from paretomtl.sweep.spec import Choice


def test_hypervolume_share_and_distances(small, page_of):
    section = page_of(small).sections[1]
    assert section.problem == "zdt1"
    best = next(r for r in section.results if r.label == "tchebycheff")
    fronts = [
        [(a + s, b + s) for a, b in ((0.0, 1.0), (0.25, 0.5), (1.0, 0.0))] for s in (0, 0.1, 0.2)
    ]
    volumes = [pm.hypervolume(points, [1.1, 1.1]) for points in fronts]
    assert best.hypervolume.values == pytest.approx(volumes)
    assert best.hypervolume.mean == pytest.approx(np.mean(volumes))
    exact = 1.1**2 - 1 / 3
    shares = best.estimates["normalized_hypervolume"]
    assert shares.mean == pytest.approx(np.mean(volumes) / exact, rel=1e-9)
    truth = pm.problem("zdt1").front(1000)
    assert best.estimates["igd_plus"].values[1] == pytest.approx(pm.igd_plus(fronts[1], truth))
    assert [f.scores["nondominated"] for f in best.fronts] == [3, 3, 3]
    assert [f.scores["cut_off"] for f in best.fronts] == [0, 2, 2]


def test_runs_that_did_not_end_well_are_counted_and_shown(small, page_of):
    section = page_of(small).sections[1]
    mgda = next(r for r in section.results if r.label == "mgda")
    assert (mgda.ok, mgda.diverged, mgda.failed) == (0, 1, 1)
    assert mgda.hypervolume.values == (0.0, 0.0)
    assert mgda.estimates["igd_plus"].mean == math.inf
    assert section.results[-1] is mgda
    assert {(u.status, u.reason, u.seed) for u in section.unfinished} == {
        ("diverged", "step 7", 0),
        ("failed", "crash", 1),
    }
    assert "mgda 2 of 2" in " ".join(section.alerts)
    assert page_of(small).n_unfinished == 2


def test_ok_with_infinite_losses_is_not_ok(record, front, section_of):
    section = section_of([*front([(0.0, 1.0), (1.0, 0.0)]), record((math.inf, 0.0), seed=0)])
    (result,) = section.results
    assert (result.ok, result.diverged) == (2, 1)
    assert "not finite" in section.unfinished[0].reason


def test_runs_missing_from_the_store_are_named(front, section_of):
    complete = front([(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)])
    partial = front([(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)], method="mgda")[:2]
    section = section_of([*complete, *partial])
    assert {r.label: r.absent for r in section.results} == {"linear": 0, "mgda": 1}
    assert "mgda 1" in " ".join(section.alerts)


def test_several_settings_of_one_problem_are_sections_that_say_so(front, page_of):
    points = [(0.0, 1.0), (1.0, 0.0)]
    found = page_of(
        [*front(points), *front(points, optimizer="sgd"), *front(points, steps=200)]
    ).sections
    assert len(found) == 3
    assert all(section.repeated for section in found)
    assert {s.title for s in found} == {
        "zdt1 (adam, 100 steps)",
        "zdt1 (adam, 200 steps)",
        "zdt1 (sgd, 100 steps)",
    }
    assert len({section.slug for section in found}) == 3


def test_learning_rates_belong_to_the_method(front, page_of):
    points = [(0.0, 1.0), (1.0, 0.0)]
    (section,) = page_of(
        [*front(points, lr=0.1), *front(points, lr=0.01), *front(points, method="mgda")]
    ).sections
    assert {r.label for r in section.results} == {"linear, lr 0.1", "linear, lr 0.01", "mgda"}


def test_more_than_the_best_possible_is_refused_not_shown(front, section_of):
    section = section_of(front([(0.0, 0.0), (0.1, 0.1)]))
    (result,) = section.results
    assert math.isnan(result.hypervolume.mean)
    assert "not a result" in " ".join(section.alerts)


def test_slugs_never_collide(front, page_of):
    points = [(0.0, 1.0), (1.0, 0.0)]
    records = [
        *front(points, problem="x"),
        *front(points, problem="x", steps=200),
        *front(points, problem="X"),
        *front(points, problem="x-2"),
        *front(points, problem="%"),
    ]
    slugs = [section.slug for section in page_of(records).sections]
    assert len(set(slugs)) == 5


def test_validation_losses_that_are_not_finite_are_not_compared(record, section_of):
    digits = Choice.of("multi_digits", {"width": 6})
    runs = [
        record((0.5, 0.9), problem=digits, preference=(1.0, 0.0), validation=(math.nan, 0.1)),
        record((0.9, 0.5), problem=digits, preference=(0.0, 1.0), validation=(0.1, 0.1)),
    ]
    section = section_of(runs)
    assert section.splits == ()
    assert section.results[0].ok == 2
