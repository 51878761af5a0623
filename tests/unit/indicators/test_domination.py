"""Non-dominated points by the definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import paretomtl as pm

SETS = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 4)),
    elements=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, 1.25]),
)


@given(SETS)
def test_nondominated_equals_the_definition(F):
    def dominates(a, b):
        return bool((a <= b).all() and (a < b).any())

    expected = [not any(dominates(a, b) for a in F) for b in F]
    assert pm.nondominated(F).tolist() == expected
    first = pm.nondominated(F, duplicates="first")
    assert sorted(map(tuple, F[first])) == sorted(set(map(tuple, F[expected])))
