"""The store: a directory of immutable Parquet files, one a batch of runs, one row a run.

`pandas.read_parquet(path)` and DuckDB read it without this package. Any number of processes and
machines may append at once: a file gets a unique name, is written under a hidden one, and appears
whole or not at all. Names begin with the time of writing, so their order is the order of writing.
What a reader must not take for a record begins with "_" or ".", which Arrow skips.
"""

# pyarrow ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from paretomtl.errors import BadInput, StoreError
from paretomtl.records.directory import MARKER, Directory, SetAside
from paretomtl.records.index import Index
from paretomtl.records.layout import SCHEMA, decode, is_flat, rebuild, to_table
from paretomtl.records.publish import publish, remove_stale
from paretomtl.records.record import RECORD_VERSION, Record
from paretomtl.sweep.spec import RunSpec

log = logging.getLogger(__name__)


class Store:
    """The runs kept in one directory. Reading needs no lock; nothing is ever changed or deleted.

    Of several records of one key the first written that was carried out ("ok" or "diverged") counts;
    a "failed" one counts only while there is no other.

    Args:
        path: The directory; it is made by the first `append` or `create`.

    Raises:
        StoreError: The path is a file, or a directory that holds other things and no records.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser()
        self._directory = Directory(self.path)
        self._index = Index(self._directory)
        self._directory.check()

    def __repr__(self) -> str:
        return f"<store {str(self.path)!r}>"

    @property
    def set_aside(self) -> list[SetAside]:
        """Files found unusable so far: truncated, damaged, or not ours."""
        return self._directory.set_aside

    def create(self) -> None:
        """Make the directory if it is not there, and check that records can be written to it.

        Raises:
            StoreError: It cannot be made or written to.
        """
        self._directory.check()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not os.access(self.path, os.W_OK | os.X_OK):
                raise PermissionError("the directory is read-only")
            if not (self.path / MARKER).exists():
                about = {
                    "what": "runs of paretomtl; read this directory with pandas.read_parquet",
                    "record_version": RECORD_VERSION,
                }
                publish(self.path / MARKER, json.dumps(about, indent=1).encode())
            remove_stale(self.path)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def append(self, records: Iterable[Record]) -> Path:
        """Write the records as one new file, whole or not at all, and return its path.

        Raises:
            StoreError: The directory cannot be written to or the disk is full; no partial file stays,
                and what was stored before is untouched.
            BadInput: There are no records, or one cannot be stored.
        """
        batch = list(records)
        if not batch:
            raise BadInput("a batch to store must hold at least one record; found none.")
        sink = pa.BufferOutputStream()
        pq.write_table(to_table(batch), sink, compression="zstd", write_page_checksum=True)
        self.create()
        now = datetime.now(UTC)
        path = self.path / f"{now:%Y%m%dT%H%M%S%f}-{batch[0].key[:8]}-{os.urandom(4).hex()}.parquet"
        try:
            publish(path, sink.getvalue().to_pybytes())
        except OSError as error:
            raise _unwritable(self.path, error, lost=len(batch)) from error
        return path

    def statuses(self) -> dict[str, str]:
        """Return the status of every run by its key; "failed" and "diverged" runs are done, too."""
        return {key: location.status for key, location in self._index.locations().items()}

    def keys(self) -> set[str]:
        """Return the keys of all runs; reads two columns of the files that are new to this object."""
        return set(self._index.locations())

    def missing(self, specs: Iterable[RunSpec], *, retry_failed: bool = False) -> list[RunSpec]:
        """Return those of the specs that have no record yet, in order, each once.

        Args:
            specs: What is wanted.
            retry_failed: Whether runs that failed (crashed, not diverged) are wanted again.
        """
        done = {k for k, s in self.statuses().items() if not (retry_failed and s == "failed")}
        wanted = {spec.key: spec for spec in specs}
        return [spec for key, spec in wanted.items() if key not in done]

    def records(self, keys: Iterable[str] | None = None) -> Iterator[Record]:
        """Yield the records, all or those of the keys, in the order of writing.

        Runs whose spec this version cannot rebuild under the same key are left out with a warning;
        `runs` shows them.

        Raises:
            StoreError: There is no store, or a file is of a newer format.
        """
        self._require()
        for table in self._index.tables(keys):
            for key, record in rebuild(table):
                if isinstance(record, Record) and record.key == key:
                    yield record
                else:
                    why = (
                        record if isinstance(record, BadInput) else "its key is computed otherwise"
                    )
                    log.warning("run %s was specified by another version: %s", key, why)

    def runs(self) -> pd.DataFrame:
        """Return one row a run, columns as in the files, arrays as NumPy arrays, maps as dicts.

        Raises:
            StoreError: There is no store, or a file is of a newer format.
        """
        self._require()
        table = pa.concat_tables([SCHEMA.empty_table(), *self._index.tables()])
        names: list[str] = table.column_names
        flat = table.select([name for name in names if is_flat(table.schema.field(name).type)])
        columns: dict[str, Any] = dict(flat.to_pandas().items())
        for name in names:
            if name not in columns:
                columns[name] = pd.Series(decode(table.column(name)), dtype=object)
        return pd.DataFrame(columns, columns=names)

    def _require(self) -> None:
        if not self.path.exists():
            raise StoreError(
                f"there is no store at {str(self.path)!r}; `paretomtl run SUITE --store "
                f"{self.path}` makes one."
            )


def open_store(path: str | os.PathLike[str]) -> Store:
    """Return the store at `path`; nothing is written before the first record.

    Raises:
        StoreError: The path is a file, or a directory that holds other things and no records.
    """
    return Store(path)


def _unwritable(path: Path, error: OSError, *, lost: int = 0) -> StoreError:
    what = f"the store {str(path)!r} cannot be written to: {error.strerror or error}."
    kept = f" {lost} runs were not stored; those stored before are untouched." if lost else ""
    return StoreError(f"{what}{kept} Make room or name another directory, then run again.")
