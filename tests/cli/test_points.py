"""Point sets from files: every kind of file, and files that hold none."""

import json

import numpy as np
import pandas as pd
import pytest

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


@pytest.mark.parametrize("kind", ["csv", "npy", "parquet", "json", "objects", "bare"])
def test_every_kind_of_file_gives_the_same_scores(cli, files, kind):
    data = cli("score", files[kind], "--reference", "1.1,1.1", "--json").data
    # by hand: (0, 1), (0.25, 0.5), (1, 0) against (1.1, 1.1)
    assert data["hypervolume"] == pytest.approx(0.25 * 0.1 + 0.75 * 0.6 + 0.1 * 1.1)
    assert data["nondominated"] == 3
    assert data["points"] == 4
    assert data["igd"] is None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "1,2\n3,x\n", ["a.csv", "a number", "'x'"]),
        ("a.csv", "1,2\n3,4,5\n", ["a.csv", "line 2"]),
        ("a.csv", "", ["a.csv"]),
        ("a.json", "[[1, 2], [3]]", ["a.json", "one point a row"]),
        ("a.json", '[{"a": 1, "b": 2}, {"a": 1}]', ["a.json", "'b'"]),
        ("a.json", "[1, 2", ["a.json"]),
        ("a.json", "[1, 2]", ["a.json", "[2]"]),
        ("a.npy", "no array", ["a.npy"]),
        ("a.txt", "1,2", ["'.txt'", ".csv"]),
    ],
)
def test_a_file_that_holds_no_points_is_refused(cli, tmp_path, name, content, words):
    path = tmp_path / name
    path.write_text(content)
    answer = cli("score", path, "--reference", "1,1")
    assert answer.code == 2
    for word in words:
        assert word in answer.err, answer.err
