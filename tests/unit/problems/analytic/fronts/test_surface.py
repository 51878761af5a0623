"""Even points of the cube and of surfaces, and Jacobians row by row."""

import math

import torch
from paretomtl_problems.analytic.fronts.surface import even_points, even_surface, jacobian


def test_every_beginning_is_spread_evenly():
    points = even_points(4096, 2)
    assert torch.equal(even_points(100, 2), points[:100])
    for n in (64, 512, 4096):
        counts = torch.histc(points[:n, 0] * 8 // 1 * 8 + points[:n, 1] * 8 // 1, 64, 0, 63)
        assert float((counts - n / 64).abs().max()) <= 2 + 0.05 * n / 64


def test_points_are_thinned_to_the_area():
    """On `(u^2, v)` the density of u^2 is even, where that of u is not."""

    def point(u):
        return torch.cat((u[..., :1].square(), u[..., 1:], torch.zeros_like(u[..., :1])), -1)

    f = even_surface(point, 2, 4000)
    assert f.shape == (4000, 3)
    share = float((f[:, 0] < 0.25).double().mean())
    assert abs(share - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 4000)


def test_what_does_not_hold_is_left_out():
    f = even_surface(lambda u: u, 2, 100, holds=lambda u: (u.sum(-1) < 1).double())
    assert bool((f.sum(-1) < 1).all())


def test_the_jacobian_is_that_of_each_row():
    matrix = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], dtype=torch.float64)
    u = torch.tensor([[0.1, 0.2], [0.3, 0.5]], dtype=torch.float64)
    found = jacobian(lambda v: v.square() @ matrix.T, u)
    torch.testing.assert_close(found, matrix * (2 * u)[:, None])
