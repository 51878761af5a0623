"""Pages, figures and tables of a store."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from paretomtl.errors import BadInput
from paretomtl.records.record import Record
from paretomtl_reports.extras import require_extras

__all__ = ["build"]


def build(
    records: Iterable[Record] | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    title: str = "paretomtl report",
) -> Path:
    """Write a report of some records and return the path of its page.

    `out/index.html` is one self-contained file that works offline. Beside it, `out/tables` holds every
    table as CSV and Markdown, `out/figures` every figure as SVG. Nothing is trained and no data set is
    read: the numbers come from the records and from what their problems state of themselves. The same
    records, in any order, give the same bytes.

    Args:
        records: Records, or the path of a store.
        out: Directory to write to; created where it does not exist. Tables and figures of an earlier
            report in it are removed.
        title: Heading of the page.

    Raises:
        MissingExtra: The extra `report` is not installed; says what to install.
        StoreError: The store cannot be read, or `out` cannot be written.
        BadInput: `out` is a file.
    """
    require_extras()
    from paretomtl_reports.analysis.overview import analyze_records
    from paretomtl_reports.page.write import write_report

    out = Path(out)
    if out.exists() and not out.is_dir():
        raise BadInput(f"a report is written to a directory; {str(out)!r} is a file.")
    found, warnings = _read(records)
    return write_report(analyze_records(found, title=title, warnings=warnings), out)


def _read(records: Iterable[Record] | str | os.PathLike[str]) -> tuple[list[Record], list[str]]:
    if not isinstance(records, (str, os.PathLike)):
        return list(records), []
    from paretomtl.records.store import open_store

    store = open_store(records)
    found = list(store.records())
    warnings = [
        f"The file {item.name} could not be used and is left out: {item.reason}."
        for item in store.set_aside
    ]
    lost = len(store.keys()) - len(found)
    if lost:
        warnings.append(
            f"{lost} of the runs in the store were specified by another version of paretomtl and are "
            f"left out: this version would give them other keys."
        )
    return found, warnings
