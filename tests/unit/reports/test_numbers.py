"""What the report says, against values computed by other means."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest
from paretomtl_reports.contents import score_table
from paretomtl_reports.grouping import anchored_task, group
from paretomtl_reports.model import Page, Section
from paretomtl_reports.numbers import estimate_text, number, percent
from paretomtl_reports.statistics import estimate, half_widths, ranks
from paretomtl_reports.summary import page
from paretomtl_reports.tables import Column, Placed, Table, to_csv, to_markdown

import paretomtl as pm
from paretomtl.sweep.spec import Choice


def made(records, **how) -> Page:
    return page(records, title="Test", **how)


def only(records) -> Section:
    (section,) = made(records).sections
    return section


def test_the_interval_is_students():
    found = estimate([1.0, 2.0, 4.0])
    assert found.mean == pytest.approx(7 / 3)
    assert found.n == 3
    # t(0.975, 2) = 4.30265272975, s = sqrt(7/3)
    assert found.half_width == pytest.approx(4.302652729749464 * math.sqrt(7 / 3) / math.sqrt(3))


@pytest.mark.parametrize("values", [[], [math.nan], [2.0], [1.0, math.inf]])
def test_no_interval_without_two_finite_values(values):
    assert math.isnan(estimate(values).half_width)


def test_infinite_and_missing_values_are_told_apart():
    assert estimate([1.0, math.inf]).mean == math.inf
    assert estimate([1.0, math.nan]).mean == 1.0
    assert estimate([1.0, math.nan]).n == 1
    assert math.isnan(estimate([]).mean)


def test_half_widths_take_columns():
    values = np.array([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0]])
    assert half_widths(values) == pytest.approx([estimate([1, 2, 4]).half_width, 0.0])
    assert np.isnan(half_widths(values[:1])).all()


def test_ranks_share_ties_and_leave_out_the_unknown():
    assert ranks([0.1, 0.9, 0.5]) == [3, 1, 2]
    assert ranks([0.5, 0.5 + 1e-13, 0.9, 0.1]) == [2.5, 2.5, 1, 4]
    assert ranks([0.5, math.nan, 0.9])[::2] == [2, 1]
    assert math.isnan(ranks([0.5, math.nan])[1])
    assert ranks([]) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.55211559, "0.5521"), (math.nan, "–"), (math.inf, "∞"), (12.0, "12"), (1.5e-7, "1.50e-07")],
)
def test_numbers_are_readable(value, text):
    assert number(value) == text


def test_the_interval_decides_the_digits_of_the_mean():
    assert estimate_text(estimate([0.5, 0.51, 0.52])) == "0.510 ± 0.025"
    assert estimate_text(estimate([3.0, 3.0])) == "3 ± 0"
    assert estimate_text(estimate([0.5])) == "0.5"
    assert percent(0.9973) == "99.73 %"


def test_hypervolume_share_and_distances(small):
    section = made(small).sections[1]
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


def test_runs_that_did_not_end_well_are_counted_and_shown(small):
    section = made(small).sections[1]
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
    assert made(small).n_unfinished == 2


def test_ok_with_infinite_losses_is_not_ok(record, front):
    section = only([*front([(0.0, 1.0), (1.0, 0.0)]), record((math.inf, 0.0), seed=0)])
    (result,) = section.results
    assert (result.ok, result.diverged) == (2, 1)
    assert "not finite" in section.unfinished[0].reason


def test_runs_missing_from_the_store_are_named(front):
    complete = front([(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)])
    partial = front([(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)], method="mgda")[:2]
    section = only([*complete, *partial])
    assert {r.label: r.absent for r in section.results} == {"linear": 0, "mgda": 1}
    assert "mgda 1" in " ".join(section.alerts)


def test_the_curve_ends_at_the_front_and_starts_at_the_start(small):
    for section in made(small).sections:
        for result in section.results:
            if not result.ok:
                assert result.curve is None
                continue
            final = [front.scores["hypervolume"] for front in result.fronts]
            assert result.curve.hypervolume[:, -1] == pytest.approx(final)
            assert result.curve.steps.tolist() == [0, 10, 100]
            assert (result.curve.hypervolume[:, 0] == 0).all()


def test_curves_of_different_lengths_hold_their_last_value(record):
    short = record((0.5, 0.5), preference=(1.0, 0.0), steps=50)
    long = record((0.2, 0.8), preference=(0.0, 1.0), steps=50)
    object.__setattr__(long.outcome, "steps", np.array([0, 20, 80]))
    (result,) = only([short, long]).results
    assert result.curve.steps.tolist() == [0, 5, 20, 50, 80]
    last = pm.hypervolume([(0.5, 0.5), (0.2, 0.8)], [1.1, 1.1])
    assert result.curve.hypervolume[0, -1] == pytest.approx(last)


def test_several_settings_of_one_problem_are_sections_that_say_so(front):
    points = [(0.0, 1.0), (1.0, 0.0)]
    found = made(
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


def test_learning_rates_belong_to_the_method(front):
    points = [(0.0, 1.0), (1.0, 0.0)]
    (section,) = made(
        [*front(points, lr=0.1), *front(points, lr=0.01), *front(points, method="mgda")]
    ).sections
    assert {r.label for r in section.results} == {"linear, lr 0.1", "linear, lr 0.01", "mgda"}


def test_mean_ranks_use_the_problems_that_everyone_ran_on(front):
    good, bad = [(0.0, 1.0), (1.0, 0.0), (0.5, 0.8)], [(0.9, 0.9)]
    records = [
        *front(good, method="a"),
        *front(bad, method="b"),
        *front(bad, method="c"),
        *front(good, method="c", problem="zdt2"),
    ]
    found = made(records)
    standing = {s.label: s for s in found.standings}
    assert found.ranked == ("zdt1",)
    assert standing["a"].mean_rank == 1
    assert standing["b"].mean_rank == standing["c"].mean_rank == 2.5
    assert standing["c"].wins == 1
    assert math.isnan(standing["a"].ranks[1])


def test_without_a_common_problem_there_is_no_mean_rank(front):
    points = [(0.0, 1.0), (1.0, 0.0)]
    found = made([*front(points, method="a"), *front(points, method="b", problem="zdt2")])
    assert found.ranked == ()
    assert all(math.isnan(s.mean_rank) for s in found.standings)


def test_more_than_the_best_possible_is_refused_not_shown(front):
    section = only(front([(0.0, 0.0), (0.1, 0.1)]))
    (result,) = section.results
    assert math.isnan(result.hypervolume.mean)
    assert "not a result" in " ".join(section.alerts)


def test_an_absent_problem_degrades_with_a_note(front):
    section = only(front([(0.0, 1.0), (1.0, 0.0)], problem="from_another_package"))
    assert section.facts.judge is None
    assert "from_another_package" in section.facts.missing
    assert math.isnan(section.results[0].hypervolume.mean)
    assert section.results[0].fronts[0].nondominated.tolist() == [True, True]
    assert "could not be constructed" in section.alerts[0]


def test_a_problem_that_changed_its_objectives_degrades_with_a_note(record):
    section = only([record((0.1, 0.2, 0.3), problem="zdt1")])
    assert "now has 2 objectives, the records have 3" in section.facts.missing


def test_anchors_trade_off_and_splits_of_a_neural_problem(small):
    section = made(small).sections[0]
    assert section.facts.neural
    first, second = section.anchors
    assert first.losses[0].mean == pytest.approx(0.21)
    assert second.losses[1].mean == pytest.approx(0.31)
    assert first.seeds == (0, 1, 2)
    found = section.trade_off
    assert found.label == "linear"
    assert found.span == pytest.approx((2.4 - 0.21, 2.4 - 0.31))
    # The point (0.9, 0.8) against the single-task losses of its seed, worst task, averaged.
    assert found.shortfall == pytest.approx(
        np.mean([max(0.9 - a, 0.8 - a - 0.1) for a in (0.2, 0.21, 0.22)])
    )
    assert found.noise == pytest.approx((0.0, 0.0))
    assert found.real is True
    linear = next(s for s in section.splits if s.label == "linear")
    assert linear.gap[0].mean == pytest.approx(0.05)
    assert linear.validation_hypervolume.mean > linear.test_hypervolume.mean
    assert (linear.chosen, linear.lost) == (9, 0)


def test_equal_networks_show_no_trade_off(record):
    records = [
        record(
            (0.5 + 0.01 * ((seed * 7 + k * 3) % 5), 0.5 + 0.01 * ((seed * 3 + k * 7) % 5)),
            problem=Choice.of("multi_digits", {"width": 64}),
            preference=(k / 4, 1 - k / 4),
            seed=seed,
            validation=(0.5, 0.5),
        )
        for seed in range(3)
        for k in range(5)
    ]
    assert only(records).trade_off.real is False
    assert only([r for r in records if r.spec.seed == 0]).trade_off.real is None


def test_anchors_are_all_weight_on_one_task(record):
    assert anchored_task(record((1, 1, 1), preference=(0.0, 1.0, 0.0)).spec) == 1
    assert anchored_task(record((1, 1, 1), preference=(0.5, 0.5, 0.0)).spec) is None
    assert anchored_task(record((1, 1), preference=(1.0, 0.0), method="mgda").spec) is None


def test_methods_that_coincide_are_called_one_result(front):
    points = [(0.0, 1.0), (0.5, 0.6), (1.0, 0.0)]
    section = only([*front(points, method="upgrad"), *front(points, method="pcgrad")])
    said = " ".join(section.notes)
    assert "one result, not two" in said
    assert "same direction" in said
    other = only([*front(points, method="upgrad"), *front(points[::-1], method="mgda")])
    assert "one result" not in " ".join(other.notes)


def test_a_ranking_that_hangs_on_the_reference_point_says_so(front):
    ends, middle = [(0.0, 1.0), (1.0, 0.0)], [(0.25, 0.5), (0.3, 0.46), (0.2, 0.56)]
    section = only([*front(ends, method="a"), *front(middle, method="b")])
    near = [r.estimates["hypervolume"].mean for r in section.results]
    far = [r.estimates["sensitivity_hypervolume"].mean for r in section.results]
    assert (np.diff(near) * np.diff(far) < 0).all()
    assert "depends on the reference point" in " ".join(section.notes)


def test_losses_before_training_are_said_beside_what_theory_says(small):
    (section,) = (s for s in made(small).sections if s.facts.neural)
    first = [r.outcome.losses["test"][0] for r in small if r.spec.problem.name == "multi_digits"]
    np.testing.assert_allclose(section.initial, np.mean(first, axis=0))
    assert section.facts.initial == pytest.approx([math.log(10)] * 2)
    said = f"losses are {section.initial[0]:.3g}, {section.initial[1]:.3g} (mean over all networks)"
    (note,) = (n for n in section.notes if "Before training" in n)
    assert said in note
    assert note.endswith("in theory, for outputs of zero, 2.3, 2.3.")


def test_order_of_records_changes_nothing(small):
    assert repr(group(small)) == repr(group(small[::-1]))


def test_csv_has_full_precision_and_markdown_is_readable(small):
    table = score_table(made(small).sections[1])
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    best = next(r for r in rows if r["method"] == "tchebycheff")
    expected = estimate(
        [
            pm.hypervolume([(a + s, b + s) for a, b in ((0, 1), (0.25, 0.5), (1, 0))], [1.1, 1.1])
            for s in (0, 0.1, 0.2)
        ]
    )
    assert float(best["hypervolume"]) == pytest.approx(expected.mean, rel=1e-15)
    assert float(best["hypervolume_ci95_half_width"]) == pytest.approx(expected.half_width)
    assert best["hypervolume_n"] == "3"
    shown = to_markdown(table)
    assert f"| tchebycheff | {estimate_text(expected)} | 3 |" in shown


def test_markdown_and_csv_survive_hostile_text():
    table = Table(
        subject="A|B",
        slug="x",
        caption="c",
        columns=(Column(key="a,b", title="T", kind="text"), Column(key="p", title="P")),
        rows=(('x|y"\\', Placed(0.5, math.nan)),),
    )
    assert list(csv.reader(io.StringIO(to_csv(table)))) == [
        ["a,b", "p", "p_rank"],
        ['x|y"\\', "0.5", ""],
    ]
    assert "x\\|y" in to_markdown(table)


def test_tables_beside_the_page_agree_with_it(built: Path):
    rows = list(csv.DictReader(io.StringIO((built / "tables" / "summary.csv").read_text())))
    assert {r["method"] for r in rows} == {"tchebycheff", "linear", "mgda"}
    points = list(csv.DictReader(io.StringIO((built / "tables" / "zdt1-points.csv").read_text())))
    assert len(points) == 15
    assert sum(float(r["f1"]) < 0.001 for r in points) == 1


def test_budgets_that_print_alike_stay_apart(front):
    points = [(0.0, 1.0), (1.0, 0.0)]
    found = made([*front(points, steps=12345678), *front(points, steps=12345679)]).sections
    assert [s.setting for s in found] == ["adam, 12345678 steps", "adam, 12345679 steps"]


def test_slugs_never_collide(front):
    points = [(0.0, 1.0), (1.0, 0.0)]
    records = [
        *front(points, problem="x"),
        *front(points, problem="x", steps=200),
        *front(points, problem="X"),
        *front(points, problem="x-2"),
        *front(points, problem="%"),
    ]
    slugs = [section.slug for section in made(records).sections]
    assert len(set(slugs)) == 5


def test_a_foreign_problem_that_fails_in_its_own_way_degrades_with_a_note(front, monkeypatch):
    from paretomtl_reports import facts

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(facts, "problem", broken)
    section = only(front([(0.0, 1.0), (1.0, 0.0)]))
    assert section.facts.missing == "ZeroDivisionError: oops"


def test_validation_losses_that_are_not_finite_are_not_compared(record):
    digits = Choice.of("multi_digits", {"width": 6})
    runs = [
        record((0.5, 0.9), problem=digits, preference=(1.0, 0.0), validation=(math.nan, 0.1)),
        record((0.9, 0.5), problem=digits, preference=(0.0, 1.0), validation=(0.1, 0.1)),
    ]
    section = only(runs)
    assert section.splits == ()
    assert section.results[0].ok == 2


def test_an_absent_problem_still_shows_what_needs_no_facts(front):
    section = only(front([(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)], problem="from_another_package"))
    table = score_table(section)
    assert [c.key for c in table.columns] == [
        *("method", "seeds", "nondominated", "diverged", "failed", "runs")
    ]
    assert table.rows[0][2].mean == 2
