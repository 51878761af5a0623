"""Under which changes of the losses each loss-level method keeps its direction."""

from __future__ import annotations

import pytest
import torch

from paretomtl.methods.base import LaneShapes, Signals, method

DRAWS, TASKS, PARAMETERS = 60, 3, 6
CHANGES = (
    "common scale",
    "per-task scale",
    "common shift",
    "per-task shift",
    "monotone map",
    "rotation",
    "task order",
    "duplicated task",
)

# one letter a change, in the order above: y the direction stays, n it does not
MATRIX = {
    "linear": ("linear", {}, "ynyynyyn"),
    "initial loss, measured": ("init_norm", {}, "yynnnyyn"),
    "initial loss, theoretical": ("init_norm", {"initial": (1.0, 2.0, 0.5)}, "ynyynyyn"),
    "prior loss": ("prior_norm", {"prior": (1.0, 2.0, 0.5)}, "ynyynyyn"),
    "live": ("live_norm", {}, "yynnnyyn"),
    "log-sum": ("log_sum", {}, "yynnnyyn"),
    "geometric mean": ("geometric_mean", {}, "yynnnyyn"),
    "gamma = 0": ("power_mean", {"gamma": 0.0}, "yynnnyyn"),
    "gamma = 2": ("power_mean", {"gamma": 2.0}, "ynnnnyyn"),
    "gamma = -1": ("power_mean", {"gamma": -1.0}, "ynnnnyyn"),
    "gamma = inf": ("power_mean", {"gamma": float("inf")}, "ynynnyyy"),
    "tchebycheff": ("tchebycheff", {}, "ynynnyyy"),
    "uncertainty, profiled": ("uncertainty", {}, "yynnnyyn"),
    "imtl_l, profiled": ("imtl_l", {}, "yynnnyyn"),
    "term": ("term", {"t": 1.0}, "nnynnyyn"),
    "smooth tchebycheff": ("smooth_tchebycheff", {"mu": 0.3}, "nnynnyyn"),
}


def draw(seed):
    """Losses at the start and now, and the Jacobian now."""
    g = torch.Generator().manual_seed(seed)
    before, now = torch.rand(2, TASKS, generator=g, dtype=torch.float64) * 3 + 0.2
    return before, now, torch.randn(TASKS, PARAMETERS, generator=g, dtype=torch.float64), g


def direction(name, options, before, now, rows):
    """Return the unit direction; learned scales are at their optimum for these losses."""
    chosen = method(name, **options)
    state = chosen.init(LaneShapes((), len(now)))
    if name in ("uncertainty", "imtl_l"):
        sign = 1 if name == "uncertainty" else -1
        state = {**state, "parameter": sign * now.log()}
    elif name == "init_norm":
        state = chosen.update(state, Signals(losses=before))
    u = chosen.weights(state, Signals(losses=now)) @ rows
    return u / u.norm()


def changed(change, options, before, now, rows, g):
    """Return options, losses and rows after the change, and how to undo it on a direction."""
    c = torch.rand(TASKS, generator=g, dtype=torch.float64) * 4 + 0.3
    same = lambda u: u  # noqa: E731
    if change == "common scale":
        return options, before * c[0], now * c[0], rows * c[0], same
    if change == "per-task scale":
        return options, before * c, now * c, rows * c.unsqueeze(-1), same
    if change == "common shift":
        return options, before + c[0], now + c[0], rows, same
    if change == "per-task shift":
        return options, before + c, now + c, rows, same
    if change == "monotone map":
        slope = c * now ** (c - 1)
        return options, before**c, now**c, rows * slope.unsqueeze(-1), same
    if change == "rotation":
        q, _ = torch.linalg.qr(
            torch.randn(PARAMETERS, PARAMETERS, generator=g, dtype=torch.float64)
        )
        return options, before, now, rows @ q, lambda u: q @ u
    index = [2, 0, 1] if change == "task order" else [0, 1, 2, 1]
    options = {
        k: tuple(v[i] for i in index) if isinstance(v, tuple) else v for k, v in options.items()
    }
    return options, before[index], now[index], rows[index], same


@pytest.mark.parametrize("row", MATRIX)
def test_matrix(row):
    name, options, expected = MATRIX[row]
    found = ""
    for change in CHANGES:
        kept = True
        for seed in range(DRAWS):
            before, now, rows, g = draw(seed)
            plain = direction(name, options, before, now, rows)
            after_options, *after, undo = changed(change, options, before, now, rows, g)
            kept &= bool((undo(direction(name, after_options, *after)) - plain).norm() < 1e-9)
        found += "y" if kept else "n"
    assert dict(zip(CHANGES, found, strict=True)) == dict(zip(CHANGES, expected, strict=True))
