"""Scripts under `benchmarks`, loaded as modules."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def load(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Load a script by its path below `benchmarks`."""

    def script(path: str) -> ModuleType:
        name = f"script_{Path(path).stem}"
        spec = importlib.util.spec_from_file_location(name, root / "benchmarks" / path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)  # its dataclasses look their module up
        spec.loader.exec_module(module)
        return module

    return script
