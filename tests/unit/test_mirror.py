"""Every module has unit tests at its own place, or a reason why it has none there."""

from __future__ import annotations

from pathlib import Path

COMMANDS = "a command: tests/cli runs it"
CONTRACT = "what authors of problems and methods derive from: tests/contract, and every one of them"
KIND = "a kind of method: methods/test_rooms, methods/test_call and tests/contract"
METHOD = "weights of a solver in aggregation: its tests, test_laws and tests/oracle"
SHARED = "no more than what several methods share: the tests of those"
LAW = "a part of the check of authors' work: tests/contract and tests/cli/test_check"

ALLOWED = {
    **dict.fromkeys(
        (
            f"cli/{name}"
            for name in [
                "check",
                "doctor",
                "listing",
                "output",
                "points",
                "profiling",
                "progress",
                "report",
                "run",
                "score",
                "select",
                "show",
                "status",
                "stores",
                "summary",
                "verify",
            ]
        ),
        COMMANDS,
    ),
    **dict.fromkeys(
        (
            f"methods/weightings/{name}"
            for name in [
                "aligned_mtl",
                "baselines",
                "cagrad",
                "config",
                "fairgrad",
                "grad_normalization",
                "gradvac",
                "imtl_g",
                "inverse_grad_norm",
                "krum",
                "mgda",
                "pcd",
                "pcgrad",
                "stochastic_mgda",
                "upgrad",
            ]
        ),
        METHOD,
    ),
    **dict.fromkeys(("methods/base", "problems/base"), CONTRACT),
    **dict.fromkeys(
        (
            f"methods/{name}"
            for name in ["gramian", "inputs", "jacobian", "learned", "measured", "reads"]
        ),
        KIND,
    ),
    **dict.fromkeys(
        (
            "methods/option_values",
            "methods/scalarizations/positive",
            "methods/scalarizations/term",
            "methods/signals",
            "methods/state",
        ),
        SHARED,
    ),
    **dict.fromkeys(
        (
            f"testing/{name}"
            for name in [
                "conditions",
                "faults/answers",
                "faults/meaning",
                "faults/repeatability",
                "faults/subject",
                "matrices",
                "methods",
                "problems/facts",
                "problems/inputs",
                "problems/neural_evaluation",
                "problems/neural_facts",
                "properties",
            ]
        ),
        LAW,
    ),
    "arrays": "NumPy in, NumPy out: indicators/test_points and problems/analytic/test_evaluation",
    "engine/lanes/base": "abstract: the tests of its two kinds, lanes/test_analytic and lanes/test_neural",
    "engine/optimizers/adam": "all optimizers go through one table: optimizers/test_stacked",
    "engine/optimizers/momentum": "as adam",
    "engine/outcome": "fields without behaviour: engine/test_trajectory makes them",
    "errors": "classes without behaviour; the closest names are in test_registry and tests/cli",
    "losses/temperature": "what reads it: methods/scalarizations/test_loss_statistics, tests/oracle",
    "methods/measured": "what it reads is measured again by tests/contract/test_method_properties",
    "shapes": "names of types",
}
"""Modules that have no namesake, and why."""


def test_modules_without_tests_of_their_own_are_those_listed(root: Path) -> None:
    """One that gets them leaves the list; a new one has them, or is added with its reason."""
    unit = root / "tests/unit"
    modules = {
        path.relative_to(root / "paretomtl").with_suffix("").as_posix()
        for path in (root / "paretomtl").rglob("*.py")
        if path.name != "__init__.py"
    }
    tested = {
        path.relative_to(unit).with_name(path.name.removeprefix("test_")).with_suffix("").as_posix()
        for path in unit.rglob("test_*.py")
    }
    assert {"engine/lanes/stack", "registry"} <= modules & tested
    assert sorted(modules - tested) == sorted(ALLOWED)


def test_tests_of_the_engine_lie_at_the_place_of_a_module(root: Path) -> None:
    """Here modules are many and close to each other: no file of tests is left without its own."""
    tests, engine = root / "tests/unit/engine", root / "paretomtl/engine"
    for path in tests.rglob("test_*.py"):
        own = path.relative_to(tests).with_name(path.name.removeprefix("test_"))
        assert (engine / own).is_file(), f"{path.name} has no module {own}"
