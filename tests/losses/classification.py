"""Losses of classes, ranks and distributions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from losses.case import WEIGHT, Case, Unreduced, class_probabilities, labels, normals, probabilities
from losses.core import cross_entropy
from losses.seeds import signs


def ranks(shape: tuple[int, ...], count: int) -> Callable[[Generator], Any]:
    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        logits = 3 * rng.standard_normal((*shape, count - 1))
        return logits, np.asarray(rng.integers(count, size=shape)).astype(float)

    return draw


def relevances(*shape: int) -> Callable[[Generator], Any]:
    return lambda rng: (2 * rng.standard_normal(shape), rng.integers(4, size=shape).astype(float))


def one_hot(*shape: int) -> Callable[[Generator], Any]:
    """Draw scores, and targets with a single 1 along axis 1, or of a single sample."""

    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        scores = 2 * rng.standard_normal(shape)
        right = rng.standard_normal(shape)
        axis = min(1, len(shape) - 1)
        return scores, (right == right.max(axis, keepdims=True)).astype(float)

    return draw


def log_numbers(*shape: int) -> Callable[[Generator], Any]:
    return lambda rng: (rng.standard_normal(shape), 3 * rng.random(shape))


def student_and_teacher(*shape: int) -> Callable[[Generator], Any]:
    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        x, y = labels((shape[0], *shape[2:]), shape[1], -100)(rng)
        return x, 3 * rng.standard_normal(shape), y

    return draw


def last(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return scores with the classes last, and labels that can pick from them."""
    x = x.movedim(min(1, x.dim() - 1), -1)
    return x, (y.movedim(min(1, y.dim() - 1), -1) if y.is_floating_point() else y.unsqueeze(-1))


def expected(values: Tensor, y: Tensor) -> Tensor:
    """Return the value at the label, or the mean of all under a distribution."""
    picked = (values * y).sum(-1) if y.is_floating_point() else values.gather(-1, y).squeeze(-1)
    return picked


def hinge(x: Tensor, t: Tensor) -> Unreduced:
    return torch.relu(1 - t * x), None


def squared_hinge(x: Tensor, t: Tensor) -> Unreduced:
    return torch.relu(1 - t * x) ** 2, None


def perceptron(x: Tensor, t: Tensor) -> Unreduced:
    return torch.relu(-t * x), None


def multiclass_hinge(x: Tensor, y: Tensor) -> Unreduced:
    x, y = last(x, y)
    others = torch.ones_like(x).scatter(-1, y, 0.0)
    return (x + others).amax(-1) - x.gather(-1, y).squeeze(-1), None


def multiclass_perceptron(x: Tensor, y: Tensor) -> Unreduced:
    x, y = last(x, y)
    return x.amax(-1) - x.gather(-1, y).squeeze(-1), None


def categorical_hinge(x: Tensor, t: Tensor) -> Unreduced:
    x, t = last(x, t)
    return torch.relu(((1 - t) * x).amax(-1) - (t * x).sum(-1) + 1), None


def softmax_focal(
    x: Tensor, y: Tensor, weight: Tensor | float = 1.0, gamma: Tensor | float = 2.0
) -> Unreduced:
    x, y = last(x, y)
    log_p = torch.log_softmax(x, -1)
    return expected(-weight * (1 - log_p.exp()) ** gamma * log_p, y), None


def asymmetric(
    x: Tensor, t: Tensor, gamma_neg: float = 4.0, gamma_pos: float = 1.0, clip: float = 0.05
) -> Unreduced:
    p, rest = 1 / (1 + torch.exp(-x)), 1 / (1 + torch.exp(x))
    kept = (rest + clip).clamp(max=1)
    loss = t * rest**gamma_pos * p.log() + (1 - t) * (1 - kept) ** gamma_neg * kept.log()
    return -loss, None


def symmetric_cross_entropy(
    x: Tensor, y: Tensor, alpha: float = 0.1, beta: float = 1.0, log_zero: float = -4.0
) -> Unreduced:
    x, y = last(x, y)
    log_p = torch.log_softmax(x, -1)
    logs = torch.full_like(x, log_zero).scatter(-1, y, 0.0)
    return -alpha * expected(log_p, y) - beta * (log_p.exp() * logs).sum(-1), None


