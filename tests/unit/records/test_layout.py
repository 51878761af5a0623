"""A record comes back from its row to the bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from paretomtl.errors import BadInput
from paretomtl.records.layout import COLUMNS, SPLITS, rebuild, to_table
from paretomtl.records.record import Record
from paretomtl.sweep.spec import Choice


def bits(shape: Any) -> st.SearchStrategy[Any]:
    """Doubles of every kind: normal, subnormal, infinite, and NaN with any payload."""
    return hnp.arrays(np.uint64, shape).map(lambda a: a.view(np.float64))


@st.composite
def outcomes(draw: Any) -> dict[str, Any]:
    t, m = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    names = st.text(max_size=8)
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
    splits = draw(st.lists(st.sampled_from(SPLITS), unique=True, max_size=3))
    return {
        "status": draw(st.sampled_from(["ok", "diverged", "failed"])),
        "reason": draw(st.text(max_size=20)),
        "steps": draw(hnp.arrays(np.int64, t)),
        "losses": {s: draw(bits((t, m))) for s in SPLITS if s in splits},
        "x": draw(st.none() | bits(draw(st.integers(0, 5)))),
        "backward_passes": draw(hnp.arrays(np.int64, t)),
        "seconds": draw(bits(t)),
        "diagnostics": {
            name: draw(bits(draw(shapes)))
            for name in draw(st.lists(names, unique=True, max_size=3))
        },
        "metrics": draw(
            st.dictionaries(names, st.dictionaries(names, st.floats(), max_size=3), max_size=3)
        ),
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(outcomes(), min_size=1, max_size=4))
def test_round_trip(
    parts: list[dict[str, Any]],
    make_record: Callable[..., Record],
    assert_same: Callable[[Record, Any], None],
) -> None:
    records = [make_record(i, **part) for i, part in enumerate(parts)]
    back = list(rebuild(to_table(records)))
    assert [key for key, _ in back] == [record.key for record in records]
    for record, (_, again) in zip(records, back, strict=True):
        assert_same(record, again)


def test_columns_are_named_once() -> None:
    names = [column.name for column in COLUMNS]
    assert len(set(names)) == len(names)


def test_gamma_has_its_own_column_and_is_null_where_there_is_none(
    make_record: Callable[..., Record],
) -> None:
    methods = [
        Choice.of("power_mean", {"gamma": -np.inf}),
        Choice.of("power_mean", {"gamma": 2}),
        Choice.of("linear"),
        Choice.of("odd", {"gamma": True}),
    ]
    table = to_table([make_record(spec={"method": method}) for method in methods])
    assert table.column("gamma").to_pylist() == [-np.inf, 2.0, None, None]


def test_what_has_no_place_in_a_row_is_refused(make_record: Callable[..., Record]) -> None:
    with pytest.raises(BadInput, match="holdout"):
        to_table([make_record(losses={"holdout": np.ones((3, 2))})])
    with pytest.raises(BadInput, match="cannot be stored"):
        to_table([make_record(seed=2**70, losses={})])
