"""Inputs of races: arrays of about so many entries, in single precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Draw = Callable[[int], Sequence[Array]]
Shaped = Callable[..., Array]
GENERATOR = np.random.default_rng(0)
CLASSES = 100
WIDTH = 128  # of the vectors that are compared with each other


def normal(*shape: int) -> Array:
    """Return numbers of either sign."""
    return GENERATOR.standard_normal(shape, np.float32)


def uniform(*shape: int) -> Array:
    """Return numbers between 0 and 1."""
    return GENERATOR.random(shape, np.float32)


def pair(size: int) -> Sequence[Array]:
    """Return predictions and targets."""
    return normal(size), normal(size)


def scores(size: int) -> Sequence[Array]:
    """Return logits and probabilities."""
    return normal(size), uniform(size)


def signed(size: int) -> Sequence[Array]:
    """Return scores and targets of -1 and 1."""
    return normal(size), np.sign(normal(size))


def positive(size: int) -> Sequence[Array]:
    """Return predictions and targets above 0."""
    return uniform(size) + 0.1, uniform(size) + 0.1


def shares(size: int) -> Sequence[Array]:
    """Return probabilities inside (0, 1) and targets."""
    return 0.98 * uniform(size) + 0.01, uniform(size)


def triple(size: int) -> Sequence[Array]:
    """Return means, targets and variances."""
    return normal(size), normal(size), uniform(size) + 0.1


def labelled(size: int) -> Sequence[Array]:
    """Return logits and labels of classes."""
    rows = max(1, size // CLASSES)
    return normal(rows, CLASSES), GENERATOR.integers(CLASSES, size=rows).astype(np.int32)


def distributions(size: int) -> Sequence[Array]:
    """Return logits and probabilities of classes."""
    raw = uniform(max(1, size // CLASSES), CLASSES)
    return normal(*raw.shape), raw / raw.sum(axis=1, keepdims=True)


def log_distributions(size: int) -> Sequence[Array]:
    """Return logarithms of probabilities, and probabilities."""
    logits, probabilities = distributions(size)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logs, probabilities


def bits(size: int) -> Sequence[Array]:
    """Return logits of classes, and which of these hold."""
    raw = uniform(max(1, size // CLASSES), CLASSES)
    return normal(*raw.shape), (raw < 0.3).astype(np.float32)


def vectors(size: int) -> Sequence[Array]:
    """Return two sets of vectors."""
    shape = (max(1, size // WIDTH), WIDTH)
    return normal(*shape), normal(*shape)


def triplets(size: int) -> Sequence[Array]:
    """Return three sets of vectors."""
    return (*vectors(size), normal(max(1, size // WIDTH), WIDTH))


def few_vectors(size: int) -> Sequence[Array]:
    """Return two sets of vectors, few enough that each may be compared with all others."""
    return vectors(min(size, 2**17))


def masks(size: int) -> Sequence[Array]:
    """Return logits and marks of pictures with four classes."""
    shape = (8, 4, max(1, size // 32))
    return normal(*shape), (uniform(*shape) < 0.5).astype(np.float32)
