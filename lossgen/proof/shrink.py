"""The simplest point that still shows a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import floor, log10
from typing import Protocol, TypeVar

import numpy as np

from lossgen.loss import Loss
from lossgen.oracle.domain import is_inside
from lossgen.proof.examine import Finding, examine
from lossgen.proof.exhibit import Exhibit
from lossgen.proof.point import Array, Point, range_in_float32

TRIES = 40


class Found(Protocol):
    """What is wrong at a point."""

    @property
    def point(self) -> Point:
        """Where it is."""


F = TypeVar("F", bound=Found)


def simplest(exhibit: Exhibit, finding: Finding, runner: object) -> Finding:
    """Return the fault at one cell alone, its numbers as simple as they may be."""

    def shown(point: Point) -> Finding | None:
        whole = point.rounded("float32").question(exhibit.loss)
        if not (_is_allowed(exhibit.loss, point) and is_inside(whole)):
            return None
        one = Exhibit(exhibit.loss, point)
        found = examine(one, runner, finding.backend, finding.dtype, finding.quantity)
        failing = (each for each in found if each.fails and each.name == finding.name)
        return next(failing, None)

    return simplified(_alone(exhibit.point, finding, shown) or finding, shown)


def simplified(best: F, shown: Callable[[Point], F | None]) -> F:
    """Return a fault with numbers as simple as they may be; ``shown`` says what a point shows."""
    tries = TRIES
    for name, array in best.point.inputs.items():
        for k in range(array.size if array.dtype.kind == "f" else 0):
            for candidate in _simpler(float(best.point.inputs[name].flat[k])):
                tries -= 1
                found = shown(_with(best.point, name, k, candidate)) if tries > 0 else None
                if found is not None:
                    best = found
                    break
    return best


def _is_allowed(loss: Loss, point: Point) -> bool:
    """Say whether the arrays are within the bounds that are declared, outside which calls fail."""
    for tensor in loss.tensors():
        array = point.tensors.get(tensor.name)
        low, high = range_in_float32(tensor.lower, tensor.upper)
        if array is not None and ((array < low) | (array > high)).any():
            return False
    return True


def _alone(
    point: Point, finding: Finding, shown: Callable[[Point], Finding | None]
) -> Finding | None:
    if not point.along:
        return None
    place = finding.place[point.along.get(finding.name, 0)] if finding.place else -1
    order = [place] if 0 <= place < point.cells else range(point.cells)
    return next((found for k in order if (found := shown(point.cell(k))) is not None), None)


def _simpler(value: float) -> Iterator[float]:
    """Yield simpler numbers: 0, 1, then the number with one digit or with two."""
    yield from (simple for simple in (0.0, float(np.sign(value))) if simple != value)
    if value and np.isfinite(value):
        exponent = floor(log10(abs(value)))
        for digits in (0, 1):
            rounded = float(np.float32(round(value, digits - exponent)))
            if rounded != value:
                yield rounded


def _with(point: Point, name: str, k: int, value: float) -> Point:
    array: Array = point.inputs[name].copy()
    array.flat[k] = value
    return replace(point, inputs={**point.inputs, name: array})


__all__ = ["simplest", "simplified"]
