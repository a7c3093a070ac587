"""The oracle: exact values and derivatives of a declared loss, for exact binary inputs.

Nothing here knows lossgen's rules or its derivatives. Precision doubles from 50 digits until two
results agree to 25; a zero is believed only at 2000, since ``log(1 + exp(-120))`` is one at 50.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from mpmath import mp

from lossgen.oracle.evaluate import Array
from lossgen.oracle.jets import total
from lossgen.oracle.part import RESULT_DIGITS, Exact, Part, exact_numbers
from lossgen.oracle.question import Question


class Solution:
    """The unreduced loss at a point, its derivatives settled to full precision."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.parts = tuple(Part(question, case) for case in question.cases)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the unreduced loss; parts may have shapes of their own."""
        return self.parts[0].shape

    def reduced(self, reduction: str, upstream: Array | None = None) -> Answer:
        """Return the reduced loss; ``upstream`` multiplies each entry of the unreduced one."""
        return Answer(self, reduction, upstream)


class Answer:
    """Value, gradients and second derivatives of the reduced loss at a point.

    Without a reduction, derivatives are those of the sum weighted by ``upstream``.
    """

    def __init__(self, solution: Solution, reduction: str, upstream: Array | None) -> None:
        self.question, self._parts = solution.question, solution.parts
        self.reduction = reduction
        with mp.workdps(RESULT_DIGITS):
            reduced = [part.reduced(reduction, upstream) for part in self._parts]
            self._exact = total(jet for jet, _ in reduced)
            self._sized = total(jet for _, jet in reduced)

    @cached_property
    def value(self) -> Exact:
        """The loss: one number, or the unreduced array."""
        if self.reduction == "none":
            return self._parts[0].unreduced()
        return exact_numbers([self._exact.value], [self._sized.value.size], ())

    @property
    def terms(self) -> int:
        """The number of entries that sums run over, at most."""
        return max(int(np.size(array)) for array in self.question.arrays.values())

    def gradient(self, name: str) -> Exact:
        """Return the gradient by an argument."""
        return self._collect(name, self._exact.first.get, self._sized.first.get)

    def hessian_diagonal(self, name: str) -> Exact:
        """Return the diagonal of the Hessian by an argument."""
        exact, sized = self._exact.second, self._sized.second
        return self._collect(name, lambda i: exact.get((i, i)), lambda i: sized.get((i, i)))

    def hessian_vector(self, name: str, direction: Mapping[str, Array]) -> Exact:
        """Return the Hessian times a direction, for the rows of one argument."""
        along: dict[int, Any] = {}
        for moved, array in direction.items():
            for k, entry in enumerate(np.ravel(array)):
                along[self.question.starts[moved] + k] = mp.mpf(entry.item())
        values: dict[int, Any] = {}
        sizes: dict[int, Any] = {}
        with mp.workdps(RESULT_DIGITS):
            for (i, j), entry in self._exact.second.items():
                size = self._sized.second[i, j].size
                for row, column in {(i, j), (j, i)}:
                    values[row] = values.get(row, 0) + entry * along.get(column, 0)
                    sizes[row] = sizes.get(row, 0) + size * abs(along.get(column, 0))
        return self._collect(name, values.get, lambda i: _Given(sizes.get(i, 0)))

    def _collect(
        self, name: str, exact: Callable[[int], Any], sized: Callable[[int], Any]
    ) -> Exact:
        shape = self.question.shapes[name]
        start = self.question.starts[name]
        places = range(start, start + int(np.prod(shape, dtype=int)))
        sizes = [sized(i) for i in places]
        return exact_numbers(
            [exact(i) or 0 for i in places], [s.size if s else 0 for s in sizes], shape
        )


@dataclass(frozen=True)
class _Given:
    size: Any


__all__ = ["Answer", "Exact", "Question", "Solution"]
