"""Losses of overlap, by class over batch and space."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from losses.case import WEIGHT, Case, Unreduced, probabilities
from losses.core import dice

Number = Tensor | float


def masks(*shape: int) -> Callable[[Generator], Any]:
    """Draw logits and masks of 0 and 1; the last class is nowhere."""

    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        there = (rng.random(shape) > 0.5).astype(float)
        there[:, -1] = 0.0
        return 3 * rng.standard_normal(shape), there

    return draw


def space(x: Tensor) -> list[int]:
    return [0, *range(2, x.dim())]


def confusion(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return true and false positives and false negatives of each class."""
    p = 1 / (1 + torch.exp(-x))
    return tuple(part.sum(space(x)) for part in (p * t, p * (1 - t), (1 - p) * t))


def tversky(
    x: Tensor, t: Tensor, alpha: Number = 0.5, beta: Number = 0.5, smooth: Number = 1.0
) -> Unreduced:
    true, false, missed = confusion(x, t)
    return 1 - (true + smooth) / (true + alpha * false + beta * missed + smooth), None


def focal_tversky(
    x: Tensor,
    t: Tensor,
    alpha: Number = 0.7,
    beta: Number = 0.3,
    gamma: Number = 4 / 3,
    smooth: Number = 1.0,
) -> Unreduced:
    loss, _ = tversky(x, t, alpha, beta, smooth)
    return loss ** (1 / gamma), None


def jaccard(x: Tensor, t: Tensor, smooth: Number = 1.0) -> Unreduced:
    p = torch.sigmoid(x)
    shared = (p * t).sum(space(x))
    union = p.sum(space(x)) + t.sum(space(x)) - shared
    return 1 - (shared + smooth) / (union + smooth), None


def generalized_dice(x: Tensor, t: Tensor) -> Unreduced:
    p, axes = x.softmax(1), list(range(2, x.dim()))
    p, t = (p, t) if axes else (p.unsqueeze(-1), t.unsqueeze(-1))
    p, t = p.flatten(2), t.flatten(2)
    volume = t.sum(-1)
    weight = torch.where(volume > 0, 1 / torch.where(volume > 0, volume, 1.0) ** 2, 0.0)
    overlap, total = (p * t).sum(-1), (p + t).sum(-1)
    return 1 - 2 * (weight * overlap).sum(1) / (weight * total).sum(1), None


def softmax_dice(x: Tensor, t: Tensor, smooth: Number = 1.0) -> Unreduced:
    p, axes = x.softmax(1), space(x)
    return 1 - (2 * (p * t).sum(axes) + smooth) / ((p + t).sum(axes) + smooth), None


def squared(p: Tensor, t: Tensor, smooth: Number) -> Tensor:
    axes = space(p)
    return 1 - 2 * (p * t).sum(axes) / ((p * p).sum(axes) + (t * t).sum(axes) + smooth)


def squared_dice(x: Tensor, t: Tensor, smooth: Number = 1e-5) -> Unreduced:
    return squared(torch.sigmoid(x), t, smooth), None


def multiclass_dice(x: Tensor, t: Tensor, weight: Number = 1.0, smooth: Number = 1e-5) -> Unreduced:
    return weight * squared(x.softmax(1), t, smooth), None


def log_cosh_dice(x: Tensor, t: Tensor, smooth: Number = 1.0) -> Unreduced:
    return torch.log(torch.cosh(dice(x, t, smooth)[0])), None


def combo(
    x: Tensor, t: Tensor, alpha: Number = 0.5, beta: Number = 0.5, smooth: Number = 1.0
) -> list[Unreduced]:
    p, rest = torch.sigmoid(x), torch.sigmoid(-x)
    entropy = -beta * t * p.log() - (1 - beta) * (1 - t) * rest.log()
    return [(alpha * entropy, None), ((1 - alpha) * dice(x, t, smooth)[0], None)]


