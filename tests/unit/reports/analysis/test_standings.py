"""Ranks over problems."""

from __future__ import annotations

import math


def test_mean_ranks_use_the_problems_that_everyone_ran_on(front, page_of):
    good, bad = [(0.0, 1.0), (1.0, 0.0), (0.5, 0.8)], [(0.9, 0.9)]
    records = [
        *front(good, method="a"),
        *front(bad, method="b"),
        *front(bad, method="c"),
        *front(good, method="c", problem="zdt2"),
    ]
    found = page_of(records)
    standing = {s.label: s for s in found.standings}
    assert found.ranked == ("zdt1",)
    assert standing["a"].mean_rank == 1
    assert standing["b"].mean_rank == standing["c"].mean_rank == 2.5
    assert standing["c"].wins == 1
    assert math.isnan(standing["a"].ranks[1])


def test_without_a_common_problem_there_is_no_mean_rank(front, page_of):
    points = [(0.0, 1.0), (1.0, 0.0)]
    found = page_of([*front(points, method="a"), *front(points, method="b", problem="zdt2")])
    assert found.ranked == ()
    assert all(math.isnan(s.mean_rank) for s in found.standings)
