"""Benchmark multi-task and multi-objective methods: sweeps of preferences as one batched program.

    import paretomtl as pm

    front = pm.trace("zdt1", "smooth_tchebycheff", preferences=100, budget=pm.Budget(steps=1000))
    front.hypervolume()

Names are loaded on first use, so that `import paretomtl` and `paretomtl --help` do not wait for torch.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paretomtl.front import Front as Front
    from paretomtl.front import trace as trace
    from paretomtl.indicators import epsilon as epsilon
    from paretomtl.indicators import gd as gd
    from paretomtl.indicators import gd_plus as gd_plus
    from paretomtl.indicators import hypervolume as hypervolume
    from paretomtl.indicators import igd as igd
    from paretomtl.indicators import igd_plus as igd_plus
    from paretomtl.indicators import nondominated as nondominated
    from paretomtl.methods.base import method as method
    from paretomtl.methods.base import methods as methods
    from paretomtl.methods.call import aggregate as aggregate
    from paretomtl.methods.call import scalarize as scalarize
    from paretomtl.methods.call import weights as weights
    from paretomtl.problem import problem as problem
    from paretomtl.problem import problems as problems
    from paretomtl.records.store import open_store as open_store
    from paretomtl.sweep.preferences import preferences as preferences
    from paretomtl.sweep.settings import Budget as Budget
    from paretomtl.sweep.settings import Optimizer as Optimizer
    from paretomtl.sweep.settings import Stop as Stop

__version__ = "0.1.0"

_HOME = {
    "Budget": "paretomtl.sweep.settings",
    "Front": "paretomtl.front",
    "Optimizer": "paretomtl.sweep.settings",
    "Stop": "paretomtl.sweep.settings",
    "aggregate": "paretomtl.methods.call",
    "epsilon": "paretomtl.indicators",
    "gd": "paretomtl.indicators",
    "gd_plus": "paretomtl.indicators",
    "hypervolume": "paretomtl.indicators",
    "igd": "paretomtl.indicators",
    "igd_plus": "paretomtl.indicators",
    "method": "paretomtl.methods.base",
    "methods": "paretomtl.methods.base",
    "nondominated": "paretomtl.indicators",
    "open_store": "paretomtl.records.store",
    "preferences": "paretomtl.sweep.preferences",
    "problem": "paretomtl.problem",
    "problems": "paretomtl.problem",
    "scalarize": "paretomtl.methods.call",
    "trace": "paretomtl.front",
    "weights": "paretomtl.methods.call",
}
"""Public name -> the module it lives in."""

__all__ = ["__version__", *_HOME]  # noqa: PLE0604  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'paretomtl' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """Keeps `pm.methods` and `pm.problem` what they are documented to be.

    Importing the submodule `paretomtl.methods` or `paretomtl.problem` makes Python bind it as an
    attribute of the package, which would hide the public object of the same name.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
