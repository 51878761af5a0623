"""Hypervolumes of ten points after 500 steps, no lower than LibMOON's: `benchmarks/side_by_side/front_hypervolumes.py`."""

import csv
import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "side_by_side"
spec = importlib.util.spec_from_file_location(
    "front_hypervolumes", BENCHMARKS / "front_hypervolumes.py"
)
assert spec is not None
assert spec.loader is not None
fronts = importlib.util.module_from_spec(spec)
sys.modules["front_hypervolumes"] = fronts  # its dataclasses look their module up
spec.loader.exec_module(fronts)

QUICK = {("linear", "vlmop1"), ("tchebycheff", "zdt1"), ("smooth_tchebycheff", "zdt2")}
"""Cells that every run of the tests looks at; a method that reads losses takes a second."""


@pytest.mark.parametrize(
    ("method", "problem"),
    [
        pytest.param(m, p, marks=() if (m, p) in QUICK else pytest.mark.slow)
        for m in fronts.SETTINGS
        for p in fronts.PROBLEMS
    ],
)
def test_ten_points_reach_what_libmoon_reaches(method: str, problem: str) -> None:
    cell = fronts.run(method, problem)
    assert cell.points > 0
    assert cell.ours > 0
    assert cell.reached, f"{cell.ours:.4f} is below {cell.libmoon}"


def test_every_cell_of_the_table_is_in_the_committed_result_and_reached() -> None:
    with (BENCHMARKS / "front_hypervolumes.csv").open() as file:
        rows = {(row["method"], row["problem"]): row for row in csv.DictReader(file)}
    assert set(rows) == {(m, p) for m in fronts.LIBMOON for p in fronts.PROBLEMS}
    for (method, problem), row in rows.items():
        peer = fronts.LIBMOON[method][list(fronts.PROBLEMS).index(problem)]
        assert row["libmoon"] == ("" if peer is None else f"{peer:.3f}")
        assert row["reached"] == "yes"
        assert peer is None or round(float(row["hypervolume"]), 3) >= peer
        assert float(row["hypervolume"]) <= float(row["best"]) + 1e-4


def test_a_lower_value_does_not_count_as_reached() -> None:
    assert not fronts.Cell("linear", "zdt1", 0.7334, 10, 0.734, 0.8).reached
    assert fronts.Cell("linear", "zdt1", 0.7335, 10, 0.734, 0.8).reached
    assert fronts.Cell("mgda", "dtlz2", 0.1, 10, None, 0.8).reached


def test_normalized_re21_is_re21_in_other_units() -> None:
    problem, raw = fronts.PROBLEMS["re21"], fronts.re21()
    lower, upper = problem.bounds
    x = (lower + upper) / 2
    back = problem.objectives(x) * problem.unit + problem.origin
    assert ((back - raw.objectives(x)).abs() <= 1e-12 * raw.objectives(x)).all()
    share = (raw.nadir - raw.ideal) / problem.unit
    assert share.tolist() == pytest.approx([0.5, 1.0], rel=1e-4)
    assert problem.best_hypervolume(10) == pytest.approx(1.0241, abs=1e-4)
