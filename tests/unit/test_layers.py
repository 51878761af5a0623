"""The rooms of the house: the rule is kept by the tree, and the rule really bites."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ANALYTIC = "problems/paretomtl_problems/analytic"
LINT = "import sys; from importlinter.cli import lint_imports_command as main; sys.exit(main())"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    path = [folder, folder / "problems", folder / "reports"]
    return subprocess.run(
        [sys.executable, "-P", "-c", LINT, "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def tree(root: Path, tmp_path: Path) -> Path:
    """A copy of the sources, to plant violations in."""
    for folder in ("paretomtl", "problems", "reports/paretomtl_reports"):
        shutil.copytree(
            root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def test_layers_are_kept(tree: Path) -> None:
    done = lint(tree)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("paretomtl/methods/base.py", "import paretomtl.engine.outcome", "Layers of paretomtl"),
        ("paretomtl/errors.py", "import paretomtl.registry", "Layers of paretomtl"),
        ("paretomtl/utils.py", "", "Layers of paretomtl"),
        (
            "paretomtl/methods/base.py",
            "import paretomtl.methods.weightings.mgda",
            "Kinds of methods",
        ),
        (
            "paretomtl/methods/sets/hv_gradient.py",
            "import paretomtl.methods.aggregators.moco",
            "Kinds of methods",
        ),
        (
            "paretomtl/methods/scalarizations/linear.py",
            "import paretomtl.methods.gramian",
            "Scalarizations read",
        ),
        (
            "paretomtl/methods/weightings/mgda.py",
            "import paretomtl.methods.jacobian",
            "Weightings read",
        ),
        (
            "paretomtl/methods/aggregators/moco.py",
            "import paretomtl.methods.gramian",
            "Aggregators read",
        ),
        ("paretomtl/problems/base.py", "import paretomtl_problems", "by the door"),
        ("paretomtl/problems/base.py", "import pymoo", "pymoo and moocore"),
        ("paretomtl/errors.py", "import rich", "The CLI library"),
        (f"{ANALYTIC}/zdt/zdt.py", "import paretomtl_problems.analytic.uf.two", "Families"),
        (f"{ANALYTIC}/fronts/curve.py", "import paretomtl_problems.analytic.zdt.zdt", "Families"),
        (f"{ANALYTIC}/no_family.py", "", "Families"),
        (f"{ANALYTIC}/options.py", "import paretomtl_problems.neural", "networks know no formula"),
        (
            "reports/paretomtl_reports/analysis/model.py",
            "import paretomtl_reports.figures.svg",
            "Layers of paretomtl_reports",
        ),
    ],
)
def test_a_planted_violation_is_found(tree: Path, file: str, line: str, broken: str) -> None:
    with (tree / file).open("a") as source:
        source.write(f"\n{line}\n")
    done = lint(tree)
    assert done.returncode == 1, done.stdout + done.stderr
    verdicts = [said for said in done.stdout.splitlines() if "BROKEN" in said]
    assert any(broken in said for said in verdicts), done.stdout
