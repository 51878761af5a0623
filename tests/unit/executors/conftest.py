"""A small sweep that takes a fraction of a second, and a hand on the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from paretomtl.engine import Outcome
from paretomtl.executors import batch
from paretomtl.records.store import Store, open_store
from paretomtl.sweep.settings import Budget, Optimizer
from paretomtl.sweep.spec import Choice, RunSpec


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


@pytest.fixture
def sweep() -> Callable[..., list[RunSpec]]:
    """Specs on vlmop2 of the given budgets (one batch each), two methods and two preferences."""

    def make(*steps: int, methods: Sequence[str] = ("linear", "tchebycheff")) -> list[RunSpec]:
        return [
            RunSpec(
                problem=Choice("vlmop2"),
                method=Choice(method),
                preference=(w, 1 - w),
                seed=3,
                optimizer=Optimizer(),
                budget=Budget(n),
            )
            for n in steps
            for method in methods
            for w in (0.25, 0.5)
        ]

    return make


@pytest.fixture
def on_batch(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Any], None]], None]:
    """Have a function called with the specs of each batch before the engine runs it."""
    engine = batch.run_batch

    def set_hook(hook: Callable[[Any], None]) -> None:
        def run(specs: Sequence[RunSpec], **options: Any) -> list[Outcome]:
            hook(specs)
            return engine(specs, **options)

        monkeypatch.setattr(batch, "run_batch", run)

    return set_hook
