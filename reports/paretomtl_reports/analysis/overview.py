"""From the records of a store to the numbers of its whole page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from paretomtl.records.record import Record
from paretomtl_reports.analysis.grouping import group_records, printable
from paretomtl_reports.analysis.model import Page
from paretomtl_reports.analysis.sections import analyze
from paretomtl_reports.analysis.standings import rank_entries


def analyze_records(records: Sequence[Record], *, title: str, warnings: Sequence[str] = ()) -> Page:
    """Turn records into the numbers of a report.

    Args:
        records: In any order; the page depends on their contents alone.
        title: Heading of the report.
        warnings: What went wrong while reading the store.
    """
    found = analyze(group_records(records))
    unfinished = sum(len(section.unfinished) for section in found)
    standings, ranked = rank_entries(found)
    return Page(
        title=printable(title),
        sections=found,
        standings=standings,
        ranked=ranked,
        provenance=_provenance(records),
        n_runs=len(records),
        n_unfinished=unfinished,
        warnings=tuple(map(printable, warnings)),
    )


def _provenance(records: Sequence[Record]) -> tuple[tuple[str, str], ...]:
    """Collect the distinct values of the records; nothing is read from this machine or its clock."""
    if not records:
        return ()
    provenances = [record.provenance for record in records]
    started = sorted(p.started for p in provenances)
    rows = [
        (title, ", ".join(sorted({str(getattr(p, name)) or "unknown" for p in provenances})))
        for title, name in (
            ("paretomtl", "package"),
            ("Commit", "commit"),
            ("torch", "torch"),
            ("Python", "python"),
            ("Platform", "platform"),
            ("Device", "device"),
            ("Threads", "threads"),
        )
    ]
    compute = math.fsum(p.seconds / max(p.lanes, 1) for p in provenances)
    rows += [
        (
            "Runs made",
            started[0] if started[0] == started[-1] else f"{started[0]} to {started[-1]}",
        ),
        ("Compute time", f"{compute:.1f} s over all batches"),
        ("Peak memory of a batch", f"{max(p.peak_memory for p in provenances) / 2**20:.0f} MiB"),
        (
            "Records",
            f"{len(records)}, format version {', '.join(sorted({str(r.version) for r in records}))}",
        ),
    ]
    return tuple((title, printable(text)) for title, text in rows)
