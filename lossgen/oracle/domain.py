"""Where a declared formula means anything: it and its derivatives are real and finite there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from mpmath import mp
from sympy import Expr
from sympy.core.basic import Basic
from sympy.core.relational import Relational

from lossgen.language import AxisOperation, Hinge, MaxOver, MinOver, Norm, Pick, PNorm, Ref
from lossgen.loss import Case
from lossgen.oracle.bind import bind
from lossgen.oracle.evaluate import LEAVES, Evaluator, Place, places
from lossgen.oracle.question import Question

# What is infinite in few digits may be finite in more, as the logarithm of ``1 - sigmoid(1e4)``.
DIGITS = (50, 400, 5000)
CLOSE = mp.mpf(2) ** -23  # rounding to float32 moves a sum or product by half as much
CHOICES = (sympy.Max, sympy.Min, MaxOver, MinOver, Hinge)
CORNERED = (sympy.Abs, sympy.sign, Norm, PNorm)  # at 0
LEAST = mp.mpf(2) ** -126  # smaller products may be flushed to 0
SLOW = (sympy.loggamma,)  # not in thousands of digits


@dataclass
class _Careful(Evaluator):
    """Notices where rounding would decide otherwise: next to a kink, and not on it."""

    close: bool = False

    def decided(self, left: Any, right: Any) -> None:
        gap = abs(left - right)
        if gap and mp.isfinite(gap):
            largest = max(abs(left), abs(right))
            self.close = self.close or bool(gap < CLOSE * largest or gap < LEAST)


@dataclass
class _Watching(Evaluator):
    """Notices ties of what moves, where there is a choice of slopes.

    What differs by no more than a rounding of the terms that have to be computed is tied, too; sums
    of inputs and parameters can be exact.
    """

    tied: bool = False
    idle: bool = False
    slack: Any = 0

    def compute(self, e: Basic, at: Place) -> Any:
        before = self.slack
        if isinstance(e, CHOICES):
            self.slack = self._rounding([*self._sides(e, at)])
        jet = super().compute(e, at)
        self.slack = before
        if isinstance(e, CORNERED):
            terms = self.along(e, at) if isinstance(e, AxisOperation) else [self.jet(e.args[0], at)]
            self.tied = self.tied or any(term.value == 0 and term.first for term in terms)
        return jet

    def holds(self, condition: Basic, at: Place) -> bool:
        before = self.idle, self.slack
        self.idle = all(ref.tensor.kind != "float" for ref in condition.atoms(Ref))
        if isinstance(condition, Relational) and not self.idle:
            self.slack = self._rounding([(arg, at) for arg in condition.args])
        found = super().holds(condition, at)
        self.idle, self.slack = before
        return found

    def _sides(self, e: Basic, at: Place) -> Iterator[tuple[Basic, Place]]:
        if isinstance(e, AxisOperation):
            for k in range(self.binding.sizes[e.axis]):
                yield e.body, {**at, e.axis: k}
        else:
            yield from ((arg, at) for arg in e.args)

    def _rounding(self, sides: Sequence[tuple[Basic, Place]]) -> Any:
        terms = [
            (term, at) for side, at in sides for term in (side.args if side.is_Add else (side,))
        ]
        return CLOSE * sum(abs(self.jet(e, at).value) for e, at in terms if not _is_given(e))

    def decided(self, left: Any, right: Any) -> None:
        self.tied = self.tied or bool(not self.idle and abs(left - right) <= self.slack)


def _is_given(term: Basic) -> bool:
    """Say whether a term is an argument, a number or an entry picked from an argument."""
    plain = -term if isinstance(term, Expr) and term.could_extract_minus_sign() else term
    return isinstance(plain.args[0] if isinstance(plain, Pick) else plain, LEAVES)


def is_at_kink(question: Question) -> bool:
    """Say whether branches of the loss meet at a point."""
    for case in question.cases:
        bound = bind(case, question.arrays, question.values, question.starts)
        evaluator = _Watching(bound.binding)
        for at in places(bound.axes(case.value), bound.binding.sizes):
            _numbers(evaluator, case, at, DIGITS[0])
        if evaluator.tied:
            return True
    return False


def is_inside(question: Question) -> bool:
    """Say whether the loss has a value and two derivatives at a point, away from any jump."""
    return all(_is_inside(question, case) for case in question.cases)


def _is_inside(question: Question, case: Case) -> bool:
    bound = bind(case, question.arrays, question.values, question.starts)
    axes, sizes = bound.axes(case.value), bound.binding.sizes
    counted = Evaluator(bound.binding)
    for at in places(axes, sizes):
        if case.valid is not None and not counted.holds(case.valid, at):
            continue
        for digits in DIGITS[:1] if case.value.atoms(*SLOW) else DIGITS:
            evaluator = _Careful(bound.binding)
            numbers = _numbers(evaluator, case, at, digits)
            if evaluator.close:
                return False
            if numbers is not None and all(map(mp.isfinite, numbers)):
                break
            if numbers is None or any(map(mp.isnan, numbers)):
                return False
        else:
            return False
    return True


def _numbers(evaluator: Evaluator, case: Case, at: Place, digits: int) -> list[Any] | None:
    """Return value and derivatives, infinite ones too; None if they are not real."""
    with mp.workdps(digits):
        try:
            found = evaluator.jet(case.value, at).coefficients()
        except ZeroDivisionError:
            return [mp.inf]
        except (ValueError, TypeError):
            return None  # a pole, or an order of complex numbers
        return found if all(isinstance(number, mp.mpf) for number in found) else None


__all__ = ["is_at_kink", "is_inside"]
