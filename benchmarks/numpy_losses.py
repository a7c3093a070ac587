"""What value and gradient cost in NumPy, beside formulas as people write them.

    python -m benchmarks.numpy_losses --json losses.json

The peers return the same, the gradient by every floating-point input; they do without the care for
overflow and cancellation that ours take. What is shown is the ratio: less than 1 is faster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import generated.numpy as lossgen
from benchmarks import draws
from benchmarks.draws import Array, Draw
from benchmarks.races import OURS, Contest, Step, main

Formula = Callable[..., tuple[Any, tuple[Array, ...]]]


def mse(x: Array, t: Array) -> tuple[Any, tuple[Array, ...]]:
    """Mean of squares."""
    error = x - t
    slope = 2 * error / error.size
    return np.mean(error**2), (slope, -slope)


def l1(x: Array, t: Array) -> tuple[Any, tuple[Array, ...]]:
    """Mean of distances."""
    error = x - t
    slope = np.sign(error) / error.size
    return np.mean(np.abs(error)), (slope, -slope)


def huber(x: Array, t: Array) -> tuple[Any, tuple[Array, ...]]:
    """Quadratic near zero, linear in the tails."""
    error = x - t
    distance = np.abs(error)
    loss = np.where(distance <= 1, 0.5 * error**2, distance - 0.5)
    slope = np.where(distance <= 1, error, np.sign(error)) / error.size
    return np.mean(loss), (slope, -slope)


def bce(x: Array, t: Array) -> tuple[Any, tuple[Array, ...]]:
    """Cross-entropy of logits, which overflows far out."""
    loss = np.logaddexp(0, x) - x * t
    return np.mean(loss), ((1 / (1 + np.exp(-x)) - t) / x.size, -x / x.size)


def cross_entropy(x: Array, labels: Array) -> tuple[Any, tuple[Array, ...]]:
    """Cross-entropy of labels."""
    shifted = x - x.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=1, keepdims=True)
    rows = np.arange(len(x))
    slope = exponentials / sums
    slope[rows, labels] -= 1
    return np.mean(np.log(sums[:, 0]) - shifted[rows, labels]), (slope / len(x),)


CASES: tuple[tuple[str, Draw, Formula], ...] = (
    ("MSELoss", draws.pair, mse),
    ("L1Loss", draws.pair, l1),
    ("HuberLoss", draws.pair, huber),
    ("BCEWithLogitsLoss", draws.scores, bce),
    ("CrossEntropyLoss", draws.labelled, cross_entropy),
)


def contest(name: str, draw: Draw, formula: Formula) -> Contest:
    """Return the race of a loss with a formula."""

    def steps(size: int) -> Mapping[str, Step]:
        inputs, loss = draw(size), getattr(lossgen, name)()
        return {OURS: lambda: loss.value_and_grad(*inputs), "composed": lambda: formula(*inputs)}

    return Contest(name, steps)


if __name__ == "__main__":
    main(__doc__, [contest(*case) for case in CASES], {"numpy": np.__version__})
