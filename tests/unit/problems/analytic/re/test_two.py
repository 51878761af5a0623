"""RE21 to RE25: lists of admissible values, and RE21's closed form."""

import pytest
import torch
from paretomtl_problems.analytic.re.two import STEEL_AREAS, WIRE_DIAMETERS

import paretomtl as pm


@pytest.mark.parametrize(("values", "count"), [(STEEL_AREAS, 76), (WIRE_DIAMETERS, 42)])
def test_admissible_values_ascend(values, count):
    assert len(values) == count
    assert list(values) == sorted(values)


def test_re21_equals_its_closed_form():
    """The truss is separable: with a multiplier k, x = (sqrt k, sqrt 2k, sqrt 2, sqrt 2k) in the box.

    (Volume and displacement both rise with x3.) An oracle for the script that makes all the files.
    """
    problem = pm.problem("re21")
    k = torch.linspace(-0.8, 3.0, 400_001, dtype=torch.float64).exp()
    least = torch.full_like(k, 2.0).sqrt()
    x = torch.stack((k.sqrt(), (2 * k).sqrt(), least, (2 * k).sqrt()), -1)
    curve = problem.objectives(x.clamp(*problem.bounds))
    f1, place = curve[:, 0].unique(return_inverse=True)
    f2 = torch.zeros_like(f1).scatter(0, place, curve[:, 1])
    stored = problem.front(1000)
    right = torch.searchsorted(f1, stored[:, 0].contiguous()).clamp(1, len(f1) - 1)
    share = (stored[:, 0] - f1[right - 1]) / (f1[right] - f1[right - 1])
    expected = torch.lerp(f2[right - 1], f2[right], share)
    span = problem.nadir - problem.ideal
    assert ((stored[:, 1] - expected) / span[1]).abs().max() < 1e-9
    torch.testing.assert_close(problem.ideal, torch.stack((f1[0], f2[-1])))
    torch.testing.assert_close(problem.nadir, torch.stack((f1[-1], f2[0])))
    r = problem.reference_point
    volume = torch.trapezoid(r[1] - f2, f1) + (r[0] - f1[-1]) * (r[1] - f2[-1])
    assert problem.best_hypervolume() == pytest.approx(float(volume), rel=1e-5)
