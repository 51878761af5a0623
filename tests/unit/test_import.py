"""What importing costs: nothing heavy before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import paretomtl

HEAVY = ("torch", "pandas", "scipy", "pymoo", "matplotlib", "plotly", "sklearn", "pyarrow")


def loaded_by(program: str) -> set[str]:
    """Names of the top-level modules that a fresh interpreter has loaded after `program`."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"{program}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in done.stdout.split()}


def test_import_loads_nothing_heavy() -> None:
    loaded = loaded_by("import paretomtl")
    assert "paretomtl" in loaded
    assert not loaded.intersection(HEAVY)


def test_dir_and_version_load_nothing_heavy() -> None:
    assert not loaded_by("import paretomtl as pm; dir(pm); pm.__version__").intersection(HEAVY)


@pytest.mark.parametrize("name", [n for n in paretomtl.__all__ if n != "__version__"])
def test_every_public_name_exists_and_is_documented(name: str) -> None:
    value = getattr(paretomtl, name)
    assert name in dir(paretomtl)
    assert (value.__doc__ or "").strip()


def test_public_names_do_not_depend_on_the_order_of_imports() -> None:
    """Importing the module paretomtl.problem must not hide the function pm.problem."""
    for first in (
        "paretomtl.problems.base",
        "paretomtl.methods.base",
        "paretomtl.sweep.preferences",
    ):
        program = (
            f"import {first}, paretomtl as pm\n"
            "assert callable(pm.problem) and callable(pm.method) and callable(pm.preferences)\n"
            "assert 'linear' in pm.methods and 'zdt1' in pm.problems"
        )
        assert "torch" in loaded_by(program)


def test_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'hypervolum'"):
        _ = paretomtl.hypervolum
