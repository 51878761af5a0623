"""The ends of the pieces of Poloni's front."""

import pytest
import torch
from paretomtl_problems.analytic.classic import poloni

F64 = torch.float64


def test_the_ends_of_poloni_pieces():
    """Beyond an end the next point is dominated: by the start of the next piece, at the same f1."""
    (_, _), (_, stop), (start, _) = poloni.PIECES
    levels = poloni.least(torch.tensor([stop, start], dtype=F64))
    assert float(levels[0] - levels[1]) == pytest.approx(0, abs=1e-12)
    assert float(poloni.least(torch.tensor([stop + 1e-4], dtype=F64)) - levels[0]) > 0
    assert poloni.touches(poloni.PIECES[0][1]) == pytest.approx(0, abs=1e-12)
