"""The files of a store: which they are, and what one of them holds."""

# pyarrow ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from paretomtl.errors import StoreError
from paretomtl.records.layout import SCHEMA, VERSION_KEY
from paretomtl.records.migrate import check_version, migrate
from paretomtl.records.record import RECORD_VERSION


class Unusable(Exception):  # noqa: N818 - a finding about a file, which the store deals with
    """A file that cannot be read as records.

    Args:
        reason: Why, for people.
        permanent: False when the file system could not read it, which may pass.
    """

    def __init__(self, reason: str, *, permanent: bool = True) -> None:
        super().__init__(reason.strip().split("\n")[0].rstrip("."))
        self.permanent = permanent


def record_files(directory: Path) -> list[Path]:
    """Return the Parquet files that readers see, in the order of their names."""
    if not directory.exists():
        return []
    return sorted(
        f for f in directory.iterdir() if f.suffix == ".parquet" and f.name[0] not in "._"
    )


def visible_names(directory: Path) -> list[str]:
    """Return the names of everything that neither "_" nor "." hides from readers."""
    return sorted(f.name for f in directory.iterdir() if f.name[0] not in "._")


def read_table(path: Path, columns: Sequence[str] | None = None) -> Any:
    """Return a file's columns (all by default) as an Arrow table in the current format.

    Every page is checked against its checksum.

    Raises:
        Unusable: It is truncated, damaged, or no record file of ours.
        StoreError: It is of a newer format than this package reads.
        FileNotFoundError: It is gone.
    """
    names = columns or SCHEMA.names
    try:
        with path.open("rb") as file:
            parquet = pq.ParquetFile(file, page_checksum_verification=True)
            version = _version(parquet.schema_arrow.metadata)
            if version is None:
                raise Unusable("it is no record file of paretomtl")
            check_version(version, file=str(path))
            if version == RECORD_VERSION:
                table = parquet.read(columns=[n for n in names if n in parquet.schema_arrow.names])
            else:
                table = migrate(parquet.read(), version)
        absent = [name for name in names if name not in table.column_names]
        if absent:
            raise Unusable(f"it lacks the columns {', '.join(absent)}")
        return table.select(names).cast(pa.schema([SCHEMA.field(name) for name in names]))
    except (FileNotFoundError, StoreError):
        raise
    except pa.ArrowException as error:
        raise Unusable(str(error)) from error
    except OSError as error:  # of a damaged page, without an errno, or of the file system
        raise Unusable(str(error), permanent=error.errno is None) from error


def format_of(file: Path) -> int | None:
    """Return the record format that a file states; None when it is no record file."""
    try:
        return _version(pq.read_schema(file).metadata)
    except (OSError, pa.ArrowException):
        return None


def _version(metadata: dict[bytes, bytes] | None) -> int | None:
    text = (metadata or {}).get(VERSION_KEY, b"")
    return int(text) if text.isdigit() else None
