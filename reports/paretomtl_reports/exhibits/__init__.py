"""Everything a report shows: a table or figure an object, a file for each or for a few that belong together.

A new file in this folder is found: it needs a value of type `TableExhibit` or `FigureExhibit`. The page,
its contents and the files beside it follow from this list alone.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from paretomtl_reports.exhibits.base import Exhibit

__all__ = ["exhibits"]


def exhibits() -> tuple[Exhibit[Any], ...]:
    """Return every exhibit in the order of the page.

    Raises:
        TypeError: Two exhibits have one key: they would write the same files, and the last would win.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = [e for module in modules for e in vars(module).values() if isinstance(e, Exhibit)]
    found.sort(key=lambda exhibit: (exhibit.place, exhibit.order, exhibit.key))
    keys = [exhibit.key for exhibit in found]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise TypeError(f"every exhibit has a key of its own; several have {', '.join(twice)}.")
    return tuple(found)
