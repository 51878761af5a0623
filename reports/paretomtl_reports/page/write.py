"""From the page's numbers to its files: one HTML page, and beside it every table and figure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from paretomtl_reports.analysis.model import Page
from paretomtl_reports.exhibits import all_exhibits
from paretomtl_reports.page.render import render_html
from paretomtl_reports.page.report import Report


def write_report(page: Page, out: Path) -> Path:
    """Write `index.html`, `tables/` and `figures/` into `out` and return the path of the page.

    Tables and figures of an earlier report in the same place are removed first, so that none goes
    stale.
    """
    report = Report.of(page, all_exhibits())
    html = render_html(report)
    index = out / "index.html"
    _remove_earlier(index)
    for exhibit in report.shown:
        for name, content in exhibit.files.items():
            _write(out / name, content)
    _write(index, html)
    return index


def _remove_earlier(index: Path) -> None:
    """Remove the tables and figures of a report that stands here already; touch nothing else."""
    if not (index.exists() and 'content="paretomtl"' in index.read_text(encoding="utf-8")[:2000]):
        return
    for stale in (*_files(index, "tables", ("csv", "md")), *_files(index, "figures", ("svg",))):
        stale.unlink()


def _files(index: Path, folder: str, suffixes: Iterable[str]) -> list[Path]:
    return [file for suffix in suffixes for file in (index.parent / folder).glob(f"*.{suffix}")]


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8", newline="\n")
