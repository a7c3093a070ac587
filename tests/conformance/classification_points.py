"""Points of losses of scores, logits and probabilities."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from draws import LOGITS, TAILS, around, pairs, random, shares

from lossgen.proof.point import Array, Point

# exp(-88.4) is subnormal in float32: XLA makes it 0 before it is multiplied with the input.
UNFLUSHED = [x for x in LOGITS if abs(x) != 88.4]


def bce(dtype: str) -> Iterator[Point]:
    loss = "BCEWithLogitsLoss"
    below_one = around(1.0, dtype)[0]
    yield Point(loss, "hard", pairs(LOGITS, [0.0, 1.0]))
    near = [x for x in LOGITS if abs(x) < 1e4]
    yield Point(loss, "soft", pairs(near, [1e-30, 0.3, below_one]))
    shaped = {"input": random(3, 4, scale=5.0), "target": shares(3, 4, seed=1)}
    weights = {"weight": shares(3, 1, seed=2), "pos_weight": 3 * shares(4, seed=3)}
    yield Point(loss, "weights", shaped, weights)
    heavy = {"pos_weight": np.array(2.5)}
    yield Point(
        loss, "heavy", pairs([-88.4, -17.1, -1e-6, 0.0, 0.3, 38.6, 300.0], [0.0, 0.4, 1.0]), heavy
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
    spatial = {"input": random(2, 3, 2, scale=4.0), "target": labels}
    yield Point(loss, "weights", spatial, {"weight": weights})
    yield Point(loss, "single", {"input": random(4, seed=5), "target": np.array(2)})
    seven = {"input": random(3, 5, scale=3.0), "target": np.array([4, 1, 0])}
    yield Point(loss, "ignored", seven, {"ignore_index": 1})
    smoothed = {"weight": weights, "label_smoothing": 0.1}
    yield Point(loss, "smoothed", _every_label(ROWS[:8]), smoothed)
    yield Point(loss, "learnt", spatial, smoothed, learnt=("label_smoothing",))
    soft = shares(len(ROWS), 3)
    soft /= soft.sum(axis=1, keepdims=True)
    yield Point(loss, "soft", {"input": np.array(ROWS), "target": soft})
    yield Point(loss, "one_hot", {"input": np.array(ROWS), "target": np.eye(3)[np.arange(10) % 3]})
    dense = {"input": random(2, 3, 2, scale=4.0), "target": shares(2, 3, 2, seed=6)}
    yield Point(loss, "dense", dense, smoothed)
    yield Point(loss, "dense_learnt", dense, smoothed, learnt=("label_smoothing",))


def linear_cross_entropy(dtype: str) -> Iterator[Point]:
    loss = "LinearCrossEntropyLoss"
    features = {"input": random(3, 2, scale=2.0), "linear_weight": random(4, 2, seed=1)}
    labels = {"target": np.array([3, -100, 0])}
    steep = features | {"linear_weight": 40.0 * features["linear_weight"]}
    yield Point(loss, "steep", steep | labels, {"options": 2})
    weights = {"weight": shares(4, seed=2), "label_smoothing": 0.1, "options": 2}
    yield Point(loss, "smoothed", features | labels, weights)
    soft = {"target": shares(3, 4, seed=3)}
    yield Point(loss, "probabilities", features | soft, {"options": 2})


def dice(dtype: str) -> Iterator[Point]:
    loss = "DiceLoss"
    hard = (shares(2, 2, 2, seed=1) > 0.5).astype(float)
    soft = shares(2, 2, 2, seed=2)
    yield Point(loss, "hard", {"input": random(2, 2, 2), "target": hard})
    yield Point(
        loss, "soft", {"input": random(2, 2, 2, scale=4.0), "target": soft}, {"smooth": 0.0}
    )
    tails = np.array(LOGITS[:36]).reshape(3, 12, 1)
    yield Point(loss, "tails", {"input": tails, "target": shares(3, 12, 1, seed=3)})
    learnt = {"input": random(3, 2, seed=4), "target": shares(3, 2, seed=5)}
    yield Point(loss, "learnt", learnt, {"smooth": 0.5}, learnt=("smooth",))


def hinge_margin(dtype: str) -> Iterator[Point]:
    loss = "HingeMarginLoss"
    kinks = [x for c in (2.0, -2.0) for x in around(c, dtype)]
    yield Point(loss, "tails", pairs([*TAILS, *kinks], [1.0, -1.0]))
    yield Point(loss, "margin", pairs([*TAILS, 0.7], [1.0, -1.0]), {"margin": 0.3})
    yield Point(loss, "none", pairs([*TAILS, *around(1.0, dtype)], [1.0, -1.0]), {"margin": 0.0})
    shaped = {"input": random(2, 3), "target": np.sign(random(2, 3, seed=1))}
    yield Point(loss, "learnt", shaped, {"margin": 0.7}, learnt=("margin",))


def soft_margin(dtype: str) -> Iterator[Point]:
    loss = "SoftMarginLoss"
    yield Point(loss, "hard", pairs(UNFLUSHED, [1.0, -1.0]))
    yield Point(loss, "soft", pairs(UNFLUSHED, [0.0, 1e-30, 0.3, -3.1]))
    yield Point(loss, "shaped", {"input": random(2, 3, 2), "target": random(2, 3, 2, seed=1)})


def kl_div(dtype: str) -> Iterator[Point]:
    loss = "KLDivLoss"
    logs = [x for x in UNFLUSHED if x <= 0]
    below_one = around(1.0, dtype)[0]
    yield Point(loss, "tails", pairs([*logs, 0.7, 1e4], [0.0, 1e-30, 0.3, below_one, 1.0, 7.1]))
    yield Point(loss, "log_target", pairs([*logs, 0.7], [*logs, 0.7]), {"log_target": True})
    large = np.array([189.29, 1e3, 1e4])  # exponentials that overflow, times 0
    yield Point(loss, "equal", {"input": large, "target": large}, {"log_target": True})
    steep = {"input": np.array([81.0]), "target": np.array([80.0])}  # where the gradient is 0
    yield Point(loss, "steep", steep, {"log_target": True})
    near = np.array([0.3, 1e-3, 0.999, 1e-20])
    yield Point(loss, "near", {"input": np.log(near) + 1e-4, "target": near})
    target = shares(2, 3, seed=1)
    target /= target.sum(axis=1, keepdims=True)
    shaped = {"input": np.log(shares(2, 3)), "target": target}
    yield Point(loss, "shaped", shaped)
    logged = {"input": shaped["input"], "target": np.log(target)}
    yield Point(loss, "shaped_logs", logged, {"log_target": True})


def sigmoid_focal(dtype: str) -> Iterator[Point]:
    loss = "SigmoidFocalLoss"
    below_one = around(1.0, dtype)[0]
    yield Point(loss, "hard", pairs(LOGITS, [0.0, 1.0]))
    yield Point(loss, "soft", pairs([x for x in LOGITS if abs(x) < 1e4], [1e-30, 0.3, below_one]))
    few = pairs([x for x in LOGITS if abs(x) in (0, 1e-30, 1e-3, 3.3, 17.1, 88.4, 355)], [0.0, 1.0])
    for label, gamma in (("flat", 0.0), ("root", 0.5), ("single", 1.0), ("sharp", 5.0)):
        yield Point(loss, label, few, {"gamma": gamma, "alpha": 0.25})
    yield Point(loss, "positive", few, {"alpha": 1.0})
    shaped = {"input": random(3, 4, scale=5.0), "target": shares(3, 4, seed=1)}
    yield Point(loss, "learnt", shaped, {"gamma": 1.5}, learnt=("gamma",))
    yield Point(loss, "learnt_flat", shaped, {"gamma": 0.0}, learnt=("gamma",))
    both = {"gamma": 2.0, "alpha": 0.3}
    yield Point(loss, "learnt_both", few, both, learnt=("alpha", "gamma"))
