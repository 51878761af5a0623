"""ZDT5's best sets against enumeration."""

import itertools

import moocore
import numpy as np
import pytest

import paretomtl as pm


def volume(points, reference=(1.1, 1.1)):
    return moocore.hypervolume(np.asarray(points), ref=np.asarray(reference))


def test_zdt5_is_judged_by_its_31_points():
    problem = pm.problem("zdt5", normalize=False)
    points = problem.front(31).numpy()
    r = problem.reference_point.numpy()
    best = max(volume(points[list(s)], r) for s in itertools.combinations(range(31), 3))
    assert problem.best_hypervolume(3) == pytest.approx(best, rel=1e-12)
    assert problem.best_hypervolume(40) == pytest.approx(problem.best_hypervolume(), rel=1e-12)
