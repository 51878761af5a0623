"""From a report to one HTML page that works offline."""

from __future__ import annotations

import base64
import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape
from plotly.offline import (  # pyright: ignore[reportMissingTypeStubs]
    get_plotlyjs,  # pyright: ignore[reportUnknownVariableType]
)

from paretomtl_reports.analysis.model import Page
from paretomtl_reports.page.cells import table_cells
from paretomtl_reports.page.report import Report
from paretomtl_reports.style import DARK, LIGHT
from paretomtl_reports.tables.numbers import counted, vector_text

TEMPLATES = Path(__file__).parent / "templates"


def render_html(report: Report) -> str:
    """Return the page: styles, script, figures and the plotting library are all within it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["breakable"] = _breakable
    interactive = {
        shown.name: shown.figure.interactive
        for shown in report.shown
        if shown.figure is not None and shown.figure.interactive is not None
    }
    return (
        environment.get_template("report.html").render(
            page=report.page,
            report=report,
            lead=_lead(report.page),
            table_cells=table_cells,
            vector_text=vector_text,
            css=environment.get_template("style.css").render(light=LIGHT, dark=DARK),
            js=(TEMPLATES / "report.js").read_text(encoding="utf-8"),
            figures_json=_json(interactive),
            plotly=packed_plotly() if interactive else "",
        )
        + "\n"
    )


def _lead(page: Page) -> str:
    problems = len({section.problem for section in page.sections})
    methods = len(page.standings)
    sentence = (
        f"{counted(page.n_runs, 'run')} of {counted(methods, 'method')} on "
        f"{counted(problems, 'problem')}."
    )
    if page.n_unfinished:
        sentence += f" {counted(page.n_unfinished, 'run')} did not end well; the tables say which."
    return sentence


def _json(value: dict[str, Any]) -> str:
    """Return JSON that can stand inside a script element whatever text it holds.

    Autoescaping cannot help there: a script element's text is not unescaped, and `</script` within a
    label would end it.
    """
    body = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return body.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _breakable(title: str) -> Markup:
    """Let a narrow column break a heading such as `problem(option=value)` before and after signs."""
    return Markup(re.sub(r"([(,=_])", r"\1<wbr>", str(escape(title))))


@cache
def packed_plotly() -> str:
    """Return plotly's script, compressed without a time stamp, in base64."""
    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), 9, mtime=0)).decode()
