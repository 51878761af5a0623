"""Every entry over all problems: ranks, mean ranks, first places."""

from __future__ import annotations

import math
from collections.abc import Sequence

from paretomtl_reports.analysis.model import Result, Section, Standing
from paretomtl_reports.analysis.statistics import ranks


def rank_entries(sections: Sequence[Section]) -> tuple[tuple[Standing, ...], tuple[str, ...]]:
    """Rank entries by mean hypervolume within each section, and over the sections.

    A mean rank is over the sections that rank every entry, and over no other: an entry that was run on
    the easy problems only, or against few others, would have a better mean than it deserves.

    Returns:
        One standing an entry, the best first, and the titles of the sections that rank every entry.
    """
    styles = {r.label: r.style for section in sections for r in section.results}
    by_section = [_ranks(section) for section in sections]
    complete = [
        k
        for k, ranked in enumerate(by_section)
        if not any(math.isnan(ranked.get(label, math.nan)) for label in styles)
    ]
    standings = [
        _standing(label, style, sections, by_section, complete) for label, style in styles.items()
    ]
    standings.sort(key=lambda s: (math.isnan(s.mean_rank), s.mean_rank, -s.wins, s.label))
    return tuple(standings), tuple(sections[k].title for k in complete)


def _ranks(section: Section) -> dict[str, float]:
    """The rank of each entry of a section; NaN where it has no hypervolume."""
    labels = [r.label for r in section.results]
    return dict(zip(labels, ranks([r.hypervolume.mean for r in section.results]), strict=True))


def _standing(
    label: str,
    style: int,
    sections: Sequence[Section],
    by_section: Sequence[dict[str, float]],
    complete: Sequence[int],
) -> Standing:
    results = [next((r for r in s.results if r.label == label), None) for s in sections]
    own = tuple(ranked.get(label, math.nan) for ranked in by_section)
    best = [min((p for p in r.values() if not math.isnan(p)), default=math.nan) for r in by_section]
    mean = math.fsum(own[k] for k in complete) / len(complete) if complete else math.nan
    return Standing(
        label=label,
        style=style,
        ranks=own,
        mean_rank=mean,
        values=tuple(math.nan if r is None else _value(r) for r in results),
        wins=sum(rank == first for rank, first in zip(own, best, strict=True)),
        unfinished=sum(r.diverged + r.failed for r in results if r is not None),
        runs=sum(r.n_runs for r in results if r is not None),
    )


def _value(result: Result) -> float:
    """Its hypervolume, as a share of the exact front's where that is known."""
    share = result.estimates["normalized_hypervolume"].mean
    return result.hypervolume.mean if math.isnan(share) else share
