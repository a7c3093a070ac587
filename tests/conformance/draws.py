"""Numbers of which the points consist: tails, kinks and their neighbours, random ones."""

from __future__ import annotations

from itertools import product

import numpy as np

from lossgen.proof.point import Array

POWERS = [10.0**k for k in (-30, -20, -10, -6, -3, -1, 0, 1, 2, 3, 4)]
TAILS = [0.0, *(sign * power for power in POWERS for sign in (1, -1))]
LOGITS = [
    *TAILS,
    *(sign * x for x in (0.7, 3.3, 17.1, 38.6, 88.4, 104.2, 355.0) for sign in (1, -1)),
]


def around(value: float, dtype: str) -> list[float]:
    """Return a number and its neighbours."""
    one = np.dtype(dtype).type(value)
    return [float(np.nextafter(one, one - 1)), float(one), float(np.nextafter(one, one + 1))]


def pairs(left: list[float], right: list[float]) -> dict[str, Array]:
    """Return every pair of an input and a target."""
    grid = np.array(list(product(left, right)))
    return {"input": grid[:, 0].copy(), "target": grid[:, 1].copy()}


def random(*shape: int, seed: int = 0, scale: float = 1.0) -> Array:
    """Return normal numbers."""
    return scale * np.random.default_rng(seed).standard_normal(shape)


def shares(*shape: int, seed: int = 0) -> Array:
    """Return numbers between 0 and 1."""
    return np.random.default_rng(seed).random(shape)
