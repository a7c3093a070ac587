"""The other losses of the first texts, and their kin."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from losses.case import Case, Unreduced, class_probabilities, normals, probabilities


def signs(*shape: int, scale: float = 2.0) -> Callable[[Generator], Any]:
    """Draw scores and labels that are -1 or 1."""
    return lambda rng: (scale * rng.standard_normal(shape), rng.choice([-1.0, 1.0], shape))


def log_probabilities(*shape: int, logarithms: bool = False) -> Callable[[Generator], Any]:
    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        logits, target = class_probabilities(*shape)(rng)
        log = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        return log, np.log(target) if logarithms else target

    return draw


def pairs(*shape: int) -> Callable[[Generator], Any]:
    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        first, second = rng.standard_normal(shape), rng.standard_normal(shape)
        return first, second, np.asarray(rng.choice([-1.0, 1.0], shape[:-1]))

    return draw


def variances(shape: tuple[int, ...], own: tuple[int, ...]) -> Callable[[Generator], Any]:
    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        return rng.standard_normal(shape), rng.standard_normal(shape), rng.random(own) + 0.1

    return draw


def softplus(x: Tensor) -> Tensor:
    return torch.logaddexp(x, torch.zeros_like(x))


def hinge_margin(x: Tensor, t: Tensor, margin: Tensor | float = 1.0) -> Unreduced:
    return torch.relu(1 - t * x + margin), None


def soft_margin(x: Tensor, t: Tensor) -> Unreduced:
    return softplus(-t * x), None


def sigmoid_weighted_l1(x: Tensor, t: Tensor) -> Unreduced:
    error = (x - t).abs()
    return error / (1 + torch.exp(-error)), None


def multi_target_l1(x: Tensor, t1: Tensor, t2: Tensor) -> Unreduced:
    return 0.5 * (x - t1).abs() + 0.5 * (x - t2).abs(), None


def mse_with_l2(
    x: Tensor, t: Tensor, weights: Tensor, coefficient: Tensor | float = 0.01
) -> list[Unreduced]:
    return [((x - t) ** 2, None), (coefficient * (weights * weights).sum(), None)]


def smooth_l1(x: Tensor, t: Tensor, beta: Tensor | float = 1.0) -> Unreduced:
    error = (x - t).abs()
    if not isinstance(beta, Tensor) and beta == 0:
        return error, None
    return torch.where(error < beta, error**2 / (2 * beta), error - beta / 2), None


def log_cosh(x: Tensor, t: Tensor) -> Unreduced:
    error = x - t
    return error + softplus(-2 * error) - math.log(2), None


def quantile(x: Tensor, t: Tensor, q: Tensor | float = 0.5) -> Unreduced:
    return torch.where(t > x, q * (t - x), (1 - q) * (x - t)), None


def concordance(x: Tensor, t: Tensor) -> Unreduced:
    dx, dt = x - x.mean(0), t - t.mean(0)
    below = (dx * dx).mean(0) + (dt * dt).mean(0) + (x.mean(0) - t.mean(0)) ** 2
    return 1 - 2 * (dx * dt).mean(0) / below, None


def kl_div(x: Tensor, t: Tensor, log_target: bool = False) -> Unreduced:
    return (torch.exp(t) * (t - x) if log_target else torch.xlogy(t, t) - t * x), None


def sigmoid_focal(
    x: Tensor, t: Tensor, alpha: Tensor | float | None = None, gamma: Tensor | float = 2.0
) -> Unreduced:
    p = 1 / (1 + torch.exp(-x))
    first, second = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    positive = first * t * (1 - p) ** gamma * softplus(-x)
    return positive + second * (1 - t) * p**gamma * softplus(x), None


def cosine_embedding(x1: Tensor, x2: Tensor, t: Tensor, margin: Tensor | float = 0.0) -> Unreduced:
    squares = ((x1 * x1).sum(-1) + 1e-12) * ((x2 * x2).sum(-1) + 1e-12)
    cosine = (x1 * x2).sum(-1) / squares.sqrt()
    loss = torch.where(t > 0, 1 - cosine, torch.relu(cosine - margin))
    return loss + 0 * t, None  # the target has the gradient 0


def triplet_margin(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: Tensor | float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
) -> Unreduced:
    def distance(left: Tensor, right: Tensor) -> Tensor:
        return ((left - right + eps).abs() ** p).sum(-1) ** (1 / p)

    far = distance(anchor, negative)
    if swap:
        far = torch.minimum(far, distance(positive, negative))
    return torch.relu(distance(anchor, positive) - far + margin), None


def gaussian_nll(
    x: Tensor, t: Tensor, var: Tensor, full: bool = False, eps: float = 1e-6
) -> Unreduced:
    if var.dim() < x.dim():
        var = var.unsqueeze(-1)
    var = var + (var.clamp(min=eps) - var).detach()
    loss = (var.log() + (x - t) ** 2 / var) / 2
    return loss + (math.log(2 * math.pi) / 2 if full else 0.0), None


_FOCAL = ("SigmoidFocalLoss", "sigmoid_focal_loss", sigmoid_focal)
_KL = ("KLDivLoss", "kl_div", kl_div)
_COSINE = ("CosineEmbeddingLoss", "cosine_embedding_loss", cosine_embedding)
_TRIPLET = ("TripletMarginLoss", "triplet_margin_loss", triplet_margin)
_NLL = ("GaussianNLLLoss", "gaussian_nll_loss", gaussian_nll)
_SMOOTH = ("SmoothL1Loss", "smooth_l1_loss", smooth_l1)
_TRIPLETS = normals((4, 3), (4, 3), (4, 3), scale=1.0)

CASES = (
    Case("hinge_margin", "HingeMarginLoss", "hinge_margin_loss", hinge_margin, signs(3, 4)),
    Case(
        "hinge_margin-half",
        "HingeMarginLoss",
        "hinge_margin_loss",
        hinge_margin,
        signs(5),
        {"margin": 0.5},
    ),
    Case("soft_margin", "SoftMarginLoss", "soft_margin_loss", soft_margin, signs(3, 4)),
    Case(
        "sigmoid_weighted_l1",
        "SigmoidWeightedL1Loss",
        "sigmoid_weighted_l1_loss",
        sigmoid_weighted_l1,
        normals((3, 4), (3, 4)),
    ),
    Case(
        "multi_target_l1",
        "MultiTargetL1Loss",
        "multi_target_l1_loss",
        multi_target_l1,
        normals((3, 4), (3, 4), (3, 4)),
    ),
    Case(
        "mse_with_l2",
        "MSEWithL2Loss",
        "mse_with_l2_loss",
        mse_with_l2,
        normals((3, 4), (3, 4), (2, 3, 2)),
        {"coefficient": 0.25},
        reductions=("mean", "sum"),
    ),
    Case("smooth_l1", *_SMOOTH, normals((3, 4), (3, 4))),
    Case("smooth_l1-beta", *_SMOOTH, normals((5,), (5,)), {"beta": 0.5}),
    Case("smooth_l1-absolute", *_SMOOTH, normals((5,), (5,)), {"beta": 0.0}),
    Case("log_cosh", "LogCoshLoss", "log_cosh_loss", log_cosh, normals((3, 4), (3, 4))),
    Case(
        "quantile", "QuantileLoss", "quantile_loss", quantile, normals((3, 4), (3, 4)), {"q": 0.125}
    ),
    Case("concordance", "ConcordanceLoss", "concordance_loss", concordance, normals((5,), (5,))),
    Case(
        "concordance-features",
        "ConcordanceLoss",
        "concordance_loss",
        concordance,
        normals((5, 2, 2), (5, 2, 2)),
    ),
    Case("kl_div", *_KL, log_probabilities(3, 4)),
    Case("kl_div-log", *_KL, log_probabilities(3, 4, logarithms=True), {"log_target": True}),
    Case("sigmoid_focal", *_FOCAL, probabilities(3, 4)),
    Case("sigmoid_focal-balanced", *_FOCAL, probabilities(5), {"alpha": 0.25, "gamma": 1.5}),
    Case("cosine_embedding", *_COSINE, pairs(5, 3), categories=(2,)),
    Case("cosine_embedding-one-pair", *_COSINE, pairs(3), {"margin": 0.25}, categories=(2,)),
    Case("triplet_margin", *_TRIPLET, _TRIPLETS),
    Case("triplet_margin-swapped", *_TRIPLET, _TRIPLETS, {"swap": True, "margin": 0.5}),
    Case("triplet_margin-cubes", *_TRIPLET, _TRIPLETS, {"p": 3.0}),
    Case("gaussian_nll", *_NLL, variances((3, 4), (3, 4))),
    Case("gaussian_nll-rows", *_NLL, variances((3, 4), (3,)), {"full": True, "eps": 0.25}),
)
