"""The pieces of fronts with gaps."""

import math

import pytest
import torch
from paretomtl_problems.analytic.fronts.pieces import new_minima


def test_new_minima_of_a_known_function():
    """A rising wave falls once; a falling one anew in every period."""
    ((start, stop),) = new_minima(lambda x: 0.1 * x - torch.sin(x), 0.0, 12.5)
    assert (start, stop) == pytest.approx((0.0, math.acos(0.1)), abs=1e-12)
    first, second = new_minima(lambda x: torch.cos(x) - 0.1 * x, 0.0, 4 * math.pi)
    minimum = math.pi + math.asin(-0.1) * -1
    assert first[1] == pytest.approx(minimum, abs=1e-12)
    assert second[1] == pytest.approx(minimum + 2 * math.pi, abs=1e-12)
    level = math.cos(minimum) - 0.1 * minimum
    assert math.cos(second[0]) - 0.1 * second[0] == pytest.approx(level, abs=1e-12)
