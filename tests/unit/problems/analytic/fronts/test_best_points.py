"""The best chain of candidates against enumeration."""

import itertools

import moocore
import numpy as np
import pytest
from paretomtl_problems.analytic.fronts.best_points import best_chain


def volume(points, reference=(1.1, 1.1)):
    return moocore.hypervolume(np.asarray(points), ref=np.asarray(reference))


def test_best_chain_against_enumeration():
    rng = np.random.default_rng(0)
    points = np.sort(rng.random((9, 2)), axis=0)
    points[:, 1] = points[::-1, 1]
    for n in range(1, 6):
        f1 = np.broadcast_to(points[:, 0], (n, 9))
        height = np.broadcast_to(1.1 - points[:, 1], (n, 9))
        enumerated = max(volume(points[list(s)]) for s in itertools.combinations(range(9), n))
        value, chosen = best_chain(f1, height, 1.1)
        assert value == pytest.approx(enumerated, rel=1e-12)
        assert volume(points[chosen]) == pytest.approx(enumerated, rel=1e-12)
