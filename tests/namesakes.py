"""Calls of torch.nn's losses, over options and shapes, for the losses that have its names."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

Call = tuple[dict[str, Any], tuple[Any, ...]]

NAMESAKES = {
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "CosineEmbeddingLoss": "cosine_embedding_loss",
    "CrossEntropyLoss": "cross_entropy",
    "GaussianNLLLoss": "gaussian_nll_loss",
    "HingeEmbeddingLoss": "hinge_embedding_loss",
    "HuberLoss": "huber_loss",
    "KLDivLoss": "kl_div",
    "L1Loss": "l1_loss",
    "MSELoss": "mse_loss",
    "MarginRankingLoss": "margin_ranking_loss",
    "MultiLabelMarginLoss": "multilabel_margin_loss",
    "MultiLabelSoftMarginLoss": "multilabel_soft_margin_loss",
    "MultiMarginLoss": "multi_margin_loss",
    "NLLLoss": "nll_loss",
    "PoissonNLLLoss": "poisson_nll_loss",
    "SmoothL1Loss": "smooth_l1_loss",
    "SoftMarginLoss": "soft_margin_loss",
    "TripletMarginLoss": "triplet_margin_loss",
    "TripletMarginWithDistanceLoss": "triplet_margin_with_distance_loss",
}
SHAPES = ((), (4,), (2, 3), (2, 3, 2), (0,))
LABELLED = ((), (6,), (2, 3), (2, 3, 2), (0,), (2, 0))
WEIGHT = torch.tensor([0.5, 1.0, 2.0, 0.25], dtype=torch.float64)


def calls(class_name: str) -> Iterator[Call]:
    """Return options and inputs of calls of a loss."""
    return globals()[f"_{NAMESAKES[class_name]}"](_Draw(np.random.default_rng(7)))


class _Draw:
    def __init__(self, rng: Generator) -> None:
        self.rng = rng

    def normal(self, *shape: int) -> Tensor:
        return torch.from_numpy(np.asarray(3 * self.rng.standard_normal(shape)))

    def unit(self, *shape: int) -> Tensor:
        return torch.from_numpy(np.asarray(self.rng.random(shape)))

    def sign(self, *shape: int) -> Tensor:
        return torch.from_numpy(np.asarray(self.rng.choice([-1.0, 1.0], shape)))

    def labels(self, *shape: int, classes: int = 4) -> Tensor:
        return torch.from_numpy(np.asarray(self.rng.integers(classes, size=shape)))


def _pairs(draw: _Draw, *options: dict[str, Any]) -> Iterator[Call]:
    for shape in SHAPES:
        for given in options:
            yield given, (draw.normal(*shape), draw.normal(*shape))
    # Equal, one apart and half apart: where the formulas turn.
    x = draw.normal(4).round()
    for given in options:
        yield given, (x, x - torch.tensor([0.0, 1.0, -1.0, 0.5], dtype=torch.float64))


def _mse_loss(draw: _Draw) -> Iterator[Call]:
    return _pairs(draw, {})


_l1_loss = _mse_loss


def _huber_loss(draw: _Draw) -> Iterator[Call]:
    return _pairs(draw, {}, {"delta": 0.5}, {"delta": 3})


def _smooth_l1_loss(draw: _Draw) -> Iterator[Call]:
    return _pairs(draw, {}, {"beta": 0.5}, {"beta": 0.0}, {"beta": 0})


def _soft_margin_loss(draw: _Draw) -> Iterator[Call]:
    for shape in SHAPES:
        yield {}, (draw.normal(*shape), draw.sign(*shape))


def _binary_cross_entropy(draw: _Draw) -> Iterator[Call]:
    for shape in SHAPES:
        yield {}, (draw.unit(*shape), draw.unit(*shape))
    for weight in (WEIGHT, WEIGHT[:1], draw.unit(3, 1), draw.unit(2, 3, 4)):
        yield {"weight": weight}, (draw.unit(2, 3, 4), draw.unit(2, 3, 4).round())


def _binary_cross_entropy_with_logits(draw: _Draw) -> Iterator[Call]:
    for shape in SHAPES:
        yield {}, (draw.normal(*shape), draw.unit(*shape))
    for given in ({"weight": WEIGHT}, {"pos_weight": WEIGHT}, {"weight": WEIGHT[:1]}):
        yield given, (draw.normal(2, 3, 4), draw.unit(2, 3, 4))
    both = {"weight": draw.unit(3, 1), "pos_weight": WEIGHT}
    yield both, (draw.normal(3, 4), draw.unit(3, 4).round())


def _poisson_nll_loss(draw: _Draw) -> Iterator[Call]:
    for shape in SHAPES:
        for full in (False, True):
            # Targets are above 0, where torch's Stirling term has a gradient.
            yield {"full": full}, (draw.normal(*shape), 0.1 + 3 * draw.unit(*shape))
            given = {"log_input": False, "full": full, "eps": 0.125}
            yield given, (3 * draw.unit(*shape), 0.1 + 3 * draw.unit(*shape))
    yield {"full": True}, (draw.normal(3), torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64))


def _gaussian_nll_loss(draw: _Draw) -> Iterator[Call]:
    for shape in SHAPES:
        for given in ({}, {"full": True}, {"eps": 0.5}):
            inputs = draw.normal(*shape), draw.normal(*shape)
            yield given, (*inputs, draw.unit(*shape))
            yield given, (*inputs, 0.25)
    for own in ((2, 3), (2, 3, 1), (2, 1, 4)):
        yield {}, (draw.normal(2, 3, 4), draw.normal(2, 3, 4), draw.unit(*own))
    for spread in ((), (3,), (3, 1), (1, 3)):  # a row, not a column
        yield {}, (draw.normal(3, 3), draw.normal(*spread), draw.unit(3, 3))
    yield {}, (draw.normal(3), draw.normal(3), torch.tensor([0.0, 1e-6, 1.0]).double())


def _kl_div(draw: _Draw) -> Iterator[Call]:
    for shape in SHAPES:
        yield {}, (draw.normal(*shape), 0.1 + draw.unit(*shape))
        yield {"log_target": True}, (draw.normal(*shape), draw.normal(*shape))


def _cross_entropy(draw: _Draw) -> Iterator[Call]:
    for shape in LABELLED:
        classes = (*shape[:1], 4, *shape[1:])
        dense = torch.softmax(draw.normal(*classes), min(1, len(shape)))
        for smoothing in ({}, {"label_smoothing": 0.1}, {"label_smoothing": 1.0}):
            for weights in ({}, {"weight": WEIGHT}):
                for ignored in ({}, {"ignore_index": 2}):
                    options = smoothing | weights | ignored
                    yield options, (draw.normal(*classes), draw.labels(*shape))
                yield smoothing | weights, (draw.normal(*classes), dense)


def _nll_loss(draw: _Draw) -> Iterator[Call]:
    for shape in LABELLED:
        classes = (*shape[:1], 4, *shape[1:])
        for weights in ({}, {"weight": WEIGHT}):
            for ignored in ({}, {"ignore_index": 2}, {"ignore_index": -1}):
                x, y = draw.normal(*classes), draw.labels(*shape)
                yield weights | ignored, (x, y)
                yield weights | ignored, (x, torch.full_like(y, ignored.get("ignore_index", -100)))


def _multilabel_soft_margin_loss(draw: _Draw) -> Iterator[Call]:
    for shape in ((4,), (3, 4), (0, 4)):
        for given in ({}, {"weight": WEIGHT}):
            yield given, (draw.normal(*shape), draw.unit(*shape).round())
            yield given, (draw.normal(*shape), draw.unit(*shape))
    for spread in ((), (3, 1), (3, 4)):
        yield {"weight": draw.unit(*spread)}, (draw.normal(3, 4), draw.unit(3, 4))


def _multilabel_margin_loss(draw: _Draw) -> Iterator[Call]:
    rows = [[1, -1, 0, 2], [-1, 3, 3, 3], [0, 1, 2, 3], [2, 2, -1, 0], [3, 0, -1, -1]]
    for row in rows:
        yield {}, (draw.normal(4), torch.tensor(row))
    yield {}, (draw.normal(5, 4), torch.tensor(rows))
    # Scores that are one apart stand at the hinge.
    yield {}, (draw.normal(5, 4).round(), torch.tensor(rows))


def _multi_margin_loss(draw: _Draw) -> Iterator[Call]:
    for p in (1, 2):
        for margin in ({}, {"margin": 0.5}, {"margin": -1.0}):
            for weights in ({}, {"weight": WEIGHT}):
                options = {"p": p} | margin | weights
                yield options, (draw.normal(4), draw.labels())
                yield options, (draw.normal(5, 4), draw.labels(5))
                yield options, (draw.normal(5, 4).round(), draw.labels(5))


def _margin_ranking_loss(draw: _Draw) -> Iterator[Call]:
    for given in ({}, {"margin": 1.0}, {"margin": 1}):
        for shape in SHAPES:
            yield given, (draw.normal(*shape), draw.normal(*shape), draw.sign(*shape))
        x, t = draw.normal(6).round(), draw.sign(6)
        yield given, (x, x - t, t)
        yield given, (x, x, t)


def _hinge_embedding_loss(draw: _Draw) -> Iterator[Call]:
    for given in ({}, {"margin": 0.5}):
        for shape in SHAPES:
            yield given, (draw.normal(*shape), draw.sign(*shape))
        x = torch.tensor([0.5, 0.5, 1.0, 1.0, 1.0, 2.0, -2.0, 0.25], dtype=torch.float64)
        yield given, (x, torch.tensor([1.0, -1, 1, -1, 0, 0, 3, 0.5], dtype=torch.float64))


def _cosine_embedding_loss(draw: _Draw) -> Iterator[Call]:
    for given in ({}, {"margin": 0.5}, {"margin": -0.5}):
        for batch in ((), (5,), (0,)):
            pair = draw.normal(*batch, 3), draw.normal(*batch, 3)
            yield given, (*pair, draw.sign(*batch))
    odd = torch.tensor([0.0, 2.0, 1.0], dtype=torch.float64)
    yield {}, (draw.normal(3, 2), draw.normal(3, 2), odd)


def _triplet_margin_loss(draw: _Draw) -> Iterator[Call]:
    for order in ({}, {"p": 1.0}, {"p": 3.0}, {"p": float("inf")}):
        for given in ({}, {"swap": True}, {"margin": 5.0, "eps": 0.1}):
            yield order | given, (draw.normal(3), draw.normal(3), draw.normal(3))
            yield order | given, (draw.normal(5, 3), draw.normal(5, 3), draw.normal(5, 3))


def _triplet_margin_with_distance_loss(draw: _Draw) -> Iterator[Call]:
    for given in ({}, {"swap": True}, {"margin": 5}):
        for batch in ((), (5,), (2, 3), (0,)):
            yield given, (draw.normal(*batch, 3), draw.normal(*batch, 3), draw.normal(*batch, 3))
    for distance in (torch.nn.PairwiseDistance(p=1.0), torch.nn.Bilinear(3, 3, 1).double()):
        for given in ({}, {"swap": True, "margin": 0.5}):
            triplet = draw.normal(5, 3), draw.normal(5, 3), draw.normal(5, 3)
            yield given | {"distance_function": distance}, triplet