def poly_cross_entropy(x: Tensor, y: Tensor, epsilon: float = 2.0) -> Unreduced:
    x, y = last(x, y)
    log_p = torch.log_softmax(x, -1)
    return expected(epsilon * (1 - log_p.exp()) - log_p, y), None


def generalized_cross_entropy(x: Tensor, y: Tensor, q: float = 0.7) -> Unreduced:
    log_p = expected(torch.log_softmax(last(x, y)[0], -1), last(x, y)[1])
    return (-log_p if q == 0 else (1 - log_p.exp() ** q) / q), None


def coral(x: Tensor, t: Tensor, weight: Tensor | float = 1.0) -> Unreduced:
    answer = t.unsqueeze(-1) > torch.arange(x.shape[-1])
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    loss = bce(x, answer.double(), reduction="none")
    return (weight * loss).sum(-1) + 0 * t, None


def kl_of(p: Tensor, q: Tensor) -> Tensor:
    """Return the divergence of logits q from logits p, classes last."""
    log_p, log_q = torch.log_softmax(p, -1), torch.log_softmax(q, -1)
    return (log_p.exp() * (log_p - log_q)).sum(-1)


def kl_div_with_logits(x: Tensor, t: Tensor, temperature: Tensor | float = 1.0) -> Unreduced:
    x, t = last(x, t)
    return temperature**2 * kl_of(t / temperature, x / temperature), None


def reverse_kl(x: Tensor, t: Tensor, temperature: Tensor | float = 1.0) -> Unreduced:
    return kl_div_with_logits(t, x, temperature)


def jensen_shannon(x: Tensor, t: Tensor) -> Unreduced:
    x, t = last(x, t)
    mixture = ((x.softmax(-1) + t.softmax(-1)) / 2).log()
    return (kl_of(x, mixture) + kl_of(t, mixture)) / 2, None


def generalized_kl_div(x: Tensor, t: Tensor) -> Unreduced:
    return torch.xlogy(t, t) - t * x + x.exp() - t, None


def distillation(
    x: Tensor,
    teacher: Tensor,
    y: Tensor,
    alpha: float = 0.5,
    temperature: float = 2.0,
    ignore_index: int = -100,
) -> list[Unreduced]:
    soft, _ = kl_div_with_logits(x, teacher, temperature)
    hard, count = cross_entropy(x, y, ignore_index=ignore_index)
    return [(alpha * soft, None), ((1 - alpha) * hard, count)]


def ranking_softmax(
    x: Tensor, t: Tensor, weights: Tensor | float = 1.0, where: Tensor | None = None
) -> Unreduced:
    kept = torch.ones_like(x, dtype=torch.bool) if where is None else where > 0
    log_p = torch.log_softmax(torch.where(kept, x, -torch.inf), -1)
    loss = -(weights * t * torch.where(kept, log_p, 0.0)).sum(-1)
    return loss, kept.any(-1).sum()


def ranknet(x: Tensor, t: Tensor, sigma: Tensor | float = 1.0) -> Unreduced:
    ordered = (t[..., :, None] > t[..., None, :]).double()
    gap = sigma * (x[..., :, None] - x[..., None, :])
    loss = (ordered * torch.log1p(torch.exp(-gap))).sum((-2, -1))
    return loss / ordered.sum((-2, -1)) + 0 * t.sum(-1), None


def listnet(x: Tensor, t: Tensor) -> Unreduced:
    return -(t.softmax(-1) * x.log_softmax(-1)).sum(-1), None


def bpr(positive: Tensor, negative: Tensor) -> Unreduced:
    return torch.log1p(torch.exp(negative - positive)), None


WHERE = np.array([[0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0]])
ITEMS = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 0.5, 2.0, 1.0], [0.25, 1.0, 1.0, 2.0]])

_HINGE = ("MulticlassHingeLoss", "multiclass_hinge_loss", multiclass_hinge)
_FOCAL = ("SoftmaxFocalLoss", "softmax_focal_loss", softmax_focal)
_ASL = ("AsymmetricLoss", "asymmetric_loss", asymmetric)
_SCE = ("SymmetricCrossEntropyLoss", "symmetric_cross_entropy_loss", symmetric_cross_entropy)
_POLY = ("PolyCrossEntropyLoss", "poly_cross_entropy_loss", poly_cross_entropy)
_GCE = (
    "GeneralizedCrossEntropyLoss",
    "generalized_cross_entropy_loss",
    generalized_cross_entropy,
)
_KL = ("KLDivWithLogitsLoss", "kl_div_with_logits_loss", kl_div_with_logits)
_REVERSE = ("ReverseKLDivWithLogitsLoss", "reverse_kl_div_with_logits_loss", reverse_kl)
_RANKING = ("RankingSoftmaxLoss", "ranking_softmax_loss", ranking_softmax)
_RANKNET = ("RankNetLoss", "ranknet_loss", ranknet)

