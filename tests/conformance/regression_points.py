"""Points of losses of the error of a prediction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from draws import TAILS, around, pairs, random, shares

from lossgen.proof.point import Point


def regression(loss: str, dtype: str, **options: Any) -> Iterator[Point]:
    """Points of a loss of the error alone.

    A difference that rounds onto a kink lies on it, so no target is near 1 but 1 itself.
    """
    yield Point(loss, "tails", pairs(TAILS, [0.0, 2.5]), options)
    tiny = float(np.finfo(dtype).tiny)
    kinks = [-tiny, 0.0, tiny, *around(1.0, dtype), *around(-1.0, dtype)]
    yield Point(loss, "kinks", pairs(kinks, [0.0]), options)
    shaped = {"input": random(2, 3, 2), "target": random(2, 3, 2, seed=1)}
    yield Point(loss, "shaped", shaped, options)


def huber(dtype: str) -> Iterator[Point]:
    yield from regression("HuberLoss", dtype)
    delta = float(np.dtype(dtype).type(0.7))
    kinks = [x for c in (delta, -delta) for x in around(c, dtype)]
    yield Point("HuberLoss", "delta", pairs([*kinks, 0.1, 1e4], [0.0]), {"delta": delta})
    shaped = {"input": random(5, scale=2.0), "target": random(5, seed=1)}
    yield Point("HuberLoss", "learnt", shaped, {"delta": delta}, learnt=("delta",))
    yield Point("HuberLoss", "weight", shaped, {"weight": shares(5, seed=2)})


def weighted(loss: str, dtype: str) -> Iterator[Point]:
    yield from regression(loss, dtype)
    shaped = {"input": random(2, 3), "target": random(2, 3, seed=1)}
    yield Point(loss, "weight", shaped, {"weight": shares(2, 3, seed=2)})


def weighted_mse(dtype: str) -> Iterator[Point]:
    tails = pairs(TAILS, [0.0, 1.0])
    rows = shares(len(tails["input"]), seed=3)
    yield Point("WeightedMSELoss", "tails", tails, {"weights": rows})
    shaped = {"input": random(3, 2, 2), "target": random(3, 2, 2, seed=1)}
    yield Point("WeightedMSELoss", "rows", shaped, {"weights": np.array([0.0, 1e-3, 7.1])})
    yield Point("WeightedMSELoss", "whole", shaped, {"weights": shares(3, 2, 2)})


def two_head(dtype: str) -> Iterator[Point]:
    first, second = pairs(TAILS, [0.5]), pairs([0.0, *TAILS], [0.0, 1.0])
    inputs = {"input1": first["input"], "target1": first["target"]}
    inputs |= {"input2": second["input"], "target2": second["target"]}
    yield Point("TwoHeadLoss", "tails", inputs)
    shaped = {"input1": random(2, 3), "target1": random(2, 3, seed=1)}
    shaped |= {"input2": random(4, seed=2), "target2": random(4, seed=3)}
    yield Point("TwoHeadLoss", "shaped", shaped)


def smooth_l1(dtype: str) -> Iterator[Point]:
    loss = "SmoothL1Loss"
    yield from regression(loss, dtype)
    beta = float(np.dtype(dtype).type(0.7))
    kinks = [x for c in (beta, -beta) for x in around(c, dtype)]
    yield Point(loss, "beta", pairs([*kinks, 0.1, 1e4], [0.0]), {"beta": beta})
    yield Point(loss, "absolute", pairs(TAILS, [0.0, 2.5]), {"beta": 0.0})
    yield Point(loss, "narrow", pairs([0.0, 1e-30, 3e-21, -1e-20, 1.0], [0.0]), {"beta": 1e-20})
    yield Point(loss, "wide", pairs(TAILS, [0.0, 2.5]), {"beta": 3e5})
    shaped = {"input": random(5, scale=2.0), "target": random(5, seed=1)}
    yield Point(loss, "learnt", shaped, {"beta": 0.7}, learnt=("beta",))


def quantile(dtype: str) -> Iterator[Point]:
    loss = "QuantileLoss"
    yield from regression(loss, dtype, q=0.9)
    yield Point(loss, "median", pairs(TAILS, [0.0]))
    for label, q in (("least", 0.0), ("largest", 1.0), ("tiny", 1e-6)):
        yield Point(loss, label, pairs([-3.3, -1e-30, 0.0, 1e-30, 1e4], [0.0, 0.1]), {"q": q})
    shaped = {"input": random(5), "target": random(5, seed=1)}
    yield Point(loss, "learnt", shaped, {"q": 0.3}, learnt=("q",))


def multi_target_l1(dtype: str) -> Iterator[Point]:
    loss = "MultiTargetL1Loss"
    first = pairs(TAILS, [0.0, 2.5, 1e-30])
    second = np.resize([0.0, 2.5, -1e4, 1.0], first["input"].shape)
    inputs = {"input": first["input"], "target1": first["target"], "target2": second}
    yield Point(loss, "tails", inputs)
    names = ("input", "target1", "target2")
    yield Point(loss, "shaped", {n: random(2, 3, 2, seed=k) for k, n in enumerate(names)})


def mse_with_l2(dtype: str) -> Iterator[Point]:
    loss = "MSEWithL2Loss"
    tails = {**pairs(TAILS, [0.0, 2.5]), "weights": np.array(TAILS)}
    yield Point(loss, "tails", tails)
    shaped = {"input": random(2, 3), "target": random(2, 3, seed=1)}
    shaped |= {"weights": random(2, 1, 3, seed=2)}
    yield Point(loss, "free", shaped, {"coefficient": 0.0})
    yield Point(loss, "learnt", shaped, {"coefficient": 0.3}, learnt=("coefficient",))


def concordance(dtype: str) -> Iterator[Point]:
    loss = "ConcordanceLoss"
    line, other = random(5), random(5, seed=1)
    yield Point(loss, "plain", {"input": line, "target": other})
    yield Point(loss, "features", {"input": random(4, 2, 2), "target": random(4, 2, 2, seed=1)})
    yield Point(loss, "agreeing", {"input": line, "target": line})
    yield Point(loss, "opposed", {"input": line, "target": -line})
    yield Point(loss, "constant", {"input": np.full(4, 0.7), "target": np.full(4, 0.7)})
    yield Point(loss, "constant_input", {"input": np.full(5, 0.3), "target": other})
    yield Point(loss, "single", {"input": np.array([0.3]), "target": np.array([2.0])})
    yield Point(loss, "far", {"input": line + 1e3, "target": other + 1e3})
    yield Point(loss, "apart", {"input": line + 1e3, "target": other})
    for label, scale in (("tiny", 1e-15), ("small", 1e-8), ("large", 1e8), ("huge", 1e15)):
        yield Point(loss, label, {"input": scale * line, "target": scale * other})
    yield Point(loss, "unlike", {"input": 1e8 * line, "target": 1e-8 * other})


def far_tails(loss: str, dtype: str) -> Iterator[Point]:
    """Errors whose squares overflow, and their logarithms do not."""
    errors = np.array([0.0, 1e-30, 1e-9, -0.3, 1.0, 88.4, -1e10, 1e18, -3e18, 1e20, -1e30, 3e38])
    yield Point(loss, "tails", {"input": errors, "target": np.zeros(len(errors))})
    same = {"input": errors, "target": errors - 1.5}
    yield Point(loss, "narrow", same, {"scale": 2.0**-7})


def log_var_gaussian_nll(dtype: str) -> Iterator[Point]:
    """The exponential of what an exact prediction is multiplied with overflows."""
    loss = "LogVarGaussianNLLLoss"
    errors = pairs([0.0, 1e-30, -1e-15, 1e-3, 2.5], [0.0, -1.0, 20.0, -70.0, -89.0, -100.0, -150.0])
    zeros = np.zeros(len(errors["input"]))
    inputs = {"input": errors["input"], "target": zeros, "log_var": errors["target"]}
    yield Point(loss, "tails", inputs, strict=False)
    # Half of the exponent scales the error before it is squared.
    errors, far = np.array([1e-4, -1e-12, 3e-19]), np.array([-100.0, -88.0, -150.0])
    yield Point(loss, "scaled", {"input": errors, "target": np.zeros(3), "log_var": far})
    far = np.array([-1e3, -1e4, -1e30, 1e4])
    same = np.full(4, 0.7)
    yield Point(loss, "exact", {"input": same, "target": same, "log_var": far})
    yield Point(loss, "full", {"input": same, "target": -same, "log_var": same}, {"full": True})


def gaussian_nll(dtype: str) -> Iterator[Point]:
    loss = "GaussianNLLLoss"
    least = float(np.dtype(dtype).type(1e-6))
    spread = [0.0, 1e-30, *around(least, dtype), 1e-3, 1.0, 3.3, 1e4, 1e20]
    errors = pairs(TAILS, spread)
    inputs = {"input": errors["input"], "target": np.zeros(len(errors["input"]))}
    yield Point(loss, "tails", inputs | {"var": errors["target"]}, {"eps": least})
    shifted = {"input": errors["input"], "target": np.full(len(errors["input"]), 2.5)}
    yield Point(loss, "full", shifted | {"var": errors["target"]}, {"full": True, "eps": least})
    shaped = {"input": random(3, 2, 2), "target": random(3, 2, 2, seed=1)}
    yield Point(loss, "shaped", shaped | {"var": shares(3, 2, 2, seed=2)})
    yield Point(loss, "rows", shaped | {"var": shares(3, 2, seed=3)}, {"eps": 0.25})
    yield Point(loss, "columns", shaped | {"var": shares(3, 1, 2, seed=4)})
    yield Point(loss, "one", shaped | {"var": np.array([0.7])})
