"""The exact likelihood of a tempered softmax, where `uncertainty` uses an approximation.

The classification form of `uncertainty` needs only the loss L: `L / T + log(T) / 2`. With the logits at
hand the likelihood itself is `L / T + LSE(f / T) - LSE(f) / T`, which is the cross-entropy of `f / T`.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from paretomtl.errors import BadInput


def tempered_cross_entropy(
    logits: Float[Tensor, "*samples classes"],
    labels: Int[Tensor, "*samples"],
    log_temperature: Float[Tensor, ""] | float,
) -> Float[Tensor, ""]:
    """Return the mean negative log-likelihood of `softmax(logits / T)`; differentiable in log T.

    Args:
        logits: f, before the softmax.
        labels: True classes.
        log_temperature: log T; any real number, so T stays positive.

    >>> f = torch.tensor([[2.0, 0.0, -1.0]])
    >>> round(tempered_cross_entropy(f, torch.tensor([0]), torch.tensor(2.0).log()).item(), 4)
    0.4644
    """
    sharpness = torch.exp(-torch.as_tensor(log_temperature, dtype=logits.dtype))
    scaled = logits * sharpness
    chosen = scaled.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    return (torch.logsumexp(scaled, -1) - chosen).mean()


def best_temperature(
    logits: Float[Tensor, "*samples classes"], labels: Int[Tensor, "*samples"]
) -> float:
    """Return the temperature with the least mean negative log-likelihood.

    There the mean negative log-likelihood equals the mean entropy of the predictions. By bisection on
    the slope, which is monotone in 1 / T, to full precision within [1e-8, 1e8].

    Raises:
        BadInput: Every sample is right (the best temperature is 0), or chance beats the logits at
            every temperature (it is infinite).
    """
    f = logits.to(torch.float64)
    chosen = f.gather(-1, labels.unsqueeze(-1)).squeeze(-1)

    def slope(sharpness: float) -> float:
        mean = (torch.softmax(f * sharpness, -1) * f).sum(-1)
        return float((mean - chosen).mean())

    low, high = 1e-8, 1e8
    if slope(low) >= 0:
        raise BadInput("the logits are no better than chance: their best temperature is infinite.")
    if slope(high) <= 0:
        raise BadInput("the logits are right on every sample: their best temperature is 0.")
    for _ in range(200):
        middle = (low * high) ** 0.5
        if slope(middle) < 0:
            low = middle
        else:
            high = middle
    return 1 / high
