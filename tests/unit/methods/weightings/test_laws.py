"""Limits, identities and stated properties of the Gramian methods."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.methods.base import LaneShapes, Signals, method
from paretomtl.testing import matrices

LANES = 40


def draw(m, n=9, seed=0, dtype=torch.float64):
    return matrices.draw_jacobian("random", m, n, batch=(LANES,), seed=seed).to(dtype)


def weights(name, J, losses=None, preference=None, keys=None, **options):
    chosen = method(name, **options)
    signals = Signals(
        gramian=J @ J.mT,
        losses=losses,
        preference=preference,
        keys=torch.arange(len(J)) if keys is None else keys,
    )
    return chosen.step(chosen.init(LaneShapes(J.shape[:-2], J.shape[-2])), signals)[0]


def direction(name, J, **options):
    return (weights(name, J, **options).unsqueeze(-1) * J).sum(-2)


def unit(d):
    return d / d.norm(dim=-1, keepdim=True)


def close(a, b, tolerance=1e-9):
    return torch.allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("m", [1, 2, 3, 6])
def test_cagrad_of_zero_radius_is_the_mean(m):
    J = draw(m)
    assert torch.equal(direction("cagrad", J, c=0.0), direction("mean", J))


@pytest.mark.parametrize("m", [2, 3, 6])
def test_cagrad_of_a_large_radius_turns_to_mgda(m):
    J = draw(m)
    near = unit(direction("cagrad", J, c=1e7))
    assert close(near, unit(direction("mgda", J)), 1e-5)


@pytest.mark.parametrize("m", [2, 3, 6])
def test_fairgrad_limits(m):
    J = draw(m)
    assert torch.equal(weights("fairgrad", J, alpha=0.0), torch.ones(LANES, m, dtype=J.dtype))
    harmless = (J @ J.sum(-2, keepdim=True).mT > 0).all(-2).squeeze(-1)
    assert harmless.sum() >= 3
    near = weights("fairgrad", J[harmless], alpha=1e-9)
    assert close(near, torch.ones_like(near), 1e-6)
    assert torch.equal(weights("fairgrad", J, alpha=1.0), weights("nash_mtl", J, max_norm=0.0))
    assert close(weights("fairgrad", J, alpha=1 + 1e-10), weights("fairgrad", J, alpha=1.0), 1e-7)


@pytest.mark.parametrize("m", [2, 3, 6])
def test_fairgrad_of_large_alpha_is_max_min_fair(m):
    """G w -> 1 wherever w > 0: MGDA's direction."""
    J = draw(m, n=20)
    cosine = (unit(direction("fairgrad", J, alpha=50.0)) * unit(direction("mgda", J))).sum(-1)
    assert (cosine > 0.995).all()


@pytest.mark.parametrize("m", [2, 3, 6])
def test_gradvac_without_targets_is_pcgrad(m):
    J = draw(m)
    assert close(weights("gradvac", J, beta=0.0), weights("pcgrad", J))


def test_two_task_identities():
    J = draw(2)
    nash = unit(direction("nash_mtl", J))
    assert close(nash, unit(direction("imtl_g", J)))
    assert close(nash, unit(direction("config", J)))
    assert close(direction("upgrad", J), direction("pcgrad", J) / 2)
    assert close(direction("pcgrad", J, mode="mean"), direction("pcgrad", J))
    assert close(direction("pcgrad", J, mode="inplace"), direction("pcgrad", J, mode="one_sided"))


def test_nash_has_constant_length_and_ignores_row_lengths():
    J = draw(4, n=12)
    d = direction("nash_mtl", J, max_norm=0.0)
    assert close(d.norm(dim=-1), torch.full((LANES,), 2.0, dtype=J.dtype))
    g = torch.Generator().manual_seed(5)
    rows = 10 ** (3 * torch.rand(LANES, 4, 1, dtype=J.dtype, generator=g) - 3)
    assert close(direction("nash_mtl", J * rows, max_norm=0.0), d)
    assert close(direction("nash_mtl", J).norm(dim=-1), torch.ones(LANES, dtype=J.dtype))


def test_nash_preference_is_the_exponent():
    J = draw(3, n=12)
    p = torch.tensor([0.5, 0.3, 0.2], dtype=J.dtype).expand(LANES, 3)
    w = weights("nash_mtl", J, preference=p, max_norm=0.0)
    gain = (J @ (w.unsqueeze(-2) @ J).mT).squeeze(-1)
    assert close(gain * w, 3 * p)