CASES = (
    Case("hinge", "HingeLoss", "hinge_loss", hinge, signs(3, 4)),
    Case("squared_hinge", "SquaredHingeLoss", "squared_hinge_loss", squared_hinge, signs(3, 4)),
    Case("perceptron", "PerceptronLoss", "perceptron_loss", perceptron, signs(3, 4)),
    Case("multiclass_hinge", *_HINGE, labels((5,), 4)),
    Case("multiclass_hinge-images", *_HINGE, labels((2, 3), 4)),
    Case(
        "multiclass_perceptron",
        "MulticlassPerceptronLoss",
        "multiclass_perceptron_loss",
        multiclass_perceptron,
        labels((5,), 4),
    ),
    Case(
        "categorical_hinge",
        "CategoricalHingeLoss",
        "categorical_hinge_loss",
        categorical_hinge,
        one_hot(5, 4),
    ),
    Case("softmax_focal", *_FOCAL, labels((5,), 4)),
    Case("softmax_focal-images", *_FOCAL, labels((2, 3), 4), {"weight": WEIGHT, "gamma": 1.5}),
    Case("softmax_focal-probabilities", *_FOCAL, class_probabilities(3, 4, 2), {"weight": WEIGHT}),
    Case("asymmetric", *_ASL, probabilities(3, 4)),
    Case("asymmetric-unclipped", *_ASL, probabilities(5), {"gamma_neg": 2.0, "clip": 0.0}),
    Case("symmetric_cross_entropy", *_SCE, labels((5,), 4)),
    Case("symmetric_cross_entropy-images", *_SCE, labels((2, 3), 4), {"alpha": 2.0, "beta": 0.5}),
    Case("poly_cross_entropy", *_POLY, labels((5,), 4)),
    Case("poly_cross_entropy-probabilities", *_POLY, class_probabilities(3, 4), {"epsilon": -0.5}),
    Case("generalized_cross_entropy", *_GCE, labels((5,), 4)),
    Case("generalized_cross_entropy-limit", *_GCE, labels((2, 3), 4), {"q": 0.0}),
    Case(
        "coral",
        "CoralLoss",
        "coral_loss",
        coral,
        ranks((5,), 5),
        {"weight": WEIGHT},
        categories=(1,),
    ),
    Case("kl_div_with_logits", *_KL, normals((3, 4), (3, 4))),
    Case("kl_div_with_logits-hot", *_KL, normals((3, 4, 2), (3, 4, 2)), {"temperature": 2.5}),
    Case("reverse_kl_div_with_logits", *_REVERSE, normals((3, 4), (3, 4))),
    Case("reverse_kl_div_with_logits-hot", *_REVERSE, normals((4,), (4,)), {"temperature": 0.5}),
    Case(
        "jensen_shannon",
        "JensenShannonLoss",
        "jensen_shannon_loss",
        jensen_shannon,
        normals((3, 4), (3, 4)),
    ),
    Case(
        "generalized_kl_div",
        "GeneralizedKLDivLoss",
        "generalized_kl_div_loss",
        generalized_kl_div,
        log_numbers(3, 4),
    ),
    Case(
        "distillation",
        "DistillationLoss",
        "distillation_loss",
        distillation,
        student_and_teacher(5, 4),
        {"alpha": 0.25},
        reductions=("mean", "sum"),
    ),
    Case("ranking_softmax", *_RANKING, relevances(3, 4)),
    Case("ranking_softmax-masked", *_RANKING, relevances(3, 4), {"where": WHERE, "weights": ITEMS}),
    Case("ranknet", *_RANKNET, normals((3, 4), (3, 4)), categories=(1,)),
    Case("ranknet-sigma", *_RANKNET, normals((4,), (4,)), {"sigma": 0.5}, categories=(1,)),
    Case("listnet", "ListNetLoss", "listnet_loss", listnet, normals((3, 4), (3, 4))),
    Case("bpr", "BPRLoss", "bpr_loss", bpr, normals((3, 4), (3, 4))),
)
