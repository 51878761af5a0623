"""How directions become steps, lane by lane. A subclass in this package is found by its name."""

from __future__ import annotations

from collections.abc import Iterator

from paretomtl.engine.optimizers.stacked import StackedOptimizer
from paretomtl.registry import import_below
from paretomtl.sweep.settings import Optimizer

import_below(__name__)


def _all(kind: type[StackedOptimizer]) -> Iterator[type[StackedOptimizer]]:
    for derived in kind.__subclasses__():
        yield derived
        yield from _all(derived)


OPTIMIZERS = {kind.name: kind for kind in _all(StackedOptimizer)}
"""Every optimizer by the name that a spec uses."""


def optimizer_of(settings: Optimizer) -> StackedOptimizer:
    """Return the optimizer that the settings name, on stacked lanes."""
    return OPTIMIZERS[settings.name](settings)
