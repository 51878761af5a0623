"""How every indicator is read, and what it takes to add one: a file with a function, and one entry."""

from __future__ import annotations

import json

import numpy as np
import pytest

import paretomtl as pm
from paretomtl.cli import call
from paretomtl.errors import UnknownName
from paretomtl.indicators import Indicator, PointSet, indicator, indicators, score

DISTANCES = ("igd", "igd_plus", "gd", "gd_plus", "epsilon")
POINTS = [[0.0, 1.0], [0.25, 0.5], [0.25, 0.5], [1.0, 0.0]]


def smallest_gap(s: PointSet) -> float:
    """Distance between the two nearest points of the set."""
    apart = np.linalg.norm(s.points[:, None] - s.points[None], axis=-1)
    return float(apart[np.triu_indices(len(s.points), 1)].min(initial=np.inf))


NEW = Indicator(
    name="smallest_gap",
    title="Smallest gap",
    summary="Distance between the two nearest points of the set.",
    better="higher",
    pareto_compliance="none",
    needs=(),
    unit="objective units",
    measure=smallest_gap,
    computed_by="this test",
)


def test_the_catalogue_says_how_to_read_every_indicator() -> None:
    assert {"hypervolume", *DISTANCES} <= set(indicators)
    assert all(name == entry.name for name, entry in indicators.items())
    assert indicator("hypervolume").better == "higher"
    assert indicator("hypervolume").pareto_compliance == "strict"
    assert indicator("igd").pareto_compliance == "none"
    assert indicator("igd_plus").pareto_compliance == "weak"
    assert all(indicators[name].needs == ("front",) for name in DISTANCES)
    with pytest.raises(UnknownName, match="igd_plus"):
        indicator("igd+")


@pytest.mark.parametrize("name", DISTANCES)
def test_the_entry_of_a_distance_measures_with_the_public_function_of_its_name(name: str) -> None:
    front = np.array([[0.0, 0.9], [0.9, 0.0], [0.3, 0.3]])
    points = np.array(POINTS)
    known = PointSet(points=points, reference_point=np.ones(2), front=front)
    assert indicators[name].of(known) == getattr(pm, name)(points, front)
    unknown = PointSet(points=points, reference_point=np.ones(2))
    assert np.isnan(indicators[name].of(unknown))


def test_one_entry_brings_a_new_indicator_everywhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path
) -> None:
    path = tmp_path / "points.json"
    path.write_text(json.dumps(POINTS))

    def ask(*tokens: object) -> dict:
        assert call([*map(str, tokens), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    before = ask("score", path, "--problem", "zdt1")
    monkeypatch.setitem(indicators, NEW.name, NEW)
    assert score(pm.problem("zdt1"), POINTS)["smallest_gap"] == 0.0
    assert "smallest_gap" in [row["name"] for row in ask("list", "indicators")]
    assert ask("show", "smallest_gap")["computed_by"] == "this test"
    assert ask("score", path, "--reference", "1.1,1.1")["smallest_gap"] == 0.0
    assert ask("score", path, "--problem", "zdt1") == {**before, "smallest_gap": 0.0}


def test_the_card_holds_what_can_be_printed() -> None:
    assert list(NEW.card()) == [
        *("name", "title", "summary", "better", "pareto_compliance", "needs", "unit"),
        "computed_by",
    ]
