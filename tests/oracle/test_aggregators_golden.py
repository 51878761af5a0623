"""The Gramian methods against exact references and recorded outputs of TorchJD 0.18 and LibMTL.

The committed part is a selection; where the whole of the reference values lies beside the checkout, all
of it is tested. Errors are those of the direction, relative to the Jacobian's norm.

Where a peer is off, ours is not bent to it: the test then demands the certificate that ours is right,
and for iterative peers that ours is at least as good by the problem's own measure.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from paretomtl.methods.base import LaneShapes, Signals, method
from paretomtl.methods.weightings.gradnorm import GradNorm

HERE = Path(__file__).resolve().parents[1] / "golden" / "gramian_methods.json"
WHOLE = Path(__file__).resolve().parents[2].parent / "shared" / "golden"
FRAGILE = 1e4
"""Measured amplification above which a peer's own output is not reproducible."""


def load():
    golden = json.loads(HERE.read_text())
    if (WHOLE / "aggregators.json").exists() and (WHOLE / "libmtl.json").exists():
        peers = json.loads((WHOLE / "aggregators.json").read_text())
        libmtl = json.loads((WHOLE / "libmtl.json").read_text())
        return {**{k: peers[k] for k in ("inputs", "ref", "out", "seq")}, "libmtl": libmtl}
    return golden


GOLDEN = load()


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def ramp(m):
    """The preference "pref" of the reference values, i + 1 over their sum."""
    return tensor([(i + 1) / (m * (m + 1) / 2) for i in range(m)])


def first_weights(chosen, J, preference=None):
    m = len(J)
    signals = Signals(
        gramian=(J @ J.T)[None],
        losses=torch.ones(1, m, dtype=torch.float64),
        preference=None if preference is None else preference[None],
        keys=torch.zeros(1, dtype=torch.int64),
    )
    return chosen.step(chosen.init(LaneShapes((1,), m)), signals)[0][0]


def error(w, J, record):
    """Error of the direction relative to the Jacobian, for weights or a vector."""
    wanted = tensor(record["w"]) @ J if "w" in record else tensor(record["v"])
    size = float(J.norm())
    return float((w @ J - wanted).norm()) / size if size else float((w @ J - wanted).norm())


def records(table, name):
    for key, record in GOLDEN[table][name].items():
        broken = "err" in record or "nonfinite" in record
        if not broken and record.get("amp", 0.0) < FRAGILE:
            yield key, tensor(GOLDEN["inputs"][key]["J"]), record


REFERENCES = [
    ("MGDA_exact", "mgda", {}, 1e-8),
    ("DualProj_exact", "dual_proj", {}, 1e-8),
    ("UPGrad_exact", "upgrad", {}, 1e-8),
    ("UPGrad_exact/pref", "upgrad", {}, 1e-8),
    ("FairGrad_exact/alpha=0.5", "fairgrad", {"alpha": 0.5}, 1e-8),
    ("FairGrad_exact/alpha=1.0", "fairgrad", {"alpha": 1.0}, 1e-8),
    ("FairGrad_exact/alpha=1.0", "nash_mtl", {"max_norm": 0.0}, 1e-8),
    ("FairGrad_exact/alpha=2.0", "fairgrad", {"alpha": 2.0}, 1e-8),
    ("CAGrad_exact/c=0.5", "cagrad", {"c": 0.5}, 1e-6),
    ("PCGrad_mean", "pcgrad", {"mode": "mean"}, 1e-8),
]


@pytest.mark.parametrize(
    ("reference", "name", "options", "tolerance"), REFERENCES, ids=lambda v: str(v)[:40]
)
def test_exact_references(reference, name, options, tolerance):
    chosen = method(name, **options)
    tried = 0
    for key, J, record in records("ref", reference):
        preference = ramp(len(J)) if reference.endswith("pref") else None
        found = error(first_weights(chosen, J, preference), J, record)
        assert found < tolerance, (key, found)
        tried += 1
    assert tried >= 10


