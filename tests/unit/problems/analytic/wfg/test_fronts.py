"""The pieces of WFG2's front."""

import torch
from paretomtl_problems.analytic.wfg import transforms as wfg
from paretomtl_problems.analytic.wfg.fronts import disconnected_pieces


def test_wfg2_pieces_are_where_the_last_objective_is_a_new_minimum():
    grid = torch.linspace(0, 1, 200_001, dtype=torch.float64)
    value = wfg.disconnected(grid)
    record = value <= value.cummin(0).values
    pieces = torch.tensor(disconnected_pieces(), dtype=torch.float64)
    inside = ((grid[:, None] >= pieces[:, 0]) & (grid[:, None] <= pieces[:, 1])).any(-1)
    assert len(pieces) == 6
    assert (record != inside).sum() <= 12  # the ends of the pieces fall between grid points
