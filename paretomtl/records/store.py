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
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from paretomtl.errors import BadInput, StoreError
from paretomtl.records.files import Unusable, format_of, read_table, record_files, visible_names
from paretomtl.records.layout import SCHEMA, decode, is_flat, rebuild, to_table
from paretomtl.records.publish import publish, remove_stale
from paretomtl.records.record import RECORD_VERSION, Record
from paretomtl.sweep.spec import RunSpec

log = logging.getLogger(__name__)

MARKER = "_store.json"
ASIDE = "_set_aside"


class SetAside(NamedTuple):
    """A file that could not be used: its name, why, and where it lies now (None: left in place)."""

    name: str
    reason: str
    moved_to: Path | None


class _Place(NamedTuple):
    file: str
    row: int
    status: str


class Store:
    """The runs kept in one directory. Reading needs no lock; nothing is ever changed or deleted.

    Of several records of one key the first written that was carried out ("ok" or "diverged") stands;
    a "failed" one stands only while there is no other.

    Args:
        path: The directory; it is made by the first `append` or `create`.

    Attributes:
        set_aside: Files found unusable so far: truncated, damaged, or not ours.

    Raises:
        StoreError: The path is a file, or a directory that holds other things and no records.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser()
        self.set_aside: list[SetAside] = []
        self._heads: dict[str, list[tuple[str, str]]] = {}
        self._skipped: set[str] = set()
        self._check()

    def __repr__(self) -> str:
        return f"<store {str(self.path)!r}>"

    def create(self) -> None:
        """Make the directory if need be, and make sure that records can be written to it.

        Raises:
            StoreError: It cannot be made or written to.
        """
        self._check()
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
        return {key: place.status for key, place in self._index().items()}

    def keys(self) -> set[str]:
        """Return the keys of all runs; reads two columns of the files that are new to this object."""
        return set(self._index())

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
        for table in self._standing(keys):
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
        table = pa.concat_tables([SCHEMA.empty_table(), *self._standing(None)])
        names: list[str] = table.column_names
        flat = table.select([name for name in names if is_flat(table.schema.field(name).type)])
        columns: dict[str, Any] = dict(flat.to_pandas().items())
        for name in names:
            if name not in columns:
                columns[name] = pd.Series(decode(table.column(name)), dtype=object)
        return pd.DataFrame(columns, columns=names)

    def _check(self) -> None:
        try:
            unfit = _unfit(self.path)
        except OSError as error:
            raise StoreError(f"the store {str(self.path)!r} cannot be read: {error}.") from error
        if unfit:
            raise StoreError(unfit)

    def _require(self) -> None:
        if not self.path.exists():
            raise StoreError(
                f"there is no store at {str(self.path)!r}; `paretomtl run SUITE --store "
                f"{self.path}` makes one."
            )

    def _files(self) -> list[str]:
        try:
            return [f.name for f in record_files(self.path) if f.name not in self._skipped]
        except OSError as error:
            raise StoreError(f"the store {str(self.path)!r} cannot be read: {error}.") from error

    def _index(self) -> dict[str, _Place]:
        """Say for every key where the record lies that stands for it."""
        index: dict[str, _Place] = {}
        for name in self._files():
            if name not in self._heads:
                table = self._read(name, ["key", "status"])
                if table is None:
                    continue
                columns = (table.column(c).to_pylist() for c in ("key", "status"))
                self._heads[name] = list(zip(*columns, strict=True))
            for row, (key, status) in enumerate(self._heads[name]):
                standing = index.get(key)
                if standing is None or (standing.status == "failed" != status):
                    index[key] = _Place(name, row, status)
        return index

    def _standing(self, keys: Iterable[str] | None) -> Iterator[Any]:
        """Yield, file by file, tables of the records that stand for the keys."""
        index = self._index()
        wanted = set(index if keys is None else keys)
        rows: dict[str, list[int]] = {}
        for key, place in index.items():
            if key in wanted:
                rows.setdefault(place.file, []).append(place.row)
        for name in sorted(rows):
            table = self._read(name)
            if table is None:  # set aside just now; another file may hold some of its runs
                yield from self._standing(wanted)
                return
            table = table.take(sorted(rows[name]))
            wanted.difference_update(table.column("key").to_pylist())
            yield table

    def _read(self, name: str, columns: Sequence[str] | None = None) -> Any:
        """Return a file's table in the current format, or None after setting the file aside."""
        try:
            return read_table(self.path / name, columns)
        except FileNotFoundError:  # another process has set it aside in the meantime
            return None
        except Unusable as error:
            return self._put_aside(name, str(error), move=error.for_good)

    def _put_aside(self, name: str, reason: str, *, move: bool = True) -> None:
        """Name a file that cannot be used, and move it out of the readers' way where possible."""
        self._skipped.add(name)
        self._heads.pop(name, None)
        target = self.path / ASIDE / name
        moved: Path | None = None
        if move:
            try:
                target.parent.mkdir(exist_ok=True)
                if target.exists():  # what was set aside before is not ours to overwrite
                    target = target.with_stem(f"{target.stem}-{os.urandom(4).hex()}")
                moved = (self.path / name).rename(target)
            except FileNotFoundError:
                return
            except OSError as error:
                log.debug("could not move %s: %s", name, error)
        where = f"moved to {moved}" if moved else "left in place and ignored"
        log.warning("%s is not usable (%s); %s.", self.path / name, reason, where)
        self.set_aside.append(SetAside(name, reason, moved))


def open_store(path: str | os.PathLike[str]) -> Store:
    """Return the store at `path`; nothing is written before the first record.

    Raises:
        StoreError: The path is a file, or a directory that holds other things and no records.
    """
    return Store(path)


def _unfit(path: Path) -> str:
    """Say why a path cannot be a store, if it cannot."""
    if not path.exists():
        return ""
    if not path.is_dir():
        return (
            f"a store is a directory; {str(path)!r} is a file. "
            "Name a directory, new or with records."
        )
    others = visible_names(path)
    if not others or (path / MARKER).exists():
        return ""
    if any(format_of(file) is not None for file in record_files(path)):
        return ""
    return (
        f"{str(path)!r} holds other files ({others[0]!r}, ...) and no records. "
        "Name an empty or new directory, or a store."
    )


def _unwritable(path: Path, error: OSError, *, lost: int = 0) -> StoreError:
    what = f"the store {str(path)!r} cannot be written to: {error.strerror or error}."
    kept = f" {lost} runs were not stored; those stored before are untouched." if lost else ""
    return StoreError(f"{what}{kept} Make room or name another directory, then run again.")
