"""Values recorded from TorchJD 0.18 and LibMTL for the loss-level and Jacobian methods.

The committed part is a small selection; where the whole of the reference values lies beside the
checkout, all of it is tested. Known differences are named where they are made up for.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from paretomtl.aggregation import random
from paretomtl.methods.base import LaneShapes, Signals, method

HERE = Path(__file__).resolve().parents[1] / "golden" / "scalarizers.json"
WHOLE = Path(__file__).resolve().parents[2].parent / "shared" / "golden"


def load():
    golden = json.loads(HERE.read_text())
    if (WHOLE / "aggregators.json").exists() and (WHOLE / "libmtl.json").exists():
        peers = json.loads((WHOLE / "aggregators.json").read_text())
        golden["libmtl"] = json.loads((WHOLE / "libmtl.json").read_text())
        golden["scalarizers"] = peers["scalarizers"]
        names = golden["jacobian"]["configs"]
        golden["jacobian"] = {
            "configs": names,
            "inputs": peers["inputs"],
            "out": {k: peers["out"][k] for k in names},
            "seq": {k: peers["seq"][k] for k in names if k in peers["seq"]},
        }
    return golden


GOLDEN = load()
LIBMTL = GOLDEN["libmtl"]


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def ramp(m):
    """The preference "pref" of the reference values, i + 1 over their sum."""
    return tensor([(i + 1) / (m * (m + 1) / 2) for i in range(m)])


def replayed_uniform(keys, steps, n, *, stream=0):
    j = torch.arange(1, n + 1, dtype=torch.float64)
    return torch.frac(j * 0.6180339887498949).expand(*keys.shape, n)


@pytest.fixture
def replay(monkeypatch):
    """Draw the numbers that the peers were made to draw."""
    monkeypatch.setattr(random, "uniform", replayed_uniform)
    monkeypatch.setattr(random, "normal", lambda *a, **k: 4 * (replayed_uniform(*a, **k) - 0.5))


def begin(name, options, m, n=None, preference=None):
    chosen = method(name, **options)
    state = chosen.init(LaneShapes((), m, n_parameters=n))
    return chosen, state


def signals(losses=None, jacobian=None, preference=None):
    return Signals(
        losses=losses, jacobian=jacobian, preference=preference, keys=torch.tensor(0), steps=None
    )


# TorchJD's scalarizers, value and gradient

SCALARIZERS = {
    # name there: (name here, options from theirs, factor of the value)
    "Mean": lambda h, m: ("linear", {}, 1),
    "Sum": lambda h, m: ("linear", {}, m),
    "Constant": lambda h, m: ("linear", {}, 1),
    "GeometricMean": lambda h, m: ("geometric_mean", {}, 1),
    "Random": lambda h, m: ("rlw", {}, 1),
    "STCH": lambda h, m: ("smooth_tchebycheff", {"mu": h["mu"]}, 1),
    "PBI": lambda h, m: ("pbi", {"theta": h["theta"], "smoothing": 1e-12}, 1),
    "COSMOS": lambda h, m: ("cosmos", {"lambda_": h["lambda_"]}, 1),
    "UW": lambda h, m: ("uncertainty", {"initial_log_variance": h["log_var"]}, 1),
    "IMTLL": lambda h, m: ("imtl_l", {"initial_log_scale": h["log_scale"]}, 1),
    "FAMO": lambda h, m: ("famo", {"lr": h["lr"], "weight_decay": h["weight_decay"]}, 1),
}
SINGLE = GOLDEN["scalarizers"]["single"]


def test_every_recorded_scalarizer_has_a_counterpart():
    assert {record["name"] for record in SINGLE} == set(SCALARIZERS)


@pytest.mark.parametrize("theirs", SCALARIZERS)
def test_torchjd_scalarizer(theirs, replay):
    for record in (r for r in SINGLE if r["name"] == theirs):
        losses, hyper = tensor(record["losses"]), record["hyper"]
        m = len(losses)
        name, options, factor = SCALARIZERS[theirs](hyper, m)
        if hyper.get("reference") is not None:
            assert hyper["reference"] == "0.5*losses"
            options["ideal"] = tuple((0.5 * losses).tolist())
        given = ramp(m) if hyper.get("weights") == "pref" else None
        chosen, state = begin(name, options, m)
        seen = signals(losses=losses, preference=given)
        size = max(map(abs, record["grad"]))
        torch.testing.assert_close(
            chosen.weights(state, seen) * factor,
            tensor(record["grad"]),
            rtol=1e-8,
            atol=1e-8 * size,
        )
        value = chosen.value(state, seen).item() * factor
        # a smoothed maximum of numbers near 0 is mu log m: the peer rounds at that size
        slack = 1e-8 * max(abs(record["value"]), 1e-8)
        assert value == pytest.approx(record["value"], abs=slack), (theirs, record)


@pytest.mark.parametrize(
    "record", [r for r in GOLDEN["scalarizers"]["sequences"] if r["name"] == "FAMO"]
)
def test_torchjd_famo_sequence(record):
    rows = tensor(record["losses"])
    chosen, state = begin("famo", record["hyper"], rows.shape[-1])
    for step, before, after in zip(record["steps"], rows[::2], rows[1::2], strict=True):
        assert chosen.value(state, signals(losses=before)).item() == pytest.approx(step["value"])
        weights, state = chosen.step(state, signals(losses=before))
        torch.testing.assert_close(weights, tensor(step["grad"]), rtol=1e-8, atol=1e-8)
        state = chosen.observe(state, signals(losses=after))
        torch.testing.assert_close(
            state["parameter"], tensor(step["w_after"]), rtol=1e-8, atol=1e-10
        )


@pytest.mark.parametrize(
    "record", [r for r in GOLDEN["scalarizers"]["sequences"] if r["name"] == "DWA"]
)
def test_torchjd_dwa_sequence(record):
    rows = tensor(record["losses"])
    chosen, state = begin("dwa", {"window": 2, **record["hyper"]}, rows.shape[-1])
    for step, losses in zip(record["steps"], rows, strict=True):
        assert chosen.value(state, signals(losses=losses)).item() == pytest.approx(step["value"])
        weights, state = chosen.step(state, signals(losses=losses))
        torch.testing.assert_close(weights, tensor(step["grad"]), rtol=1e-8, atol=1e-8)


# LibMTL: the direction that its weighting leaves in the shared gradient

LIBMTL_METHODS = {
    "EW": lambda h: ("linear", {}, True),  # the sum: m times the mean
    "UW": lambda h: ("uncertainty", {"initial_log_variance": -0.5}, False),
    "GLS": lambda h: ("geometric_mean", {}, False),
    "RLW": lambda h: ("rlw", {}, False),
    "FAMO": lambda h: ("famo", {}, False),
    "STCH": lambda h: ("smooth_tchebycheff", {"form": "log_ratio", "mu": h["STCH_mu"]}, False),
    "ExcessMTL": lambda h: (
        "excess_mtl",
        {"step_size": h["robust_step_size"], "warmup": 1, "total": "tasks"},
        False,
    ),
    "MoCo": lambda h: (
        "moco",
        {
            "beta": h["MoCo_beta"],
            "beta_decay": h["MoCo_beta_sigma"],
            "weight_step": h["MoCo_gamma"],
            "weight_step_decay": h["MoCo_gamma_sigma"],
            "rho": h["MoCo_rho"],
            "normalize": True,
            "weights_by": "softmax",
        },
        False,
    ),
    "DB_MTL": lambda h: (
        "db_mtl",
        {"beta": h["DB_beta"], "beta_decay": h["DB_beta_sigma"], "eps": 1e-8},
        False,
    ),
}
LIBMTL_CASES = [
    (config, case)
    for config in LIBMTL["out"]
    if config.split("{")[0] in LIBMTL_METHODS
    for case in LIBMTL["out"][config]
]


@pytest.mark.parametrize(("config", "case"), LIBMTL_CASES)
def test_libmtl_direction(config, case, replay):
    theirs, _, hyper = config.partition("{")
    inputs = LIBMTL["inputs"][case]
    jacobians, losses = tensor(inputs["J"]), tensor(inputs["L"])
    m, n = jacobians.shape[1:]
    name, options, total = LIBMTL_METHODS[theirs](json.loads("{" + hyper) if hyper else {})
    if theirs == "STCH":
        options["nadir"] = tuple(losses[-1].tolist())
    chosen, state = begin(name, options, m, n)
    for i, record in enumerate(LIBMTL["out"][config][case]):
        rows = jacobians[i]
        seen = signals(losses=losses[i], jacobian=rows)
        answer, after = chosen.step(state, seen)
        if theirs == "UW":  # recorded without the step of its optimizer
            after = state
            slope = chosen.slope(state["parameter"], seen)
            torch.testing.assert_close(slope, tensor(record["scale_grad"]), rtol=1e-8, atol=1e-8)
        if theirs == "FAMO":
            after = chosen.observe(after, signals(losses=losses[i + 1]))
            torch.testing.assert_close(
                after["parameter"], tensor(record["w_after"]), rtol=1e-8, atol=1e-10
            )
        direction = answer if answer.shape[-1] == n and answer.ndim == 1 and m != n else None
        if direction is None:
            direction = answer @ rows
        if total:
            direction = direction * m
        size = (rows / losses[i].unsqueeze(-1)).norm().item() if theirs == "DB_MTL" else 0.0
        scale = max(rows.norm().item(), size)
        torch.testing.assert_close(direction, tensor(record["dir"]), rtol=1e-8, atol=1e-8 * scale)
        state = after


@pytest.mark.parametrize("case", LIBMTL["out"]["DWA"])
def test_libmtl_dwa(case):
    """Recorded at its epoch 5, from the epoch means in `buf`."""
    inputs = LIBMTL["inputs"][case]
    jacobians, losses, buffer = (tensor(inputs[k]) for k in ("J", "L", "buf"))
    chosen, state = begin("dwa", {"window": 1, "temperature": 2.0}, jacobians.shape[1])
    for epoch in range(5):
        _, state = chosen.step(state, signals(losses=buffer[:, epoch]))
    for i, record in enumerate(LIBMTL["out"]["DWA"][case]):
        weights = chosen.weights(state, signals(losses=losses[i]))
        torch.testing.assert_close(
            weights @ jacobians[i],
            tensor(record["dir"]),
            rtol=1e-8,
            atol=1e-8 * jacobians[i].norm().item(),
        )


# TorchJD's aggregators that need the Jacobian

JACOBIAN = GOLDEN["jacobian"]
JACOBIAN_METHODS = {
    "GradDrop": lambda m: ("graddrop", {}),
    "GradDrop/leak": lambda m: ("graddrop", {"leak": tuple(ramp(m).tolist())}),
    "ExcessMTL": lambda m: ("excess_mtl", {"step_size": 1.0, "warmup": 0, "eps": 1e-7}),
    "ExcessMTL/eta=0.01": lambda m: ("excess_mtl", {"step_size": 0.01, "warmup": 0, "eps": 1e-7}),
    "TrimmedMean/1": lambda m: ("trimmed_mean", {"trim": 1}),
}
FRAGILE = 1e4
"""Amplification of a 1e-9 perturbation from which the peer's own answer is noise."""


