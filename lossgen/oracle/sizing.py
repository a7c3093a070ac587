"""Evaluate a declared expression in numbers that know the size of their terms.

Two kinds of formula are judged as one function, since a form without cancellation exists however
they are written: a formula of one variable, and a log-sum-exp less one of its own terms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import sympy
from mpmath import mp
from sympy.core.basic import Basic
from sympy.core.symbol import Str

from lossgen import language as words
from lossgen.oracle.evaluate import Evaluator, Place
from lossgen.oracle.jets import Jet, compose, total
from lossgen.oracle.series import SERIES, apply
from lossgen.oracle.terms import COMPUTED, Sized

NEAR = mp.mpf(1) / 2
LEAVES = (words.Ref, words.ParameterSymbol)


@cache
def variables(e: Basic) -> frozenset[Basic] | None:
    """Return what a formula is a function of: arguments and their differences; None for axes."""
    if isinstance(e, words.AxisOperation):
        return None
    if isinstance(e, LEAVES) or (isinstance(e, sympy.Add) and _is_difference(e)):
        return frozenset((e,))
    found: frozenset[Basic] = frozenset()
    for arg in e.args:
        inner = variables(arg)
        if inner is None:
            return None
        found |= inner
    return found


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
        excess = (0, *self._beside_roots(e, variable, at, series[1:]))
        value, slope, bend = (
            None if c is None else Sized(c, more, COMPUTED)
            for c, more in zip(series, excess, strict=True)
        )
        return compose(inner, (value, slope, bend))

    def _beside_roots(self, e: Basic, variable: Basic, at: Place, series: Any) -> Iterator[Any]:
        """Yield by how much the terms of each derivative exceed it where it changes its sign.

        The root is no number of the working precision: what rounding it costs, every form costs.
        """
        x = self.jet(variable, at).value.value
        ends = []
        for factor in (1 - NEAR, 1 + NEAR):
            alone = Evaluator(self.binding)
            alone.keep(variable, at, Jet(x * factor, {0: mp.one}))
            jet = alone.jet(e, at)
            ends.append((jet.first.get(0), jet.second.get((0, 0))))
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
                    return total([Exponentials(list(self.along(lse, at))).gap(k), *rest])
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
        return Exponentials(list(self.along(e, at))).logsumexp()

    def softmax(self, e: words.Softmax, at: Place) -> Jet:
        """Return an exponential over their sum."""
        return Exponentials(list(self.along(e, at))).softmax(at[e.axis])


@dataclass
class Exponentials:
    """Logits along an axis, and sums of their exponentials in which nothing cancels."""

    logits: list[Jet]

    def shares(self, k: int) -> tuple[Sized, list[Sized]]:
        """Return the sum of the others over the k-th, and each one's share of the whole."""
        ratios = [
            Sized(mp.one, 0, COMPUTED) if j == k else apply(mp.exp, (logit - self.logits[k]).value)
            for j, logit in enumerate(self.logits)
        ]
        others = sum((r for j, r in enumerate(ratios) if j != k), Sized(mp.zero, 0, COMPUTED))
        inverse = apply(lambda x: 1 / x, others + ratios[k])
        return others, [ratio * inverse for ratio in ratios]

    def gap(self, k: int) -> Jet:
        """Return the log-sum-exp less the k-th logit."""
        others, shares = self.shares(k)
        moved = [
            (logit - self.logits[k], share)
            for j, (logit, share) in enumerate(zip(self.logits, shares, strict=True))
            if j != k
        ]
        slopes = total(
            [Jet(shares[k]), *(Jet(m.value, m.first, m.second) * Jet(s) for m, s in moved)]
        )
        return Jet(apply(mp.log1p, others), slopes.first, self._bent(slopes, shares).second)

    def logsumexp(self) -> Jet:
        """Return the log-sum-exp."""
        k = max(range(len(self.logits)), key=lambda j: self.logits[j].value.value)
        others, shares = self.shares(k)
        value = self.logits[k].value + apply(mp.log1p, others)
        slopes = total(logit * Jet(s) for logit, s in zip(self.logits, shares, strict=True))
        return Jet(value, slopes.first, self._bent(slopes, shares).second)

    def softmax(self, k: int) -> Jet:
        """Return the k-th share."""
        share = self.shares(k)[1][k]
        return compose(-self.gap(k), (share, share, share))

    def _bent(self, slopes: Jet, shares: list[Sized]) -> Jet:
        """Add the covariance of the logits' slopes, in pairs, where no term cancels another."""
        curves = [slopes]
        for (a, p), (b, q) in combinations(zip(self.logits, shares, strict=True), 2):
            apart = Jet(Sized(mp.zero), (a - b).first)
            curves.append(compose(apart, (Sized(mp.zero), Sized(mp.zero), p * q)))
        return total(curves)
