"""Every module of the core has tests of its own, and no test file is left without its module."""

from __future__ import annotations

from pathlib import Path


def test_modules_and_test_files_correspond(root: Path) -> None:
    modules = {path.stem for path in (root / "paretomtl/aggregation").glob("[!_]*.py")}
    tests = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert tests - {"namesakes"} == modules
