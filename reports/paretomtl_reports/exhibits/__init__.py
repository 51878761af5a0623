"""Everything a report shows: one object for each table or figure, in files by subject.

To add one, put a file with a `TableExhibit` or a `FigureExhibit` into this folder. The page, its contents
and the files beside it follow from what is found here.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from paretomtl_reports.exhibits.base import Exhibit

__all__ = ["all_exhibits"]


def all_exhibits() -> tuple[Exhibit[Any], ...]:
    """Return every exhibit in the order of the page.

    Raises:
        TypeError: Two exhibits have one key: they would write the same files, and the last would win.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    values = (value for module in modules for value in vars(module).values())
    found: list[Exhibit[Any]] = [value for value in values if isinstance(value, Exhibit)]
    found.sort(key=lambda exhibit: (exhibit.place, exhibit.order, exhibit.key))
    keys = [exhibit.key for exhibit in found]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise TypeError(f"every exhibit has a key of its own; several have {', '.join(twice)}.")
    return tuple(found)
