"""Properties of the registered methods as they were measured, kept in `properties.json`.

`benchmarks/references/method_properties.py` writes that file by `paretomtl.testing.properties.measure`; a test
measures again and compares. Nothing in it is typed in.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources


def measured(name: str) -> dict[str, bool]:
    """Return the measured properties of a method, by name; empty where none were measured.

    They are those of the method with its default options, or those of its `example` where it has
    options without a default.

    >>> measured("linear")["reaches concave fronts"]
    False
    """
    return dict(_table().get(name, {}))


@cache
def _table() -> dict[str, dict[str, bool]]:
    text = (
        resources.files("paretomtl.methods").joinpath("properties.json").read_text(encoding="utf-8")
    )
    return json.loads(text)
