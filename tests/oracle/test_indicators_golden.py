"""Indicators against reference values of exact rationals, a plain oracle and moocore."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.indicators import batched_hypervolume

HERE = Path(__file__).parents[1] / "golden" / "indicators.json"
EVERYTHING = Path(__file__).parents[3] / "shared" / "golden" / "indicators.json"


def _cases() -> list[Any]:
    cases: dict[str, Any] = {}
    for source in (HERE, EVERYTHING):
        if source.exists():
            cases |= {case["id"]: case for case in json.loads(source.read_text())["cases"]}
    return [pytest.param(case, id=name) for name, case in cases.items()]


CASES = _cases()


def test_the_committed_part_is_there():
    assert len(json.loads(HERE.read_text())["cases"]) >= 40


@pytest.mark.parametrize("case", CASES)
def test_hypervolume(case):
    expected = case["oracle"].get("hv_exact", case["moocore"]["hv"])
    actual = pm.hypervolume(case["points"], case["ref_point"])
    assert actual == pytest.approx(expected, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("case", CASES)
def test_batched_hypervolume(case):
    expected = case["oracle"].get("hv_exact", case["moocore"]["hv"])
    points = torch.tensor(case["points"], dtype=torch.float64)
    actual = batched_hypervolume(points, torch.tensor(case["ref_point"], dtype=torch.float64))
    assert float(actual) == pytest.approx(expected, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("igd", "igd"),
        ("igd_plus", "igd_plus"),
        ("gd", "gd"),
        ("gd_plus", "gd_plus"),
        ("epsilon", "eps_add"),
    ],
)
@pytest.mark.parametrize("case", CASES)
def test_distances(case, name, key):
    expected = case["oracle"][key]
    actual = getattr(pm, name)(np.array(case["points"]), case["ref_set"])
    assert actual == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("case", CASES)
def test_nondominated(case):
    every = pm.nondominated(case["points"])
    first = pm.nondominated(case["points"], duplicates="first")
    assert every.tolist() == case["moocore"]["nondominated_keep_dups"]
    assert first.tolist() == case["moocore"]["nondominated_first_dup"]
