"""Errors in units in the last place of the exact result, or of the terms it consists of."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from mpmath import mp
from point import Point

from lossgen.load import load_specs
from lossgen.loss import Loss
from lossgen.oracle import Exact, Question, Solution

SPECS = Path(__file__).parents[2] / "specs"
# XLA flushes subnormal factors, and what they were multiplied with may be a little above 1.
FLUSHED = 4
_solutions: dict[tuple[str, str], Solution] = {}


@lru_cache(maxsize=1)
def declared() -> dict[str, Loss]:
    """Return the declared losses by name."""
    losses, faults = load_specs(SPECS)
    assert not faults, faults
    return {loss.name: loss for loss in losses}


def keywords(point: Point) -> set[str]:
    """Return what a point gives to keywords that the function of a loss has alone."""
    alone = {t.name for t in declared()[point.loss].tensors() if t.function_only}
    return alone & point.options.keys()


def solution(point: Point, dtype: str) -> Solution:
    """Return what the oracle says of a point; it is asked once."""
    key = (str(point), dtype)
    if key not in _solutions:
        options = point.options
        arrays = {n: value for n, value in options.items() if isinstance(value, np.ndarray)}
        parameters = {n: value for n, value in options.items() if n not in arrays}
        arrays = {**point.inputs, **arrays}
        _solutions[key] = Solution(
            Question(declared()[point.loss], arrays, parameters, point.learnt)
        )
    return _solutions[key]


def worst_ulp(found: Any, exact: Exact, dtype: str) -> tuple[float, str]:
    """Return the largest error in ULP and where it is.

    Results near the smallest normal number may be off by as much, since smaller ones, and smaller
    factors, may be flushed to 0; those that overflow may be infinite.
    """
    array = np.asarray(found)
    assert array.dtype == dtype, f"dtype {array.dtype} instead of {dtype}"
    assert array.shape == exact.value.shape, f"shape {array.shape} instead of {exact.value.shape}"
    worst, place = 0.0, ""
    for index in np.ndindex(array.shape):
        error = _ulp(array[index].item(), exact.value[index], exact.size[index], np.finfo(dtype))
        if not error <= worst:
            worst, place = (
                error,
                f"{list(index)}: {array[index]!r}, exact {mp.nstr(exact.value[index], 17)}",
            )
    return worst, place


def _ulp(found: float, exact: Any, size: Any, kind: Any) -> float:
    if abs(exact) > mp.mpf(float(kind.max)):
        return 0.0 if found == float("inf") * float(mp.sign(exact)) else float("inf")
    if not np.isfinite(found):
        return float("inf")
    with mp.workdps(60):
        return _finite_ulp(mp.mpf(found), exact, size, kind)


def _finite_ulp(found: Any, exact: Any, size: Any, kind: Any) -> float:
    error = abs(found - exact)
    tiny = mp.mpf(float(kind.tiny))
    if abs(exact) < FLUSHED * tiny:
        error = max(error - FLUSHED * tiny, mp.zero)
    largest = max(abs(size), abs(exact), tiny)
    _, exponent = mp.frexp(largest)
    return float(error / mp.ldexp(mp.one, exponent - 1 - kind.nmant))
