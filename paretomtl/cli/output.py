"""How commands speak: the flags that every command takes, tables, JSON, and where each line goes."""

from __future__ import annotations

import json as json_library
import logging
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from cyclopts import Group, Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH = 200
"""Columns of a table that goes into a file or a pipe."""

Switch: TypeAlias = Annotated[bool, Parameter(negative="", show_default=False)]
"""A flag that is off unless it is given."""


@Parameter(name="*", group=Group("Output", sort_key=99))
@dataclass(frozen=True, kw_only=True)
class Output:
    """What is printed, and how.

    Args:
        json: Print JSON alone on the standard output.
        quiet: Print results and errors alone.
        verbose: Print more: what is done and skipped.
        no_progress: Print lines in place of a progress bar; the default when not on a terminal.
        debug: Print the traceback of an error.
    """

    json: Switch = False
    quiet: Annotated[bool, Parameter(alias="-q", negative="", show_default=False)] = False
    verbose: Annotated[bool, Parameter(alias="-v", negative="", show_default=False)] = False
    no_progress: Switch = False
    debug: Switch = False

    def configure_logging(self) -> None:
        """Send this package's log to the standard error, at the level asked for."""
        level = logging.ERROR if self.quiet else logging.INFO if self.verbose else logging.WARNING
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("paretomtl: %(message)s"))
        logger = logging.getLogger("paretomtl")
        logger.handlers[:] = [handler]
        logger.setLevel(logging.DEBUG if self.debug else level)

    @property
    def bar(self) -> bool:
        """Whether a progress bar can be drawn: the standard error is a terminal and nobody objects."""
        return sys.stderr.isatty() and not (self.no_progress or self.quiet)

    def say(self, *lines: str) -> None:
        """Print lines for people: not under `--quiet`, and beside the JSON under `--json`."""
        if not self.quiet:
            (sys.stderr if self.json else sys.stdout).write("".join(f"{line}\n" for line in lines))

    def detail(self, *lines: str) -> None:
        """Print lines for people who asked for more."""
        if self.verbose:
            self.say(*lines)

    def result(self, data: Any, *lines: str) -> None:
        """Print what was asked for: `data` under `--json`, else the lines."""
        if self.json:
            text = json_library.dumps(plain(data), indent=2, allow_nan=False)
            sys.stdout.write(f"{text}\n")
        else:
            sys.stdout.write("".join(f"{line}\n" for line in lines))

    def table(
        self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, title: str = ""
    ) -> None:
        """Print rows for people, with the `columns` (key -> heading); not under `--json`."""
        if self.json:
            return
        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
        for key, heading in columns.items():
            numeric = all(isinstance(row.get(key), (int, float)) for row in rows)
            table.add_column(
                heading,
                justify="right" if numeric else "left",
                header_style="bold",
                max_width=72,
                overflow="fold",
            )
        for row in rows:
            table.add_row(*(Text(shown(row.get(key))) for key in columns))
        console().print(table)


PLAIN = Output()
"""The flags when none is given."""


def console() -> Console:
    """Return a console for the standard output; wide when that is no terminal."""
    return Console(
        file=sys.stdout, width=None if sys.stdout.isatty() else WIDTH, highlight=False, markup=False
    )


def shown(value: Any) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(v) for v in value)  # pyright: ignore[reportUnknownVariableType]
    return str(value)


def plain(value: Any) -> Any:
    """Return data that JSON can hold: NaN is null, infinities are the texts "inf" and "-inf"."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf" if value > 0 else "-inf"
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
