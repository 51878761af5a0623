"""Records as an engine could have made them, and their comparison to the bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from paretomtl.engine.outcome import Outcome
from paretomtl.records.record import Provenance, Record
from paretomtl.sweep.settings import Budget, Optimizer
from paretomtl.sweep.spec import Choice, RunSpec

PROVENANCE = Provenance(
    package="0.1.0",
    commit="0" * 40,
    torch="2.13.0",
    python="3.11.7",
    platform="Linux",
    device="cpu",
    threads=1,
    started="2026-01-01T00:00:00.000+00:00",
    seconds=1.5,
    lanes=4,
    peak_memory=1 << 28,
)


@pytest.fixture
def make_record() -> Callable[..., Record]:
    """Build a record of a seed; any part of spec or outcome can be given."""

    def make(seed: int = 0, *, spec: dict[str, Any] | None = None, **outcome: Any) -> Record:
        run_spec = RunSpec(
            **{
                "problem": Choice.of("vlmop2", {"n_variables": 3}),
                "method": Choice.of("power_mean", {"gamma": 2.0}),
                "preference": (0.25, 0.75),
                "seed": seed,
                "optimizer": Optimizer(),
                "budget": Budget(100),
                **(spec or {}),
            }
        )
        draw = np.random.default_rng(seed % 2**32)
        fields: dict[str, Any] = {
            "status": "ok",
            "reason": "",
            "steps": np.array([0, 10, 100]),
            "losses": {"test": draw.random((3, 2))},
            "x": draw.random(3),
            "backward_passes": np.array([0, 10, 100]),
            "seconds": draw.random(3),
            "diagnostics": {"cosine": draw.random((3, 2, 2)), "rank": np.array([1.0, np.nan, 2.0])},
            "metrics": {"test": {"accuracy": 0.5}},
            **outcome,
        }
        return Record(spec=run_spec, outcome=Outcome(**fields), provenance=PROVENANCE)

    return make


@pytest.fixture
def assert_same() -> Callable[[Record, Record], None]:
    """Compare two records: floats to the bit, everything else by value."""

    def same_array(a: Any, b: Any) -> None:
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            assert a.shape == b.shape
            assert a.tobytes() == b.tobytes()

    def same(a: Record, b: Record) -> None:
        assert a.spec == b.spec
        assert a.key == b.key
        assert a.provenance == b.provenance
        assert a.version == b.version
        x, y = a.outcome, b.outcome
        assert (x.status, x.reason) == (y.status, y.reason)
        for name in ("steps", "x", "backward_passes", "seconds"):
            same_array(getattr(x, name), getattr(y, name))
        for name in ("losses", "diagnostics"):
            ours, theirs = getattr(x, name), getattr(y, name)
            assert list(ours) == list(theirs)
            for key in ours:
                same_array(ours[key], theirs[key])
        assert repr(x.metrics) == repr(y.metrics)

    return same