def sensitivity_specificity(x: Tensor, t: Tensor, r: Number = 0.05) -> Unreduced:
    square, axes = (t - torch.sigmoid(x)) ** 2, space(x)
    there, elsewhere = t.sum(axes), (1 - t).sum(axes)
    there_or_one = torch.where(there > 0, there, 1.0)
    found = torch.where(there > 0, (square * t).sum(axes) / there_or_one, 0.0)
    return r * found + (1 - r) * (square * (1 - t)).sum(axes) / elsewhere, None


_TVERSKY = ("TverskyLoss", "tversky_loss", tversky)
_FOCAL = ("FocalTverskyLoss", "focal_tversky_loss", focal_tversky)
_JACCARD = ("JaccardLoss", "jaccard_loss", jaccard)
_GENERALIZED = ("GeneralizedDiceLoss", "generalized_dice_loss", generalized_dice)
_SOFTMAX = ("SoftmaxDiceLoss", "softmax_dice_loss", softmax_dice)
_SQUARED = ("SquaredDiceLoss", "squared_dice_loss", squared_dice)
_MULTICLASS = ("MulticlassDiceLoss", "multiclass_dice_loss", multiclass_dice)
_LOG_COSH = ("LogCoshDiceLoss", "log_cosh_dice_loss", log_cosh_dice)
_COMBO = ("ComboLoss", "combo_loss", combo)
_BROSCH = (
    "SensitivitySpecificityLoss",
    "sensitivity_specificity_loss",
    sensitivity_specificity,
)

CASES = (
    Case("tversky", *_TVERSKY, probabilities(2, 3, 4)),
    Case("tversky-uneven", *_TVERSKY, masks(3, 3, 2), {"alpha": 0.3, "beta": 0.7, "smooth": 0.0}),
    Case("focal_tversky", *_FOCAL, probabilities(2, 3, 4)),
    Case("focal_tversky-two", *_FOCAL, masks(3, 3, 2), {"gamma": 2.0}),
    Case("jaccard", *_JACCARD, probabilities(2, 3, 4)),
    Case("jaccard-unsmoothed", *_JACCARD, masks(3, 3, 2), {"smooth": 0.0}),
    Case("generalized_dice", *_GENERALIZED, probabilities(2, 3, 2, 2)),
    Case("softmax_dice", *_SOFTMAX, probabilities(2, 3, 4)),
    Case("softmax_dice-unsmoothed", *_SOFTMAX, masks(3, 3, 2), {"smooth": 0.0}),
    Case("squared_dice", *_SQUARED, probabilities(2, 3, 4)),
    Case("multiclass_dice", *_MULTICLASS, probabilities(2, 4, 3), {"weight": WEIGHT}),
    Case("log_cosh_dice", *_LOG_COSH, probabilities(2, 3, 4)),
    Case("combo", *_COMBO, probabilities(2, 3, 4), reductions=("mean", "sum")),
    Case(
        "combo-uneven",
        *_COMBO,
        probabilities(2, 3, 4),
        {"alpha": 0.25, "beta": 0.75, "smooth": 0.5},
        reductions=("mean", "sum"),
    ),
    Case("sensitivity_specificity", *_BROSCH, probabilities(2, 3, 4)),
    Case("sensitivity_specificity-even", *_BROSCH, probabilities(3, 2), {"r": 0.5}),
)

ONE_CLASS = probabilities(3, 1, 4)

# The built-ins know one class, or sum over all of them.
CASES += (
    Case("tversky-one-class", *_TVERSKY, ONE_CLASS, {"alpha": 0.3, "beta": 0.7, "smooth": 0.0}),
    Case("softmax_dice-one-image", *_SOFTMAX, probabilities(1, 3, 4), {"smooth": 2.0}),
    Case("squared_dice-one-class", *_SQUARED, ONE_CLASS),
    Case("multiclass_dice-plain", *_MULTICLASS, probabilities(5, 3)),
)
