"""What can be wrong with a method's answers to one case: every function returns it in words, or ""."""

from __future__ import annotations

from paretomtl.testing.faults import answers, lanes, meaning, repeatability
from paretomtl.testing.faults.subject import Subject
from paretomtl.testing.faults.subject import given as given


class Faults(Subject):
    """The faults that a method is searched for, each a function of a case."""

    shapes = answers.shapes
    finite = answers.finite
    precision = answers.precision
    compiled = answers.compiled
    alone = lanes.alone
    place = lanes.place
    neighbors = lanes.neighbors
    repeats = repeatability.repeats
    draws = repeatability.draws
    untouched = repeatability.untouched
    uniform = meaning.uniform
    heeded = meaning.heeded
    unit_sums = meaning.unit_sums
    gradient = meaning.gradient
    gramian_alone = meaning.gramian_alone
