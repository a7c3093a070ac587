"""Sums of exponentials in numbers that know the size of their terms, where nothing cancels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from mpmath import mp

from lossgen.oracle.jets import Jet, compose, total
from lossgen.oracle.series import apply
from lossgen.oracle.terms import COMPUTED, Sized


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