SOUND = [
    ("Mean", "mean", {}),
    ("Sum", "sum", {}),
    ("AlignedMTL/min", "aligned_mtl", {}),
    ("AlignedMTL/median", "aligned_mtl", {"balance": "median"}),
    ("AlignedMTL/rmse", "aligned_mtl", {"balance": "rmse"}),
    ("AlignedMTL/pref", "aligned_mtl", {}),
    ("ConFIG", "config", {}),
    ("ConFIG/pref", "config", {}),
    ("PCGrad", "pcgrad", {"mode": "ascending"}),
    ("GradVac", "gradvac", {"order": "ascending", "epsilon": 1e-8}),
    ("Krum/1-1", "krum", {"n_byzantine": 1}),
    ("Krum/1-2", "krum", {"n_byzantine": 1, "n_selected": 2}),
    ("PCD", "pcd", {}),
    ("PCD/tau=0.5", "pcd", {"tau": 0.5}),
]


@pytest.mark.parametrize(("peer", "name", "options"), SOUND, ids=lambda v: str(v)[:40])
def test_sound_peers(peer, name, options):
    chosen = method(name, **options)
    tried = 0
    for key, J, record in records("out", peer):
        preference = ramp(len(J)) if peer.endswith("pref") else None
        found = error(first_weights(chosen, J, preference), J, record)
        assert found < 1e-8, (key, found)
        tried += 1
    assert tried >= 8


def test_imtl_g_and_where_torchjd_drops_short_rows():
    """TorchJD's pinv works on the unscaled Gramian, cuts rows shorter than about 1e-8 of the longest, and
    turns opposite rows of two tasks around; there, ours must have the equal projections that define the
    method, or a zero direction for opposite rows.
    """
    differing = 0
    for key, J, record in records("out", "IMTLG"):
        w = first_weights(method("imtl_g"), J)
        if error(w, J, record) < 1e-8:
            continue
        differing += 1
        kind = key.rsplit("-", 1)[0]
        assert kind in ("near_zero_row", "huge_scale") or (kind == "rank_deficient" and len(J) == 2)
        unit = J / J.norm(dim=1, keepdim=True)
        projections = unit @ (w @ J)
        theirs = unit @ (tensor(record["w"]) @ J)
        spread = float(projections.max() - projections.min())
        noise = 1e-9 * float((w.abs() * J.norm(dim=1)).sum())
        assert spread <= noise, key
        assert spread < 1e-3 * float(theirs.max() - theirs.min()), key
    assert differing <= 20


def nash_residual(w, J):
    return float(((J @ (w @ J)) * w - 1).abs().max())


def test_nash_and_where_torchjd_stops_short():
    """TorchJD solves by a convex-concave procedure: ours must be a root at least as good as its answer."""
    agreeing = 0
    for key, J, record in records(
        "out", "NashMTL/noclip" if "NashMTL/noclip" in GOLDEN["out"] else "NashMTL"
    ):
        w = first_weights(method("nash_mtl", max_norm=0.0), J)
        theirs = tensor(record["w"])
        if not (J.norm(dim=1) > 0).all() or nash_residual(w, J) > 1e-6:
            # stationary, or a zero row: no root exists, and none is found by the peer either
            assert nash_residual(theirs, J) > 1e-6, key
            continue
        if "NashMTL/noclip" in GOLDEN["out"]:
            assert nash_residual(w, J) <= max(nash_residual(theirs, J), 1e-9), key
            if nash_residual(theirs, J) < 1e-6:
                assert error(w, J, record) < 1e-6
                agreeing += 1
    assert agreeing >= 20 or "NashMTL/noclip" not in GOLDEN["out"]


def replay(name, chosen, cross=False):
    """Yield what our method and the recorded peer say along a recorded sequence."""
    for key, outputs in GOLDEN["seq"][name].items():
        item = GOLDEN["inputs"][key]
        matrices = [tensor(j) for j in item["seq"]]
        state = chosen.init(LaneShapes((1,), item["m"]))
        for k, record in enumerate(outputs):
            J = matrices[k]
            signals = Signals(
                gramian=(J @ J.T)[None],
                cross_gramian=(J @ matrices[k + 1].T)[None] if cross else None,
                keys=torch.zeros(1, dtype=torch.int64),
            )
            w, state = chosen.step(state, signals)
            if "w" in record:
                yield key, k, J, w[0], record


