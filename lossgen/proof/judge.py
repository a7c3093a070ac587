"""Errors in units in the last place of the exact result, or of the terms it consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from sympy.core.basic import Basic

from lossgen.language import Norm, PNorm, Ratio, Ref, SumOver
from lossgen.oracle import Exact, Solution
from lossgen.proof.point import Array

# XLA flushes subnormal numbers, and what these are multiplied with may be above 1: what is below so
# many times the smallest normal number may be 0. The largest that was seen to be is 680 times it.
FLUSHED = 2**10
PRODUCTS = (sympy.Mul, sympy.Pow, sympy.log, sympy.loggamma, Norm, PNorm, Ratio)
SUMS = (SumOver, Norm, PNorm)


@dataclass(frozen=True)
class Truth:
    """Exact numbers as sums of two float64 arrays, and the sizes of their terms."""

    value: Array
    rest: Array
    size: Array

    @classmethod
    def of(cls, exact: Exact) -> Truth:
        """Return exact numbers as float64 arrays."""
        with np.errstate(all="ignore"):  # what is beyond float64 is infinite
            return cls(*exact.doubles)

    @property
    def arrays(self) -> tuple[Array, Array, Array]:
        """The three arrays."""
        return self.value, self.rest, self.size


def units(exact: Truth, dtype: str) -> Array:
    """Return what an ULP is at each entry: that of the exact result or of its largest term."""
    kind = np.finfo(dtype)
    largest = np.maximum(exact.size, abs(exact.value))
    largest = np.clip(largest, float(kind.tiny), float(kind.max))
    # NumPy's spacing of the largest number is infinite, since that above it is.
    found: Array = np.ldexp(1.0, np.frexp(largest)[1] - 1 - kind.nmant)
    return found


def ulps(found: Any, exact: Truth, dtype: str) -> Array:
    """Return the error of each entry in ULP.

    Results near the smallest normal number may be off by as much, since smaller ones, and smaller
    factors, may be flushed to 0; those that overflow are not finite.
    """
    array = np.asarray(found)
    if array.dtype != dtype:
        raise TypeError(f"dtype {array.dtype} instead of {dtype}")
    if array.shape != exact.value.shape:
        raise ValueError(f"shape {array.shape} instead of {exact.value.shape}")
    kind, value, rest = np.finfo(dtype), exact.value, exact.rest
    given = array.astype(np.float64)
    with np.errstate(all="ignore"):
        error = abs((given - value) - rest)
        flushed = FLUSHED * float(kind.tiny)
        error = np.where(abs(value) < flushed, np.maximum(error - flushed, 0.0), error)
        error = error / units(exact, dtype)
        wrong = np.where(np.isfinite(given), error, np.inf)
        beyond = abs(value) > float(kind.max)
        infinite = np.where(np.isfinite(given), np.inf, 0.0)
    return np.where(beyond, infinite, wrong)


def worst(errors: Array) -> tuple[float, tuple[int, ...]]:
    """Return the largest error and the place of it."""
    if not errors.size:
        return 0.0, ()
    place = np.unravel_index(int(np.argmax(errors)), errors.shape)
    return float(errors[place]), tuple(map(int, place))


def terms(solution: Solution) -> int:
    """Return how many terms are added up for an entry of the unreduced loss, at most."""
    counts = [1]
    for part in solution.parts:
        axes = {e.axis for e in _sums(part.case.value)}
        counts.append(int(np.prod([part.bound.binding.sizes[axis] for axis in axes], dtype=int)))
    return max(counts)


def multiplies(solution: Solution) -> bool:
    """Say whether a formula multiplies what varies with what varies, or its derivatives do."""
    return any(
        _varies(e.args[0]) if not e.is_Mul else sum(map(_varies, e.args)) > 1
        for part in solution.parts
        for e in part.case.value.atoms(*PRODUCTS)
    )


def _varies(e: Basic) -> bool:
    return bool(e.atoms(Ref))


def _sums(e: Basic) -> set[Any]:
    return e.atoms(*SUMS)


__all__ = ["Truth", "multiplies", "terms", "ulps", "units", "worst"]
