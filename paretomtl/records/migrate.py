"""Files of older formats made current; files of newer formats refused with advice."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paretomtl.errors import StoreError
from paretomtl.records.record import RECORD_VERSION

MIGRATIONS: dict[int, Callable[[Any], Any]] = {}
"""Format version -> how a table of that version becomes one of the next. Version 1 is the first."""


def check_version(found: int, *, file: str) -> None:
    """Refuse a file whose format this package cannot read.

    Raises:
        StoreError: The file is newer than this package, or older than the oldest known format.
    """
    if found > RECORD_VERSION:
        raise StoreError(
            f"{file} was written in record format {found}, newer than format {RECORD_VERSION} that "
            "this paretomtl reads. Upgrade it with: pip install --upgrade paretomtl"
        )
    missing = [v for v in range(found, RECORD_VERSION) if v not in MIGRATIONS]
    if missing:
        raise StoreError(
            f"{file} was written in record format {found}; expected one between "
            f"{min([*MIGRATIONS, RECORD_VERSION])} and {RECORD_VERSION}."
        )


def migrate(table: Any, version: int) -> Any:
    """Return the table in the current format: every step from `version` on is applied in turn."""
    for step in range(version, RECORD_VERSION):
        table = MIGRATIONS[step](table)
    return table
