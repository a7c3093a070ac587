"""One case of a loss at a point, and its reduction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from mpmath import mp
from sympy.core.basic import Basic

from lossgen import language as words
from lossgen.case import PLAIN
from lossgen.loss import Case
from lossgen.oracle.after import axis_of, entries_after, shape_after
from lossgen.oracle.bind import Bound, bind
from lossgen.oracle.evaluate import Array, Evaluator, Place, free_axes, places
from lossgen.oracle.jets import Jet, compose, total
from lossgen.oracle.question import Question
from lossgen.oracle.series import powers
from lossgen.oracle.settle import ZERO_DIGITS, settle
from lossgen.oracle.sizing import SizedEvaluator, WrittenEvaluator
from lossgen.oracle.terms import Sized

RESULT_DIGITS = 60
SLOW_DIGITS = 200  # for the gamma function and its kin, which take seconds in thousands
POWER_DIGITS = 400  # doubles of 1e-30 to a tenth power, and what two of them differ by
EXPONENTIAL = (
    *(words.LogSumExp, words.Softmax, words.Sigmoid),
    *(sympy.exp, sympy.tanh, sympy.sinh, sympy.cosh, sympy.erf),
)


@dataclass(frozen=True)
class Exact:
    """Exact numbers, and for each the sum of the absolute terms it consists of."""

    value: Array
    size: Array

    @cached_property
    def doubles(self) -> tuple[Array, Array, Array]:
        """The value as the sum of two float64 arrays, and the size as one."""
        high = np.vectorize(float, otypes=[float])(self.value)
        with mp.workdps(RESULT_DIGITS):
            finite = np.where(np.isfinite(high), high, 0.0)
            rest = np.where(np.isfinite(high), self.value - finite, 0)
        return high, np.vectorize(float, otypes=[float])(rest), self._sizes()

    def _sizes(self) -> Array:
        sizes: Array = np.vectorize(float, otypes=[float])(self.size)
        return sizes


class Part:
    """One case, its entries settled to full precision."""

    def __init__(self, question: Question, case: Case) -> None:
        self.question, self.case = question, case
        self.bound: Bound = bind(case, question.arrays, question.values, question.starts)
        self.axes = self.bound.axes(case.value)
        self._evaluators: dict[tuple[type[Evaluator], int], Evaluator] = {}
        self.whole: tuple[int, ...] = self.bound.shape(case.value)
        entries = [self._entry(at) for at in places(self.axes, self.bound.binding.sizes)]
        plain = case.after == PLAIN
        self.entries = entries if plain else entries_after(case.after, entries, self.whole)

    def _evaluator(self, kind: type[Evaluator]) -> Evaluator:
        return self._evaluators.setdefault((kind, mp.dps), kind(self.bound.binding))

    def _entry(self, at: Place) -> tuple[Jet, Jet]:
        if not self._counts(at):
            return Jet(mp.zero), Jet(Sized(mp.zero))
        sizing = WrittenEvaluator if self.question.as_written else SizedEvaluator
        digits, jet = settle(
            lambda: self._evaluator(Evaluator).jet(self.case.value, at), self._zero
        )
        with mp.workdps(digits):
            return jet, self._evaluator(sizing).jet(self.case.value, at)

    @cached_property
    def _zero(self) -> int:
        """The digits at which a zero is believed.

        What hides behind a larger term is a power of the inputs, or an exponential of them.
        """
        formula = self.case.value
        if formula.atoms(sympy.loggamma):
            return SLOW_DIGITS
        if not formula.atoms(*EXPONENTIAL):
            return POWER_DIGITS
        given = [*self.question.arrays.values(), *self.bound.binding.parameters.values()]
        numbers = [np.abs(x) for x in given if np.asarray(x).dtype.kind == "f"]
        largest = max((np.max(x, initial=0.0, where=np.isfinite(x)) for x in numbers), default=0.0)
        return int(min(POWER_DIGITS + 4 * float(largest), ZERO_DIGITS))

    def _counts(self, at: Place) -> bool:
        return self.case.valid is None or Evaluator(self.bound.binding).holds(self.case.valid, at)

    def unreduced(self) -> Exact:
        """Return the loss entry by entry."""
        values = [jet.value for jet, _ in self.entries]
        sizes = [sized.value.size for _, sized in self.entries]
        return exact_numbers(values, sizes, self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the unreduced loss."""
        return shape_after(self.case.after, self.whole)

    def reduced(self, reduction: str, upstream: Array | None) -> tuple[Jet, Jet]:
        """Return the exact jet of the reduced loss and the jet of its terms."""
        weights = [1] * len(self.entries) if upstream is None else np.ravel(upstream)
        results = []
        kinds: tuple[type, ...] = (mp.mpf, Sized)
        for kind, jets in zip(kinds, zip(*self.entries, strict=True), strict=True):
            scaled = (
                jet * Jet(_number(kind, float(u))) for jet, u in zip(jets, weights, strict=True)
            )
            summed = total(scaled)
            if reduction.endswith("mean"):
                batch = reduction == "batchmean"
                batch = batch or self.case.after.by_sample
                bottom = _number(kind, self._samples() if batch else self._denominator())
                summed = summed * compose(Jet(bottom), powers(-1)(bottom))
            results.append(summed)
        return results[0], results[1]

    def _samples(self) -> int:
        return self.whole[0] if self.whole else 1

    def _denominator(self) -> Any:
        declared, valid = self.case.denominator, self.case.valid
        axis = axis_of(self.case.after, self.whole)
        folded = 1 if axis is None else self.whole[axis]
        if declared is None:
            counted = [at for at in places(self.axes, self.bound.binding.sizes) if self._counts(at)]
            return mp.mpf(len(counted)) / folded
        counting = _Counting(self.bound.binding, moving=False, valid=valid)
        return counting.jet(declared, {}).value / folded


@dataclass
class _Counting(Evaluator):
    """Evaluates a denominator: its sums run over what counts."""

    valid: Basic | None = None

    def along(self, e: words.AxisOperation, at: Place) -> Iterator[Jet]:
        valid = self.valid
        counted = valid is not None and set(free_axes(valid)) <= {*at, e.axis}
        for k in range(self.binding.sizes[e.axis]):
            here = {**at, e.axis: k}
            if valid is None or not counted or self.holds(valid, here):
                yield self.jet(e.body, here)
            else:
                yield self.constant(0)


def _number(kind: type, value: Any) -> Any:
    return Sized(mp.mpf(value)) if kind is Sized else mp.mpf(value)


def exact_numbers(values: list[Any], sizes: list[Any], shape: tuple[int, ...]) -> Exact:
    """Return numbers and the sizes of their terms in a shape."""
    arrays = []
    for numbers in (values, sizes):
        array = np.empty(len(numbers), dtype=object)
        with mp.workdps(RESULT_DIGITS):
            array[:] = [mp.mpf(number) for number in numbers]
        arrays.append(array.reshape(shape))
    return Exact(arrays[0], arrays[1])
