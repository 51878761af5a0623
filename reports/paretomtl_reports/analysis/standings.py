"""Every entry over all problems: ranks, mean ranks, first places."""

from __future__ import annotations

import math
from collections.abc import Sequence

from paretomtl_reports.analysis.model import Result, Section, Standing
from paretomtl_reports.analysis.statistics import ranks


def rank_entries(found: Sequence[Section]) -> tuple[tuple[Standing, ...], tuple[str, ...]]:
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
                runs=sum(r.n_runs for r in mine if r is not None),
            )
        )
    standings.sort(key=lambda s: (math.isnan(s.mean_rank), s.mean_rank, -s.wins, s.label))
    return tuple(standings), tuple(found[k].title for k in complete)


def _value(result: Result) -> float:
    share = result.estimates["normalized_hypervolume"].mean
    return result.hypervolume.mean if math.isnan(share) else share
