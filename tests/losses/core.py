"""The losses that the core was built on."""

import numpy as np
import torch
from torch import Tensor

from losses.case import (
    WEIGHT,
    Case,
    Unreduced,
    class_probabilities,
    labels,
    normals,
    probabilities,
)


def mse(x: Tensor, t: Tensor, weight: Tensor | None = None) -> Unreduced:
    loss = (x - t) ** 2
    return (loss, None) if weight is None else (weight * loss, weight.sum())


def l1(x: Tensor, t: Tensor, weight: Tensor | None = None) -> Unreduced:
    loss = (x - t).abs()
    return (loss, None) if weight is None else (weight * loss, weight.sum())


def huber(
    x: Tensor, t: Tensor, delta: Tensor | float = 1.0, weight: Tensor | None = None
) -> Unreduced:
    error = (x - t).abs()
    loss = torch.where(error <= delta, error**2 / 2, delta * error - delta**2 / 2)
    return (loss if weight is None else weight * loss), None


def weighted_mse(x: Tensor, t: Tensor, weights: Tensor) -> Unreduced:
    if weights.dim() < x.dim():
        weights = weights.reshape(len(x), *[1] * (x.dim() - 1))
    return weights * (x - t) ** 2, None


def two_head(x1: Tensor, t1: Tensor, x2: Tensor, t2: Tensor) -> list[Unreduced]:
    return [((x1 - t1) ** 2, None), ((x2 - t2).abs(), None)]


def bce_with_logits(
    x: Tensor, t: Tensor, weight: Tensor | float | None = None, pos_weight: Tensor | None = None
) -> Unreduced:
    weight = 1.0 if weight is None else weight
    pos_weight = 1.0 if pos_weight is None else pos_weight
    positive, negative = (-torch.log_softmax(torch.stack([0 * x, s * x]), 0)[1] for s in (1, -1))
    return weight * (pos_weight * t * positive + (1 - t) * negative), None


def cross_entropy(
    x: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: Tensor | float = 0.0,
) -> Unreduced:
    x = x.movedim(min(1, x.dim() - 1), -1)
    classes = x.shape[-1]
    weight = x.new_ones(classes) if weight is None else weight
    if target.is_floating_point():
        q = target.movedim(min(1, target.dim() - 1), -1)
        q = (1 - label_smoothing) * q + label_smoothing / classes
        return -(weight * q * torch.log_softmax(x, -1)).sum(-1), None
    valid = target != ignore_index
    nll = -weight * torch.log_softmax(torch.where(valid.unsqueeze(-1), x, 0.0), -1)
    labels = torch.where(valid, target, 0)
    hard = nll.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    loss = (1 - label_smoothing) * hard + label_smoothing * nll.mean(-1)
    return torch.where(valid, loss, 0.0), (weight[labels] * valid).sum()


def dice(x: Tensor, t: Tensor, smooth: Tensor | float = 1.0) -> Unreduced:
    p, axes = 1 / (1 + torch.exp(-x)), [0, *range(2, x.dim())]
    ratio = (2 * (p * t).sum(axes) + smooth) / (p.sum(axes) + t.sum(axes) + smooth)
    return 1 - ratio, None


def info_nce(query: Tensor, key: Tensor, temperature: Tensor | float = 0.1) -> Unreduced:
    query, key = (v / (v * v).sum(-1, keepdim=True).sqrt() for v in (query, key))
    return -torch.log_softmax(query @ key.T / temperature, -1).diagonal(), None


ROWS = np.array([0.5, 2.0, 1.0])
ENTRIES = np.array([[0.5, 2.0], [1.0, 0.0], [4.0, 0.25]])

_BCE = ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", bce_with_logits)
_CE = ("CrossEntropyLoss", "cross_entropy", cross_entropy)

CASES = (
    Case("mse", "MSELoss", "mse_loss", mse, normals((3, 4), (3, 4))),
    Case("l1", "L1Loss", "l1_loss", l1, normals((3, 4), (3, 4))),
    Case("huber", "HuberLoss", "huber_loss", huber, normals((3, 4), (3, 4))),
    Case("huber-delta", "HuberLoss", "huber_loss", huber, normals((5,), (5,)), {"delta": 0.75}),
    Case(
        "weighted_mse-rows",
        "WeightedMSELoss",
        "weighted_mse_loss",
        weighted_mse,
        normals((3, 2), (3, 2)),
        {"weights": ROWS},
    ),
    Case(
        "weighted_mse-entries",
        "WeightedMSELoss",
        "weighted_mse_loss",
        weighted_mse,
        normals((3, 2), (3, 2)),
        {"weights": ENTRIES},
    ),
    Case(
        "two_head",
        "TwoHeadLoss",
        "two_head_loss",
        two_head,
        normals((3, 2), (3, 2), (5,), (5,)),
        reductions=("mean", "sum"),
    ),
    Case("bce", *_BCE, probabilities(3, 4)),
    Case(
        "bce-weighted",
        *_BCE,
        probabilities(3, 4),
        {"weight": WEIGHT, "pos_weight": WEIGHT[::-1].copy()},
    ),
    Case("cross_entropy", *_CE, labels((5,), 4)),
    Case("cross_entropy-ignored", *_CE, labels((5,), 4, -100)),
    Case("cross_entropy-one-sample", *_CE, labels((), 4)),
    Case(
        "cross_entropy-images",
        *_CE,
        labels((2, 2, 3), 4, 1),
        {"weight": WEIGHT, "ignore_index": 1, "label_smoothing": 0.25},
    ),
    Case("cross_entropy-smoothed", *_CE, labels((5,), 4), {"label_smoothing": 0.125}),
    Case(
        "cross_entropy-probabilities",
        *_CE,
        class_probabilities(3, 4, 2),
        {"weight": WEIGHT, "label_smoothing": 0.125},
    ),
    Case("dice", "DiceLoss", "dice_loss", dice, probabilities(2, 3, 4)),
    Case("dice-smooth", "DiceLoss", "dice_loss", dice, probabilities(2, 3), {"smooth": 0.25}),
    Case("info_nce", "InfoNCELoss", "info_nce_loss", info_nce, normals((4, 3), (4, 3))),
    Case(
        "info_nce-temperature",
        "InfoNCELoss",
        "info_nce_loss",
        info_nce,
        normals((4, 3), (4, 3)),
        {"temperature": 0.5},
    ),
)
