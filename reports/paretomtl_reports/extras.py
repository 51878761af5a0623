"""The optional packages that a report needs, checked before any work is done."""

from __future__ import annotations

import importlib

from paretomtl.errors import missing_extra

NEEDED = ("jinja2", "matplotlib", "plotly")


def require_extras() -> None:
    """Check that every package of the extra `report` can be imported.

    Raises:
        MissingExtra: One cannot; the message says what to install.
    """
    for package in NEEDED:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise missing_extra("the HTML report", package=package, extra="report") from error
