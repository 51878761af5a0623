"""Benchmark multi-task and multi-objective methods: sweeps of preferences as one batched program.

    import paretomtl as pm

    front = pm.trace("zdt1", "smooth_tchebycheff", preferences=100, budget=pm.Budget(steps=1000))
    front.hypervolume()

Names are loaded on first use, so that `import paretomtl` and `paretomtl --help` do not wait for torch. They
are listed once, in the stub `__init__.pyi`, where type checkers read them as well.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Any

__version__ = "0.1.0"


def _listed() -> dict[str, str]:
    """Return the module that each public name lives in."""
    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    return {name.name: str(node.module) for node in imports for name in node.names}


_HOME = _listed()

__all__ = ["__version__", *_HOME]  # noqa: PLE0604  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'paretomtl' has no attribute {name!r}")
    module = importlib.import_module(_HOME[name])
    # `methods` and `problems` are packages, which importing has bound; see `RegistryPackage`.
    return globals().setdefault(name, getattr(module, name))


def __dir__() -> list[str]:
    return sorted(__all__)
