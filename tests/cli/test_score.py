"""`paretomtl score`: points judged by hand and by a problem's own facts."""

import json

import numpy as np
import pandas as pd
import pytest

import paretomtl as pm

POINTS = np.array([[0.0, 1.0], [0.25, 0.5], [1.0, 0.0], [0.9, 0.9]])


@pytest.fixture
def files(tmp_path):
    made = {name: tmp_path / f"points.{name}" for name in ("csv", "npy", "parquet", "json")}
    pd.DataFrame(POINTS, columns=["a", "b"]).to_csv(made["csv"], index=False)
    np.save(made["npy"], POINTS)
    pd.DataFrame(POINTS, columns=["a", "b"]).to_parquet(made["parquet"])
    made["json"].write_text(json.dumps(POINTS.tolist()))
    made["objects"] = tmp_path / "objects.json"
    made["objects"].write_text(json.dumps([{"a": a, "b": b} for a, b in POINTS.tolist()]))
    made["bare"] = tmp_path / "bare.csv"
    np.savetxt(made["bare"], POINTS, delimiter=",")
    return made


def test_a_problem_brings_its_facts(cli, files):
    data = cli("score", files["npy"], "--problem", "zdt1", "--json").data
    expected = pm.hypervolume(POINTS, [1.1, 1.1])
    assert data["hypervolume"] == pytest.approx(expected)
    best = pm.problem("zdt1").best_hypervolume()
    assert data["normalized_hypervolume"] == pytest.approx(expected / best)
    front = pm.problem("zdt1").front(1000)
    for name in ("igd", "igd_plus", "gd", "gd_plus", "epsilon"):
        assert data[name] == pytest.approx(getattr(pm, name)(POINTS, front))


def test_another_reference_point_for_a_problem(cli, files):
    data = cli("score", files["npy"], "--problem", "zdt1", "--reference", "2,2", "--json").data
    best = pm.problem("zdt1").best_hypervolume(reference_point=[2.0, 2.0])
    volume = pm.hypervolume(POINTS, [2.0, 2.0])
    assert data["hypervolume"] == pytest.approx(volume)
    assert data["normalized_hypervolume"] == pytest.approx(volume / best)


def test_a_front_from_a_file(cli, files):
    arguments = ["--reference", "1.1,1.1", "--front", files["csv"], "--json"]
    data = cli("score", files["npy"], *arguments).data
    assert data["igd"] == 0.0
    assert data["epsilon"] == 0.0


def test_rows_that_are_not_finite_are_counted_and_left_out(cli, tmp_path):
    path = tmp_path / "p.npy"
    np.save(path, np.vstack([POINTS, [[np.nan, 0.0]], [[-np.inf, 0.0]]]))
    data = cli("score", path, "--reference", "1.1,1.1", "--json").data
    assert data["nonfinite"] == 2
    assert data["hypervolume"] == pytest.approx(pm.hypervolume(POINTS, [1.1, 1.1]))


def test_equal_points_count_once_by_hand_and_by_a_problem(cli, tmp_path):
    path = tmp_path / "p.npy"
    np.save(path, np.vstack([POINTS, POINTS[:2]]))
    for source in (("--reference", "1.1,1.1"), ("--problem", "zdt1")):
        assert cli("score", path, *source, "--json").data["nondominated"] == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--reference", "--problem"]),
        (["--reference", "1,1,1"], ["2 objectives", "3"]),
        (["--reference", "1;1"], ["1.1,1.1", "'1;1'"]),
        (["--reference", "inf,1"], ["finite"]),
        (["--problem", "dtlz2"], ["2 objectives", "'dtlz2' has 3"]),
        (["--problem", "zdt11"], ["'zdt11'", "'zdt1'"]),
    ],
)
def test_what_does_not_go_with_the_points_is_refused(cli, files, arguments, words):
    answer = cli("score", files["csv"], *arguments)
    assert answer.code == 2
    for word in words:
        assert word in answer.err, answer.err