@pytest.mark.parametrize("m", [1, 2, 3, 5, 8])
@pytest.mark.parametrize(
    ("name", "options"),
    [("upgrad", {}), ("dual_proj", {}), ("mgda", {}), ("cagrad", {"c": 1.0}), ("nash_mtl", {})],
)
def test_non_conflicting_even_for_short_rows(name, options, m):
    """No task is harmed, each measured by the cosine: rows differ by up to a million."""
    g = torch.Generator().manual_seed(m)
    J = draw(m, n=12, seed=m) * 10 ** (
        -6 * torch.rand(LANES, m, 1, dtype=torch.float64, generator=g)
    )
    d = direction(name, J, **options)
    gain = (J * d.unsqueeze(-2)).sum(-1)
    sizes = (weights(name, J, **options).abs() * J.norm(dim=-1)).sum(-1, keepdim=True)
    assert (gain >= -1e-13 * J.norm(dim=-1) * sizes).all()
    if name != "mgda":
        cosine = gain / (J.norm(dim=-1) * d.norm(dim=-1, keepdim=True))
        assert (cosine >= -1e-6).all()


@pytest.mark.parametrize("name", ["upgrad", "config", "mean", "sum"])
def test_linear_under_scaling(name):
    g = torch.Generator().manual_seed(1)
    J = draw(4, n=12)
    a, b = (torch.rand(LANES, 4, 1, dtype=J.dtype, generator=g) for _ in range(2))
    mixed = direction(name, (2 * a + 3 * b) * J)
    assert close(mixed, 2 * direction(name, a * J) + 3 * direction(name, b * J), 1e-8)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mgda", {}),
        ("upgrad", {}),
        ("dual_proj", {}),
        ("cagrad", {}),
        ("fairgrad", {"alpha": 2.0}),
        ("nash_mtl", {}),
        ("imtl_g", {}),
        ("config", {}),
        ("aligned_mtl", {}),
        ("aligned_mtl", {"balance": "median"}),
        ("grad_normalization", {}),
        ("pcgrad", {"mode": "mean"}),
        ("pcgrad", {"mode": "simultaneous"}),
        ("mean", {}),
        ("sum", {}),
    ],
)
class TestInvariances:
    def test_order_of_the_tasks(self, name, options):
        J = draw(5)
        order = torch.tensor([3, 0, 4, 1, 2])
        assert close(direction(name, J[:, order], **options), direction(name, J, **options), 1e-7)

    def test_rotation_and_padding(self, name, options):
        J = draw(4)
        g = torch.Generator().manual_seed(2)
        Q = torch.linalg.qr(torch.randn(9, 9, dtype=J.dtype, generator=g))[0]
        turned = direction(name, J @ Q, **options)
        assert close(turned, direction(name, J, **options) @ Q, 1e-7)
        padded = torch.nn.functional.pad(J, (0, 3))
        assert close(direction(name, padded, **options)[..., :9], direction(name, J, **options))

    def test_one_task_keeps_its_direction(self, name, options):
        J = draw(1)
        assert close(unit(direction(name, J, **options)), unit(J[:, 0]))

    def test_uniform_preference_is_none(self, name, options):
        J = draw(4)
        p = torch.full((LANES, 4), 0.25, dtype=J.dtype)
        assert close(direction(name, J, preference=p, **options), direction(name, J, **options))

    def test_zero_jacobian_gives_zero(self, name, options):
        J = torch.zeros(2, 3, 4, dtype=torch.float64)
        assert (direction(name, J, **options) == 0).all()

    def test_float32_agrees_with_float64(self, name, options):
        J = draw(4, n=20)
        single = direction(name, J.to(torch.float32), **options)
        assert single.dtype == torch.float32
        assert close(single.double(), direction(name, J, **options), 2e-3)

    def test_unit_sum(self, name, options):
        w = weights(name, draw(3, n=12), scale="unit_sum", **options)
        assert close(w.sum(-1), torch.ones(LANES, dtype=w.dtype))


