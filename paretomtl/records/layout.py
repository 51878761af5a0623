"""A record as one row of a Parquet file, and back, to the bit.

The columns are for people first: names, numbers and flat lists that pandas and DuckDB read without
this package. `spec` holds the whole spec as JSON; the columns before it repeat its parts for
selecting and grouping. Arrays of any rank (diagnostics) are a map from name to shape and values.
"""

# pyarrow ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from paretomtl.engine.outcome import Outcome
from paretomtl.errors import BadInput
from paretomtl.records.codec import spec_from_json, spec_to_json
from paretomtl.records.record import RECORD_VERSION, Provenance, Record
from paretomtl.sweep.spec import SPEC_VERSION

SPLITS = ("train", "validation", "test")
"""As in `paretomtl.problems.base`, which would import torch."""

VERSION_KEY = b"paretomtl.record_version"
"""Schema metadata: the `RECORD_VERSION` that a file was written in; a file without it is no store file."""

_floats = pa.list_(pa.float64())
_integers = pa.list_(pa.int64())
_arrays = pa.map_(pa.string(), pa.struct([("shape", _integers), ("values", _floats)]))
_figures = pa.map_(pa.string(), pa.map_(pa.string(), pa.float64()))


@dataclass(frozen=True)
class Column:
    """One column: its name, its type, and what a record puts there (None is null)."""

    name: str
    type: Any
    value: Callable[[Record], Any]


COLUMNS: tuple[Column, ...] = (
    Column("key", pa.string(), lambda r: r.key),
    Column("problem", pa.string(), lambda r: r.spec.problem.name),
    Column("problem_label", pa.string(), lambda r: r.spec.problem.label),
    Column("method", pa.string(), lambda r: r.spec.method.name),
    Column("method_label", pa.string(), lambda r: r.spec.method.label),
    Column("gamma", pa.float64(), lambda r: _gamma(r)),
    Column("preference", _floats, lambda r: r.spec.preference),
    Column("seed", pa.int64(), lambda r: r.spec.seed),
    Column("optimizer", pa.string(), lambda r: r.spec.optimizer.name),
    Column("lr", pa.float64(), lambda r: r.spec.optimizer.lr),
    Column("momentum", pa.float64(), lambda r: r.spec.optimizer.momentum),
    Column("betas", _floats, lambda r: r.spec.optimizer.betas),
    Column("eps", pa.float64(), lambda r: r.spec.optimizer.eps),
    Column("weight_decay", pa.float64(), lambda r: r.spec.optimizer.weight_decay),
    Column("budget_unit", pa.string(), lambda r: r.spec.budget.unit),
    Column("budget_amount", pa.float64(), lambda r: r.spec.budget.amount),
    Column("batch_size", pa.int64(), lambda r: r.spec.batch_size),
    Column("precision", pa.string(), lambda r: r.spec.precision),
    Column("heads", pa.string(), lambda r: r.spec.heads),
    Column("snapshots", pa.int64(), lambda r: r.spec.snapshots),
    Column("spec", pa.string(), lambda r: spec_to_json(r.spec)),
    Column("spec_version", pa.int64(), lambda r: SPEC_VERSION),
    Column("status", pa.string(), lambda r: r.outcome.status),
    Column("reason", pa.string(), lambda r: r.outcome.reason),
    *(Column(f"losses_{s}", _floats, lambda r, s=s: r.outcome.final.get(s)) for s in SPLITS),
    Column("x", _floats, lambda r: r.outcome.x),
    Column("steps", _integers, lambda r: r.outcome.steps),
    *(
        Column(f"trajectory_{s}", pa.list_(_floats), lambda r, s=s: _rows(r.outcome.losses.get(s)))
        for s in SPLITS
    ),
    Column("backward_passes", _integers, lambda r: r.outcome.backward_passes),
    Column("seconds", _floats, lambda r: r.outcome.seconds),
    Column(
        "diagnostics", _arrays, lambda r: [(k, _flat(v)) for k, v in r.outcome.diagnostics.items()]
    ),
    Column(
        "metrics", _figures, lambda r: [(k, [*v.items()]) for k, v in r.outcome.metrics.items()]
    ),
    Column("package", pa.string(), lambda r: r.provenance.package),
    Column("commit", pa.string(), lambda r: r.provenance.commit),
    Column("torch", pa.string(), lambda r: r.provenance.torch),
    Column("python", pa.string(), lambda r: r.provenance.python),
    Column("platform", pa.string(), lambda r: r.provenance.platform),
    Column("device", pa.string(), lambda r: r.provenance.device),
    Column("threads", pa.int64(), lambda r: r.provenance.threads),
    Column("started", pa.string(), lambda r: r.provenance.started),
    Column("batch_seconds", pa.float64(), lambda r: r.provenance.seconds),
    Column("lanes", pa.int64(), lambda r: r.provenance.lanes),
    Column("peak_memory", pa.int64(), lambda r: r.provenance.peak_memory),
    Column("record_version", pa.int64(), lambda r: r.version),
)

