"""What a loss is worth before anything is learned: at random initialisation, and by the best constant.

Constants for `init_norm(initial=...)` and `prior_norm(prior=...)`. Entropies are in nats.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Literal

import torch
from torch import Tensor

from paretomtl.arrays import ArrayLike, as_tensor
from paretomtl.errors import BadInput


def theoretical_init_loss(
    kind: Literal["cross_entropy", "binary_cross_entropy", "squared_error"],
    *,
    n_classes: int | None = None,
    labels: ArrayLike | None = None,
    reduction: Literal["mean", "sum"] = "mean",
) -> float:
    """Return the loss of a network whose outputs (logits) are all zero.

    `log K` for cross-entropy over K classes, `log 2` for binary cross-entropy, and `E |y|^2` for squared
    error, divided by the output dimension where the loss is a mean over outputs.

    Args:
        kind: Which loss.
        n_classes: K, for cross-entropy.
        labels: Targets [samples, *outputs], for squared error.
        reduction: How squared error is reduced over the outputs of one sample.

    Raises:
        BadInput: An unknown kind or reduction, or what the kind needs is missing.

    >>> round(theoretical_init_loss("cross_entropy", n_classes=100), 4)
    4.6052
    """
    if reduction not in ("mean", "sum"):
        raise BadInput(f"`reduction` must be 'mean' or 'sum'; found {reduction!r}.")
    if kind == "cross_entropy":
        if not isinstance(n_classes, int) or isinstance(n_classes, bool) or n_classes < 2:
            raise BadInput(
                f"cross_entropy needs a whole number `n_classes` >= 2; found {n_classes!r}."
            )
        return math.log(n_classes)
    if kind == "binary_cross_entropy":
        return math.log(2)
    if kind == "squared_error":
        return _per_sample(_targets(labels).square(), reduction)
    raise BadInput(
        "`kind` must be 'cross_entropy', 'binary_cross_entropy' or 'squared_error'; "
        f"found {kind!r}."
    )


def class_prior_loss(labels: ArrayLike) -> float:
    """Return the cross-entropy of the best constant prediction: the entropy of the classes, in nats.

    Args:
        labels: Classes as integers, or 0 and 1 as any number, in any shape.

    Raises:
        BadInput: No labels, a NaN or infinite one, or a single class, whose entropy 0 cannot scale a loss.

    >>> round(class_prior_loss(torch.tensor([0, 0, 0, 0, 1])), 3)
    0.5
    """
    labels = _numbers(labels)
    if labels.numel() == 0:
        raise BadInput("`labels` is empty.")
    classes: list[float] = labels.flatten().tolist()  # pyright: ignore[reportUnknownVariableType]
    counts = Counter(classes)
    if len(counts) == 1:
        raise BadInput("`labels` hold a single class: their entropy is 0 and cannot scale a loss.")
    total = labels.numel()
    return -sum(n / total * math.log(n / total) for n in counts.values())


def regression_prior_loss(
    labels: ArrayLike, *, reduction: Literal["mean", "sum"] = "mean"
) -> float:
    """Return the squared error of the best constant prediction: the variance of the targets.

    Args:
        labels: Targets, [samples, *outputs].
        reduction: Over the outputs of one sample; "sum" gives the trace of the covariance.

    Raises:
        BadInput: No labels, a NaN or infinite one, or all alike, so that the variance 0 cannot scale a loss.
    """
    targets = _targets(labels)
    loss = _per_sample((targets - targets.mean(0)).square(), reduction)
    if loss == 0:
        raise BadInput("`labels` are all alike: their variance is 0 and cannot scale a loss.")
    return loss


def _targets(labels: ArrayLike | None) -> Tensor:
    targets = None if labels is None else _numbers(labels)
    if targets is None or targets.numel() == 0 or targets.ndim == 0:
        raise BadInput("squared error needs `labels`, the training targets [samples, *outputs].")
    return targets.to(torch.float64)


def _numbers(labels: ArrayLike) -> Tensor:
    tensor = as_tensor("labels", labels)
    if not bool(tensor.isfinite().all()):
        raise BadInput("`labels` hold NaN or infinity.")
    return tensor


def _per_sample(squares: Tensor, reduction: Literal["mean", "sum"]) -> float:
    flat = squares.reshape(len(squares), -1)
    return float((flat.mean(-1) if reduction == "mean" else flat.sum(-1)).mean())