class TestPCGrad:
    TRIPLE = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]], dtype=torch.float64)

    def test_two_tasks_keep_a_share_of_their_length(self):
        """<u, g_i> = |g_i|^2 (1 - s^2) for conflicting tasks."""
        J = draw(2)
        gain = (J * direction("pcgrad", J).unsqueeze(-2)).sum(-1)
        cosine = torch.nn.functional.cosine_similarity(J[:, 0], J[:, 1], dim=-1)
        conflict = cosine < 0
        expected = J.square().sum(-1) * (1 - cosine.square()).unsqueeze(-1)
        assert close(gain[conflict], expected[conflict])

    def test_the_sources_triple(self):
        """Gradients (1,1), (1,-1), (-1,1): the parts are (1,1), (0,0), (0,0)."""
        d = direction("pcgrad", self.TRIPLE[None])
        assert close(d, torch.tensor([[1.0, 1.0]], dtype=torch.float64))

    def test_order_matters_and_comes_from_the_key(self):
        J = draw(5, n=3)[:1].expand(64, 5, 3)
        many = weights("pcgrad", J, keys=torch.arange(64))
        assert len(many.unique(dim=0)) > 4
        assert torch.equal(many, weights("pcgrad", J, keys=torch.arange(64)))
        orders = weights("pcgrad", J, mode="mean")[0]
        assert (many.mean(0) - orders).abs().max() < 0.35 * orders.abs().max()

    def test_random_orders_average_to_the_mean_over_orders(self):
        J = draw(3, n=3, seed=4)[:1].expand(20000, 3, 3)
        many = weights("pcgrad", J, keys=torch.arange(20000))
        assert close(many.mean(0), weights("pcgrad", J[:1], mode="mean")[0], 0.02)

    def test_against_a_plain_loop_on_full_gradients(self):
        J = draw(4)
        found = direction("pcgrad", J, mode="ascending")
        for rows, d in zip(J, found, strict=True):
            total = torch.zeros_like(d)
            for i in range(4):
                v = rows[i].clone()
                for j in range(4):
                    if j != i and v @ rows[j] < 0:
                        v -= (v @ rows[j]) / (rows[j] @ rows[j]) * rows[j]
                total += v
            assert close(d, total)

    def test_ablations_are_not_pcgrad(self):
        J = draw(4, n=4)
        for mode in ("simultaneous", "inplace", "one_sided"):
            other = direction("pcgrad", J, mode=mode)
            assert (other - direction("pcgrad", J, mode="ascending")).norm(dim=-1).max() > 0.1

    def test_in_place_against_a_plain_loop(self):
        J = draw(4, n=6)
        found = direction("pcgrad", J, mode="inplace")
        for rows, d in zip(J, found, strict=True):
            v = rows.clone()
            for i in range(4):
                for j in range(4):
                    if j != i and v[i] @ v[j] < 0:
                        v[i] -= (v[i] @ v[j]) / (v[j] @ v[j]) * v[j]
            assert close(d, v.sum(0))

    def test_one_sided_protects_the_second_task_only(self):
        """g1 = (1, 0), g2 = (-2, .5): <g1, u> = -1.94."""
        J = torch.tensor([[[1.0, 0.0], [-2.0, 0.5]]], dtype=torch.float64)
        d = direction("pcgrad", J, mode="one_sided")
        assert float(d[0] @ J[0, 0]) == pytest.approx(-1.9412, abs=1e-4)

    def test_reduction_and_limits(self):
        J = draw(3)
        assert close(weights("pcgrad", J, reduction="mean") * 3, weights("pcgrad", J))
        with pytest.raises(BadInput, match="at most 6 tasks"):
            weights("pcgrad", draw(7), mode="mean")


class TestGradNormalization:
    def test_unit_contributions_and_zero_gradients(self):
        J = draw(3)
        J[0, 1] = 0
        w = weights("grad_normalization", J)
        lengths = w * J.norm(dim=-1)
        assert close(lengths[1:], torch.ones_like(lengths[1:]))
        assert w[0, 1] == 0

    def test_three_stabilisers(self):
        J = torch.diag_embed(torch.tensor([[3.0, 0.05, 0.0]], dtype=torch.float64))
        additive = weights("grad_normalization", J, eps=0.1, stabiliser="additive")
        assert close(additive, torch.tensor([[1 / 3.1, 1 / 0.15, 10.0]], dtype=J.dtype))
        threshold = weights("grad_normalization", J, eps=0.1, stabiliser="threshold")
        assert close(threshold, torch.tensor([[1 / 3, 0.0, 0.0]], dtype=J.dtype))
        soft = weights("grad_normalization", J, eps=0.1, stabiliser="soft")
        assert close(soft, torch.tensor([[1 / 3, 10.0, 10.0]], dtype=J.dtype))

    def test_two_tasks_inner_products(self):
        J = draw(2)
        d = direction("grad_normalization", J)
        cosine = torch.nn.functional.cosine_similarity(J[:, 0], J[:, 1], dim=-1)
        gain = (unit(J) * d.unsqueeze(-2)).sum(-1)
        assert close(gain, (1 + cosine).unsqueeze(-1).expand(LANES, 2))

    def test_inverse_grad_norm_without_smoothing_is_the_same(self):
        J = draw(3)
        assert close(weights("inverse_grad_norm", J, beta=0.0), weights("grad_normalization", J))


