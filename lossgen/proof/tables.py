"""Calls of a loss with exact results, few enough to be written down beside a package.

Each number comes with what it may be off by, which is what the conformance run allows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isfinite

import numpy as np

from lossgen.loss import Loss
from lossgen.proof.budgets import budget, fault
from lossgen.proof.calls import Call
from lossgen.proof.examine import added, has_class, quantities
from lossgen.proof.exhibit import Exhibit
from lossgen.proof.judge import FLUSHED, Truth, units
from lossgen.proof.point import Array, Point

DTYPE = "float64"
REDUCTION = "mean"
USUAL = 100.0  # inputs below this are no tails
BOUND = 256.0  # a bound has eight binary digits
Calls = Mapping[str, tuple[Exhibit, ...]]


@dataclass(frozen=True)
class Numbers:
    """Numbers as texts, which lose nothing, and their shape.

    Attributes:
        within: what each may be off by; nothing where they are given.
    """

    values: str
    shape: tuple[int, ...]
    within: str = ""


@dataclass(frozen=True)
class Row:
    """One call and its exact results; derivatives by the name of the input.

    Attributes:
        options: as Python writes them, arrays apart.
        along: with what second derivatives are multiplied; nothing where they are diagonals.
    """

    label: str
    loss: str
    function: str
    options: Mapping[str, str]
    weights: Mapping[str, Numbers]
    inputs: Mapping[str, Numbers]
    value: Numbers | None
    gradient: Mapping[str, Numbers]
    second: Mapping[str, Numbers]
    along: Mapping[str, Numbers]

    @property
    def is_finite(self) -> bool:
        """Whether float64 has all results, and what they may be off by."""
        values = () if self.value is None else (self.value,)
        results = (*values, *self.gradient.values(), *self.second.values())
        words = " ".join(f"{each.values} {each.within}" for each in results).split()
        return all(isfinite(float.fromhex(word)) for word in words)


def calls(loss: Loss, found: Sequence[Exhibit]) -> Calls:
    """Return calls of a loss by what they are, the best first: any backend may be asked of them."""
    chosen = _chosen(found).items()
    return {label: tuple(Exhibit(loss, point) for point in points) for label, points in chosen}


def rows(found: Calls, backend: str) -> Iterator[Row]:
    """Yield calls of a loss: usual numbers, the smallest and the largest that leave it finite."""
    for label, exhibits in found.items():
        tables = (_row(each, label, backend) for each in exhibits if _has_mean(each))
        yield from islice((table for table in tables if table.is_finite), 1)


def _chosen(found: Sequence[Exhibit]) -> dict[str, list[Point]]:
    """Return points of a loss by what they are, the best first, with the options of the first."""
    first = found[0].point
    alike = [each.point for each in found if repr(each.point.options) == repr(first.options)]
    cells = [first.cell(k) for k in range(first.cells)] if first.along else alike
    cells.sort(key=_size)
    usual = [cell for cell in cells if _size(cell) < USUAL] or cells
    middle = len(usual) // 2
    return {"small": cells, "usual": usual[middle:] + usual[:middle], "large": cells[::-1]}


def _has_mean(exhibit: Exhibit) -> bool:
    """Say whether anything counts, such as a label that is not ignored."""
    try:
        exhibit.solution.reduced(REDUCTION)
    except ZeroDivisionError:
        return False
    return True


def _size(point: Point) -> float:
    return max(float(abs(x).max()) for x in point.inputs.values() if x.dtype.kind == "f")


def _row(exhibit: Exhibit, label: str, backend: str) -> Row:
    point, plain = exhibit.point, backend == "numpy"
    call = exhibit.call(REDUCTION, ones=True)
    found: dict[str, dict[str, Numbers]] = {}
    for quantity in quantities(backend):
        known = fault(exhibit.loss.name, backend, DTYPE, quantity) is not None
        left_out = known or (plain and quantity != "value" and not has_class(exhibit.loss, point))
        found[quantity] = {} if left_out else _results(exhibit, call, quantity, backend)
    weights = {n: x for n, x in point.options.items() if isinstance(x, np.ndarray)}
    return Row(
        label,
        exhibit.loss.name,
        exhibit.loss.function,
        {n: repr(x) for n, x in point.options.items() if n not in weights},
        {name: _given(array) for name, array in weights.items()},
        {name: _given(array) for name, array in point.inputs.items()},
        found["value"].get(""),
        found["gradient"],
        found["diagonal" if plain else "hvp"],
        {} if plain else {name: _given(array) for name, array in call.directions.items()},
    )


def _results(exhibit: Exhibit, call: Call, quantity: str, backend: str) -> dict[str, Numbers]:
    names = ("",) if quantity == "value" else call.moving
    found = {}
    for name in names:
        exact = exhibit.truth(call, True, quantity, name)
        terms = added(exhibit, quantity, REDUCTION, exact)
        names = (exhibit.loss.name, backend, DTYPE, quantity)
        allowed = budget(*names, terms, averaged=REDUCTION == "mean")
        found[name] = _exact(exact, allowed)
    return found


def _given(array: Array) -> Numbers:
    if array.dtype.kind == "i":
        return Numbers(" ".join(map(str, array.ravel().tolist())), array.shape)
    return Numbers(_text(array), array.shape)


def _exact(exact: Truth, allowed: float) -> Numbers:
    """Return exact numbers and their errors, an ULP being that of the largest term."""
    within = allowed * units(exact, DTYPE) + abs(exact.rest)
    flushed = FLUSHED * float(np.finfo(DTYPE).tiny)
    within = np.where(abs(exact.value) < flushed, within + flushed, within)
    return Numbers(_text(exact.value), exact.value.shape, _text(_rounded_up(within)))


def _rounded_up(bounds: Array) -> Array:
    """Return bounds of few digits, no smaller."""
    mantissas, exponents = np.frexp(bounds)
    found: Array = np.ldexp(np.ceil(mantissas * BOUND), exponents) / BOUND
    return found


def _text(array: Array) -> str:
    return " ".join(map(_word, np.ravel(array)))


def _word(number: float) -> str:
    """Return a number in hexadecimal digits, as many as it has."""
    mantissa, letter, exponent = float(number).hex().partition("p")
    return mantissa.rstrip("0").rstrip(".") + letter + exponent if letter else mantissa


__all__ = ["Calls", "Numbers", "Row", "calls", "rows"]
