"""Every module below the package is found, and importing it registers its problems."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import paretomtl_problems
import pytest

import paretomtl as pm

PACKAGE = Path(paretomtl_problems.__file__).parent
ANALYTIC = "paretomtl_problems.analytic"

FAMILIES = {
    f"{ANALYTIC}.classic": {"classic", "VLMOP"},
    f"{ANALYTIC}.dtlz": {"DTLZ", "MaF"},
    f"{ANALYTIC}.re": {"RE"},
    f"{ANALYTIC}.toys": {"multi-task toy"},
    f"{ANALYTIC}.uf": {"UF"},
    f"{ANALYTIC}.wfg": {"WFG"},
    f"{ANALYTIC}.zdt": {"ZDT"},
    "paretomtl_problems.neural": {"neural"},
}

OURS = {name: cls for name, cls in pm.problems.items() if cls.__module__.startswith("paretomtl_p")}

NEW = """
from dataclasses import dataclass

from paretomtl.problems.base import problems
from paretomtl_problems.analytic.zdt.zdt import ZDT1


@problems.register("a_new_one")
@dataclass(frozen=True, kw_only=True, eq=False)
class New(ZDT1):
    '''ZDT1 again.'''
"""


def module_of(file: Path) -> str:
    parts = ("paretomtl_problems", *file.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=module_of)
def test_every_file_is_imported(file: Path) -> None:
    """A folder without an `__init__.py` would be passed over: its files fail here."""
    assert module_of(file) in sys.modules


def test_every_folder_of_problems_has_its_families() -> None:
    folders = {cls.__module__.rpartition(".")[0] for cls in OURS.values()}
    assert folders == set(FAMILIES)  # fronts, for one, registers nothing


@pytest.mark.parametrize("name", OURS)
def test_the_family_on_the_card_is_that_of_the_folder(name: str) -> None:
    cls = OURS[name]
    assert cls.card.family in FAMILIES[cls.__module__.rpartition(".")[0]]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The folder that holds a copy of the package."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / PACKAGE.name, ignore=ignored)
    return tmp_path


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), str(Path(pm.__file__).parents[1])])
    return subprocess.run(
        [sys.executable, "-P", "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("folder", ["zdt", "a_new_family"])
def test_a_new_file_is_found(copy: Path, folder: str) -> None:
    family = copy / "paretomtl_problems" / "analytic" / folder
    family.mkdir(exist_ok=True)
    (family / "__init__.py").touch()
    (family / "new.py").write_text(NEW)
    done = run(copy, "import paretomtl as pm; print(pm.problems['a_new_one'].__module__)")
    assert done.stdout.strip() == f"{ANALYTIC}.{folder}.new", done.stderr


@pytest.mark.parametrize("file", ["zdt/broken.py", "zdt/__init__.py"])
def test_a_broken_module_raises_its_own_error(copy: Path, file: str) -> None:
    """An ImportError, too, that of a folder included: the walk by itself would pass over it."""
    (copy / "paretomtl_problems" / "analytic" / file).write_text("import no_such_package\n")
    done = run(
        copy,
        "import traceback, paretomtl as pm; list(pm.problems)\n"
        "(error,) = pm.problems.broken.values(); traceback.print_exception(error)",
    )
    assert done.stderr.strip().endswith("No module named 'no_such_package'")
    assert f'{file}", line 1' in done.stderr