def test_krum_leaves_the_outlier_out():
    J = torch.ones(1, 5, 3, dtype=torch.float64) + 0.01 * draw(5, n=3)[:1]
    J[:, 2] = -100
    assert weights("krum", J, n_byzantine=1, n_selected=2)[0, 2] == 0
    with pytest.raises(BadInput, match="at least 4 tasks"):
        weights("krum", draw(3), n_byzantine=1)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("cagrad", {"c": -1.0}, "`c` must be"),
        ("cagrad", {"rescale": "2"}, "`rescale` must be"),
        ("fairgrad", {"alpha": -0.5}, "`alpha` must be"),
        ("mgda", {"normalization": "l1"}, "`normalization` must be"),
        ("pcgrad", {"mode": "backwards"}, "`mode` must be"),
        ("aligned_mtl", {"balance": "max"}, "`balance` must be"),
        ("nash_mtl", {"update_every": 0}, "`update_every` must be"),
        ("cr_mogm", {"weighting": "linear"}, "`weighting` must name"),
        ("cr_mogm", {"weighting": "mgad"}, "Did you mean 'mgda'"),
        ("hv_gradient", {"reference": (1.0, float("nan"))}, "`reference` must be"),
        ("grad_normalization", {"stabiliser": "hard"}, "`stabiliser` must be"),
    ],
)
def test_refused_options(name, options, message):
    with pytest.raises(BadInput, match=message):
        method(name, **options)


@pytest.mark.parametrize("name", ["mgda", "cagrad", "pcgrad", "upgrad", "epo"])
def test_a_missing_gramian_is_named(name):
    chosen = method(name)
    with pytest.raises(BadInput, match="reads the Gramian: pass gramian= or jacobian="):
        chosen.step({}, Signals(losses=torch.ones(1, 2)))


def test_mode_mean_of_many_lanes_with_stacked_options():
    """Lanes with different options share one batch."""
    J = draw(3)[:2]
    many = type(method("cagrad")).stack([method("cagrad", c=0.2), method("cagrad", c=0.8)])
    w, _ = many.step({}, Signals(gramian=J @ J.mT))
    assert torch.equal(w[0], weights("cagrad", J[:1], c=0.2)[0])
    assert torch.equal(w[1], weights("cagrad", J[1:], c=0.8)[0])


@pytest.mark.parametrize("ratio", [1e-4, 1e-6, 1e-8])
def test_two_tasks_of_unequal_lengths_in_either_order(ratio):
    """The duality gap in exact arithmetic; a share of one minus almost one would lose its digits."""
    rows = torch.tensor([[ratio, 0.0], [-0.6, 0.8]], dtype=torch.float64)
    for J in (rows, rows.flip(0)):
        exact = [[Fraction(x) for x in row] for row in J.tolist()]
        w = [Fraction(x) for x in pm.weights("mgda", jacobian=J).tolist()]
        d = [sum(a * row[k] for a, row in zip(w, exact, strict=True)) for k in range(2)]
        square = sum(x * x for x in d)
        least = min(sum(a * b for a, b in zip(row, d, strict=True)) for row in exact)
        assert abs(square - least) <= 1e-8 * square
        gains = J @ pm.aggregate("cagrad", J, c=2.0)
        assert float(gains.min()) > 0
        torch.testing.assert_close(gains[0], gains[1], rtol=1e-6, atol=0)


def test_epo_on_its_ray_is_indifferent_to_the_size_of_the_losses():
    J = torch.tensor([[1.0, 0.3, 0.0], [-0.4, 1.0, 0.2]], dtype=torch.float64)
    p = torch.tensor([0.7, 0.3], dtype=torch.float64)
    found = [
        pm.weights("epo", jacobian=J, losses=c / p, preference=p)
        for c in (1.0, 2.0, 3.0, 5.0, 7.0, 0.1, 0.9, 11.0, 13.0, 17.0, 1.1, 1.3)
    ]
    for weights in found:
        torch.testing.assert_close(weights, found[0], rtol=0, atol=1e-12)


def test_krum_of_three_tasks_ties_alike_from_both_ends():
    J = draw(3, n=5, seed=1)
    p = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    rows = (3 * p)[:, None] * J
    direct = pm.weights("krum", jacobian=J, preference=p)
    assert torch.equal(direct > 0, pm.weights("krum", gramian=rows @ rows.mT) > 0)


@pytest.mark.parametrize("alpha", [0.2, 10.0, 100.0])
@pytest.mark.parametrize("m", [3, 6])
def test_fairgrad_is_a_root_at_both_ends_of_what_its_docstring_says(m, alpha):
    J = torch.cat([draw(m, seed=seed) for seed in range(10)])
    w = weights("fairgrad", J, alpha=alpha)
    gains = ((J @ J.mT) * w.unsqueeze(-2)).sum(-1)
    assert ((w.log() + alpha * gains.log()).abs() <= 1e-9 * (1 + alpha)).all()
