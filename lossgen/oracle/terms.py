"""Numbers that remember the size of the terms they were added from.

A result that is the small difference of large terms cannot be exact in working precision. The
conformance therefore measures errors against the size of the terms. It is found by evaluating the
declared formula in these numbers, where a formula of one variable counts as one function: however
it is written, some form of it has no cancellation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import mp

_NUDGE = mp.mpf(10) ** -12

# What an operand is: given; one rounded operation on what is given; or computed.
GIVEN, ROUNDED, COMPUTED = range(3)

# One rounding costs at most one ULP of the four that a size is judged by.
ROUNDING = mp.mpf(1) / 4
SINGLE = 24  # bits of a number that every dtype holds exactly


def bits(value: Any) -> int:
    """Return the length of a number's mantissa."""
    return int(value.man_exp[0]).bit_length()


class Sized:
    """A value, and by how much the terms behind it exceed it in absolute size."""

    __slots__ = ("excess", "grade", "value")

    def __init__(self, value: Any, excess: Any = 0, grade: int = GIVEN) -> None:
        self.value = value
        self.excess = excess
        self.grade = grade

    @property
    def size(self) -> Any:
        """The sum of the absolute terms."""
        return abs(self.value) + self.excess

    def __add__(self, other: Sized) -> Sized:
        value = self.value + other.value
        if self.grade == other.grade == GIVEN:
            return Sized(value, 0, ROUNDED)
        return Sized(value, self.size + other.size - abs(value), COMPUTED)

    def __neg__(self) -> Sized:
        return Sized(-self.value, self.excess, self.grade)

    def __sub__(self, other: Sized) -> Sized:
        return self + -other

    def __mul__(self, other: Sized) -> Sized:
        excess = abs(self.value) * other.excess + abs(other.value) * self.excess
        grade = COMPUTED
        for one, rest in ((self, other), (other, self)):
            if one.grade == GIVEN and _is_power_of_two(one.value):
                grade = rest.grade
        return Sized(self.value * other.value, excess, grade)

    def __eq__(self, other: object) -> bool:
        return bool(self.value == (other.value if isinstance(other, Sized) else other))

    def __hash__(self) -> int:
        return hash(self.value)

    def through(self, function: Callable[[Any], Any]) -> Sized:
        """Return a function of the number; its condition number carries over what was computed."""
        value = function(self.value)
        exact = self.grade == GIVEN or (self.grade == ROUNDED and bits(self.value) <= SINGLE)
        if exact and not self.excess:
            return Sized(value, 0, COMPUTED)
        step = self.size * _NUDGE
        slope = abs(function(self.value + step) - value) / step if step else mp.zero
        carried = slope * self.excess
        if not exact:
            share = 1 if self.grade == COMPUTED else ROUNDING
            carried += max(share * slope * abs(self.value) - abs(value), mp.zero)
        return Sized(value, carried, COMPUTED)


def _is_power_of_two(value: Any) -> bool:
    if not mp.isfinite(value):
        return False
    mantissa, _ = mp.frexp(abs(value))
    return bool(mantissa == mp.mpf("0.5"))
