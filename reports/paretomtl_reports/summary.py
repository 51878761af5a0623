"""The whole store at a glance: standings over problems, provenance, the page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from paretomtl.records.record import Record
from paretomtl_reports.analysis import sections
from paretomtl_reports.grouping import group, printable
from paretomtl_reports.model import Page, Provenance, Result, Section, Standing
from paretomtl_reports.statistics import ranks


def page(records: Sequence[Record], *, title: str, warnings: Sequence[str] = ()) -> Page:
    """Turn records into the numbers of a report.

    Args:
        records: In any order; the page depends on their contents alone.
        title: Heading of the report.
        warnings: What went wrong while reading the store.
    """
    found = sections(group(records))
    unfinished = sum(len(section.unfinished) for section in found)
    standings, ranked = _standings(found)
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


def _standings(found: Sequence[Section]) -> tuple[tuple[Standing, ...], tuple[str, ...]]:
    """Rank by mean hypervolume within each section; mean ranks over the sections that rank everyone."""
    styles = {r.label: r.style for section in found for r in section.results}
    by_section: list[dict[str, float]] = []
    for section in found:
        placed = ranks([r.hypervolume.mean for r in section.results])
        by_section.append({r.label: p for r, p in zip(section.results, placed, strict=True)})
    complete = [
        k
        for k, placed in enumerate(by_section)
        if all(not math.isnan(placed.get(label, math.nan)) for label in styles)
    ]
    standings: list[Standing] = []
    for label, style in styles.items():
        mine = [next((r for r in s.results if r.label == label), None) for s in found]
        placed = tuple(ranks_of.get(label, math.nan) for ranks_of in by_section)
        best = [min((p for p in r.values() if p == p), default=math.nan) for r in by_section]
        standings.append(
            Standing(
                label=label,
                style=style,
                ranks=placed,
                mean_rank=(
                    math.fsum(placed[k] for k in complete) / len(complete) if complete else math.nan
                ),
                values=tuple(math.nan if r is None else _value(r) for r in mine),
                wins=sum(p == b for p, b in zip(placed, best, strict=True)),
                unfinished=sum(r.diverged + r.failed for r in mine if r is not None),
                runs=sum(r.ok + r.diverged + r.failed for r in mine if r is not None),
            )
        )
    standings.sort(key=lambda s: (math.isnan(s.mean_rank), s.mean_rank, -s.wins, s.label))
    return tuple(standings), tuple(found[k].title for k in complete)


def _value(result: Result) -> float:
    share = result.estimates["normalized_hypervolume"].mean
    return result.hypervolume.mean if math.isnan(share) else share


def _provenance(records: Sequence[Record]) -> Provenance:
    """Collect the distinct values of the records; nothing is read from this machine or its clock."""
    if not records:
        return Provenance(rows=())
    made = [record.provenance for record in records]
    started = sorted(p.started for p in made)
    rows = [
        (title, ", ".join(sorted({str(getattr(p, name)) or "unknown" for p in made})))
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
    compute = math.fsum(p.seconds / max(p.lanes, 1) for p in made)
    rows += [
        (
            "Runs made",
            started[0] if started[0] == started[-1] else f"{started[0]} to {started[-1]}",
        ),
        ("Compute time", f"{compute:.1f} s over all batches"),
        ("Peak memory of a batch", f"{max(p.peak_memory for p in made) / 2**20:.0f} MiB"),
        (
            "Records",
            f"{len(records)}, format version {', '.join(sorted({str(r.version) for r in records}))}",
        ),
    ]
    return Provenance(rows=tuple((title, printable(text)) for title, text in rows))
