"""From the page's numbers to its files: one HTML page, and beside it every table and figure."""

from __future__ import annotations

import base64
import gzip
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape
from plotly.offline import (  # pyright: ignore[reportMissingTypeStubs]
    get_plotlyjs,  # pyright: ignore[reportUnknownVariableType]
)

from paretomtl_reports import contents
from paretomtl_reports.figures.canvas import Figure
from paretomtl_reports.figures.convergence import convergence_figure
from paretomtl_reports.figures.fronts import fronts_figure
from paretomtl_reports.figures.intervals import intervals_figure
from paretomtl_reports.model import Page, Section
from paretomtl_reports.numbers import half_width_text, mean_text, number
from paretomtl_reports.statistics import Estimate
from paretomtl_reports.style import DARK, LIGHT, Style
from paretomtl_reports.tables import Kind, Placed, Table, Value, plain, text, to_csv, to_markdown

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One table cell as the template prints it; the template escapes all of it."""

    text: str
    spread: str = ""
    sort: str = ""
    classes: str = ""
    style: str = ""
    swatch: str = ""
    shape: str = ""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A table with its cells."""

    table: Table
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A section with everything that is printed and drawn of it."""

    section: Section
    reference: str
    best: str
    verdict: str
    fronts: Figure | None
    intervals: Figure | None
    convergence: tuple[Figure, ...]
    scores: Shown
    indicators: Shown
    cost: Shown
    unfinished: Shown | None
    anchors: Shown | None
    splits: Shown | None
    data: tuple[Table, ...]

    @property
    def tables(self) -> list[Table]:
        """Every table that becomes a CSV and a Markdown file."""
        shown = (
            self.scores,
            self.indicators,
            self.cost,
            self.unfinished,
            self.anchors,
            self.splits,
        )
        return [s.table for s in shown if s is not None]

    @property
    def figures(self) -> list[Figure]:
        """Every figure that becomes an SVG file."""
        return [f for f in (self.fronts, self.intervals, *self.convergence) if f is not None]


def write(page: Page, out: Path) -> Path:
    """Write `index.html`, `tables/` and `figures/` into `out` and return the path of the page.

    Siblings of an earlier report in the same place are removed first, so that none goes stale.
    """
    parts = [_part(section) for section in page.sections]
    summary = _shown(contents.standings_table(page)) if page.sections else None
    tables = [*([summary.table] if summary else []), *(t for part in parts for t in part.tables)]
    figures = [figure for part in parts for figure in part.figures]
    files = {f"tables/{table.slug}.csv": to_csv(table) for table in tables}
    files |= {f"tables/{table.slug}.md": to_markdown(table) for table in tables}
    files |= {f"tables/{t.slug}.csv": to_csv(t) for part in parts for t in part.data}
    files |= {f"figures/{figure.slug}.svg": figure.svg for figure in figures}
    index = out / "index.html"
    _remove_earlier(index)
    for name, body in files.items():
        _write(out / name, body)
    _write(index, _html(page, parts, summary, figures))
    return index


def _part(section: Section) -> Part:
    judge = section.facts.judge
    convergence = (convergence_figure(section, "steps"), convergence_figure(section, "passes"))
    best = "unknown"
    if judge is not None and not math.isnan(judge.best_hypervolume):
        best = f"{judge.best_hypervolume:.6g}"
    return Part(
        section=section,
        reference="" if judge is None else ", ".join(f"{v:.4g}" for v in judge.reference_point),
        best=best,
        verdict=_verdict(section),
        fronts=fronts_figure(section),
        intervals=intervals_figure(section),
        convergence=tuple(figure for figure in convergence if figure is not None),
        scores=_shown(contents.score_table(section)),
        indicators=_shown(contents.indicator_table(section)),
        cost=_shown(contents.cost_table(section)),
        unfinished=_shown(contents.unfinished_table(section)) if section.unfinished else None,
        anchors=_shown(contents.anchor_table(section)) if section.anchors else None,
        splits=_shown(contents.splits_table(section)) if section.splits else None,
        data=(contents.point_table(section), contents.convergence_table(section)),
    )


def _verdict(section: Section) -> str:
    """Say in words whether there is a trade-off, with the numbers that say so."""
    found = section.trade_off
    if found is None:
        return ""
    names = section.facts.objective_names
    spans = ", ".join(
        f"{span:.3g} in {name}" + ("" if math.isnan(noise) else f" (seed noise {noise:.2g})")
        for name, span, noise in zip(names, found.span, found.noise, strict=True)
    )
    said = (
        f"The test front of {found.label}, the largest hypervolume here, spans {spans}, averaged over "
        f"{_count(found.seeds, 'seed')}."
    )
    if not math.isnan(found.shortfall):
        said += (
            f" Its network that comes nearest to the single-task networks on all tasks at once is "
            f"{found.shortfall:.3g} worse than they are on the task where it is worst."
        )
    if found.real is None:
        return said + " One seed cannot tell this from noise."
    rule = f"the span against {found.factor:g} standard errors"
    if not math.isnan(found.shortfall):
        rule += ", the shortfall against the seed noise"
    if found.real:
        return said + f" That is more than seeds explain ({rule}): the trade-off is real."
    return said + (
        f" That is not more than seeds explain ({rule}): these runs show no trade-off, so their "
        f"hypervolumes compare how well networks were trained, not which part of a front they reach."
    )


def _shown(table: Table) -> Shown:
    best = [table.best(i) for i in range(len(table.columns))]
    return Shown(
        table=table,
        rows=tuple(
            tuple(_cell(table, r, c, value, best=r in best[c]) for c, value in enumerate(row))
            for r, row in enumerate(table.rows)
        ),
    )


def _cell(table: Table, row: int, column: int, value: Value, *, best: bool) -> Cell:
    kind = table.columns[column].kind
    place = table.styles[row] if row < len(table.styles) else None
    look = None if place is None else Style.of(place)
    hue = "" if look is None else f"var(--hue-{look.hue})"
    classes = {"entry": ["entry"], "text": ["text"], "bar": ["bar"]}.get(kind, [])
    number_of = plain(value)
    if best:
        classes = [*classes, "best"]
    if table.columns[column].key in BAD and isinstance(number_of, float) and number_of > 0:
        classes = [*classes, "bad"]
    style = ""
    if kind == "bar" and isinstance(number_of, float):
        share = 0.0 if math.isnan(number_of) else min(max(number_of, 0.0), 1.0)
        style = f"--share: {100 * share:.2f}%; --fill: {hue or 'var(--accent)'}"
    shown, spread = _texts(value, kind)
    return Cell(
        text=shown,
        spread=spread,
        sort=_sort_key(number_of),
        classes=" ".join(classes),
        style=style,
        swatch=hue if kind == "entry" else "",
        shape="" if look is None else look.symbol.path,
    )


BAD = {"diverged", "failed", "unfinished"}
"""Columns whose every count above zero is a warning."""


def _texts(value: Value, kind: Kind) -> tuple[str, str]:
    if isinstance(value, Placed):
        return text(value.value, kind), "" if math.isnan(value.rank) else f"({number(value.rank)})"
    if isinstance(value, Estimate) and kind == "number":
        half = half_width_text(value)
        return mean_text(value), half and f"± {half}"
    if isinstance(value, Estimate) and kind != "count" and math.isfinite(value.half_width):
        return f"{100 * value.mean:.2f}", f"± {100 * value.half_width:.2f} %"
    return text(value, kind), ""


def _sort_key(value: float | str) -> str:
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return ""
    return repr(value) if math.isfinite(value) else f"{'-' * (value < 0)}Infinity"


def _html(page: Page, parts: list[Part], summary: Shown | None, figures: list[Figure]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["breakable"] = _breakable
    described = {f.slug: f.interactive for f in figures if f.interactive is not None}
    return (
        environment.get_template("report.html").render(
            page=page,
            parts=parts,
            summary=summary,
            lead=_lead(page),
            css=environment.get_template("style.css").render(light=LIGHT, dark=DARK),
            js=(TEMPLATES / "report.js").read_text(encoding="utf-8"),
            figures_json=_json(described),
            plotly=packed_plotly() if described else "",
        )
        + "\n"
    )


def _lead(page: Page) -> str:
    problems = len({section.problem for section in page.sections})
    methods = len(page.standings)
    said = (
        f"{_count(page.n_runs, 'run')} of {_count(methods, 'method')} on "
        f"{_count(problems, 'problem')}."
    )
    if page.n_unfinished:
        said += f" {_count(page.n_unfinished, 'run')} did not end well; the tables say which."
    return said


def _count(n: int, what: str) -> str:
    return f"{number(float(n))} {what}{'' if n == 1 else 's'}"


def _json(value: dict[str, Any]) -> str:
    """Return JSON that can stand inside a script element whatever it says."""
    body = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return body.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _breakable(title: str) -> Markup:
    """Let a narrow column break a heading such as `problem(option=value)` before and after signs."""
    return Markup(re.sub(r"([(,=_])", r"\1<wbr>", str(escape(title))))


@cache
def packed_plotly() -> str:
    """Return plotly's script, compressed without a time stamp, in base64."""
    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), 9, mtime=0)).decode()


def _remove_earlier(index: Path) -> None:
    """Remove the siblings of a report that stands here already; touch nothing else."""
    if not (index.exists() and 'content="paretomtl"' in index.read_text(encoding="utf-8")[:2000]):
        return
    for stale in (*_files(index, "tables", ("csv", "md")), *_files(index, "figures", ("svg",))):
        stale.unlink()


def _files(index: Path, folder: str, suffixes: Iterable[str]) -> list[Path]:
    return [file for suffix in suffixes for file in (index.parent / folder).glob(f"*.{suffix}")]


def _write(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body, encoding="utf-8", newline="\n")
