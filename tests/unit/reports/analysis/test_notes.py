"""Sentences that qualify the numbers of a section."""

from __future__ import annotations

import math

import numpy as np
import pytest


def test_methods_that_coincide_are_called_one_result(front, section_of):
    points = [(0.0, 1.0), (0.5, 0.6), (1.0, 0.0)]
    section = section_of([*front(points, method="upgrad"), *front(points, method="pcgrad")])
    words = " ".join(section.notes)
    assert "one result, not two" in words
    assert "same direction" in words
    other = section_of([*front(points, method="upgrad"), *front(points[::-1], method="mgda")])
    assert "one result" not in " ".join(other.notes)


def test_a_ranking_that_hangs_on_the_reference_point_says_so(front, section_of):
    ends, middle = [(0.0, 1.0), (1.0, 0.0)], [(0.25, 0.5), (0.3, 0.46), (0.2, 0.56)]
    section = section_of([*front(ends, method="a"), *front(middle, method="b")])
    near = [r.estimates["hypervolume"].mean for r in section.results]
    far = [r.estimates["sensitivity_hypervolume"].mean for r in section.results]
    assert (np.diff(near) * np.diff(far) < 0).all()
    assert "depends on the reference point" in " ".join(section.notes)


def test_losses_before_training_are_said_beside_what_theory_says(small, page_of):
    (section,) = (s for s in page_of(small).sections if s.facts.neural)
    first = [r.outcome.losses["test"][0] for r in small if r.spec.problem.name == "multi_digits"]
    np.testing.assert_allclose(section.initial, np.mean(first, axis=0))
    assert section.facts.initial == pytest.approx([math.log(10)] * 2)
    words = (
        f"losses are {section.initial[0]:.3g}, {section.initial[1]:.3g} (mean over all networks)"
    )
    (note,) = (n for n in section.notes if "Before training" in n)
    assert words in note
    assert note.endswith("in theory, for outputs of zero, 2.3, 2.3.")
