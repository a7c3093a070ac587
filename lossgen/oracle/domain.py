"""Where a declared formula means anything: it and its derivatives are real and finite there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy
from mpmath import mp

from lossgen.loss import Case
from lossgen.oracle.bind import bind
from lossgen.oracle.evaluate import Evaluator, Place, places
from lossgen.oracle.question import Question

# What is infinite in few digits may be finite in more, as the logarithm of ``1 - sigmoid(1e4)``.
DIGITS = (50, 400, 5000)
CLOSE = mp.mpf(2) ** -23  # rounding to float32 moves a sum or product by half as much
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


__all__ = ["is_inside"]
