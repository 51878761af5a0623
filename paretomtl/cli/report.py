"""`paretomtl report`: from a store to a page that opens anywhere."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from paretomtl.cli.output import PLAIN, Output
from paretomtl.cli.stores import REPORTS, latest_store
from paretomtl.errors import BadInput, StoreError, missing_extra

GROUP = "paretomtl.reports"


def report_command(
    store: Path | None = None,
    *,
    out: Path | None = None,
    output: Output = PLAIN,
) -> None:
    """Build the HTML report of a store.

    Args:
        store: The store; the one under runs/ that was written to last when left out.
        out: Directory for the report; reports/out/NAME when left out.
        output: How to print.

    Raises:
        StoreError: There is no store, or it holds no runs; or some of its files could not be read: the
            report is then made from the rest before the error is raised.
    """
    from paretomtl.records.store import open_store

    if store is None:
        store = latest_store()
        output.say(f"Store: {store} (the one written to last)")
    opened = open_store(store)
    runs = len(opened.keys())
    if not store.exists():
        raise StoreError(f"there is no store at {str(store)!r}.")
    if not runs:
        raise StoreError(f"the store {str(store)!r} holds no runs yet; `paretomtl run` adds some.")
    target = out or REPORTS / store.resolve().name
    if target.exists() and not target.is_dir():
        raise BadInput(f"a report is a directory; {str(target)!r} is a file.")
    page = Path(_provider().build(store, target))
    output.result({"store": str(store), "runs": runs, "report": str(page)}, f"Report: {page}")
    if opened.set_aside:
        # The page is there, but it shows less than the store was meant to hold: a script must notice.
        names = ", ".join(f"{entry.name} ({entry.reason})" for entry in opened.set_aside)
        raise StoreError(
            f"the report leaves out what could not be read and was set aside: {names}. "
            "Run the suite again to make these runs anew, then the report."
        )


def _provider() -> Any:
    """Return the installed package that builds reports.

    Raises:
        MissingExtra: It needs a package that is not installed.
        BadInput: None is installed.
    """
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    if not points:
        raise BadInput(f"no package provides reports (entry-point group {GROUP!r}).")
    try:
        return points[0].load()
    except ModuleNotFoundError as error:
        raise missing_extra("the report", package=str(error.name), extra="report") from error
