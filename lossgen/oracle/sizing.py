"""Evaluate a declared expression in numbers that know the size of their terms.

Two kinds of formula are judged as one function, since a form without cancellation exists however
they are written: a formula of one variable, and a log-sum-exp less one of its own terms.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import sympy
from mpmath import mp
from sympy.core.basic import Basic
from sympy.core.symbol import Str

from lossgen import language as words
from lossgen.oracle.evaluate import Evaluator, Place
from lossgen.oracle.exponentials import Exponentials
from lossgen.oracle.jets import Jet, compose, total
from lossgen.oracle.series import SERIES
from lossgen.oracle.terms import COMPUTED, GIVEN, ROUNDED, ROUNDING, SINGLE, Sized, bits

NEAR = mp.mpf(1) / 2
LEAVES = (words.Ref, words.ParameterSymbol)
NUDGE = mp.mpf(10) ** -12


@cache
def variables(e: Basic) -> frozenset[Basic] | None:
    """Return what a formula is a function of; None for axes.

    That is arguments, their differences, and powers of quotients of two of these.
    """
    if isinstance(e, words.AxisOperation):
        return None
    if _is_leaf(e) or _is_quotient(e):
        return frozenset((e,))
    found: frozenset[Basic] = frozenset()
    for arg in e.args:
        inner = variables(arg)
        if inner is None:
            return None
        found |= inner
    return found


def _is_leaf(e: Basic) -> bool:
    return isinstance(e, LEAVES) or (isinstance(e, sympy.Add) and _is_difference(e))


def _is_quotient(e: Basic) -> bool:
    """Say whether this is c (z/a)**k with a whole k, which is rounded as one number is."""
    powers = [arg.as_base_exp() for arg in e.args if not arg.is_number] if e.is_Mul else []
    exponents = [exponent for base, exponent in powers if _is_leaf(base)]
    return len(powers) == 2 == len(exponents) and bool(
        exponents[0].is_Integer and exponents[0] == -exponents[1]
    )


def _is_difference(e: Basic) -> bool:
    signless = [-arg if arg.could_extract_minus_sign() else arg for arg in e.args]
    return len(signless) == 2 and all(isinstance(arg, LEAVES) for arg in signless)


@cache
def one_variable(e: Basic) -> Basic | None:
    """Return the one variable of a formula that is more than a function of it by name."""
    found = variables(e) if isinstance(e, sympy.Expr) else None
    if found is None or len(found) != 1:
        return None
    (variable,) = found
    named = e.is_Add or e.is_Mul or e.is_Pow or type(e).__name__.lower() in SERIES
    if named and all(variable in (arg, -arg) or arg.is_number for arg in e.args):
        return None
    return None if e == variable else variable


class WrittenEvaluator(Evaluator):
    """Jets of `Sized` numbers: every coefficient comes with the sum of its absolute terms."""

    def number(self, value: Any) -> Sized:
        """Return an exact number, which has one term."""
        return Sized(mp.mpf(value))

    def chosen(self, value: Any) -> Sized:
        """Return a parameter: 1e-6 is no number of float32."""
        number = mp.mpf(value)
        exact = not mp.isfinite(number) or bits(number) <= SINGLE
        return Sized(number, 0, GIVEN if exact else ROUNDED)


class SizedEvaluator(WrittenEvaluator):
    """Counts terms as some form has them in which what can be one function is one."""

    def compute(self, e: Basic, at: Place) -> Jet:
        """Return the jet of an expression that is not known yet."""
        variable = one_variable(e)
        return super().compute(e, at) if variable is None else self._univariate(e, variable, at)

    def _univariate(self, e: Basic, variable: Basic, at: Place) -> Jet:
        inner = self.jet(variable, at)
        alone = Evaluator(self.binding)
        alone.keep(variable, at, Jet(inner.value.value, {0: mp.one}))
        jet = alone.jet(e, at)
        series = (jet.value, jet.first.get(0), jet.second.get((0, 0)))
        beside = (mp.zero, *self._beside_roots(e, variable, at, series[1:]))
        excess = map(max, beside, self._rounded(e, variable, at, series))
        value, slope, bend = (
            None if c is None else Sized(c, more, COMPUTED)
            for c, more in zip(series, excess, strict=True)
        )
        return compose(inner, (value, slope, bend))

    def _rounded(self, e: Basic, variable: Basic, at: Place, series: Any) -> Iterator[Any]:
        """Yield by how much the cost of rounding a difference exceeds each of a series.

        Where the function is steep, as an exponential is far out, it costs more than an ULP.
        """
        x = self.jet(variable, at).value.value
        if isinstance(variable, LEAVES) or bits(x) <= SINGLE:
            yield from (mp.zero for _ in series)
            return
        share = ROUNDING if _is_leaf(variable) else 1  # a quotient, and its powers, round often
        for here, moved in zip(series, self._moved(e, variable, at, x * (1 + NUDGE)), strict=True):
            known = here is not None and moved is not None
            steep = abs(moved - here) / NUDGE if known else mp.zero
            yield max(share * steep - abs(here), mp.zero) if known else mp.zero

    def _moved(self, e: Basic, variable: Basic, at: Place, x: Any) -> tuple[Any, Any, Any]:
        """Return a formula of one variable elsewhere; outside of its domain there is nothing."""
        alone = Evaluator(self.binding)
        alone.keep(variable, at, Jet(x, {0: mp.one}))
        try:
            jet = alone.jet(e, at)
        except (TypeError, ValueError, ZeroDivisionError):
            return None, None, None
        found = (jet.value, jet.first.get(0), jet.second.get((0, 0)))
        return found if all(c is None or isinstance(c, mp.mpf) for c in found) else (None,) * 3

    def _beside_roots(self, e: Basic, variable: Basic, at: Place, series: Any) -> Iterator[Any]:
        """Yield by how much the terms of each derivative exceed it where it changes its sign.

        The root is no number of the working precision: what rounding it costs, every form costs.
        """
        x = self.jet(variable, at).value.value
        ends = []
        for factor in (1 - NEAR, 1 + NEAR):
            ends.append(self._moved(e, variable, at, x * factor)[1:])
        for here, low, high in zip(series, *ends, strict=True):
            known = None not in (here, low, high)
            crosses = known and mp.sign(low) * mp.sign(high) < 0
            yield max(abs(high - low) / (2 * NEAR) - abs(here), mp.zero) if crosses else mp.zero

    def add(self, e: Basic, at: Place) -> Jet:
        """Return a sum; log-sum-exp less one of its terms is one function."""
        for lse in (arg for arg in e.args if isinstance(arg, words.LogSumExp)):
            for arg in e.args:
                k = self._own_term(lse, -arg, at)
                if k is not None:
                    rest = [self.jet(other, at) for other in e.args if other not in (lse, arg)]
                    logits, place = self._finite(lse, at, k)
                    if place is not None:
                        return total([Exponentials(logits).gap(place), *rest])
        return super().add(e, at)

    def _own_term(self, lse: words.LogSumExp, term: Basic, at: Place) -> int | None:
        if term == lse.body:
            return at[lse.axis]
        if isinstance(term, words.Pick) and term.body == lse.body and term.axis == lse.axis:
            place = term.args[2]
            if isinstance(place, Str):
                return at[place.name]
            return int(self.jet(place, at).value.value)
        return None

    def logsumexp(self, e: words.LogSumExp, at: Place) -> Jet:
        """Return the logarithm of a sum of exponentials."""
        logits, _ = self._finite(e, at)
        return Exponentials(logits).logsumexp() if logits else self.constant("-inf")

    def softmax(self, e: words.Softmax, at: Place) -> Jet:
        """Return an exponential over their sum."""
        logits, place = self._finite(e, at, at[e.axis])
        return self.constant(0) if place is None else Exponentials(logits).softmax(place)

    def _finite(
        self, e: words.AxisOperation, at: Place, k: int | None = None
    ) -> tuple[list[Jet], int | None]:
        """Return the logits that are not left out, and where the k-th is among them."""
        logits = list(self.along(e, at))
        kept = [j for j, logit in enumerate(logits) if mp.isfinite(logit.value.value)]
        return [logits[j] for j in kept], kept.index(k) if k in kept else None