SCHEMA = pa.schema(
    [(column.name, column.type) for column in COLUMNS],
    metadata={VERSION_KEY: str(RECORD_VERSION).encode()},
)


def to_table(records: Sequence[Record]) -> Any:
    """Return the records as an Arrow table of `SCHEMA`.

    Raises:
        BadInput: A record cannot be stored: a split that is none of `SPLITS`, a seed beyond 64 bits.
    """
    for record in records:
        if unknown := set(record.outcome.losses) - set(SPLITS):
            raise BadInput(f"splits are {', '.join(SPLITS)}; found {', '.join(sorted(unknown))}.")
    try:
        arrays = [pa.array([c.value(r) for r in records], type=c.type) for c in COLUMNS]
    except (pa.ArrowInvalid, OverflowError) as error:
        raise BadInput(f"a record cannot be stored: {error}.") from error
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def rebuild(table: Any) -> Iterator[tuple[str, Record | BadInput]]:
    """Yield each row's key and its record, or what keeps its spec from being rebuilt."""
    columns = {name: decode(table.column(name)) for name in table.column_names}
    for i in range(table.num_rows):
        row = {name: values[i] for name, values in columns.items()}
        try:
            yield row["key"], _record(row)
        except BadInput as error:
            yield row["key"], error


def is_flat(kind: Any) -> bool:
    """Whether a column's type is a plain number or text, one value a row."""
    return not pa.types.is_nested(kind)


def decode(column: Any) -> list[Any]:
    """Return a column's values: lists as NumPy arrays, maps as dicts, null as None.

    A struct is an array of any rank: its shape and its values.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_map(array.type):
        names, values = array.keys.to_pylist(), decode(array.items)
        ends = array.offsets.to_pylist()
        return [dict(zip(names[a:b], values[a:b], strict=True)) for a, b in pairwise(ends)]
    if pa.types.is_struct(array.type):
        parts = zip(decode(array.field("shape")), decode(array.field("values")), strict=True)
        return [values.reshape(shape) for shape, values in parts]
    if not pa.types.is_list(array.type):
        return array.to_pylist()
    offsets = array.offsets.to_numpy()
    values = array.values
    spans = zip(offsets, offsets[1:], array.is_valid().to_pylist(), strict=False)
    if not pa.types.is_list(values.type):
        numbers = values.to_numpy(zero_copy_only=False)
        return [numbers[a:b].copy() if valid else None for a, b, valid in spans]
    inner = values.offsets.to_numpy()
    numbers = values.values.to_numpy(zero_copy_only=False)
    return [
        numbers[inner[a] : inner[b]].reshape(b - a, -1).copy() if valid else None
        for a, b, valid in spans
    ]


def _record(row: dict[str, Any]) -> Record:
    losses = {s: row[f"trajectory_{s}"] for s in SPLITS if row[f"trajectory_{s}"] is not None}
    outcome = Outcome(
        status=row["status"],
        reason=row["reason"],
        steps=row["steps"],
        losses=losses,
        x=row["x"],
        backward_passes=row["backward_passes"],
        seconds=row["seconds"],
        diagnostics=row["diagnostics"],
        metrics=row["metrics"],
    )
    provenance = Provenance(
        package=row["package"],
        commit=row["commit"],
        torch=row["torch"],
        python=row["python"],
        platform=row["platform"],
        device=row["device"],
        threads=row["threads"],
        started=row["started"],
        seconds=row["batch_seconds"],
        lanes=row["lanes"],
        peak_memory=row["peak_memory"],
    )
    spec = spec_from_json(row["spec"])
    return Record(spec=spec, outcome=outcome, provenance=provenance, version=row["record_version"])


def _gamma(record: Record) -> float | None:
    gamma = dict(record.spec.method.options).get("gamma")
    return float(gamma) if isinstance(gamma, (int, float)) and not isinstance(gamma, bool) else None


def _rows(matrix: Any) -> list[Any] | None:
    return None if matrix is None else [*np.asarray(matrix, dtype=np.float64)]


def _flat(array: Any) -> dict[str, Any]:
    values = np.asarray(array, dtype=np.float64)
    return {"shape": [*values.shape], "values": values.ravel()}