@pytest.mark.parametrize("config", JACOBIAN_METHODS)
def test_torchjd_aggregator(config, replay):
    compared = 0
    for case, record in JACOBIAN["out"][config].items():
        if "err" in record or "nonfinite" in record or record["amp"] > FRAGILE:
            continue
        rows = tensor(JACOBIAN["inputs"][case]["J"])
        name, options = JACOBIAN_METHODS[config](len(rows))
        chosen, state = begin(name, options, *rows.shape)
        found, _ = chosen.step(state, signals(jacobian=rows))
        expected = tensor(record["v"]) if "v" in record else tensor(record["w"]) @ rows
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-8 * rows.norm().item())
        compared += 1
    assert compared >= len(JACOBIAN["out"][config]) // 2


@pytest.mark.parametrize("config", JACOBIAN["seq"])
def test_torchjd_aggregator_sequence(config, replay):
    for case, records in JACOBIAN["seq"][config].items():
        sequence = [tensor(j) for j in JACOBIAN["inputs"][case]["seq"]]
        name, options = JACOBIAN_METHODS[config](len(sequence[0]))
        chosen, state = begin(name, options, *sequence[0].shape)
        for rows, record in zip(sequence, records, strict=False):
            found, state = chosen.step(state, signals(jacobian=rows))
            torch.testing.assert_close(
                found, tensor(record["w"]) @ rows, rtol=0, atol=1e-8 * rows.norm().item()
            )