SEQUENCES = [
    ("GradVac", "gradvac", {"order": "ascending", "epsilon": 1e-8}, False),
    ("PCD", "pcd", {}, False),
    ("PCD/tau=0.5", "pcd", {"tau": 0.5}, False),
    ("MoDo", "modo", {}, True),
    ("SDMGrad", "sdmgrad", {"epsilon": 1e-8}, True),
]


@pytest.mark.parametrize(("peer", "name", "options", "cross"), SEQUENCES, ids=lambda v: str(v)[:40])
def test_sequences_of_stateful_peers(peer, name, options, cross):
    tried = 0
    for key, k, J, w, record in replay(peer, method(name, **options), cross):
        found = error(w, J, record)
        assert found < 1e-8, (key, k, found)
        tried += 1
    assert tried >= 6


def test_sequences_of_nash_where_torchjd_found_the_root():
    agreeing = 0
    for _, _, J, w, record in replay("NashMTL/noclip", method("nash_mtl", max_norm=0.0)):
        if nash_residual(tensor(record["w"]), J) < 1e-6:
            assert nash_residual(w, J) < 1e-9
            assert error(w, J, record) < 1e-6
            agreeing += 1
    assert agreeing >= 6


def test_cr_mogm_follows_the_recurrence_of_torchjd():
    """TorchJD's UPGrad, which it averages, is regularized: its own weights are recovered from the
    recorded averages, and ours must be near them and obey the same recurrence exactly.
    """
    previous = {}
    for key, k, J, w, record in replay("CRMOGM(UPGrad)", method("cr_mogm", weighting="upgrad")):
        exact = first_weights(method("upgrad"), J)
        ours = exact if k == 0 else 0.9 * previous[key] + 0.1 * exact
        previous[key] = w
        assert torch.allclose(w, ours, rtol=0, atol=1e-12)
        if J.shape[1] >= J.shape[0]:
            # weights of dependent rows are not unique, and an average mixes those of several steps
            assert error(w, J, record) < 2e-2, (key, k)


def libmtl(name):
    for key, outputs in GOLDEN["libmtl"]["out"][name].items():
        item = GOLDEN["libmtl"]["inputs"][key]
        yield (
            key,
            item,
            [(tensor(item["J"][k]), tensor(item["L"][k]), r) for k, r in enumerate(outputs)],
        )


def run_libmtl(name, chosen):
    """Yield our direction and LibMTL's, step by step, with the Jacobian."""
    for key, item, steps in libmtl(name):
        state = chosen.init(LaneShapes((1,), item["m"]))
        for k, (J, L, record) in enumerate(steps):
            signals = Signals(
                gramian=(J @ J.T)[None],
                losses=L[None],
                keys=torch.zeros(1, dtype=torch.int64),
            )
            w, state = chosen.step(state, signals)
            yield key, k, J, w[0], tensor(record["dir"])


def test_libmtl_sum_and_aligned():
    for key, k, J, w, wanted in run_libmtl("EW", method("sum")):
        assert float((w @ J - wanted).norm()) < 1e-10 * float(J.norm()), (key, k)
    for key, k, J, w, wanted in run_libmtl("Aligned_MTL", method("aligned_mtl")):
        # LibMTL's combination is the sum, ours the mean
        assert float((len(J) * w @ J - wanted).norm()) < 1e-8 * float(J.norm()), (key, k)


def test_libmtl_imtl_before_its_scales_move():
    for key, k, J, w, wanted in run_libmtl("IMTL", method("imtl")):
        if k == 0:
            assert float((w @ J - wanted).norm()) < 1e-8 * float(J.norm()), key


