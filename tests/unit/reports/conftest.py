"""Records made by hand: their losses are known, so every number of a report can be checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paretomtl.engine.outcome import Outcome
from paretomtl.records.record import Provenance, Record
from paretomtl.sweep.settings import Budget, Optimizer
from paretomtl.sweep.spec import Choice, RunSpec

PROVENANCE = Provenance(
    package="0.1.0",
    commit="abc1234",
    torch="2.13.0",
    python="3.11.7",
    platform="Linux x86_64",
    device="cpu",
    threads=1,
    started="2026-01-02T03:04:05+00:00",
    seconds=8.0,
    lanes=4,
    peak_memory=300 * 2**20,
)


def make_record(
    losses: Sequence[float],
    *,
    problem: str | Choice = "zdt1",
    method: str | Choice = "linear",
    preference: Sequence[float] | None = None,
    seed: int = 0,
    status: Any = "ok",
    reason: str = "",
    lr: float = 0.01,
    optimizer: Any = "adam",
    steps: int = 100,
    start: Sequence[float] = (3.0, 3.0),
    validation: Sequence[float] | None = None,
    passes: int = 1,
) -> Record:
    """A run that went from `start` half way to `losses`, and then there."""
    m = len(losses)
    end, begin = np.array(losses, dtype=float), np.resize(np.array(start, dtype=float), m)
    test = np.stack([begin, (begin + end) / 2, end])
    at = np.array([0, steps // 10, steps])
    splits = {"test": test}
    if validation is not None:
        splits |= {"train": test, "validation": test + np.array(validation) - end}
    return Record(
        spec=RunSpec(
            problem=problem if isinstance(problem, Choice) else Choice(problem),
            method=method if isinstance(method, Choice) else Choice(method),
            preference=tuple(preference) if preference is not None else (1.0 / m,) * m,
            seed=seed,
            optimizer=Optimizer(name=optimizer, lr=lr),
            budget=Budget(steps=steps),
        ),
        outcome=Outcome(
            status=status,
            reason=reason,
            steps=at,
            losses=splits,
            x=None,
            backward_passes=at * passes,
            seconds=at * 0.01,
        ),
        provenance=PROVENANCE,
    )


def make_front(points: Iterable[Sequence[float]], **how: Any) -> list[Record]:
    """One run a point, preferences from one task to the other."""
    rows = list(points)
    shares = np.linspace(1.0, 0.0, len(rows)) if len(rows) > 1 else [0.5]
    return [
        make_record(row, preference=(float(s), 1.0 - float(s)), **how)
        for row, s in zip(rows, shares, strict=True)
    ]


@pytest.fixture(scope="session")
def record() -> Callable[..., Record]:
    return make_record


@pytest.fixture(scope="session")
def front() -> Callable[..., list[Record]]:
    return make_front


ZDT1 = [(0.0, 1.0), (0.25, 0.5), (1.0, 0.0)]
"""Three points of the exact front f2 = 1 - sqrt(f1)."""


@pytest.fixture(scope="session")
def small() -> list[Record]:
    """Two problems, two methods, three seeds; one run diverged, one failed."""
    records: list[Record] = []
    for seed, shift in enumerate((0.0, 0.1, 0.2)):
        good = [(a + shift, b + shift) for a, b in ZDT1]
        records += make_front(good, method="tchebycheff", seed=seed)
        records += make_front([(1.0, 0.0), (0.9, 0.9)], method="linear", seed=seed, passes=2)
        digits = Choice.of("multi_digits", {"width": 6})
        for method, points in (
            ("linear", [(0.2 + shift / 10, 2.4), (0.9, 0.8), (2.4, 0.3 + shift / 10)]),
            ("mgda", [(1.2, 1.3), (1.25, 1.25), (1.3, 1.2)]),
        ):
            for row, weight in zip(points, (1.0, 0.5, 0.0), strict=True):
                records.append(
                    make_record(
                        row,
                        problem=digits,
                        method=method,
                        preference=(weight, 1 - weight),
                        seed=seed,
                        validation=[v - 0.05 for v in row],
                    )
                )
    broken = make_record((9.0, 9.0), method="mgda", status="diverged", reason="step 7")
    failed = make_record((9.0, 9.0), method="mgda", status="failed", reason="crash", seed=1)
    return [*records, broken, failed]


@pytest.fixture(scope="session")
def built(small: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of `small`: its directory."""
    from paretomtl_reports import build

    return build(small, tmp_path_factory.mktemp("report"), title="Small").parent


@pytest.fixture(scope="session")
def page_of() -> Callable[..., Any]:
    """From records to the numbers of their page."""
    from paretomtl_reports.analysis.overview import analyze_records

    return partial(analyze_records, title="Test")


@pytest.fixture(scope="session")
def section_of(page_of: Callable[..., Any]) -> Callable[..., Any]:
    """From records of one problem and setting to their section."""

    def section(records: Iterable[Record]) -> Any:
        (found,) = page_of(list(records)).sections
        return found

    return section


@pytest.fixture(scope="session")
def read_page() -> Callable[[Path], str]:
    """The page of a report's directory."""
    return lambda out: (out / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def files_in() -> Callable[[Path], dict[str, bytes]]:
    """Every file of a report's directory, by its path within."""

    def files(out: Path) -> dict[str, bytes]:
        return {
            p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()
        }

    return files


@pytest.fixture(scope="session")
def without_library() -> Callable[[str], str]:
    """A page without the packed plotly script, which is base64."""
    packed = re.compile(r'(<script type="text/plain" id="plotly">)[A-Za-z0-9+/=]*')
    return lambda html: packed.sub(r"\1", html)
