"""Numbers of points and reference points that are refused."""

import pytest

import paretomtl as pm
from paretomtl.errors import BadInput


@pytest.mark.parametrize("n", [0, -3])
def test_a_number_of_points_that_is_not_positive(n):
    problem = pm.problem("zdt1")
    with pytest.raises(BadInput, match="at least 1"):
        problem.front(n)
    with pytest.raises(BadInput, match="at least 1"):
        problem.best_hypervolume(n)


@pytest.mark.parametrize("bad", [[1.1], [1.1, float("nan")], [1.1, 1.1, 1.1]])
def test_a_reference_point_that_is_none(bad):
    with pytest.raises(BadInput, match="2 finite numbers"):
        pm.problem("zdt1").best_hypervolume(reference_point=bad)


def test_a_reference_point_better_than_the_nadir():
    with pytest.raises(BadInput, match="no better"):
        pm.problem("dtlz2").best_hypervolume(reference_point=[0.5, 1.1, 1.1])
