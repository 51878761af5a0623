"""What a person who installs paretomtl gets: built for real, looked into, imported from elsewhere."""

from __future__ import annotations

import configparser
import email
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGES = {
    "paretomtl": "paretomtl",
    "paretomtl_problems": "problems/paretomtl_problems",
    "paretomtl_reports": "reports/paretomtl_reports",
}


def run(*arguments: str | Path, cwd: Path, **variables: str) -> str:
    """Run the interpreter of the tests; return what it printed, or fail with all of it."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution and the wheel made from it, offline."""
    out = tmp_path_factory.mktemp("built")
    run("-P", "-m", "build", "--no-isolation", "--outdir", out, cwd=root)
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    (path,) = built.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def in_tree(root: Path) -> set[str]:
    """The files of the three packages as they should lie in a wheel."""
    files: set[str] = set()
    for package, folder in PACKAGES.items():
        for path in (root / folder).rglob("*"):
            relative = path.relative_to(root / folder)
            hidden = any(part.startswith(".") or part == "__pycache__" for part in relative.parts)
            if path.is_file() and not hidden:
                files.add(str(PurePosixPath(package, *relative.parts)))
    return files


def test_wheel_holds_three_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    info = {top for top in tops if top.endswith(".dist-info")}
    assert len(info) == 1
    assert tops - info == set(PACKAGES)


def test_wheel_holds_every_file_of_the_packages(wheel: zipfile.ZipFile, root: Path) -> None:
    """A line of .gitignore that matches a package's folder would empty it without a warning."""
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == in_tree(root)


def test_wheel_of_the_tree_equals_wheel_of_the_source_distribution(
    wheel: zipfile.ZipFile, root: Path, tmp_path: Path
) -> None:
    run("-P", "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=root)
    (path,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as direct:
        assert sorted(direct.namelist()) == sorted(wheel.namelist())


@pytest.mark.parametrize("package", PACKAGES)
def test_wheel_says_that_it_is_typed(wheel: zipfile.ZipFile, package: str) -> None:
    assert f"{package}/py.typed" in wheel.namelist()


def test_wheel_holds_suites_and_templates(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "paretomtl/suites/quickstart.toml" in names
    assert any(n.startswith("paretomtl_reports/") and n.endswith((".html", ".j2")) for n in names)


def test_wheel_holds_no_tests_and_no_compiled_leftovers(wheel: zipfile.ZipFile) -> None:
    for name in wheel.namelist():
        assert not Path(name).name.startswith(("test_", "conftest"))
        assert not name.endswith((".pyc", ".pyo", ".orig"))


def test_source_distribution_holds_what_rebuilds_and_tests_it(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    wanted = {"pyproject.toml", "README.md", "LICENSE", "Makefile", "requirements.txt"}
    assert wanted <= names
    assert "tests/unit/test_packaging.py" in names
    generated = ("reports/published/", "reports/out/", "runs/", ".asv/", ".venv", ".git/")
    assert not [name for name in names if name.startswith(generated)]


def test_entry_points(wheel: zipfile.ZipFile) -> None:
    (name,) = (n for n in wheel.namelist() if n.endswith("entry_points.txt"))
    parser = configparser.ConfigParser()
    parser.read_string(wheel.read(name).decode())
    assert {s: dict(parser[s]) for s in parser.sections()} == {
        "console_scripts": {"paretomtl": "paretomtl.cli:main"},
        "paretomtl.problems": {"builtin": "paretomtl_problems"},
        "paretomtl.reports": {"html": "paretomtl_reports"},
    }


def test_metadata(wheel: zipfile.ZipFile, project: dict[str, Any]) -> None:
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
    metadata = email.message_from_bytes(wheel.read(name))
    assert metadata["Name"] == "paretomtl"
    assert metadata["Version"] == project["version"]
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra") or []) == {"data", "report", "ray", "dev"}
    assert any(n.endswith("licenses/LICENSE") for n in wheel.namelist())


def test_wheel_works_away_from_the_checkout(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """The unpacked wheel, before everything else on the path, finds its own problems by its own door."""
    site = tmp_path / "site"
    wheel.extractall(site)
    program = """
import paretomtl as pm, pathlib, sys
zdt1 = pm.problem("zdt1")
site = pathlib.Path(sys.argv[1]).resolve()
for name in ("paretomtl", "paretomtl_problems"):
    assert site in pathlib.Path(sys.modules[name].__file__).resolve().parents, sys.modules[name]
assert not pm.problems.broken, pm.problems.broken
print(zdt1.n_objectives)
"""
    said = run("-P", "-c", program, site, cwd=tmp_path, PYTHONPATH=str(site))
    assert said.strip() == "2"


def test_one_version_everywhere(root: Path, project: dict[str, Any]) -> None:
    import paretomtl

    version = project["version"]
    assert paretomtl.__version__ == version
    assert f"\nversion: {version}\n" in (root / "CITATION.cff").read_text()
    assert f"\n## [{version}]" in (root / "CHANGELOG.md").read_text()


def requirements(root: Path) -> dict[str, Requirement]:
    lines = (root / "requirements.txt").read_text().splitlines()
    parsed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    pins = {canonicalize_name(r.name): r for r in parsed}
    assert len(pins) == len(parsed), "a package is pinned twice"
    return pins


def test_requirements_are_exact_and_portable(root: Path) -> None:
    """One version of everything; local builds such as 2.13.0+cpu exist on some indexes only."""
    for pin in requirements(root).values():
        (specifier,) = pin.specifier
        assert specifier.operator == "=="
        assert "+" not in specifier.version
        assert not specifier.version.endswith(".*")
    assert str(requirements(root)["torch"].specifier) == "==2.13.0"


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("python", ["3.11", "3.14"])
def test_requirements_cover_what_the_package_accepts(
    root: Path, project: dict[str, Any], system: str, python: str
) -> None:
    """Every dependency, of the extras that the commands need too, is pinned inside its bounds."""
    pins = requirements(root)
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *extras["data"], *extras["report"]]
    declared += [line for line in extras["dev"] if not line.startswith("paretomtl[")]
    here = {**default_environment(), "sys_platform": system, "python_version": python}
    for line in declared:
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate(here):
            continue
        pin = pins[canonicalize_name(wanted.name)]
        assert pin.marker is None or pin.marker.evaluate(here), line
        (specifier,) = pin.specifier
        assert wanted.specifier.contains(specifier.version), (line, str(pin))


def test_every_lower_bound_is_stated_and_none_is_an_upper_bound(
    project: dict[str, Any],
) -> None:
    """Caps would stop people from combining paretomtl with anything newer."""
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    for line in lines:
        wanted = Requirement(line)
        if wanted.name != "paretomtl":
            assert [s.operator for s in wanted.specifier] == [">="], line
