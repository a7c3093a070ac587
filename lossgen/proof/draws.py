"""Numbers for a tensor: magnitudes over the floating-point range, ties, kinks, saturated rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lossgen.language import Tensor
from lossgen.proof.point import Array, range_in_float32

Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]
LOW, HIGH = -30.0, 4.0  # decimal exponents
EDGES = (0.7, 3.3, 17.1, 38.6, 88.4, 104.2, 355.0)  # where exponentials vanish or overflow


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.choice([-1.0, 1.0], shape)


def _spread(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw positive magnitudes of every order."""
    return np.asarray(10 ** rng.uniform(LOW, HIGH, shape))


def _scaled(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw positive numbers of one order."""
    return np.asarray(np.abs(rng.standard_normal(shape)) * 10 ** rng.uniform(-3, 2))


def _edges(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.choice([*EDGES, 1.0, 0.0, 10.0**HIGH, 10.0**LOW], shape)


def _saturated(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw rows of which one entry is far above the others."""
    rows = rng.standard_normal(shape)
    rows.flat[rng.integers(rows.size)] += rng.choice([20.0, 60.0, 300.0])
    return rows


def _tied(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.full(shape, rng.choice([0.0, 1.0, -2.5]))


def _shares(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.random(shape)


def _hard(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.choice([0.0, 1.0], shape)


def _near_ends(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    tiny = 10 ** rng.uniform(-7, -1, shape)
    return np.where(rng.random(shape) < 0.5, tiny, 1 - tiny)


def _negated(draw: Draw) -> Draw:
    return lambda rng, shape: -draw(rng, shape)


def _signed(draw: Draw) -> Draw:
    return lambda rng, shape: _signs(rng, shape) * draw(rng, shape)


POSITIVE: tuple[Draw, ...] = (_scaled, _scaled, _spread, _edges, _shares)
SHARES: tuple[Draw, ...] = (_shares, _shares, _hard, _near_ends)
ANY: tuple[Draw, ...] = (
    *map(_signed, (_scaled, _scaled, _scaled, _spread, _spread, _edges)),
    *(_saturated, _tied, _signs, _signs, *SHARES, *POSITIVE[:3], _negated(_scaled)),
)


def draw_tensor(
    tensor: Tensor,
    shape: tuple[int, ...],
    others: Mapping[str, Array],
    kinks: Sequence[float],
    rng: np.random.Generator,
) -> Array:
    """Draw the entries of a floating-point tensor within its declared bounds.

    Args:
        tensor: what is declared.
        shape: its shape.
        others: the tensors that are drawn already, which this one may equal or be close to.
        kinks: distances at which the loss may have a kink.
        rng: where numbers come from.
    """
    alike = [array for array in others.values() if array.shape == shape and array.dtype.kind == "f"]
    if alike and rng.random() < 0.25:
        array = _beside(alike[rng.integers(len(alike))], kinks, rng)
    else:
        draws = _suited(tensor)
        array = draws[rng.integers(len(draws))](rng, shape)
    low, high = range_in_float32(tensor.lower, tensor.upper)
    return np.asarray(np.clip(array, low, high), np.float32).astype(float)


def _suited(tensor: Tensor) -> Sequence[Draw]:
    if tensor.upper == 1 and tensor.lower == 0:
        return SHARES
    return POSITIVE if tensor.lower is not None and tensor.lower >= 0 else ANY


def _beside(other: Array, kinks: Sequence[float], rng: np.random.Generator) -> Array:
    """Return a tensor equal to another, close to it, or a kink away."""
    how = rng.integers(3)
    if how == 0 or (how == 2 and not kinks):
        return other.copy()
    if how == 1:
        return np.asarray(other * (1 + _signs(rng, other.shape) * 10 ** rng.uniform(-7, -1)))
    away = rng.choice([-1.0, 1.0]) * np.float32(rng.choice(kinks))
    beside = (other + away).astype(np.float32).astype(float)
    # A difference that rounds onto a kink lies on it: leave only what is exact.
    return np.where(beside - other == away, beside, other)


__all__ = ["draw_tensor"]
