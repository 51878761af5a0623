"""Where a method lies, how it is found, and what it declares by its options."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput, UnknownName
from paretomtl.methods.base import (
    Aggregator,
    LaneShapes,
    Scalarization,
    SetMethod,
    Weighting,
)

ROOMS = {
    Scalarization: "scalarizations",
    Weighting: "weightings",
    Aggregator: "aggregators",
    SetMethod: "sets",
}

NEW = '''
from dataclasses import dataclass
from paretomtl.methods.base import Card, methods
from paretomtl.methods.scalarizations.linear import Linear

@methods.register("dropped")
@dataclass(frozen=True, kw_only=True, eq=False)
class Dropped(Linear):
    """A file that nobody listed."""
'''


@pytest.mark.parametrize(
    "name", [n for n in pm.methods if pm.methods[n].__module__.startswith("paretomtl.")]
)
def test_the_type_says_in_which_room_a_method_lies(name: str) -> None:
    cls = pm.methods[name]
    rooms = [room for kind, room in ROOMS.items() if issubclass(cls, kind)]
    assert len(rooms) == 1
    assert cls.__module__.split(".")[:3] == ["paretomtl", "methods", rooms[0]]


def imported(root: Path, tmp_path: Path, file: str, text: str) -> subprocess.CompletedProcess[str]:
    """Import the methods of a copy of the package that has one more file."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "paretomtl", tmp_path / "paretomtl", ignore=ignored)
    path = tmp_path / "paretomtl/methods" / file
    path.write_text(path.read_text() + text if path.exists() else text)
    code = "from paretomtl.methods.base import methods; print('dropped' in methods)"
    return subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_new_file_in_a_room_is_found(root: Path, tmp_path: Path) -> None:
    done = imported(root, tmp_path, "scalarizations/dropped.py", NEW)
    assert done.stdout.strip() == "True", done.stderr


@pytest.mark.parametrize("file", ["sets/broken.py", "sets/__init__.py"])
@pytest.mark.parametrize("error", ["ImportError('it is broken')", "ValueError('it is broken')"])
def test_a_broken_file_raises_its_own_error(
    root: Path, tmp_path: Path, file: str, error: str
) -> None:
    done = imported(root, tmp_path, file, f"\nraise {error}\n")
    assert done.returncode == 1
    assert done.stderr.strip().endswith(": it is broken")
    assert f"methods/{file}" in done.stderr.replace(os.sep, "/")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("modo", "gamma", "weight_step"),
        ("moco", "gamma", "weight_step"),
        ("moco", "gamma_decay", "weight_step_decay"),
    ],
)
def test_an_earlier_name_of_an_option_is_refused_with_the_new_one(
    name: str, old: str, new: str
) -> None:
    with pytest.raises(UnknownName, match=f"called '{new}' now"):
        pm.method(name, **{old: 0.2})


@pytest.mark.parametrize("name", ["modo", "moco"])
def test_gammas_sweep_exponents_only(name: str) -> None:
    budget = pm.Budget(steps=1)
    with pytest.raises(BadInput, match="no option `gamma`"):
        pm.trace("zdt1", name, gammas=[0.1, 0.2], preferences=2, budget=budget, lr=0.1)


@pytest.mark.parametrize(
    ("name", "options", "declares"),
    [
        ("pcgrad", {"mode": "mean"}, {"random": False}),
        ("gradvac", {"order": "ascending"}, {"random": False}),
        ("mgda", {"normalization": "loss"}, {"reads_losses": True, "needs_positive_losses": True}),
        ("mgda", {"normalization": "l2"}, {"reads_losses": False}),
        ("moco", {"normalize": True}, {"reads_losses": True, "needs_positive_losses": True}),
        ("cr_mogm", {"weighting": "pcgrad"}, {"random": True, "reads_losses": False}),
        ("cr_mogm", {"weighting": "epo"}, {"needs_positive_losses": True, "random": False}),
        ("smooth_tchebycheff", {"form": "log_ratio"}, {"needs_positive_losses": True}),
    ],
)
def test_what_options_declare(
    name: str, options: dict[str, object], declares: dict[str, bool]
) -> None:
    method = pm.method(name, **options)
    assert {what: getattr(method, what) for what in declares} == declares
    other = dataclasses.replace(method)
    assert {what: getattr(other, what) for what in declares} == declares
    plain = pm.method(name)
    for what in declares:  # the class answers for its default options
        assert getattr(type(method), what) is getattr(plain, what)


def test_loss_shift_is_the_option_of_those_that_have_one() -> None:
    assert pm.method("log_sum", shift=2).loss_shift == 2.0
    assert pm.method("epo").loss_shift is None


def test_shapes() -> None:
    shapes = LaneShapes((2, 3), 4, n_parameters=5, dtype=torch.float32)
    assert shapes.per_task(0.5).shape == (2, 3, 4)
    assert shapes.per_task(dtype=torch.float64).dtype == torch.float64
    assert shapes.full(1.0, 7).shape == (2, 3, 7)
    assert shapes.per_parameter("moco").shape == (2, 3, 4, 5)
    assert shapes.counts().dtype == torch.int64
    with pytest.raises(BadInput, match=r"moco .* `n_parameters` is needed"):
        LaneShapes((), 2).per_parameter("moco")
