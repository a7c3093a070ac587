"""Second-order jets: a number with its gradient and Hessian by every coordinate that moves it.

The arithmetic is that of truncated Taylor series, entry by entry, over any coefficients that add
and multiply: `mpmath` numbers for the exact result, `terms.Sized` for the size of what was added.
Derivatives that are zero whatever the inputs are absent, so a zero that is present was computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Coefficient = Any
Pair = tuple[int, int]
Series = tuple[Coefficient, Coefficient, Coefficient]


class Jet:
    """A value, its first derivatives by coordinate and its second by pairs, the lower one first.

    ``doubtful`` says that something on the way came out as 0 although its terms were not: more
    digits may show that it is not 0, and what was added to it since hides it.
    """

    __slots__ = ("doubtful", "first", "second", "value")

    def __init__(
        self,
        value: Coefficient,
        first: dict[int, Coefficient] | None = None,
        second: dict[Pair, Coefficient] | None = None,
        doubtful: bool = False,
    ) -> None:
        self.value = value
        self.first = first or {}
        self.second = second or {}
        self.doubtful = doubtful

    def __add__(self, other: Jet) -> Jet:
        return total((self, other))

    def __neg__(self) -> Jet:
        first = {i: -d for i, d in self.first.items()}
        return Jet(-self.value, first, {ij: -d for ij, d in self.second.items()}, self.doubtful)

    def __sub__(self, other: Jet) -> Jet:
        return self + -other

    def __mul__(self, other: Jet) -> Jet:
        a, b = self.value, other.value
        first = Sums({i: d * b for i, d in self.first.items()})
        second = Sums({ij: d * b for ij, d in self.second.items()})
        for i, d in other.first.items():
            first.include(i, a * d)
        for ij, d in other.second.items():
            second.include(ij, a * d)
        for i, left in self.first.items():
            for j, right in other.first.items():
                cross = left * right
                second.include((i, j) if i <= j else (j, i), cross + cross if i == j else cross)
        doubtful = self.doubtful or other.doubtful or first.vanished or second.vanished
        return Jet(a * b, first.table, second.table, doubtful)

    def coefficients(self) -> list[Coefficient]:
        """Return the value and all derivatives, in one order for equal shapes."""
        first = [self.first[i] for i in sorted(self.first)]
        return [self.value, *first, *(self.second[ij] for ij in sorted(self.second))]

    def same_shape(self, other: Jet) -> bool:
        """Say whether the other depends on the same coordinates."""
        return self.first.keys() == other.first.keys() and self.second.keys() == other.second.keys()


class Sums:
    """Sums by key, and whether terms that are not 0 have cancelled to 0."""

    def __init__(self, table: dict[Any, Coefficient]) -> None:
        self.table = table
        self.vanished = False

    def include(self, key: Any, term: Coefficient) -> None:
        """Add a term to the sum of a key."""
        if key in self.table:
            term, old = self.table[key] + term, term
            self.vanished = self.vanished or bool(term == 0 and old != 0)
        self.table[key] = term


def total(jets: Iterable[Jet], given: bool = False) -> Jet:
    """Return the sum of jets, of which there must be one; what is ``given`` may well be 0."""
    first_jet, *others = jets
    value, doubtful = first_jet.value, first_jet.doubtful
    first, second = Sums(dict(first_jet.first)), Sums(dict(first_jet.second))
    for jet in others:
        value = value + jet.value
        doubtful = doubtful or jet.doubtful or bool(value == 0 and jet.value != 0 and not given)
        for i, d in jet.first.items():
            first.include(i, d)
        for ij, d in jet.second.items():
            second.include(ij, d)
    vanished = not given and (first.vanished or second.vanished)
    return Jet(value, first.table, second.table, doubtful or vanished)


def compose(inner: Jet, series: Series, given: bool = False) -> Jet:
    """Return f(inner), given f and its two derivatives there; None stands for no derivative.

    What is ``given`` is exact, and a zero of the function there is one.
    """
    value, slope, bend = series
    zero = not given and any(c is not None and c == 0 for c in series)
    doubtful = inner.doubtful or (zero and bool(inner.value != 0))
    if slope is None:
        return Jet(value, doubtful=doubtful)
    first = {i: slope * d for i, d in inner.first.items()}
    second = Sums({ij: slope * d for ij, d in inner.second.items()})
    if bend is not None:
        places = sorted(inner.first)
        for k, i in enumerate(places):
            bent = bend * inner.first[i]
            for j in places[k:]:
                second.include((i, j), bent * inner.first[j])
    return Jet(value, first, second.table, doubtful or second.vanished)
