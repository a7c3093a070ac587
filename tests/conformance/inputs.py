"""The points at which every loss is judged: tails, kinks, soft and hard labels, saturation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
from point import Array, Point

POWERS = [10.0**k for k in (-30, -20, -10, -6, -3, -1, 0, 1, 2, 3, 4)]
TAILS = [0.0, *(sign * power for power in POWERS for sign in (1, -1))]
LOGITS = [
    *TAILS,
    *(sign * x for x in (0.7, 3.3, 17.1, 38.6, 88.4, 104.2, 355.0) for sign in (1, -1)),
]


def _around(value: float, dtype: str) -> list[float]:
    one = np.dtype(dtype).type(value)
    return [float(np.nextafter(one, one - 1)), float(one), float(np.nextafter(one, one + 1))]


def _pairs(left: list[float], right: list[float]) -> dict[str, Array]:
    grid = np.array(list(product(left, right)))
    return {"input": grid[:, 0].copy(), "target": grid[:, 1].copy()}


def _random(*shape: int, seed: int = 0, scale: float = 1.0) -> Array:
    return scale * np.random.default_rng(seed).standard_normal(shape)


def _shares(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).random(shape)


def regression(loss: str, dtype: str, **options: Any) -> Iterator[Point]:
    """Points of a loss of the error alone.

    A difference that rounds onto a kink lies on it, so no target is near 1 but 1 itself.
    """
    yield Point(loss, "tails", _pairs(TAILS, [0.0, 2.5]), options)
    tiny = float(np.finfo(dtype).tiny)
    kinks = [-tiny, 0.0, tiny, *_around(1.0, dtype), *_around(-1.0, dtype)]
    yield Point(loss, "kinks", _pairs(kinks, [0.0]), options)
    shaped = {"input": _random(2, 3, 2), "target": _random(2, 3, 2, seed=1)}
    yield Point(loss, "shaped", shaped, options)


def huber(dtype: str) -> Iterator[Point]:
    yield from regression("HuberLoss", dtype)
    delta = float(np.dtype(dtype).type(0.7))
    kinks = [x for c in (delta, -delta) for x in _around(c, dtype)]
    yield Point("HuberLoss", "delta", _pairs([*kinks, 0.1, 1e4], [0.0]), {"delta": delta})
    shaped = {"input": _random(5, scale=2.0), "target": _random(5, seed=1)}
    yield Point("HuberLoss", "learnt", shaped, {"delta": delta}, learnt=("delta",))
    yield Point("HuberLoss", "weight", shaped, {"weight": _shares(5, seed=2)})


def weighted(loss: str, dtype: str) -> Iterator[Point]:
    yield from regression(loss, dtype)
    shaped = {"input": _random(2, 3), "target": _random(2, 3, seed=1)}
    yield Point(loss, "weight", shaped, {"weight": _shares(2, 3, seed=2)})


def weighted_mse(dtype: str) -> Iterator[Point]:
    tails = _pairs(TAILS, [0.0, 1.0])
    rows = _shares(len(tails["input"]), seed=3)
    yield Point("WeightedMSELoss", "tails", tails, {"weights": rows})
    shaped = {"input": _random(3, 2, 2), "target": _random(3, 2, 2, seed=1)}
    yield Point("WeightedMSELoss", "rows", shaped, {"weights": np.array([0.0, 1e-3, 7.1])})
    yield Point("WeightedMSELoss", "whole", shaped, {"weights": _shares(3, 2, 2)})


def two_head(dtype: str) -> Iterator[Point]:
    first, second = _pairs(TAILS, [0.5]), _pairs([0.0, *TAILS], [0.0, 1.0])
    inputs = {"input1": first["input"], "target1": first["target"]}
    inputs |= {"input2": second["input"], "target2": second["target"]}
    yield Point("TwoHeadLoss", "tails", inputs)
    shaped = {"input1": _random(2, 3), "target1": _random(2, 3, seed=1)}
    shaped |= {"input2": _random(4, seed=2), "target2": _random(4, seed=3)}
    yield Point("TwoHeadLoss", "shaped", shaped)


def bce(dtype: str) -> Iterator[Point]:
    loss = "BCEWithLogitsLoss"
    below_one = _around(1.0, dtype)[0]
    yield Point(loss, "hard", _pairs(LOGITS, [0.0, 1.0]))
    near = [x for x in LOGITS if abs(x) < 1e4]
    yield Point(loss, "soft", _pairs(near, [1e-30, 0.3, below_one]))
    shaped = {"input": _random(3, 4, scale=5.0), "target": _shares(3, 4, seed=1)}
    weights = {"weight": _shares(3, 1, seed=2), "pos_weight": 3 * _shares(4, seed=3)}
    yield Point(loss, "weights", shaped, weights)
    heavy = {"pos_weight": np.array(2.5)}
    yield Point(
        loss, "heavy", _pairs([-88.4, -17.1, -1e-6, 0.0, 0.3, 38.6, 300.0], [0.0, 0.4, 1.0]), heavy
    )


ROWS = [
    [0.0, 0.0, 0.0],
    [1e-30, -1e-30, 0.0],
    [1e-6, 0.0, -1e-3],
    [1.0, 1.0, 1.0],
    [0.5, -0.25, 2.0],
    [20.0, 0.0, 1.0],
    [-40.0, 30.0, 30.0],
    [300.0, 0.0, -300.0],
    [1e4, 1e4, -1e4],
    [-1e4, -1e4, -9999.0],
]
FRACTIONS = [[0.3, -17.7, 5.1], [-50.3, 30.7, 1e-3], [88.4, 0.1, 0.2], [-13.9, 66.6, -0.123]]


def _every_label(rows: list[list[float]]) -> dict[str, Array]:
    logits = np.repeat(np.array(rows), len(rows[0]), axis=0)
    return {"input": logits, "target": np.tile(np.arange(len(rows[0])), len(rows))}


def cross_entropy(dtype: str) -> Iterator[Point]:
    loss = "CrossEntropyLoss"
    yield Point(loss, "labels", _every_label(ROWS))
    yield Point(loss, "gaps", _every_label(FRACTIONS))
    weights = np.array([0.25, 1.0, 3.3])
    labels = np.array([[0, 2], [-100, 1]])
    spatial = {"input": _random(2, 3, 2, scale=4.0), "target": labels}
    yield Point(loss, "weights", spatial, {"weight": weights})
    yield Point(loss, "single", {"input": _random(4, seed=5), "target": np.array(2)})
    seven = {"input": _random(3, 5, scale=3.0), "target": np.array([4, 1, 0])}
    yield Point(loss, "ignored", seven, {"ignore_index": 1})
    smoothed = {"weight": weights, "label_smoothing": 0.1}
    yield Point(loss, "smoothed", _every_label(ROWS[:8]), smoothed)
    yield Point(loss, "learnt", spatial, smoothed, learnt=("label_smoothing",))
    soft = _shares(len(ROWS), 3)
    soft /= soft.sum(axis=1, keepdims=True)
    yield Point(loss, "soft", {"input": np.array(ROWS), "target": soft})
    yield Point(loss, "one_hot", {"input": np.array(ROWS), "target": np.eye(3)[np.arange(10) % 3]})
    dense = {"input": _random(2, 3, 2, scale=4.0), "target": _shares(2, 3, 2, seed=6)}
    yield Point(loss, "dense", dense, smoothed)
    yield Point(loss, "dense_learnt", dense, smoothed, learnt=("label_smoothing",))


def info_nce(dtype: str) -> Iterator[Point]:
    loss = "InfoNCELoss"
    keys = _random(3, 2, seed=1)
    yield Point(loss, "plain", {"query": _random(3, 2), "key": keys}, {"temperature": 1.0})
    sharp = {"query": _random(3, 2, seed=2), "key": keys}
    yield Point(loss, "sharp", sharp, {"temperature": 0.1})
    yield Point(loss, "learnt", sharp, {"temperature": 0.5}, learnt=("temperature",))
    yield Point(
        loss, "axes", {"query": np.eye(3)[:, :2].copy(), "key": keys}, {"temperature": 0.25}
    )
    scales = np.array([[1e-10], [1.0], [1e10]])
    yield Point(loss, "scales", {"query": _random(3, 2) * scales, "key": keys * scales[::-1]})


def dice(dtype: str) -> Iterator[Point]:
    loss = "DiceLoss"
    hard = (_shares(2, 2, 2, seed=1) > 0.5).astype(float)
    soft = _shares(2, 2, 2, seed=2)
    yield Point(loss, "hard", {"input": _random(2, 2, 2), "target": hard})
    yield Point(
        loss, "soft", {"input": _random(2, 2, 2, scale=4.0), "target": soft}, {"smooth": 0.0}
    )
    tails = np.array(LOGITS[:36]).reshape(3, 12, 1)
    yield Point(loss, "tails", {"input": tails, "target": _shares(3, 12, 1, seed=3)})
    learnt = {"input": _random(3, 2, seed=4), "target": _shares(3, 2, seed=5)}
    yield Point(loss, "learnt", learnt, {"smooth": 0.5}, learnt=("smooth",))


SWEEPS: dict[str, Callable[[str], Iterator[Point]]] = {
    "BCEWithLogitsLoss": bce,
    "CrossEntropyLoss": cross_entropy,
    "DiceLoss": dice,
    "HuberLoss": huber,
    "InfoNCELoss": info_nce,
    "L1Loss": lambda dtype: weighted("L1Loss", dtype),
    "MSELoss": lambda dtype: weighted("MSELoss", dtype),
    "TwoHeadLoss": two_head,
    "WeightedMSELoss": weighted_mse,
}


def points(loss: str, dtype: str) -> list[Point]:
    """Return the points of a loss, in a dtype."""
    return [point.rounded(dtype) for point in SWEEPS[loss](dtype)]
