"""The table of measured properties is what is measured, and agrees with what is known of the methods."""

from __future__ import annotations

import json

import pytest

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.methods.measured import measured
from paretomtl.testing import properties
from paretomtl.testing.properties import NAMES, concave_share, measure

CHANGES = NAMES[:8]

# The invariance matrix of the loss-level methods and of some gradient-level ones: y the direction stays.
# Columns: common scale, per-task scale, common shift, per-task shift, monotone map, rotation, task
# order, duplicated task.
KNOWN = {
    "uniform sum": ("sum", {}, "ynyynyyn"),
    "weighted sum": ("linear", {}, "ynyynyyn"),
    "initial loss, measured": ("init_norm", {}, "yynnnyyn"),
    "initial loss, theoretical": ("init_norm", {"initial": (1.0, 2.0, 0.5)}, "ynyynyyn"),
    "live": ("live_norm", {}, "yynnnyyn"),
    "log-sum": ("log_sum", {}, "yynnnyyn"),
    "geometric mean": ("geometric_mean", {}, "yynnnyyn"),
    "gamma = 0": ("power_mean", {"gamma": 0.0}, "yynnnyyn"),
    "gamma = 2": ("power_mean", {"gamma": 2.0}, "ynnnnyyn"),
    "gamma = -1": ("power_mean", {"gamma": -1.0}, "ynnnnyyn"),
    "max": ("power_mean", {"gamma": float("inf")}, "ynynnyyy"),
    "gradient normalisation": ("grad_normalization", {}, "yyyyyyyn"),
    "gradient normalisation, additive": (
        "grad_normalization",
        {"stabiliser": "additive", "eps": 0.1},
        "nnyynyyn",
    ),
    "PCGrad, fixed order": ("pcgrad", {"mode": "ascending"}, "ynyynynn"),
    "PCGrad, mean over orders": ("pcgrad", {"mode": "mean"}, "ynyynyyn"),
}


@pytest.mark.parametrize("row", KNOWN)
def test_the_invariances_that_are_known(row):
    name, options, expected = KNOWN[row]
    found = properties.Draws(pm.method(name, **options), seed=0).invariances()
    assert "".join("ny"[found[change]] for change in CHANGES) == expected


def test_soft_stabiliser_is_invariant_where_it_is_off():
    """On gradients longer than eps the soft maximum is the plain one; beyond, it keeps lengths apart."""
    on = properties.Draws(pm.method("grad_normalization", eps=3.0), seed=0).invariances()
    off = properties.Draws(pm.method("grad_normalization", eps=1e-3), seed=0).invariances()
    assert not on["invariant to common scale"]
    assert not on["invariant to per-task scale"]
    assert not on["invariant to monotone map"]
    assert on["invariant to common shift"]
    assert on["invariant to rotation"]
    assert off["invariant to common scale"]
    assert off["invariant to per-task scale"]


@pytest.mark.parametrize(
    ("name", "options", "scales"),
    [
        # learned scales profile the loss only at their optimum, and are three steps old here
        ("uncertainty", {}, (False, False)),
        ("uncertainty", {"initial_log_variance": 2.0}, (False, False)),
        # GradNorm's fixed point ignores units; its weights are three steps from equal here
        ("gradnorm", {}, (True, False)),
    ],
)
def test_what_holds_only_at_a_fixed_point_is_not_claimed(name, options, scales):
    found = properties.Draws(pm.method(name, **options), seed=0).invariances()
    kept = tuple(found[f"invariant to {what} scale"] for what in ("common", "per-task"))
    assert kept == scales


@pytest.mark.slow
@pytest.mark.parametrize("name", list(pm.methods))
def test_the_table_is_what_is_measured(name):
    assert measured(name) == measure(pm.method(name, **pm.methods[name].example))


def test_the_table_holds_every_method_and_property():
    from importlib import resources

    text = resources.files("paretomtl.methods").joinpath("properties.json").read_text()
    table = json.loads(text)
    assert sorted(table) == sorted(pm.methods)
    assert all(tuple(row) == NAMES for row in table.values())
    assert measured("no such method") == {}


def test_the_table_is_not_lent_out():
    measured("linear").clear()
    assert measured("linear")


@pytest.mark.parametrize(
    ("name", "property_", "holds"),
    [
        ("mgda", "descends on every task", True),
        ("upgrad", "non-conflicting", True),
        ("upgrad", "linear under scaling", True),
        ("config", "linear under scaling", True),
        ("mean", "linear under scaling", True),
        ("mgda", "linear under scaling", False),
        ("dual_proj", "non-conflicting", True),
        (
            "dual_proj",
            "descends on every task",
            False,
        ),  # the cone's edge is at right angles to a task
        ("mean", "non-conflicting", False),
        ("imtl_g", "non-conflicting", False),  # a negative sum turns the direction around
        ("nash_mtl", "descends on every task", True),
        ("pcgrad", "non-conflicting", False),  # of three tasks one may be harmed
        ("pcgrad", "deterministic", False),
        ("rlw", "deterministic", False),
        ("mgda", "deterministic", True),
        ("trimmed_mean", "invariant to rotation", False),
        ("graddrop", "invariant to rotation", False),
        ("mgda", "invariant to rotation", True),
        ("linear", "reaches concave fronts", False),
        ("log_sum", "reaches concave fronts", False),
        ("tchebycheff", "reaches concave fronts", True),
        ("smooth_tchebycheff", "reaches concave fronts", True),
        ("epo", "reaches concave fronts", True),
    ],
)
def test_what_theory_says(name, property_, holds):
    assert measured(name)[property_] is holds


def test_exponents_reach_concave_fronts_from_their_threshold_on():
    shares = [
        concave_share(pm.method("power_mean", gamma=gamma)) for gamma in (1.0, 1.5, 3.0, 20.0)
    ]
    assert shares[0] == 0
    assert shares[1] < 0.125
    assert 0.3 < shares[2] <= shares[3]
    assert shares[3] >= 0.9


def test_a_method_that_refuses_three_tasks_is_refused():
    with pytest.raises(BadInput):
        measure(pm.method("log_sum", shift=(0.1, 0.2)))