@pytest.mark.parametrize("name", ["PCGrad", "GradVac"])
def test_libmtl_surgery(name):
    """LibMTL lets a task be projected off itself and adds 1e-8 to divisors: it differs by about 1e-8, and
    by more where rows are as unequal as in `huge_scale`.
    """
    options = {"mode": "ascending"} if name == "PCGrad" else {"order": "ascending"}
    for key, k, J, w, wanted in run_libmtl(name, method(name.lower(), **options)):
        if not key.startswith("huge_scale"):
            assert float((w @ J - wanted).norm()) < 5e-8 * float(J.norm()), (key, k)


@pytest.mark.parametrize("normalization", ["none", "l2", "loss", "loss+"])
def test_libmtl_mgda_is_never_shorter(normalization):
    """LibMTL stops at 1e-5 and clips weights to [0.001, 0.999]: two tasks agree where nothing is clipped;
    for more, ours is at least as short in the normalized gradients.
    """
    chosen = method("mgda", normalization=normalization, apply_to="normalized")
    name = json.dumps({"mgda_gn": normalization})
    for key, k, J, w, wanted in run_libmtl(f"MGDA{name}", chosen):
        ours = w @ J
        assert float(ours.norm()) <= float(wanted.norm()) * (1 + 1e-9), (key, k)
        if key == "random-2x5" and float(w.min()) > 2e-3 * float(w.max()):
            assert float((ours - wanted).norm()) < 1e-7 * float(J.norm())


@pytest.mark.parametrize("rescale", [(0, "none"), (1, "1+c^2"), (2, "1+c")])
def test_libmtl_cagrad_gains_no_more(rescale):
    """LibMTL solves by SLSQP to about 1e-6: its worst gain may not exceed ours, and directions are near."""
    number, option = rescale
    name = json.dumps({"calpha": 0.5, "rescale": number})
    for key, k, J, w, wanted in run_libmtl(
        f"CAGrad{name}", method("cagrad", c=0.5, rescale=option)
    ):
        scale = float(J.norm()) ** 2
        assert float((J @ wanted).min()) <= float((J @ (w @ J)).min()) + 1e-6 * scale, (key, k)
        if not key.startswith("huge_scale"):
            assert float((w @ J - wanted).norm()) < 1e-3 * float(J.norm()), (key, k)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_libmtl_fairgrad_leaves_no_smaller_residual(alpha):
    name = json.dumps({"FairGrad_alpha": alpha})
    for key, k, J, w, wanted in run_libmtl(f"FairGrad{name}", method("fairgrad", alpha=alpha)):
        residual = float(((J @ (w @ J)) * w ** (1 / alpha) - 1).abs().max())
        assert residual < 1e-8, (key, k, residual)
        if not key.startswith("huge_scale"):
            assert float((w @ J - wanted).norm()) < 1e-6 * float(J.norm()), (key, k)


@pytest.mark.parametrize("alpha", [0.5, 1.5])
def test_libmtl_gradnorm_slope(alpha):
    """LibMTL's gradient by the logits is ours times the mean weighted length; its first losses are the
    first entries of the recorded buffer.
    """
    chosen = GradNorm(alpha=alpha)
    for key, item, steps in libmtl(f"GradNorm{json.dumps({'alpha': alpha})}"):
        first = tensor([b[0] for b in item["buf"]])
        for J, L, record in steps:
            square = J.square().sum(1)
            weights = torch.ones_like(L)
            slope = chosen.slope(weights[None], square[None], (L / first)[None])[0]
            slope = slope * square.sqrt().mean()
            assert torch.allclose(slope, tensor(record["scale_grad"]), rtol=1e-8, atol=1e-9), key


def test_libmtl_upgrad_is_regularized():
    """LibMTL adds 1e-4 to the trace-normalized Gramian: ours is near, and harms no task at all."""
    for key, k, J, w, wanted in run_libmtl("UPGrad", method("upgrad")):
        gain = J @ (w @ J)
        assert (gain >= -1e-12 * J.norm(dim=1) * float((w @ J).norm())).all(), (key, k)
        if not key.startswith("huge_scale"):
            assert math.isclose(float((w @ J).norm()), float(wanted.norm()), rel_tol=1e-2), (key, k)
