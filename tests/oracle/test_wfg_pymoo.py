"""WFG1 to WFG9 against pymoo on random points, for many m, k and l."""

import numpy as np
import pytest
import torch
from pymoo.problems.many import wfg as theirs

import paretomtl as pm


@pytest.mark.parametrize("i", range(1, 10))
@pytest.mark.parametrize(
    ("m", "k", "l"), [(2, 5, 2), (2, 4, 20), (3, 4, 6), (4, 9, 2), (7, 12, 10)]
)
def test_values_equal_pymoo(i, m, k, l):  # noqa: E741 - the source's name
    ours = pm.problem(f"wfg{i}", n_objectives=m, k=k, l=l)
    peer = getattr(theirs, f"WFG{i}")(n_var=k + l, n_obj=m, k=k, l=l)
    rng = np.random.default_rng(i)
    x = rng.uniform(peer.xl, peer.xu, size=(100, k + l))
    expected = peer.evaluate(x, return_values_of=["F"])
    found = ours.objectives(torch.from_numpy(x))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-10, atol=1e-10)
