"""The losses that torch.nn has and the first texts did not ask for."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from losses.case import WEIGHT, Case, Unreduced, labels, normals, probabilities
from losses.seeds import signs, softplus


def fractions(*shape: int) -> Callable[[Generator], Any]:
    """Draw probabilities, and probabilities that should have been predicted."""
    return lambda rng: (0.1 + 0.8 * rng.random(shape), rng.random(shape))


def counts(*shape: int, means: bool = False) -> Callable[[Generator], Any]:
    """Draw logarithms of means, or means, and counts on either side of 1."""

    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        log = rng.standard_normal(shape)
        return np.exp(log) if means else log, 3 * rng.random(shape)

    return draw


def scored_pairs(*shape: int) -> Callable[[Generator], Any]:
    return lambda rng: (*normals(shape, shape)(rng), *signs(*shape)(rng)[1:])


def distances(*shape: int) -> Callable[[Generator], Any]:
    """Draw distances and labels; the last pair is unlike, since the other cost is linear."""

    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        x, t = signs(*shape)(rng)
        t.flat[-1] = -1.0
        return x, t

    return draw


def listed(*shape: int) -> Callable[[Generator], Any]:
    """Draw scores, and rows of classes that end with -1; behind it stands another class."""

    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        classes = rng.permuted(np.broadcast_to(np.arange(shape[-1]), shape), axis=-1)
        classes[..., 2] = -1
        return 2 * rng.standard_normal(shape), classes

    return draw


def bce(x: Tensor, t: Tensor, weight: Tensor | None = None) -> Unreduced:
    weight = torch.ones(()) if weight is None else weight
    positive, negative = (torch.log(p).clamp(min=-100) for p in (x, 1 - x))
    return -weight * (t * positive + (1 - t) * negative), None


def nll(x: Tensor, y: Tensor, weight: Tensor | None = None, ignore_index: int = -100) -> Unreduced:
    x = x.movedim(min(1, x.dim() - 1), -1)
    weight = x.new_ones(x.shape[-1]) if weight is None else weight
    valid = y != ignore_index
    given = torch.where(valid, y, 0)
    loss = -weight[given] * x.gather(-1, given.unsqueeze(-1)).squeeze(-1)
    return torch.where(valid, loss, 0.0), (weight[given] * valid).sum()


def poisson_nll(
    x: Tensor, t: Tensor, log_input: bool = True, full: bool = False, eps: float = 1e-8
) -> Unreduced:
    loss = torch.exp(x) - t * x if log_input else x - t * torch.log(x + eps)
    large = t.clamp(min=1)
    stirling = large * torch.log(large) - large + torch.log(2 * math.pi * large) / 2
    return loss + torch.where(t > 1, stirling, 0.0) if full else loss, None


def multilabel_soft_margin(x: Tensor, t: Tensor, weight: Tensor | None = None) -> Unreduced:
    loss = t * softplus(-x) + (1 - t) * softplus(x)
    return (loss if weight is None else weight * loss).mean(-1), None


def multilabel_margin(x: Tensor, y: Tensor) -> Unreduced:
    rows, classes = x.reshape(-1, x.shape[-1]), y.reshape(-1, x.shape[-1])
    losses = []
    for row, given in zip(rows, classes.tolist(), strict=True):
        given = given[: given.index(-1)] if -1 in given else given
        others = [c for c in range(len(row)) if c not in given]
        gaps = [torch.relu(1 - (row[k] - row[c])) for k in given for c in others]
        losses.append(sum(gaps, 0 * row.sum()) / len(row))
    return torch.stack(losses).reshape(x.shape[:-1]), None


def multi_margin(
    x: Tensor,
    y: Tensor,
    p: int = 1,
    margin: Tensor | float = 1.0,
    weight: Tensor | None = None,
) -> Unreduced:
    place = y.unsqueeze(-1)
    excess = torch.relu(margin - x.gather(-1, place) + x) ** p
    loss = excess.scatter(-1, place, 0.0).mean(-1)
    return loss if weight is None else weight[y] * loss, None


def margin_ranking(x1: Tensor, x2: Tensor, t: Tensor, margin: Tensor | float = 0.0) -> Unreduced:
    return torch.relu(t * (x2 - x1) + margin), None


def hinge_embedding(x: Tensor, t: Tensor, margin: Tensor | float = 1.0) -> Unreduced:
    loss = torch.where(t > 0, x, torch.relu(margin - x))
    return loss + 0 * t, None  # the target has the gradient 0


DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "euclidean": lambda a, b: (a - b + 1e-6).square().sum(-1).sqrt(),
    "squared_euclidean": lambda a, b: (a - b).square().sum(-1),
    "manhattan": lambda a, b: (a - b).abs().sum(-1),
    "cosine": lambda a, b: 1 - (a * b).sum(-1) / ((a * a).sum(-1) * (b * b).sum(-1)).sqrt(),
}


def triplet_margin_with_distance(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    distance_function: str | None = None,
    margin: Tensor | float = 1.0,
    swap: bool = False,
) -> Unreduced:
    distance = DISTANCES[distance_function or "euclidean"]
    far = distance(anchor, negative)
    if swap:
        far = torch.minimum(far, distance(positive, negative))
    return torch.relu(distance(anchor, positive) - far + margin), None


_BCE = ("BCELoss", "binary_cross_entropy", bce)
_NLL = ("NLLLoss", "nll_loss", nll)
_POISSON = ("PoissonNLLLoss", "poisson_nll_loss", poisson_nll)
_SOFT = ("MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss", multilabel_soft_margin)
_LISTED = ("MultiLabelMarginLoss", "multilabel_margin_loss", multilabel_margin)
_MULTI = ("MultiMarginLoss", "multi_margin_loss", multi_margin)
_RANKING = ("MarginRankingLoss", "margin_ranking_loss", margin_ranking)
_HINGE = ("HingeEmbeddingLoss", "hinge_embedding_loss", hinge_embedding)

CASES = (
    Case("bce_probabilities", *_BCE, fractions(3, 4)),
    Case("bce_probabilities-weighted", *_BCE, fractions(3, 4), {"weight": WEIGHT}),
    # Categories: a NaN that no label picks is not seen, and the slope of a pick is constant.
    Case("nll", *_NLL, labels((5,), 4, -100), categories=(0,)),
    Case("nll-one-sample", *_NLL, labels((), 4), categories=(0,)),
    Case(
        "nll-images",
        *_NLL,
        labels((2, 2, 3), 4, 1),
        {"weight": WEIGHT, "ignore_index": 1},
        categories=(0,),
    ),
    Case("poisson_nll", *_POISSON, counts(3, 4)),
    Case(
        "poisson_nll-means",
        *_POISSON,
        counts(3, 4, means=True),
        {"log_input": False, "full": True, "eps": 0.25},
    ),
    Case("multilabel_soft_margin", *_SOFT, probabilities(3, 4)),
    Case("multilabel_soft_margin-weighted", *_SOFT, probabilities(4), {"weight": WEIGHT}),
    Case("multilabel_margin", *_LISTED, listed(3, 4)),
    Case("multilabel_margin-one-sample", *_LISTED, listed(5)),
    Case("multi_margin", *_MULTI, labels((5,), 4)),
    Case(
        "multi_margin-squared",
        *_MULTI,
        labels((5,), 4),
        {"p": 2, "margin": 1.5, "weight": WEIGHT},
    ),
    Case("margin_ranking", *_RANKING, scored_pairs(3, 4)),
    Case("margin_ranking-ahead", *_RANKING, scored_pairs(5), {"margin": 0.5}),
    *(
        Case(
            f"triplet_margin_{distance}{'-swapped' if swap else ''}",
            "TripletMarginWithDistanceLoss",
            "triplet_margin_with_distance_loss",
            triplet_margin_with_distance,
            normals((4, 3), (4, 3), (4, 3), scale=1.0),
            {"distance_function": distance, "swap": swap, "margin": 2.0},
        )
        for distance in DISTANCES
        for swap in (False, True)
    ),
    Case(
        "triplet_margin_rows",
        "TripletMarginWithDistanceLoss",
        "triplet_margin_with_distance_loss",
        triplet_margin_with_distance,
        normals((2, 2, 3), (2, 2, 3), (2, 2, 3), scale=1.0),
    ),
    Case("hinge_embedding", *_HINGE, distances(3, 4), categories=(1,)),
    Case("hinge_embedding-near", *_HINGE, distances(5), {"margin": 0.5}, categories=(1,)),
)
