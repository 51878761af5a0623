"""The call surface: kinds, types, lanes, and one clear error for each bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.autograd import forward_ad

import paretomtl as pm
from paretomtl.errors import BadInput, UnknownName
from paretomtl.methods.base import Aggregator, Scalarization, SetMethod

G = torch.Generator().manual_seed(0)
LOSSES = torch.rand(4, 3, generator=G, dtype=torch.float64) + 0.1
ROWS = torch.randn(4, 3, 7, generator=G, dtype=torch.float64)
PREFERENCE = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)


def built(name):
    return pm.method(name, **pm.methods[name].example)


ALL = sorted(pm.methods)
SCALARIZATIONS = [n for n in ALL if issubclass(pm.methods[n], Scalarization)]
WEIGHTINGS = [
    n
    for n in ALL
    if not issubclass(pm.methods[n], Aggregator)
    and not (issubclass(pm.methods[n], SetMethod) and pm.methods[n].reads_jacobian)
]


def lanes(name):
    """Return inputs for a method: four lanes, or one set of four members."""
    return LOSSES, ROWS


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_aggregate_over_every_method(name, dtype):
    direction = pm.aggregate(
        built(name), ROWS.to(dtype), losses=LOSSES.to(dtype), preference=PREFERENCE
    )
    assert direction.shape == (4, 7)
    assert direction.dtype == dtype
    assert direction.isfinite().all()


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_weights_over_every_method(name):
    weights = pm.weights(built(name), losses=LOSSES, jacobian=ROWS, preference=PREFERENCE)
    assert weights.shape == (4, 3)
    assert not weights.requires_grad
    direction = pm.aggregate(built(name), ROWS, losses=LOSSES, preference=PREFERENCE)
    torch.testing.assert_close((weights.unsqueeze(-1) * ROWS).sum(-2), direction)
    gramian = pm.weights(built(name), losses=LOSSES, gramian=ROWS @ ROWS.mT, preference=PREFERENCE)
    torch.testing.assert_close(gramian, weights, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_numpy_in_numpy_out(name):
    direction = pm.aggregate(
        built(name), ROWS.numpy(), losses=LOSSES.numpy(), preference=PREFERENCE.numpy()
    )
    assert isinstance(direction, np.ndarray)
    expected = pm.aggregate(built(name), ROWS, losses=LOSSES, preference=PREFERENCE)
    np.testing.assert_array_equal(direction, expected.numpy())
    if name in SCALARIZATIONS:
        value = pm.scalarize(built(name), LOSSES.numpy().astype(np.float32), PREFERENCE.numpy())
        assert isinstance(value, np.ndarray)
        assert value.dtype == np.float32


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_bad_lane_is_allowed_and_isolated(name, bad):
    """Every method, one bad lane among three good ones, in losses and gradients."""
    if issubclass(pm.methods[name], SetMethod):
        rows, losses = (x.unsqueeze(1).expand(4, 2, *x.shape[1:]).clone() for x in (ROWS, LOSSES))
    else:
        rows, losses = ROWS.clone(), LOSSES.clone()
    expected = pm.aggregate(built(name), rows, losses=losses)
    rows[2], losses[2] = bad, bad
    found = pm.aggregate(built(name), rows, losses=losses)
    kept = [0, 1, 3]
    assert torch.equal(found[kept], expected[kept])


@pytest.mark.parametrize("name", SCALARIZATIONS)
def test_scalarize_carries_gradients(name):
    losses = LOSSES.clone().requires_grad_()
    value = pm.scalarize(built(name), losses, PREFERENCE)
    assert value.shape == (4,)
    (gradient,) = torch.autograd.grad(value.sum(), losses)
    torch.testing.assert_close(
        gradient, pm.weights(built(name), losses=losses, preference=PREFERENCE)
    )


def test_preference_for_all_lanes_or_one_a_lane():
    each = PREFERENCE.expand(4, 3)
    assert torch.equal(
        pm.weights("power_mean", losses=LOSSES, preference=PREFERENCE, gamma=3.0),
        pm.weights("power_mean", losses=LOSSES, preference=each, gamma=3.0),
    )


def test_no_lanes_at_all():
    assert pm.scalarize("linear", torch.tensor([1.0, 3.0])) == 2
    assert pm.scalarize("linear", np.array([1, 3])) == 2.0
    assert pm.weights("mgda", gramian=np.eye(2)).tolist() == [0.5, 0.5]


def test_gamma_may_differ_between_lanes():
    gammas = np.array([-np.inf, 0.0, 1e-9, 5.0])
    together = pm.scalarize("power_mean", LOSSES, gamma=gammas)
    for k, gamma in enumerate(gammas):
        assert torch.equal(together[k], pm.scalarize("power_mean", LOSSES[k], gamma=float(gamma)))


def test_lanes_stack_with_their_own_options_bitwise():
    """Lanes of one batch equal each alone, for every option that may differ between lanes."""
    cases = {
        "power_mean": [{"gamma": g} for g in (-np.inf, -2.0, 0.0, np.inf)],
        "smooth_tchebycheff": [{"mu": v} for v in (0.01, 0.1, 1.0, 3.0)],
        "term": [{"t": v} for v in (-3.0, 0.0, 1.0, 9.0)],
        "p_norm": [{"p": v} for v in (1.0, 2.0, 5.5, np.inf)],
        "pbi": [{"theta": v} for v in (0.0, 1.0, 5.0, 50.0)],
        "cosmos": [{"lambda_": v} for v in (0.0, 1.0, 2.0, 5.0)],
        "log_sum": [{"shift": v} for v in (0.0, 0.5, 1.0, 2.0)],
        "tchebycheff": [{"ideal": v} for v in (-1.0, -0.5, 0.0, 0.05)],
        "uw_so": [{"temperature": v} for v in (0.1, 1.0, 2.0, 20.0)],
        "graddrop": [{}] * 4,
    }
    for name, options in cases.items():
        single = [pm.method(name, **o) for o in options]
        stacked = type(single[0]).stack(single)
        together = pm.aggregate(stacked, ROWS, losses=LOSSES, preference=PREFERENCE)
        for k, method in enumerate(single):
            alone = pm.aggregate(
                method, ROWS[k : k + 1], losses=LOSSES[k : k + 1], preference=PREFERENCE
            )
            assert torch.equal(alone[0], together[k]), name


@pytest.mark.parametrize("m", [2, 4])
def test_fairgrad_with_an_alpha_a_lane_is_that_of_each_lane(m):
    g = torch.Generator().manual_seed(m)
    rows = torch.randn(50, m, 6, generator=g, dtype=torch.float64)
    rows[:, 1] = -rows[:, 0] + 1e-4 * rows[:, 1]  # nearly opposite: the hardest roots
    gramian = rows @ rows.mT
    alpha = torch.tensor([1.0, 0.6, 2.0, 0.0, 1.0]).double().repeat(10)
    together = pm.weights("fairgrad", gramian=gramian, alpha=alpha)
    for k in range(50):
        alone = pm.weights("fairgrad", gramian=gramian[k : k + 1], alpha=float(alpha[k]))
        assert torch.equal(together[k], alone[0])


@pytest.mark.parametrize("name", ["power_mean", "cosmos", "upgrad", "db_mtl", "graddrop", "epo"])
def test_bits_do_not_depend_on_the_layout(name):
    g = torch.Generator().manual_seed(0)
    losses = torch.rand(40, 7, generator=g, dtype=torch.float64) + 0.1
    jacobian = torch.randn(40, 7, 9, generator=g, dtype=torch.float64)
    preference = torch.rand(40, 7, generator=g, dtype=torch.float64)
    preference = preference / preference.sum(-1, keepdim=True)
    given = {"losses": losses, "preference": preference}

    def turned(t):
        return t.permute(*range(t.ndim)[::-1]).contiguous().permute(*range(t.ndim)[::-1])

    plain = pm.aggregate(name, jacobian, **given)
    other = pm.aggregate(name, turned(jacobian), **{k: turned(v) for k, v in given.items()})
    assert torch.equal(plain, other)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("smooth_tchebycheff", {"form": "log_ratio", "nadir": math.inf}),
        ("prior_norm", {"prior": math.inf}),
        ("init_norm", {"initial": (1.0, math.inf)}),
        ("live_norm", {"eps": math.inf}),
        ("modified_tchebycheff", {"floor": math.inf}),
        ("hv_scalarization", {"reference": 1.0, "floor": math.inf}),
        ("linear", {"scale": np.array([1.0, 2.0])}),
        ("uncertainty", {"kind": np.array([1.0, 2.0])}),
    ],
)
def test_options_that_would_give_nonsense_are_refused(name, options):
    with pytest.raises(BadInput, match="must be"):
        pm.method(name, **options)


def test_whole_numbers_of_numpy_are_whole_numbers():
    chosen = pm.method("krum", n_selected=np.int64(2))
    assert type(chosen.n_selected) is int


def test_generator_makes_draws_reproducible_and_different():
    def draw(seed):
        generator = torch.Generator().manual_seed(seed)
        return pm.weights("rlw", losses=LOSSES, generator=generator)

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))
    assert len(draw(1).unique(dim=0)) == 4
    default = pm.weights("rlw", losses=LOSSES)
    assert torch.equal(default[0], default[3])


def test_the_ideal_point_moves_the_origin():
    ideal = torch.tensor([0.1, 0.0, -0.2])
    found = pm.scalarize("tchebycheff", LOSSES, ideal=ideal)
    assert torch.equal(found, pm.scalarize("tchebycheff", LOSSES - ideal))
    own = pm.scalarize("tchebycheff", LOSSES, ideal=ideal * 9)
    assert not torch.equal(found, own)


@pytest.mark.parametrize("kind", [tuple, list, torch.tensor, np.array])
def test_options_with_one_number_a_task_come_in_any_kind(kind):
    point = kind([0.1, 0.5, 0.9])
    plain = pm.scalarize("tchebycheff", LOSSES, ideal=torch.tensor([0.1, 0.5, 0.9]))
    chosen = pm.method("tchebycheff", ideal=point)
    assert chosen.ideal == pytest.approx((0.1, 0.5, 0.9))
    torch.testing.assert_close(pm.scalarize(chosen, LOSSES[:3]), plain[:3])
    assert pm.scalarize(chosen, LOSSES[0]).shape == ()


def test_lanes_stack_with_options_of_one_number_and_of_one_a_task():
    options = [0.1, (0.1, 0.2, 0.3), 0.0, (0.3, 0.2, 0.1)]
    single = [pm.method("tchebycheff", ideal=ideal) for ideal in options]
    together = pm.scalarize(type(single[0]).stack(single), LOSSES)
    for k, method in enumerate(single):
        assert torch.equal(together[k], pm.scalarize(method, LOSSES[k]))
    assert pm.method("tchebycheff").batch_key() != single[0].batch_key()


def test_arrays_of_any_strides_byte_order_and_ownership():
    losses = np.arange(1.0, 13).reshape(4, 3)
    expected = pm.scalarize("power_mean", np.ascontiguousarray(losses[:, ::-1]))
    for array in (losses[:, ::-1], losses[:, ::-1].astype(">f8")):
        assert np.array_equal(pm.scalarize("power_mean", array), expected)
    frozen = np.broadcast_to(np.eye(2), (3, 2, 2))
    assert pm.weights("mgda", gramian=frozen).tolist() == [[0.5, 0.5]] * 3


def test_lanes_of_minus_infinity_are_allowed():
    losses = torch.tensor([[1.0, 2.0], [-torch.inf, 1.0]])
    assert torch.equal(pm.weights("log_sum", losses=losses)[0], torch.tensor([1.0, 0.5]))
    gramian = torch.stack((torch.eye(2), torch.tensor([[-torch.inf, 0.0], [0.0, 1.0]])))
    assert pm.weights("mgda", gramian=gramian)[0].tolist() == [0.5, 0.5]


def test_a_gramian_of_parallel_gradients_may_have_been_made_in_float32():
    generator = torch.Generator().manual_seed(0)
    row = torch.randn(200, 1, 7, generator=generator)
    rows = torch.cat((row, 3.3 * row), -2)
    assert pm.weights("mgda", gramian=(rows @ rows.mT).double()).isfinite().all()


def test_lengths_of_huge_and_tiny_losses_are_exact():
    losses = torch.tensor([1.0, 2.0, 3.0])
    for name in ("pbi", "cosmos"):
        for size in (1e20, 1e-24):
            found = pm.weights(
                name, losses=losses * size, **({"lambda_": 0.0} if name == "cosmos" else {})
            )
            plain = pm.weights(
                name, losses=losses, **({"lambda_": 0.0} if name == "cosmos" else {})
            )
            torch.testing.assert_close(found, plain)
    assert pm.scalarize("pbi", losses * 1e20) / 1e20 == pytest.approx(10.5352, rel=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # torch's own forward mode
def test_power_mean_has_forward_derivatives():
    x = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    for gamma in (0.0, 3.0, -2.0, np.inf):

        def value(losses, gamma=gamma):
            return pm.scalarize("power_mean", losses, gamma=gamma)

        _, along = torch.autograd.functional.jvp(value, x, torch.ones_like(x))
        with forward_ad.dual_level():
            forward = forward_ad.unpack_dual(
                value(forward_ad.make_dual(x, torch.ones_like(x)))
            ).tangent
        torch.testing.assert_close(forward, along)


EYE = torch.eye(8)
BAD = [
    (lambda: pm.scalarize("linear", torch.tensor(1.0)), r"`losses`.*\[\*batch, m\].*\[\]"),
    (lambda: pm.scalarize("linear", torch.ones(2, 0)), r"`losses`.*\[2, 0\]"),
    (lambda: pm.weights("mgda", gramian=torch.ones(3)), r"`gramian`.*\[\*batch, m, m\].*\[3\]"),
    (lambda: pm.weights("mgda", gramian=torch.ones(2, 3)), r"`gramian`.*\[2, 3\]"),
    (lambda: pm.aggregate("mgda", torch.ones(3)), r"`jacobian`.*\[\*batch, m, n\].*\[3\]"),
    (
        lambda: pm.weights("mgda", gramian=torch.tensor([[1.0, 0.5], [0.1, 1.0]])),
        r"symmetric.*G\[0, 1\] = 0.5.*G\[1, 0\] = 0.1",
    ),
    (lambda: pm.weights("mgda", gramian=-torch.eye(2)), r"diagonal.*negative.*-1"),
    (
        lambda: pm.weights("mgda", gramian=torch.tensor([[1.0, 5.0], [5.0, 1.0]])),
        r"cannot exceed the lengths.*G\[0, 1\] = 5 .*allow 1",
    ),
    (lambda: pm.weights("random", gramian=torch.eye(2), generator=5), r"torch.Generator.*5"),
    (
        lambda: pm.weights("epo", gramian=torch.eye(2), losses=torch.ones(2, device="meta")),
        r"one device.*`losses` on meta, `gramian` on cpu",
    ),
    (
        lambda: pm.aggregate("db_mtl", ROWS, losses=torch.ones(4, 2)),
        r"`jacobian`|`losses`.*fit.*found",
    ),
    (
        lambda: pm.scalarize("linear", LOSSES, torch.tensor([0.5, 0.5])),
        r"`preference`.*\[4, 3\].*found \[2\]",
    ),
    (
        lambda: pm.scalarize("linear", LOSSES, torch.tensor([-0.5, 1.0, 0.5])),
        r">= 0; found -0.5",
    ),
    (
        lambda: pm.scalarize("linear", LOSSES, torch.tensor([0.5, 0.5, 0.5])),
        r"sums to 1.5, not to 1",
    ),
    (
        lambda: pm.scalarize("linear", LOSSES, torch.tensor([float("nan"), 0.5, 0.5])),
        ">= 0; found nan",
    ),
    (
        lambda: pm.scalarize("log_sum", torch.tensor([1.0, -2.0])),
        r"log_sum needs losses > 0.*-2.*shift",
    ),
    (lambda: pm.scalarize("power_mean", torch.tensor([1.0, 0.0])), r"needs losses > 0; found 0"),
    (lambda: pm.weights("uncertainty", losses=torch.tensor([1.0, -1.0])), "needs losses > 0"),
    (
        lambda: pm.weights("cagrad", losses=LOSSES),
        "cagrad reads the Gramian: pass gramian= or jacobian=",
    ),
    (lambda: pm.weights("linear", gramian=torch.eye(2)), "linear reads the losses: pass losses="),
    (lambda: pm.aggregate("log_sum", ROWS), "log_sum reads the losses: pass losses="),
    (lambda: pm.weights("graddrop", jacobian=ROWS), r"no weights: use aggregate\(\)"),
    (lambda: pm.scalarize("mgda", LOSSES), "reads gradients and has no scalar value"),
    (lambda: pm.scalarize("power_mean", LOSSES, gama=2.0), r"option.*'gama'.*'gamma'"),
    (lambda: pm.scalarize("powr_mean", LOSSES), r"method 'powr_mean'.*'power_mean'"),
    (lambda: pm.scalarize("power_mean", LOSSES, gamma=float("nan")), "`gamma`.*nan"),
    (lambda: pm.scalarize("power_mean", LOSSES, gamma="two"), "`gamma`.*'two'"),
    (lambda: pm.scalarize("smooth_tchebycheff", LOSSES, mu=0.0), "`mu` must be a number > 0"),
    (
        lambda: pm.scalarize("init_norm", LOSSES, initial=(1.0, 2.0)),
        "`initial` has 2 numbers.*3 tasks",
    ),
    (lambda: pm.scalarize("prior_norm", LOSSES), "needs the option 'prior'"),
    (lambda: pm.scalarize(pm.method("linear"), LOSSES, gamma=1), "not with an instance"),
    (lambda: pm.scalarize("linear", LOSSES.half()), "float32 or float64; found float16"),
    (lambda: pm.scalarize("linear", "losses"), "`losses`"),
    (lambda: pm.aggregate("trimmed_mean", ROWS, trim=2), "`trim` = 2.*at most 1"),
    (lambda: pm.aggregate("moo_svgd", ROWS[0], losses=LOSSES[0]), "whole set.*members"),
    (lambda: pm.aggregate("graddrop", ROWS, scale="unit_sum"), "has no weights to sum"),
    (lambda: pm.scalarize("linear", LOSSES, scale="twice"), "`scale` must be"),
    (lambda: pm.scalarize("uncertainty", LOSSES, kind="ordinal"), "`kind`.*'ordinal'"),
    (lambda: pm.scalarize("uncertainty", LOSSES, bounds=(1.0, -1.0)), "`bounds`.*lower"),
    (lambda: pm.scalarize("smooth_tchebycheff", LOSSES, warmup=1, window=2), "`window`"),
    (lambda: pm.scalarize("power_mean", LOSSES, shift=(1.0, 2.0)), "`shift` has 2.*3 tasks"),
    (lambda: pm.scalarize("power_mean", LOSSES, gamma=[1.0, 2.0]), r"`gamma`.*\[1.0, 2.0\]"),
    (
        lambda: pm.weights("cagrad", jacobian=ROWS, c=torch.ones(3)),
        r"`c` has numbers for lanes of shape \[3\].*shape \[4\]",
    ),
    (lambda: pm.scalarize("power_mean", LOSSES, gamma=10**400), "`gamma`.*beyond"),
    (lambda: pm.weights(pm.methods["mgda"], jacobian=ROWS), "the class MGDA: construct it"),
    (lambda: pm.weights(3, jacobian=ROWS), "name of a method must be a string; found 3"),
    (lambda: pm.weights("pcgrad", jacobian=ROWS, mode=np.array(["a", "b"])), "`mode`"),
    (lambda: pm.weights("mgda", gramian=torch.eye(2).to_sparse()), "dense.*to_dense"),
    (lambda: pm.method("uncertainty", kind=3), "`kind`.*found 3"),
    (lambda: pm.method("uncertainty", dimension=np.inf), "`dimension` must be a finite"),
    (lambda: pm.method("uncertainty", bounds=(1, "a")), "`bounds` must be a pair"),
    (lambda: pm.method("hv_gradient", reference="a"), "`reference`.*'a'"),
    (lambda: pm.method("hv_gradient", reference=True), "`reference`.*True"),
    (lambda: pm.method("xwc_mgda", adaptive="no"), "`adaptive`.*'no'"),
    (lambda: pm.method("augmented_tchebycheff", rho=np.inf), "`rho` must be a finite"),
    (lambda: pm.method("tchebycheff", ideal=[]), "`ideal`.*found none"),
    (
        lambda: pm.weights("hv_gradient", losses=torch.rand(16, 8), gramian=EYE.expand(16, 8, 8)),
        "16 members with 8 objectives.*fewer members",
    ),
    (
        lambda: pm.aggregate(
            "mgda", torch.eye(2), losses=torch.tensor([1.0, -1.0]), normalization="loss"
        ),
        "mgda needs losses > 0; found -1",
    ),
    (
        lambda: pm.aggregate("moco", torch.eye(2), losses=-torch.ones(2), normalize=True),
        "moco needs losses > 0",
    ),
    (
        lambda: torch.func.vmap(lambda x: pm.scalarize("power_mean", x))(LOSSES),
        "leading axes",
    ),
    (
        lambda: pm.trace("vlmop2", pm.method("power_mean", gamma=torch.ones(2))),
        "`gamma` has numbers for lanes.*one number",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_has_one_clear_message(call, message):
    with pytest.raises(BadInput, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_unknown_names_are_unknown_names():
    with pytest.raises(UnknownName):
        pm.scalarize("powr_mean", LOSSES)


def test_a_declared_shift_lets_bounded_losses_in():
    losses = torch.tensor([-0.5, 1.0])
    assert pm.scalarize("log_sum", losses, shift=1.0) == torch.tensor([0.5, 2.0]).log().sum()
    with pytest.raises(BadInput, match="shift"):
        pm.scalarize("log_sum", losses, shift=0.25)


def test_log_ratio_form_alone_needs_positive_losses():
    losses = torch.tensor([-0.5, 1.0])
    assert pm.scalarize("smooth_tchebycheff", losses).isfinite()
    with pytest.raises(BadInput, match="losses > 0"):
        pm.scalarize("smooth_tchebycheff", losses, form="log_ratio")
