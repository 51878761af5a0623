"""No public name of a package is also the name of one of its modules: importing one would hide the other."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

import paretomtl

ROOT = Path(paretomtl.__file__).parent
PACKAGES = sorted(
    ".".join(init.parent.relative_to(ROOT.parent).parts)
    for init in ROOT.rglob("__init__.py")
    if init.parent != ROOT
)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_public_name_is_a_modules(package: str) -> None:
    module = importlib.import_module(package)
    folder = Path(str(module.__file__)).parent
    modules = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }
    for name in modules - {"__init__", "__main__"}:
        importlib.import_module(f"{package}.{name}")
        assert getattr(module, name).__name__ == f"{package}.{name}"


@pytest.mark.parametrize("package", ["methods", "problems"])
def test_no_module_hides_what_a_registry_can_do(package: str) -> None:
    """`pm.methods` is a package and a registry: a submodule called `options` would hide the registry's."""
    registry = getattr(paretomtl, package)
    modules = {found.name for found in pkgutil.iter_modules(registry.__path__)}
    able = {name for name in dir(type(registry.registry)) if not name.startswith("_")}
    assert not modules & (able | set(vars(registry.registry)))
    name = next(iter(registry))
    assert registry.options(name) == registry.registry.options(name)
